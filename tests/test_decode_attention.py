"""Shared-prefix attention is plain attention, whatever the shapes."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from dsx.engines.local.attention import flash_backend as varlen
from dsx.engines.local.attention import torch_backend as plain
from dsx.engines.local.attention.cuda_graphs import room_for
from dsx.engines.local.attention.kv_cache import LayerShape, Pool, Prefix
from dsx.engines.local.attention.packing import Layout, Pass, Room
from dsx.engines.local.attention.torch_backend import Kind, flash_cpu, written_out


def reference(query: torch.Tensor, keys: torch.Tensor, values: torch.Tensor, kind: Kind) -> torch.Tensor:
    """query [H, W, D] whose last token is the last of keys [K, S, D] → [W, H, D], in float64."""
    group = query.shape[0] // keys.shape[0]
    keys, values = (part.double().repeat_interleave(group, 0) for part in (keys, values))
    scores = query.double() @ keys.transpose(1, 2) * kind.scale
    if kind.cap is not None:
        scores = kind.cap * torch.tanh(scores / kind.cap)
    heads, width, length = scores.shape
    visible = torch.ones(width, length, dtype=torch.bool).tril(length - width)
    if kind.window is not None:
        visible &= torch.ones(width, length, dtype=torch.bool).triu(length - width - kind.window + 1)
    scores = scores.masked_fill(~visible, float("-inf"))
    if kind.sinks is not None:
        scores = torch.cat([scores, kind.sinks.double()[:, None, None].expand(heads, width, 1)], 2)
    return (scores.softmax(-1)[:, :, :length] @ values).transpose(0, 1)


def kernel(
    queries: torch.Tensor,
    keys: torch.Tensor,
    values: torch.Tensor,
    sequences: tuple[torch.Tensor, torch.Tensor, torch.Tensor],
    most: int,
    scale: float,
) -> tuple[torch.Tensor, torch.Tensor]:
    """What `varlen.flash_varlen` does on a GPU; `varlen.why_not` holds it to that. Queries past `most` get noise."""
    begin, starts, lengths = (part.tolist() for part in sequences)
    assert begin == sorted(begin)
    assert begin[-1] <= len(queries)
    group = queries.shape[1] // keys.shape[1]
    output = torch.full_like(queries, float("nan"))
    sums = torch.full((queries.shape[1], len(queries)), float("nan"))
    for at, length in enumerate(lengths):
        some, here = slice(begin[at], min(begin[at + 1], begin[at] + most)), slice(starts[at], starts[at] + length)
        scores = torch.einsum("qhd,khd->hqk", queries[some], keys[here].repeat_interleave(group, 1)) * scale
        sums[:, some] = scores.logsumexp(-1) if length else float("inf")
        weights = scores.softmax(-1) if length else scores
        output[some] = torch.einsum("hqk,khd->qhd", weights, values[here].repeat_interleave(group, 1))
    return output, sums


@dataclass
class Case:
    """A pass with what its pool holds: prefixes and tails of random numbers, in random order, garbage between them."""

    step: Pass
    query: torch.Tensor
    kind: Kind

    def wanted(self) -> torch.Tensor:
        """[N, H, D], float64: each row by itself, its prefix and tail in one piece."""
        pool, parts, at = self.step.pool, list[torch.Tensor](), 0
        prefixes = [prefix for prefix, first, end in self.step.groups for _ in range(end - first)]
        rows = zip(prefixes, self.step.starts, self.step.seen, self.step.counts, strict=True)
        for prefix, start, seen, count in rows:
            own = slice(start, start + seen + count)
            keys, values = (
                torch.cat([kept[0][prefix.span.first(prefix.length)], kept[0][own]]).transpose(0, 1)
                for kept in (pool.keys, pool.values)
            )
            parts.append(reference(self.query[0, :, at : at + count], keys, values, self.kind))
            at += count
        return torch.cat(parts)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """1 to 3 prefixes of 0 to 40 tokens, 1 to 7 rows of up to 12 tokens and 1 to 6 new ones, grouped heads."""
    key_heads, group, size = draw(st.integers(1, 3)), draw(st.integers(1, 4)), 16
    lengths = draw(st.lists(st.integers(0, 40), min_size=1, max_size=3))
    rows = draw(
        st.lists(
            st.tuples(st.integers(0, len(lengths) - 1), st.integers(0, 12), st.integers(1, 6)), min_size=1, max_size=7
        )
    )
    make = torch.Generator().manual_seed(draw(st.integers(0, 2**20)))
    pool = Pool([LayerShape(key_heads, size, size, torch.float32, torch.device("cpu"))], 400)
    for tensor in (*pool.keys, *pool.values):
        tensor.normal_(generator=make)
    rows.sort()
    spans = [pool.take(length or 1, high=draw(st.booleans())) for length in lengths]
    prefixes = [Prefix(length, span) for length, span in zip(lengths, spans, strict=True)]
    starts = [pool.take(seen + count, high=draw(st.booleans())).start for _, seen, count in rows]
    groups = []
    for which, prefix in enumerate(prefixes):
        mine = [index for index, row in enumerate(rows) if row[0] == which]
        if mine:
            groups.append((prefix, mine[0], mine[-1] + 1))
    counts = [count for _, _, count in rows]
    step = Pass(pool, [7] * sum(counts), starts, [seen for _, seen, _ in rows], counts, groups)
    sinks = torch.randn(key_heads * group, generator=make) if draw(st.booleans()) else None
    window, cap = draw(st.one_of(st.none(), st.integers(1, 60))), draw(st.sampled_from([None, 1.5]))
    query = torch.randn(1, key_heads * group, sum(counts), size, generator=make)
    return Case(step, query, Kind(size**-0.5, window, cap, sinks))


@pytest.mark.parametrize("partial", [written_out, flash_cpu])
@settings(max_examples=150, deadline=None)
@given(case=cases())
def test_plain_operations_are_attention(partial: plain.Partial, case: Case) -> None:
    output = plain.attend(case.step, 0, case.query, case.kind, partial)
    assert (output.double() - case.wanted()).abs().max() < 1e-5


@pytest.mark.parametrize("roomy", [False, True])
@settings(max_examples=150, deadline=None)
@given(case=cases())
def test_sequences_of_varying_length_are_attention(roomy: bool, case: Case) -> None:
    """The same whether the indices are cut to measure or padded to the room of a CUDA graph."""
    case = replace(case, kind=replace(case.kind, window=None, cap=None))
    step, query = case.step, case.query
    layout = step.layout(torch.device("cpu"))
    if roomy:
        room = room_for(step)
        assert room is not None
        layout = Layout.read(torch.from_numpy(step.numbers(room)), room, room.tokens)
        spare = torch.full((*query.shape[:2], room.tokens - len(step.tokens), query.shape[3]), 9.0)
        query = torch.cat([query, spare], 2)
    keys, values = step.pool.keys[0], step.pool.values[0]
    output = varlen.attend(layout, query, keys, values, case.kind, kernel)[: len(step.tokens)]
    assert (output.double() - case.wanted()).abs().max() < 1e-5


def test_the_indices_of_a_pass() -> None:
    pool = Pool([LayerShape(1, 4, 4, torch.float32, torch.device("cpu"))], 60)
    prefix = Prefix(10, pool.take(10))
    step = Pass(pool, [5, 6, 7], [40, 30], [0, 3], [2, 1], [(prefix, 0, 2)])
    layout = step.layout(torch.device("cpu"))
    assert layout.ids.tolist() == [5, 6, 7]
    assert layout.positions.tolist() == [10, 11, 13]
    assert layout.places.tolist() == [40, 41, 33]
    assert layout.last.tolist() == [1, 2]
    assert step.longest == 14
    padded = Layout.read(torch.from_numpy(step.numbers(Room(8, 9, 9, 16))), Room(8, 9, 9, 16), 8)
    assert padded.places.tolist() == [40, 41, 33, 0, 0, 0, 0, 0], "what nobody asked for is written to nobody's place"
    assert padded.tail_lengths.tolist() == [1, 2, 4, 0, 0, 0, 0, 0]
    assert padded.prefix_queries.tolist()[:10] == [0, 3, 8, 8, 8, 8, 8, 8, 8, 8]
    assert padded.prefix_lengths.tolist()[::9] == [1] * 10 + [0] * 6, "ten tokens in sixteen parts"


def test_a_pass_that_is_too_large_has_no_room() -> None:
    pool = Pool([LayerShape(1, 4, 4, torch.float32, torch.device("cpu"))], 60)
    prefixes = [Prefix(1, pool.take(1)) for _ in range(33)]

    def room(counts: list[int], several: int = 1) -> Room | None:
        groups = [(prefixes[at], at, at + 1) for at in range(several)]
        return room_for(Pass(pool, [0] * sum(counts), [50] * len(counts), [0] * len(counts), counts, groups))

    assert room([1]) == Room(1, 1, 9, 16)
    assert room([1] * 9, 9) == Room(12, 12, 33, 8)
    assert room([20] * 26) is None
    assert room([1] * 33, 33) is None

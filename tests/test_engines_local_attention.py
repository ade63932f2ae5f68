"""Shared-prefix attention is plain attention, whatever the shapes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from dsx.engines.local.attention import flash_backend, torch_backend
from dsx.engines.local.attention.cuda_graphs import CapturedGraph, CudaGraphs, bucket_for, passes_of_each_bucket
from dsx.engines.local.attention.kv_cache import CachedPrefix, KVCache, LayerShape
from dsx.engines.local.attention.packing import (
    AttentionMetadata,
    ForwardBatch,
    GraphBucket,
    PrefixGroup,
    VarlenIndices,
)
from dsx.engines.local.attention.torch_backend import AttentionSpec, eager_attention, flash_cpu

pytestmark = pytest.mark.slow


def reference(query: torch.Tensor, keys: torch.Tensor, values: torch.Tensor, spec: AttentionSpec) -> torch.Tensor:
    """query [H, W, D] whose last token is the last of keys [K, S, D] → [W, H, D], in float64."""
    group = query.shape[0] // keys.shape[0]
    keys, values = (part.double().repeat_interleave(group, 0) for part in (keys, values))
    scores = query.double() @ keys.transpose(1, 2) * spec.scale
    if spec.soft_cap is not None:
        scores = spec.soft_cap * torch.tanh(scores / spec.soft_cap)
    heads, width, length = scores.shape
    visible = torch.ones(width, length, dtype=torch.bool).tril(length - width)
    if spec.sliding_window is not None:
        visible &= torch.ones(width, length, dtype=torch.bool).triu(length - width - spec.sliding_window + 1)
    scores = scores.masked_fill(~visible, float("-inf"))
    if spec.sinks is not None:
        scores = torch.cat([scores, spec.sinks.double()[:, None, None].expand(heads, width, 1)], 2)
    return (scores.softmax(-1)[:, :, :length] @ values).transpose(0, 1)


def kernel(
    queries: torch.Tensor,
    keys: torch.Tensor,
    values: torch.Tensor,
    sequences: VarlenIndices,
    max_query_len: int,
    scale: float,
) -> tuple[torch.Tensor, torch.Tensor]:
    """What `flash_varlen` does on a GPU, as `unavailable_reason` checks. Queries past `max_query_len` get noise."""
    begin, starts, lengths = (part.tolist() for part in sequences[:3])
    assert begin == sorted(begin)
    assert begin[-1] <= len(queries)
    group = queries.shape[1] // keys.shape[1]
    output = torch.full_like(queries, float("nan"))
    sums = torch.full((queries.shape[1], len(queries)), float("nan"))
    for at, length in enumerate(lengths):
        asking, read = (
            slice(begin[at], min(begin[at + 1], begin[at] + max_query_len)),
            slice(starts[at], starts[at] + length),
        )
        scores = torch.einsum("qhd,khd->hqk", queries[asking], keys[read].repeat_interleave(group, 1)) * scale
        sums[:, asking] = scores.logsumexp(-1) if length else float("inf")
        weights = scores.softmax(-1) if length else scores
        output[asking] = torch.einsum("hqk,khd->qhd", weights, values[read].repeat_interleave(group, 1))
    return output, sums


@dataclass
class Case:
    """A batch and its KV cache: prefixes and tails of random numbers, in random order, garbage between them."""

    batch: ForwardBatch
    query: torch.Tensor
    spec: AttentionSpec

    def expected(self) -> torch.Tensor:
        """[N, H, D], float64: each sequence by itself, its prefix and tail in one piece."""
        kv_cache, parts, at = self.batch.kv_cache, list[torch.Tensor](), 0
        prefixes = [prefix for prefix, first, end in self.batch.prefix_groups for _ in range(end - first)]
        sequences = zip(
            prefixes, self.batch.tail_starts, self.batch.num_computed_tokens, self.batch.num_new_tokens, strict=True
        )
        for prefix, start, seen, count in sequences:
            tail = slice(start, start + seen + count)
            keys, values = (
                torch.cat([tensor[0][prefix.slots.first(prefix.length)], tensor[0][tail]]).transpose(0, 1)
                for tensor in (kv_cache.keys, kv_cache.values)
            )
            parts.append(reference(self.query[0, :, at : at + count], keys, values, self.spec))
            at += count
        return torch.cat(parts)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """1 to 3 prefixes of 0 to 40 tokens, 1 to 7 sequences of up to 12 tokens and 1 to 6 new ones, grouped heads."""
    key_heads, group, size = draw(st.integers(1, 3)), draw(st.integers(1, 4)), 16
    lengths = draw(st.lists(st.integers(0, 40), min_size=1, max_size=3))
    sequences = draw(
        st.lists(
            st.tuples(st.integers(0, len(lengths) - 1), st.integers(0, 12), st.integers(1, 6)), min_size=1, max_size=7
        )
    )
    random = torch.Generator().manual_seed(draw(st.integers(0, 2**20)))
    kv_cache = KVCache([LayerShape(key_heads, size, size, torch.float32, torch.device("cpu"))], 400)
    for tensor in (*kv_cache.keys, *kv_cache.values):
        tensor.normal_(generator=random)
    sequences.sort()
    allocated = [kv_cache.allocate(length or 1, from_top=draw(st.booleans())) for length in lengths]
    prefixes = [CachedPrefix(length, slots) for length, slots in zip(lengths, allocated, strict=True)]
    starts = [kv_cache.allocate(seen + count, from_top=draw(st.booleans())).start for _, seen, count in sequences]
    groups = []
    for number, prefix in enumerate(prefixes):
        members = [index for index, sequence in enumerate(sequences) if sequence[0] == number]
        if members:
            groups.append(PrefixGroup(prefix, members[0], members[-1] + 1))
    counts = [count for _, _, count in sequences]
    batch = ForwardBatch(kv_cache, [7] * sum(counts), starts, [seen for _, seen, _ in sequences], counts, groups)
    sinks = torch.randn(key_heads * group, generator=random) if draw(st.booleans()) else None
    window, cap = draw(st.one_of(st.none(), st.integers(1, 60))), draw(st.sampled_from([None, 1.5]))
    query = torch.randn(1, key_heads * group, sum(counts), size, generator=random)
    return Case(batch, query, AttentionSpec(size**-0.5, window, cap, sinks))


@pytest.mark.parametrize("prefix_kernel", [eager_attention, flash_cpu])
@settings(max_examples=150, deadline=None)
@given(case=cases())
def test_plain_operations_are_attention(prefix_kernel: torch_backend.AttentionKernel, case: Case) -> None:
    output = torch_backend.attend(case.batch, 0, case.query, case.spec, prefix_kernel)
    assert (output.double() - case.expected()).abs().max() < 1e-5


@pytest.mark.parametrize("key_heads", [1, 3])
@pytest.mark.parametrize("window", [None, 30, 60])
def test_whole_questions_are_attended_to_by_the_fused_kernel(
    window: int | None, key_heads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tail after tail, as wide as each is. Where a window hides a part of one they are padded, as before."""
    random, counts = torch.Generator().manual_seed(0), [40, 17, 1]
    kv_cache = KVCache([LayerShape(key_heads, 16, 16, torch.float32, torch.device("cpu"))], 200)
    for tensor in (*kv_cache.keys, *kv_cache.values):
        tensor.normal_(generator=random)
    prefixes = [CachedPrefix(length, kv_cache.allocate(length)) for length in (20, 30)]
    groups = [PrefixGroup(prefixes[0], 0, 2), PrefixGroup(prefixes[1], 2, 3)]
    starts = [kv_cache.allocate(count, from_top=True).start for count in counts]
    batch = ForwardBatch(kv_cache, [7] * sum(counts), starts, [0] * 3, counts, groups)
    query = torch.randn(1, key_heads * 3, sum(counts), 16, generator=random)
    case, fused = Case(batch, query, AttentionSpec(0.25, window)), list[bool]()
    serves = torch_backend._fused_serves

    def noted(*given: Any) -> bool:
        fused.append(serves(*given))
        return fused[-1]

    monkeypatch.setattr(torch_backend, "_fused_serves", noted)
    output = torch_backend.attend(batch, 0, query, case.spec)
    assert (output.double() - case.expected()).abs().max() < 1e-5
    assert fused == [window != 30]


@pytest.mark.parametrize("padded", [False, True])
@settings(max_examples=150, deadline=None)
@given(case=cases())
def test_sequences_of_varying_length_are_attention(padded: bool, case: Case) -> None:
    """The same whether the indices are cut to measure or padded to the room of a CUDA graph."""
    case = replace(case, spec=replace(case.spec, sliding_window=None, soft_cap=None))
    batch, query = case.batch, case.query
    metadata = batch.metadata(torch.device("cpu"))
    if padded:
        bucket = bucket_for(batch)
        assert bucket is not None
        metadata = AttentionMetadata.unpack(torch.from_numpy(batch.packed(bucket)), bucket, bucket.num_tokens)
        spare = torch.full((*query.shape[:2], bucket.num_tokens - len(batch.input_ids), query.shape[3]), 9.0)
        query = torch.cat([query, spare], 2)
    keys, values = batch.kv_cache.keys[0], batch.kv_cache.values[0]
    output = flash_backend.attend(metadata, query, keys, values, case.spec, kernel)[: len(batch.input_ids)]
    assert (output.double() - case.expected()).abs().max() < 1e-5


def test_the_indices_of_a_pass() -> None:
    kv_cache = KVCache([LayerShape(1, 4, 4, torch.float32, torch.device("cpu"))], 60)
    prefix = CachedPrefix(10, kv_cache.allocate(10))
    batch = ForwardBatch(kv_cache, [5, 6, 7], [40, 30], [0, 3], [2, 1], [PrefixGroup(prefix, 0, 2)])
    metadata = batch.metadata(torch.device("cpu"))
    assert metadata.input_ids.tolist() == [5, 6, 7]
    assert metadata.positions.tolist() == [10, 11, 13]
    assert metadata.slot_mapping.tolist() == [40, 41, 33]
    assert metadata.logits_indices.tolist() == [1, 2]
    assert batch.max_seq_len == 14
    padded = AttentionMetadata.unpack(
        torch.from_numpy(batch.packed(GraphBucket(8, 9, 9, 16))), GraphBucket(8, 9, 9, 16), 8
    )
    assert padded.slot_mapping.tolist() == [40, 41, 33, 0, 0, 0, 0, 0], "what is padding is written to nobody's place"
    assert padded.tail_key_counts.tolist() == [1, 2, 4, 0, 0, 0, 0, 0]
    assert padded.prefix_query_starts.tolist()[:10] == [0, 3, 8, 8, 8, 8, 8, 8, 8, 8]
    assert padded.prefix_key_counts.tolist()[::9] == [1] * 10 + [0] * 6, "ten tokens in sixteen parts"


def test_a_pass_that_is_too_large_has_no_room() -> None:
    kv_cache = KVCache([LayerShape(1, 4, 4, torch.float32, torch.device("cpu"))], 60)
    prefixes = [CachedPrefix(1, kv_cache.allocate(1)) for _ in range(33)]

    def bucket(counts: list[int], several: int = 1) -> GraphBucket | None:
        groups = [PrefixGroup(prefixes[at], at, at + 1) for at in range(several)]
        return bucket_for(
            ForwardBatch(kv_cache, [0] * sum(counts), [50] * len(counts), [0] * len(counts), counts, groups)
        )

    assert bucket([1]) == GraphBucket(1, 1, 9, 16)
    assert bucket([1] * 9, 9) == GraphBucket(12, 12, 33, 8)
    assert bucket([20] * 26) is None
    assert bucket([1] * 33, 33) is None


def test_each_graph_that_a_pass_can_need_is_captured_beforehand() -> None:
    """Whatever the number of tokens, sequences and prefixes; the largest first."""
    kv_cache = KVCache([LayerShape(1, 4, 4, torch.float32, torch.device("cpu"))], 600)
    prefix, tail = CachedPrefix(2, kv_cache.allocate(2)), kv_cache.allocate(512)

    def bucket(new: list[int], groups: Sequence[PrefixGroup]) -> GraphBucket | None:
        starts, computed = [tail.start] * len(new), [0] * len(new)
        return bucket_for(ForwardBatch(kv_cache, [1] * sum(new), starts, computed, new, groups))

    captured = [
        bucket([len(each) for each in new], groups) for new, _, _, groups in passes_of_each_bucket(prefix, tail)
    ]
    assert len(set(captured)) == len(captured) == 28
    assert captured[0] == GraphBucket(512, 256, 9, 3)
    for tokens in (1, 2, 7, 9, 100, 512):
        for sequences in {1, 8, 9, 40, tokens} & set(range(1, min(tokens, 257))):
            new = [1] * (sequences - 1) + [tokens - sequences + 1]
            for prefixes in {1, 8, 9, 32} & set(range(sequences + 1)):
                ends = [*range(1, prefixes), sequences]
                groups = [PrefixGroup(prefix, start, end) for start, end in zip([0, *ends], ends, strict=False)]
                assert bucket(new, groups) in captured
    assert bucket([1] * 257, [PrefixGroup(prefix, 0, 257)]) is None, "more rows than there is room for"


class Graph:
    """A CUDA graph's place in a test of what is done with it."""

    def replay(self) -> None: ...


def test_ranks_use_a_graph_where_all_find_its_logits_right(monkeypatch: pytest.MonkeyPatch) -> None:
    """What one finds wrong none uses, so that all run the same passes; what says nothing is asked again."""
    kv_cache = KVCache([LayerShape(1, 4, 4, torch.float32, torch.device("cpu"))], 60)
    prefix = CachedPrefix(1, kv_cache.allocate(1))
    logits, votes, said = torch.ones(1, 5), list[bool](), list[str]()

    def graphs(agree: Callable[[bool], bool]) -> CudaGraphs:
        made = CudaGraphs(lambda batch: logits, kv_cache, said.append)
        kv_cache.all_agree = lambda mine: votes.append(mine) or agree(mine)  # type: ignore[func-returns-value]
        monkeypatch.setattr(made, "_allocate", lambda like: True)
        captured = CapturedGraph(Graph(), torch.zeros(99), written)  # type: ignore[arg-type]
        monkeypatch.setattr(made, "_capture", lambda *_: (captured, logits))
        monkeypatch.setattr(made, "_replay", lambda *_: None)
        return made

    def batch() -> ForwardBatch:
        return ForwardBatch(kv_cache, [1], [50], [0], [1], [PrefixGroup(prefix, 0, 1)])

    written = torch.ones(1, 5)
    right = graphs(lambda mine: mine)
    assert right.run(batch()) is logits
    assert len(right.captured) == 1
    assert right.run(batch()).tolist() == written.tolist(), "a replay from now on"
    assert (votes, said) == ([True] * 4, [])
    written = 2 * torch.ones(1, 5)
    wrong = graphs(lambda mine: mine)
    wrong.run(batch())
    assert (wrong.enabled, wrong.captured) == (False, [])
    assert said.pop() == "no CUDA graphs: its logits are 100% off"
    written = torch.ones(1, 5)
    for lost, reason in (
        (4, "another GPU's logits are off"),
        (2, "one could not be captured on another GPU"),
        (1, "no memory left"),
    ):
        elsewhere = graphs(lambda mine, lost=lost: len(votes) != lost)
        votes.clear()
        elsewhere.run(batch())
        assert (votes, elsewhere.enabled, said.pop()) == ([True] * lost, False, f"no CUDA graphs: {reason}")
    logits = torch.full((1, 5), torch.nan)
    votes.clear()
    nothing = graphs(lambda mine: mine)
    nothing.run(batch())
    assert (votes, nothing.enabled, nothing.captured) == ([True, True, False], True, [])


def test_what_is_no_number_is_not_taken_for_no_keys() -> None:
    tail, prefix = torch.ones(1, 3, 2, 2, 8), torch.ones(2, 3, 2, 2, 8)
    tail_sums, prefix_sums = torch.zeros(2, 1, 3, 2), torch.full((2, 2, 3, 2), float("inf"))
    prefix[:, 0], tail_sums[:, :, 1] = float("nan"), float("nan")
    merged = flash_backend.merge(tail, tail_sums, prefix, prefix_sums, None)
    assert bool((merged[[0, 2]] == 1).all()), "where there are no keys nothing counts"
    assert bool(merged[1].isnan().all())

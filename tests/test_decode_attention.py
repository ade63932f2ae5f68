"""Shared-prefix attention is plain attention, whatever the shapes."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from dsx.decode.attention import Kind, Partial, Pass, attend, flash_cpu, plain
from dsx.decode.cache import Prefix, Tails


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


@pytest.mark.parametrize("partial", [plain, flash_cpu])
@settings(max_examples=150, deadline=None)
@given(
    key_heads=st.integers(1, 3),
    group=st.integers(1, 4),
    prefixes=st.lists(st.integers(0, 40), min_size=1, max_size=3),
    rows=st.lists(st.tuples(st.integers(0, 2), st.integers(0, 12), st.integers(1, 6)), min_size=1, max_size=7),
    seed=st.integers(0, 2**20),
    window=st.one_of(st.none(), st.integers(1, 60)),
    cap=st.sampled_from([None, 1.5]),
    has_sinks=st.booleans(),
)
def test_equals_plain_attention(
    partial: Partial,
    key_heads: int,
    group: int,
    prefixes: list[int],
    rows: list[tuple[int, int, int]],
    seed: int,
    window: int | None,
    cap: float | None,
    has_sinks: bool,
) -> None:
    make, size = torch.Generator().manual_seed(seed), 16

    def random(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=make)

    kept = [Prefix(n, (random(key_heads, n, size),), (random(key_heads, n, size),)) for n in prefixes]
    rows = sorted((which % len(kept), start, count) for which, start, count in rows)
    tails = Tails(kept[0], len(rows) + 2, 20)
    slots = torch.randperm(len(rows) + 2, generator=make)[: len(rows)].tolist()
    for slot, (_, start, _) in zip(slots, rows, strict=True):
        tails.keys[0][slot, :, :start] = random(key_heads, start, size)
        tails.values[0][slot, :, :start] = random(key_heads, start, size)
    old = [
        (tails.keys[0][s, :, :start].clone(), tails.values[0][s, :, :start].clone())
        for s, (_, start, _) in zip(slots, rows, strict=True)
    ]
    count = sum(row[2] for row in rows)
    query, key, value = (
        random(1, key_heads * group, count, size),
        random(1, key_heads, count, size),
        random(1, key_heads, count, size),
    )
    groups = []
    for which, prefix in enumerate(kept):
        mine = [index for index, row in enumerate(rows) if row[0] == which]
        if mine:
            groups.append((prefix, mine[0], mine[-1] + 1))
    step = Pass(tails, slots, [row[1] for row in rows], [row[2] for row in rows], groups, partial)

    kind = Kind(size**-0.5, window, cap, random(key_heads * group) if has_sinks else None)
    output = attend(step, 0, query, key, value, kind)[0]

    at = 0
    for (which, _, new), (old_keys, old_values) in zip(rows, old, strict=True):
        here = slice(at, at + new)
        keys = torch.cat([kept[which].keys[0], old_keys, key[0, :, here]], 1)
        values = torch.cat([kept[which].values[0], old_values, value[0, :, here]], 1)
        expected = reference(query[0, :, here], keys, values, kind)
        assert (output[here].double() - expected).abs().max() < 1e-5
        at += new


def test_positions_go_on_after_the_prefix() -> None:
    prefix = Prefix(10, (torch.zeros(1, 10, 4),), (torch.zeros(1, 10, 4),))
    step = Pass(Tails(prefix, 2, 8), [1, 0], [0, 3], [2, 1], [(prefix, 0, 2)])
    assert step.positions(torch.device("cpu")).tolist() == [[10, 11, 13]]
    assert step.last(torch.device("cpu")).tolist() == [1, 2]


def test_tails_keep_what_they_hold_when_they_grow() -> None:
    prefix = Prefix(1, (torch.zeros(2, 1, 4),), (torch.zeros(2, 1, 4),))
    tails = Tails(prefix, 3, 4)
    tails.keys[0].normal_()
    before = tails.keys[0].clone()
    tails.grow(9)
    assert tails.places == 9
    assert torch.equal(tails.keys[0][:, :, :4], before)
    slots = {tails.take() for _ in range(3)}
    assert slots == {0, 1, 2}
    with pytest.raises(IndexError):
        tails.take()


def test_places_that_no_row_wrote_cannot_spoil_others() -> None:
    prefix = Prefix(1, (torch.zeros(2, 1, 4),), (torch.zeros(2, 1, 4),))
    tails = Tails(prefix, 64, 512)
    tails.grow(1500)
    assert not any(tensor.any() for tensor in (*tails.keys, *tails.values))

"""Shared-prefix attention on CUDA: one kernel for all tails, one for all prefixes, whatever their lengths.

Both are torch's own FlashAttention 2 kernel for sequences of varying length, which is told where in the pool each
sequence's keys stand: nothing is copied, padded or masked, and the query heads of a key head are further queries, so
that each key is read once. A token's tail is a sequence that ends with the token. A prefix is read once for all of its
rows, in parts (a few queries would else keep a few multiprocessors busy only). All is merged by log-sum-exp.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import torch

from dsx.engines.local.attention.packing import Layout, Sequences
from dsx.engines.local.attention.torch_backend import Kind

Flash = Callable[[torch.Tensor, torch.Tensor, torch.Tensor, Sequences, int, float], tuple[torch.Tensor, torch.Tensor]]
"""See `flash_varlen`."""
WIDEST = 256
"""Largest head size that the kernel takes."""
NOTHING = -1e30
"""Log-sum-exp of no keys: less than any other, and yet a number."""


def fits(kind: Kind, keys: torch.Tensor, values: torch.Tensor) -> bool:
    """Whether the kernel does this kind of attention, its window aside."""
    size = keys.shape[2]
    return kind.cap is None and size == values.shape[2] and size % 8 == 0 and size <= WIDEST


def attend(
    layout: Layout,
    query: torch.Tensor,
    keys: torch.Tensor,
    values: torch.Tensor,
    kind: Kind,
    flash: Flash | None = None,
) -> torch.Tensor:
    """query [1, H, N, D], keys and values [places, K, D] → [N, H, D], float32; the pool holds the new keys already."""
    flash = flash or flash_varlen
    heads, count, size = query.shape[1:]
    key_heads, parts = keys.shape[1], layout.parts
    group = heads // key_heads
    asked = query[0].transpose(0, 1).unflatten(1, (key_heads, group)).transpose(1, 2)  # [N, G, K, D]
    asked = asked.expand(parts, -1, -1, -1, -1).reshape(parts, count * group, key_heads, size)
    tails, prefixes = layout.sequences(group)
    found = (
        flash(asked[0], keys, values, tails, group, kind.scale),
        flash(asked.flatten(0, 1), keys, values, prefixes, layout.most * group, kind.scale),
    )
    output = torch.cat([one for one, _ in found]).view(parts + 1, count, group, key_heads, size)
    sums = torch.cat([one for _, one in found], 1).view(key_heads, parts + 1, count, group)
    sums = torch.where(sums == float("inf"), NOTHING, sums).permute(1, 2, 3, 0)  # +∞ where there were no keys
    merged = (output * sums.softmax(0).unsqueeze(-1)).sum(0)  # attention to parts of the keys as attention to all
    if kind.sinks is not None:
        sinks = kind.sinks.float().view(key_heads, group).t()
        merged *= torch.sigmoid(sums.logsumexp(0) - sinks).unsqueeze(-1)
    return merged.transpose(1, 2).reshape(count, heads, size)


def flash_varlen(
    queries: torch.Tensor,
    keys: torch.Tensor,
    values: torch.Tensor,
    sequences: Sequences,
    most: int,
    scale: float,
) -> tuple[torch.Tensor, torch.Tensor]:
    """queries [Q, K, D], keys and values [places, K, D] → output [Q, K, D], log-sum-exp float32 [K, Q].

    most: queries of one sequence; the kernel lays out single ones in another way, so that it is told of two.
    """
    begin, starts, lengths = sequences
    output, sums, *_ = torch.ops.aten._flash_attention_forward(
        queries, keys, values, begin, starts, max(most, 2), keys.shape[0], 0.0, False, False,
        scale=scale, seqused_k=lengths,
    )  # fmt: skip
    return output, sums


@functools.cache
def why_not(device: torch.device, dtype: torch.dtype) -> str | None:
    """What keeps this torch from it: tried for real, with sequences that stand anywhere in the pool. None: nothing."""
    if device.type != "cuda" or dtype not in (torch.bfloat16, torch.float16):
        return f"no kernel for {dtype} on {device.type}"
    draw = torch.Generator(device).manual_seed(0)
    shapes = ((5, 2, 64), (300, 2, 64), (300, 2, 64))
    queries, keys, values = (torch.randn(shape, generator=draw, device=device).to(dtype) for shape in shapes)
    starts, lengths = (torch.tensor(part, dtype=torch.int32, device=device) for part in ((200, 10, 0, 0), (90, 0, 150)))
    begin, wanted = torch.tensor((0, 3, 4, 5), dtype=torch.int32, device=device), []
    try:
        output, sums = flash_varlen(queries, keys, values, (begin, starts, lengths), 3, 0.125)
        for here, seen in ((slice(0, 3), slice(200, 290)), (slice(4, 5), slice(0, 150))):
            scores = torch.einsum("qhd,khd->hqk", queries[here].float(), keys[seen].float()) / 8
            read = torch.einsum("hqk,khd->qhd", scores.softmax(-1), values[seen].float())
            wanted.append((here, read, scores.logsumexp(-1)))
    except (RuntimeError, TypeError, IndexError) as problem:
        return (str(problem).strip().splitlines() or [type(problem).__name__])[0]
    for here, read, scored in wanted:
        apart = float((output[here].float() - read).abs().max()) + float((sums[:, here] - scored).abs().max())
        if not apart < 0.05:
            return f"its results are {apart:.2g} off"
    if not bool((sums[:, 3] == float("inf")).all()):
        return "it gives no infinite sum for no keys"
    return None

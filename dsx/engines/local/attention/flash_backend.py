"""Shared-prefix attention on CUDA: one kernel for all tails, one for all prefixes, whatever their lengths.

Both are torch's own FlashAttention 2 kernel for sequences of varying length, which is told at which slot each entry's
keys begin. Nothing is copied, padded or masked. The query heads of a key head are further queries, so that each key is
read once. A token's tail is an entry that ends with the token. A prefix is read once for all of its sequences, in
splits: a few queries would otherwise keep only a few multiprocessors busy. All is merged by log-sum-exp.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import torch

from dsx.engines.local.attention import flash4, triton_backend
from dsx.engines.local.attention.packing import AttentionMetadata, VarlenIndices
from dsx.engines.local.attention.torch_backend import AttentionSpec
from dsx.engines.local.fused import Fusable

VarlenKernel = Callable[
    [torch.Tensor, torch.Tensor, torch.Tensor, VarlenIndices, int, float], tuple[torch.Tensor, torch.Tensor]
]
"""See `flash_varlen`."""
MAX_HEAD_SIZE = 256
"""Largest head size that the kernel takes."""
EMPTY_SUM = -1e30
"""Log-sum-exp of no keys: less than any other, and yet a number."""


def supports(spec: AttentionSpec, keys: torch.Tensor, values: torch.Tensor) -> bool:
    """Whether the kernel does this kind of attention, its sliding window aside."""
    size = keys.shape[2]
    return spec.soft_cap is None and size == values.shape[2] and size % 8 == 0 and size <= MAX_HEAD_SIZE


def attend(
    metadata: AttentionMetadata,
    query: torch.Tensor,
    keys: torch.Tensor,
    values: torch.Tensor,
    spec: AttentionSpec,
    kernel: VarlenKernel | None = None,
) -> torch.Tensor:
    """query [1, H, N, D], keys and values [slots, K, D] → [N, H, D]. The new keys are in their slots."""
    heads, count, size = query.shape[1:]
    if kernel is None and triton_backend.serves(metadata, spec, heads, keys):
        return triton_backend.attend(metadata, query, keys, values, spec)
    key_heads, splits = keys.shape[1], metadata.num_splits
    group = heads // key_heads
    queries = query[0].transpose(0, 1).unflatten(1, (key_heads, group)).transpose(1, 2)  # [N, G, K, D]
    queries = queries.expand(splits, -1, -1, -1, -1).reshape(splits, count * group, key_heads, size)
    tails, prefixes = metadata.varlen(group)
    read = kernel or flash_varlen
    tail, tail_sums = read(queries[0], keys, values, tails, group, spec.scale)
    read = kernel or (flash4.varlen if flash4.serves(count) else flash_varlen)
    prefix, prefix_sums = read(
        queries.flatten(0, 1), keys, values, prefixes, metadata.max_query_len * group, spec.scale
    )
    sinks = None if spec.sinks is None else spec.sinks.float().view(key_heads, group).t()
    merged = merge(
        tail.view(1, count, group, key_heads, size),
        tail_sums.view(key_heads, 1, count, group),
        prefix.view(splits, count, group, key_heads, size),
        prefix_sums.view(key_heads, splits, count, group),
        sinks,
    )
    return merged.reshape(count, heads, size)


def _merge(
    tail: torch.Tensor,
    tail_sums: torch.Tensor,
    prefix: torch.Tensor,
    prefix_sums: torch.Tensor,
    sinks: torch.Tensor | None,
) -> torch.Tensor:
    """Attention to tail and splits of the prefix as attention to all: [1 and S, N, G, K, D] → [N, K, G, D], float32."""
    sums, parts = torch.cat([tail_sums, prefix_sums], 1).permute(1, 2, 3, 0), torch.cat([tail, prefix])
    is_empty = sums.isinf()  # what is no number stays none, so that the sampler sees it
    sums, parts = torch.where(is_empty, EMPTY_SUM, sums), torch.where(is_empty.unsqueeze(-1), 0.0, parts)
    merged = (parts * sums.softmax(0).unsqueeze(-1)).sum(0)
    if sinks is not None:
        merged = merged * torch.sigmoid(sums.logsumexp(0) - sinks).unsqueeze(-1)
    return merged.transpose(1, 2)


merge = Fusable(_merge)


def flash_varlen(
    queries: torch.Tensor,
    keys: torch.Tensor,
    values: torch.Tensor,
    indices: VarlenIndices,
    max_query_len: int,
    scale: float,
) -> tuple[torch.Tensor, torch.Tensor]:
    """queries [Q, K, D], keys and values [slots, K, D] → output [Q, K, D], log-sum-exp float32 [K, Q].

    max_query_len: queries of one entry. The kernel lays out single ones in another way, so that it is told of two.
    """
    query_starts, key_starts, key_counts = indices
    output, sums, *_ = torch.ops.aten._flash_attention_forward(
        queries, keys, values, query_starts, key_starts, max(max_query_len, 2), keys.shape[0], 0.0, False, False,
        scale=scale, seqused_k=key_counts,
    )  # fmt: skip
    return output, sums


@functools.cache
def unavailable_reason(device: torch.device, dtype: torch.dtype) -> str | None:
    """What keeps this torch from running `flash_varlen`, or None."""
    if device.type != "cuda" or dtype not in (torch.bfloat16, torch.float16):
        return f"no kernel for {dtype} on {device.type}"
    return problem_of(flash_varlen, device, dtype, 64)


def problem_of(kernel: VarlenKernel, device: torch.device, dtype: torch.dtype, size: int) -> str | None:
    """Why the kernel cannot be used, or None. It is tried with entries that stand anywhere, heads of this size."""
    random = torch.Generator(device).manual_seed(0)
    shapes = ((5, 2, size), (900, 2, size), (900, 2, size))
    queries, keys, values = (torch.randn(shape, generator=random, device=device).to(dtype) for shape in shapes)
    numbers = ((0, 3, 4, 5), (200, 10, 0, 0), (690, 0, 150))
    indices = VarlenIndices(*(torch.tensor(part, dtype=torch.int32, device=device) for part in numbers))
    expected = []
    try:
        output, sums = kernel(queries, keys, values, indices, 3, 0.125)
        for asking, read in ((slice(0, 3), slice(200, 890)), (slice(4, 5), slice(0, 150))):
            scores = torch.einsum("qhd,khd->hqk", queries[asking].float(), keys[read].float()) / 8
            weighted = torch.einsum("hqk,khd->qhd", scores.softmax(-1), values[read].float())
            expected.append((asking, weighted, scores.logsumexp(-1)))
    except Exception as problem:  # whatever a compiler raises
        return (str(problem).strip().splitlines() or [type(problem).__name__])[0]
    for asking, weighted, summed in expected:
        difference = float((output[asking].float() - weighted).abs().max()) + float(
            (sums[:, asking] - summed).abs().max()
        )
        if not difference < 0.05:
            return f"its results are {difference:.2g} off"
    if not bool(sums[:, 3].isinf().all()):
        return f"it gives a sum of {float(sums[0, 3]):g} for no keys"
    return None

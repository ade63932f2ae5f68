"""Shared-prefix attention in plain torch operations: any device, any kind of attention; nothing longer than it must be.

H query heads, K key heads (G = H / K), D head size, P prefix tokens, T tail places, W most new tokens of a row.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch

from dsx.engines.local.attention.kv_cache import Prefix
from dsx.engines.local.attention.packing import Pass, out_of_sight

SCORE_BYTES = 64 << 20
"""Most memory for one block of attention scores where they are written out."""
FEW = 64
"""Queries at once where a window hides some of the prefix."""

Partial = Callable[[torch.Tensor, torch.Tensor, torch.Tensor, float], tuple[torch.Tensor, torch.Tensor]]
"""(queries [K, Q, D], keys [K, P, D], values [K, P, D], scale) → (output [K, Q, D], log-sum-exp float32 [K, Q])."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A layer's attention: weights of scale · q·k, of its last `window` tokens, of at most ±`cap` (by tanh).

    sinks: [H], a score per head that takes its share of the weight and gives nothing.
    """

    scale: float
    window: int | None = None
    cap: float | None = None
    sinks: torch.Tensor | None = None

    def score(self, products: torch.Tensor) -> torch.Tensor:
        """Scores of the products of queries and keys, float32; in place where they are float32."""
        scores = products.float().mul_(self.scale)
        return scores if self.cap is None else scores.div_(self.cap).tanh_().mul_(self.cap)


def written_out(
    queries: torch.Tensor, keys: torch.Tensor, values: torch.Tensor, scale: float, cap: float | None = None
) -> tuple[torch.Tensor, torch.Tensor]:
    """Attention without a mask, its scores written out in blocks of queries of bounded memory."""
    kind = Kind(scale, cap=cap)
    heads, count, _ = queries.shape
    block = max(1, SCORE_BYTES // (4 * heads * max(1, keys.shape[1])))
    outputs, sums = [], []
    for start in range(0, count, block):
        scores = kind.score(torch.matmul(queries[:, start : start + block], keys.transpose(1, 2)))
        sums.append(scores.logsumexp(-1))
        weights = scores.sub_(sums[-1].unsqueeze(-1)).exp_()
        outputs.append(torch.matmul(weights.to(values.dtype), values))
    return torch.cat(outputs, 1), torch.cat(sums, 1)


def flash_cpu(
    queries: torch.Tensor, keys: torch.Tensor, values: torch.Tensor, scale: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """The CPU's fused kernel of torch's scaled_dot_product_attention; it writes no scores out."""
    output, sums = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu(
        queries.unsqueeze(0), keys.unsqueeze(0), values.unsqueeze(0), 0.0, False, scale=scale
    )
    return output[0], sums[0]


def flash_cuda(
    queries: torch.Tensor, keys: torch.Tensor, values: torch.Tensor, scale: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """torch's own FlashAttention 2 kernel on CUDA (bf16 and fp16)."""
    output, sums, *_ = torch.ops.aten._scaled_dot_product_flash_attention(
        queries.unsqueeze(0), keys.unsqueeze(0), values.unsqueeze(0), 0.0, False, False, scale=scale
    )
    return output[0], sums[0]


def partial_for(device: torch.device, dtype: torch.dtype) -> Partial:
    """The fastest of the three that serves this device and type."""
    if device.type == "cuda" and dtype in (torch.bfloat16, torch.float16):
        return flash_cuda
    if device.type == "cpu" and dtype in (torch.float32, torch.bfloat16):
        return flash_cpu
    return written_out


def attend(step: Pass, layer: int, query: torch.Tensor, kind: Kind, partial: Partial | None = None) -> torch.Tensor:
    """query [1, H, N, D] → [N, H, D], float32; the pool holds the new keys already.

    Each prefix is read once for all of its rows, the query heads of a key head laid out as further queries; each row's
    tail takes a mask.
    """
    keys, values = step.pool.keys[layer], step.pool.values[layer]
    partial = partial or partial_for(query.device, query.dtype)
    heads, key_heads, size = query.shape[1], keys.shape[1], query.shape[3]
    group = heads // key_heads
    at = step.padded(query.device)

    # tails: [R, K, G, W, D] against [R, K, T, D], a key is seen up to the query's own place
    padded = query.new_zeros(len(step.counts), at.width, heads, size)
    padded[at.row, at.column] = query[0].transpose(0, 1)
    padded = padded.view(len(step.counts), at.width, key_heads, group, size).permute(0, 2, 3, 1, 4)
    own_keys, own_values = (kept[at.kept].transpose(1, 2) for kept in (keys, values))
    own, own_sum = _masked(padded, own_keys, own_values, at.hidden(kind.window), kind)
    own = own.permute(0, 3, 1, 2, 4).flatten(2, 3)[at.row, at.column]  # [N, H, D]
    own_sum = own_sum.permute(0, 3, 1, 2).flatten(2, 3)[at.row, at.column]  # [N, H]

    parts, sums, done = [], [], 0
    for prefix, first, end in step.groups:
        here = slice(done, done := done + sum(step.counts[first:end]))
        asked = query[0, :, here].unflatten(0, (key_heads, group))  # [K, G, n, D]
        part, part_sum = _of_prefix(prefix, asked, (keys, values), at.place[here], kind, partial)
        parts.append(part)
        sums.append(part_sum)
    shared = torch.cat(parts, 2).flatten(0, 1).transpose(0, 1)
    shared_sum = torch.cat(sums, 2).flatten(0, 1).transpose(0, 1)
    output = torch.lerp(own.float(), shared.float(), torch.sigmoid(shared_sum - own_sum).unsqueeze(-1))
    if kind.sinks is not None:
        total = torch.logaddexp(own_sum, shared_sum)
        output *= torch.sigmoid(total - kind.sinks.float()).unsqueeze(-1)
    return output


def _of_prefix(
    prefix: Prefix,
    asked: torch.Tensor,
    kept: tuple[torch.Tensor, torch.Tensor],
    place: torch.Tensor,
    kind: Kind,
    partial: Partial,
) -> tuple[torch.Tensor, torch.Tensor]:
    """asked [K, G, n, D], at `place` [n] of their tails → output [K, G, n, D], log-sum-exp float32 [K, G, n].

    kept: a layer's keys and values. What of the prefix has left a query's window is hidden from it; where nothing has,
    no mask is needed.
    """
    length, shape = prefix.length, asked.shape[1:3]
    keys, values = (tensor[prefix.span.first(length)].transpose(0, 1) for tensor in kept)  # [K, P, D]
    if length == 0:
        empty = values.new_zeros(*asked.shape[:3], values.shape[2])
        return empty, empty.new_full(asked.shape[:3], float("-inf"), dtype=torch.float32)
    if kind.window is not None and length + int(place.max()) >= kind.window:
        near = max(0, length - kind.window + 1)
        hidden = out_of_sight(length + place, torch.arange(near, length, device=asked.device), kind.window)
        parts = [
            _masked(some[None], keys[None, :, near:], values[None, :, near:], unseen[None], kind)
            for some, unseen in zip(asked.split(FEW, 2), hidden.split(FEW), strict=True)
        ]
        return torch.cat([part[0] for part, _ in parts], 2), torch.cat([sums[0] for _, sums in parts], 2)
    queries = asked.flatten(1, 2)  # a key head's G query heads as further queries
    if kind.cap is not None or keys.shape[2] != values.shape[2]:
        part, sums = written_out(queries, keys, values, kind.scale, kind.cap)
    else:
        part, sums = partial(queries, keys, values, kind.scale)
    return part.unflatten(1, shape), sums.reshape(len(keys), -1).unflatten(1, shape)


def _masked(
    queries: torch.Tensor, keys: torch.Tensor, values: torch.Tensor, hidden: torch.Tensor, kind: Kind
) -> tuple[torch.Tensor, torch.Tensor]:
    """queries [R, K, G, W, D], keys [R, K, T, D], hidden [R, W, T] → output [R, K, G, W, D], log-sum-exp [R, K, G, W].

    In blocks of rows of bounded memory. A query that sees nothing has output 0 and log-sum-exp −∞.
    """
    rows, heads, group, width, _ = queries.shape
    block = max(1, SCORE_BYTES // max(1, 4 * heads * group * width * keys.shape[2]))
    outputs, sums = [], []
    for start in range(0, rows, block):
        some = slice(start, start + block)
        scores = kind.score(torch.matmul(queries[some].flatten(2, 3), keys[some].transpose(2, 3)))
        scores = scores.unflatten(2, (group, width)).masked_fill_(hidden[some, None, None], float("-inf"))
        sums.append(scores.logsumexp(-1))
        sees = sums[-1].masked_fill(sums[-1] == float("-inf"), 0.0)
        weights = scores.sub_(sees.unsqueeze(-1)).exp_().to(values.dtype)
        outputs.append(torch.matmul(weights.flatten(2, 3), values[some]).unflatten(2, (group, width)))
    return torch.cat(outputs), torch.cat(sums)

"""Shared-prefix attention in torch operations: any device, any kind of attention, no more padding than there must be.

H query heads, K key heads (G = H / K), D head size, P prefix tokens, T tail tokens, W most new tokens of a sequence.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch

from dsx.engines.local.attention.kv_cache import CachedPrefix
from dsx.engines.local.attention.packing import ForwardBatch, PaddedTails, hidden_keys

SCORE_BYTES = 64 << 20
"""Most memory for one block of attention scores where they are written out."""
WINDOW_QUERIES = 64
"""Queries at once where a sliding window hides some of the prefix."""
FEW_TOKENS = 16
"""Tails of more new tokens are attended to one by one where the CPU's fused kernel can. Measured on a busy core, 24
questions of 60 to 119 tokens, a layer of SmolLM2-135M: 23 ms, as padded tails 72."""

AttentionKernel = Callable[[torch.Tensor, torch.Tensor, torch.Tensor, float], tuple[torch.Tensor, torch.Tensor]]
"""(queries [K, Q, D], keys [K, P, D], values [K, P, D], scale) → (output [K, Q, D], log-sum-exp float32 [K, Q])."""


@dataclass(frozen=True, slots=True)
class AttentionSpec:
    """A layer's attention: weights of scale · q·k, its scores at most ±`soft_cap` (by tanh).

    sliding_window: only so many last tokens are seen, the own one included.
    sinks: [H], a score a head that takes its share of the weight and adds nothing.
    """

    scale: float
    sliding_window: int | None = None
    soft_cap: float | None = None
    sinks: torch.Tensor | None = None

    def score(self, products: torch.Tensor) -> torch.Tensor:
        """Scores of the products of queries and keys, float32; in place where they are float32."""
        scores = products.float().mul_(self.scale)
        return scores if self.soft_cap is None else scores.div_(self.soft_cap).tanh_().mul_(self.soft_cap)


def eager_attention(
    queries: torch.Tensor, keys: torch.Tensor, values: torch.Tensor, scale: float, soft_cap: float | None = None
) -> tuple[torch.Tensor, torch.Tensor]:
    """Attention without a mask, its scores written out in blocks of queries of bounded memory."""
    spec = AttentionSpec(scale, soft_cap=soft_cap)
    heads, count, _ = queries.shape
    block = max(1, SCORE_BYTES // (4 * heads * max(1, keys.shape[1])))
    outputs, sums = [], []
    for start in range(0, count, block):
        scores = spec.score(torch.matmul(queries[:, start : start + block], keys.transpose(1, 2)))
        sums.append(scores.logsumexp(-1))
        weights = scores.sub_(sums[-1].unsqueeze(-1)).exp_()
        outputs.append(torch.matmul(weights.to(values.dtype), values))
    return torch.cat(outputs, 1), torch.cat(sums, 1)


def flash_cpu(
    queries: torch.Tensor, keys: torch.Tensor, values: torch.Tensor, scale: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """The CPU's fused kernel of torch's scaled_dot_product_attention, which writes no scores out."""
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


def kernel_for(device: torch.device, dtype: torch.dtype) -> AttentionKernel:
    """The fastest of the three that serves this device and type."""
    if device.type == "cuda" and dtype in (torch.bfloat16, torch.float16):
        return flash_cuda
    if device.type == "cpu" and dtype in (torch.float32, torch.bfloat16):
        return flash_cpu
    return eager_attention


def attend(
    batch: ForwardBatch,
    layer: int,
    query: torch.Tensor,
    spec: AttentionSpec,
    kernel: AttentionKernel | None = None,
) -> torch.Tensor:
    """query [1, H, N, D] → [N, H, D], float32. The new keys are in their slots.

    Each prefix is read once for all of its sequences, the query heads of a key head laid out as further queries. Each
    sequence's tail takes a mask.
    """
    keys, values = batch.kv_cache.keys[layer], batch.kv_cache.values[layer]
    kernel = kernel or kernel_for(query.device, query.dtype)
    heads, key_heads = query.shape[1], keys.shape[1]
    group, tails = heads // key_heads, batch.padded_tails(query.device)
    if _fused_serves(batch, tails, keys, values, spec, kernel):
        tail, tail_sum = _fused_tails(batch, query, keys, values, spec.scale)
    else:
        tail, tail_sum = _padded_tails(tails, query, keys, values, spec)

    parts, sums, done = [], [], 0
    for prefix, start, end in batch.prefix_groups:
        tokens = slice(done, done := done + sum(batch.num_new_tokens[start:end]))
        queries = query[0, :, tokens].unflatten(0, (key_heads, group))  # [K, G, n, D]
        part, part_sum = _prefix_attention(prefix, queries, (keys, values), tails.position[tokens], spec, kernel)
        parts.append(part)
        sums.append(part_sum)
    shared = torch.cat(parts, 2).flatten(0, 1).transpose(0, 1)
    shared_sum = torch.cat(sums, 2).flatten(0, 1).transpose(0, 1)
    output = torch.lerp(tail.float(), shared.float(), torch.sigmoid(shared_sum - tail_sum).unsqueeze(-1))
    if spec.sinks is not None:
        total = torch.logaddexp(tail_sum, shared_sum)
        output *= torch.sigmoid(total - spec.sinks.float()).unsqueeze(-1)
    return output


def _fused_serves(
    batch: ForwardBatch,
    tails: PaddedTails,
    keys: torch.Tensor,
    values: torch.Tensor,
    spec: AttentionSpec,
    kernel: AttentionKernel,
) -> bool:
    """Whether `_fused_tails` does these: whole questions, of which each token sees all before it."""
    are_whole = tails.width > FEW_TOKENS and not any(batch.num_computed_tokens)
    is_plain = spec.soft_cap is None and (spec.sliding_window is None or tails.width <= spec.sliding_window)
    return are_whole and is_plain and kernel is flash_cpu and keys.shape[2] == values.shape[2]


def _fused_tails(
    batch: ForwardBatch, query: torch.Tensor, keys: torch.Tensor, values: torch.Tensor, scale: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """query [1, H, N, D] → output [N, H, D], log-sum-exp float32 [N, H]: tail after tail by the CPU's fused kernel."""
    group, outputs, sums, done = query.shape[1] // keys.shape[1], [], [], 0
    for start, count in zip(batch.tail_starts, batch.num_new_tokens, strict=True):
        own, asking = slice(start, start + count), query[:, :, done : done + count]
        read = (tensor[own].transpose(0, 1).repeat_interleave(group, 0)[None] for tensor in (keys, values))
        output, total = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu(
            asking, *read, 0.0, True, scale=scale
        )
        outputs.append(output[0])
        sums.append(total[0])
        done += count
    return torch.cat(outputs, 1).transpose(0, 1), torch.cat(sums, 1).transpose(0, 1)


def _padded_tails(
    tails: PaddedTails, query: torch.Tensor, keys: torch.Tensor, values: torch.Tensor, spec: AttentionSpec
) -> tuple[torch.Tensor, torch.Tensor]:
    """The same in one piece: [R, K, G, W, D] against [R, K, T, D]; a key is seen up to the query's own position."""
    heads, key_heads, size = query.shape[1], keys.shape[1], query.shape[3]
    sequence, column = tails.sequence, tails.column
    padded = query.new_zeros(len(tails.slots), tails.width, heads, size)
    padded[sequence, column] = query[0].transpose(0, 1)
    padded = padded.view(len(tails.slots), tails.width, key_heads, -1, size).permute(0, 2, 3, 1, 4)
    tail_keys, tail_values = (tensor[tails.slots].transpose(1, 2) for tensor in (keys, values))
    output, sums = _masked_attention(padded, tail_keys, tail_values, tails.hidden(spec.sliding_window), spec)
    output = output.permute(0, 3, 1, 2, 4).flatten(2, 3)[sequence, column]
    return output, sums.permute(0, 3, 1, 2).flatten(2, 3)[sequence, column]


def _prefix_attention(
    prefix: CachedPrefix,
    queries: torch.Tensor,
    layer: tuple[torch.Tensor, torch.Tensor],
    position: torch.Tensor,
    spec: AttentionSpec,
    kernel: AttentionKernel,
) -> tuple[torch.Tensor, torch.Tensor]:
    """queries [K, G, n, D], at `position` [n] of their tails → output [K, G, n, D], log-sum-exp float32 [K, G, n].

    layer: its keys and values. What of the prefix has left a query's window is hidden. Where nothing has, no mask is
    needed.
    """
    length, shape = prefix.length, queries.shape[1:3]
    keys, values = (tensor[prefix.slots.first(length)].transpose(0, 1) for tensor in layer)  # [K, P, D]
    if length == 0:
        empty = values.new_zeros(*queries.shape[:3], values.shape[2])
        return empty, empty.new_full(queries.shape[:3], float("-inf"), dtype=torch.float32)
    if spec.sliding_window is not None and length + int(position.max()) >= spec.sliding_window:
        near = max(0, length - spec.sliding_window + 1)
        key_positions = torch.arange(near, length, device=queries.device)
        hidden = hidden_keys(length + position, key_positions, spec.sliding_window)
        blocks = [
            _masked_attention(block[None], keys[None, :, near:], values[None, :, near:], block_hidden[None], spec)
            for block, block_hidden in zip(queries.split(WINDOW_QUERIES, 2), hidden.split(WINDOW_QUERIES), strict=True)
        ]
        return torch.cat([part[0] for part, _ in blocks], 2), torch.cat([sums[0] for _, sums in blocks], 2)
    flat = queries.flatten(1, 2)  # a key head's G query heads as further queries
    if spec.soft_cap is not None or keys.shape[2] != values.shape[2]:
        part, sums = eager_attention(flat, keys, values, spec.scale, spec.soft_cap)
    else:
        part, sums = kernel(flat, keys, values, spec.scale)
    return part.unflatten(1, shape), sums.reshape(len(keys), -1).unflatten(1, shape)


def _masked_attention(
    queries: torch.Tensor, keys: torch.Tensor, values: torch.Tensor, hidden: torch.Tensor, spec: AttentionSpec
) -> tuple[torch.Tensor, torch.Tensor]:
    """queries [R, K, G, W, D], keys [R, K, T, D], hidden [R, W, T] → output [R, K, G, W, D], log-sum-exp [R, K, G, W].

    In blocks of sequences of bounded memory. A query to which all is hidden has output 0 and log-sum-exp −∞.
    """
    count, heads, group, width, _ = queries.shape
    block_size = max(1, SCORE_BYTES // max(1, 4 * heads * group * width * keys.shape[2]))
    outputs, sums = [], []
    for start in range(0, count, block_size):
        block = slice(start, start + block_size)
        scores = spec.score(torch.matmul(queries[block].flatten(2, 3), keys[block].transpose(2, 3)))
        scores = scores.unflatten(2, (group, width)).masked_fill_(hidden[block, None, None], float("-inf"))
        sums.append(scores.logsumexp(-1))
        finite_sums = sums[-1].masked_fill(sums[-1] == float("-inf"), 0.0)
        weights = scores.sub_(finite_sums.unsqueeze(-1)).exp_().to(values.dtype)
        outputs.append(torch.matmul(weights.flatten(2, 3), values[block]).unflatten(2, (group, width)))
    return torch.cat(outputs), torch.cat(sums)

"""Attention of many rows to one shared prefix and to their own short tails, merged by log-sum-exp.

A forward pass takes N packed tokens of R rows, [1, N]: no row is padded in the linear layers. The rows of one prefix
attend to its keys and values together, with the query heads that share a key head laid out as further queries, so
that a prefix is read once a step, not once a row, and without a mask, so that a flash kernel serves. Each row's tail
(its question and the answer so far) is short and takes a mask. Both parts give their log-sum-exp; the merge is exact.

    H query heads, K key heads (G = H / K), D head size, P prefix tokens, T tail slots, W most new tokens of a row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from transformers import AttentionInterface, PreTrainedModel

from dsx.decode.cache import Prefix, Tails

NAME = "dsx_shared_prefix"
SCORE_BYTES = 64 << 20
"""Most memory for one block of attention scores where they are written out (plain torch)."""

Partial = Callable[[torch.Tensor, torch.Tensor, torch.Tensor, float], tuple[torch.Tensor, torch.Tensor]]
"""(queries [K, Q, D], keys [K, P, D], values [K, P, D], scale) → (output [K, Q, D], log-sum-exp float32 [K, Q])."""


def plain(
    queries: torch.Tensor, keys: torch.Tensor, values: torch.Tensor, scale: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """Attention without a mask in plain torch operations, in blocks of queries of bounded memory."""
    heads, count, _ = queries.shape
    block = max(1, SCORE_BYTES // (4 * heads * max(1, keys.shape[1])))
    outputs, sums = [], []
    for start in range(0, count, block):
        scores = torch.matmul(queries[:, start : start + block], keys.transpose(1, 2)).float().mul_(scale)
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
    return plain


@dataclass(slots=True)
class Pass:
    """What the layers need to know of one forward pass.

    slots: the tail slot of each row, length R; starts: tokens already in each row's tail; counts: its new tokens,
        whose sum is N. Rows with the same prefix stand together.
    groups: (prefix, first row, end row), in row order.
    """

    tails: Tails
    slots: Sequence[int]
    starts: Sequence[int]
    counts: Sequence[int]
    groups: Sequence[tuple[Prefix, int, int]]
    partial: Partial | None = None
    _indices: dict[torch.device, tuple[torch.Tensor, ...]] = field(default_factory=dict)

    def indices(self, device: torch.device) -> tuple[torch.Tensor, ...]:
        """slots [R], row of each token [N], its column in the row [N], its place in the tail [N], starts [R]."""
        if device not in self._indices:
            counts = torch.tensor(self.counts)
            row = torch.repeat_interleave(torch.arange(len(self.counts)), counts)
            column = torch.cat([torch.arange(count) for count in self.counts])
            starts = torch.tensor(self.starts)
            made = (torch.tensor(self.slots), row, column, starts[row] + column, starts)
            self._indices[device] = tuple(index.to(device) for index in made)
        return self._indices[device]

    def positions(self, device: torch.device) -> torch.Tensor:
        """Position of each packed token in its own sequence, prefix included, [1, N]."""
        before = [prefix.length for prefix, first, end in self.groups for _ in range(end - first)]
        _, row, _, place, _ = self.indices(device)
        return (torch.tensor(before, device=device)[row] + place).unsqueeze(0)

    def last(self, device: torch.device) -> torch.Tensor:
        """Index of each row's last packed token, [R]."""
        return torch.tensor(self.counts, device=device).cumsum(0) - 1


def attend(
    step: Pass, layer: int, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, scale: float
) -> torch.Tensor:
    """query [1, H, N, D], key and value [1, K, N, D] (rotated) → [1, N, H, D]. Writes the new keys into the tails."""
    _, heads, count, size = query.shape
    key_heads = key.shape[1]
    group = heads // key_heads
    slots, row, column, place, starts = step.indices(query.device)
    keys, values = step.tails.keys[layer], step.tails.values[layer]
    keys[slots[row], :, place] = key[0].transpose(0, 1)
    values[slots[row], :, place] = value[0].transpose(0, 1)

    # tails: [R, K, G, W, D] against [R, K, T, D], a key is seen up to the query's own place
    rows, width, seen = len(step.counts), max(step.counts), max(map(sum, zip(step.starts, step.counts, strict=True)))
    padded = query.new_zeros(rows, width, heads, size)
    padded[row, column] = query[0].transpose(0, 1)
    padded = padded.view(rows, width, key_heads, group, size).permute(0, 2, 3, 1, 4)
    limit = starts[:, None] + torch.arange(width, device=query.device)  # [R, W]
    hidden = torch.arange(seen, device=query.device) > limit[:, :, None]  # [R, W, T]
    own, own_sum = _masked(padded, keys[slots, :, :seen], values[slots, :, :seen], hidden, scale)
    output = own.permute(0, 3, 1, 2, 4).reshape(rows, width, heads, size)[row, column]  # [N, H, D]
    lse = own_sum.permute(0, 3, 1, 2).reshape(rows, width, heads)[row, column]  # [N, H]

    partial = step.partial or partial_for(query.device, query.dtype)
    end_of_row = [0, *torch.tensor(step.counts).cumsum(0).tolist()]
    for prefix, first, end in step.groups:
        if prefix.length == 0:
            continue
        here = slice(end_of_row[first], end_of_row[end])
        asked = query[0, :, here].reshape(key_heads, -1, size)  # a key head's G query heads as further queries
        part, part_sum = partial(asked, prefix.keys[layer], prefix.values[layer], scale)
        part = part.reshape(heads, -1, size).transpose(0, 1)
        weight = torch.sigmoid(part_sum.reshape(heads, -1).transpose(0, 1) - lse[here]).unsqueeze(-1)
        output[here] = (part.float() * weight + output[here].float() * (1 - weight)).to(output.dtype)
    return output.view(1, count, heads, size)


def _masked(
    queries: torch.Tensor, keys: torch.Tensor, values: torch.Tensor, hidden: torch.Tensor, scale: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """queries [R, K, G, W, D], keys [R, K, T, D], hidden [R, W, T] → output [R, K, G, W, D], log-sum-exp [R, K, G, W].

    In blocks of rows of bounded memory.
    """
    rows, heads, group, width, _ = queries.shape
    block = max(1, SCORE_BYTES // (4 * heads * group * width * keys.shape[2]))
    outputs, sums = [], []
    for start in range(0, rows, block):
        some = slice(start, start + block)
        scores = torch.matmul(queries[some].flatten(2, 3), keys[some].transpose(2, 3)).float().mul_(scale)
        scores = scores.unflatten(2, (group, width)).masked_fill_(hidden[some, None, None], float("-inf"))
        sums.append(scores.logsumexp(-1))
        weights = scores.sub_(sums[-1].unsqueeze(-1)).exp_().to(values.dtype)
        outputs.append(torch.matmul(weights.flatten(2, 3), values[some]).unflatten(2, (group, width)))
    return torch.cat(outputs), torch.cat(sums)


_current: list[Pass] = []


def _interface(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    scaling: float | None = None,
    **_: Any,
) -> tuple[torch.Tensor, None]:
    scale = scaling if scaling is not None else query.shape[-1] ** -0.5
    layer: int = module.layer_idx
    return attend(_current[-1], layer, query, key, value, scale), None


AttentionInterface.register(NAME, _interface)


@contextmanager
def shared_prefix_attention(model: PreTrainedModel) -> Iterator[Callable[[Pass], None]]:
    """While this lasts, `model` attends through `attend`; give each Pass to the function that is yielded."""
    before = model.config._attn_implementation
    model.set_attn_implementation(NAME)
    _current.append(Pass(Tails.empty(), (), (), (), ()))
    try:
        yield lambda step: _current.__setitem__(-1, step)
    finally:
        _current.pop()
        model.set_attn_implementation(before)

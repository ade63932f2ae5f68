"""Attention of many rows to one shared prefix and to their own short tails, merged by log-sum-exp.

A forward pass takes N packed tokens of R rows, [1, N]: no row is padded in the linear layers. The rows of one prefix
attend to its keys and values together, with the query heads that share a key head laid out as further queries, so
that a prefix is read once a step, not once a row, and without a mask, so that a flash kernel serves. Each row's tail
(its question and the answer so far) is short and takes a mask. Both parts give their log-sum-exp; the merge is exact.
Sliding windows, capped scores and attention sinks are a model's own kinds of attention; they are kept, by plain torch.

    H query heads, K key heads (G = H / K), D head size, P prefix tokens, T tail slots, W most new tokens of a row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from transformers import AttentionInterface, PreTrainedModel

from dsx.decode.cache import PassThrough, Prefix, Tails

NAME = "dsx_shared_prefix"
SCORE_BYTES = 64 << 20
"""Most memory for one block of attention scores where they are written out (plain torch)."""
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


def plain(
    queries: torch.Tensor, keys: torch.Tensor, values: torch.Tensor, scale: float, cap: float | None = None
) -> tuple[torch.Tensor, torch.Tensor]:
    """Attention without a mask in plain torch operations, in blocks of queries of bounded memory."""
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
    _hidden: dict[tuple[torch.device, int | None], torch.Tensor] = field(default_factory=dict)

    @property
    def seen(self) -> int:
        """Tokens in the longest tail, the new ones included."""
        return max(start + count for start, count in zip(self.starts, self.counts, strict=True))

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

    def hidden(self, device: torch.device, window: int | None) -> torch.Tensor:
        """Which places of its tail a row's new token may not see: [R, W, T]. Made once for all layers."""
        if (device, window) not in self._hidden:
            starts, width = self.indices(device)[4], max(self.counts)
            at = starts[:, None] + torch.arange(width, device=device)
            self._hidden[device, window] = _out_of_sight(at, torch.arange(self.seen, device=device), window)
        return self._hidden[device, window]

    def positions(self, device: torch.device) -> torch.Tensor:
        """Position of each packed token in its own sequence, prefix included, [1, N]."""
        before = [prefix.length for prefix, first, end in self.groups for _ in range(end - first)]
        _, row, _, place, _ = self.indices(device)
        return (torch.tensor(before, device=device)[row] + place).unsqueeze(0)

    def last(self, device: torch.device) -> torch.Tensor:
        """Index of each row's last packed token, [R]."""
        return torch.tensor(self.counts, device=device).cumsum(0) - 1


def attend(
    step: Pass, layer: int, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, kind: Kind
) -> torch.Tensor:
    """query [1, H, N, D], key and value [1, K, N, D] (rotated) → [1, N, H, D]. Writes the new keys into the tails."""
    heads, key_heads, size = query.shape[1], key.shape[1], query.shape[3]
    group = heads // key_heads
    slots, row, column, place, _ = step.indices(query.device)
    keys, values = step.tails.keys[layer], step.tails.values[layer]
    keys[slots[row], :, place] = key[0].transpose(0, 1)
    values[slots[row], :, place] = value[0].transpose(0, 1)

    # tails: [R, K, G, W, D] against [R, K, T, D], a key is seen up to the query's own place
    rows, width, seen = len(step.counts), max(step.counts), step.seen
    padded = query.new_zeros(rows, width, heads, size)
    padded[row, column] = query[0].transpose(0, 1)
    padded = padded.view(rows, width, key_heads, group, size).permute(0, 2, 3, 1, 4)
    hidden = step.hidden(query.device, kind.window)
    own, own_sum = _masked(padded, keys[slots, :, :seen], values[slots, :, :seen], hidden, kind)
    own = own.permute(0, 3, 1, 2, 4).flatten(2, 3)[row, column]  # [N, H, D]
    own_sum = own_sum.permute(0, 3, 1, 2).flatten(2, 3)[row, column]  # [N, H]

    parts, sums, at = [], [], 0
    for prefix, first, end in step.groups:
        here = slice(at, at := at + sum(step.counts[first:end]))
        asked = query[0, :, here].unflatten(0, (key_heads, group))  # [K, G, n, D]
        part, part_sum = _of_prefix(step, asked, prefix.keys[layer], prefix.values[layer], place[here], kind)
        parts.append(part)
        sums.append(part_sum)
    shared = torch.cat(parts, 2).flatten(0, 1).transpose(0, 1)
    shared_sum = torch.cat(sums, 2).flatten(0, 1).transpose(0, 1)
    output = torch.lerp(own.float(), shared.float(), torch.sigmoid(shared_sum - own_sum).unsqueeze(-1))
    if kind.sinks is not None:
        total = torch.logaddexp(own_sum, shared_sum)
        output *= torch.sigmoid(total - kind.sinks.float()).unsqueeze(-1)
    return output.to(query.dtype).unsqueeze(0)


def _of_prefix(
    step: Pass, asked: torch.Tensor, keys: torch.Tensor, values: torch.Tensor, place: torch.Tensor, kind: Kind
) -> tuple[torch.Tensor, torch.Tensor]:
    """asked [K, G, n, D], at `place` [n] of their tails → output [K, G, n, D], log-sum-exp float32 [K, G, n].

    What of the prefix has left a query's window is hidden from it; where nothing has, no mask is needed.
    """
    length, shape = keys.shape[1], asked.shape[1:3]
    if length == 0:
        empty = values.new_zeros(*asked.shape[:3], values.shape[2])
        return empty, empty.new_full(asked.shape[:3], float("-inf"), dtype=torch.float32)
    if kind.window is not None and length + step.seen > kind.window:
        near = max(0, length - kind.window + 1)
        hidden = _out_of_sight(length + place, torch.arange(near, length, device=asked.device), kind.window)
        parts = [
            _masked(some[None], keys[None, :, near:], values[None, :, near:], unseen[None], kind)
            for some, unseen in zip(asked.split(FEW, 2), hidden.split(FEW), strict=True)
        ]
        return torch.cat([part[0] for part, _ in parts], 2), torch.cat([sums[0] for _, sums in parts], 2)
    queries = asked.flatten(1, 2)  # a key head's G query heads as further queries
    if kind.cap is not None or keys.shape[2] != values.shape[2]:
        part, sums = plain(queries, keys, values, kind.scale, kind.cap)
    else:
        partial = step.partial or partial_for(queries.device, queries.dtype)
        part, sums = partial(queries, keys, values, kind.scale)
    return part.unflatten(1, shape), sums.reshape(len(keys), -1).unflatten(1, shape)


def _out_of_sight(at: torch.Tensor, keys: torch.Tensor, window: int | None) -> torch.Tensor:
    """Whether a query at `at` [...] may not see the key at `keys` [T]: it comes later, or has left the window."""
    hidden = keys > at[..., None]
    return hidden if window is None else hidden | (keys <= at[..., None] - window)


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


_current: list[Pass] = []


def _interface(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    scaling: float | None = None,
    sliding_window: int | None = None,
    softcap: float | None = None,
    s_aux: torch.Tensor | None = None,
    **_: Any,
) -> tuple[torch.Tensor, None]:
    scale = scaling if scaling is not None else query.shape[-1] ** -0.5
    layer: int = module.layer_idx
    return attend(_current[-1], layer, query, key, value, Kind(scale, sliding_window, softcap, s_aux)), None


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


def forward(model: PreTrainedModel, attend: Callable[[Pass], None], step: Pass, tokens: Sequence[int]) -> torch.Tensor:
    """One pass of N packed tokens: the model's logits after each row's last one, [R, vocabulary]."""
    attend(step)
    logits: torch.Tensor = model(
        input_ids=torch.tensor([tokens], device=model.device),
        position_ids=step.positions(model.device),
        past_key_values=PassThrough(),
        use_cache=True,
        logits_to_keep=step.last(model.device),
    ).logits
    return logits[0]

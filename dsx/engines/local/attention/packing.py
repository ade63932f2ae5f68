"""A forward pass of many sequences, packed without padding: which tokens, at which slots, attending to what.

All indices of a pass are one array of integers (`ForwardBatch.packed`), which goes to a device in one copy and is read
there as `AttentionMetadata`. Padded to a `GraphBucket` the array has a fixed length, whatever the sequences: so one
CUDA graph serves all passes that fit into it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy
import torch

from dsx.engines.local.attention.kv_cache import CachedPrefix, KVCache

MAX_SPLITS, FEW_PREFIXES, MANY_TOKENS = 16, 8, 128
"""A prefix is read in this many splits at once, so that all of a GPU's multiprocessors have something to read; in fewer
where there are more prefixes or tokens than these. Measured on an H100, µs a layer of 8 key heads, prefixes of 10,000
tokens, by splits 1, 2, 4, 8, 16, 32: one prefix 283, 148, 78, 43, 25, 24; six 291, 158, 124, 114, 108, 121; eighteen
472, 393, 329, 312, 324, 358 (floor, from 3 TB/s: 14, 82, 246)."""


def num_splits_for(num_tokens: int, num_prefixes: int) -> int:
    """In how many splits the prefixes of a pass are read."""
    splits = MAX_SPLITS if num_prefixes <= FEW_PREFIXES else MAX_SPLITS // 2
    return max(1, splits // (1 + num_tokens // MANY_TOKENS))


def sent(numbers: numpy.ndarray | torch.Tensor, device: torch.device) -> torch.Tensor:
    """These numbers of the CPU there. A GPU gets them when it comes to it: nobody waits."""
    made = torch.as_tensor(numbers)
    return made.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else made.to(device)


class PrefixGroup(NamedTuple):
    """Sequences `start` … `end` of a batch, which share a prefix."""

    prefix: CachedPrefix
    start: int
    end: int


class VarlenIndices(NamedTuple):
    """Entries of a pass, int32: query_starts and key_starts [E + 1], key_counts [E]. See `AttentionMetadata`."""

    query_starts: torch.Tensor
    key_starts: torch.Tensor
    key_counts: torch.Tensor


@dataclass(frozen=True, slots=True)
class GraphBucket:
    """The size that a batch is padded to. num_sequences: rows of logits. num_splits: in which each prefix is read."""

    num_tokens: int
    num_sequences: int
    num_prefixes: int
    num_splits: int

    @property
    def sizes(self) -> list[int]:
        """Lengths of the tensors of `AttentionMetadata`, in their order."""
        tokens, splits = self.num_tokens, self.num_splits * self.num_prefixes
        return [
            tokens,
            tokens,
            tokens,
            self.num_sequences,
            tokens + 1,
            tokens + 1,
            tokens,
            splits + 1,
            splits + 1,
            splits,
        ]


@dataclass(slots=True, eq=False)
class AttentionMetadata:
    """A batch's indices on a device, for N tokens, R sequences, P prefixes, S splits of each.

    max_query_len: tokens of the sequences of one prefix, at most.
    input_ids, positions, slot_mapping: int64 [N], the tokens, their positions, the slots that their keys go to.
    logits_indices: int64 [R], each sequence's last token.
    The others are int32, as FlashAttention's kernel for varying lengths takes them: where the queries of each entry
    begin, where its keys begin (both one more than there are entries), and how many keys it has. There is an entry for
    each of N tails: each token attends to its sequence's tail up to itself. There are S·P entries for prefixes: all
    first splits, all second splits, …, each with the queries of all its sequences, so that each token comes S times.
    """

    num_splits: int
    max_query_len: int
    input_ids: torch.Tensor
    positions: torch.Tensor
    slot_mapping: torch.Tensor
    logits_indices: torch.Tensor
    tail_query_starts: torch.Tensor
    tail_key_starts: torch.Tensor
    tail_key_counts: torch.Tensor
    prefix_query_starts: torch.Tensor
    prefix_key_starts: torch.Tensor
    prefix_key_counts: torch.Tensor
    _by_group: dict[int, tuple[VarlenIndices, VarlenIndices]] = field(default_factory=dict)

    @classmethod
    def unpack(cls, packed: torch.Tensor, bucket: GraphBucket, max_query_len: int) -> AttentionMetadata:
        """From `ForwardBatch.packed`, on its device."""
        sizes = bucket.sizes
        *int64s, rest = packed.split([*sizes[:4], sum(sizes[4:])])
        return cls(bucket.num_splits, max_query_len, *int64s, *rest.int().split(sizes[4:]))

    def varlen(self, group: int) -> tuple[VarlenIndices, VarlenIndices]:
        """Indices of tails and prefixes where each key head has `group` query heads. Computed once a pass."""
        if group not in self._by_group:
            tails = VarlenIndices(self.tail_query_starts * group, self.tail_key_starts, self.tail_key_counts)
            prefixes = VarlenIndices(self.prefix_query_starts * group, self.prefix_key_starts, self.prefix_key_counts)
            self._by_group[group] = tails, prefixes
        return self._by_group[group]


@dataclass(slots=True, eq=False)
class ForwardBatch:
    """One forward pass of R sequences.

    input_ids: new tokens, one sequence after the other. Sequences with the same prefix stand together.
    tail_starts: the first slot of each sequence's tail (question and answer), length R. num_computed_tokens: how many
    tokens of the tail are in its slots already. num_new_tokens: how many come now.
    use_flash: the flash backend may be used. flash_only: it was, in all layers, and would be whatever the lengths.
    """

    kv_cache: KVCache
    input_ids: Sequence[int]
    tail_starts: Sequence[int]
    num_computed_tokens: Sequence[int]
    num_new_tokens: Sequence[int]
    prefix_groups: Sequence[PrefixGroup]
    use_flash: bool = False
    flash_only: bool = True
    _metadata: dict[torch.device, AttentionMetadata] = field(default_factory=dict)
    _padded: dict[torch.device, PaddedTails] = field(default_factory=dict)

    @property
    def max_seq_len(self) -> int:
        """Tokens of the longest sequence, prefix and new ones included."""
        return int((self._prefix_lengths() + self.num_computed_tokens + self.num_new_tokens).max())

    @property
    def exact_bucket(self) -> GraphBucket:
        """Without padding."""
        tokens, prefixes = len(self.input_ids), len(self.prefix_groups)
        return GraphBucket(tokens, len(self.num_new_tokens), prefixes, num_splits_for(tokens, prefixes))

    def metadata(self, device: torch.device) -> AttentionMetadata:
        """Its indices there, copied once for all layers of the device."""
        if device not in self._metadata:
            packed = sent(self.packed(self.exact_bucket), device)
            max_query_len = max(sum(self.num_new_tokens[start:end]) for _, start, end in self.prefix_groups)
            self._metadata[device] = AttentionMetadata.unpack(packed, self.exact_bucket, max_query_len)
        return self._metadata[device]

    def padded_tails(self, device: torch.device) -> PaddedTails:
        """The same for operations that take padded tails."""
        if device not in self._padded:
            self._padded[device] = PaddedTails.of(self, device)
        return self._padded[device]

    def packed(self, bucket: GraphBucket) -> numpy.ndarray:
        """All indices, int64, in the order of the fields of `AttentionMetadata`.

        Padding tokens attend to nothing, of one further prefix without keys too, and their keys go to slot 0.
        """
        new, computed = numpy.array(self.num_new_tokens), numpy.array(self.num_computed_tokens)
        tail_starts, ends = numpy.array(self.tail_starts), new.cumsum()
        sequence = numpy.repeat(numpy.arange(len(new)), new)
        tail_position = computed[sequence] + numpy.arange(ends[-1]) - (ends - new)[sequence]

        def padded(numbers: numpy.ndarray, size: int, fill: int = 0) -> numpy.ndarray:
            return numpy.pad(numbers, (0, size - len(numbers)), constant_values=fill)

        group_starts = numpy.array([int(ends[start - 1]) if start else 0 for _, start, _ in self.prefix_groups])
        split_starts, split_lengths = self._splits(bucket)
        query_starts = numpy.append(group_starts, ends[-1])[: bucket.num_prefixes]
        query_starts = padded(query_starts, bucket.num_prefixes, bucket.num_tokens)
        query_starts = query_starts + numpy.arange(bucket.num_splits)[:, None] * bucket.num_tokens
        arrays = [
            padded(numpy.array(self.input_ids), bucket.num_tokens),
            padded(self._prefix_lengths()[sequence] + tail_position, bucket.num_tokens),
            padded(tail_starts[sequence] + tail_position, bucket.num_tokens),
            padded(ends - 1, bucket.num_sequences),
            numpy.arange(bucket.num_tokens + 1),
            padded(tail_starts[sequence], bucket.num_tokens + 1),
            padded(tail_position + 1, bucket.num_tokens),
            numpy.append(query_starts, bucket.num_splits * bucket.num_tokens),
            numpy.append(split_starts, 0),
            split_lengths.ravel(),
        ]
        assert bucket.num_tokens == ends[-1] or bucket.num_prefixes > len(group_starts)
        return numpy.concatenate(arrays).astype(numpy.int64)

    def _splits(self, bucket: GraphBucket) -> tuple[numpy.ndarray, numpy.ndarray]:
        """The first slot of each split of each prefix, and how many tokens it has; [S, P] each."""
        lengths, starts = (numpy.zeros(bucket.num_prefixes, numpy.int64) for _ in range(2))
        for at, (prefix, _, _) in enumerate(self.prefix_groups):
            lengths[at], starts[at] = prefix.length, prefix.slots.start
        split_size = -(-lengths // bucket.num_splits)
        offsets = numpy.minimum(numpy.arange(bucket.num_splits)[:, None] * split_size, lengths)
        return starts + offsets, numpy.minimum(split_size, lengths - offsets)

    def _prefix_lengths(self) -> numpy.ndarray:
        """Tokens of each sequence's prefix, [R]."""
        return numpy.array([prefix.length for prefix, start, end in self.prefix_groups for _ in range(end - start)])


@dataclass(slots=True, eq=False)
class PaddedTails:
    """Tails as wide as the widest: W new tokens, T tokens.

    sequence, column, position: int64 [N], each token's sequence, its column among the sequence's new tokens, its
    position in the tail.
    slots: int64 [R, T], of the tails' tokens. num_computed_tokens: int64 [R].
    """

    sequence: torch.Tensor
    column: torch.Tensor
    position: torch.Tensor
    slots: torch.Tensor
    num_computed_tokens: torch.Tensor
    width: int
    _hidden: dict[int | None, torch.Tensor] = field(default_factory=dict)

    @classmethod
    def of(cls, batch: ForwardBatch, device: torch.device) -> PaddedTails:
        """Computed on the CPU. A slot that is not written yet is replaced by the tail's first, which holds a number."""
        new, computed = torch.tensor(batch.num_new_tokens), torch.tensor(batch.num_computed_tokens)
        sequence = torch.repeat_interleave(torch.arange(len(new)), new)
        column = torch.cat([torch.arange(count) for count in batch.num_new_tokens])
        offset = torch.arange(int((computed + new).max()))
        slots = torch.tensor(batch.tail_starts)[:, None] + offset.where(offset < (computed + new)[:, None], 0)
        indices = (sequence, column, computed[sequence] + column, slots, computed)
        sequence, column, position, slots, computed = (index.to(device) for index in indices)
        return cls(sequence, column, position, slots, computed, int(new.max()))

    def hidden(self, window: int | None) -> torch.Tensor:
        """Which tokens of its tail a new token may not attend to: [R, W, T]. Computed once for all layers."""
        if window not in self._hidden:
            device = self.slots.device
            queries = self.num_computed_tokens[:, None] + torch.arange(self.width, device=device)
            self._hidden[window] = hidden_keys(queries, torch.arange(self.slots.shape[1], device=device), window)
        return self._hidden[window]


def hidden_keys(queries: torch.Tensor, keys: torch.Tensor, window: int | None) -> torch.Tensor:
    """Whether a query at position [...] may not attend to a key at position [T]: it comes later, or left the window."""
    hidden = keys > queries[..., None]
    return hidden if window is None else hidden | (keys <= queries[..., None] - window)

"""The KV cache: one tensor a layer, of which prefixes and sequences are given ranges of slots.

All that attention reads stands in these tensors, at slots that are data, not pointers. So one kernel, or one CUDA graph
that was captured once, serves whatever prefixes and sequences there are.
"""

from __future__ import annotations

import bisect
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import torch
from transformers import DynamicCache


class OutOfSlots(MemoryError):
    """No range of this many slots is free, and nothing can be evicted for it."""


@dataclass(frozen=True, slots=True)
class SlotRange:
    """Slots `start` … `start + length` of a KV cache."""

    start: int
    length: int

    def first(self, count: int) -> slice:
        """The first `count` slots."""
        return slice(self.start, self.start + count)


@dataclass(slots=True, eq=False)
class CachedPrefix:
    """A prefilled text: its keys and values stand in the first `length` of its slots.

    ref_count: sequences that attend to it. While there are any it is not evicted.
    """

    length: int
    slots: SlotRange
    ref_count: int = 0


@dataclass(frozen=True, slots=True)
class LayerShape:
    """What one layer keeps of a token: `heads` keys of `key_size` and values of `value_size`."""

    heads: int
    key_size: int
    value_size: int
    dtype: torch.dtype
    device: torch.device

    @property
    def nbytes(self) -> int:
        """Bytes a token."""
        size: int = self.dtype.itemsize
        return self.heads * (self.key_size + self.value_size) * size

    @classmethod
    def of(cls, cache: DynamicCache) -> list[LayerShape]:
        """Of each layer of a cache that holds a text. Raises AttributeError where a layer keeps no keys."""
        return [
            cls(layer.keys.shape[1], layer.keys.shape[3], layer.values.shape[3], layer.keys.dtype, layer.keys.device)
            for layer in cache.layers
        ]


class KVCache:
    """keys, values: one tensor a layer, [slots, key heads, head size], on the layer's device, not initialised.

    Slot 0 belongs to nobody: padding tokens write there.
    evict: frees slots by evicting something. False where there is nothing to evict.
    together, all_agree, confirm: where other ranks have other heads of the same slots. together(command, arguments …):
        they run this pass while the block does. all_agree: whether all say so. confirm: what was computed is whole.
    """

    def __init__(self, layers: Sequence[LayerShape], num_slots: int) -> None:
        self.keys = [torch.empty(num_slots, at.heads, at.key_size, dtype=at.dtype, device=at.device) for at in layers]
        self.values = [
            torch.empty(num_slots, at.heads, at.value_size, dtype=at.dtype, device=at.device) for at in layers
        ]
        self.num_slots = num_slots
        self.evict: Callable[[], bool] = lambda: False
        self.together: Callable[..., AbstractContextManager[None]] = lambda *command: nullcontext()
        self.all_agree: Callable[[bool], bool] = lambda agreed: agreed
        self.confirm: Callable[[], None] = lambda: None
        self._holes = [SlotRange(1, num_slots - 1)]  # in order, no two side by side

    @property
    def num_free_slots(self) -> int:
        """Slots that nobody has."""
        return sum(hole.length for hole in self._holes)

    def allocate(self, length: int, from_top: bool = False) -> SlotRange:
        """The lowest free range that is long enough, or the highest. Raises OutOfSlots.

        Prefixes, which stay, are allocated from below. Sequences, which come and go, are allocated from the top, so
        that neither fragments the other's slots.
        """
        while True:
            for at in reversed(range(len(self._holes))) if from_top else range(len(self._holes)):
                hole = self._holes[at]
                if hole.length < length:
                    continue
                rest = hole.length - length
                start = hole.start + rest if from_top else hole.start
                self._holes[at : at + 1] = [SlotRange(hole.start if from_top else start + length, rest)] if rest else []
                return SlotRange(start, length)
            if not self.evict():
                raise OutOfSlots(f"no room for the keys and values of {length} tokens beside what is in use")

    def free(self, slots: SlotRange) -> None:
        """The slots can be allocated again."""
        at = bisect.bisect([hole.start for hole in self._holes], slots.start)
        start, end = slots.start, slots.start + slots.length
        if at < len(self._holes) and self._holes[at].start == end:
            end += self._holes.pop(at).length
        if at and self._holes[at - 1].start + self._holes[at - 1].length == start:
            at -= 1
            start = self._holes.pop(at).start
        self._holes.insert(at, SlotRange(start, end - start))

    def reallocate(self, slots: SlotRange, length: int, used: int) -> SlotRange:
        """A longer range with the first `used` slots copied from this one, which is freed. Raises OutOfSlots."""
        longer = self.allocate(length, from_top=True)
        try:
            with self.together("copy", slots, longer, used):
                self.copy(slots, longer, used)
        except BaseException:
            self.free(longer)
            raise
        self.free(slots)
        return longer

    def copy(self, source: SlotRange, target: SlotRange, used: int) -> None:
        """The first `used` slots."""
        for tensor in (*self.keys, *self.values):
            tensor[target.first(used)] = tensor[source.first(used)]

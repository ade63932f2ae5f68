"""Room for keys and values: one tensor a layer, of which prefixes and rows take spans of places and give them back.

Everything that attention reads stands in these tensors, at places that are data, not pointers: so that a kernel, or a
CUDA graph that was captured once, serves whatever prefixes and rows there are.
"""

from __future__ import annotations

import bisect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch


class PoolFull(MemoryError):
    """There is no span of this many places, and nothing to be forgotten for it."""


@dataclass(frozen=True, slots=True)
class Span:
    """Places `start` … `start + places` of a pool."""

    start: int
    places: int

    def first(self, count: int) -> slice:
        """The first `count` of its places."""
        return slice(self.start, self.start + count)


@dataclass(slots=True, eq=False)
class Prefix:
    """A prefilled text: its keys and values stand in the first `length` places of its span.

    users: rows that attend to it; one that has any is not forgotten.
    """

    length: int
    span: Span
    users: int = 0


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
    def of(cls, cache: Any) -> list[LayerShape]:
        """Of each layer of a transformers cache that holds a text; AttributeError where a layer keeps no keys."""
        return [
            cls(layer.keys.shape[1], layer.keys.shape[3], layer.values.shape[3], layer.keys.dtype, layer.keys.device)
            for layer in cache.layers
        ]


class Pool:
    """keys, values: one tensor a layer, [places, key heads, head size], on the layer's device, not initialised.

    Place 0 is nobody's: what a padded pass has to write somewhere goes there.
    forget: makes room by forgetting something; False where there is nothing to forget.
    """

    def __init__(self, layers: Sequence[LayerShape], places: int) -> None:
        self.keys = [torch.empty(places, at.heads, at.key_size, dtype=at.dtype, device=at.device) for at in layers]
        self.values = [torch.empty(places, at.heads, at.value_size, dtype=at.dtype, device=at.device) for at in layers]
        self.places = places
        self.forget: Callable[[], bool] = lambda: False
        self._free = [Span(1, places - 1)]  # in order, no two side by side

    @property
    def free(self) -> int:
        """Places that nobody has."""
        return sum(span.places for span in self._free)

    def take(self, places: int, high: bool = False) -> Span:
        """A free span: the lowest that is long enough, or the highest. Raises PoolFull.

        Prefixes, which stay, are taken low and rows, which come and go, high: so that neither is in the other's way.
        """
        while True:
            for at in reversed(range(len(self._free))) if high else range(len(self._free)):
                hole = self._free[at]
                if hole.places < places:
                    continue
                rest = hole.places - places
                start = hole.start + rest if high else hole.start
                left = Span(hole.start if high else hole.start + places, rest)
                self._free[at : at + 1] = [left] if rest else []
                return Span(start, places)
            if not self.forget():
                raise PoolFull(f"no room for the keys and values of {places} tokens beside what is in use")

    def give_back(self, span: Span) -> None:
        """The span is free again."""
        at = bisect.bisect([hole.start for hole in self._free], span.start)
        start, end = span.start, span.start + span.places
        if at < len(self._free) and self._free[at].start == end:
            end += self._free.pop(at).places
        if at and self._free[at - 1].start + self._free[at - 1].places == start:
            at -= 1
            start = self._free.pop(at).start
        self._free.insert(at, Span(start, end - start))

    def moved(self, span: Span, places: int, count: int) -> Span:
        """A wider span that begins with the first `count` places of this one, which is given back. Raises PoolFull."""
        wider = self.take(places, high=True)
        try:
            for tensor in (*self.keys, *self.values):
                tensor[wider.first(count)] = tensor[span.first(count)]
        except BaseException:
            self.give_back(wider)
            raise
        self.give_back(span)
        return wider

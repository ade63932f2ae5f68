"""The boxes of a line's characters, packed: 16 bytes each. A list of tuples takes 215, 350 MB of 300 full pages."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import overload

from dsx.types import Box

NO_BOX: Box = (float("nan"), float("nan"), float("nan"), float("nan"))
_box = struct.Struct("4f")


class Boxes(Sequence[Box]):
    """Cannot be changed. Edges are float32, as those of `Document.char_boxes` and of MuPDF are."""

    __slots__ = ("packed",)

    def __init__(self, boxes: Iterable[Box] = (), packed: bytes | None = None) -> None:
        if packed is None:
            edges = [*chain.from_iterable(boxes)]
            packed = struct.pack(f"{len(edges)}f", *edges)
        self.packed = packed

    def __len__(self) -> int:
        return len(self.packed) // _box.size

    def __iter__(self) -> Iterator[Box]:
        return _box.iter_unpack(self.packed)

    @overload
    def __getitem__(self, at: int) -> Box: ...

    @overload
    def __getitem__(self, at: slice) -> Boxes: ...

    def __getitem__(self, at: int | slice) -> Box | Boxes:
        if isinstance(at, slice):
            start, stop, step = at.indices(len(self))
            if step != 1:
                raise ValueError("boxes are taken one after the other")
            return Boxes(packed=self.packed[start * _box.size : max(start, stop) * _box.size])
        if not -len(self) <= at < len(self):
            raise IndexError(at)
        return _box.unpack_from(self.packed, at % len(self) * _box.size)

    def __add__(self, others: Iterable[Box]) -> Boxes:
        return Boxes(packed=self.packed + boxes_of(others).packed)


SPACE = Boxes([NO_BOX])
"""Of a character that stands on no page."""


def boxes_of(boxes: Iterable[Box]) -> Boxes:
    """These boxes packed."""
    return boxes if isinstance(boxes, Boxes) else Boxes(boxes)

"""Boxes of characters, packed."""

from __future__ import annotations

import pytest

from dsx.load.boxes import NO_BOX, SPACE, Boxes, boxes_of

THREE = [(1.0, 2.0, 3.0, 4.0), (5.0, 6.0, 7.0, 8.0), (9.5, 10.0, 11.0, 12.25)]


def test_packed_boxes_are_a_sequence_of_boxes() -> None:
    boxes = Boxes(THREE)
    assert (list(boxes), len(boxes), boxes[0], boxes[-1]) == (THREE, 3, THREE[0], THREE[2])
    assert [list(boxes[1:]), list(boxes[:-1]), list(boxes[2:1])] == [THREE[1:], THREE[:-1], []]
    assert boxes_of(boxes) is boxes
    with pytest.raises(IndexError):
        boxes[3]
    with pytest.raises(ValueError, match="one after the other"):
        boxes[::2]


def test_boxes_are_joined_to_packed_ones_and_to_others() -> None:
    boxes = Boxes(THREE[:1]) + THREE[1:] + SPACE
    assert list(boxes)[:3] == THREE
    assert str(boxes[3]) == str(NO_BOX)


def test_a_box_takes_sixteen_bytes() -> None:
    assert len(Boxes(THREE * 100).packed) == 16 * 300

"""Text that runs up, down or upside down on its page: read in a frame that is turned with it, then turned back.

A turn is 0 for upright text, 1 for text that runs upward, 2 upside down, 3 downward.
"""

from __future__ import annotations

from collections.abc import Sequence

from dsx.load.boxes import Boxes
from dsx.load.lines import Line
from dsx.types import Box

MIN_SHARE = 0.5
"""Turned lines with less of a page's letters than this, and without a table's caption, are its edge or a figure's."""
MIN_LETTERS = 40


def turned(box: Box, turn: int, size: tuple[float, float]) -> Box:
    """A box of a page of this width and height (points) in the frame in which text of this turn is upright."""
    (x0, y0, x1, y1), (width, height) = box, size
    if turn == 1:
        return (height - y1, x0, height - y0, x1)
    if turn == 2:
        return (width - x1, height - y1, width - x0, height - y0)
    return (y0, width - x1, y1, width - x0) if turn == 3 else box


def turned_size(turn: int, size: tuple[float, float]) -> tuple[float, float]:
    """Width and height of the page in that frame."""
    return (size[1], size[0]) if turn in (1, 3) else size


def by_turn(lines: Sequence[Line], size: tuple[float, float]) -> dict[int, list[Line]]:
    """A page's lines by their turn, each in its frame, the upright ones first; stray turned ones are left out."""
    from dsx.load.table_extent import CAPTION

    letters = sum(len(line.text) for line in lines)
    found: dict[int, list[Line]] = {0: [line for line in lines if not line.turn]}
    for turn in (1, 2, 3):
        own = [line for line in lines if line.turn == turn]
        count = sum(len(line.text) for line in own)
        many = count >= MIN_LETTERS and count >= MIN_SHARE * letters and len(own) > 2
        if many or any(CAPTION.match(line.text) for line in own):
            found[turn] = [_with_boxes(line, turn, size) for line in own]
    return found


def turned_back(lines: Sequence[Line], sizes: Sequence[tuple[float, float]]) -> list[Line]:
    """Lines in their pages' own coordinates. sizes: of the pages, in points."""
    for line in lines:
        if line.turn:
            _with_boxes(line, (4 - line.turn) % 4, turned_size(line.turn, sizes[line.page - 1]))
    return list(lines)


def _with_boxes(line: Line, turn: int, size: tuple[float, float]) -> Line:
    line.boxes = Boxes(turned(box, turn, size) for box in line.boxes)
    line.box = turned(line.box, turn, size)
    return line

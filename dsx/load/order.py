"""Reading order where the order of drawing is another: columns drawn row by row, capitals let in, titles drawn last."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from itertools import accumulate, pairwise

from dsx.load.lines import Line

LEAST_LETTERS = 30
"""Lines of two columns of text have so many letters, at the median; the cells of a table have fewer."""
LEAST_SWITCHES = 8
DROP_CAP = 1.6
"""A capital that is let in is larger than this times the text beside it."""


def in_order(lines: Sequence[Line]) -> list[Line]:
    """The lines of one page as they are read."""
    return by_columns(_top_first(with_drop_caps(lines)))


def _top_first(lines: list[Line]) -> list[Line]:
    """Lines drawn last that stand above all others come first, as a title over columns does."""
    highest = list(accumulate((line.box[1] for line in lines), min))
    lowest = 0.0
    for at in range(len(lines) - 1, 0, -1):
        lowest = max(lowest, lines[at].box[3])
        if lowest <= highest[at - 1]:
            return lines[at:] + lines[:at]
    return lines


def with_drop_caps(lines: Sequence[Line]) -> list[Line]:
    """A capital over several lines at the head of a paragraph stands with the rest of its word."""
    joined: list[Line] = []
    waiting: Line | None = None
    for line in lines:
        letter = line.text.strip()
        if len(letter) == 1 and letter.isupper():
            waiting = line
        elif waiting is not None and _lets_in(waiting, line):
            at = waiting.text.index(waiting.text.strip())
            line.text = waiting.text[at] + line.text.lstrip()
            line.boxes = waiting.boxes[at : at + 1] + line.boxes[len(line.boxes) - len(line.text) + 1 :]
            joined.remove(waiting)
            waiting = None
        joined.append(line)
    return joined


def _lets_in(capital: Line, line: Line) -> bool:
    start = line.text.lstrip()[:1]
    beside = -1 <= line.box[0] - capital.box[2] < 2 * line.size
    top = capital.box[1] - line.size <= line.box[1] and line.box[3] <= capital.box[3] + line.size
    return capital.size > DROP_CAP * line.size and beside and top and (start.islower() or start == " ")


def by_columns(lines: Sequence[Line]) -> list[Line]:
    """Two columns of text that were drawn row by row: the left one first, between the lines that run over both."""
    gutter = _gutter(lines)
    if gutter is None:
        return list(lines)
    ordered: list[Line] = []
    band: list[Line] = []
    for line in [*lines, None]:
        if line is not None and not line.box[0] < gutter < line.box[2]:
            band.append(line)
            continue
        for side, number in ((0, 1), (1, 2)):
            column = [one for one in band if (one.box[0] >= gutter) == bool(side)]
            for one in sorted(column, key=lambda one: one.box[1]):
                one.block = -(one.block * 2 + number)  # no block holds lines of both columns
                ordered.append(one)
        band = []
        if line is not None:
            ordered.append(line)
    return ordered


def _gutter(lines: Sequence[Line]) -> float | None:
    """The middle of the white space between two columns, where the lines switch from one to the other and back."""
    if len(lines) < 2 * LEAST_SWITCHES:
        return None
    left = min(line.box[0] for line in lines)
    right = max(line.box[2] for line in lines)
    middle = (left + right) / 2
    apart = [line for line in lines if line.box[2] < middle + 20 or line.box[0] > middle - 20]
    sides = [line.box[0] > middle - 20 for line in apart]
    switches = sum(one != other for one, other in pairwise(sides))
    if switches < LEAST_SWITCHES or switches < 0.5 * len(apart) or len(apart) < 0.8 * len(lines):
        return None
    for side in (False, True):
        letters = [len(line.text) for line, own in zip(apart, sides, strict=True) if own is side]
        if not letters or statistics.median(letters) < LEAST_LETTERS:
            return None
    ends = max(line.box[2] for line, own in zip(apart, sides, strict=True) if not own)
    starts = min(line.box[0] for line, own in zip(apart, sides, strict=True) if own)
    return (ends + starts) / 2 if starts > ends else None

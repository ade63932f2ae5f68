"""Reading order where the order of drawing is another: columns drawn row by row, capitals let in, titles drawn last."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from itertools import accumulate, pairwise

from dsx.load.lines import Line

MIN_LETTERS = 30
"""Lines of two columns of text have so many letters, at the median; the cells of a table have fewer."""
MIN_SWITCHES = 8
WIDEST_COLUMN = 0.55
"""Of the width of all lines: what is wider runs over several columns."""
QUOTES = "“‘«\"'"
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
        if len(letter.lstrip(QUOTES)) == 1 and letter[-1].isupper():
            waiting = line
        elif waiting is not None and _lets_in(waiting, line):
            capital, rest = waiting.text.strip(), line.text.lstrip()
            at = waiting.text.index(capital)
            line.text = capital + rest
            line.boxes = waiting.boxes[at : at + len(capital)] + line.boxes[len(line.boxes) - len(rest) :]
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
    """Columns of text that were drawn row by row: the left one first, between the lines that run over several."""
    gutters = _gutters(lines)
    if not gutters:
        return list(lines)
    ordered: list[Line] = []
    band: list[Line] = []
    for line in [*lines, None]:
        if line is not None and not any(line.box[0] < gutter < line.box[2] for gutter in gutters):
            band.append(line)
            continue
        for number in range(len(gutters) + 1):
            column = [one for one in band if sum(one.box[0] >= gutter for gutter in gutters) == number]
            for one in sorted(column, key=lambda one: one.box[1]):
                one.block = -(one.block * (len(gutters) + 1) + number + 1)  # no block holds lines of two columns
                ordered.append(one)
        band = []
        if line is not None:
            ordered.append(line)
    return ordered


def _gutters(lines: Sequence[Line]) -> list[float]:
    """The middles of the white space between columns, where the lines switch from one to the next and back."""
    if len(lines) < 2 * MIN_SWITCHES:
        return []
    width = max(line.box[2] for line in lines) - min(line.box[0] for line in lines)
    apart = [line for line in lines if line.box[2] - line.box[0] < WIDEST_COLUMN * width]
    columns: list[tuple[float, float]] = []
    for x0, x1 in sorted((line.box[0], line.box[2]) for line in apart if len(line.text) > MIN_LETTERS / 2):
        if columns and x0 <= columns[-1][1]:
            columns[-1] = (columns[-1][0], max(x1, columns[-1][1]))
        else:
            columns.append((x0, x1))
    gutters = [(one[1] + other[0]) / 2 for one, other in pairwise(columns)]
    places = [sum(line.box[0] >= gutter for gutter in gutters) for line in apart]
    switches = sum(one != other for one, other in pairwise(places))
    if switches < max(MIN_SWITCHES, 0.5 * len(apart)) or len(apart) < 0.8 * len(lines):
        return []
    for column in range(len(columns)):
        letters = [len(line.text) for line, place in zip(apart, places, strict=True) if place == column]
        if statistics.median(letters) < MIN_LETTERS:
            return []
    return gutters

"""The heads of a table's columns: several lines, and heads that span several columns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from dsx.load.table_columns import Cell, Interval
from dsx.load.table_words import stacked
from dsx.types import Box

Level = list[Cell]
"""Heads that stand beside each other; a head of several lines is one cell."""


def levels_of(
    rows: Sequence[Sequence[Cell]], columns: Sequence[Interval], rules: Sequence[Box], hyphenated: Counter[str]
) -> list[Level]:
    """Printed head rows as levels, the outermost first. rules: the horizontal ones that do not cross the table."""
    levels: list[Level] = []
    for at, row in enumerate(rows):
        below = rows[at + 1] if at + 1 < len(rows) else ()
        spread = _spread(row, below, columns, rules)
        if levels and _fits(levels[-1], spread):
            levels[-1] = _stack(levels[-1], spread, hyphenated)
        else:
            levels.append(list(spread))
    for upper, lower in pairwise(levels):
        _push_down(upper, lower, hyphenated)
    return [level for level in levels if level]


def _push_down(upper: Level, lower: Level, hyphenated: Counter[str]) -> None:
    """The first line of a head of one column, beside heads that span several, goes to its other lines."""
    if all(head.first == head.last for head in upper):
        return
    own = {head.first: at for at, head in enumerate(lower) if head.first == head.last}
    for head in [head for head in upper if head.first == head.last and head.first in own]:
        at = own[head.first]
        lower[at] = Cell(head.first, head.last, stacked(head.part, lower[at].part, hyphenated))
        upper.remove(head)


def _fits(level: Level, row: Sequence[Cell]) -> bool:
    """Whether a printed row goes on with the heads of a level: below the same columns, or where none stands."""
    return all(
        any((cell.first, cell.last) == (head.first, head.last) for head in level)
        or not any(cell.first <= head.last and head.first <= cell.last for head in level)
        for cell in row
    ) and (all(head.first == head.last for head in level) or any(cell.first < cell.last for cell in row))


def _stack(level: Level, row: Sequence[Cell], hyphenated: Counter[str]) -> Level:
    merged = {head.first: head for head in level}
    for cell in row:
        above = merged.get(cell.first)
        part = stacked(above.part, cell.part, hyphenated) if above else cell.part
        merged[cell.first] = Cell(cell.first, cell.last, part)
    return [merged[first] for first in sorted(merged)]


def _spread(
    row: Sequence[Cell], below: Sequence[Cell], columns: Sequence[Interval], rules: Sequence[Box]
) -> list[Cell]:
    """The cells of a head row over all the columns that they head: by the rule under each, else by their middles."""
    by_rule = [_over_rule(cell, columns, rules) for cell in row]
    overlap = any(one.last >= other.first for one, other in pairwise(by_rule))  # one rule under several heads
    if not overlap and any(
        (one.first, one.last) != (cell.first, cell.last) for one, cell in zip(by_rule, row, strict=True)
    ):
        return by_rule
    free = [at for at in range(len(columns)) if not any(cell.first <= at <= cell.last for cell in row)]
    headed = {at for cell in below for at in range(cell.first, cell.last + 1)}
    names = [cell.part.text for cell in below if cell.first]
    repeated = len(set(names)) < len(names)
    between = any(_middle_misses(cell, columns) for cell in row if cell.first)
    if not any(at in headed for at in free if at) or not (repeated or between):
        return list(row)
    return _by_middles(row, below, columns)


def _over_rule(cell: Cell, columns: Sequence[Interval], rules: Sequence[Box]) -> Cell:
    _, y0, _, y1 = cell.part.box
    height = y1 - y0
    under = [
        rule for rule in rules if rule[0] <= cell.part.middle <= rule[2] and -0.3 * height <= rule[1] - y1 < height
    ]
    if not under:
        return cell
    rule = min(under, key=lambda rule: rule[1])
    over = [
        at
        for at, (left, right) in enumerate(columns)
        if min(right, rule[2]) - max(left, rule[0]) > 0.5 * (right - left)
    ]
    return Cell(min(over[0], cell.first), max(over[-1], cell.last), cell.part) if over else cell


def _middle_misses(cell: Cell, columns: Sequence[Interval]) -> bool:
    """Whether a head stands in the middle of no column, nor at its left edge."""
    left, right = columns[cell.first]
    if cell.first < cell.last:
        return True
    return (
        abs(cell.part.middle - (left + right) / 2) > 0.9 * cell.part.size
        and abs(cell.part.box[0] - left) > 0.9 * cell.part.size
        and abs(cell.part.box[2] - right) > 0.9 * cell.part.size
    )


def _by_middles(row: Sequence[Cell], below: Sequence[Cell], columns: Sequence[Interval]) -> list[Cell]:
    """Each head over the neighbouring columns whose common middle (or left edge) is nearest to its own.

    Of spans that fit alike the widest is taken; no span holds two heads of one name.
    """
    names = {at: cell.part.text for cell in below for at in range(cell.first, cell.last + 1)}
    spread: list[Cell] = []
    for index, cell in enumerate(row):
        start = spread[-1].last + 1 if spread else 1
        end = row[index + 1].first - 1 if index + 1 < len(row) else len(columns) - 1
        spans = [
            (first, last)
            for first in range(start, cell.first + 1)
            for last in range(cell.last, max(end, cell.last) + 1)
            if _distinct([names.get(at) for at in range(first, last + 1)])
        ]
        if cell.first == 0 or not spans:
            spread.append(cell)
            continue
        apart = {span: _distance(cell, span, columns) for span in spans}
        near = [span for span in spans if apart[span] <= min(apart.values()) + 0.5 * cell.part.size]
        first, last = max(near, key=lambda span: (span[1] - span[0], -apart[span]))
        spread.append(Cell(first, last, cell.part))
    return spread


def _distinct(names: Sequence[str | None]) -> bool:
    return None not in names and len(set(names)) == len(names)


def _distance(cell: Cell, span: tuple[int, int], columns: Sequence[Interval]) -> float:
    """Points from a head's middle to that of its columns; from edge to edge where it begins with them."""
    left, right = columns[span[0]][0], columns[span[1]][1]
    flush = abs(cell.part.box[0] - left)
    middle = abs(cell.part.middle - (left + right) / 2)
    return min(middle, flush) if flush < 0.3 * cell.part.size else middle

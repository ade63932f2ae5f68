"""Columns of a table: told by the white space that all its rows leave, and the cells that this gives in each row."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from dsx.load.table_words import CELL_GAP, TIGHT_GAP, Segment, joined, segments

MANY_ROWS = 3
BODY_SHARE = 0.75
"""A row with this share of the usual number of segments, at least, tells where the columns are."""
STRAY = 12
"""One row in so many may write over the white space between two columns."""

Interval = tuple[float, float]


@dataclass(slots=True)
class Cell:
    """What one row holds in the columns first…last."""

    first: int
    last: int
    part: Segment


def columns_of(rows: Sequence[Sequence[Segment]], upright: Sequence[float] = ()) -> list[Interval]:
    """Left and right edges of each column. rows: words; upright: places of vertical rules, which part columns too."""
    cut = [segments(row) for row in rows]
    tight = [segments(row, TIGHT_GAP) for row in rows] if len(rows) >= MANY_ROWS else cut
    least = [max(2, BODY_SHARE * _usual_count([len(row) for row in way])) for way in (cut, tight)]
    counts = zip(rows, cut, tight, strict=True)
    chosen = [(row, len(other)) for row, one, other in counts if len(one) >= least[0] or len(other) >= least[1]]
    half = statistics.median(count for _, count in chosen) / 2 if chosen else 0
    telling = [row for row, count in chosen if count > half]  # heads over several columns tell nothing
    above = next((at for at, row in enumerate(rows) if telling and row is telling[0]), 0)
    if not telling:
        return []
    size = max(word.size for row in telling for word in row)
    gap = (TIGHT_GAP if len(telling) >= MANY_ROWS else CELL_GAP) * size
    columns = _between_gaps([_spans(row) for row in telling], gap, len(telling) // STRAY, upright)
    columns = _without_brackets(columns, telling, size)
    for parts in tight[above:]:  # a column that few rows fill
        for part in parts:
            apart = all(part.box[0] >= right + gap / 2 or part.box[2] <= left - gap / 2 for left, right in columns)
            if apart and len(parts) > 1:
                columns.append((part.box[0], part.box[2]))
                columns.sort()
    return _one_a_cell(columns, rows, upright) if upright else columns


def _one_a_cell(
    columns: Sequence[Interval], rows: Sequence[Sequence[Segment]], upright: Sequence[float]
) -> list[Interval]:
    """Columns between the same two vertical rules as one, where few rows fill more than one: words set wide apart."""
    cells: list[list[Interval]] = []
    for column in columns:
        if cells and not any(cells[-1][-1][1] <= x <= column[0] for x in upright):
            cells[-1].append(column)
        else:
            cells.append([column])
    merged: list[Interval] = []
    for cell in cells:
        filled = [sum(any(left <= word.middle <= right for word in row) for left, right in cell) for row in rows]
        if len(cells) > 2 and sum(count > 1 for count in filled) <= len(rows) // 3:
            merged.append((cell[0][0], cell[-1][1]))
        else:
            merged += cell
    return merged


def _usual_count(counts: Sequence[int]) -> int:
    """The largest number of segments that two rows, and a sixth of all rows, have at least."""
    ordered = sorted(counts, reverse=True)
    return ordered[min(len(ordered) - 1, max(1, len(ordered) // 6))] if ordered else 0


def _spans(row: Sequence[Segment]) -> list[Interval]:
    return [(word.box[0], word.box[2]) for word in row]


def _between_gaps(
    rows: Sequence[Sequence[Interval]], gap: float, stray: int, upright: Sequence[float]
) -> list[Interval]:
    """The stretches that more than `stray` rows write on, where `gap` points of white space or a rule part them."""
    edges = Counter[float]()
    for row in rows:
        for left, right in _merged(row, gap / 2):
            edges[left] += 1
            edges[right] -= 1
    found: list[Interval] = []
    depth, start = 0, math.nan
    for at in sorted(edges):
        before, depth = depth, depth + edges[at]
        if before <= stray < depth:
            start = at
        elif depth <= stray < before:
            parted = not found or start - found[-1][1] >= gap or any(found[-1][1] <= x <= start for x in upright)
            if parted:
                found.append((start, at))
            else:
                found[-1] = (found[-1][0], at)
    return found


def _merged(row: Sequence[Interval], gap: float) -> list[Interval]:
    found: list[Interval] = []
    for left, right in sorted(row):
        if found and left - found[-1][1] < gap:
            found[-1] = (found[-1][0], max(right, found[-1][1]))
        else:
            found.append((left, right))
    return found


def _without_brackets(columns: list[Interval], rows: Sequence[Sequence[Segment]], size: float) -> list[Interval]:
    """A column that holds nothing but "(4.1)" or "± 4.1", close to the column before, is one with that, unless words
    head it alone."""
    found: list[Interval] = []
    for left, right in columns:
        inside = [joined(words).text for row in rows if (words := [w for w in row if left <= w.box[0] <= right])]
        bracketed = [text[0] in "([±" and text[-1] in ")]0123456789%*" for text in inside if text]
        near = bool(found) and left - found[-1][1] < 1.5 * size and not any(_headed(row, left, right) for row in rows)
        if near and bracketed and sum(bracketed) >= 0.75 * len(bracketed):
            found[-1] = (found[-1][0], right)
        else:
            found.append((left, right))
    return found


def _headed(row: Sequence[Segment], left: float, right: float) -> bool:
    """Whether words that are not in brackets begin in a column, a gap away from what is before them."""
    inside = [word for word in row if left <= word.box[0] <= right]
    if not inside or inside[0].text[0] in "([±" or not any(letter.isalpha() for word in inside for letter in word.text):
        return False
    before = max((word.box[2] for word in row if word.box[0] < left), default=-math.inf)
    return inside[0].box[0] - before > TIGHT_GAP * inside[0].size


def cells_of(row: Sequence[Segment], columns: Sequence[Interval]) -> list[Cell]:
    """The words of one printed row in their columns; what covers the space between two columns spans both."""
    found: list[tuple[int, int, list[Segment]]] = []
    for words in _stretches(row, columns):
        first, last = _columns_under(words, columns)
        if found and (first <= found[-1][1] or (_close(found[-1][2][-1], words[0]) and first == last == found[-1][1])):
            before = found.pop()
            found.append((before[0], max(before[1], last), [*before[2], *words]))
        else:
            found.append((first, last, words))
    return [Cell(first, last, joined(words)) for first, last, words in found]


def _stretches(row: Sequence[Segment], columns: Sequence[Interval]) -> list[list[Segment]]:
    """The words that stand close to each other; where a row has many cells, cut where a column begins."""
    found: list[list[Segment]] = []
    for word in row:
        if found and _close(found[-1][-1], word):
            found[-1].append(word)
        else:
            found.append([word])
    if len(found) > len(columns) / 2:
        return found
    cut = [part for words in found for part in _cut(words, columns)]
    return cut if len(cut) >= BODY_SHARE * len(columns) else found


def _cut(words: Sequence[Segment], columns: Sequence[Interval]) -> list[list[Segment]]:
    parts = [[words[0]]]
    for word in words[1:]:
        if _parted(parts[-1], word, columns):
            parts.append([word])
        else:
            parts[-1].append(word)
    return parts


def _close(before: Segment, word: Segment) -> bool:
    return word.box[0] - before.box[2] <= TIGHT_GAP * max(word.size, 4)


def _parted(before: Sequence[Segment], word: Segment, columns: Sequence[Interval]) -> bool:
    """Whether a column begins with a word, and what stands before it is in the column before."""
    return any(before[-1].box[2] <= left + 1 and word.box[0] >= left - 1 for left, _ in columns[1:])


def _columns_under(words: Sequence[Segment], columns: Sequence[Interval]) -> tuple[int, int]:
    x0, x1 = words[0].box[0], words[-1].box[2]
    under = [at for at, (left, right) in enumerate(columns) if min(x1, right) - max(x0, left) > 0.5]
    if under:
        return under[0], under[-1]
    middle = (x0 + x1) / 2
    nearest = min(range(len(columns)), key=lambda at: max(columns[at][0] - middle, middle - columns[at][1]))
    return nearest, nearest

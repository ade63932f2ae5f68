"""Words that run up or down beside an upright table: labels of groups of rows, and heads of its columns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import reduce

from dsx.load.lines import Line
from dsx.load.table_columns import cells_of
from dsx.load.table_grid import Layout, extent
from dsx.load.table_stubs import share_labels
from dsx.load.table_words import Segment, around, stacked

GAP = 3.0
"""White space between such words and the rows, at most, in font sizes."""


def add_sideways(layout: Layout, lines: Sequence[Line], hyphenated: Counter[str]) -> None:
    """Adds to a table what stands sideways beside it. lines: of its page that run up or down."""
    if not lines:
        return
    _, _, right, foot = extent(layout)
    left, top = layout.columns[0][0], layout.body[0].top
    labels, heads = list[tuple[Segment, int]](), list[Segment]()
    for line in lines:
        part, gap = _segment(line), GAP * line.size
        _, y0, x1, y1 = part.box
        if left - gap < x1 <= left + 1 and top - line.size < y0 and y1 < foot + line.size:
            labels.append((part, line.turn))
        elif left < part.middle < right + line.size and top - gap < y1 < top + line.size:
            heads.append(part)
    if labels:
        named = [(part, (part.box[1] + part.box[3]) / 2) for part in _joined(labels, hyphenated)]
        layout.sides = share_labels(named, layout.body)
    if heads:
        level = cells_of(sorted(heads, key=lambda head: head.middle), layout.columns)
        beside = layout.heads.pop() if layout.heads else []
        if any(cell.first <= head.last and head.first <= cell.last for cell in level for head in beside):
            layout.heads += [beside, level]
        else:
            layout.heads.append(sorted([*beside, *level], key=lambda cell: cell.first))


def _segment(line: Line) -> Segment:
    text = line.text.strip()
    start = line.text.index(text)
    boxes = list(line.boxes)[start : start + len(text)]
    return Segment(text, boxes, around(boxes), line.size, line.bold)


def _joined(labels: Sequence[tuple[Segment, int]], hyphenated: Counter[str]) -> Iterator[Segment]:
    """Labels from the top, the lines of each as one: they stand side by side, the first one left where text runs up.

    labels: each with the turn of its line.
    """
    groups: list[list[tuple[Segment, int]]] = []
    for label in sorted(labels, key=lambda label: label[0].box[1]):
        if groups and label[0].box[1] < max(part.box[3] for part, _ in groups[-1]):
            groups[-1].append(label)
        else:
            groups.append([label])
    for group in groups:
        ordered = sorted(group, key=lambda label: label[0].middle if label[1] == 1 else -label[0].middle)
        yield reduce(lambda upper, lower: stacked(upper, lower, hyphenated), [part for part, _ in ordered])

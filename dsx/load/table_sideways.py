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

LABEL_GAP, HEAD_GAP = 5.0, 3.0
"""White space between such labels, or heads, and the rows, at most, in font sizes."""

Sideways = tuple[Segment, int]
"""Words and how they run: 1 up, 3 down."""


def add_sideways(layout: Layout, lines: Sequence[Line], hyphenated: Counter[str]) -> None:
    """Adds to a table what stands sideways beside it. lines: of its page that run up or down."""
    if not lines:
        return
    _, _, right, foot = extent(layout)
    left, top = layout.columns[0][0], layout.body[0].top
    labels, heads = list[Sideways](), list[Sideways]()
    edge = left
    for line in sorted(lines, key=lambda line: -line.box[0]):
        part = _segment(line)
        x0, y0, x1, y1 = part.box
        if edge - LABEL_GAP * line.size < x1 <= left + 1 and top - line.size < y0 and y1 < foot + line.size:
            labels.append((part, line.turn))
            edge = min(edge, x0)
        elif left < part.middle < right + line.size and top - HEAD_GAP * line.size < y1 < top + line.size:
            heads.append((part, line.turn))
    if labels:
        named = [(part, (part.box[1] + part.box[3]) / 2) for part in _joined(labels, 1, hyphenated)]
        layout.sides = share_labels(named, layout.body)
    if heads:
        level = cells_of(list(_joined(heads, 0, hyphenated)), layout.columns)
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


def _joined(parts: Sequence[Sideways], axis: int, hyphenated: Counter[str]) -> Iterator[Segment]:
    """Words along an axis (0 across the page, 1 down), the lines of each as one, left first where they run up."""
    groups: list[list[Sideways]] = []
    for part in sorted(parts, key=lambda part: part[0].box[axis]):
        if groups and part[0].box[axis] < max(other.box[axis + 2] for other, _ in groups[-1]) + 0.3 * part[0].size:
            groups[-1].append(part)
        else:
            groups.append([part])
    for group in groups:
        ordered = sorted(group, key=lambda part: part[0].middle if part[1] == 1 else -part[0].middle)
        yield reduce(lambda upper, lower: stacked(upper, lower, hyphenated), [part for part, _ in ordered])

"""The labels of a printed table's rows: how they are set, and which rows share one."""

from __future__ import annotations

from collections.abc import Sequence

from dsx.load.table_grid import Row
from dsx.load.table_groups import Stub, group_rows
from dsx.load.table_words import Segment

INDENT = 0.4
"""Labels set in by more than this, in font sizes, stand under the row above."""
MAX_INDENTS = 3
"""Labels that begin in more places than this are not set in by what they mean."""


def groups_of(body: Sequence[Row]) -> list[tuple[Segment, ...]]:
    """For each row the heads of its groups, the outermost first."""
    step = INDENT * max((row.cells[0].size for row in body if 0 in row.cells), default=0.0)
    named = [row.cells[0] for row in body if 0 in row.cells and len(row.cells) > 1]
    indented = not _begin_by_chance(named, step)
    every = [row.cells[0] for row in body if 0 in row.cells]
    left = min((label.box[0] for label in every), default=0.0)
    all_bold = all(label.bold for label in every)
    stubs = list[Stub | None]()
    for row in body:
        first, part = min(row.cells.items())
        alone = len(row.cells) == 1
        if first == 0:
            indent = part.box[0] - left if indented else 0.0
            stubs.append(Stub(part.text, indent, alone, part.bold and not all_bold))
        elif alone and not part.is_number:  # centred over the columns
            stubs.append(Stub(part.text, 0.0, alone, True))
        else:
            stubs.append(None)
    heads = [body[at].cells[min(body[at].cells)] for at in range(len(body))]
    return [tuple(heads[at] for at in path) for path in group_rows(stubs, step)]


def _begin_by_chance(labels: Sequence[Segment], step: float) -> bool:
    """Whether labels are centred, flush right, or begin anywhere, so that no indent means anything."""
    levels = list[float]()
    for start in sorted(label.box[0] for label in labels):
        if not levels or start - levels[-1] > step:
            levels.append(start)
    middles, ends = [2 * label.middle for label in labels], [label.box[2] for label in labels]
    aligned = any(max(edges) - min(edges) <= step for edges in (middles, ends) if edges)
    return len(levels) > MAX_INDENTS or (len(levels) > 1 and aligned)


def begins_unlabelled(body: Sequence[Row]) -> bool:
    """Whether the first row of a table, titles over it passed over, has no label."""
    return 0 not in next((row.cells for row in body if len(row.cells) > 1), body[0].cells)


def labels_of(body: Sequence[Row]) -> Sequence[Segment | None]:
    """Each row's label, its own or the one that it shares with others."""
    if begins_unlabelled(body):
        labels = [(row.cells[0], (row.cells[0].box[1] + row.cells[0].box[3]) / 2) for row in body if 0 in row.cells]
        return share_labels(labels, body) if labels else [None] * len(body)
    shared, label = list[Segment | None](), None
    for row in body:
        label = row.cells.get(0, label)
        shared.append(label)
    return shared


def share_labels(labels: Sequence[tuple[Segment, float]], body: Sequence[Row]) -> list[Segment]:
    """Each row's label where these stand at the middle of the rows that they name: as many rows above a label as below
    it, in points; where that leaves rows without one, each row's is the nearest.

    labels: from the top, each with its middle.
    """
    names: list[Segment] = []
    for label, middle in labels:
        foot = 2 * middle - body[min(len(names), len(body) - 1)].top
        names += [label for row in body[len(names) :] if row.middle < foot]
    if len(names) == len(body):
        return names
    return [min(labels, key=lambda label: abs(label[1] - row.middle))[0] for row in body]

"""Tables in which heads stand again in the middle, of other names: each part has its own."""

from __future__ import annotations

from dsx.load.table_columns import Cell
from dsx.load.table_grid import Layout, Row

FILLED = 0.6
"""Share of the columns that such heads fill, at least."""


def by_heads(layout: Layout) -> list[Layout]:
    """A table cut where a row of its body is heads; the first part is `layout` itself."""
    body, sides = layout.body, layout.sides
    heads = [at for at in range(1, len(body) - 1) if layout.heads and _is_heads(layout, at)]
    starts = [at - (len(body[at - 1].cells) == 1) for at in heads]  # a title over the part goes with it
    parts = [layout]
    for start, at, end in zip(starts, heads, [*starts, len(body)][1:], strict=True):
        level = [Cell(column, column, part) for column, part in sorted(body[at].cells.items())]
        rows = [*body[start:at], *body[at + 1 : end]]
        parts.append(Layout([level], rows, layout.columns, [*sides[start:at], *sides[at + 1 : end]], layout.crossing))
    if starts:
        layout.body, layout.sides = body[: starts[0]], sides[: starts[0]]
    return parts


def _is_heads(layout: Layout, at: int) -> bool:
    """Whether a row is words over numbers, below numbers or a title, and bold or between two rules."""
    before, row, after = layout.body[at - 1 : at + 2]
    words = [part for column, part in row.cells.items() if column]
    if len(words) < max(2, FILLED * (len(layout.columns) - 1)) or any(part.is_number for part in words):
        return False
    if not _holds_numbers(after) or not (_holds_numbers(before) or (len(before.cells) == 1 and at > 1)):
        return False
    ruled = [
        any(upper.middle < y < lower.middle for y in layout.crossing) for upper, lower in ((before, row), (row, after))
    ]
    return all(ruled) or (_is_bold(row) and not _is_bold(after))


def _holds_numbers(row: Row) -> bool:
    numbers = [part.is_number for column, part in row.cells.items() if column]
    return sum(numbers) >= max(1, len(numbers) / 2)


def _is_bold(row: Row) -> bool:
    return all(part.bold for part in row.cells.values())

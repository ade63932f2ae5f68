"""A table on its way from a loader to the Document: its rows, and which heads stand above each column."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from dsx.types import Box, Table, TableCell

CELL = "   "
"""Between two cells of a table's row: white space, so that a quote of a row is what is printed."""
GROUP = " "
"""After the head of a group of rows, before what stands under it: what is no white space is printed."""
EMPTY = "–"
"""Stands for an empty cell before a filled one, so that a row's cells can be counted off against the heads."""


@dataclass(slots=True)
class Grid:
    """A table before its place in the text is known: rows of the paragraphs whose `table` is its index.

    heads: the first rows as heads, a head that spans several columns repeated over each of them.
    labels: of every row, where a row without one is not named by the last label above it.
    groups: of every row, the heads of its groups; shared: the label that the text has in place of an empty first cell,
    else "". subheads: cells of the second column are labels too, below those of the first.
    """

    caption: str
    rows: list[tuple[str, ...]]
    page: int
    box: Box | None
    heads: list[tuple[str, ...]] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    groups: list[tuple[str, ...]] = field(default_factory=list)
    shared: list[str] = field(default_factory=list)
    subheads: bool = False

    def texts(self) -> list[str]:
        """The rows as they stand in the text."""
        groups, shared = self.groups or [()] * len(self.rows), self.shared or [""] * len(self.rows)
        return [
            group_lead(heads) + row_text((label or cells[0], *cells[1:]))
            for cells, heads, label in zip(self.rows, groups, shared, strict=True)
        ]

    def table(self, text: str, spans: Sequence[tuple[int, int]]) -> Table:
        """The finished table. spans: start and end of each row in the document's text, which is `text` from there."""
        cells = tuple(self._cells(text, spans))
        start, end = spans[0][0], spans[-1][1]
        return Table(self.caption, tuple(self.rows), self.page, self.box, start, end, cells, len(self.heads))

    def _cells(self, text: str, spans: Sequence[tuple[int, int]]) -> Iterator[TableCell]:
        label = ""
        for row, (cells, (start, end)) in enumerate(zip(self.rows, spans, strict=True)):
            is_head = row < len(self.heads)
            label = self.labels[row] if self.labels else cells[0] or label
            groups = self.groups[row] if self.groups else ()
            start += len(group_lead(groups)) + (len(self.shared[row]) if self.shared else 0)
            alone = sum(map(bool, cells)) == 1 and not cells[0]  # perhaps a head of rows, which no label names
            for column, words in enumerate(cells):
                at = text.find(words, start, end) if words else -1
                if at < 0:
                    continue
                above = self.heads[:row] if is_head else self.heads
                heads = dict.fromkeys(head[column] for head in above if column < len(head) and head[column])
                path = [*groups, label] if column else [*groups]
                if self.subheads and column > 1:
                    path.append(cells[1])
                row_head = path.pop() if column and not is_head else ""
                row_head = "" if alone and not any(map(str.isdigit, words.split()[0])) else row_head
                start = at + len(words)
                yield TableCell(row, column, words, row_head, tuple(heads), at, start, () if is_head else tuple(path))


def row_text(cells: Sequence[str]) -> str:
    """One row as it stands in the text: without the empty cells at its end, a dash for each empty one between."""
    filled = max((at for at, cell in enumerate(cells) if cell), default=-1) + 1
    return CELL.join(cell or EMPTY for cell in cells[:filled])


def group_lead(heads: Sequence[str]) -> str:
    """The heads of a row's groups as they stand before its text."""
    return "".join(head + GROUP for head in heads)


def are_subheads(rows: Sequence[Sequence[str]]) -> bool:
    """Whether rows without a label are told apart by words in the second column, which name the cells after it.

    rows: of the body.
    """
    filled = [row for row in rows if any(row[1:])]
    open_rows = [row for row in filled if not row[0]]
    names = [row[1] for row in filled if len(row) > 2]
    return bool(open_rows) and len(names) == len(filled) and all(sum(map(str.isalpha, name)) > 1 for name in names)

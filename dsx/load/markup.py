"""What markup (JATS, HTML) says outright, as paragraphs for `compose`: headings, captions, rows of tables."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dsx.errors import LoadError
from dsx.load.compose import Paragraph, compose, unplaced
from dsx.load.grid import Grid, row_text
from dsx.load.lines import RAISED
from dsx.types import Document

NO_PRINT = (595.0, 842.0)
"""Size of the one page that a document without pages has, in points (A4)."""
POWER_OF_TEN = re.compile(r"[×x·*]\s*10\s*$")
WIDEST = 200
"""Most columns and rows that one cell may span."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell as the markup has it."""

    text: str
    columns: int = 1
    rows: int = 1
    head: bool = False


@dataclass(slots=True)
class Writer:
    """Collects paragraphs in reading order. White space in texts is folded; empty ones are left out."""

    paragraphs: list[Paragraph] = field(default_factory=list)
    grids: list[Grid] = field(default_factory=list)
    _opens: tuple[int, str] | None = None

    def heading(self, title: str, level: int, kind: str) -> None:
        """Opens a section; one without a title opens with the next paragraph."""
        title = fold(title)
        if title:
            self._opens = None
            self.paragraphs.append(Paragraph([unplaced(title)], level=level, heading=kind))
        else:
            self._opens = (level, kind)

    def text(self, text: str, kind: str = "body") -> None:
        """One paragraph."""
        text = fold(text)
        if not text:
            return
        paragraph = Paragraph([unplaced(text)], kind=kind)
        if self._opens and kind == "body":
            paragraph.level, paragraph.heading = self._opens
            paragraph.implied = True
            self._opens = None
        self.paragraphs.append(paragraph)

    def table(self, caption: str, rows: Iterable[Sequence[Cell]]) -> None:
        """Caption and rows; a cell that spans several columns or rows stands in the first, the others are empty."""
        self.text(caption, "caption")
        grid = lay_out(rows)
        if not grid.rows:
            return
        grid.caption = fold(caption)
        self.grids.append(grid)
        for row in grid.rows:
            self.paragraphs.append(Paragraph([unplaced(row_text(row))], kind="row", table=len(self.grids) - 1))

    def document(self, path: Path, loader: str, metadata: dict[str, str]) -> Document:
        """All that was written. Raises LoadError where that is nothing."""
        if not self.paragraphs:
            raise LoadError(f"{path.name}: holds no text; fetch the full text")
        kept = {key: value for key, value in metadata.items() if value}
        return compose(path, loader, self.paragraphs, [NO_PRINT], grids=self.grids, metadata=kept)


def fold(text: str) -> str:
    """`text` on one line, its white space single spaces."""
    return " ".join(text.split()).replace("10 ^", "10^")


def raised(text: str, before: str) -> str:
    """A superscript after `before`: numbers and marks get a "^", so that 45 with the citation 3 is 45^3, not 453."""
    text = fold(text)
    if POWER_OF_TEN.search(before) and RAISED.fullmatch(text):
        return f"^{text}"
    apart = not before or before[-1].isspace()
    return f"^{text}" if RAISED.fullmatch(text) and not apart else text


def span(text: str | None) -> int:
    """The number of an attribute colspan or rowspan; 1 where it is none."""
    return max(1, min(int(text), WIDEST)) if text and text.isascii() and text.isdigit() and len(text) < 6 else 1


def lay_out(rows: Iterable[Sequence[Cell]]) -> Grid:
    """Rows whose cells stand in their columns; the first rows that hold nothing but heads are the columns' heads."""
    grid = Grid("", [], 1, None)
    below: dict[int, tuple[int, str]] = {}  # column → rows that a cell above still takes, and its text
    for row in rows:
        printed: dict[int, str] = {}
        covering = {column: text for column, (_, text) in below.items()}
        below = {column: (left - 1, text) for column, (left, text) in below.items() if left > 1}
        column = 0
        for cell in row:
            while column in covering:
                column += 1
            text = fold(cell.text)
            printed[column] = text
            for _ in range(cell.columns):
                covering[column] = text
                if cell.rows > 1:
                    below[column] = (cell.rows - 1, text)
                column += 1
        if any(printed.values()):
            width = max(covering) + 1
            if len(grid.heads) == len(grid.rows) and all(cell.head or not fold(cell.text) for cell in row):
                grid.heads.append(tuple(covering.get(at, "") for at in range(width)))
            grid.rows.append(tuple(printed.get(at, "") for at in range(width)))
    if len(grid.heads) == len(grid.rows):
        grid.heads = []  # nothing but heads: row labels of a table without columns' heads
    return grid

"""Load: what a person would read, with a way back to the page."""

from __future__ import annotations

import bisect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy


Json = Any
"""Anything that `json.dumps` takes."""

Box = tuple[float, float, float, float]
"""x0, y0, x1, y1."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page; its text is `Document.text[start:end]`. Pages follow each other without gaps.

    ocr: its text, or most of it, was read from a picture, by the loader or by whoever laid the text over the picture.
    """

    number: int
    start: int
    end: int
    width: float
    height: float
    ocr: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and all up to the next heading of its level or above, sub-sections included.

    title: "" where a section has no heading of its own, but its first paragraph says what it is.
    kind: abstract, introduction, methods, participants, apparatus, procedure, experiment, analysis, results,
    discussion, references, acknowledgements, supplement or other.
    """

    title: str
    kind: str
    level: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class TableCell:
    """One filled cell of a table, with what names it: `Document.text[start:end]` is its text.

    row, column: its place in `Table.rows`. row_head: the label of its row, "" for a label and for a column's head.
    column_heads: the heads above it, the outermost first. row_groups: the heads of the groups that its row belongs to,
    the outermost first, as "Test" over a row "Hand angle".
    """

    row: int
    column: int
    text: str
    row_head: str
    column_heads: tuple[str, ...]
    start: int
    end: int
    row_groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells. In the text the table is one line a row after its caption, cells parted by three spaces.

    An empty cell is "" in `rows`, and "–" in the text where a filled one follows it. In the text a row also says the
    heads of its groups ("Test Hand angle") and the label that it shares with the rows above.
    cells: the filled cells, row by row. head_rows: how many of the rows hold the columns' heads.
    """

    caption: str
    rows: tuple[tuple[str, ...], ...]
    page: int
    box: Box | None
    start: int
    end: int
    cells: tuple[TableCell, ...] = ()
    head_rows: int = 0


@dataclass(frozen=True, slots=True)
class HiddenText:
    """Text of a file that no reader sees.

    box: None where it has no place on the page.
    why: "white", "tiny", "without ink", "covered", "off the page", "hidden layer" or "not displayed".
    """

    text: str
    page: int
    box: Box | None
    why: str


DAMAGED = "damaged"
"""The name in a document's metadata under which its loader says what of the file may be lost."""


@dataclass(frozen=True, slots=True)
class Document:
    """A paper in reading order. A line break in `text` ends a paragraph, heading, caption or table row.

    id: SHA-256 of the file's content, 64 hexadecimal digits.
    char_pages: int32 [len(text)], the page number of each character (0: it stands on no page).
    char_boxes: float32 [len(text), 4], the box of each character (NaN: it was put there by the loader).
    Loaders that know no pages give one page and no boxes (all NaN).
    metadata: what stands under "damaged" is a warning in every run.
    hidden: what no reader sees; it is no part of `text`.
    """

    id: str
    file: str
    loader: str
    text: str
    pages: tuple[Page, ...]
    sections: tuple[Section, ...]
    tables: tuple[Table, ...]
    metadata: Mapping[str, str]
    char_pages: numpy.ndarray
    char_boxes: numpy.ndarray
    hidden: tuple[HiddenText, ...] = ()

    def page_at(self, offset: int) -> int:
        """The number of the page on which the character at `offset` stands."""
        at = bisect.bisect_right([page.start for page in self.pages], offset) - 1
        return self.pages[max(at, 0)].number


@dataclass(frozen=True, slots=True)
class LoadLimits:
    """What loading one file may cost.

    seconds: of wall clock and of CPU time. megabytes: of address space. characters: of text; 4 million are some 1,000
    pages, and take 10 s and 200 MB to be searched.
    """

    seconds: float = 120
    megabytes: int = 2048
    characters: int = 4_000_000

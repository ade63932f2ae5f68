"""What markup (JATS, HTML) says outright, as paragraphs for `compose`: headings, captions, rows of tables."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dsx.errors import LoadError
from dsx.load.compose import Paragraph, compose, name_abstract, unplaced
from dsx.load.grid import Grid, are_subheads
from dsx.load.lines import DEGREES, RAISED
from dsx.load.table_groups import Stub, group_rows
from dsx.load.tex import closed
from dsx.types import Document

FORMULAS = frozenset(("mfrac", "msup", "msqrt", "mroot", "msubsup", "mfenced"))
"""Elements of MathML that are written on one line by `formula`."""
NO_PRINT = (595.0, 842.0)
"""Size of the one page that a document without pages has, in points (A4)."""
POWER_OF_TEN = re.compile(r"[×x·*]\s*10\s*$")
WIDEST = 200
"""Most columns and rows that one cell may span."""
MIN_INDENT = 1.5
"""Half font sizes by which a label is set in under another; one blank alone is none."""
UNSEEN = dict.fromkeys(map(ord, "\u00ad\u200b\u200e\u200f\u2060\u2061\u2062\u2063\u2064\ufeff"))
"""Where a word may be broken, which way text runs, and what is multiplied without a sign."""
WIDE_SPACES = {"\u2001": 2, "\u2003": 2, "\u3000": 2}
INDENT_UNITS = {"em": 2.0, "rem": 2.0, "px": 1 / 6, "pt": 1 / 5, "%": 1.0}
_raised_list = re.compile(r"\^[\d,–−-]{1,40}$")
_close = re.compile(r"(?:\w\.?|[^\W\d_][,;:]|[)\]%”’\"'!?][.,;:]?)$")
_year = re.compile(r"(?:19|20)\d\d[a-z]?")
_blank_start = re.compile(r"\s*")
_set_in = re.compile(r"(?:padding-left|margin-left|text-indent)\s*:\s*(\d{1,3}(?:\.\d{1,3})?)(em|rem|px|pt|%)")
_indent_class = re.compile(r"(?:^|[\s_-])(?:td|row)?-?indent(?:ed)?-?(\d?)(?![a-z0-9])")


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell as the markup has it. indent: see `indent_of`; marked: all of it is bold."""

    text: str
    columns: int = 1
    rows: int = 1
    head: bool = False
    indent: float = 0.0
    marked: bool = False


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
        """Caption and rows; a cell that spans several columns or rows stands in the first, the others are empty. Rows
        below heads that stand in the middle are a table of their own."""
        self.text(caption, "caption")
        for part in _by_heads(rows):
            grid = lay_out(part)
            if not grid.rows:
                continue
            grid.caption = fold(caption)
            self.grids.append(grid)
            for text in grid.texts():
                self.paragraphs.append(Paragraph([unplaced(text)], kind="row", table=len(self.grids) - 1))
            caption = ""

    def document(self, path: Path, loader: str, metadata: dict[str, str]) -> Document:
        """All that was written. Raises LoadError where that is nothing."""
        if not self.paragraphs:
            raise LoadError(f"{path.name}: holds no text; fetch the full text")
        name_abstract(self.paragraphs)
        kept = {key: value for key, value in metadata.items() if value}
        return compose(path, loader, self.paragraphs, [NO_PRINT], grids=self.grids, metadata=kept)


def fold(text: str) -> str:
    """`text` on one line, its white space single spaces, without signs that nobody sees."""
    return " ".join(text.translate(UNSEEN).split()).replace("10 ^", "10^")


def raised(text: str, before: str) -> str:
    """A superscript after `before`: numbers and marks get a "^", so that 45 with the citation 3 is 45^3, not 453."""
    text = fold(text)
    if text in DEGREES and before[-1:].isdigit():
        return "°"
    if (text in (",", "–") or before[-1:] in (",", "–")) and _raised_list.search(before):
        return text  # the 5 of 45^3,5
    if POWER_OF_TEN.search(before) and RAISED.fullmatch(text):
        return f"^{text}"
    apart = not before or before[-1].isspace()
    return f"^{text}" if RAISED.fullmatch(text) and not apart else text


def stands_close(before: str, words: str = "") -> bool:
    """Whether a citation's number right after `before` would be read as a part of it, or of the next sentence; after
    the comma of a list of citations it would not, nor would the year of "Lee,2012" and "Lee et al.2012"."""
    if _year.fullmatch(words) and before[-1:] in (",", "."):
        return False
    return _close.search(before) is not None


def formula(name: str, parts: Sequence[str]) -> str:
    """A fraction, power or root of MathML on one line, its parts in brackets where they are more than one sign."""
    if name == "msqrt":
        return "√" + closed("".join(parts))
    if name == "msup" and parts[1:] and parts[1] in DEGREES - {"o"}:
        return f"{parts[0]}°"
    if name == "mroot" and len(parts) == 2:
        return f"{parts[1]}√{closed(parts[0])}"
    if name == "msubsup" and len(parts) == 3:
        return f"{parts[0]}{parts[1]}^{closed(parts[2])}"
    if name == "mfenced":
        return f"({', '.join(parts)})"
    if len(parts) != 2:
        return "".join(parts)
    return f"{closed(parts[0])}/{closed(parts[1])}" if name == "mfrac" else f"{parts[0]}^{closed(parts[1])}"


def span(text: str | None) -> int:
    """The number of an attribute colspan or rowspan; 1 where it is none."""
    return max(1, min(int(text), WIDEST)) if text and text.isascii() and text.isdigit() and len(text) < 6 else 1


def _by_heads(rows: Iterable[Sequence[Cell]]) -> Iterator[list[Sequence[Cell]]]:
    """Rows cut before each that is nothing but heads of two columns or more, below rows that are not."""
    part: list[Sequence[Cell]] = []
    for row in rows:
        named = sum(bool(fold(cell.text)) for cell in row)
        heads = named > 1 and all(cell.head for cell in row)
        if heads and part and any(not cell.head for cell in part[-1]):
            yield part
            part = []
        part.append(row)
    yield part


def lay_out(rows: Iterable[Sequence[Cell]]) -> Grid:
    """Rows whose cells stand in their columns; the first rows that hold nothing but heads are the columns' heads."""
    grid = Grid("", [], 1, None)
    stubs = list[Stub | None]()
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
            over_rows = len(row) == 1 and row[0].columns == width > 1 and bool(grid.heads)  # a head of rows
            heads = all(cell.head or not fold(cell.text) for cell in row) and not over_rows
            if len(grid.heads) == len(grid.rows) and heads:
                grid.heads.append(tuple(covering.get(at, "") for at in range(width)))
            grid.rows.append(tuple(printed.get(at, "") for at in range(width)))
            grid.shared.append("" if 0 in printed else covering[0])
            stubs.append(_stub(row, printed, covering))
    if len(grid.heads) == len(grid.rows):
        grid.heads = []  # nothing but heads: row labels of a table without columns' heads
    _name_rows(grid, stubs)
    return grid


def _stub(row: Sequence[Cell], printed: Mapping[int, str], covering: Mapping[int, str]) -> Stub | None:
    """How a row's label is set; None where it has none of its own."""
    filled = [(cell, text) for cell in row if (text := fold(cell.text))]
    cell, text = filled[0]
    alone = len(filled) == 1 and not any(covering[at] for at in covering if at not in printed and covering[at] != text)
    if alone and cell.columns > 1:
        return Stub(text, 0.0, alone, True)
    head = cell.head and not all(other.head for other in row)
    return Stub(text, cell.indent, alone, cell.marked or (alone and head)) if printed.get(0) == text else None


def _name_rows(grid: Grid, stubs: Sequence[Stub | None]) -> None:
    """Tells of each row below the heads which groups it belongs to, and whose label it shares."""
    start = len(grid.heads)
    body = grid.rows[start:]
    paths = [()] * start + group_rows(stubs[start:], MIN_INDENT)
    labels = [stub.text if stub else "" for stub in stubs]
    grid.groups = [tuple(labels[start + at] for at in path) for path in paths]
    grid.subheads = are_subheads(body)
    grid.shared[:start] = [""] * start
    label = ""
    for at in range(start, len(grid.rows)):
        cells = grid.rows[at]
        label = cells[0] or grid.shared[at] or label
        if grid.subheads and not cells[0] and any(cells[1:]):
            grid.shared[at] = label


def indent_of(text: str, style: str = "", classes: str = "") -> float:
    """How far a cell is set in, in half font sizes: by spaces that do not fold, its style, or a class "indent2".

    text: not folded; style, classes: of the attributes.
    """
    spaces = _blank_start.match(text)
    indent = float(sum(WIDE_SPACES.get(space, 1) for space in spaces[0] if space not in " \t\r\n") if spaces else 0)
    for size, unit in _set_in.findall(style.lower()):
        indent += float(size) * INDENT_UNITS[unit]
    for level in _indent_class.findall(classes.lower()):
        indent += 2 * float(level or 1)
    return indent

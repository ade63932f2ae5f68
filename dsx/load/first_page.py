"""What stands on the first page beside the paper's text: correspondence, dates, licence, journal, a margin column.

It is told by where it stands and how small it is set, and put between the title and the text, so that it neither breaks
a sentence nor stands in a section.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dsx.load.headings import ANY_CAPTION, MAIN, heading_kind
from dsx.load.lines import Line
from dsx.load.margins import BAND
from dsx.load.table_extent import prose_blocks
from dsx.load.table_words import around
from dsx.types import Box

MARGIN = "margin"
SMALLER = 0.5
"""Points that notes are smaller than the text above or beside them, at least."""
OPENING = MAIN[: MAIN.index("acknowledgements")]
"""Kinds of headings that open a paper's text; the others stand in margins too."""
NARROW = 0.5
"""A margin column is no wider than this share of the text beside it."""
LARGE = 2.0
"""Points over the text's size from which a line may be the title."""
MIN_LINES = 3
"""Of a margin column."""
HEAD_GAP = 25.0
"""Points between a heading and its text, at most."""
NOTE_GAP = 25.0
"""Points below a table within which small print is its note."""
SHORTEST_TEXT = 30
"""Characters of a line that counts as text below a note."""


@dataclass(frozen=True, slots=True)
class FirstPage:
    """The first page's lines; its blocks of running text, which hold no caption; how text is set; the page's height."""

    lines: Sequence[Line]
    prose: frozenset[int]
    size: float
    font: str
    height: float

    def is_text(self, line: Line) -> bool:
        """Whether a line is running text, in print of any size."""
        return line.block in self.prose and line.size < self.size + LARGE and not line.aside

    def is_small(self, line: Line) -> bool:
        return line.size <= self.size - SMALLER

    def opens_text(self, line: Line) -> bool:
        """Whether the paper's text may begin in a line."""
        titles = [text.strip() for text in (line.text, line.text[: line.lead])]
        heading = any(heading_kind(title.rstrip(".:")) in OPENING and title[-1] != ":" for title in titles if title)
        running = self.is_text(line) and not self.is_small(line)
        return not line.aside and line.row is None and (heading or running)

    def heads_text(self, line: Line) -> bool:
        """Whether a line stands over text, flush with it, as a heading does."""
        return any(
            self.is_text(other) and 0 <= other.box[1] - line.box[3] < HEAD_GAP and abs(other.box[0] - line.box[0]) < 2
            for other in self.lines
        )

    def in_band(self, line: Line) -> bool:
        """Whether a line is the page's head or foot."""
        if self.is_text(line) and not self.is_small(line):
            return False
        outer = line.box[3] < BAND * self.height or line.box[1] > (1 - BAND) * self.height
        return outer and line.size < self.size + LARGE and (self.is_small(line) or line.font != self.font)

    def at_foot(self, line: Line) -> bool:
        """Whether text in larger print stands above a small line, and none below it."""
        if not self.is_small(line):
            return False
        larger = [other for other in self.lines if _larger(other, line) and _over(other.box, line.box)]
        above = any(self.is_text(other) and other.box[3] <= line.box[1] + 1 for other in larger)
        return above and not any(
            other.box[1] >= line.box[1] and len(other.text) >= SHORTEST_TEXT and not self.in_band(other)
            for other in larger
        )


def set_margins_apart(lines: Sequence[Line], height: float) -> list[Line]:
    """The lines of a document, those in the first page's margins marked (`Line.aside`) and put before its text.

    height: of the first page, in points.
    """
    first = [line for line in lines if line.page == 1]
    if any(line.ocr for line in first):
        return list(lines)
    captions = {line.block for line in first if ANY_CAPTION.match(line.text)}
    prose = frozenset(block for page, block in prose_blocks(lines) if page == 1 and block not in captions)
    page = FirstPage(first, prose, *_body(lines), height)
    start = next((line for line in first if page.opens_text(line)), None)
    if start is None:
        return list(lines)
    free = [line for line in first if not line.aside and line.row is None and line.block not in captions]
    apart = {id(line) for line in _marginal(page, free, start)} - {id(start)}
    for line in first:
        if id(line) in apart:
            line.aside = MARGIN
    rest = [line for line in lines if id(line) not in apart]
    at = next(index for index, line in enumerate(rest) if line is start)
    return [*rest[:at], *(line for line in first if id(line) in apart), *rest[at:]]


def _body(lines: Sequence[Line]) -> tuple[float, str]:
    """Size and font of most of the text."""
    letters = Counter[tuple[float, str]]()
    for line in lines:
        letters[line.size, line.font] += len(line.text)
    return letters.most_common(1)[0][0]


def _marginal(page: FirstPage, free: Sequence[Line], start: Line) -> Iterator[Line]:
    top = min(line.box[1] for line in page.lines if page.is_text(line) or line is start)
    rows = [line for line in page.lines if line.row is not None]
    yield from _margin_column(page, free)
    started = listed = False
    for line in free:
        started = started or line is start
        listed = listed or heading_kind(line.text.strip().rstrip(".:")) == "references"
        above = started and line.box[3] <= top and (line.size, line.font) != (page.size, page.font)
        note = page.at_foot(line) and not listed and not _beside_table(line, rows)
        if note or page.in_band(line) or (above and not page.heads_text(line)):
            yield line


def _margin_column(page: FirstPage, free: Sequence[Line]) -> list[Line]:
    """Small lines beside text that is set larger and at least twice as wide, and those above and below them."""
    blocks: dict[int, list[Line]] = {}
    for line in free:
        blocks.setdefault(line.block, []).append(line)
    text = [line for line in free if page.is_text(line)]
    column = [
        line
        for block in blocks.values()
        if all(map(page.is_small, block)) and any(_beside(block, other) for other in text)
        for line in block
    ]
    edges = {(round(line.box[0]), line.size) for line in column}
    column += [
        line
        for block in blocks.values()
        if block[0].block not in page.prose and all((round(line.box[0]), line.size) in edges for line in block)
        for line in block
    ]
    return column if len({id(line) for line in column}) >= MIN_LINES else []


def _beside(block: Sequence[Line], text: Line) -> bool:
    box = around(line.box for line in block)
    level = text.box[1] < box[3] and box[1] < text.box[3]
    narrow = box[2] - box[0] <= NARROW * (text.box[2] - text.box[0])
    return level and narrow and not _over(text.box, box) and all(_larger(text, line) for line in block)


def _larger(other: Line, line: Line) -> bool:
    return other.size >= line.size + SMALLER


def _over(box: Box, other: Box) -> bool:
    """Whether two boxes share some of the page's width."""
    return box[0] < other[2] and other[0] < box[2]


def _beside_table(line: Line, rows: Sequence[Line]) -> bool:
    """Whether a line stands close below a table's row, as its notes do, or above one, as its caption does."""
    gaps = ((line.box[1] - row.box[3] + 1, row.box[1] - line.box[3] + 1) for row in rows if _over(row.box, line.box))
    return any(0 <= gap < NOTE_GAP for pair in gaps for gap in pair)

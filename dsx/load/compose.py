"""From paragraphs with boxes to a Document: one text, and for each of its characters a page and a box."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, groupby
from pathlib import Path

from dsx.load.grid import Grid
from dsx.load.identity import document_id
from dsx.types import Box, Document, Page, Section

NO_BOX: Box = (float("nan"), float("nan"), float("nan"), float("nan"))


@dataclass(slots=True)
class Piece:
    """A stretch of one page's text. boxes: one a character."""

    text: str
    page: int
    boxes: Sequence[Box]


@dataclass(slots=True)
class Paragraph:
    """What becomes one line of the text; a table gives one paragraph a row.

    kind: body, caption, footnote, margin (head, foot or margin of the first page), figure (text inside one), row.
    level: of a heading, 1 the highest; 0: no heading. heading: the section's kind.
    run_in: its text goes on in the same line as the heading.
    implied: the paragraph opens a section, but is no heading itself; the section has no title.
    """

    pieces: list[Piece] = field(default_factory=list)
    kind: str = "body"
    level: int = 0
    heading: str = ""
    table: int | None = None
    run_in: bool = False
    implied: bool = False

    @property
    def text(self) -> str:
        return "".join(piece.text for piece in self.pieces)


def unplaced(text: str, page: int = 1) -> Piece:
    """A piece whose characters have no box."""
    return Piece(text, page, [NO_BOX] * len(text))


def compose(
    path: Path,
    loader: str,
    paragraphs: Iterable[Paragraph],
    sizes: Sequence[tuple[float, float]],
    *,
    grids: Sequence[Grid] = (),
    metadata: Mapping[str, str] | None = None,
) -> Document:
    """Lays the paragraphs end to end, a line break after each. sizes: width and height of every page, in points."""
    import numpy

    text: list[str] = []
    pages: list[int] = []
    boxes: list[Box] = []
    headings: list[tuple[Paragraph, int]] = []
    rows = defaultdict[int, list[tuple[int, int]]](list)
    for paragraph in paragraphs:
        start = len(pages)
        for piece in paragraph.pieces:
            text.append(piece.text)
            pages.extend([piece.page] * len(piece.text))
            boxes.extend(piece.boxes)
        if len(pages) == start:
            continue
        if paragraph.level:
            headings.append((paragraph, start))
        if paragraph.table is not None:
            rows[paragraph.table].append((start, len(pages)))
        text.append("\n")
        pages.append(pages[-1])
        boxes.append(NO_BOX)
    length, joined = len(pages), "".join(text)
    return Document(
        id=document_id(path),
        file=path.name,
        loader=loader,
        text=joined,
        pages=_pages(pages, sizes),
        sections=_sections(headings, length),
        tables=tuple(grid.table(joined, rows[index]) for index, grid in enumerate(grids) if index in rows),
        metadata=dict(metadata or {}),
        char_pages=numpy.asarray(pages, dtype=numpy.int32),
        char_boxes=numpy.fromiter(chain.from_iterable(boxes), numpy.float32, 4 * length).reshape(length, 4),
    )


def _pages(numbers: Sequence[int], sizes: Sequence[tuple[float, float]]) -> tuple[Page, ...]:
    """Page spans that tile the text: a page starts with its first character that no later page's precedes."""
    starts = [len(numbers)] * len(sizes)
    lowest, offset = len(sizes), len(numbers)
    for number, run in groupby(reversed(numbers)):
        lowest = min(lowest, number or lowest)
        offset -= sum(1 for _ in run)
        starts[lowest - 1] = offset
    ends = [*starts[1:], len(numbers)]
    for index in range(len(sizes) - 1, -1, -1):
        ends[index] = len(numbers) if index + 1 == len(sizes) else starts[index + 1]
        if starts[index] > ends[index] or starts[index] == len(numbers):
            starts[index] = ends[index]
    if starts:
        starts[0] = 0
    return tuple(Page(index + 1, starts[index], ends[index], *size) for index, size in enumerate(sizes))


def _sections(headings: Sequence[tuple[Paragraph, int]], length: int) -> tuple[Section, ...]:
    found = []
    for index, (paragraph, start) in enumerate(headings):
        end = next((at for later, at in headings[index + 1 :] if later.level <= paragraph.level), length)
        title = "" if paragraph.implied else paragraph.text.strip()
        found.append(Section(title, paragraph.heading or "other", paragraph.level, start, end))
    return tuple(found)

"""From paragraphs with boxes to a Document: one text, and for each of its characters a page and a box."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dsx.load.boxes import NO_BOX, SPACE, boxes_of
from dsx.load.grid import Grid
from dsx.load.identity import document_id
from dsx.types import Box, Document, Page, Section


@dataclass(slots=True)
class Piece:
    """A stretch of one page's text. boxes: one a character."""

    text: str
    page: int
    boxes: Sequence[Box]


@dataclass(slots=True)
class Paragraph:
    """What becomes one line of the text; a table gives one paragraph a row.

    kind: body, caption, footnote, margin (head, foot or margin of the first page), figure (text inside one), field (of
    a form), row.
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


LONGEST_ABSTRACT = 6000
"""Characters, with its own Methods and Results; what is longer is a paper whose headings are of wrong levels."""
BODY = frozenset(("introduction", "methods", "results", "discussion"))


def name_abstract(paragraphs: Sequence[Paragraph]) -> None:
    """What stands under the abstract's heading is the abstract, where such sections come after it too: its Methods and
    Results are not the paper's."""
    start = next((at for at, paragraph in enumerate(paragraphs) if paragraph.heading == "abstract"), None)
    if start is None:
        return
    level = paragraphs[start].level
    after = (at for at in range(start + 1, len(paragraphs)) if 0 < paragraphs[at].level <= level)
    end = next(after, len(paragraphs))
    inside = paragraphs[start:end]
    short = sum(len(paragraph.text) for paragraph in inside) <= LONGEST_ABSTRACT
    if short and any(paragraph.heading in BODY for paragraph in paragraphs[end:]):
        for paragraph in inside:
            paragraph.heading = "abstract" if paragraph.level else ""


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
    runs: list[tuple[int, int]] = []
    boxes: list[bytes] = []
    length = 0
    headings: list[tuple[Paragraph, int]] = []
    rows = defaultdict[int, list[tuple[int, int]]](list)
    for paragraph in paragraphs:
        start = length
        for piece in paragraph.pieces:
            text.append(piece.text)
            runs.append((piece.page, len(piece.text)))
            boxes.append(boxes_of(piece.boxes).packed)
            length += len(piece.text)
        if length == start:
            continue
        if paragraph.level:
            headings.append((paragraph, start))
        if paragraph.table is not None:
            rows[paragraph.table].append((start, length))
        text.append("\n")
        runs.append((runs[-1][0], 1))
        boxes.append(SPACE.packed)
        length += 1
    joined = "".join(text)
    return Document(
        id=document_id(path),
        file=path.name,
        loader=loader,
        text=joined,
        pages=_pages(runs, length, sizes),
        sections=_sections(headings, length),
        tables=tuple(grid.table(joined, rows[index]) for index, grid in enumerate(grids) if index in rows),
        metadata=dict(metadata or {}),
        char_pages=numpy.repeat(*numpy.array(runs, dtype=numpy.int32).reshape(-1, 2).T),
        char_boxes=numpy.frombuffer(bytearray().join(boxes), numpy.float32).reshape(length, 4),
    )


def _pages(runs: Sequence[tuple[int, int]], length: int, sizes: Sequence[tuple[float, float]]) -> tuple[Page, ...]:
    """Page spans that tile the text: a page starts with its first character that no later page's precedes.

    runs: a page's number, and how many characters in a row stand on it.
    """
    starts = [length] * len(sizes)
    lowest, offset = len(sizes), length
    for number, letters in reversed(runs):
        lowest = min(lowest, number or lowest)
        offset -= letters
        starts[lowest - 1] = offset
    ends = [*starts[1:], length]
    for index in range(len(sizes) - 1, -1, -1):
        ends[index] = length if index + 1 == len(sizes) else starts[index + 1]
        if starts[index] > ends[index] or starts[index] == length:
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

"""What dsx reads in one document: as JSON, as an outline, as text, as marks on a copy of the PDF."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from dsx.errors import UsageError
from dsx.ground.locate import boxes_of
from dsx.terminal import counted
from dsx.types import Box, Document, Json, Section

COLOURS = {"methods": (0.1, 0.5, 0.2), "references": (0.6, 0.6, 0.6), "experiment": (0.7, 0.3, 0.0)}
OTHER_COLOUR = (0.1, 0.3, 0.7)
TABLE_COLOUR = (0.6, 0.1, 0.6)
MARK = "DsxMarked"
"""The key in the catalog of marked copies; only such files are overwritten."""
LABEL_SIZE = 6.0
LONGEST_HIDDEN = 80
"""Characters of a piece of hidden text that the outline shows."""


def as_json(document: Document) -> dict[str, Json]:
    """The shape that `dsx show --json` prints; offsets count characters of the pages' texts laid end to end."""
    return {
        "file": document.file,
        "id": document.id,
        "loader": document.loader,
        "pages": [{"number": page.number, "text": document.text[page.start : page.end]} for page in document.pages],
        "sections": [
            {
                "title": section.title,
                "kind": section.kind,
                "level": section.level,
                "page": document.page_at(section.start),
                "start": section.start,
                "end": section.end,
            }
            for section in document.sections
        ],
        "tables": [
            {
                "caption": table.caption,
                "page": table.page,
                "rows": [list(row) for row in table.rows],
                "box": None if table.box is None else [round(edge, 1) for edge in table.box],
                "start": table.start,
                "end": table.end,
            }
            for table in document.tables
        ],
        "metadata": dict(document.metadata),
        "hidden": [asdict(piece) for piece in document.hidden],
    }


def outline(document: Document) -> Iterator[str]:
    """Lines for a person: the file, its sections with pages and sizes, its tables."""
    pages = counted(len(document.pages), "page")
    yield f"{document.file}: {pages}, {len(document.text):,} characters, by {document.loader}"
    yield from (f"{name}: {value}" for name, value in document.metadata.items())
    for section in document.sections:
        title = section.title or "(no heading)"
        page = document.page_at(section.start)
        length = section.end - section.start
        yield f"{'  ' * section.level}p. {page:<3} {title}  [{section.kind}, {length:,} characters]"
    for table in document.tables:
        yield f"  p. {table.page:<3} {table.caption}  [table of {counted(len(table.rows), 'row')}]"
    if not document.sections:
        yield "  no sections found"
    for piece in document.hidden:
        shown = piece.text if len(piece.text) <= LONGEST_HIDDEN else f"{piece.text[:LONGEST_HIDDEN]}…"
        yield f"  p. {piece.page:<3} hidden text ({piece.why}), not shown to the model: {shown}"


def page_text(document: Document, number: int) -> str:
    """UsageError where there is no such page."""
    for page in document.pages:
        if page.number == number:
            return document.text[page.start : page.end]
    raise UsageError(f"--page {number}: {document.file} has pages 1 to {len(document.pages)}")


def section_text(document: Document, name: str) -> str:
    """The sections of this kind, or with this in their title. UsageError names the kinds that there are."""
    wanted = name.casefold()
    sections = [section for section in document.sections if section.kind == wanted]
    sections = sections or [section for section in document.sections if wanted in section.title.casefold()]
    if not sections:
        there_are = ", ".join(dict.fromkeys(section.kind for section in document.sections)) or "none"
        raise UsageError(f"--section {name}: no such kind or title in {document.file}; kinds: {there_are}")
    return "\n".join(document.text[section.start : section.end] for section in _outermost(sections))


def _outermost(sections: list[Section]) -> list[Section]:
    return [section for section in sections if not any(_holds(other, section) for other in sections)]


def _holds(outer: Section, inner: Section) -> bool:
    return outer is not inner and outer.start <= inner.start and inner.end <= outer.end


def mark(document: Document, source: Path, target: Path) -> None:
    """Writes a copy of the PDF with its headings, the extent of its sections and its tables outlined.

    UsageError where the document is no PDF or has no boxes, or `target` cannot be written.
    """
    import pymupdf

    try:
        pdf = pymupdf.open(source, filetype="pdf")
    except (RuntimeError, ValueError):
        raise UsageError(f"--marked: {source.name} is not a PDF") from None
    with pdf:
        if not pdf.is_pdf:  # MuPDF opens what it knows, whatever it is told
            raise UsageError(f"--marked: {source.name} is not a PDF")
        if pdf.needs_pass:
            pdf.authenticate("")
        for section in document.sections:
            colour = COLOURS.get(section.kind, OTHER_COLOUR)
            end = document.text.find("\n", section.start)
            for box in boxes_of(document, section.start, end if end >= 0 else section.end):
                _frame(pdf[document.page_at(section.start) - 1], box, colour, section.kind)
            for number, box in _extent(document, section):
                _bar(pdf[number - 1], box, colour, section.level)
        for table in document.tables:
            if table.box is not None:
                _frame(pdf[table.page - 1], table.box, TABLE_COLOUR, "table")
        pdf.xref_set_key(pdf.pdf_catalog(), MARK, "true")
        try:
            pdf.save(target)
        except Exception as problem:  # MuPDF's own errors are of no narrower kind
            raise UsageError(f"--marked {target}: cannot be written ({problem}); choose another file") from None


def is_marked(path: Path) -> bool:
    """Whether it is a copy that `mark` made."""
    import pymupdf

    try:
        with pymupdf.open(path, filetype="pdf") as pdf:
            return bool(pdf.is_pdf and pdf.xref_get_key(pdf.pdf_catalog(), MARK) == ("bool", "true"))
    except (RuntimeError, ValueError):
        return False


def _extent(document: Document, section: Section) -> Iterator[tuple[int, Box]]:
    """(page, box) of each stretch of a section in one column."""
    import numpy

    pages = document.char_pages[section.start : section.end]
    boxes = document.char_boxes[section.start : section.end]
    for number in sorted(set(pages.tolist()) - {0}):
        placed = boxes[(pages == number) & ~numpy.isnan(boxes[:, 0])]
        if not len(placed):
            continue
        breaks = numpy.flatnonzero(numpy.diff(placed[:, 1]) < -40) + 1  # up again: the next column
        for part in numpy.split(placed, breaks):
            x0, y0 = part[:, :2].min(axis=0).tolist()
            x1, y1 = part[:, 2:].max(axis=0).tolist()
            yield number, (x0, y0, x1, y1)


def _frame(page: Any, box: Box, colour: tuple[float, ...], label: str) -> None:
    import pymupdf

    rect = pymupdf.Rect(box[0] - 2, box[1] - 2, box[2] + 2, box[3] + 2)
    page.draw_rect(rect * page.derotation_matrix, color=colour, width=0.8)
    at = pymupdf.Point(rect.x0, rect.y0 - 1) * page.derotation_matrix
    page.insert_text(at, label, fontsize=LABEL_SIZE, color=colour, rotate=page.rotation)


def _bar(page: Any, box: Box, colour: tuple[float, ...], level: int) -> None:
    import pymupdf

    x = box[0] - 12 + 3 * level
    matrix = page.derotation_matrix
    top, foot = pymupdf.Point(x, box[1]) * matrix, pymupdf.Point(x, box[3]) * matrix
    page.draw_line(top, foot, color=colour, width=1.0)

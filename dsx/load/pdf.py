"""PDF through PyMuPDF: characters with boxes → lines → paragraphs in reading order.

What is done to the text, and nothing else: running heads, running feet (but those of the first page), page numbers
and columns of line numbers are left out; what stands in the first page's margins comes before its text, what stands in
a figure before its caption; lines are joined by a space; a word that was broken by a hyphen at a line's end is joined,
unless the document writes it with the hyphen elsewhere; ligatures are spelled out; superscript numbers and marks get a
"^" before them, so that 45 with the citation 3 is 45^3 and not 453; signs without Unicode are told by their
glyph's name, else they are U+FFFD; a paragraph that goes on in the next column or on the next page is one paragraph,
with captions and footnotes before or after it; a table below its caption is one line a row, its cells parted by three
spaces.

Pages that are pictures of text are read by Tesseract, where it is installed.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from dsx.errors import DsxError, LoadError, one_line
from dsx.load.compose import compose
from dsx.load.figures import may_hold_figures, set_figures_apart
from dsx.load.first_page import set_margins_apart
from dsx.load.glyphs import Glyphs
from dsx.load.lines import Line, mark_fields, read_lines, struck_once
from dsx.load.margins import without_margins
from dsx.load.ocr import installed, is_scan, is_unmapped, read_scan
from dsx.load.order import in_order
from dsx.load.paragraphs import paragraphs
from dsx.load.rules import Drawn, drawn_on, rules_of
from dsx.load.table_extent import View, may_hold_tables
from dsx.load.tables import find_tables
from dsx.load.turns import by_turn, turned, turned_back, turned_size
from dsx.load.visible import MuPdfDrawing, hidden_layers
from dsx.types import DAMAGED, Document, HiddenText


def load_pdf(path: Path) -> Document:
    """Raises LoadError where the file is no PDF, is damaged, is locked by a password, or has no text."""
    with _collector_paused():
        return pdf_document(path, "pymupdf", _read(path))


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Without Python's collector of cycles: it goes through the characters of a page, which are in none, again and
    again, a fifth of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


LAST_BYTES = 2048
"""In which a whole PDF says that it ends, junk behind it included."""
Size = tuple[float, float]


@dataclass(slots=True)
class PdfContent:
    """What a PDF library gives of a file. pages: the lines of each; sizes: of the pages as shown, in points; drawn: on
    the pages that may hold tables or figures, by page number; hidden: what no reader sees."""

    pages: list[list[Line]] = field(default_factory=list)
    sizes: list[Size] = field(default_factory=list)
    drawn: dict[int, list[Drawn]] = field(default_factory=dict)
    hidden: list[HiddenText] = field(default_factory=list)
    metadata: dict[str, str] = field(default_factory=dict)


def pdf_document(path: Path, loader: str, content: PdfContent) -> Document:
    """The document of a PDF's lines, whichever library read them. LoadError where they hold no text."""
    printed = [[] if is_unmapped(lines) else struck_once(lines) for lines in content.pages]
    frames = [by_turn(lines, size) for lines, size in zip(printed, content.sizes, strict=True)]
    upright = [in_order(lines) for lines in without_margins([frame[0] for frame in frames], content.sizes)]
    views = []
    for number, (frame, lines, size) in enumerate(zip(frames, upright, content.sizes, strict=True), 1):
        rules = rules_of(content.drawn.get(number, ()))
        sideways = [line for line in printed[number - 1] if line.turn in (1, 3) and line.turn not in frame]
        for turn, own in {**frame, 0: lines}.items():
            views.append(View(own, [turned(rule, turn, size) for rule in rules], [] if turn else sideways))
    tables = find_tables(views)
    lines = set_figures_apart(turned_back(tables.lines, content.sizes), content.drawn, content.sizes)
    found = paragraphs(set_margins_apart(lines, content.sizes[0][1]) if lines else [])
    if not any(paragraph.text.strip() for paragraph in found):
        what = "no text on its pages" if content.pages else "no pages in it"
        if _is_cut(path):
            raise LoadError(f"{path.name}: {what}; the file is damaged, for its end is missing: fetch it again")
        raise LoadError(f"{path.name}: {what}; if other programs show some, fetch the file again")
    for grid, turn in zip(tables.grids, tables.turns, strict=True):
        grid.box = grid.box and turned(grid.box, (4 - turn) % 4, turned_size(turn, content.sizes[grid.page - 1]))
    metadata = dict(content.metadata)
    if _is_cut(path):
        metadata[DAMAGED] = "its end is missing, so that pages or text may be lost: fetch it again"
    silent = [str(number) for number, lines in enumerate(printed, 1) if not lines]
    if silent:
        metadata["pages_without_text"] = ", ".join(silent)
    if tables.unread:
        metadata["tables_unread"] = ", ".join(f"p. {page}" for page in tables.unread)
    document = compose(path, loader, found, content.sizes, grids=tables.grids, metadata=metadata)
    pages = (replace(page, ocr=_is_ocr(content.pages[page.number - 1])) for page in document.pages)
    return replace(document, pages=tuple(pages), hidden=tuple(content.hidden))


def _is_cut(path: Path) -> bool:
    """Whether a PDF breaks off before its end."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - LAST_BYTES))
        return b"%%EOF" not in file.read()


def _is_ocr(lines: Sequence[Line]) -> bool:
    letters = sum(len(line.text) for line in lines)
    return sum(len(line.text) for line in lines if line.ocr) > letters / 2


def _read(path: Path) -> PdfContent:
    import pymupdf

    pymupdf.TOOLS.mupdf_display_errors(False)
    pymupdf.TOOLS.mupdf_display_warnings(False)
    step = "opening it"
    try:
        with pymupdf.open(path, filetype="pdf") as pdf:
            if pdf.needs_pass and not pdf.authenticate(""):
                raise LoadError(f"{path.name}: locked by a password; save a copy without one")
            glyphs = Glyphs(pdf)
            pages, sizes, scans, drawn, hidden = [], [], [], {}, []
            for number in range(len(pdf)):
                step = f"page {number + 1}"
                page = pdf[number]
                drawing = MuPdfDrawing(page)
                lines, unseen = read_lines(page, glyphs, drawing)
                if pdf.is_form_pdf:
                    mark_fields(lines, page)
                pages.append(lines)
                hidden += unseen
                sizes.append((page.rect.width, page.rect.height))
                if may_hold_tables(lines) or may_hold_figures(lines):
                    drawn[number + 1] = drawn_on(page, drawing.log())
                if is_scan(page, lines) or is_unmapped(lines):
                    scans.append(number)
            if scans and not installed() and len(scans) > len(pages) / 2:
                raise LoadError(f"{path.name}: its pages are pictures of text; install tesseract-ocr to have them read")
            for number in scans if installed() else ():
                step = f"page {number + 1}"
                pages[number] = read_scan(pdf[number])
            step = "its hidden layers"
            hidden += hidden_layers(pdf)
            step = "its metadata"
            metadata = {key: value for key, value in (pdf.metadata or {}).items() if value}
            if pdf.embfile_count():
                metadata["attachments"] = f"{', '.join(pdf.embfile_names())}: not read; take them out and load them"
    except (DsxError, MemoryError):
        raise
    except pymupdf.FileDataError:  # its message is the file's path
        raise LoadError(f"{path.name}: not a readable PDF (it cannot be opened); fetch it again") from None
    except Exception as problem:  # of a damaged file PyMuPDF makes RuntimeError, TypeError, IndexError, …
        raise LoadError(f"{path.name}: not a readable PDF ({step}: {one_line(problem)}); fetch it again") from None
    if scans:
        metadata["scanned pages"] = ", ".join(str(number + 1) for number in scans)
    return PdfContent(pages, sizes, drawn, hidden, metadata)

"""PDF through PyMuPDF: characters with boxes → lines → paragraphs in reading order.

What is done to the text, and nothing else: running heads, running feet (but those of the first page), page numbers
and columns of line numbers are left out; lines are joined by a space; a word that was broken by a hyphen at a line's
end is joined, unless the document writes it with the hyphen elsewhere; ligatures are spelled out; superscript numbers
get a "^" before them, so that 45 with the citation 3 is 45^3 and not 453; signs without Unicode are told by their
glyph's name, else they are U+FFFD; a paragraph that goes on in the next column or on the next page is one paragraph,
with captions and footnotes before or after it; a table below its caption is one line a row, its cells parted by three
spaces.

Pages that are pictures of text are read by Tesseract, where it is installed.
"""

from __future__ import annotations

from pathlib import Path

from dsx.errors import LoadError
from dsx.load.compose import compose
from dsx.load.glyphs import Glyphs
from dsx.load.lines import read_lines
from dsx.load.margins import without_margins
from dsx.load.ocr import installed, is_scan, read_scan
from dsx.load.paragraphs import paragraphs
from dsx.load.tables import with_tables
from dsx.types import Document


def load_pdf(path: Path) -> Document:
    """Raises LoadError where the file is no PDF, is locked by a password, or has no text."""
    import pymupdf

    pymupdf.TOOLS.mupdf_display_errors(False)
    pymupdf.TOOLS.mupdf_display_warnings(False)
    try:
        pdf = pymupdf.open(path, filetype="pdf")
    except (RuntimeError, ValueError) as problem:
        raise LoadError(f"{path.name}: not a readable PDF ({problem}); fetch it again") from None
    with pdf:
        if pdf.needs_pass and not pdf.authenticate(""):
            raise LoadError(f"{path.name}: locked by a password; save a copy without one")
        glyphs = Glyphs(pdf)
        pages = [read_lines(page, glyphs) for page in pdf]
        scans = [page.number for page in pdf if is_scan(page, pages[page.number])]
        if scans and not installed() and len(scans) > len(pages) / 2:
            raise LoadError(f"{path.name}: its pages are pictures of text; install tesseract-ocr to have them read")
        for number in scans if installed() else ():
            pages[number] = read_scan(pdf[number])
        sizes = [(page.rect.width, page.rect.height) for page in pdf]
        metadata = {key: value for key, value in (pdf.metadata or {}).items() if value}
    if scans:
        metadata["scanned pages"] = ", ".join(str(number + 1) for number in scans)
    lines, grids = with_tables(without_margins(pages, sizes))
    found = paragraphs(lines)
    if not any(paragraph.text.strip() for paragraph in found):
        raise LoadError(f"{path.name}: no text in it")
    return compose(path, "pymupdf", found, sizes, grids=grids, metadata=metadata)

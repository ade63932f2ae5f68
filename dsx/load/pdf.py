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

from dsx.errors import DsxError, LoadError, one_line
from dsx.load.compose import compose
from dsx.load.glyphs import Glyphs
from dsx.load.lines import Line, read_lines
from dsx.load.margins import without_margins
from dsx.load.ocr import installed, is_scan, read_scan
from dsx.load.paragraphs import paragraphs
from dsx.load.tables import with_tables
from dsx.types import Document


def load_pdf(path: Path) -> Document:
    """Raises LoadError where the file is no PDF, is damaged, is locked by a password, or has no text."""
    pages, sizes, metadata = _read(path)
    lines, grids = with_tables(without_margins(pages, sizes))
    found = paragraphs(lines)
    if not any(paragraph.text.strip() for paragraph in found):
        what = f"no text on its {len(pages)} pages" if pages else "no pages in it"
        raise LoadError(f"{path.name}: {what}; if other programs show some, fetch the file again")
    return compose(path, "pymupdf", found, sizes, grids=grids, metadata=metadata)


Size = tuple[float, float]


def _read(path: Path) -> tuple[list[list[Line]], list[Size], dict[str, str]]:
    """The lines of every page, the pages' sizes in points, what the file says of itself."""
    import pymupdf

    pymupdf.TOOLS.mupdf_display_errors(False)
    pymupdf.TOOLS.mupdf_display_warnings(False)
    step = "opening it"
    try:
        with pymupdf.open(path, filetype="pdf") as pdf:
            if pdf.needs_pass and not pdf.authenticate(""):
                raise LoadError(f"{path.name}: locked by a password; save a copy without one")
            glyphs = Glyphs(pdf)
            pages, sizes, scans = [], [], []
            for number in range(len(pdf)):
                step = f"page {number + 1}"
                page = pdf[number]
                pages.append(read_lines(page, glyphs))
                sizes.append((page.rect.width, page.rect.height))
                if is_scan(page, pages[-1]):
                    scans.append(number)
            if scans and not installed() and len(scans) > len(pages) / 2:
                raise LoadError(f"{path.name}: its pages are pictures of text; install tesseract-ocr to have them read")
            for number in scans if installed() else ():
                step = f"page {number + 1}"
                pages[number] = read_scan(pdf[number])
            step = "its metadata"
            metadata = {key: value for key, value in (pdf.metadata or {}).items() if value}
    except (DsxError, MemoryError):
        raise
    except Exception as problem:  # of a damaged file PyMuPDF makes RuntimeError, TypeError, IndexError, …
        raise LoadError(f"{path.name}: not a readable PDF ({step}: {one_line(problem)}); fetch it again") from None
    if scans:
        metadata["scanned pages"] = ", ".join(str(number + 1) for number in scans)
    return pages, sizes, metadata

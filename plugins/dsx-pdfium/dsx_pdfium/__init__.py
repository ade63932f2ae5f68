"""The loader "pdfium": PDF through pypdfium2, whose licence is permissive (PyMuPDF's is AGPL).

PDFium gives characters; here they become lines and blocks, by the distances that PyMuPDF uses too. All else (margins,
tables, paragraphs, headings) is dsx's own and the same for both loaders. What this one lacks: pages that are pictures
are not read, and signs without Unicode stay U+FFFD.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dsx.plugin_api import Document, Loader, LoadError, hookimpl
from dsx_pdfium.characters import characters_of, seen_characters
from dsx_pdfium.drawing import PageDrawing
from dsx_pdfium.rows import lines_of

if TYPE_CHECKING:
    from dsx.plugin_api.loaders import PdfContent

__all__ = ["find_loader", "load_pdfium", "register_loaders"]

HEAD_BYTES = 4096


def load_pdfium(path: Path) -> Document:
    """Raises LoadError where the file is no PDF, is locked by a password, or has no text."""
    import pypdfium2

    from dsx.plugin_api.loaders import PdfContent, pdf_document

    content, pdf = PdfContent(), _opened(path)
    try:
        content.metadata.update(_metadata(pdf))
        for number in range(len(pdf)):
            try:
                _read_page(pdf[number], number + 1, content)
            except pypdfium2.PdfiumError as problem:
                where = f"page {number + 1}: {problem}"
                raise LoadError(f"{path.name}: not a readable PDF ({where}); fetch it again") from None
    finally:
        pdf.close()
    if not any(content.pages):
        what = "no text on its pages" if content.pages else "no pages in it"
        raise LoadError(f"{path.name}: {what}; if they are pictures of text, take --loader pymupdf, which does OCR")
    return pdf_document(path, "pdfium", content)


def _opened(path: Path) -> Any:
    import pypdfium2

    try:
        return pypdfium2.PdfDocument(path)
    except (pypdfium2.PdfiumError, OSError) as problem:
        if "password" in str(problem).lower():
            raise LoadError(f"{path.name}: locked by a password; save a copy without one") from None
        raise LoadError(f"{path.name}: not a readable PDF ({problem}); fetch it again") from None


def _metadata(pdf: Any) -> Iterator[tuple[str, str]]:
    """Keys are those of PyMuPDF."""
    for key, value in pdf.get_metadata_dict(skip_empty=True).items():
        yield f"{key[0].lower()}{key[1:]}", value
    if names := [pdf.get_attachment(index).get_name() for index in range(pdf.count_attachments())]:
        yield "attachments", f"{', '.join(names)}: not read; take them out and load them"


def _read_page(page: Any, number: int, content: PdfContent) -> None:
    """Adds a page's lines, size, drawing and hidden text."""
    from dsx.plugin_api.loaders import may_hold_figures, may_hold_tables

    drawing = PageDrawing(page)
    seen = list(seen_characters(list(characters_of(page)), drawing, number, content.hidden))
    lines = lines_of(seen, number, page.get_size())
    content.pages.append(lines)
    content.sizes.append(page.get_size())
    if may_hold_tables(lines) or may_hold_figures(lines):
        content.drawn[number] = drawing.shapes()
    page.close()


@hookimpl
def register_loaders() -> dict[str, Loader]:
    return {"pdfium": Loader(load_pdfium, "8", "PDF, by pypdfium2")}


@hookimpl
def find_loader(path: Path) -> str | None:
    """PDFs are this loader's where PyMuPDF is not installed; else it is taken by `--loader pdfium`."""
    if importlib.util.find_spec("pymupdf") is not None:
        return None
    try:
        with path.open("rb") as stream:
            return "pdfium" if b"%PDF-" in stream.read(HEAD_BYTES) else None
    except OSError:
        return None

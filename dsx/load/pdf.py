"""PDF through PyMuPDF: characters with boxes, lines, columns, paragraphs, sections."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dsx.errors import LoadError
from dsx.load.compose import NO_BOX, Paragraph, Piece, compose
from dsx.load.headings import heading_kind
from dsx.types import Box, Document


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
        paragraphs = [paragraph for page in pdf for paragraph in _page(page)]
        sizes = [(page.rect.width, page.rect.height) for page in pdf]
        metadata = {key: value for key, value in (pdf.metadata or {}).items() if value}
    if not any(paragraph.text.strip() for paragraph in paragraphs):
        raise LoadError(f"{path.name}: no text in it; if its pages are pictures, put them through OCR (ocrmypdf)")
    return compose(path, "pymupdf", paragraphs, sizes, metadata=metadata)


def _page(page: Any) -> list[Paragraph]:
    blocks = [block for block in page.get_text("rawdict", flags=0)["blocks"] if block["type"] == 0]
    found = []
    for block in blocks:
        text, boxes = _join(block["lines"])
        if not text.strip():
            continue
        paragraph = Paragraph([Piece(text, page.number + 1, boxes)])
        kind = heading_kind(text) if len(text) < 80 else "other"
        if kind != "other":
            paragraph.level, paragraph.heading = 1, kind
        found.append(paragraph)
    return found


def _join(lines: list[dict[str, Any]]) -> tuple[str, list[Box]]:
    text: list[str] = []
    boxes: list[Box] = []
    for line in lines:
        characters = [character for span in line["spans"] for character in span["chars"]]
        if (
            text
            and characters
            and text[-1] == "-"
            and len(text) > 1
            and text[-2].isalpha()
            and characters[0]["c"].islower()
        ):
            text.pop()
            boxes.pop()
        elif text and text[-1] != " ":
            text.append(" ")
            boxes.append(NO_BOX)
        for character in characters:
            letter = character["c"] if character["c"].isprintable() else " "
            text.append(letter)
            boxes.append(character["bbox"])
    return "".join(text), boxes

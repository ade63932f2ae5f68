"""For loaders: a Document from characters with boxes, or from markup; the steps that PyMuPDF's lines go through too."""

from __future__ import annotations

from dsx.ground.locate import locate
from dsx.load.compose import Paragraph, Piece, compose, unplaced
from dsx.load.grid import Grid
from dsx.load.headings import heading_kind
from dsx.load.identity import document_id
from dsx.load.lines import Line, line_of
from dsx.load.markup import Cell, Writer, fold, raised, span
from dsx.load.pdf import PdfContent, pdf_document

__all__ = [
    "Cell",
    "Grid",
    "Line",
    "Paragraph",
    "PdfContent",
    "Piece",
    "Writer",
    "compose",
    "document_id",
    "fold",
    "heading_kind",
    "line_of",
    "locate",
    "pdf_document",
    "raised",
    "span",
    "unplaced",
]

"""For loaders: a Document from characters with boxes, or from markup; the steps that PyMuPDF's lines go through too."""

from __future__ import annotations

from dsx.ground.locate import locate
from dsx.load.boxes import Boxes
from dsx.load.compose import Paragraph, Piece, compose, unplaced
from dsx.load.figures import may_hold_figures
from dsx.load.grid import Grid
from dsx.load.headings import heading_kind
from dsx.load.identity import document_id
from dsx.load.lines import Line, line_of
from dsx.load.markup import FORMULAS, Cell, Writer, fold, formula, indent_of, raised, span, stands_close
from dsx.load.pdf import PdfContent, pdf_document
from dsx.load.table_extent import may_hold_tables
from dsx.load.tex import formula_text
from dsx.load.turns import turned, turned_size
from dsx.load.visible import MAX_PIXELS, Ink
from dsx.types import HiddenText

__all__ = [
    "FORMULAS",
    "MAX_PIXELS",
    "Boxes",
    "Cell",
    "Grid",
    "HiddenText",
    "Ink",
    "Line",
    "Paragraph",
    "PdfContent",
    "Piece",
    "Writer",
    "compose",
    "document_id",
    "fold",
    "formula",
    "formula_text",
    "heading_kind",
    "indent_of",
    "line_of",
    "locate",
    "may_hold_figures",
    "may_hold_tables",
    "pdf_document",
    "raised",
    "span",
    "stands_close",
    "turned",
    "turned_size",
    "unplaced",
]

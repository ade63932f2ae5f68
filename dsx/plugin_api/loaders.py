"""For loaders: a Document from characters with boxes, or from markup; the steps that PyMuPDF's lines go through too."""

from __future__ import annotations

from dsx.ground.locate import locate
from dsx.load.compose import Paragraph, Piece, compose, unplaced
from dsx.load.grid import Grid
from dsx.load.headings import heading_kind
from dsx.load.identity import document_id
from dsx.load.lines import Line, line_of
from dsx.load.margins import without_margins
from dsx.load.markup import Cell, Writer, fold, raised, span
from dsx.load.paragraphs import paragraphs
from dsx.load.tables import with_tables

__all__ = [
    "Cell",
    "Grid",
    "Line",
    "Paragraph",
    "Piece",
    "Writer",
    "compose",
    "document_id",
    "fold",
    "heading_kind",
    "line_of",
    "locate",
    "paragraphs",
    "raised",
    "span",
    "unplaced",
    "with_tables",
    "without_margins",
]

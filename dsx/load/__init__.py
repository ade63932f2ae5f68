"""A file becomes a Document: what a person would read, with a way back to the page.

reader      one way to load a path: which loader, under which limits, from which cache;  ahead: before its turn
isolate     a loader in a subprocess with limits;  child: that subprocess
keep        a Document on disk;  cache: for all runs of a user;  identity: the id of a file
pdf         PyMuPDF → lines;  glyphs, ocr: characters that need mending, pages that are pictures
html, plain, markup   the other formats
visible, unseen       what no reader sees: told apart, and shown on request
flags       of values that rest on hidden text, or on text read from a picture
lines, boxes, margins, tables, paragraphs, headings, compose   from lines of print to one text with boxes
"""

from __future__ import annotations

from dsx.load.ahead import ReadAhead
from dsx.load.cache import DocumentCache, open_cache
from dsx.load.flags import flagged
from dsx.load.identity import document_id, file_name, reason_of
from dsx.load.reader import DocumentReader
from dsx.load.unseen import with_hidden

__all__ = [
    "DocumentCache",
    "DocumentReader",
    "ReadAhead",
    "document_id",
    "file_name",
    "flagged",
    "open_cache",
    "reason_of",
    "with_hidden",
]

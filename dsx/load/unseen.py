"""Hidden text on request: put at the end of the text, in a section of its own, so that what rests on it can be told."""

from __future__ import annotations

from dataclasses import replace

from dsx.types import Document, Section

HIDDEN_SECTION = "hidden"
"""Kind of the section that holds what no reader sees."""


def with_hidden(document: Document) -> Document:
    """The document with its hidden text at the end of `text`, a line a piece; itself where it has none."""
    import numpy

    if not document.hidden:
        return document
    start = len(document.text)
    added = "".join(f"{piece.text}\n" for piece in document.hidden)
    lengths = [len(piece.text) + 1 for piece in document.hidden]
    boxes = numpy.array([piece.box or [numpy.nan] * 4 for piece in document.hidden], dtype=numpy.float32)
    numbers = numpy.array([piece.page for piece in document.hidden], dtype=numpy.int32)
    end = start + len(added)
    return replace(
        document,
        text=document.text + added,
        pages=(*document.pages[:-1], replace(document.pages[-1], end=end)),
        sections=(*document.sections, Section("", HIDDEN_SECTION, 1, start, end)),
        char_pages=numpy.concatenate([document.char_pages, numpy.repeat(numbers, lengths)]),
        char_boxes=numpy.concatenate([document.char_boxes, numpy.repeat(boxes, lengths, axis=0)]),
    )

"""Quote → where it stands: page, character span, boxes of just its words, number of occurrences."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from dsx.text import fold, folded_text
from dsx.types import Box, Document, Evidence, Shown

if TYPE_CHECKING:
    import numpy

MAX_OCCURRENCES = 1000
"""Counting stops here; nobody looks further."""


_line_end_hyphen = re.compile(r"([^\W\d_])[-‐]\s+([^\W\d_])")


def locate(quote: str, document: Document, shown: Shown | None = None) -> Evidence | None:
    """Where `quote` stands in the document; None where it does not.

    A literal match is tried first, then one that takes no notice of white space, of letter case and of how a character
    is encoded (NFKC; dashes, quotation marks and soft hyphens are one), at last one with words joined that a hyphen
    broke at a line's end.
    shown: what the model saw; of several occurrences the first one inside it is meant, else the first of all.
    """
    spans = _literal(quote.strip(), document.text) or _loose(quote, document.text)
    if not spans and (mended := _line_end_hyphen.sub(r"\1\2", quote)) != quote:
        spans = _loose(mended, document.text)
    if not spans:
        return None
    start, end = next((span for span in spans if shown is None or _inside(span, shown)), spans[0])
    return evidence_at(document, start, end, len(spans))


def evidence_at(document: Document, start: int, end: int, occurrences: int | None = None) -> Evidence:
    """The words of the document in [start, end) as evidence. occurrences: counted where they are not given."""
    quote = document.text[start:end]
    return Evidence(
        quote=quote,
        page=_page(document, start, end),
        start=start,
        end=end,
        boxes=boxes_of(document, start, end),
        occurrences=len(_literal(quote, document.text)) if occurrences is None else occurrences,
    )


def boxes_of(document: Document, start: int, end: int) -> tuple[Box, ...]:
    """Boxes of the characters in [start, end), one a line of print, of the page on which most of them stand."""
    import numpy

    page = _page(document, start, end)
    pages, boxes = document.char_pages[start:end], document.char_boxes[start:end]
    placed = boxes[(pages == page) & ~numpy.isnan(boxes[:, 0])]
    turn = _turn(placed)
    return tuple(_turned(line, -turn % 4) for line in _lines(_turned(box, turn) for box in placed.tolist()))


def _turn(boxes: numpy.ndarray) -> int:
    """How most characters follow their neighbours: 0 to the right, 1 upward, 2 to the left, 3 downward."""
    import numpy

    right, down = numpy.diff((boxes[:, :2] + boxes[:, 2:]) / 2, axis=0).T
    near = numpy.hypot(right, down) < 2 * (boxes[1:, 2:] - boxes[1:, :2]).max(axis=1)
    level = abs(right) >= abs(down)
    votes = [
        (near & way).sum()
        for way in (level & (right >= 0), ~level & (down < 0), level & (right < 0), ~level & (down > 0))
    ]
    return int(numpy.argmax(votes))


def _turned(box: Sequence[float], turn: int) -> Box:
    """A box with the origin's surroundings turned to the right so many quarters: upward text is upright after one."""
    x0, y0, x1, y1 = box
    for _ in range(turn):
        x0, y0, x1, y1 = -y1, x0, -y0, x1
    return (x0, y0, x1, y1)


def _lines(boxes: Iterable[Box]) -> Iterator[Box]:
    """Joins boxes that stand on one line of print, side by side and in order."""
    current: list[float] | None = None
    for x0, y0, x1, y1 in boxes:
        if current is not None and _same_line(current, y0, y1) and x0 >= current[2] - (y1 - y0) * 0.6:
            current = [min(current[0], x0), min(current[1], y0), max(current[2], x1), max(current[3], y1)]
            continue
        if current is not None:
            yield (current[0], current[1], current[2], current[3])
        current = [x0, y0, x1, y1]
    if current is not None:
        yield (current[0], current[1], current[2], current[3])


def _same_line(line: list[float], y0: float, y1: float) -> bool:
    overlap = min(line[3], y1) - max(line[1], y0)
    return overlap > 0.3 * min(line[3] - line[1], y1 - y0)


def _page(document: Document, start: int, end: int) -> int:
    """The page on which most of the span stands; the first of equals."""
    pages = [page for page in document.char_pages[start:end].tolist() if page]
    return max(dict.fromkeys(pages), key=pages.count) if pages else document.page_at(start)


def _literal(quote: str, text: str) -> list[tuple[int, int]]:
    if not quote:
        return []
    spans: list[tuple[int, int]] = []
    at = text.find(quote)
    while at >= 0 and len(spans) < MAX_OCCURRENCES:
        spans.append((at, at + len(quote)))
        at = text.find(quote, at + 1)
    return spans


def _loose(quote: str, text: str) -> list[tuple[int, int]]:
    needle = "".join(map(fold, quote))
    if not needle:
        return []
    folded, offsets = folded_text(text)
    return [
        (offsets[match.start()], offsets[match.end() - 1] + 1)
        for match, _ in zip(re.finditer(re.escape(needle), folded), range(MAX_OCCURRENCES), strict=False)
    ]


def _inside(span: tuple[int, int], shown: Shown) -> bool:
    return any(passage.start <= span[0] and span[1] <= passage.end for passage in shown.passages)

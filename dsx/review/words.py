"""The words of a page, with their boxes or around quotes, and the short form in which the page's data hold them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from dsx.ground.locate import boxes_of
from dsx.types import Box, Document, Json

AROUND = 1200
"""Characters shown before and after a quote where there is no picture of its page."""
GAP = "\f"
"""Stands in place of the text that is left out; no word holds it."""
_word = re.compile(r"\S+")

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Word:
    """A word as the page shows it. boxes: in points, several where a line ends in it, none without a picture."""

    text: str
    boxes: tuple[Box, ...] = ()
    ends_line: bool = False


def placed_words(document: Document, number: int) -> Iterator[Word]:
    """The words that begin on a page and have boxes."""
    import numpy

    (on_page,) = numpy.nonzero(document.char_pages == number)
    if not len(on_page):
        return
    start = document.text.rfind(" ", 0, int(on_page[0])) + 1  # of a word from the page before, which does not count
    for match in _word.finditer(document.text, start):
        if match.start() > on_page[-1]:
            break
        numbers = document.char_pages[match.start() : match.end()]
        placed = numbers[numbers > 0]
        if len(placed) and placed[0] == number and (boxes := boxes_of(document, *match.span())):
            yield Word(match.group(), boxes, document.text[match.end() : match.end() + 1] == "\n")


def words_around(text: str, quotes: Iterable[Span], otherwise: Span) -> Iterator[Word]:
    """The words around quotes, in order, with GAP between parts. otherwise: the part that is shown without quotes."""
    for number, (start, end) in enumerate(_around(text, quotes) or [otherwise]):
        if number:
            yield Word(GAP)
        for match in _word.finditer(text[start:end]):
            at = start + match.end()
            yield Word(match.group(), ends_line=text[at : at + 1] == "\n")


def packed(words: Iterable[Word]) -> dict[str, Json]:
    """{"text", "boxes", "several"}, a fifth of what lists of words and boxes take.

    text: each word with a line feed after it where it ends a line, else a blank. boxes: four whole numbers a box, in
    tenths of a point: its left from the right of the box before, its top from the top before, its width, and its height
    less the height before. several: [place of a word, how many boxes it has] where it is more than one.
    """
    texts, boxes, several = [], list[int](), list[tuple[int, int]]()
    right = top = height = 0
    for at, word in enumerate(words):
        texts.append(f"{word.text}\n" if word.ends_line else f"{word.text} ")
        if len(word.boxes) > 1:
            several.append((at, len(word.boxes)))
        for box in word.boxes:
            x0, y0, x1, y1 = (round(10 * edge) for edge in box)
            boxes += (x0 - right, y0 - top, x1 - x0, y1 - y0 - height)
            right, top, height = x1, y0, y1 - y0
    return {"text": "".join(texts), "boxes": boxes, "several": several}


def _around(text: str, quotes: Iterable[Span]) -> list[Span]:
    """The parts of the text around quotes, in order; parts that touch are one. Of a long quote: its two ends."""
    parts: list[Span] = []
    for place in sorted({edge for quote in quotes for edge in quote}):
        start, end = max(0, place - AROUND), min(len(text), place + AROUND)
        if parts and start <= parts[-1][1]:
            parts[-1] = (parts[-1][0], max(end, parts[-1][1]))
        else:
            parts.append((start, end))
    return parts

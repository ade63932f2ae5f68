"""Words and segments of a table's lines: the pieces that white space parts, with their places on the page."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from dsx.load.boxes import NO_BOX
from dsx.load.hyphens import join_lines
from dsx.load.lines import Line
from dsx.types import Box

CELL_GAP = 0.9
"""White space between two cells of one row, at least, in font sizes, where no other row is asked."""
TIGHT_GAP = 0.45
"""White space between two columns, at least, in font sizes, where many rows leave it in one place."""
WORD_GAP = 0.12
"""White space between two words, at least, in font sizes."""
NUMBER = re.compile(
    r"[<>=≤≥~≈]?\s*+[-−–+±]?\s*+[$€£]?\(?\[?\.?\d[\d.,:;/%°×^\s()\[\]<>=±−–+-]*+"
    r"(?:(?:ms|s|deg|to)[\d.,\s()\[\]±−–-]*+)?[*†‡§a-d^]*+[)\]]?|[-–—−.]+|n\.?\s?[as]\.?|n/a|nan",
    re.I,
)
"""A cell that holds a number, or says that there is none."""
CONTINUED = re.compile(
    r"\(?\s?cont(?:inued|[’']?d|\.)(?: (?:on|from) (?:the )?(?:next|previous) page)?\s?[.…]{0,3}\)?", re.I
)
"""A printed row that says no more than that the table goes on."""
LEADERS = re.compile(r"(?:\s?[.…·]){4,}")
"""Dots that lead the eye from a label to its numbers."""


@dataclass(slots=True)
class Segment:
    """A stretch of a row without wide gaps. boxes: one a character, NO_BOX for the spaces that are put in."""

    text: str
    boxes: list[Box]
    box: Box
    size: float
    bold: bool

    @property
    def middle(self) -> float:
        return (self.box[0] + self.box[2]) / 2

    @property
    def is_number(self) -> bool:
        return NUMBER.fullmatch(self.text) is not None


def around(boxes: Iterable[Box]) -> Box:
    """The smallest box that holds them all."""
    x0, y0, x1, y1 = zip(*boxes, strict=True)
    return (min(x0), min(y0), max(x1), max(y1))


def words(line: Line) -> Iterator[Segment]:
    """The words of a line; white space and wide gaps part them."""
    text: list[str] = []
    boxes: list[Box] = []

    def word() -> Segment:
        return Segment("".join(text), list(boxes), around(boxes), line.size, line.bold)

    shown = LEADERS.sub(lambda dots: " " * len(dots[0]), line.text)
    for letter, box in zip(shown, line.boxes, strict=True):
        if text and (letter.isspace() or box[0] - boxes[-1][2] > CELL_GAP * max(line.size, 4)):
            yield word()
            text, boxes = [], []
        if not letter.isspace():
            text.append(letter)
            boxes.append(box)
    if text:
        yield word()


def joined(parts: Sequence[Segment]) -> Segment:
    """Words of one row as one segment, a space between them where there is room for one."""
    first = parts[0]
    text, boxes = first.text, list(first.boxes)
    for before, part in pairwise(parts):
        if part.box[0] - before.box[2] > WORD_GAP * max(part.size, 4):
            text += " "
            boxes.append(NO_BOX)
        text += part.text
        boxes += part.boxes
    return Segment(text, boxes, around(part.box for part in parts), first.size, all(part.bold for part in parts))


def stacked(upper: Segment, lower: Segment, hyphenated: Counter[str]) -> Segment:
    """Two lines of one cell; a word or number that the line's end broke is whole again.

    hyphenated: of `count_hyphenated`.
    """
    kept = join_lines(upper.text, lower.text, hyphenated)
    text, boxes = upper.text[:kept], upper.boxes[:kept]
    if kept is None:
        text, boxes = f"{text} ", [*boxes, NO_BOX]
    box = around((upper.box, lower.box))
    return Segment(text + lower.text, [*boxes, *lower.boxes], box, upper.size, upper.bold and lower.bold)


def segments(row: Iterable[Segment], gap: float = CELL_GAP) -> list[Segment]:
    """The words of a row joined where less white space than `gap` font sizes is between them."""
    found: list[list[Segment]] = []
    for word in sorted(row, key=lambda word: word.box[0]):
        if found and word.box[0] - found[-1][-1].box[2] <= gap * max(word.size, 4):
            found[-1].append(word)
        else:
            found.append([word])
    return [joined(parts) for parts in found]


def same_row(one: Box, other: Box) -> bool:
    """Whether two boxes overlap by more than half of the lower one's height."""
    overlap = min(one[3], other[3]) - max(one[1], other[1])
    return overlap > 0.5 * min(one[3] - one[1], other[3] - other[1])


def printed_rows(parts: Iterable[Segment]) -> list[list[Segment]]:
    """Words or segments by the line of print they stand on, from the top, each from the left."""
    rows: list[list[Segment]] = []
    for part in sorted(parts, key=lambda part: (part.box[1] + part.box[3]) / 2):
        if rows and same_row(rows[-1][0].box, part.box):
            rows[-1].append(part)
        else:
            rows.append([part])
    return [sorted(row, key=lambda part: part.box[0]) for row in rows]

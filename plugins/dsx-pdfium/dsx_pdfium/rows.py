"""Characters → lines and blocks, by the distances that PyMuPDF uses too."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from dsx_pdfium.characters import Character
from dsx_pdfium.drawing import Point

SPACE, GAP, STEP, LEADING, INDENT = 0.15, 0.9, 0.8, 1.5, 0.5
"""In font sizes: a gap that is a space; a gap and a step up or down that part two lines; the most from one line of a
block to the next; a paragraph's indent."""
ENDS = (".", "!", "?", ":", ";", "”", ")")
RAISED_BY, RAISED_SIZE = 0.15, 0.9
"""A superscript stands higher by that share of the line's font size, and is smaller than that share of it."""
SUPERSCRIPT, BOLD = 1, 16
MIN_SPACE = 0.03
"""Of a space that PDFium puts in, in font sizes."""
UPRIGHT = 0.985
"""Cosine of the tilt, 10 degrees, up to which text counts as upright."""
DOWNWARD = 3
"""The turn of text that runs down, whose lines PDFium gives from the last to the first."""
NEXT_LINE = 2.5
"""Font sizes from one line to the next, at most."""
LIGATURE = frozenset("fijlt")
"""Letters after the first of a ligature, which PDFium gives in the place of all of it."""
TURNED_BLOCKS = 100_000
"""Blocks of text that is turned are numbered from here on."""
DROP_CAP = 2.0
"""A capital that is let in is more than so many times as large as the text beside it."""


@dataclass(slots=True)
class Row:
    """Characters on one baseline without a wide gap. hangs: its block goes on indented below its first line."""

    block: int
    characters: list[Character]
    hangs: bool = False


def lines_of(characters: Sequence[Character], number: int, size: Point) -> list[Any]:
    """The lines of a page, those that run up, down or upside down too; tilted ones are watermarks."""
    from dsx.plugin_api.loaders import Boxes, line_of, turned, turned_size

    lines = []
    for turn in range(4):
        own = [_turned(one, turn, size) for one in characters if _turn(one.look.along) == turn]
        for row in _rows(iter(own) if turn != DOWNWARD else _forward(own)):
            line = line_of(number, row.block + turn * TURNED_BLOCKS, _as_pymupdf(row.characters))
            if line is not None:
                back, frame = (4 - turn) % 4, turned_size(turn, size)
                line.turn = turn
                line.boxes = Boxes(turned(box, back, frame) for box in line.boxes)
                line.box = turned(line.box, back, frame)
                lines.append(line)
    return lines


def _forward(characters: Sequence[Character]) -> Iterator[Character]:
    """Characters whose lines come one above the other, from the first of these lines to the last."""
    lines: list[list[Character]] = []
    for one in characters:
        if not lines or abs(one.origin[1] - lines[-1][-1].origin[1]) >= STEP * one.look.size:
            lines.append([])
        lines[-1].append(one)
    start = 0
    for at in range(1, len(lines) + 1):
        up = lines[at - 1][0].origin[1] - lines[at][0].origin[1] if at < len(lines) else 0.0
        if not 0 < up < NEXT_LINE * lines[at - 1][0].look.size:
            for line in reversed(lines[start:at]):
                yield from line
            start = at


def _turn(along: Point) -> int | None:
    """Quarter turns to the left of text that runs so; None where it is tilted."""
    x, y = along
    length = math.hypot(x, y)
    if abs(x) > UPRIGHT * length:
        return 0 if x > 0 else 2
    return (1 if y < 0 else 3) if abs(y) > UPRIGHT * length else None


def _turned(one: Character, turn: int, size: Point) -> Character:
    """A character in the frame in which its text is upright."""
    from dsx.plugin_api.loaders import turned

    if not turn:
        return one
    x, y, _, _ = turned((*one.origin, *one.origin), turn, size)
    return Character(one.letter, turned(one.box, turn, size), (x, y), one.look, one.spaced)


def _rows(characters: Iterator[Character]) -> list[Row]:
    """Lines, numbered by block: a block ends where the next line is not right below, or is indented."""
    rows: list[Row] = []
    for one in characters:
        if one.look.size <= 0:
            continue
        last = rows[-1].characters[-1] if rows else None
        if last is None:
            rows.append(Row(0, [one]))
            continue
        size = max(one.look.size, last.look.size)
        gap, step = one.box[0] - last.box[2], one.origin[1] - last.origin[1]
        let_in = last.look.size > DROP_CAP * one.look.size and last.letter.isupper()
        ligature = one.letter in LIGATURE and (one.origin, one.box) == (last.origin, last.box)
        if ligature or (abs(step) < STEP * size and -STEP * size < gap < GAP * size and not let_in):
            apart = gap > SPACE * size or (one.spaced and gap > MIN_SPACE * size)
            if apart and not (one.letter.isspace() or last.letter.isspace()):
                between = (last.box[2], last.box[1], one.box[0], last.box[3])
                rows[-1].characters.append(Character(" ", between, one.origin, one.look))
            rows[-1].characters.append(one)
            continue
        if one.letter.isspace():
            continue
        block = _block_of(rows[-1], one, step, size)
        rows.append(Row(block, [one], rows[-1].hangs and block == rows[-1].block))
    return rows


def _block_of(row: Row, one: Character, step: float, size: float) -> int:
    """The block of a line that begins with `one`, `row` being the line before it.

    An indent is a new paragraph's only after the end of a sentence; else it hangs, and what stands left of it is new.
    """
    right, left = row.characters[-1].box[2], row.characters[0].box[0]
    if abs(step) < STEP * size and one.box[0] >= right:
        return row.block
    text = "".join(each.letter for each in row.characters).rstrip()
    indented = one.box[0] - left > INDENT * size
    row.hangs = row.hangs or (indented and not text.endswith(ENDS))
    new = (indented and not row.hangs) or (row.hangs and left - one.box[0] > INDENT * size)
    below = 0 < step <= LEADING * size and one.box[0] <= right
    return row.block if below and not new else row.block + 1


def _as_pymupdf(characters: list[Character]) -> dict[str, Any]:
    """A line as PyMuPDF's "rawdict" has it, from which dsx makes its lines."""
    sizes = Counter[float]()
    for one in characters:
        sizes[round(one.look.size, 1)] += bool(one.letter.strip())
    size = sizes.most_common(1)[0][0]
    base = Counter(round(one.origin[1], 1) for one in characters if round(one.look.size, 1) == size).most_common(1)[0][
        0
    ]

    def key(one: Character) -> tuple[str, float, int, int]:
        high = base - one.origin[1] > RAISED_BY * size and one.look.size < RAISED_SIZE * size
        return one.look.font, one.look.size, BOLD * one.look.bold | SUPERSCRIPT * high, one.look.alpha

    spans = [
        {
            "font": font,
            "size": points,
            "flags": flags,
            "alpha": alpha,
            "chars": [{"c": one.letter, "bbox": one.box} for one in group],
        }
        for (font, points, flags, alpha), group in groupby(characters, key)
    ]
    x0, y0, x1, y1 = zip(*(one.box for one in characters), strict=True)
    return {"spans": spans, "bbox": (min(x0), min(y0), max(x1), max(y1)), "dir": (1.0, 0.0)}

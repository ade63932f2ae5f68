"""Lines with letters that run right to left, in the order in which they are read.

PDFs draw a line from left to right; MuPDF turns each of its runs around, numbers too where all their digits are
Arabic, and leaves the runs in the order in which they are drawn.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from itertools import groupby

from dsx.types import Box

_right = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
MIRRORED = str.maketrans("()[]{}<>«»‹›", ")(][}{><»«›‹")
RIGHT = ("R", "AL")
STRONG = (*RIGHT, "L")
_Unit = tuple[str, list[int]]
"""A bidi class of Unicode's, and characters of it: a word that runs right to left, or one other."""


def as_read(text: Sequence[str], boxes: Sequence[Box]) -> tuple[list[str], list[Box]] | None:
    """Characters and boxes of a line in the order in which they are read; None where all of it runs left to right.

    The order is that of the Unicode Bidirectional Algorithm (UAX 9), which turns what is drawn around as it does what
    is read. The line runs as most of its letters do.
    """
    if not _right.search("".join(text)):
        return None
    units = sorted(_units(text, boxes), key=lambda unit: _middle([boxes[index] for index in unit[1]]))
    classes = [kind for kind, _ in units]
    letters = [kind for kind, unit in units for _ in unit]
    base = int(sum(kind in RIGHT for kind in letters) > letters.count("L"))
    before = ["AL"] if base and "AL" in classes else []  # what is drawn on the left of a number is read after it
    levels = [_level(kind, base) for kind in _resolved([*before, *classes], base)[len(before) :]]
    characters = [(index, levels[at] % 2) for at in _reordered(levels) for index in units[at][1]]
    read = [text[index].translate(MIRRORED) if turned else text[index] for index, turned in characters]
    return read, [boxes[index] for index, _ in characters]


def _units(text: Sequence[str], boxes: Sequence[Box]) -> list[_Unit]:
    """Letters of a word from right to left, each with the marks on it."""
    units: list[_Unit] = []
    right = [0.0] * len(text)
    for index, letter in enumerate(text):
        kind = unicodedata.bidirectional(letter) or "ON"
        right[index] = _middle([boxes[index]])
        if units and units[-1][0] in RIGHT and kind in (*RIGHT, "NSM"):
            units[-1][1].append(index)
            if kind == "NSM":
                right[index] = right[index - 1]
        else:
            units.append((kind, [index]))
    return [(kind, sorted(unit, key=lambda index: -right[index])) for kind, unit in units]


def _middle(boxes: Sequence[Box]) -> float:
    edges = [edge for box in boxes for edge in (box[0], box[2])]
    return (min(edges) + max(edges)) / 2


def _resolved(classes: Sequence[str], base: int) -> list[str]:
    """Rules W2, W4 to W7, N1 and N2: every class is L, R, EN or AN."""
    kinds = list(classes)
    strong = outer = "R" if base else "L"
    for at, kind in enumerate(kinds):
        if kind in STRONG:
            strong = kind
        elif kind == "EN" and strong == "AL":
            kinds[at] = "AN"
    for at in range(1, len(kinds) - 1):
        before, kind, after = kinds[at - 1 : at + 2]
        if before == after and ((kind == "CS" and before in ("EN", "AN")) or (kind == "ES" and before == "EN")):
            kinds[at] = before
    at = 0
    for kind, group in groupby(list(kinds)):
        end = at + len(list(group))
        if kind == "ET" and "EN" in (*kinds[max(at - 1, 0) : at], *kinds[end : end + 1]):
            kinds[at:end] = ["EN"] * (end - at)
        at = end
    strong = outer
    for at, kind in enumerate(kinds):
        if kind in STRONG:
            kinds[at] = strong = "L" if kind == "L" else "R"
        elif kind == "EN" and strong == "L":
            kinds[at] = "L"
        elif kind not in ("EN", "AN"):
            kinds[at] = "ON"
    return _without_neutrals(kinds, outer)


def _without_neutrals(kinds: list[str], outer: str) -> list[str]:
    """What stands between two of one direction has it too, all else the line's; numbers count as right to left."""
    at = 0
    for kind, group in groupby(list(kinds)):
        end = at + len(list(group))
        if kind == "ON":
            sides = [kinds[at - 1] if at else outer, kinds[end] if end < len(kinds) else outer]
            first, last = ("L" if side == "L" else "R" for side in sides)
            kinds[at:end] = [first if first == last else outer] * (end - at)
        at = end
    return kinds


def _level(kind: str, base: int) -> int:
    """Rules I1 and I2."""
    if base:
        return 1 if kind == "R" else 2
    return {"L": 0, "R": 1}.get(kind, 2)


def _reordered(levels: Sequence[int]) -> list[int]:
    """Rule L2: runs of each level and those above it are turned around, the highest first."""
    order = list(range(len(levels)))
    for level in range(max(levels), 0, -1):
        turned: list[int] = []
        for is_run, group in groupby(order, key=[each >= level for each in levels].__getitem__):
            members = list(group)
            turned += reversed(members) if is_run else members
        order = turned
    return order

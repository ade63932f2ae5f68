"""What stands in the margins of every page and is no text: running heads and feet, page numbers, line numbers."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise

from dsx.load.lines import Line

BAND = 0.09
"""Share of the page's height, above and below, in which running heads and feet stand."""
LEAST_PAGES = 3
LEAST_LINE_NUMBERS = 8
"""So many numbers that grow downward in one column are line numbers."""

_digits = re.compile(r"[\dIVXLC]+")
_page_number = re.compile(r"\W*(?:page\s*)?\d{1,5}(?:\s*(?:of|/)\s*\d{1,5})?\W*", re.IGNORECASE)


def without_margins(pages: Sequence[Sequence[Line]], sizes: Sequence[tuple[float, float]]) -> list[list[Line]]:
    """The pages' lines without what repeats in their margins; the first page keeps its own: the year stands there."""
    seen: defaultdict[tuple[str, int], set[int]] = defaultdict(set)
    for lines, (_, height) in zip(pages, sizes, strict=True):
        for line in lines:
            band = _band(line, height)
            if band:
                seen[(_shape(line.text), band)].add(line.page)
    least = max(2, min(LEAST_PAGES, len(pages)))
    kept = []
    for lines, (_, height) in zip(pages, sizes, strict=True):
        numbers = _line_numbers(lines)
        here = []
        for line in lines:
            band = _band(line, height)
            numbered = band and _page_number.fullmatch(line.text) and len(pages) > 1
            repeated = band and len(seen[(_shape(line.text), band)]) >= least and line.page > 1
            if not numbered and not repeated and id(line) not in numbers:
                here.append(line)
        kept.append(here)
    return kept


def _band(line: Line, height: float) -> int:
    """-1 in the band above, 1 in the band below, 0 between."""
    if line.box[3] < BAND * height:
        return -1
    return 1 if line.box[1] > (1 - BAND) * height else 0


def _shape(text: str) -> str:
    """The text with its numbers made alike."""
    return " ".join(_digits.sub("#", text).split()).lower()


def _line_numbers(lines: Sequence[Line]) -> set[int]:
    """ids of the lines that number the others: bare numbers in one column at the edge, growing downward."""
    columns: defaultdict[int, list[Line]] = defaultdict(list)
    for line in lines:
        if line.text.strip().isdecimal() and len(line.text.strip()) <= 4:
            columns[round(line.box[2] / 6)].append(line)
    found: set[int] = set()
    left = min((line.box[0] for line in lines if not line.text.strip().isdecimal()), default=0.0)
    right = max((line.box[2] for line in lines if not line.text.strip().isdecimal()), default=0.0)
    for column in columns.values():
        ordered = sorted(column, key=lambda line: line.box[1])
        values = [int(line.text) for line in ordered]
        growing = all(one < other for one, other in pairwise(values))
        outside = all(line.box[2] <= left + 2 or line.box[0] >= right - 2 for line in ordered)
        if len(ordered) >= LEAST_LINE_NUMBERS and growing and outside:
            found |= {id(line) for line in ordered}
    return found

"""Pages of plain text: without line numbers, running heads and page numbers, columns one after the other."""

from __future__ import annotations

import re
import statistics
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise

MIN_NUMBERED_LINES = 8
"""Lines from which numbers before nearly all of them count lines."""
NUMBERED = 0.9
OUTER_LINES = 2
"""So many first and last lines of a page may be heads and feet."""
MIN_COLUMN_LETTERS = 25
"""Letters of a line of a column of text, at the median; the cells of a table have fewer."""
MIN_ROWS, PARTED = 4, 0.6
"""A gutter stands in so many lines at least, and in this share of all lines."""
_number = re.compile(r"[ \t]*(\d{1,4})(?:[ \t]+|$)")
_digits = re.compile(r"\d+|\b[ivxlc]+\b")
_page_number = re.compile(r"\W*(?:page\s*)?\d{1,5}(?:\s*(?:of|/)\s*\d{1,5})?\W*", re.I)
_gap = re.compile(r"(?<=\S)[ ]{2,200}(?=\S)")


def readable(pages: Sequence[str]) -> list[str]:
    """The pages of a text as they are read."""
    printed = [page.split("\n") for page in pages]
    printed = _without_heads(_without_line_numbers(printed))
    return ["\n".join(_in_columns(lines)) for lines in printed]


def _without_line_numbers(pages: Sequence[Sequence[str]]) -> list[list[str]]:
    """Lines without the numbers before them, where these count nearly all lines, anew on each page or on and on."""
    filled = [line for lines in pages for line in lines if line.strip()]
    found = [number for line in filled if (number := _number.match(line))]
    values = [int(number[1]) for number in found]
    counting = all(later in (before + 1, 1) for before, later in pairwise(values))
    if len(values) < MIN_NUMBERED_LINES or len(values) < NUMBERED * len(filled) or not counting:
        return [list(lines) for lines in pages]
    return [[line[number.end() :] if (number := _number.match(line)) else line for line in lines] for lines in pages]


def _without_heads(pages: Sequence[Sequence[str]]) -> list[list[str]]:
    """Pages without the first and last lines that stand on others too, page numbers among them; the first page keeps
    its head."""
    if len(pages) < 2:
        return [list(lines) for lines in pages]
    outer = [dict(_outer(lines)) for lines in pages]
    seen = Counter(shape for shapes in outer for shape in set(shapes.values()))
    kept = []
    for number, (lines, shapes) in enumerate(zip(pages, outer, strict=True)):
        left_out = {
            at
            for at, shape in shapes.items()
            if seen[shape] > 1 and _is_head(lines[at], first=not number and not shape[0])
        }
        kept.append([line for at, line in enumerate(lines) if at not in left_out])
    return kept


def _is_head(line: str, first: bool) -> bool:
    """Whether a repeated outer line is none of the text: a page number or words. first: it stands over the text."""
    return _page_number.fullmatch(line.strip()) is not None or (not first and any(map(str.isalpha, line)))


def _outer(lines: Sequence[str]) -> Iterator[tuple[int, tuple[bool, str]]]:
    """Places of a page's outer lines, each with whether it is a foot, and its words with all numbers alike."""
    filled = [at for at, line in enumerate(lines) if line.strip()]
    for foot, places in ((False, filled[:OUTER_LINES]), (True, filled[OUTER_LINES:][-OUTER_LINES:])):
        for at in places:
            yield at, (foot, _digits.sub("#", " ".join(lines[at].lower().split())))


def _in_columns(lines: Sequence[str]) -> list[str]:
    """Lines of two columns, set side by side with spaces between, one column after the other."""
    gutter = _gutter(lines)
    if not gutter:
        return list(lines)
    ordered: list[str] = []
    left: list[str] = []
    right: list[str] = []
    for line in [*lines, None]:
        if line is None or line[gutter - 2 : gutter].strip():
            ordered += [*left, "", *right, ""] if any(part.strip() for part in right) else left
            left, right = [], []
            ordered += [line] if line is not None else []
        else:
            left.append(line[:gutter].rstrip())
            right.append(line[gutter:].strip())
    return ordered


def _gutter(lines: Sequence[str]) -> int:
    """Where the right column begins; 0 where there are no two columns of text."""
    starts = Counter(gap.end() for line in lines for gap in _gap.finditer(line))
    place, count = max(starts.items(), key=lambda start: start[1], default=(0, 0))
    filled = [line for line in lines if line.strip()]
    if count < MIN_ROWS or count < PARTED * len(filled):
        return 0
    sides = [(line[:place].strip(), line[place:].strip()) for line in filled if not line[place - 2 : place].strip()]
    both = [side for side in sides if all(side)]
    if len(both) < MIN_ROWS or any(
        statistics.median(map(len, side)) < MIN_COLUMN_LETTERS for side in zip(*both, strict=True)
    ):
        return 0
    return place

"""What stands in the margins of every page and is no text: running heads and feet, page numbers, line numbers."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import pairwise

from dsx.load.lines import Line
from dsx.load.table_extent import CAPTION
from dsx.load.table_words import same_row

BAND = 0.09
"""Share of the page's height, above and below, in which running heads and feet stand."""
OUTER_ROWS = 2
"""The first and the last printed rows of a page may be heads and feet at any height, where they repeat in one place."""
MARK_SIZE, MARKED_PAGES = 1.8, 3
"""A watermark is so many times as large as the text, and stands on so many pages at least, and on half of all."""
SAME_PLACE = 3.0
"""In points."""
LEADING, FULL_LINE = 1.4, 12.0
"""Of a paragraph: most from line to line, in heights of a line; least length of a line, in sizes of its letters."""
MIN_LETTERS = 20
"""Of a line of running text."""
MIN_LINE_NUMBERS = 8
"""So many numbers that grow downward in one column are line numbers."""

_outer = re.compile(r"(?:(\d{1,4})\s{2,}\S.*|.*\S\s{2,}(\d{1,4})|(\d{1,4}))")
_leading_number = re.compile(r"\s*(\d{1,4})\s+(?=\S)")
_digits = re.compile(r"[\dIVXLC]+")
_unended = re.compile(r"[\w,]\s*$")
_page_number = re.compile(r"\W*(?:page\s*)?\d{1,5}(?:\s*(?:of|/)\s*\d{1,5})?\W*", re.IGNORECASE)


def without_margins(pages: Sequence[Sequence[Line]], sizes: Sequence[tuple[float, float]]) -> list[list[Line]]:
    """The pages' lines without what repeats in their margins; the first page keeps its own: the year stands there."""
    _cut_line_numbers(pages)
    numbers = _line_numbers(pages, [height for _, height in sizes])
    bands = [_bands(lines, height) for lines, (_, height) in zip(pages, sizes, strict=True)]
    seen: defaultdict[tuple[str, int], dict[int, float]] = defaultdict(dict)
    for lines, band in zip(pages, bands, strict=True):
        for line in lines:
            if id(line) in band:
                seen[(_shape(line.text), band[id(line)])][line.page] = line.box[1]
    offset = _page_offset(pages, bands)
    left_out = numbers | _watermarks(pages)
    kept = []
    for lines, band in zip(pages, bands, strict=True):
        repeated = {
            id(line) for line in lines if id(line) in band and _repeats(line, seen[_shape(line.text), band[id(line)]])
        }
        shown = []
        printed = [line for line in lines if id(line) not in numbers]
        for line in lines:
            numbered = id(line) in band and len(pages) > 1 and _is_page_number(line, lines, repeated)
            titled = id(line) in band and not line.text.strip().isdecimal()
            head = titled and offset is not None and _has_number(line, line.page + offset, printed)
            again = (id(line) in repeated or head) and line.page > 1
            if not numbered and not again and id(line) not in left_out:
                shown.append(line)
        kept.append(shown)
    return kept


def _bands(lines: Sequence[Line], height: float) -> dict[int, int]:
    """id of each line that may be a head (-1) or a foot (1): in the band above or below, or in the outermost rows."""
    rows = sorted({round(line.box[1]) for line in lines})
    inner = rows[OUTER_ROWS:-OUTER_ROWS] or [round(height), 0]
    cells = _rows_of_cells(lines)
    table = min((line.box[3] for line in lines if CAPTION.match(line.text)), default=height)
    found = {}
    for line in lines:
        if round(line.box[1]) in cells:
            continue
        if line.box[3] < BAND * height or line.box[1] < inner[0] - 1:
            if line.box[3] <= table + 1:  # below a caption stand its table's heads
                found[id(line)] = -1
        elif line.box[1] > (1 - BAND) * height or line.box[1] > inner[-1] + 1:
            found[id(line)] = 1
    return found


def _rows_of_cells(lines: Sequence[Line]) -> set[int]:
    """Heights of the rows of three short lines or more that stand beside another such row: a table's."""
    longest: defaultdict[int, list[int]] = defaultdict(list)
    for line in lines:
        longest[round(line.box[1])].append(len(line.text))
    rows = sorted(longest)
    short = [len(longest[row]) > 2 and max(longest[row]) < MIN_LETTERS for row in rows]
    return {
        row
        for at, row in enumerate(rows)
        if short[at] and (any(short[at + 1 : at + 2]) or any(short[max(at - 1, 0) : at]))
    }


def _page_offset(pages: Sequence[Sequence[Line]], bands: Sequence[dict[int, int]]) -> int | None:
    """The page number printed on a page less its place in the file, where two heads or feet agree on it."""
    votes = Counter[int]()
    for lines, band in zip(pages, bands, strict=True):
        votes.update({number - line.page for line in lines if id(line) in band for number in _outer_numbers(line)})
    return next((offset for offset, count in votes.most_common(1) if count > 1), None)


def _outer_numbers(line: Line) -> set[int]:
    """The number at the start of a head and that at its end, where white space sets it apart."""
    found = _outer.fullmatch(line.text.strip())
    return {int(number) for number in found.groups() if number} if found else set()


def _has_number(line: Line, number: int, lines: Sequence[Line]) -> bool:
    """Whether a head or foot holds its page's number, or has it beside it, alone in its row."""
    if number in _outer_numbers(line):
        return True
    beside = [one.text.strip() for one in lines if one is not line and same_row(one.box, line.box)]
    return beside == [str(number)] and not any(_is_next(line, one) for one in lines)


def _is_next(line: Line, other: Line) -> bool:
    """Whether two lines are set like those of one paragraph."""
    near = 0 < abs(line.box[1] - other.box[1]) < LEADING * (line.box[3] - line.box[1])
    return near and abs(line.box[0] - other.box[0]) < SAME_PLACE and abs(line.size - other.size) < 0.1


def _repeats(line: Line, places: dict[int, float]) -> bool:
    """Whether a line stands on another page too, mostly in the same place. places: where it is on each page."""
    if CAPTION.match(line.text) or not any(map(str.isalnum, line.text)):
        return False
    same = [page for page, y in places.items() if abs(y - line.box[1]) <= SAME_PLACE]
    return len(same) > 1 and 2 * len(same) >= len(places) and (len(line.text.strip()) > 3 or len(same) > 2)


def _is_page_number(line: Line, lines: Sequence[Line], repeated: set[int]) -> bool:
    """Whether a bare number stands alone in its row, or beside a running head: in a row of numbers it is a cell."""
    if not _page_number.fullmatch(line.text) or any(_goes_on(line, before) for before in lines):
        return False
    beside = [one for one in lines if one is not line and same_row(one.box, line.box)]
    return all(
        id(one) in repeated or (one.text.strip() and len(beside) == 1 and one.box[2] - one.box[0] > 60)
        for one in beside
    )


def _goes_on(line: Line, before: Line) -> bool:
    """Whether a line ends the paragraph of another: set like it right under it, which ends no sentence."""
    height = before.box[3] - before.box[1]
    is_below = 0 < line.box[1] - before.box[1] < LEADING * height and abs(line.box[0] - before.box[0]) < SAME_PLACE
    is_wide = before.box[2] - before.box[0] > FULL_LINE * before.size
    return is_below and is_wide and abs(line.size - before.size) < 0.1 and _unended.search(before.text) is not None


def _watermarks(pages: Sequence[Sequence[Line]]) -> set[int]:
    """ids of large lines that stand in the same place of most pages, or that the text is set over."""
    sizes = Counter[float]()
    places: defaultdict[tuple[str, int, int], list[Line]] = defaultdict(list)
    for line in (line for lines in pages for line in lines):
        sizes[line.size] += len(line.text)
        places[line.text.strip(), round(line.box[0]), round(line.box[1])].append(line)
    body = sizes.most_common(1)[0][0] if sizes else 0.0
    least = max(MARKED_PAGES, len(pages) / 2)
    repeated = [lines for lines in places.values() if len({line.page for line in lines}) >= least]
    marks = {id(line) for lines in repeated for line in lines if line.size >= MARK_SIZE * body}
    for lines in pages:
        large = [line for line in lines if line.size >= MARK_SIZE * body and sum(map(str.isalpha, line.text)) > 2]
        marks |= {id(line) for line in large if sum(_is_over(other, line) for other in lines) > 1}
    return marks


def _is_over(line: Line, mark: Line) -> bool:
    """Whether a line of smaller print runs through a large one."""
    middle = (line.box[1] + line.box[3]) / 2
    inside = mark.box[1] + mark.size / 4 < middle < mark.box[3] - mark.size / 4
    shared = min(line.box[2], mark.box[2]) - max(line.box[0], mark.box[0])
    return inside and line.size < mark.size / MARK_SIZE and shared > mark.size


def _shape(text: str) -> str:
    """The text with its numbers made alike."""
    return " ".join(_digits.sub("#", text).split()).lower()


def _line_numbers(pages: Sequence[Sequence[Line]], heights: Sequence[float]) -> set[int]:
    """ids of the lines that number the others: bare numbers in one column at the edge, growing downward."""
    found: set[int] = set()
    numbers: list[Line] = []
    for lines, height in zip(pages, heights, strict=True):
        by_right_edge = _outer_columns(lines, height, edge=2)
        for column in [*by_right_edge, *_outer_columns(lines, height, edge=0)]:
            if _numbers_lines([int(line.text) for line in column]):
                found |= {id(line) for line in column}
        numbers += [line for column in by_right_edge for line in column]
    for few in (numbers, [line for line in numbers if id(line) not in found]):  # every fifth line: few on each page
        if _numbers_lines([int(line.text) for line in few]):
            found |= {id(line) for line in few}
    return found


def _outer_columns(lines: Sequence[Line], height: float, edge: int) -> list[list[Line]]:
    """Bare numbers one below the other, left or right of all text but heads and feet, or in the gutter; each column
    from the top down.

    edge: which side of their boxes is in one line, the left (0) or the right one (2).
    """
    columns: defaultdict[int, list[Line]] = defaultdict(list)
    for line in lines:
        if line.text.strip().isdecimal() and len(line.text.strip()) <= 4:
            columns[round(line.box[edge] / 6)].append(line)
    others = [line for line in lines if not line.text.strip().isdecimal()]
    inner = [line for line in others if line.box[3] > BAND * height and line.box[1] < (1 - BAND) * height] or others
    left = min((line.box[0] for line in inner), default=0.0)
    right = max((line.box[2] for line in inner), default=0.0)
    ordered = [sorted(column, key=lambda line: line.box[1]) for column in columns.values()]
    text = [line for line in lines if len(line.text) >= MIN_LETTERS]
    return [
        column
        for column in ordered
        if all(line.box[2] <= left + 2 or line.box[0] >= right - 2 for line in column)
        or all(_is_between(line, text) for line in column)
    ]


def _is_between(number: Line, text: Sequence[Line]) -> bool:
    """Whether a number stands in the gutter: running text level with it on both sides."""
    level = [line for line in text if same_row(line.box, number.box)]
    return any(line.box[2] <= number.box[0] for line in level) and any(line.box[0] >= number.box[2] for line in level)


def _numbers_lines(values: Sequence[int]) -> bool:
    """Whether numbers, from the top down, count lines: many that grow, or a few in steps of five or ten."""
    steps = {other - one for one, other in pairwise(values)}
    growing = all(step > 0 for step in steps)
    return growing and (len(values) >= MIN_LINE_NUMBERS or (len(values) >= 3 and steps <= {5, 10} and len(steps) == 1))


def _text_start(line: Line) -> int:
    """Where a line's text begins, a number at its start passed over."""
    number = _leading_number.match(line.text)
    return number.end() if number else 0


def _cut_line_numbers(pages: Sequence[Sequence[Line]]) -> None:
    """Takes line numbers off the lines that they are set close to."""
    numbered: list[tuple[Line, int]] = []
    values: list[int] = []
    for lines in pages:
        starts = Counter(round(line.boxes[_text_start(line)][0]) for line in lines)
        left = starts.most_common(1)[0][0] if starts else 0
        for line in sorted(lines, key=lambda line: line.box[1]):
            start = _text_start(line)
            if start and line.box[0] < left - 3 and line.boxes[start][0] >= left - 2:
                numbered.append((line, start))
                values.append(int(line.text[:start]))
    if not _numbers_lines(values):
        return
    for line, start in numbered:
        line.text, line.boxes = line.text[start:], line.boxes[start:]
        line.box = (line.boxes[0][0], *line.box[1:])
        line.lead = max(0, line.lead - start)

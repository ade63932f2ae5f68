"""Where the tables of a page stand: by the rules above and below them, else by rows that follow each other."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from dsx.load.headings import MAIN, heading_kind
from dsx.load.lines import Line
from dsx.load.table_words import CELL_GAP, TIGHT_GAP, Segment, around, printed_rows, same_row, segments, words
from dsx.types import Box

ROW_GAP = 2.6
"""White space between two rows, at most, in font sizes."""
PROSE = 0.8
"""A block of which most lines are as wide as this share of a column of text is text, not rows."""
WIDE = 0.7
"""A line without gaps over this share of the room that a table has ends it: text, or a note."""
SHORT = 20
"""Characters of a line that may be a cell of a table without a caption."""
GUTTER = 6.0
"""White space between two columns of text, at least, in points."""
CAPTION = re.compile(
    r"\s*(?:Supplement\w*\s+|Extended Data\s+|Appendix\s+|Online\s+|e)?(?:Table|TABLE|Tab\.|T A B L E)\s*"
    r"(?:[A-Z][.-]?)?(?:\d+(?:[.-]\d+)*[A-Za-z]?|[IVX]+)\s*(?:[.:|—–]|\s[A-Z(]|\(|$)"
)
_next_caption = re.compile(r"\s*(?:Fig(?:ure|\.)?|FIG\w*\.?|Table|TABLE|Box)\s*S?\d+")
_bare_label = re.compile(r"\s*(?:Table|TABLE|T A B L E)\s*S?[\dIVX.]+[.:]?\s*")
_note = re.compile(r"\s*(?:Notes?\b|Abbreviations?\b|Source|\*|†|‡|\^?[a-d][.)]?\s+[A-Z]|[a-d]\s*[A-Z][a-z]+)")


@dataclass(slots=True)
class View:
    """The lines of one page that run in one direction. rules: thin lines that are drawn there; sideways: lines of the
    page that run up or down and are no view of their own."""

    lines: list[Line]
    rules: list[Box] = field(default_factory=list)
    sideways: list[Line] = field(default_factory=list)


def may_hold_tables(lines: Sequence[Line]) -> bool:
    """Whether a page has a table's caption, or three rows of short lines with numbers among them."""
    if any(CAPTION.match(line.text) for line in lines):
        return True
    short = [line for line in lines if len(line.text) < SHORT]
    rows = Counter(round(line.box[3]) for line in short)
    numbered = {round(line.box[3]) for line in short if any(map(str.isdigit, line.text))}
    return sum(count >= 3 and row in numbered for row, count in rows.items()) >= 3


@dataclass(slots=True)
class Region:
    """A table's words and the rules among them. lines: those that the words were taken from."""

    words: list[Segment]
    rules: list[Box]
    taken: list[Line]


def prose_blocks(lines: Sequence[Line]) -> set[tuple[int, int]]:
    """(page, block) of blocks that are running text: three lines or more, most as wide as a column."""
    sizes = Counter[float]()
    for line in lines:
        sizes[line.size] += len(line.text)
    body = sizes.most_common(1)[0][0] if sizes else 0.0
    widths = sorted(line.box[2] - line.box[0] for line in lines if line.size == body and len(line.text) > 20)
    column = widths[len(widths) * 6 // 10] if widths else 0.0
    blocks = defaultdict[tuple[int, int], list[Line]](list)
    for line in lines:
        blocks[(line.page, line.block)].append(line)
    return {key for key, block in blocks.items() if _is_prose(block, column)}


def _is_prose(block: Sequence[Line], column: float) -> bool:
    if len(block) < 3:
        return False
    stacked = sum(not same_row(upper.box, lower.box) for upper, lower in pairwise(block))
    wide = [line for line in block if line.box[2] - line.box[0] >= PROSE * column]
    if stacked < len(block) - 2 or len(wide) < 0.6 * len(block):
        return False
    return sum(map(is_one_stretch, wide)) >= 0.6 * len(block)


def is_one_stretch(line: Line) -> bool:
    """Whether a line has no gap as wide as that between two cells."""
    return count_stretches(line) <= 1


def count_stretches(line: Line) -> int:
    """The pieces of a line that gaps as wide as those between cells part."""
    cell_gap, edge, count = CELL_GAP * max(line.size, 4), float("-inf"), 0
    for letter, box in zip(line.text, line.boxes, strict=True):
        if letter != " ":
            count += box[0] - edge > cell_gap
            edge = box[2]
    return count


def caption_at(lines: Sequence[Line], start: int, rules: Sequence[Box]) -> list[Line]:
    """The caption's lines: those of its block that touch each other; a wide gap is a cell's, a rule the table's.

    One that is nothing but "Table 1" goes on in the next line where that has no gaps.
    """
    caption = [lines[start]]
    for line in lines[start + 1 :]:
        if same_row(line.box, caption[0].box) and line.block == caption[0].block:
            if CAPTION.match(line.text):  # of the table beside
                break
            caption.append(line)
            continue
        label = _bare_label.fullmatch("".join(part.text for part in caption))
        resized = abs(line.size - caption[0].size) > 0.4 and not label
        distance = line.box[1] - caption[-1].box[3]
        apart = distance > (1.8 if label else 0.8) * line.size or line.box[1] < caption[-1].box[1]
        if (line.block != caption[0].block and not label) or resized or apart or not is_one_stretch(line):
            break
        if CAPTION.match(line.text) or _beside(lines, line) or (line.bold != caption[-1].bold and len(caption) > 1):
            break
        if any(_is_between(rule, caption[-1].box, line.box) for rule in rules):
            break
        caption.append(line)
    return caption


def _is_between(rule: Box, upper: Box, lower: Box) -> bool:
    """Whether a lying rule parts two lines, over the whole of the lower one."""
    part = (upper[1] + upper[3]) / 2 < rule[1] and rule[3] < (lower[1] + lower[3]) / 2
    return part and rule[3] - rule[1] < rule[2] - rule[0] and rule[0] <= lower[0] + 2 and rule[2] >= lower[2] - 2


def _beside(lines: Sequence[Line], line: Line) -> bool:
    """Whether another line stands at the same height close to it: a row's next cell."""
    return (
        any(
            other is not line and same_row(other.box, line.box) and -1 < other.box[0] - line.box[2] < 8 * line.size
            for other in lines
        )
        and line.box[2] - line.box[0] < 120
    )


@dataclass(slots=True)
class Page:
    """What is known of a view before its tables are looked for."""

    view: View
    prose: set[tuple[int, int]]
    captions: list[Line]
    left: float = 0.0
    right: float = 0.0
    gutters: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.left = min(line.box[0] for line in self.view.lines)
        self.right = max(line.box[2] for line in self.view.lines)
        stretches = sorted(
            (line.box[0], line.box[2]) for line in self.view.lines if (line.page, line.block) in self.prose
        )
        edge = None
        for x0, x1 in stretches:
            if edge is not None and x0 - edge > GUTTER:
                self.gutters.append((x0 + edge) / 2)
            edge = x1 if edge is None else max(edge, x1)

    def room(self, box: Box) -> tuple[float, float]:
        """Left and right edges of the columns of text that a box stands in."""
        edges = [self.left - 1, *self.gutters, self.right + 1]
        x0 = max(edge for edge in edges if edge <= max(box[0] + 2, edges[0]))
        x1 = min(edge for edge in edges if edge >= min(box[2] - 2, edges[-1]))
        return (x0, x1)


def ruled_region(page: Page, caption: Sequence[Line], above: bool) -> Region | None:
    """The table between the first rule next to its caption and the last one of the same width."""
    top, foot = min(line.box[1] for line in caption), max(line.box[3] for line in caption)
    x0, x1 = min(line.box[0] for line in caption), max(line.box[2] for line in caption)
    size = max(caption[-1].size, 6)
    lying = [rule for rule in page.view.rules if rule[2] - rule[0] > 8 * (rule[3] - rule[1]) and rule[2] - rule[0] > 40]
    if above:
        lying = [rule for rule in lying if rule[3] <= top + 2 and min(rule[2], x1) > max(rule[0], x0)]
    else:
        lying = [rule for rule in lying if rule[1] >= foot - 2 and min(rule[2], x1) > max(rule[0], x0)]
    lying.sort(key=lambda rule: rule[1], reverse=above)
    if not lying or abs((lying[0][3] if above else lying[0][1]) - (top if above else foot)) > ROW_GAP * size:
        return None
    return _between_rules(page, lying, caption)


def side_region(page: Page, first: Line) -> tuple[list[Line], Region] | None:
    """A caption in a narrow column and the table to the right of it, whose first rule is level with the caption.

    first: of the caption's lines.
    """
    size = max(first.size, 6)
    x0, top, x1, _ = first.box
    lying = [rule for rule in page.view.rules if rule[2] - rule[0] > 8 * (rule[3] - rule[1]) and rule[0] > x1]
    lying = sorted((rule for rule in lying if rule[1] > top - 2 * size), key=lambda rule: rule[1])
    if not lying or lying[0][1] > top + size or any(x1 < gutter < lying[0][0] for gutter in page.gutters):
        return None
    caption = [first]
    for line in sorted(page.view.lines, key=lambda line: line.box[1]):
        flush = abs(line.box[0] - x0) < 2 and line.box[2] <= lying[0][0] + 2
        if flush and 0 < line.box[1] - caption[-1].box[1] < 2 * size:
            caption.append(line)
    region = _between_rules(page, lying, caption)
    box = around(line.box for line in region.taken) if region else first.box
    others = [line for line in page.captions if line is not first and line.box[2] > box[0] and line.box[0] < box[2]]
    if region is None or any(box[1] - 4 * size < line.box[1] < box[3] + 2 * size for line in others):
        return None
    return caption, region


def _between_rules(page: Page, lying: Sequence[Box], caption: Sequence[Line]) -> Region | None:
    """What stands between the first of the rules that lie beside a caption and the last one like it."""
    size, first = max(caption[-1].size, 6), lying[0]
    like = [rule for rule in lying if abs(rule[0] - first[0]) < 4 and abs(rule[2] - first[2]) < 4]
    edge = first[1]
    for rule in like[1:]:
        band = (min(edge, rule[1]), max(edge, rule[3]))
        if _has_text_or_caption(page, first, band, caption):
            break
        edge = rule[1]
    if abs(edge - first[1]) < 1.5 * size:
        return None
    box = (first[0] - 4, min(edge, first[1]) - 1, first[2] + 4, max(edge, first[1]) + 1)
    return region_in(page, box, caption)


def _has_text_or_caption(page: Page, rule: Box, band: tuple[float, float], caption: Sequence[Line]) -> bool:
    inside = [
        line
        for line in page.view.lines
        if band[0] < (line.box[1] + line.box[3]) / 2 < band[1]
        and rule[0] - 4 < (line.box[0] + line.box[2]) / 2 < rule[2] + 4
    ]
    text = sum((line.page, line.block) in page.prose for line in inside)
    others = any(CAPTION.match(line.text) and not any(line is part for part in caption) for line in inside)
    return text > 2 or others


def region_in(page: Page, box: Box, caption: Sequence[Line]) -> Region | None:
    """All words whose middle lies in a box."""
    taken = []
    for line in page.view.lines:
        if any(line is part for part in caption):
            continue
        y = (line.box[1] + line.box[3]) / 2
        if box[1] < y < box[3] and line.box[0] >= box[0] - 2 and line.box[2] <= box[2] + 2:
            taken.append(line)
    if not taken:
        return None
    inside = [word for line in taken for word in words(line)]
    rules = [
        rule
        for rule in page.view.rules
        if box[1] - 2 <= rule[1] and rule[3] <= box[3] + 2 and rule[2] > box[0] and rule[0] < box[2]
    ]
    return Region(inside, rules, taken)


def grown_region(page: Page, caption: Sequence[Line], above: bool) -> Region | None:
    """The rows next to a caption, up to the text that goes on: rows follow each other closely."""
    box = (
        min(line.box[0] for line in caption),
        min(line.box[1] for line in caption),
        max(line.box[2] for line in caption),
        max(line.box[3] for line in caption),
    )
    room = page.room(box)
    narrow = _grow(page, caption, room, above)
    if page.gutters and room[1] - room[0] < 0.8 * (page.right - page.left):
        broad = _grow(page, caption, (page.left - 1, page.right + 1), above)
        if any(line.box[0] < x - 2 and line.box[2] > x + 2 for line in broad for x in page.gutters) or _aligned(
            narrow, broad
        ):
            narrow = broad
    if not narrow:
        return None
    edges = [line.box[1] for line in narrow] + [line.box[3] for line in narrow]
    top, foot = min(edges) - 3, max(edges) + 3
    rules = [rule for rule in page.view.rules if top <= rule[1] and rule[3] <= foot]
    return Region([word for line in narrow for word in words(line)], rules, narrow)


def _aligned(narrow: Sequence[Line], broad: Sequence[Line]) -> bool:
    """Whether most rows of a table in one column go on in the next one."""
    rows = printed_rows(word for line in narrow for word in words(line))
    outside = [line for line in broad if not any(line is inside for inside in narrow)]
    going_on = sum(any(same_row(row[0].box, line.box) for line in outside) for row in rows)
    extra = sum(not any(same_row(row[0].box, line.box) for row in rows) for line in outside)
    return len(rows) > 1 and going_on >= 0.7 * len(rows) and extra <= 0.2 * len(outside)


def _grow(page: Page, caption: Sequence[Line], room: tuple[float, float], above: bool) -> list[Line]:
    top, foot = min(line.box[1] for line in caption), max(line.box[3] for line in caption)
    caption_ids = {id(line) for line in caption}
    captions_beside = [
        line for line in page.captions if id(line) not in caption_ids and same_row(line.box, caption[0].box)
    ]
    x0 = max([room[0], *(line.box[2] for line in captions_beside if line.box[2] <= caption[0].box[0])])
    x1 = min([room[1], *(line.box[0] - 2 for line in captions_beside if line.box[0] >= caption[0].box[2])])
    near = [
        line
        for line in page.view.lines
        if id(line) not in caption_ids
        and x0 - 2 <= line.box[0]
        and line.box[2] <= x1 + 2
        and (line.box[3] <= top + 2 if above else line.box[1] >= foot - 2)
    ]
    rows = list(line_rows(near))
    if above:
        rows.reverse()
    return following_rows(page, rows, top if above else foot, (x0, x1), above)


def line_rows(lines: Sequence[Line]) -> Iterator[list[Line]]:
    """Lines by the row that they stand on, from the top."""
    row: list[Line] = []
    for line in sorted(lines, key=lambda line: (line.box[1] + line.box[3]) / 2):
        if row and not same_row(row[0].box, line.box):
            yield row
            row = []
        row.append(line)
    if row:
        yield row


def following_rows(
    page: Page, rows: Sequence[Sequence[Line]], edge: float, room: tuple[float, float], above: bool
) -> list[Line]:
    """The rows from an edge on that belong to the table."""
    table_rows: list[list[Line]] = []
    cell_counts: list[int] = []
    for row in rows:
        y0, y1 = min(line.box[1] for line in row), max(line.box[3] for line in row)
        size = max(*(line.size for line in row), 6)
        distance = edge - y1 if above else y0 - edge
        cells = segments(word for line in row for word in words(line))
        if len(cells) == 1 and table_rows:
            cells = _tight_cells(row, table_rows) or cells
        wide = max(part.box[2] - part.box[0] for part in cells) > WIDE * (room[1] - room[0])
        if distance > ROW_GAP * size or any((line.page, line.block) in page.prose for line in row):
            break
        if any(_next_caption.match(line.text) for line in row):
            break
        if len(cells) == 1 and (
            heading_kind(cells[0].text) in MAIN or (wide and table_rows) or (table_rows and _note.match(cells[0].text))
        ):
            break
        table_rows.append(list(row))
        cell_counts.append(len(cells))
        edge = min(edge, y0) if above else max(edge, y1)
    while cell_counts and cell_counts[-1] == 1 and not _is_wrapped(table_rows):  # a note or a heading below
        cell_counts.pop()
        table_rows.pop()
    return [line for row in table_rows for line in row]


def _tight_cells(row: Sequence[Line], above: Sequence[Sequence[Line]]) -> list[Segment]:
    """The cells of a row that stand close to each other: a label, and numbers in line with those above; else none."""
    label, *numbers = segments((word for line in row for word in words(line)), TIGHT_GAP)
    cells_above = [part.box for rows in above for part in segments(word for line in rows for word in words(line))]

    def lined_up(part: Segment) -> bool:
        near = 0.3 * part.size
        middles = ((box[0] + box[2]) / 2 for box in cells_above)
        flush = any(abs(box[0] - part.box[0]) < near or abs(box[2] - part.box[2]) < near for box in cells_above)
        return flush or any(abs(middle - part.middle) < near for middle in middles)

    fits = len(numbers) > 1 and all(part.is_number and lined_up(part) for part in numbers)
    return [label, *numbers] if fits else []


def _is_wrapped(rows: Sequence[Sequence[Line]]) -> bool:
    """Whether the last line goes on with a cell: as close to the row above as lines are, and set in or lower case."""
    if len(rows) < 2:
        return False
    line, row_above = rows[-1][0], rows[-2]
    left = min(cell.box[0] for row in rows for cell in row)
    below_cell = any(abs(line.box[0] - cell.box[0]) < 3 * cell.size for cell in row_above)
    set_in = line.box[0] > left + 2 * line.size and below_cell
    low = line.text.strip()[:1].islower() or line.text.strip()[:1] in "(["
    near = line.box[1] - max(cell.box[3] for cell in row_above) < 0.5 * line.size
    return near and abs(line.size - row_above[0].size) < 0.3 and (set_in or low)

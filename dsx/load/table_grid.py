"""From the words of a table to its rows and heads: wrapped cells made whole, every cell in its column."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from dsx.load.table_columns import Cell, Interval, cells_of, columns_of
from dsx.load.table_heads import Level, levels_of
from dsx.load.table_words import CONTINUED, Segment, around, printed_rows, stacked
from dsx.types import Box

OVERLAP = 0.75
"""Lines closer than this, in font sizes from middle to middle, overlap: they are of one row."""
WRAPPED = 1.3
"""A row's own lines are set closer than this times the closest lines of the table."""
CROSSES = 0.8
"""A rule over this share of the table's width crosses it."""
_opens = re.compile(r"(?:[-‐,;:/(&+=±]|\b(?:and|or|of|the|to|in|for|with|by|per|a|from|vs\.?|versus))$", re.I)
_year = re.compile(r"(?:19|20)\d\d")
_in_brackets = re.compile(r"[(\[].{0,300}[)\]]")
_exponent = re.compile(r"\d[eE][-−]$")
_closes = re.compile(r"[a-z(\[/]|[)&]")


@dataclass(slots=True)
class Row:
    """One row of the table: its cells by column. top, foot: where it stands, in points."""

    cells: dict[int, Segment]
    top: float
    foot: float

    @property
    def middle(self) -> float:
        return (self.top + self.foot) / 2

    @property
    def size(self) -> float:
        return max(part.size for part in self.cells.values())


@dataclass(slots=True)
class Layout:
    """A table that was read: levels of heads, rows of the body, the columns' edges. sides: of each row the label that
    stands sideways beside it; empty where the table has none; crossing: heights of the rules across the table."""

    heads: list[Level]
    body: list[Row]
    columns: list[Interval]
    sides: list[Segment] = field(default_factory=list)
    crossing: list[float] = field(default_factory=list)


def read_layout(
    words: Sequence[Segment], rules: Sequence[Box], hyphenated: Counter[str], *, goes_on: bool = False
) -> Layout | None:
    """The table that these words make; None where they make none.

    rules: lines drawn within its extent. hyphenated: of `count_hyphenated`. goes_on: it continues a table, so that it
    may have no heads.
    """
    upright = [(rule[0] + rule[2]) / 2 for rule in rules if rule[3] - rule[1] > 3 * (rule[2] - rule[0])]
    lying = [rule for rule in rules if rule[2] - rule[0] > rule[3] - rule[1]]
    lines = [line for line in printed_rows(words) if not CONTINUED.fullmatch(" ".join(word.text for word in line))]
    if len(lines) < 2:
        return None
    columns = columns_of(lines, upright)
    if len(columns) < 2:
        return None
    rows = [cells_of(line, columns) for line in lines]
    crosses = [_crosses(rule, columns) for rule in lying]
    crossing = sorted((rule[1] + rule[3]) / 2 for rule, across in zip(lying, crosses, strict=True) if across)
    crossing = [y for y in _apart(crossing) if _top(rows[0]) + 1 < y < _foot(rows[-1]) - 1]
    count = _count_heads(rows, crossing, goes_on)
    rows, count = _panels_below(rows, count)
    partial = [rule for rule, across in zip(lying, crosses, strict=True) if not across]
    heads = levels_of(rows[:count], columns, partial, hyphenated)
    body = _body(rows[count:], crossing, hyphenated)
    if not body:
        return None
    return Layout(heads, body, columns, crossing=crossing)


def _panels_below(rows: list[list[Cell]], count: int) -> tuple[list[list[Cell]], int]:
    """The rows where a title over the first part of the body ("Panel A") stands below the heads, as the others do, and
    heads stand once; and how many rows are heads now."""
    heads, body = rows[:count], rows[count:]
    names = [[cell.part.text for cell in row] for row in heads if len(row) > 1]
    body = [row for row in body if [cell.part.text for cell in row] not in names]
    if count > 1 and _is_title(heads[0]) and any(map(_is_title, body)):
        return [*heads[1:], heads[0], *body], count - 1
    return [*heads, *body], count


def _is_title(row: Sequence[Cell]) -> bool:
    """Whether a row is words alone, centred over the columns."""
    return len(row) == 1 and row[0].first > 0 and not row[0].part.is_number


def _crosses(rule: Box, columns: Sequence[Interval]) -> bool:
    """Whether a rule runs from the first column to the last."""
    left, right = columns[0][0], columns[-1][1]
    wide = min(right, rule[2]) - max(left, rule[0]) >= CROSSES * (right - left)
    return wide and rule[0] < columns[0][1] and rule[2] > columns[-1][0]


def _apart(places: Sequence[float]) -> list[float]:
    """Places of rules, a double rule counted once."""
    return [at for index, at in enumerate(places) if not index or at - places[index - 1] > 3]


def _top(row: Sequence[Cell]) -> float:
    return min(cell.part.box[1] for cell in row)


def _foot(row: Sequence[Cell]) -> float:
    return max(cell.part.box[3] for cell in row)


def _count_heads(rows: Sequence[Sequence[Cell]], crossing: Sequence[float], goes_on: bool) -> int:
    """How many printed rows are heads: those above the first rule across the table, else those before the data."""
    if crossing:
        above = sum(_foot(row) - 2 <= crossing[0] for row in rows)
        if 0 < above < len(rows) and above <= max(4, len(rows) // 2) and not _is_data(rows[above - 1]):
            return above + _goes_below(rows, above)
        if above == 1 and len(rows) > 2 and not goes_on:
            return 1
    data = next((at for at, row in enumerate(rows) if _is_data(row) and not all(cell.part.bold for cell in row)), None)
    if data is None:
        if goes_on:
            return 0
        heads = 1  # words only: bold ones are heads
        while (
            heads < len(rows) - 1
            and all(cell.part.bold for cell in rows[heads])
            and all(cell.part.bold for cell in rows[0])
        ):
            heads += 1
        return heads
    while data and _is_label(rows[data - 1]) and (data > 1 or goes_on):
        data -= 1  # a label that wraps, or one over the first rows
    if data == 0:
        return int(not goes_on and _counts_off(rows))
    return data


def _is_data(row: Sequence[Cell]) -> bool:
    """A row with a label of which half the other cells, at least, hold numbers."""
    others = [cell for cell in row if cell.first]
    numbers = [cell for cell in others if cell.part.is_number and cell.first == cell.last]
    if row[0].first == 0:
        return bool(others) and len(numbers) >= len(others) / 2
    plain = [
        cell for cell in numbers if not _in_brackets.fullmatch(cell.part.text)
    ]  # "(24)" stands below a group's name
    return len(plain) >= max(2, 0.6 * len(others)) and not all(_year.fullmatch(cell.part.text) for cell in plain)


def _goes_below(rows: Sequence[Sequence[Cell]], count: int) -> int:
    """1 where the heads below a rule are those of the columns that the heads above it span, else 0."""
    if count + 1 >= len(rows) or _is_data(rows[count]) or not _is_data(rows[count + 1]):
        return 0
    wide = any(cell.first < cell.last for cell in rows[count - 1]) or len(rows[count - 1]) < len(rows[count])
    return int(wide and len(rows[count]) > 2)


def _counts_off(rows: Sequence[Sequence[Cell]]) -> bool:
    """Whether the first row's numbers are heads: years, 1 2 3 …, or whole where those below are not."""
    first = [cell.part.text for cell in rows[0] if cell.first]
    counted = first == [str(at) for at in range(1, len(first) + 1)]
    below = [cell.part.text for row in rows[1:] for cell in row if cell.first]
    whole = all(map(str.isdecimal, first)) and sum(map(str.isdecimal, below)) < len(below) / 4
    return counted or whole or all(map(_year.fullmatch, first)) or all(cell.part.bold for cell in rows[0])


def _is_label(row: Sequence[Cell]) -> bool:
    return len(row) == 1 and row[0].first == 0


def _body(rows: Sequence[Sequence[Cell]], crossing: Sequence[float], hyphenated: Counter[str]) -> list[Row]:
    """The rows of the body: by the rules between them, else by what goes on from line to line."""
    lines = [_row(cells, hyphenated) for cells in rows]
    inner = [y for y in crossing if lines and lines[0].foot - 2 < y < lines[-1].top + 2]
    ruled = len(inner) >= 2 and _ruled(lines, inner)
    closest = min((later.middle - row.middle for row, later in pairwise(lines)), default=0.0)
    found: list[Row] = []
    before: Row | None = None
    for at, line in enumerate(lines):
        if found and before is not None:
            if ruled:
                goes_on = not any(before.middle < y < line.middle for y in inner)
            else:
                between = set(line.cells) == {0} and 0 not in before.cells  # a label in the middle of two rows
                near = line.middle - before.middle <= (1.0 if between else OVERLAP) * line.size
                close = line.middle - before.middle <= WRAPPED * closest
                parted = any(before.middle < y < line.middle for y in inner)
                goes_on = near or (close and not parted and _continues(found[-1], line, lines[at + 1 :]))
            if goes_on:
                _merge(found[-1], line, hyphenated)
                before = line
                continue
        found.append(Row(dict(line.cells), line.top, line.foot))
        before = line
    return found


def _ruled(lines: Sequence[Row], inner: Sequence[float]) -> bool:
    """Whether rules part the rows: none of the stretches between them holds two rows of numbers."""
    if 2 * (len(inner) + 1) < sum(0 in line.cells for line in lines):
        return False
    for top, foot in pairwise([float("-inf"), *inner, float("inf")]):
        inside = [line for line in lines if top < line.middle < foot]
        if sum(_holds_numbers(line) for line in inside) > 1:
            return False
    return True


def _holds_numbers(line: Row) -> bool:
    """Whether a printed line has numbers of its own, and not those in brackets that stand below others."""
    numbers = [part.text for column, part in line.cells.items() if column and part.is_number]
    own = [text for text in numbers if text[0] not in "(["]
    return len(own) >= (1 if 0 in line.cells else 2)


def _row(cells: Sequence[Cell], hyphenated: Counter[str]) -> Row:
    merged: dict[int, Segment] = {}
    for cell in cells:
        above = merged.get(cell.first)
        merged[cell.first] = stacked(above, cell.part, hyphenated) if above else cell.part
    return Row(merged, _top(cells), _foot(cells))


def _merge(row: Row, line: Row, hyphenated: Counter[str]) -> None:
    for column, part in line.cells.items():
        row.cells[column] = stacked(row.cells[column], part, hyphenated) if column in row.cells else part
    row.top, row.foot = min(row.top, line.top), max(row.foot, line.foot)


def _continues(row: Row, line: Row, later: Sequence[Row]) -> bool:
    """Whether a printed line goes on with the cells of the row before it, and is no row of its own."""
    open_cells = {column for column, part in row.cells.items() if _is_open(part.text)}
    if open_cells & set(line.cells):
        return True
    numbers = {column for column, part in line.cells.items() if column and part.is_number and part.text[0] not in "(["}
    if numbers and (0 not in line.cells or numbers & set(row.cells)):
        return False
    if 0 not in line.cells:
        if _is_centred_head(row, line):
            return False
        bracketed = all(part.text[0] in "([" for part in line.cells.values())
        return bracketed or set(line.cells) <= set(row.cells)
    label, before = line.cells[0], row.cells.get(0)
    if before is None:
        return False
    goes_on = _joins(before.text, label.text) or _wraps(before, label)
    if len(row.cells) == 1 and len(line.cells) > 1:  # a label over its row's numbers, or over several rows
        alike = (
            later
            and 0 in later[0].cells
            and abs(later[0].cells[0].box[0] - label.box[0]) < 1 < abs(label.box[0] - before.box[0])
        )
        return goes_on and not alike
    if len(line.cells) == 1:
        return goes_on
    shared = [column for column in line.cells if column in row.cells]
    evidence = sum(_joins(row.cells[column].text, line.cells[column].text) for column in shared)
    return goes_on and len(shared) == len(line.cells) and evidence >= len(shared) / 2


def _is_centred_head(row: Row, line: Row) -> bool:
    """Whether the only cell of a line, words below a number, is a head of the rows below."""
    (column, part), *others = line.cells.items()
    above = row.cells.get(column)
    return not others and above is not None and above.is_number and part.text[0].isupper() and not part.is_number


def _joins(before: str, after: str) -> bool:
    """Whether a line of text goes on in the next one, by the end of the one and the start of the other."""
    return len(after) > 2 and bool(_closes.match(after) or _opens.search(before))


def _is_open(text: str) -> bool:
    """Whether a cell cannot end here: a bracket is open, or a sign has nothing after it."""
    unclosed = text.count("(") > text.count(")") or text.count("[") > text.count("]")
    return unclosed or text[-1] in "±;=" or _exponent.search(text) is not None


def _wraps(before: Segment, label: Segment) -> bool:
    """Whether a label is set in below the line before it, though that is as wide as a column of text."""
    return (
        label.box[0] - before.box[0] > 0.3 * label.size
        and before.box[2] - before.box[0] > 12 * label.size
        and before.box[2] > label.box[2]
    )


def extent(layout: Layout) -> Box:
    """The box of all that was read."""
    heads = [cell.part.box for level in layout.heads for cell in level]
    return around([*heads, *(part.box for row in layout.body for part in row.cells.values())])


def is_plain(layout: Layout) -> bool:
    """Whether a grid is a table beyond doubt: heads in words, labels in words, numbers in most other cells.

    The numbers at the axes of figures make grids too, but have no such labels.
    """
    labelled = [row for row in layout.body if 0 in row.cells and sum(map(str.isalpha, row.cells[0].text)) > 1]
    others = [part for row in layout.body for column, part in row.cells.items() if column]
    numbers = sum(part.is_number for part in others)
    headed = bool(layout.heads) and all(any(map(str.isalpha, cell.part.text)) for cell in layout.heads[-1])
    enough = len(layout.body) >= 3 and len(layout.columns) >= 3
    return enough and headed and len(labelled) >= 0.8 * len(layout.body) and numbers >= 0.7 * len(others)

"""Tables of a page: the lines below a table's caption (or above it) become rows of cells.

Journals rule their tables with a few horizontal lines only, so cells are told by the white space between them. What
PyMuPDF's own `find_tables` gives on such pages was measured: docs/decisions/0010-tables-by-white-space.md.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from dsx.load.compose import NO_BOX
from dsx.load.grid import CELL, Grid
from dsx.load.headings import MAIN, heading_kind
from dsx.load.lines import Line
from dsx.types import Box

CELL_GAP = 0.9
"""White space between two cells, at least, in font sizes."""
ROW_GAP = 2.6
"""White space between two rows, at most, in font sizes."""
LEAST_ROWS = 2
PROSE = 0.8
"""A block of which most lines are as wide as this share of a column of text is text, not rows."""
_caption = re.compile(r"\s*(?:Supplement\w*\s+)?(?:Table|TABLE)\s*S?(?:\d+\w?|[IVX]+)\s*(?:[.:|—–]|\s[A-Z(]|$)")
_next_caption = re.compile(r"\s*(?:Fig(?:ure|\.)?|FIG\w*\.?|Table|TABLE|Box)\s*S?\d+")


@dataclass(slots=True)
class Cell:
    """A stretch of a row without wide gaps."""

    text: str
    boxes: list[Box]


def with_tables(pages: Sequence[Sequence[Line]]) -> tuple[list[Line], list[Grid]]:
    """All lines, those of a table replaced by one line a row (`Line.row` is its index in the grids)."""
    prose = _prose([line for page in pages for line in page])
    lines: list[Line] = []
    grids: list[Grid] = []
    for page in pages:
        rest = list(page)
        while (start := next((at for at, line in enumerate(rest) if _caption.match(line.text)), None)) is not None:
            caption = _block_from(rest, start)
            head, tail = rest[:start], rest[start + len(caption) :]
            for above in (False, True):  # most journals set the caption above its table, some below
                taken = _region(rest, caption, prose, above)
                rows = [row for row in _rows(taken) if row]
                if sum(len(row) > 1 for row in rows) >= LEAST_ROWS:
                    head, tail = _without(head, taken), _without(tail, taken)
                    lines += [*head, *caption, *(_row_line(row, taken[0], len(grids)) for row in rows)]
                    grids.append(_grid(caption, taken, rows))
                    break
            else:
                lines += [*head, *caption]
            rest = tail
        lines += rest
    return lines, grids


def _prose(lines: Sequence[Line]) -> set[tuple[int, int]]:
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
    wide = [line for line in block if line.box[2] - line.box[0] >= PROSE * column and len(_cells([line])) == 1]
    stacked = sum(not _same_row(one, other) for one, other in pairwise(block))
    return len(block) >= 3 and stacked >= len(block) - 2 and len(wide) >= 0.6 * len(block)


def _without(lines: Sequence[Line], taken: Sequence[Line]) -> list[Line]:
    return [line for line in lines if not any(line is other for other in taken)]


def _block_from(lines: Sequence[Line], start: int) -> list[Line]:
    """The caption's lines: those of its block that touch each other; a wide gap is a cell's, so a row's."""
    found = [lines[start]]
    for line in lines[start + 1 :]:
        if _same_row(line, found[0]):
            found.append(line)
            continue
        apart = line.block != found[0].block or len(_cells([line])) > 1 or line.size < found[0].size - 0.3
        if apart or line.box[1] - found[-1].box[3] > 0.8 * line.size:
            break
        found.append(line)
    return found


def _region(
    lines: Sequence[Line], caption: Sequence[Line], prose: set[tuple[int, int]], above: bool = False
) -> list[Line]:
    """The lines below the caption (or above it), up to the text that goes on: rows follow each other closely."""
    edge = caption[0].box[1] if above else caption[-1].box[3]
    candidates = [line for line in _without(lines, caption) if _distance(line, edge, above) >= -2]
    left = min(line.box[0] for line in caption) - 4
    right = _right_edge([line for line in candidates if (line.page, line.block) not in prose], caption, above)
    column = sorted(
        (line for line in candidates if left <= (line.box[0] + line.box[2]) / 2 <= right),
        key=lambda line: _distance(line, edge, above),
    )
    found: list[Line] = []
    for line in column:
        full = line.box[2] - line.box[0] > 0.75 * (right - left) and len(_cells([line])) == 1
        alone = not any(other is not line and _same_row(other, line) for other in column)
        text = (line.page, line.block) in prose
        stops = _next_caption.match(line.text) or (heading_kind(line.text.strip()) in MAIN and alone)
        if _distance(line, edge, above) > ROW_GAP * max(line.size, 6) or stops or text or (full and alone and found):
            break
        found.append(line)
        edge = min(edge, line.box[1]) if above else max(edge, line.box[3])
    return found


def _distance(line: Line, edge: float, above: bool) -> float:
    """White space between a line and an edge above or below it, in points."""
    return edge - line.box[3] if above else line.box[1] - edge


def _right_edge(candidates: Sequence[Line], caption: Sequence[Line], above: bool) -> float:
    """As wide as the caption, or as the rows next to it where they are wider."""
    edge, size = (caption[0].box[1] if above else caption[-1].box[3]), max(caption[-1].size, 6)
    left = min(line.box[0] for line in caption) - 4
    near = [line for line in candidates if _distance(line, edge, above) < ROW_GAP * size and left <= line.box[0]]
    return max(line.box[2] for line in (*caption, *near)) + 4


def _same_row(one: Line, other: Line) -> bool:
    overlap = min(one.box[3], other.box[3]) - max(one.box[1], other.box[1])
    return overlap > 0.5 * min(one.box[3] - one.box[1], other.box[3] - other.box[1])


def _rows(lines: Sequence[Line]) -> Iterator[list[Cell]]:
    row: list[Line] = []
    for line in sorted(lines, key=lambda line: (line.box[1] + line.box[3]) / 2):
        if row and not _same_row(row[0], line):
            yield _cells(row)
            row = []
        row.append(line)
    if row:
        yield _cells(row)


def _cells(row: Iterable[Line]) -> list[Cell]:
    cells: list[Cell] = []
    edge, gap = 0.0, 0.0
    for line in sorted(row, key=lambda line: line.box[0]):
        for letter, box in zip(line.text, line.boxes, strict=True):
            if letter.isspace():
                if cells and cells[-1].text and box[0] - edge < gap:
                    cells[-1].text += " "
                    cells[-1].boxes.append(NO_BOX)
                continue
            gap = CELL_GAP * max(line.size, 4)
            if not cells or box[0] - edge > gap:
                cells.append(Cell("", []))
            cells[-1].text += letter
            cells[-1].boxes.append(box)
            edge = box[2]
    for cell in cells:
        kept = len(cell.text.rstrip())
        cell.text, cell.boxes = cell.text[:kept], cell.boxes[:kept]
    return [cell for cell in cells if cell.text]


def _row_line(row: Sequence[Cell], like: Line, table: int) -> Line:
    text, boxes = row[0].text, list(row[0].boxes)
    for cell in row[1:]:
        text += CELL + cell.text
        boxes += [NO_BOX] * len(CELL) + cell.boxes
    placed = [box for cell in row for box in cell.boxes if box is not NO_BOX]
    return Line(like.page, like.block, text, boxes, _around(placed), like.size, like.font, like.bold, row=table)


def _grid(caption: Sequence[Line], taken: Sequence[Line], rows: Sequence[Sequence[Cell]]) -> Grid:
    words = " ".join(line.text.strip() for line in caption)
    cells = [tuple(cell.text for cell in row) for row in rows]
    return Grid(words, cells, caption[0].page, _around([line.box for line in (*caption, *taken)]))


def _around(boxes: Sequence[Box]) -> Box:
    x0, y0, x1, y1 = zip(*boxes, strict=True)
    return (min(x0), min(y0), max(x1), max(y1))

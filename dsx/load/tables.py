"""Tables of a document: found on their pages, read into rows, and put into the text after their captions.

Journals rule their tables with a few horizontal lines only, so cells are told by the white space that all rows leave.
What PyMuPDF's own `find_tables` gives on such pages was measured: docs/decisions/0010-tables-by-white-space.md.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from dsx.load.boxes import NO_BOX, Boxes
from dsx.load.grid import CELL, EMPTY, Grid, are_subheads, group_lead
from dsx.load.hyphens import count_hyphenated
from dsx.load.lines import Line
from dsx.load.table_columns import Interval, cells_of
from dsx.load.table_extent import (
    CAPTION,
    Page,
    Region,
    View,
    caption_at,
    grown_region,
    prose_blocks,
    ruled_region,
    side_region,
)
from dsx.load.table_grid import Layout, Row, extent, is_plain, read_layout
from dsx.load.table_heads import levels_of
from dsx.load.table_parts import by_heads
from dsx.load.table_sideways import add_sideways
from dsx.load.table_stubs import begins_unlabelled, groups_of, labels_of
from dsx.load.table_uncaptioned import plain_regions, top_region
from dsx.load.table_words import CONTINUED, Segment, around, printed_rows, segments
from dsx.types import Box

CAPTION_LINE = "caption"
LABEL = re.compile(r"\s*(?:\w+\s+){0,2}e?(?:Table|TABLE|Tab\.)\s*(?:[A-Z][.-]?)?(?:\d+(?:[.-]\d+)*|[IVX]+)")
"""What a caption calls its table."""
FULL_ROWS = 2
"""A table has so many rows of two cells or more, at least."""


@dataclass(slots=True)
class Open:
    """A table that may go on on the next page: its index in the grids, and its columns."""

    index: int
    columns: list[Interval]


@dataclass(slots=True)
class Pending:
    """A caption and perhaps the heads of a table at the foot of a page, whose rows stand on the next one."""

    caption: list[Line]
    heads: Region | None


@dataclass(frozen=True, slots=True)
class TextRow:
    """A row as it stands in the text. groups: the heads of its groups; shared: its label, where only a row above it or
    below prints that."""

    cells: dict[int, Segment]
    groups: tuple[Segment, ...] = ()
    shared: Segment | None = None


@dataclass(slots=True)
class Tables:
    """What `find_tables` gives. lines: all lines, those of a table replaced by one line a row (`Line.row` is its index
    in the grids). unread: pages with a table's caption beside which no table could be read. turns: how each table's
    page is to be turned, see `turns`; bodies: of each table the rows below its heads; open: the table at the foot of
    the last page. prose, hyphenated: of the document, see `prose_blocks` and `count_hyphenated`."""

    lines: list[Line] = field(default_factory=list)
    grids: list[Grid] = field(default_factory=list)
    unread: list[int] = field(default_factory=list)
    turns: list[int] = field(default_factory=list)
    bodies: list[list[Row]] = field(default_factory=list)
    open: Open | Pending | None = None
    prose: set[tuple[int, int]] = field(default_factory=set)
    hyphenated: Counter[str] = field(default_factory=Counter)


def find_tables(views: Sequence[View]) -> Tables:
    """All tables of a document's views, in reading order."""
    lines = [line for view in views for line in view.lines]
    tables = Tables(prose=prose_blocks(lines), hyphenated=count_hyphenated(line.text for line in lines))
    for view in views:
        if view.lines:
            before, tables.open = tables.open, None
            if before is not None:
                _go_on(before, view, tables)
            _read_view(view, tables)
    return tables


def _go_on(before: Open | Pending, view: View, tables: Tables) -> None:
    """The rows at the head of a page that belong to the table at the foot of the page before."""
    page = Page(view, tables.prose, [])
    heads = before.heads if isinstance(before, Pending) else None
    places = before.columns if isinstance(before, Open) else [(page.left, page.right)]
    region = top_region(page, [(word.box[0], word.box[2]) for word in heads.words] if heads else places)
    has_heads = heads is not None or isinstance(before, Open)
    layout = read_layout(region.words, region.rules, tables.hyphenated, goes_on=has_heads) if region else None
    if region is None or layout is None or (isinstance(before, Open) and not _alike(layout.columns, before.columns)):
        if isinstance(before, Pending):
            tables.unread.append(before.caption[0].page)
        return
    view.lines = _without(view.lines, region.taken)
    like = region.taken[0]
    if isinstance(before, Pending):
        if heads is not None:
            rows = [cells_of(row, layout.columns) for row in printed_rows(heads.words)]
            layout.heads = levels_of(rows, layout.columns, [], tables.hyphenated)
        tables.lines = _without(tables.lines, [*before.caption, *(heads.taken if heads else ())])
        _write(before.caption, layout, tables, like)
        index = len(tables.grids) - 1
    else:
        index = before.index
        _extend(index, layout, tables, like)
    _stays_open(layout, view, index, tables)


def _extend(index: int, layout: Layout, tables: Tables, like: Line) -> None:
    """Adds the rows of another page to a table, heads that are repeated left out."""
    grid = tables.grids[index]
    repeated = _texts(layout)[: len(layout.heads)] == grid.rows[: len(layout.heads)]
    start = len(layout.heads) if repeated else 0
    rows, texts = _rows(layout, tables.bodies[index])[start:], _texts(layout)[start:]
    grid.rows += texts
    grid.labels += [text[0] or grid.labels[-1] for text in texts] if grid.labels else []
    _add_rows(rows, grid, like, index, tables)
    tables.bodies[index] += layout.body


def _without(lines: Sequence[Line], taken: Sequence[Line]) -> list[Line]:
    gone = {id(line) for line in taken}
    return [line for line in lines if id(line) not in gone]


def _alike(columns: Sequence[Interval], others: Sequence[Interval]) -> bool:
    """Whether as many columns stand in the same places."""
    return len(columns) == len(others) and all(
        left < other[1] and right > other[0] for (left, right), other in zip(columns, others, strict=True)
    )


def _stays_open(layout: Layout, view: View, index: int, tables: Tables) -> None:
    """Notes a table below which nothing stands on its page."""
    x0, _, x1, foot = extent(layout)
    below = [line for line in view.lines if line.box[1] > foot - 2 and line.box[0] < x1 and line.box[2] > x0]
    if not below:
        tables.open = Open(index, layout.columns)


def _read_view(view: View, tables: Tables) -> None:
    captions = [line for line in view.lines if CAPTION.match(line.text)]
    page = Page(view, tables.prose, captions) if view.lines else None
    rest = list(view.lines)
    while page and (start := next((at for at, line in enumerate(rest) if CAPTION.match(line.text)), None)) is not None:
        caption = caption_at(rest, start, view.rules)
        tables.lines += rest[:start]
        rest = rest[start:]
        caption, region, layout = _of_caption(page, caption, tables.hyphenated)
        if region is not None and layout is not None:
            taken = [*caption, *region.taken]
            tables.lines, rest, view.lines = (_without(lines, taken) for lines in (tables.lines, rest, view.lines))
            for part in by_heads(layout):
                index = _continued(caption, part, tables)
                if index is None:
                    _write(caption if part is layout else [], part, tables, caption[0])
                else:
                    tables.lines += caption
                    _extend(index, part, tables, caption[0])
            _stays_open(part, view, len(tables.grids) - 1 if index is None else index, tables)
            continue
        in_prose = (caption[0].page, caption[0].block) in tables.prose
        tables.open = None if in_prose else _pending(page, caption)
        if not in_prose and tables.open is None and caption[0].page not in tables.unread:
            tables.unread.append(caption[0].page)
        tables.lines += caption
        rest = rest[len(caption) :]
    if page is not None:
        rest = _read_plain(page, rest, tables)
    tables.lines += rest


def _continued(caption: Sequence[Line], layout: Layout, tables: Tables) -> int | None:
    """The table of another page that a caption such as "Table 1 (continued)" says to go on; None where it says none."""
    label = LABEL.match(caption[0].text)
    rest = " ".join(line.text for line in caption)[label.end() if label else 0 :].strip(" .:|—–-")
    if label is None or not CONTINUED.fullmatch(rest):
        return None
    name = " ".join(label[0].split()).lower()
    for index, grid in reversed([*enumerate(tables.grids)]):
        same = LABEL.match(grid.caption)
        if same and " ".join(same[0].split()).lower() == name and len(grid.rows[0]) == len(layout.columns):
            return index
    return None


def _pending(page: Page, caption: list[Line]) -> Pending | None:
    """A caption, and the heads of its table, below which the page ends."""
    region = grown_region(page, caption, False)
    heads = region if region is not None and len(segments(region.words)) > 1 else None
    foot = max(line.box[3] for line in (heads.taken if heads else caption))
    below = any(line.box[1] > foot - 1 and not any(line is part for part in caption) for line in page.view.lines)
    return None if below else Pending(caption, heads)


def _read_plain(page: Page, rest: list[Line], tables: Tables) -> list[Line]:
    """Takes the tables out that have no caption but are plain grids; gives the lines after the last one."""
    for region in plain_regions(page, rest):
        layout = read_layout(region.words, region.rules, tables.hyphenated)
        if layout is None or not is_plain(layout):
            continue
        start = next(at for at, line in enumerate(rest) if line is region.taken[0])
        tables.lines += rest[:start]
        rest = _without(rest[start:], region.taken)
        page.view.lines = _without(page.view.lines, region.taken)
        _write([], layout, tables, like=region.taken[0])
    return rest


def _of_caption(
    page: Page, caption: list[Line], hyphenated: Counter[str]
) -> tuple[list[Line], Region | None, Layout | None]:
    """A caption's lines and its table: right of it, where it stands in a column of its own, else below or above it."""
    beside = side_region(page, caption[0])
    layout = read_layout(beside[1].words, beside[1].rules, hyphenated) if beside else None
    return (*beside, layout) if beside and layout else (caption, *_nearest(page, caption, hyphenated))


def _nearest(page: Page, caption: Sequence[Line], hyphenated: Counter[str]) -> tuple[Region | None, Layout | None]:
    """The table below a caption, or above it: most journals set the caption above its table, some below."""
    ways: tuple[Callable[[Page, Sequence[Line], bool], Region | None], ...] = (ruled_region, grown_region)
    nearer = _is_nearer_above(page, caption)
    for above in (nearer, not nearer):
        for way in ways:
            region = way(page, caption, above)
            layout = read_layout(region.words, region.rules, hyphenated) if region else None
            if layout is not None and sum(len(row.cells) > 1 for row in layout.body) >= FULL_ROWS - bool(layout.heads):
                add_sideways(layout, page.view.sideways, hyphenated)
                return region, layout
    return None, None


def _is_nearer_above(page: Page, caption: Sequence[Line]) -> bool:
    """Whether what stands above a caption is nearer to it than what stands below, and is no running text."""
    x0, top, x1, foot = around(line.box for line in caption)
    over = [line for line in page.view.lines if line.box[0] < x1 and line.box[2] > x0]
    above = max((line for line in over if line.box[3] <= top + 2), key=lambda line: line.box[3], default=None)
    below = min((line.box[1] for line in over if line.box[1] >= foot - 2), default=float("inf"))
    if above is None or (above.page, above.block) in page.prose:
        return False
    return top - above.box[3] + 1 < below - foot


def _write(caption: Sequence[Line], layout: Layout, tables: Tables, like: Line | None = None) -> None:
    words = " ".join(line.text.strip() for line in caption)
    for line in caption:
        line.aside, line.block = CAPTION_LINE, caption[0].block
    index, like = len(tables.grids), like or caption[0]
    heads = [tuple(_over(level, at) for at in range(len(layout.columns))) for level in layout.heads]
    box = around((extent(layout), *(line.box for line in caption)))
    grid = Grid(words, _texts(layout), like.page, box, heads)
    grid.subheads = are_subheads(grid.rows[len(heads) :])
    if begins_unlabelled(layout.body):
        labels = [label.text if label else "" for label in labels_of(layout.body)]
        grid.labels = [*(row[0] for row in grid.rows[: len(heads)]), *labels]
    tables.grids.append(grid)
    tables.turns.append(like.turn)
    tables.bodies.append([])
    tables.lines += caption
    _add_rows(_rows(layout), grid, like, index, tables)
    tables.bodies[index] += layout.body


def _add_rows(rows: Sequence[TextRow], grid: Grid, like: Line, index: int, tables: Tables) -> None:
    """Puts rows into the text, and what their grid knows of them."""
    grid.groups += [tuple(head.text for head in row.groups) for row in rows]
    grid.shared += [row.shared.text if row.shared else "" for row in rows]
    tables.lines += [_row_line(row, like, index) for row in rows]


def _rows(layout: Layout, above: Sequence[Row] = ()) -> list[TextRow]:
    """All rows. above: those of the table's body on the pages before, whose groups may go on."""
    heads = [TextRow({cell.first: cell.part for cell in level}) for level in layout.heads]
    labels = labels_of(layout.body) if are_subheads(_body_texts(layout)) else [None] * len(layout.body)
    every = groups_of([*above, *layout.body])
    sides: Sequence[Sequence[Segment]] = [[side] for side in layout.sides] or [()] * len(layout.body)
    body = [
        TextRow(row.cells, (*side, *groups), label if 0 not in row.cells and len(row.cells) > 1 else None)
        for row, side, groups, label in zip(layout.body, sides, every[len(above) :], labels, strict=True)
    ]
    return [*heads, *body]


def _body_texts(layout: Layout) -> list[tuple[str, ...]]:
    return [_text(row.cells, len(layout.columns)) for row in layout.body]


def _texts(layout: Layout) -> list[tuple[str, ...]]:
    heads = [_text({cell.first: cell.part for cell in level}, len(layout.columns)) for level in layout.heads]
    return heads + _body_texts(layout)


def _text(row: dict[int, Segment], width: int) -> tuple[str, ...]:
    return tuple(row[at].text if at in row else "" for at in range(width))


def _over(level: Sequence[object], column: int) -> str:
    from dsx.load.table_columns import Cell

    return next((cell.part.text for cell in level if isinstance(cell, Cell) and cell.first <= column <= cell.last), "")


def _row_line(row: TextRow, like: Line, table: int) -> Line:
    text, boxes = "", list[Box]()
    cells = {0: row.shared, **row.cells} if row.shared else row.cells
    for head in row.groups:
        lead = group_lead([head.text])
        text += lead
        boxes += [*head.boxes, *[NO_BOX] * (len(lead) - len(head.text))]
    for column in range(max(cells) + 1):
        if column:
            text += CELL
            boxes += [NO_BOX] * len(CELL)
        if column in cells:
            text += cells[column].text
            boxes += cells[column].boxes
        else:
            text += EMPTY
            boxes.append(NO_BOX)
    first = next(iter(row.cells.values()))
    box = around(part.box for part in row.cells.values())
    look = (first.size, like.font, first.bold)
    return Line(like.page, like.block, text, Boxes(boxes), box, *look, row=table, turn=like.turn)

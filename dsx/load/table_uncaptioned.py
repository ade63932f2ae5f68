"""Where tables without a caption stand on a page: at its head, as the rest of another page's, or as a plain grid."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from dsx.load.lines import Line
from dsx.load.table_extent import ROW_GAP, Page, Region, count_stretches, following_rows, line_rows
from dsx.load.table_words import around, words


def top_region(page: Page, columns: Sequence[tuple[float, float]]) -> Region | None:
    """The rows at the head of a page, in the place of a table with these columns on the page before."""
    x0, x1 = columns[0][0] - 12, columns[-1][1] + 12
    near = [line for line in page.view.lines if x0 <= line.box[0] and line.box[2] <= x1]
    if not near:
        return None
    edge = min(line.box[1] for line in near)
    higher = [line for line in page.view.lines if line.box[3] < edge and line.box[0] < x1 and line.box[2] > x0]
    taken = [] if higher else following_rows(page, list(line_rows(near)), edge, (x0, x1), above=False)
    return _region(page, taken)


def _region(page: Page, taken: list[Line]) -> Region | None:
    if not taken:
        return None
    box = around(line.box for line in taken)
    rules = [rule for rule in page.view.rules if box[1] - 3 <= rule[1] and rule[3] <= box[3] + 3]
    return Region([word for line in taken for word in words(line)], rules, taken)


def plain_regions(page: Page, lines: Sequence[Line]) -> Iterator[Region]:
    """Runs of rows of three segments or more, close to each other, that may be a table without a caption."""
    if sum(len(line.text) < 12 and any(map(str.isdigit, line.text)) for line in lines) < 6:
        return
    edges = [page.left - 1, *page.gutters, page.right + 1]
    for left, right in pairwise(edges):
        inside = [line for line in lines if left <= line.box[0] and line.box[2] <= right]
        run: list[list[Line]] = []
        for row in [*line_rows(inside), []]:
            cells = sum(count_stretches(line) for line in row)
            foot = max((line.box[3] for line in run[-1]), default=0.0) if run else 0.0
            near = bool(row) and (not run or min(line.box[1] for line in row) - foot < ROW_GAP * row[0].size)
            if row and cells >= 3 and near and not any((line.page, line.block) in page.prose for line in row):
                run.append(row)
                continue
            if len(run) > 3 and (region := _region(page, [line for taken in run for line in taken])):
                yield region
            run = [row] if cells >= 3 else []

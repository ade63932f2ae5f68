"""The text inside figures: boxes of flow charts, labels of axes, titles of panels. It is no heading and no sentence.

A figure is what is drawn close together beside a caption; running text never belongs to it. Its text stands before its
caption, what shares a frame as one paragraph.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby, product

from dsx.load.lines import Line
from dsx.load.rules import MIN_FRAME_SIDE, Drawn
from dsx.load.table_extent import prose_blocks
from dsx.load.table_words import around
from dsx.types import Box

FIGURE = "figure"
CELL = 12.0
"""What is drawn is looked at in squares of this many points; squares up to two apart belong together."""
MIN_FIGURE_SIDE = 40.0
"""Points of a figure's width and height, at least; what is smaller is an ornament."""
CAPTION_GAP = 40.0
"""Points between a figure and its caption, or between two panels, at most."""
LABEL_GAP = 14.0
"""Points between what is drawn and a label outside it, at most."""
LARGEST_SHARE = 0.6
"""What covers more of the page is its ground; a rule over more of its width or height parts columns or pages."""
SMALL = 0.7
"""Points that a label is smaller than the text, where it is set in the same font."""
_panel_letter = re.compile(r"\s*\(?[A-Ha-h][).]?\s*")
"""What names a panel; it stands beside or above it in any font."""
_caption = re.compile(
    r"\s*(?:Supplement\w*\s+|Extended Data\s+)?(?:Fig(?:ure|\.)?|FIG\w*\.?|Scheme|Chart)\s*S?\d+\w?\s*[|.:]?\s"
)


def may_hold_figures(lines: Sequence[Line]) -> bool:
    """Whether a page has a figure's caption."""
    return any(_caption.match(line.text) for line in lines)


def set_figures_apart(
    lines: Sequence[Line], drawn: Mapping[int, Sequence[Drawn]], sizes: Sequence[tuple[float, float]]
) -> list[Line]:
    """The lines, those inside figures marked (`Line.aside`) and put before their captions.

    drawn: on the pages that may hold figures, by page number.
    """
    prose = prose_blocks(lines)
    body = Counter[tuple[float, str]]()
    for line in lines:
        body[line.size, line.font] += len(line.text)
    ordered: list[Line] = []
    for number, page in groupby(lines, key=lambda line: line.page):
        printed = list(page)
        boxes = [box for _, box in drawn.get(number, ())]
        if boxes and may_hold_figures(printed):
            printed = _page(printed, boxes, sizes[number - 1], prose, body.most_common(1)[0][0])
        ordered += printed
    return ordered


def _page(
    lines: Sequence[Line],
    drawn: Sequence[Box],
    size: tuple[float, float],
    prose: set[tuple[int, int]],
    body: tuple[float, str],
) -> list[Line]:
    captions = list(_captions(lines))
    captioned = {id(line) for caption in captions for line in caption}
    text = [line for line in lines if (line.page, line.block) in prose and id(line) not in captioned]
    running = {id(line) for line in text} | captioned
    shapes = _shapes(drawn, size, text)
    panels = [box for box in _panels(shapes, text) if min(box[2] - box[0], box[3] - box[1]) >= MIN_FIGURE_SIDE]
    free = [line for line in lines if line.row is None and not line.turn and id(line) not in running]
    edges = {round(line.box[0]) for line in text}
    inside: dict[int, list[Line]] = {}
    taken: set[int] = set()
    for caption in captions:
        waiting = [line for line in free if id(line) not in taken]
        unique = {id(line): line for line in _labels(_beside(caption, panels), waiting, body, edges)}
        taken |= unique.keys()
        inside[id(caption[0])] = _by_frames(list(unique.values()), shapes)
    ordered: list[Line] = []
    for line in lines:
        ordered += inside.get(id(line), ())
        if id(line) not in taken:
            ordered.append(line)
    return ordered


def _captions(lines: Sequence[Line]) -> Iterator[list[Line]]:
    """The lines of each figure's caption: its block, from its first line on."""
    for at, line in enumerate(lines):
        opens = at == 0 or lines[at - 1].block != line.block or line.box[1] > lines[at - 1].box[1] + 1
        if line.row is None and opens and _caption.match(line.text):
            yield [line, *(one for one in lines[at + 1 :] if one.block == line.block)]


def _shapes(drawn: Sequence[Box], size: tuple[float, float], text: Sequence[Line]) -> list[Box]:
    """What may be a part of a figure: no grounds, no rules of the page, no frames around running text."""
    width, height = size
    middles = [((line.box[0] + line.box[2]) / 2, (line.box[1] + line.box[3]) / 2) for line in text]
    kept = []
    for box in set(drawn):
        x0, y0, x1, y1 = box
        thin = min(x1 - x0, y1 - y0) < MIN_FRAME_SIDE
        if thin and (x1 - x0 > LARGEST_SHARE * width or y1 - y0 > LARGEST_SHARE * height):
            continue
        if (x1 - x0) * (y1 - y0) > LARGEST_SHARE * width * height:
            continue
        if not thin and any(x0 < x < x1 and y0 < y < y1 for x, y in middles):
            continue
        kept.append(box)
    return kept


def _panels(shapes: Sequence[Box], text: Sequence[Line]) -> list[Box]:
    """Boxes around what is drawn close together, running text between it apart."""
    cells: dict[tuple[int, int], list[Box]] = {}
    blocked = {cell for line in text for cell in _cells(line.box)}
    for box in shapes:
        for cell in _cells(box):
            if cell not in blocked:
                cells.setdefault(cell, []).append(box)
    found = []
    waiting = set(cells)
    around_cell = list(product(range(-2, 3), repeat=2))
    while waiting:
        reached = [waiting.pop()]
        extents: set[Box] = set()
        while reached:
            x, y = reached.pop()
            extents.update(cells[x, y])
            near = waiting.intersection([(x + right, y + down) for right, down in around_cell])
            waiting -= near
            reached += near
        found.append(around(extents))
    return found


def _cells(box: Box) -> Iterator[tuple[int, int]]:
    columns = range(int(box[0] // CELL), int(box[2] // CELL) + 1)
    return product(columns, range(int(box[1] // CELL), int(box[3] // CELL) + 1))


def _beside(caption: Sequence[Line], panels: Sequence[Box]) -> list[Box]:
    """The panels next to a caption, and those next to them."""
    reached = [around(line.box for line in caption)]
    waiting, found = list(panels), list[Box]()
    while reached:
        box = reached.pop()
        near = [panel for panel in waiting if _gap(box, panel) <= CAPTION_GAP]
        waiting = [panel for panel in waiting if panel not in near]
        found += near
        reached += near
    return found


def _gap(box: Box, other: Box) -> float:
    """Points between two boxes that stand above or beside each other; infinite where they stand askew."""
    across = max(box[0] - other[2], other[0] - box[2])
    down = max(box[1] - other[3], other[1] - box[3])
    return max(across, down, 0.0) if min(across, down) < 0 else float("inf")


def _labels(panels: Sequence[Box], lines: Sequence[Line], body: tuple[float, str], edges: set[int]) -> list[Line]:
    """The lines within a figure's panels, and those close to them that are set as labels are.

    edges: left ones of running text, at which headings stand.
    """
    size, font = body
    reaches = [(x0 - LABEL_GAP, y0 - LABEL_GAP, x1 + LABEL_GAP, y1 + LABEL_GAP) for x0, y0, x1, y1 in panels]
    inside, near = list[Line](), list[Line]()
    for line in lines:
        if any(_holds(panel, line.box) for panel in panels):
            inside.append(line)
        elif round(line.box[0]) not in edges and any(_touches(reach, line.box) for reach in reaches):
            (inside if line.size <= size - SMALL else near).append(line)
    inside += [line for line in near if _panel_letter.fullmatch(line.text)]
    families = {_family(line.font) for line in inside} - {_family(font)}
    taken = {id(line) for line in inside}
    return inside + [line for line in near if _family(line.font) in families and id(line) not in taken]


def _family(font: str) -> str:
    """A font's name without its style: Arial-BoldMT and ArialMT are one."""
    return re.split(r"[-,]|MT\b|PS\b", font)[0]


def _holds(outer: Box, box: Box) -> bool:
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return outer[0] <= x <= outer[2] and outer[1] <= y <= outer[3]


def _touches(outer: Box, box: Box) -> bool:
    return outer[0] < box[2] and box[0] < outer[2] and outer[1] < box[3] and box[1] < outer[3]


def _by_frames(labels: Sequence[Line], shapes: Sequence[Box]) -> list[Line]:
    """The labels of a figure as they are read, each frame's as one block."""
    if not labels:
        return []
    frames = [box for box in shapes if min(box[2] - box[0], box[3] - box[1]) >= MIN_FRAME_SIDE]
    extent = around(line.box for line in labels)
    largest = LARGEST_SHARE * (extent[2] - extent[0]) * (extent[3] - extent[1])
    groups: dict[Box, list[Line]] = {}
    for line in labels:
        holding = [box for box in frames if _holds(box, line.box) and _area(box) < largest]
        frame = min(holding, key=_area, default=None)
        if frame is None:
            mates = [one for one in labels if one.block == line.block]
            frame = around(one.box for one in mates)
        groups.setdefault(frame, []).append(line)
    ordered: list[Line] = []
    for number, frame in enumerate(sorted(groups, key=lambda box: (round(box[1] / 4), box[0])), 1):
        for line in sorted(groups[frame], key=lambda one: (round(one.box[3]), one.box[0])):
            line.aside, line.block = FIGURE, -1_000_000 - number
            ordered.append(line)
    return ordered


def _area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])

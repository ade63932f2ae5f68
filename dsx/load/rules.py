"""Rules: the thin lines that are drawn on a page, most of them by its tables."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from dsx.types import Box

THICKEST = 3.0
SHORTEST = 12.0
MIN_FRAME_SIDE = 8.0
"""In points."""


Drawn = tuple[str, Box]
"""stroke-path, fill-path, fill-image, fill-imgmask or fill-shade, and its box on the page as it is shown."""


def drawn_on(page: Any, log: Iterable[Drawn]) -> list[Drawn]:
    """What is drawn on a PyMuPDF page beside its text. log: of `MuPdfDrawing`."""
    import pymupdf

    shapes = dict.fromkeys((kind, box) for kind, box in log if not kind.endswith("text"))
    if not page.rotation:
        return list(shapes)
    return [(kind, tuple(pymupdf.Rect(box) * page.rotation_matrix)) for kind, box in shapes]


def rules_of(drawn: Iterable[Drawn]) -> list[Box]:
    """The rules among the paths of a page; of rectangles that are stroked, the four sides."""
    found: list[Box] = []
    for kind, (x0, y0, x1, y1) in drawn:
        if not kind.endswith("path"):
            continue
        width, height = x1 - x0, y1 - y0
        if min(width, height) <= THICKEST and max(width, height) >= SHORTEST:
            found.append((x0, y0, x1, y1))
        elif kind == "stroke-path" and min(width, height) >= MIN_FRAME_SIDE:  # a frame, or a cell's
            found += [(x0, y0, x1, y0 + 0.5), (x0, y1 - 0.5, x1, y1), (x0, y0, x0 + 0.5, y1), (x1 - 0.5, y0, x1, y1)]
    return _joined(found)


def _joined(rules: list[Box]) -> list[Box]:
    """Lying rules that were drawn cell by cell as one; the same rule drawn twice counts once."""
    lying = sorted(
        (rule for rule in rules if rule[2] - rule[0] >= rule[3] - rule[1]), key=lambda r: (round(r[1]), r[0])
    )
    found: list[Box] = []
    for rule in lying:
        last = found[-1] if found else None
        if last and abs(rule[1] - last[1]) < 1.0 and rule[0] - last[2] < 1.0:
            found[-1] = (last[0], last[1], max(last[2], rule[2]), last[3])
        else:
            found.append(rule)
    return found + [rule for rule in rules if rule[2] - rule[0] < rule[3] - rule[1]]

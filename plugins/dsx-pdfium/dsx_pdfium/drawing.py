"""What is drawn on a page, and where it stands on the page as it is shown."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from typing import Any

from dsx.plugin_api import Box

Point = tuple[float, float]


class PageDrawing:
    """What is drawn on a page, for dsx to tell what can be seen. Boxes are on the page as it is shown."""

    def __init__(self, page: Any) -> None:
        self._page = page
        self._objects: list[tuple[str, bool, Box]] | None = None
        self.edges: Box = (0.0, 0.0, *page.get_size())

    def log(self) -> list[tuple[str, Box]]:
        return [(kind, box) for kind, _, box in self._drawn()]

    def shapes(self) -> list[tuple[str, Box]]:
        """What is drawn beside text; what is both filled and stroked as stroked."""
        return [
            ("stroke-path" if stroked else kind, box) for kind, stroked, box in self._drawn() if kind != "fill-text"
        ]

    def shown(self, box: Box) -> Box:
        return box

    def pixels(self) -> tuple[float, Any]:
        from dsx.plugin_api.loaders import MAX_PIXELS

        scale = MAX_PIXELS / max(*self._page.get_size(), 1.0)
        return scale, self._page.render(scale=scale, may_draw_forms=False).to_numpy()[:, :, :3]

    def _drawn(self) -> list[tuple[str, bool, Box]]:
        """Kind, whether it is stroked, and box of each object in the order of drawing."""
        if self._objects is None:
            self._objects = list(_objects(self._page))
        return self._objects


def _objects(page: Any) -> Iterator[tuple[str, bool, Box]]:
    from pypdfium2 import raw

    place = placing(page)
    mode, stroke = ctypes.c_int(), ctypes.c_int()
    kinds = {
        raw.FPDF_PAGEOBJ_TEXT: "fill-text",
        raw.FPDF_PAGEOBJ_PATH: "fill-path",
        raw.FPDF_PAGEOBJ_IMAGE: "fill-image",
        raw.FPDF_PAGEOBJ_SHADING: "fill-shade",
    }
    for item in page.get_objects(filter=list(kinds), max_depth=2):
        left, bottom, right, top = item.get_bounds()
        one, other = place(left, bottom), place(right, top)
        box = (min(one[0], other[0]), min(one[1], other[1]), max(one[0], other[0]), max(one[1], other[1]))
        kind, stroked = kinds[item.type], False
        if item.type == raw.FPDF_PAGEOBJ_PATH:
            raw.FPDFPath_GetDrawMode(item.raw, mode, stroke)
            kind, stroked = "fill-path" if mode.value else "stroke-path", bool(stroke.value)
        yield kind, stroked, box


def placing(page: Any) -> Callable[[float, float], Point]:
    """From the file's coordinates to those of the page as it is shown: rotated, the origin at its top left."""
    left, bottom, right, top = page.get_bbox()
    ways: dict[int, Callable[[float, float], Point]] = {
        0: lambda x, y: (x - left, top - y),
        90: lambda x, y: (y - bottom, x - left),
        180: lambda x, y: (right - x, y - bottom),
        270: lambda x, y: (top - y, right - x),
    }
    return ways[page.get_rotation()]

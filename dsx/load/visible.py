"""What a reader sees of a page's text: nothing that is drawn without ink, white on white, too small, off the page, or
a second time over itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dsx.load.lines import Line

TINY = 1.5
"""Font size, in points, below which nobody reads."""
WHITE = 0xF8F8F8
PICTURE = 0.5
"""A picture over this share of a page may be a scan, whose text is without ink on purpose."""


def show(blocks: list[dict[str, Any]], page: Any) -> list[dict[str, Any]]:
    """The blocks of text (of "rawdict") without the spans that are not to be seen; empty lines stay."""
    texts = [block for block in blocks if block["type"] == 0]
    backed = _Backs(page)
    x0, y0, x1, y1 = page.rect * page.derotation_matrix
    for block in texts:
        for line in block["lines"]:
            left, top, right, foot = line["bbox"]
            outside = right < x0 or left > x1 or foot < y0 or top > y1
            line["spans"] = [span for span in line["spans"] if not outside and not backed.hides(span)]
    return texts


def struck_once(lines: Sequence[Line]) -> list[Line]:
    """The lines of a page without those that are set a second time in the same place, to look bold."""
    drawn: set[tuple[str, int, int]] = set()
    shown: list[Line] = []
    for line in lines:
        text = line.text.strip()
        step = max(line.size / 5, 0.5)
        x, y = round(line.box[0] / step), round(line.box[1] / step)
        again = len(text) > 2 and any(
            (text, x + right, y + down) in drawn for right in (-1, 0, 1) for down in (-1, 0, 1)
        )
        drawn.add((text, x, y))
        if not again:
            shown.append(line)
    return shown


class _Backs:
    """What stands behind the text of one page; looked at only where some is white or without ink."""

    def __init__(self, page: Any) -> None:
        self._page = page
        self._dark: list[Any] | None = None
        self._scan: bool | None = None

    def hides(self, span: dict[str, Any]) -> bool:
        if span["size"] < TINY:
            return True
        if span.get("alpha", 255) == 0:
            return not self._is_scan()
        return span["color"] & WHITE == WHITE and not self._on_colour(span["bbox"])

    def _is_scan(self) -> bool:
        if self._scan is None:
            area = abs(self._page.rect)
            pictures = self._page.get_image_info()
            self._scan = any(abs(self._page.rect & one["bbox"]) > PICTURE * area for one in pictures)
        return self._scan

    def _on_colour(self, box: tuple[float, float, float, float]) -> bool:
        if self._dark is None:
            kinds = ("fill-path", "fill-image", "fill-shade", "fill-imgmask")
            self._dark = [there for kind, there, *_ in self._page.get_bboxlog() if kind in kinds]
        x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
        return any(x0 <= x <= x1 and y0 <= y <= y1 for x0, y0, x1, y1 in self._dark)

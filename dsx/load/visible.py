"""What a reader sees of a page's text. What is drawn without ink, in the colour of what is behind it, too small, off
the page, or under something else is kept apart as hidden text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from dsx.types import Box, HiddenText

TINY = 1.5
"""Font size, in points, below which nobody reads."""
LIGHT = 0xD0
"""Colours whose parts are all above this are looked at for whether they can be told from the paper."""
FAINT = 0x30
"""Opacity, of 255, below which text is looked at in the same way."""
MIN_CONTRAST = 20
"""Of 255: the difference between the lightest and the darkest pixel below which nothing can be told apart."""
BACKGROUND = 0.6
"""What fills more of the page than this before any text is drawn is the paper's colour, and covers nothing."""
FEW = 50
"""Fills that are sooner looked through one by one than as an array."""
MAX_PIXELS = 1500
"""Of a page's longer side, where its ink is looked at: letters of 8 points are 14 pixels high on A4."""


def part_hidden(
    blocks: list[dict[str, Any]], number: int, drawing: Drawing
) -> tuple[list[dict[str, Any]], list[HiddenText]]:
    """The blocks of text (of "rawdict") without the spans that are not to be seen, and these; empty lines stay.

    number: of the page.
    """
    texts = [block for block in blocks if block["type"] == 0]
    ink, hidden = Ink(drawing), list[HiddenText]()
    for block in texts:
        for line in block["lines"]:
            shown = []
            for span in line["spans"]:
                text = "".join([character["c"] for character in span["chars"]]).strip()
                why = ink.missing(span) if text else None
                if why is None:
                    shown.append(span)
                else:
                    hidden.append(HiddenText(text, number, tuple(span["bbox"]), why))
            line["spans"] = shown
    return texts, hidden


def hidden_layers(pdf: Any) -> list[HiddenText]:
    """What stands on layers that are switched off, read in a copy in which they are on."""
    import pymupdf

    off = [number for number, layer in pdf.get_ocgs().items() if not layer["on"]]
    if not off:
        return []
    seen = [_words_of(page) for page in pdf]
    try:
        pdf.set_layer(-1, on=list(pdf.get_ocgs()), off=[])  # takes effect when the file is opened again
        opened = pymupdf.open("pdf", pdf.tobytes())
    except (RuntimeError, ValueError):  # a damaged file cannot be written again
        return []
    hidden = []
    for number, page in enumerate(opened):
        shown = {(tuple(map(round, word[:4])), word[4]) for word in seen[number]}
        lines: dict[tuple[int, int], list[Any]] = {}
        for word in _words_of(page):
            if (tuple(map(round, word[:4])), word[4]) not in shown:
                lines.setdefault((word[5], word[6]), []).append(word)
        for words in lines.values():
            box = (words[0][0], words[0][1], words[-1][2], words[-1][3])
            hidden.append(HiddenText(" ".join(word[4] for word in words), number + 1, box, "hidden layer"))
    return hidden


def _words_of(page: Any) -> list[Any]:
    words: list[Any] = page.get_text("words")
    return words


def _centre(box: Box) -> tuple[float, float]:
    return (box[0] + box[2]) / 2, (box[1] + box[3]) / 2


def _holds(outer: Box, box: Box) -> bool:
    """Whether the middle of a box lies in another."""
    x, y = _centre(box)
    return outer[0] <= x <= outer[2] and outer[1] <= y <= outer[3]


class Drawing(Protocol):
    """What a PDF library tells of one page. Boxes are in the coordinates of its text; edges: of what is shown."""

    edges: Box

    def log(self) -> Sequence[tuple[str, Box]]:
        """What is drawn, in order: fill-text, fill-path, fill-image, fill-shade, fill-imgmask, others."""

    def pixels(self) -> tuple[float, Any]:
        """Pixels a point, and the drawn page [height, width, 3]; None where it cannot be drawn."""

    def shown(self, box: Box) -> Box:
        """The box on the drawn page, in points from its top left."""


class Ink:
    """What can be told from its ground on one page, which is drawn only where something on it is suspicious."""

    def __init__(self, drawing: Drawing) -> None:
        self._drawing = drawing
        self._log: Sequence[tuple[str, Box]] | None = None
        self._fills: Any = None
        self._drawn: Any = None

    def missing(self, span: Mapping[str, Any]) -> str | None:
        """Why a span (bbox, size, color and alpha as in "rawdict") is not to be seen; None where it is."""
        left, top, right, foot = self._drawing.edges
        x, y = _centre(span["bbox"])
        if not (left <= x <= right and top <= y <= foot):
            return "off the page"
        if span["size"] < TINY:
            return "tiny"
        alpha = span.get("alpha", 255)
        if alpha == 0 and not self._pictured(span["bbox"]):
            return "without ink"
        color = span["color"]
        light = color >> 16 >= LIGHT and color >> 8 & 0xFF >= LIGHT and color & 0xFF >= LIGHT
        if (light or alpha < FAINT or self._filled(span["bbox"])) and not self.contrast(span["bbox"], light):
            return "white" if light else "covered" if alpha >= FAINT else "without ink"
        return None

    def _pictured(self, box: Box) -> bool:
        """Whether a picture lies there: text without ink over it may be what a program read in it."""
        return any(kind == "fill-image" and _holds(there, box) for kind, there in self._logged())

    def _logged(self) -> Sequence[tuple[str, Box]]:
        if self._log is None:
            self._log = self._drawing.log()
        return self._log

    def _filled(self, box: Box) -> bool:
        """Whether something that is filled lies there, over or under the text."""
        import numpy

        if self._fills is None:
            x0, y0, x1, y1 = self._drawing.edges
            area, texts, fills = (x1 - x0) * (y1 - y0) or 1.0, 0, []
            for kind, there in self._logged():
                texts += kind == "fill-text"
                if kind in ("fill-path", "fill-image", "fill-shade", "fill-imgmask"):
                    size = (there[2] - there[0]) * (there[3] - there[1])
                    if texts or size < BACKGROUND * area:
                        fills.append(there)
            self._fills = fills if len(fills) < FEW else numpy.array(fills, dtype=numpy.float64).T
        x, y = _centre(box)
        if isinstance(self._fills, list):
            return any(left <= x <= right and top <= y <= foot for left, top, right, foot in self._fills)
        left, top, right, foot = self._fills  # thousands where a figure is drawn point by point
        return bool(((left <= x) & (x <= right) & (top <= y) & (y <= foot)).any())

    def contrast(self, box: Box, light: bool = False) -> bool:
        """Whether anything can be told apart there; of a page that cannot be drawn, all that is not light."""
        if self._drawn is None:
            self._drawn = self._drawing.pixels()
        scale, pixels = self._drawn
        if pixels is None:
            return not light
        x0, y0, x1, y1 = (scale * edge for edge in self._drawing.shown(box))
        inset = (y1 - y0) * 0.1 if x1 - x0 > y1 - y0 else 0  # neighbouring lines reach into the box
        there = pixels[max(int(y0 + inset), 0) : int(y1 - inset) + 1, max(int(x0), 0) : int(x1) + 1]
        return bool(there.size) and int((there.max(axis=(0, 1)) - there.min(axis=(0, 1))).max()) >= MIN_CONTRAST


class MuPdfDrawing:
    """A page of PyMuPDF's."""

    def __init__(self, page: Any) -> None:
        self._page = page
        self._log: Sequence[tuple[str, Box]] | None = None
        self.edges: Box = tuple(page.rect * page.derotation_matrix)

    def log(self) -> Sequence[tuple[str, Box]]:
        if self._log is None:  # the page is run anew for it
            self._log = [(kind, box) for kind, box, *_ in self._page.get_bboxlog()]
        return self._log

    def shown(self, box: Box) -> Box:
        import pymupdf

        turned: Box = tuple(pymupdf.Rect(box) * self._page.rotation_matrix - pymupdf.Rect(*self._page.rect[:2] * 2))
        return turned

    def pixels(self) -> tuple[float, Any]:
        import numpy
        import pymupdf

        scale = MAX_PIXELS / max(self._page.rect.width, self._page.rect.height, 1.0)
        try:
            drawn = self._page.get_pixmap(
                matrix=pymupdf.Matrix(scale, scale), colorspace="rgb", alpha=False, annots=False
            )
        except (RuntimeError, ValueError):  # what MuPDF raises of damaged pictures and fonts
            return scale, None
        rows = numpy.frombuffer(drawn.samples, dtype=numpy.uint8).reshape(drawn.height, drawn.stride)
        return scale, rows[:, : drawn.width * 3].reshape(drawn.height, drawn.width, 3)

"""The characters of a page as PDFium gives them, those that a reader sees, and how they are set."""

from __future__ import annotations

import ctypes
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from dsx.plugin_api import Box
from dsx_pdfium.drawing import PageDrawing, Point, placing

FORCE_BOLD, HEAVY = 1 << 18, 600
SPACE_CODE = 32
UNKNOWN = "\N{REPLACEMENT CHARACTER}"


@dataclass(frozen=True, slots=True)
class Look:
    """How the characters of one text object are set. along: where its text runs on the page as it is shown; color: RGB
    in 24 bits; alpha: of 255; layered: it stands on a layer, which may be switched off."""

    font: str
    size: float
    bold: bool
    along: Point
    color: int = 0
    alpha: int = 255
    layered: bool = False


@dataclass(frozen=True, slots=True)
class Character:
    """One character. box: as wide as its advance, as high as its font; origin: the left end of its baseline;
    spaced: PDFium puts a space before it."""

    letter: str
    box: Box
    origin: Point
    look: Look
    spaced: bool = False


def characters_of(page: Any) -> Iterator[Character]:
    """The page's characters in the order of its content; line ends are left out, spaces that PDFium adds are not."""
    from pypdfium2 import raw

    place = placing(page)
    text = page.get_textpage()
    handle, looks = text.raw, dict[int, Look]()
    fonts: dict[int, tuple[str, bool]] = {}
    box, x, y = raw.FS_RECTF(), ctypes.c_double(), ctypes.c_double()
    spaced = False
    for index in range(text.count_chars()):
        item = raw.FPDFText_GetTextObject(handle, index)
        if not item or raw.FPDFText_IsGenerated(handle, index) == 1:
            spaced = spaced or raw.FPDFText_GetUnicode(handle, index) == SPACE_CODE
            continue
        address = ctypes.addressof(item.contents)
        if address not in looks:
            looks[address] = _look(handle, index, item, place, fonts)
        raw.FPDFText_GetLooseCharBox(handle, index, box)
        raw.FPDFText_GetCharOrigin(handle, index, x, y)
        one, other = place(box.left, box.top), place(box.right, box.bottom)
        around = (min(one[0], other[0]), min(one[1], other[1]), max(one[0], other[0]), max(one[1], other[1]))
        yield Character(_letter(handle, index), around, place(x.value, y.value), looks[address], spaced)
        spaced = False
    text.close()


def _letter(handle: Any, index: int) -> str:
    from pypdfium2 import raw

    code = raw.FPDFText_GetUnicode(handle, index)
    if raw.FPDFText_IsHyphen(handle, index) == 1:
        return "-"
    if code == 0 or 0xD800 <= code < 0xE000 or code > 0x10FFFF or raw.FPDFText_HasUnicodeMapError(handle, index) == 1:
        return UNKNOWN
    return chr(code)


def _look(handle: Any, index: int, item: Any, place: Callable[[float, float], Point], fonts: dict[int, Any]) -> Look:
    from pypdfium2 import raw

    matrix, size = raw.FS_MATRIX(), ctypes.c_float()
    raw.FPDFText_GetMatrix(handle, index, matrix)
    raw.FPDFTextObj_GetFontSize(item, size)
    font = raw.FPDFTextObj_GetFont(item)
    address = ctypes.addressof(font.contents) if font else 0
    if address not in fonts:
        name = ctypes.create_string_buffer(256)
        raw.FPDFFont_GetBaseFontName(font, name, 256)
        bold = raw.FPDFFont_GetWeight(font) >= HEAVY or bool(max(raw.FPDFFont_GetFlags(font), 0) & FORCE_BOLD)
        fonts[address] = name.value.decode("utf-8", "replace").split("+")[-1], bold
    start, end = place(0.0, 0.0), place(matrix.a, matrix.b)
    along = (end[0] - start[0], end[1] - start[1])
    points = size.value * math.hypot(matrix.c, matrix.d)
    red, green, blue, alpha = (ctypes.c_uint() for _ in range(4))
    raw.FPDFPageObj_GetFillColor(item, red, green, blue, alpha)
    inkless = raw.FPDFTextObj_GetTextRenderMode(item) == raw.FPDF_TEXTRENDERMODE_INVISIBLE
    opacity, color = 0 if inkless else alpha.value, red.value << 16 | green.value << 8 | blue.value
    font_name, bold = fonts[address]
    return Look(font_name, points, bold, along, color, opacity, _layered(item))


def _layered(item: Any) -> bool:
    """Whether an object is marked as standing on a layer (optional content)."""
    from pypdfium2 import raw

    name, length = (ctypes.c_uint16 * 3)(), ctypes.c_ulong()
    for index in range(raw.FPDFPageObj_CountMarks(item)):
        raw.FPDFPageObjMark_GetName(raw.FPDFPageObj_GetMark(item, index), name, ctypes.sizeof(name), length)
        if bytes(name)[:4].decode("utf-16-le") == "OC" and length.value == ctypes.sizeof(name):
            return True
    return False


def seen_characters(
    characters: list[Character], drawing: PageDrawing, number: int, hidden: list[Any]
) -> Iterator[Character]:
    """Those that a reader sees; the others are added to `hidden`."""
    from dsx.plugin_api.loaders import HiddenText, Ink

    ink = Ink(drawing)

    def run(one: Character) -> tuple[Look, int]:
        """Characters set alike on one line."""
        return one.look, round(one.origin[abs(one.look.along[0]) > abs(one.look.along[1])])

    for (look, _), group in groupby(characters, run):
        letters = list(group)
        text = "".join(one.letter for one in letters).strip()
        x0, y0, x1, y1 = zip(*(one.box for one in letters), strict=True)
        box = (min(x0), min(y0), max(x1), max(y1))
        span = {"bbox": box, "size": look.size, "color": look.color, "alpha": look.alpha}
        why = ink.missing(span) if text else None
        if why is None and look.layered and text and not ink.contrast(box):
            why = "hidden layer"
        if why is None:
            yield from letters
        else:
            spaced = "".join(" " * one.spaced + one.letter for one in letters).strip()
            hidden.append(HiddenText(spaced, number, box, why))

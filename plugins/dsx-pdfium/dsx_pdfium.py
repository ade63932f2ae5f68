"""The loader "pdfium": PDF through pypdfium2, whose licence is permissive (PyMuPDF's is AGPL).

PDFium gives characters; here they become lines and blocks, by the distances that PyMuPDF uses too. All else (margins,
tables, paragraphs, headings) is dsx's own and the same for both loaders. What this one lacks: pages that are pictures
are not read, and signs without Unicode stay U+FFFD.
"""

from __future__ import annotations

import ctypes
import importlib.util
import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from dsx.plugin_api import Box, Document, Loader, LoadError, hookimpl

HEAD_BYTES = 4096
SPACE, GAP, STEP, LEADING, INDENT = 0.15, 0.9, 0.8, 1.5, 0.5
"""In font sizes: a gap that is a space; a gap and a step up or down that part two lines; the most from one line of a
block to the next; a paragraph's indent."""
ENDS = (".", "!", "?", ":", ";", "”", ")")
RAISED_BY, RAISED_SIZE = 0.15, 0.9
"""A superscript stands higher by that share of the line's font size, and is smaller than that share of it."""
SUPERSCRIPT, BOLD = 1, 16
FORCE_BOLD, HEAVY = 1 << 18, 600
LEAST_SPACE = 0.03
"""Of a space that PDFium puts in, in font sizes."""
SPACE_CODE = 32
UPRIGHT = 0.95
"""Cosine of the tilt up to which text counts as upright."""
TURNED_BLOCKS = 100_000
"""Blocks of text that is turned are numbered from here on."""
LEAST_INKED = 0.1
TINY = 1.5
"""Font size, in points, below which nobody reads."""
UNKNOWN = "\N{REPLACEMENT CHARACTER}"

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Look:
    """How the characters of one text object are set. along: where its text runs on the page as it is shown;
    hidden: without ink, or too small to be read."""

    font: str
    size: float
    bold: bool
    along: Point
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Character:
    """One character. box: as wide as its advance, as high as its font; origin: the left end of its baseline;
    spaced: PDFium puts a space before it."""

    letter: str
    box: Box
    origin: Point
    look: Look
    spaced: bool = False


@dataclass(slots=True)
class Row:
    """Characters on one baseline without a wide gap. hangs: its block goes on indented below its first line."""

    block: int
    characters: list[Character]
    hangs: bool = False


def load_pdfium(path: Path) -> Document:
    """Raises LoadError where the file is no PDF, is locked by a password, or has no text."""
    from dsx.plugin_api.loaders import PdfContent, may_hold_tables, pdf_document, rules_of

    read = PdfContent()
    for number, (characters, paths, size) in enumerate(_pages(path, read.metadata), 1):
        read.pages.append(_lines(characters, number, size))
        read.sizes.append(size)
        if may_hold_tables(read.pages[-1]):
            read.rules[number] = rules_of(paths)
    if not any(read.pages):
        what = f"no text on its {len(read.pages)} pages" if read.pages else "no pages in it"
        raise LoadError(f"{path.name}: {what}; if they are pictures of text, take --loader pymupdf, which does OCR")
    return pdf_document(path, "pdfium", read)


def _lines(characters: Sequence[Character], number: int, size: Point) -> list[Any]:
    """The lines of a page, those that run up, down or upside down too; tilted ones are watermarks."""
    from dsx.plugin_api.loaders import line_of, turned, turned_size

    lines = []
    for turn in range(4):
        own = [_turned(one, turn, size) for one in characters if _turn(one.look.along) == turn]
        for row in _rows(iter(own)):
            line = line_of(number, row.block + turn * TURNED_BLOCKS, _as_pymupdf(row.characters))
            if line is not None:
                back, frame = (4 - turn) % 4, turned_size(turn, size)
                line.turn = turn
                line.boxes = [turned(box, back, frame) for box in line.boxes]
                line.box = turned(line.box, back, frame)
                lines.append(line)
    return lines


def _turn(along: Point) -> int | None:
    """Quarter turns to the left of text that runs so; None where it is tilted."""
    x, y = along
    length = math.hypot(x, y)
    if abs(x) > UPRIGHT * length:
        return 0 if x > 0 else 2
    return (1 if y < 0 else 3) if abs(y) > UPRIGHT * length else None


def _turned(one: Character, turn: int, size: Point) -> Character:
    """A character in the frame in which its text is upright."""
    from dsx.plugin_api.loaders import turned

    if not turn:
        return one
    x, y, _, _ = turned((*one.origin, *one.origin), turn, size)
    return Character(one.letter, turned(one.box, turn, size), (x, y), one.look, one.spaced)


def _pages(path: Path, metadata: dict[str, str]) -> Iterator[tuple[list[Character], list[tuple[bool, Box]], Point]]:
    """Characters, drawn paths and size of every page; fills `metadata` first. Keys are those of PyMuPDF."""
    import pypdfium2

    try:
        pdf = pypdfium2.PdfDocument(path)
    except (pypdfium2.PdfiumError, OSError) as problem:
        if "password" in str(problem).lower():
            raise LoadError(f"{path.name}: locked by a password; save a copy without one") from None
        raise LoadError(f"{path.name}: not a readable PDF ({problem}); fetch it again") from None
    try:
        told = pdf.get_metadata_dict(skip_empty=True)
        metadata |= {f"{key[0].lower()}{key[1:]}": value for key, value in told.items()}
        for number in range(len(pdf)):
            try:
                page = pdf[number]
                yield _inked(list(_characters(page))), list(_paths(page)), page.get_size()
                page.close()
            except pypdfium2.PdfiumError as problem:
                raise LoadError(
                    f"{path.name}: not a readable PDF (page {number + 1}: {problem}); fetch it again"
                ) from None
    finally:
        pdf.close()


def _inked(characters: list[Character]) -> list[Character]:
    """Those that are to be seen; where next to none is, a scan's text lies without ink over its picture."""
    shown = [one for one in characters if not one.look.hidden]
    return shown if len(shown) > LEAST_INKED * len(characters) else characters


def _characters(page: Any) -> Iterator[Character]:
    """The page's characters in the order of its content; line ends are left out, spaces that PDFium adds are not."""
    from pypdfium2 import raw

    place = _placing(page)
    text = page.get_textpage()
    handle, looks = text.raw, dict[int, Look]()
    fonts: dict[int, tuple[str, bool]] = {}
    box, x, y = raw.FS_RECTF(), ctypes.c_double(), ctypes.c_double()
    width, height = page.get_size()
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
        seen = around[2] > 0 and around[0] < width and around[3] > 0 and around[1] < height
        if seen:
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
    hidden = points < TINY or raw.FPDFTextObj_GetTextRenderMode(item) == raw.FPDF_TEXTRENDERMODE_INVISIBLE
    return Look(fonts[address][0], points, fonts[address][1], along, hidden)


def _paths(page: Any) -> Iterator[tuple[bool, Box]]:
    """Whether each drawn path is stroked, and its box on the page as it is shown."""
    from pypdfium2 import raw

    place = _placing(page)
    mode, stroke = ctypes.c_int(), ctypes.c_int()
    for item in page.get_objects(filter=[raw.FPDF_PAGEOBJ_PATH], max_depth=2):
        left, bottom, right, top = item.get_bounds() if hasattr(item, "get_bounds") else item.get_pos()
        raw.FPDFPath_GetDrawMode(item.raw, mode, stroke)
        one, other = place(left, top), place(right, bottom)
        box = (min(one[0], other[0]), min(one[1], other[1]), max(one[0], other[0]), max(one[1], other[1]))
        yield bool(stroke.value), box


def _placing(page: Any) -> Callable[[float, float], Point]:
    """From the file's coordinates to those of the page as it is shown: rotated, the origin at its top left."""
    left, bottom, right, top = page.get_bbox()
    ways: dict[int, Callable[[float, float], Point]] = {
        0: lambda x, y: (x - left, top - y),
        90: lambda x, y: (y - bottom, x - left),
        180: lambda x, y: (right - x, y - bottom),
        270: lambda x, y: (top - y, right - x),
    }
    return ways[page.get_rotation()]


def _rows(characters: Iterator[Character]) -> list[Row]:
    """Lines, numbered by block: a block ends where the next line is not right below, or is indented."""
    rows: list[Row] = []
    for one in characters:
        if one.look.size <= 0:
            continue
        last = rows[-1].characters[-1] if rows else None
        if last is None:
            rows.append(Row(0, [one]))
            continue
        size = max(one.look.size, last.look.size)
        gap, step = one.box[0] - last.box[2], one.origin[1] - last.origin[1]
        if abs(step) < STEP * size and -STEP * size < gap < GAP * size:
            apart = gap > SPACE * size or (one.spaced and gap > LEAST_SPACE * size)
            if apart and not (one.letter.isspace() or last.letter.isspace()):
                between = (last.box[2], last.box[1], one.box[0], last.box[3])
                rows[-1].characters.append(Character(" ", between, one.origin, one.look))
            rows[-1].characters.append(one)
            continue
        if one.letter.isspace():
            continue
        block = _block_of(rows[-1], one, step, size)
        rows.append(Row(block, [one], rows[-1].hangs and block == rows[-1].block))
    return rows


def _block_of(row: Row, one: Character, step: float, size: float) -> int:
    """The block of a line that begins with `one`, `row` being the line before it.

    An indent is a new paragraph's only after the end of a sentence; else it hangs, and what stands left of it is new.
    """
    right, left = row.characters[-1].box[2], row.characters[0].box[0]
    if abs(step) < STEP * size and one.box[0] >= right:
        return row.block
    text = "".join(each.letter for each in row.characters).rstrip()
    indented = one.box[0] - left > INDENT * size
    row.hangs = row.hangs or (indented and not text.endswith(ENDS))
    new = (indented and not row.hangs) or (row.hangs and left - one.box[0] > INDENT * size)
    below = 0 < step <= LEADING * size and one.box[0] <= right
    return row.block if below and not new else row.block + 1


def _as_pymupdf(characters: list[Character]) -> dict[str, Any]:
    """A line as PyMuPDF's "rawdict" has it, from which dsx makes its lines."""
    sizes = Counter[float]()
    for one in characters:
        sizes[round(one.look.size, 1)] += bool(one.letter.strip())
    size = sizes.most_common(1)[0][0]
    base = Counter(round(one.origin[1], 1) for one in characters if round(one.look.size, 1) == size).most_common(1)[0][
        0
    ]

    def key(one: Character) -> tuple[str, float, int]:
        high = base - one.origin[1] > RAISED_BY * size and one.look.size < RAISED_SIZE * size
        return one.look.font, one.look.size, BOLD * one.look.bold | SUPERSCRIPT * high

    spans = [
        {"font": font, "size": points, "flags": flags, "chars": [{"c": one.letter, "bbox": one.box} for one in group]}
        for (font, points, flags), group in groupby(characters, key)
    ]
    x0, y0, x1, y1 = zip(*(one.box for one in characters), strict=True)
    return {"spans": spans, "bbox": (min(x0), min(y0), max(x1), max(y1)), "dir": (1.0, 0.0)}


@hookimpl
def register_loaders() -> dict[str, Loader]:
    return {"pdfium": Loader(load_pdfium, "2", "PDF, by pypdfium2")}


@hookimpl
def find_loader(path: Path) -> str | None:
    """PDFs are this loader's where PyMuPDF is not installed; else it is taken by `--loader pdfium`."""
    if importlib.util.find_spec("pymupdf") is not None:
        return None
    try:
        with path.open("rb") as stream:
            return "pdfium" if b"%PDF-" in stream.read(HEAD_BYTES) else None
    except OSError:
        return None

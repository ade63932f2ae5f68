"""Pages that are pictures of text, read by Tesseract (the program, a process of its own)."""

from __future__ import annotations

import csv
import io
import shutil
import statistics
import subprocess
from collections.abc import Iterable
from typing import Any

from dsx.errors import LoadError
from dsx.load.headings import heading_kind
from dsx.load.lines import Line
from dsx.types import Box

DPI = 300
LEAST_LETTERS = 30
"""A page with fewer letters than this and a picture over most of it is a scan."""
PICTURE = 0.5
LEAST_SURE = 30.0
"""Words of which Tesseract is less sure than this, in percent, are specks."""
LIKE = 0.4
"""Lines whose height is within this share of the page's usual one are of one size."""


def is_scan(page: Any, lines: Iterable[Line]) -> bool:
    """Whether a page is a picture with next to no text of its own."""
    if sum(len(line.text.strip()) for line in lines) >= LEAST_LETTERS:
        return False
    area = abs(page.rect)
    return any(abs(page.rect & picture["bbox"]) > PICTURE * area for picture in page.get_image_info())


def installed() -> bool:
    """Whether the program `tesseract` is there."""
    return shutil.which("tesseract") is not None


def read_scan(page: Any) -> list[Line]:
    """The lines of a scanned page, with a box a word shared out among its letters. LoadError where Tesseract fails."""
    picture = page.get_pixmap(dpi=DPI, colorspace="gray", alpha=False).tobytes("png")
    command = ["tesseract", "stdin", "stdout", "--dpi", str(DPI), "-l", "eng", "tsv"]
    ran = subprocess.run(command, input=picture, capture_output=True, check=False)
    if ran.returncode:
        said = ran.stderr.decode("utf-8", "replace").strip().splitlines()[-1:] or ["no message"]
        raise LoadError(f"page {page.number + 1}: tesseract failed ({said[0]}); install tesseract-ocr-eng")
    rows = csv.DictReader(io.StringIO(ran.stdout.decode("utf-8")), delimiter="\t", quoting=csv.QUOTE_NONE)
    return _lines(rows, page.number + 1)


def _lines(rows: Iterable[dict[str, str]], page: int) -> list[Line]:
    """tsv: level 5 are words; a line is one block, paragraph and line number."""
    words: dict[tuple[int, int, int], list[tuple[str, Box]]] = {}
    for row in rows:
        if row["level"] != "5" or not row["text"].strip() or float(row["conf"]) < LEAST_SURE:
            continue
        x, y, width, height = (float(row[name]) * 72 / DPI for name in ("left", "top", "width", "height"))
        key = (int(row["block_num"]), int(row["par_num"]), int(row["line_num"]))
        words.setdefault(key, []).append((row["text"], (x, y, x + width, y + height)))
    heights = [max(box[3] for _, box in line) - min(box[1] for _, box in line) for line in words.values()]
    usual = statistics.median(heights) if heights else 0.0
    return [
        _line(page, block * 1000 + paragraph, line, usual if abs(height - usual) <= LIKE * usual else height)
        for ((block, paragraph, _), line), height in zip(words.items(), heights, strict=True)
    ]


def _line(page: int, block: int, words: list[tuple[str, Box]], size: float) -> Line:
    text = ""
    boxes: list[Box] = []
    for word, box in words:
        if text:
            text += " "
            boxes.append((boxes[-1][2], box[1], box[0], box[3]))
        step = (box[2] - box[0]) / len(word)
        boxes += [(box[0] + at * step, box[1], box[0] + (at + 1) * step, box[3]) for at in range(len(word))]
        text += word
    x0, y0, x1, y1 = zip(*boxes, strict=True)
    heading = heading_kind(text.strip().rstrip(".:")) != "other"
    font = "scan, heading" if heading else "scan"
    return Line(page, block, text, boxes, (min(x0), min(y0), max(x1), max(y1)), round(size, 1), font, False)

"""Pages that are pictures of text, read by Tesseract (the program, a process of its own).

A page that makes little sense, or runs sideways, is asked for its orientation and read again, turned.
A full A4 page in two columns takes 2.9 s of CPU time, one that is turned 8 s (Tesseract 5, one thread).
"""

from __future__ import annotations

import csv
import io
import os
import re
import shutil
import statistics
import subprocess
from collections.abc import Iterable, Sequence
from typing import Any

from dsx.errors import LoadError
from dsx.load.boxes import Boxes
from dsx.load.glyphs import UNKNOWN
from dsx.load.headings import heading_kind
from dsx.load.lines import Line
from dsx.load.turns import turned, turned_size
from dsx.types import Box

DPI = 300
MIN_LETTERS = 30
"""A page with fewer letters than this and a picture over most of it is a scan."""
PICTURE = 0.5
MIN_CONFIDENCE = 30.0
"""Words of which Tesseract is less sure than this, in percent, are specks."""
MIN_PAGE_CONFIDENCE = 50.0
"""A page of which it is less sure than this, at the median, is in no script that it was asked to read."""
UNMAPPED = 0.5
"""A page of which more letters than this share have no Unicode is read as a picture."""
DOUBTFUL, MIN_WORDS = 80.0, 20
"""A page with fewer words, or a lower median certainty of them in percent, may not be upright."""
LIKE = 0.4
"""Lines whose height is within this share of the page's usual one are of one size."""


def is_scan(page: Any, lines: Iterable[Line]) -> bool:
    """Whether a page is a picture with next to no text of its own."""
    if sum(len(line.text.strip()) for line in lines) >= MIN_LETTERS:
        return False
    area = abs(page.rect)
    return any(abs(page.rect & picture["bbox"]) > PICTURE * area for picture in page.get_image_info())


def is_unmapped(lines: Sequence[Line]) -> bool:
    """Whether most letters of a page are signs whose meaning the file does not tell."""
    letters = [letter for line in lines for letter in line.text if letter != " "]
    return len(letters) >= MIN_LETTERS and letters.count(UNKNOWN) > UNMAPPED * len(letters)


def installed() -> bool:
    """Whether the program `tesseract` is there."""
    return shutil.which("tesseract") is not None


def read_scan(page: Any) -> list[Line]:
    """The lines of a scanned page, with a box a word shared out among its letters; none where they make no sense.

    Raises LoadError where Tesseract fails.
    """
    rows = _words(page, 0)
    turn = 0 if _looks_upright(rows) else _orientation(page)
    rows = _words(page, turn) if turn else rows
    if not rows or statistics.median(float(row["conf"]) for row in rows) < MIN_PAGE_CONFIDENCE:
        return []
    size = turned_size(turn, (page.rect.width, page.rect.height))
    lines = _lines((row for row in rows if float(row["conf"]) >= MIN_CONFIDENCE), page.number + 1)
    for line in lines:
        line.turn, line.ocr = turn, True
        line.boxes = Boxes(turned(box, (4 - turn) % 4, size) for box in line.boxes)
        line.box = turned(line.box, (4 - turn) % 4, size)
    return lines


def _words(page: Any, turn: int) -> list[dict[str, str]]:
    """The words (level 5 of Tesseract's tsv) of a page whose text has this turn."""
    output = _tesseract(page, turn, "--dpi", str(DPI), "-l", "eng", "tsv")
    rows = csv.DictReader(io.StringIO(output), delimiter="\t", quoting=csv.QUOTE_NONE)
    return [row for row in rows if row["level"] == "5" and row["text"].strip()]


def _looks_upright(rows: Sequence[dict[str, str]]) -> bool:
    """Whether a page was read with certainty, its words wider than high: Tesseract reads sideways lines too."""
    if len(rows) < MIN_WORDS or statistics.median(float(row["conf"]) for row in rows) < DOUBTFUL:
        return False
    return statistics.median(int(row["width"]) / int(row["height"]) for row in rows if len(row["text"]) > 2) > 1


def _orientation(page: Any) -> int:
    """The turn of a page's text; 0 where it holds too little to be told."""
    try:
        output = _tesseract(page, 0, "--psm", "0", "-l", "osd")
    except LoadError:
        return 0
    told = re.search(r"Rotate: (\d+)", output)
    return int(told[1]) // 90 if told else 0


def _tesseract(page: Any, turn: int, *options: str) -> str:
    """What the program says of a page, drawn so that text of this turn is upright. LoadError where it fails."""
    import pymupdf

    scale = DPI / 72
    drawn = page.get_pixmap(matrix=pymupdf.Matrix(scale, scale).prerotate(90 * turn), colorspace="gray", alpha=False)
    drawn.set_dpi(DPI, DPI)
    command = ["tesseract", "stdin", "stdout", *options]
    alone = {"OMP_THREAD_LIMIT": "1", **os.environ}  # four threads take twice the CPU time of one
    ran = subprocess.run(command, input=drawn.tobytes("png"), capture_output=True, check=False, env=alone)
    if ran.returncode:
        said = ran.stderr.decode("utf-8", "replace").strip().splitlines()[-1:] or ["no message"]
        raise LoadError(f"page {page.number + 1}: tesseract failed ({said[0]}); install tesseract-ocr-eng")
    text: str = ran.stdout.decode("utf-8")
    return text


def _lines(rows: Iterable[dict[str, str]], page: int) -> list[Line]:
    """A line is one block, paragraph and line number."""
    words: dict[tuple[int, int, int], list[tuple[str, Box]]] = {}
    for row in rows:
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
    return Line(page, block, text, Boxes(boxes), (min(x0), min(y0), max(x1), max(y1)), round(size, 1), font, False)

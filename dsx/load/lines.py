"""Lines of print of one page: characters with boxes, and the look by which headings are told from text."""

from __future__ import annotations

import re
import statistics
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from dsx.load.bidi import as_read
from dsx.load.boxes import Boxes
from dsx.load.glyphs import Glyphs, mend
from dsx.load.visible import Drawing, part_hidden
from dsx.types import Box, HiddenText

SUPERSCRIPT, BOLD = 1, 16
UPRIGHT = 0.985
"""Cosine of the tilt, 10 degrees, up to which a line counts as upright: scans are a little askew."""
FIELD = "field"
SOFT_HYPHEN = "\u00ad"
RAISED = re.compile(r"[0-9,–−+*†‡§ -]+|[a-h](?: ?, ?[a-h])*")
"""Superscripts that are numbers or marks, as of notes; others (the th of 5th) stay as they are."""
DEGREES = frozenset(("o", "º", "°", "∘"))
"""Superscripts after a number that are its degrees."""
ACCENTS = dict(
    zip("´`¨ˆ˜ˇ˚¸¯˘˙˝", "\u0301\u0300\u0308\u0302\u0303\u030c\u030a\u0327\u0304\u0306\u0307\u030b", strict=True)
)
"""Accents that stand alone → those that combine with a letter."""
TIGHT_SPACE = 0.08
"""White space between two words of a line without spaces, at least, in heights of a line (1.2 to 1.4 font sizes)."""
MIN_TIGHT_LETTERS, MANY_LETTERS = 20, 14
"""A line of more letters than the one, with less than one space in so many as the other, may lack its spaces."""
LIGATURES = {
    form: letters
    for form in map(chr, range(0xFB00, 0xFEFD))
    if (letters := unicodedata.normalize("NFKC", form).strip()) not in ("", form)
}
"""Forms that letters have in print (ﬁ, Arabic and Hebrew ones) → the letters."""
SPECIAL = {SOFT_HYPHEN, *LIGATURES}
"""Characters that are printable, or none of a span's own, and do not stay as they are."""


@dataclass(slots=True)
class Line:
    """One line of print. text and boxes go together character by character.

    block: lines of one block of the page have the same number; size, font, bold: of most of its characters; lead: how
    many characters at its start are set in another font than the rest (a run-in heading), 0 where none are; row: the
    index of the table that it is a row of; turn: how it runs, see `turns`; ocr: its text was read from a picture.
    aside: "figure" inside one, "margin" in the first page's head, foot or margin, "caption" over a table that was read,
    "field" in a form's field, else empty.
    """

    page: int
    block: int
    text: str
    boxes: Boxes
    box: Box
    size: float
    font: str
    bold: bool
    lead: int = 0
    row: int | None = None
    turn: int = 0
    ocr: bool = False
    aside: str = ""


def read_lines(page: Any, glyphs: Glyphs, drawing: Drawing) -> tuple[list[Line], list[HiddenText]]:
    """All lines of a PyMuPDF page that a reader sees, in the order of its blocks, in the coordinates of the page as it
    is shown; and what no reader sees. Tilted lines (watermarks) are left out."""
    import pymupdf

    found: list[Line] = []
    blocks = page.get_text("rawdict", flags=0, clip=pymupdf.INFINITE_RECT())["blocks"]
    mend(blocks, page, glyphs)
    rotation = page.rotation_matrix if page.rotation else None
    texts, hidden = part_hidden(blocks, page.number + 1, drawing)
    for number, block in enumerate(texts):
        for line in block["lines"]:
            turn = _turn(line["dir"], page.rotation)
            if turn is None:
                continue
            read = line_of(page.number + 1, number, line)
            if read is not None:
                read.turn = turn
                found.append(read if rotation is None else _rotated(read, rotation))
    return found, hidden


def mark_fields(lines: Sequence[Line], page: Any) -> None:
    """Marks what stands in the fields of a form: whoever filled them in set no titles. lines: of this PyMuPDF page."""
    fields = [widget.rect * page.rotation_matrix for widget in page.widgets()]
    for line in lines:
        x, y = (line.box[0] + line.box[2]) / 2, (line.box[1] + line.box[3]) / 2
        if any(box.x0 <= x <= box.x1 and box.y0 <= y <= box.y1 for box in fields):
            line.aside = FIELD


def _turn(along: tuple[float, float], rotation: int) -> int | None:
    """Quarter turns to the left of a line on its page as it is shown; None where it is tilted."""
    x, y = along
    for _ in range(rotation // 90):
        x, y = -y, x
    if abs(x) > UPRIGHT:
        return 0 if x > 0 else 2
    return (1 if y < 0 else 3) if abs(y) > UPRIGHT else None


def _rotated(line: Line, matrix: Any) -> Line:
    """The line on the page as it is shown."""
    import pymupdf

    line.boxes = Boxes(tuple(pymupdf.Rect(box) * matrix) for box in line.boxes)
    line.box = tuple(pymupdf.Rect(line.box) * matrix)
    return line


def line_of(page: int, block: int, line: dict[str, Any]) -> Line | None:
    """A line of "rawdict"; None where it holds nothing."""
    text: list[str] = []
    boxes: list[Box] = []
    looks: Counter[tuple[float, str, bool]] = Counter()
    firsts: list[tuple[int, str, bool]] = []
    spans = _without_soft_hyphens(line["spans"])
    for span, characters, words in spans:
        start = len(text)
        if span["flags"] & SUPERSCRIPT and RAISED.fullmatch(words) and words.strip() and text and text[-1] != " ":
            text.append("^")
            boxes.append(characters[0]["bbox"])
        if span["flags"] & SUPERSCRIPT and words.strip() in DEGREES and text and text[-1].isdigit():
            words = re.sub("[oº∘]", "°", words)
        if words.isprintable() and SPECIAL.isdisjoint(words):  # nearly all are
            text.extend(words)
            boxes.extend([character["bbox"] for character in characters])
        else:
            for character in characters:
                letter = _letter(character["c"])
                text.extend(letter)
                boxes.extend([character["bbox"]] * len(letter))
        bold = bool(span["flags"] & BOLD) or "bold" in span["font"].lower()
        looks[(round(span["size"], 1), span["font"], bold)] += len(words.strip())
        firsts.append((start, span["font"], bold))
    joined = "".join(text)
    if not joined.strip():
        return None
    _compose_accents(text, boxes)
    inkless = all(span.get("alpha", 255) == 0 for span in line["spans"])  # laid over a picture by who read that
    if (
        len(text) > MIN_TIGHT_LETTERS
        and joined.count(" ") < len(text) / MANY_LETTERS
        and _part_tight_words(text, boxes)
    ):
        firsts = firsts[:1]  # places have moved
    is_upright = line.get("dir", (1.0, 0.0))[0] > UPRIGHT  # boxes of others do not stand from left to right
    if is_upright and (read := as_read(text, boxes)) is not None:
        text, boxes = read
        firsts = firsts[:1]
    joined = "".join(text)
    (size, font, is_bold), _ = looks.most_common(1)[0]
    lead = _lead(firsts, joined)
    return Line(page, block, joined, Boxes(boxes), line["bbox"], size, font, is_bold, lead, ocr=inkless)


def _without_soft_hyphens(spans: Sequence[dict[str, Any]]) -> list[tuple[dict[str, Any], list[dict[str, Any]], str]]:
    """Each span that holds characters, with these and their text; a soft hyphen stays only at the line's end."""
    read = [(span, span["chars"], "".join([one["c"] for one in span["chars"]])) for span in spans]
    if not any(SOFT_HYPHEN in words for _, _, words in read):
        return [each for each in read if each[1]]
    final = next((one for _, characters, _ in reversed(read) for one in reversed(characters) if one["c"].strip()), None)
    kept = []
    for span, characters, _ in read:
        characters = [one for one in characters if one["c"] != SOFT_HYPHEN or one is final]
        if characters:
            kept.append((span, characters, "".join([one["c"] for one in characters])))
    return kept


def _part_tight_words(text: list[str], boxes: list[Box]) -> bool:
    """Puts spaces where a line without them leaves white space between some letters and none between most."""
    gaps = [right[0] - left[2] for left, right in pairwise(boxes)]
    height = boxes[0][3] - boxes[0][1]
    if statistics.median(gaps) > 0.02 * height:
        return False  # set wide
    places = [at + 1 for at, gap in enumerate(gaps) if gap > TIGHT_SPACE * height and text[at] != " " != text[at + 1]]
    for at in reversed(places):
        text.insert(at, " ")
        boxes.insert(at, (boxes[at - 1][2], boxes[at][1], boxes[at][0], boxes[at][3]))
    return bool(places)


def _compose_accents(text: list[str], boxes: list[Box]) -> None:
    """Puts accents that are set as letters of their own onto the letters that they stand over."""
    if not ACCENTS.keys() & set(text):
        return
    at = 0
    while at < len(text):
        mark = ACCENTS.get(text[at])
        for other in (at + 1, at - 1, at + 2, at - 2) if mark else ():
            if 0 <= other < len(text) and text[other].isalpha() and _over(boxes[at], boxes[other]):
                base = "i" if text[other] == "ı" else text[other]
                whole = unicodedata.normalize("NFC", base + (mark or ""))
                if len(whole) == 1:
                    text[other] = whole
                    first, last = min(at, other), max(at, other)
                    drop = [place for place in range(first, last + 1) if place != other]  # and a space between them
                    for place in reversed(drop):
                        del text[place], boxes[place]
                    at = first - 1
                    break
        at += 1


def _over(accent: Box, letter: Box) -> bool:
    """Whether an accent's middle is above (or below) a letter."""
    return letter[0] - 0.5 <= (accent[0] + accent[2]) / 2 <= letter[2] + 0.5


def _letter(letter: str) -> str:
    if letter in LIGATURES:
        return LIGATURES[letter]
    if letter == SOFT_HYPHEN:  # the word is broken here, as others are
        return "-"
    if letter.isprintable():
        return letter
    return " " if letter.isspace() else "\N{REPLACEMENT CHARACTER}"


def _lead(firsts: Sequence[tuple[int, str, bool]], text: str) -> int:
    """Characters before the font first changes, where a line begins in another font than it goes on in."""
    for start, font, _ in firsts[1:]:
        if font != firsts[0][1] and text[:start].strip():
            return start
    return 0


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

"""Lines of print of one page: characters with boxes, and the look by which headings are told from text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dsx.load.glyphs import Glyphs, mend
from dsx.types import Box

SUPERSCRIPT, BOLD = 1, 16
SOFT_HYPHEN = "\u00ad"
RAISED = set("0123456789,–-−+*†‡§ ")
"""Characters of superscripts that are numbers or marks; others (the th of 5th) stay as they are."""
LIGATURES = {"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st"}


@dataclass(slots=True)
class Line:
    """One line of print. text and boxes go together character by character.

    block: lines of one block of the page have the same number; size, font, bold: of most of its characters; lead: how
    many characters at its start are set in another font than the rest (a run-in heading), 0 where none are; row: the
    index of the table that it is a row of.
    """

    page: int
    block: int
    text: str
    boxes: list[Box]
    box: Box
    size: float
    font: str
    bold: bool
    lead: int = 0
    row: int | None = None


def read_lines(page: Any, glyphs: Glyphs) -> list[Line]:
    """All lines of a PyMuPDF page, in the order of its blocks; empty ones and upright ones are left out."""
    found = []
    blocks = page.get_text("rawdict", flags=0)["blocks"]
    mend(blocks, page, glyphs)
    for number, block in enumerate(blocks):
        if block["type"] != 0:
            continue
        for line in block["lines"]:
            if abs(line["dir"][1]) > 0.5 and abs(line["dir"][0]) < 0.5:
                continue  # runs up or down the page's edge: a watermark or download note
            made = line_of(page.number + 1, number, line)
            if made is not None:
                found.append(made)
    return found


def line_of(page: int, block: int, line: dict[str, Any]) -> Line | None:
    text: list[str] = []
    boxes: list[Box] = []
    looks: Counter[tuple[float, str, bool]] = Counter()
    firsts: list[tuple[int, str, bool]] = []
    final = next((one for span in reversed(line["spans"]) for one in reversed(span["chars"]) if one["c"].strip()), None)
    for span in line["spans"]:
        characters = [one for one in span["chars"] if one["c"] != SOFT_HYPHEN or one is final]
        if not characters:
            continue
        start = len(text)
        words = "".join(character["c"] for character in characters)
        if span["flags"] & SUPERSCRIPT and set(words) <= RAISED and words.strip() and text and text[-1] != " ":
            text.append("^")
            boxes.append(characters[0]["bbox"])
        for character in characters:
            letter = "-" if character["c"] == SOFT_HYPHEN else _letter(character["c"])  # broken here: as others are
            text.extend(letter)
            boxes.extend([character["bbox"]] * len(letter))
        bold = bool(span["flags"] & BOLD) or "bold" in span["font"].lower()
        looks[(round(span["size"], 1), span["font"], bold)] += len(words.strip())
        firsts.append((start, span["font"], bold))
    joined = "".join(text)
    if not joined.strip():
        return None
    (size, font, is_bold), _ = looks.most_common(1)[0]
    return Line(page, block, joined, boxes, line["bbox"], size, font, is_bold, _lead(firsts, joined))


def _letter(letter: str) -> str:
    if letter in LIGATURES:
        return LIGATURES[letter]
    if letter.isprintable():
        return letter
    return " " if letter.isspace() else "\N{REPLACEMENT CHARACTER}"


def _lead(firsts: Sequence[tuple[int, str, bool]], text: str) -> int:
    """Characters before the font first changes, where a line begins in another font than it goes on in."""
    for start, font, _ in firsts[1:]:
        if font != firsts[0][1] and text[:start].strip():
            return start
    return 0

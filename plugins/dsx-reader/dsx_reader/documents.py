"""Documents made of passages: what a loader would give, with sections, tables and much other text around."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dsx.plugin_api import Document
from dsx.plugin_api.loaders import Grid, Paragraph, compose, heading_kind, unplaced

CELL = "   "
HEADINGS = {
    "methods": ("Methods", "Materials and methods", "Participants", "2. Method", "Study population", "Subjects"),
    "experiments": ("Methods", "General method", "Experiments", "Participants and procedure"),
    "apparatus": ("Apparatus", "Procedure", "Materials", "Experimental setup", "2.2 Equipment"),
    "table": ("Results", "3. Results", "Findings"),
    "results": ("Results", "3. Results", "Outcomes"),
    "other_work": ("Introduction", "1. Introduction", "Background", "Discussion"),
    "front": ("",),
}
"""By kind of passage: what its section may be called."""


@dataclass(frozen=True, slots=True)
class Block:
    """A heading ("" for none) and the lines under it."""

    heading: str
    lines: tuple[str, ...]


def block(kind: str, text: str, rng: random.Random) -> Block:
    """A passage under a heading of its kind."""
    return Block(rng.choice(HEADINGS.get(kind, ("",))), tuple(line for line in text.split("\n") if line.strip()))


def document(blocks: Sequence[Block], folder: Path) -> Document:
    """The document of some blocks, one paragraph a line. folder: for a file that gives it its name."""
    paragraphs: list[Paragraph] = []
    grids: list[Grid] = []
    for part in blocks:
        if part.heading:
            kind = heading_kind(part.heading) or "other"
            paragraphs.append(Paragraph([unplaced(part.heading)], level=1, heading=kind))
        for number, line in enumerate(part.lines):
            is_row = CELL in line.strip()
            follows = number > 0 and CELL in part.lines[number - 1].strip()
            if is_row and not follows:
                caption = part.lines[number - 1] if number else ""
                grids.append(Grid(caption, [], 1, None))
            if is_row:
                cells = tuple(cell.strip() for cell in line.rstrip().split(CELL))
                grids[-1].rows.append(cells)
                if len(grids[-1].rows) == 1:
                    grids[-1].heads.append(cells)
            table = len(grids) - 1 if is_row else None
            paragraphs.append(Paragraph([unplaced(line)], kind="row" if is_row else "body", table=table))
    text = "\n".join(line for part in blocks for line in (part.heading, *part.lines))
    file = folder / f"{hashlib.sha256(text.encode()).hexdigest()[:24]}.txt"
    file.write_text(text, encoding="utf-8")
    try:
        return compose(file, "made", paragraphs, [(595.0, 842.0)], grids=grids)
    finally:
        file.unlink()

"""Plain text and Markdown: a blank line ends a paragraph; `# …` and underlined lines are headings."""

from __future__ import annotations

import re
from pathlib import Path

from dsx.errors import LoadError
from dsx.load.compose import Paragraph, compose, unplaced
from dsx.load.grid import Grid, row_text
from dsx.load.headings import heading_kind
from dsx.types import Document

HEADING = re.compile(r"(#{1,6})[ \t]+(.+?)[ \t]*#*$")
UNDERLINE = re.compile(r"(=+|-+)[ \t]*$")
RULE = re.compile(r"\|?[ \t:|-]*-[ \t:|-]*$")
FORM_FEED = "\f"
BLANK_PAGE = (595.0, 842.0)


def load_plain(path: Path) -> Document:
    """One page unless form feeds part it; no boxes. Raises LoadError where it is not UTF-8 (or Latin-1) text."""
    data = path.read_bytes()
    if not data.strip():
        raise LoadError(f"{path.name}: empty")
    if b"\0" in data:
        raise LoadError(f"{path.name}: binary, not text; name its loader with --loader")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1252", "replace")
    pages = text.replace("\r\n", "\n").replace("\r", "\n").rstrip(FORM_FEED).split(FORM_FEED)
    paragraphs: list[Paragraph] = []
    grids: list[Grid] = []
    for number, page in enumerate(pages, 1):
        for block in re.split(r"\n[ \t]*\n", page):
            paragraphs += _block([line.strip() for line in block.split("\n") if line.strip()], number, grids)
    return compose(path, "text", paragraphs, [BLANK_PAGE] * len(pages), grids=grids)


def _block(lines: list[str], page: int, grids: list[Grid]) -> list[Paragraph]:
    """The paragraphs of lines without a blank one between."""
    if len(lines) > 1 and lines[0].startswith("|") and RULE.match(lines[1]):
        return _table(lines, page, grids)
    found: list[Paragraph] = []
    body: list[str] = []

    def flush() -> None:
        if body:
            found.append(Paragraph([unplaced(" ".join(" ".join(body).split()), page)]))
            body.clear()

    for line in lines:
        match = HEADING.match(line)
        if match:
            flush()
            found.append(_heading(match[2], len(match[1]), page))
        elif UNDERLINE.match(line) and len(body) == 1:
            found.append(_heading(body.pop(), 1 if line[0] == "=" else 2, page))
        elif re.match(r"([-*+]|\d{1,3}[.)])[ \t]", line):
            flush()
            body.append(line)
        else:
            body.append(line)
    flush()
    if len(found) == 1 and not found[0].level:
        kind = heading_kind(found[0].text)
        if kind != "other":  # plain text has no marks: a line that is nothing but a known heading
            found[0].level, found[0].heading = 1, kind
    return found


def _heading(title: str, level: int, page: int) -> Paragraph:
    return Paragraph([unplaced(title, page)], level=level, heading=heading_kind(title))


def _table(lines: list[str], page: int, grids: list[Grid]) -> list[Paragraph]:
    rows = [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in lines if not RULE.fullmatch(line)]
    grids.append(Grid("", rows, page, None, heads=rows[:1]))
    return [Paragraph([unplaced(row_text(row), page)], kind="row", table=len(grids) - 1) for row in rows]

"""Plain text and Markdown: a blank line ends a paragraph; `# …`, bold and underlined lines are headings."""

from __future__ import annotations

import html
import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise, zip_longest
from pathlib import Path

from dsx.errors import LoadError
from dsx.load.compose import Paragraph, Piece, compose, name_abstract, unplaced
from dsx.load.encoding import decode
from dsx.load.grid import Grid
from dsx.load.headings import MAIN, NUMBERING, heading_kind
from dsx.load.hyphens import count_hyphenated, join_lines
from dsx.load.markdown import BREAK, CAPTION_MARK, NOTE_MARK, RUN_IN, front_matter, inline, parts, whole_tables
from dsx.load.markup import UNSEEN, Cell, indent_of, lay_out, raised
from dsx.load.table_extent import CAPTION
from dsx.load.text_pages import readable
from dsx.types import Document

HEADING = re.compile(r"(#{1,6})[ \t]++(.+)")
BOLD = re.compile(r"(\*\*|__)(?=\S)(.+?)(?<=\S)\1$")
MARKS = re.compile(r"(\*\*\*|\*\*|__|\*|_)(?=\S)(.+?)(?<=\S)\1")
ATTRIBUTES = re.compile(r"(?<!\s)\s*+\{(?:[#.][^{}]{0,200}|-)\}\s*+$")
"""What Pandoc writes after a heading: "{#methods .unnumbered}", "{-}"."""
SPACES = re.compile(r" {2,}")
CARETS = re.compile(r"(?<=\S)\^([^\s^]{1,12})\^")
FRONT_MATTER = re.compile(r"---[ \t]*\n(?:[A-Za-z_][\w-]*:.*\n|[ \t-].*\n|\n){1,200}?(?:---|\.\.\.)[ \t]*(?:\n|$)")
UNDERLINE = re.compile(r"(=+|-+|~{3,}|\*{3,}|\^{3,})[ \t]*$")
RULE = re.compile(r"\|?(?=[ \t:|]*+-)[ \t:|-]++$")
GRID_RULE = re.compile(r"\+(?:[-=:]{2,}\+)+")
CELLS = re.compile(r"[^\s]+(?: [^\s]+)*")
"""Of a table whose cells stand two spaces or a tab apart."""
BREAKS = str.maketrans({"\v": "\n", "\x85": "\n", "\u2028": "\n", "\u2029": "\n\n"})
RUN_IN_LEVEL = 6
LONG = 25
"""Characters from which a paragraph that ends in no sentence's end goes on in the next."""
LONGEST_VALUE = 25
"""Characters of a cell of a table in plain text; what is longer is a column of text."""
BAR = re.compile(r"(?<!\\)\|")
SUP = re.compile(r"<sup>(.{0,200}?)</sup>", re.I | re.S)
TAG = re.compile(
    r"</?(?:sub|sup|b|i|em|strong|span|u|a|s|del|ins|mark|kbd|small|font|code|(br|hr|img|p|div|center|details|summary"
    r"|figure|figcaption|section|blockquote|h[1-6]|[uo]l|li))(?:\s++[\w-]++=[^<>]*+|\s*+/?)>",
    re.I,
)
"""The second group's part words that no space parts."""
SUB = re.compile(r"(?<=\d)<sub>(?=\d)", re.I)
ROOT = re.compile(
    r"\ufeff?(?:\s++|<\?xml.*?\?>|<!--.*?-->|<!DOCTYPE[^\[>]*+(?:\[[^\]]*+\]\s*+)?>)*+<([A-Za-z][\w.:-]*+)[\s>/]",
    re.S,
)
OTHER_FORMATS = {
    "JSON": re.compile(r'\A\s*+(?:\[\s*+)?\{\s*+"[^"\n]{1,80}"\s*+:'),
    "RTF": re.compile(r"\A\s*+\{\\rtf"),
    "MHTML": re.compile(r"\A(?:[A-Za-z-]{2,40}:[^\n]{0,998}\n(?:[ \t][^\n]{0,998}\n){0,20}){0,20}?MIME-Version:"),
    "PostScript": re.compile(r"\A%!PS"),
    "RIS, a list of citations": re.compile(r"\A\s*+TY  ?- "),
    "BibTeX, a list of citations": re.compile(r"\A\s*+@(?:article|book|inproceedings|misc|phdthesis)\s?\{", re.I),
    "LaTeX source": re.compile(r"\A(?:\s++|%[^\n]*+\n)*+\\document(?:class|style)\b"),
}
"""What such a file begins with, whole or cut."""
JATS = re.compile(r"article-type=|dtd-version=|jats\.nlm\.nih\.gov|//NLM//|<(?:front|body|processing-meta)\b")
HEAD = 4096
"""Characters in which an XML file says what it is."""
FORM_FEED = "\f"
BLANK_PAGE = (595.0, 842.0)


def load_plain(path: Path) -> Document:
    """One page unless form feeds part it; no boxes. LoadError where it is no text, or markup that is not read."""
    data = path.read_bytes()
    if not data.strip():
        raise LoadError(f"{path.name}: empty")
    text = decode(data, path.name)
    _refuse_markup(text, path.name)
    text = text.replace("\r\n", "\n").replace("\r", "\n").translate(BREAKS)
    pages = re.sub("\u00ad\n[ \t]*", "", text).translate(UNSEEN).rstrip(FORM_FEED).split(FORM_FEED)
    markdown = _is_markdown(path, text)
    writer = Writer(Counter() if markdown else count_hyphenated(text.split("\n")), markdown)
    matter = FRONT_MATTER.match(pages[0])
    metadata = front_matter(matter[0]) if matter and markdown else {}
    for value in metadata.values():
        if value not in pages[0][matter.end() if matter else 0 :]:
            writer.paragraphs.append(Paragraph([unplaced(writer.plain(value))]))
    for number, page in enumerate(pages if markdown else readable(pages), 1):
        writer.page = number
        page = _without_comments(FRONT_MATTER.sub("", page) if number == 1 else page)
        page = whole_tables(page) if markdown else page
        for is_code, part in parts(page) if markdown else [(False, page)]:
            for block in re.split(r"\n[ \t]*\n", part):
                lines = [line.rstrip() for line in block.split("\n") if line.strip()]
                if is_code:
                    writer.flush(lines)
                else:
                    writer.block(lines)
    name_abstract(writer.paragraphs)
    return compose(path, "text", writer.paragraphs, [BLANK_PAGE] * len(pages), grids=writer.grids, metadata=metadata)


def _without_comments(text: str) -> str:
    """`text` without <!-- … -->; one that is never closed stays."""
    parts, at = [], 0
    while (start := text.find("<!--", at)) >= 0 and (end := text.find("-->", start + 4)) >= 0:
        parts.append(text[at:start])
        at = end + 3
    return "".join(parts) + text[at:]


def _refuse_markup(text: str, name: str) -> None:
    """LoadError for XML and JSON, which are data and no text: named, and what to do."""
    root = ROOT.match(text)
    declared = text.startswith(("<?xml", "\ufeff<?xml")) or (
        root and "xmlns" in text[root.end() - 1 :].split(">", 1)[0]
    )
    if root and (declared or (text.rstrip().endswith(">") and f"</{root[1]}" in text)):
        is_jats = root[1] in ("article", "pmc-articleset") and JATS.search(text, 0, HEAD)
        kind = "JATS XML; install the plugin dsx-jats" if is_jats else "XML"
        raise LoadError(
            f"{name}: {kind} (<{root[1]}>), which this loader does not read; dsx reads PDF, HTML, text and JATS"
        )
    kind = next((kind for kind, start in OTHER_FORMATS.items() if start.match(text)), "")
    if kind or (text.lstrip()[:1] in "{[" and _is_json(text)):
        kind = kind or "JSON"
        raise LoadError(
            f"{name}: {kind}, which no loader reads; dsx reads PDF, HTML, text and JATS: fetch one of these"
        )


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _is_markdown(path: Path, text: str) -> bool:
    return path.suffix.lower() in (".md", ".markdown") or re.search(r"^#{1,6} \S", text, re.M) is not None


@dataclass(slots=True)
class Writer:
    """Makes paragraphs of blocks of lines. known: words of a plain text, by which its broken words are told."""

    known: Counter[str]
    markdown: bool = False
    paragraphs: list[Paragraph] = field(default_factory=list)
    grids: list[Grid] = field(default_factory=list)
    page: int = 1

    def block(self, printed: list[str]) -> None:
        """Lines without a blank one between."""
        lines = [line.strip() for line in printed]
        if self.markdown:
            lines = [re.sub(r"^(?:>[ \t]?)+", "", line) for line in lines]
        start, end = barred_rows(lines)
        if self.markdown and self.captions(lines):
            pass
        elif start < end:
            self.block(printed[:start])
            self.table([split_row(line) for line in lines[start:end] if not RULE.fullmatch(line)])
            self.block(printed[end:])
        elif GRID_RULE.fullmatch(lines[0] if lines else "") and len(lines) > 2:
            self.table(list(grid_rows(lines)))
        elif (rows := spaced_rows(printed)) is not None:
            self.table(rows)
        elif lines and re.match(r"<table\b", lines[0], re.I):
            self.html_table("\n".join(lines))
        else:
            self.text(lines)

    def captions(self, lines: Sequence[str]) -> bool:
        """Whether the lines are a caption as Pandoc writes it, which is then that of the table above, or below."""
        mark = CAPTION_MARK.match(lines[0]) if lines else None
        above = self.paragraphs[-1] if self.paragraphs else Paragraph()
        below_table = above.table is not None and not self.grids[above.table].caption
        if mark is None or not (below_table or mark[0][0] != ":"):
            return False
        text = self.plain(self.joined([lines[0][mark.end() :], *lines[1:]]))
        at = len(self.paragraphs)
        if below_table:
            self.grids[-1].caption = text
            while at and self.paragraphs[at - 1].table == above.table:
                at -= 1
        self.paragraphs.insert(at, Paragraph([unplaced(text, self.page)], kind="caption"))
        return True

    def text(self, lines: Sequence[str]) -> None:
        """Headings, items of lists, and the paragraphs between them."""
        body: list[str] = []
        for line in lines:
            heading = HEADING.match(line)
            bold = BOLD.match(line)
            if heading:
                self.flush(body)
                self.heading(heading[2].rstrip("#").rstrip() or heading[2], len(heading[1]))
            elif self.markdown and not body and BREAK.fullmatch(line):
                continue
            elif UNDERLINE.match(line) and not body and line is not lines[0]:
                continue  # the heading above is one of the known ones
            elif UNDERLINE.match(line) and len(body) == 1:
                self.heading(body.pop(), 1 if line[0] == "=" else 2)
            elif bold and heading_kind(plain(bold[2])) != "other":
                self.flush(body)
                self.heading(bold[2], 2)
            elif self.markdown and not body and (run_in := RUN_IN.match(line)) and _names_section(run_in):
                self.heading(run_in[2], RUN_IN_LEVEL)
                body.append(line[run_in.end() :])
            elif _stands_alone(line, body):
                self.flush(body)
                self.heading(line, 1)
            else:
                if re.match(r"([-*+]|\d{1,3}[.)])[ \t]", line) or NOTE_MARK.match(line):
                    self.flush(body)
                body.append(line)
        self.flush(body)

    def flush(self, body: list[str]) -> None:
        if body and (text := self.plain(self.joined(body))):
            piece = unplaced(text, self.page)
            before = self.paragraphs[-1] if self.paragraphs else Paragraph()
            if before.kind == "body" and not before.level and before.pieces and self.goes_on(before.pieces[-1], piece):
                last = before.pieces.pop()
                cut = join_lines(last.text, piece.text, self.known) if self.known else None
                before.pieces += [unplaced(f"{last.text} " if cut is None else last.text[:cut], last.page), piece]
            else:
                self.paragraphs.append(Paragraph([piece]))
        body.clear()

    def goes_on(self, before: Piece, piece: Piece) -> bool:
        """Whether a paragraph begins in the sentence that the one before it began, on the same page or the next."""
        near = before.page == piece.page - 1 or (before.page == piece.page and len(before.text) > LONG and self.known)
        return bool(near) and before.text[-1:] not in ".!?:" and piece.text[:1].islower()

    def joined(self, lines: Sequence[str]) -> str:
        text = lines[0]
        for line in lines[1:]:
            cut = join_lines(text, line, self.known) if self.known else None
            text = f"{text} {line}" if cut is None else text[:cut] + line
        return " ".join(text.split())

    def heading(self, title: str, level: int) -> None:
        title = self.plain(MARKS.sub(r"\2", ATTRIBUTES.sub("", title)))
        self.paragraphs.append(Paragraph([unplaced(title, self.page)], level=level, heading=heading_kind(title)))

    def plain(self, text: str) -> str:
        return plain(inline(text)) if self.markdown else plain(text)

    def table(self, rows: list[tuple[str, ...]]) -> None:
        pairs = len(rows[0]) == 2 and any(map(str.isdigit, rows[0][1]))  # "Age: 24", without heads
        cells = [[self.cell(text, head=row is rows[0] and not pairs) for text in row] for row in rows]
        self.grid(lay_out(cells))

    def cell(self, text: str, head: bool) -> Cell:
        bold = BOLD.match(text)
        text = self.plain(bold[2] if bold else text)
        return Cell(text, head=head, indent=indent_of(text), marked=bold is not None)

    def grid(self, grid: Grid) -> None:
        grid.page = self.page
        above = self.paragraphs[-1] if self.paragraphs else Paragraph()
        is_text = above.kind == "body" and not above.level
        if above.kind == "caption" or (is_text and CAPTION.match(above.text.lstrip("*_"))):
            above.kind, grid.caption = "caption", above.text
        self.grids.append(grid)
        for text in grid.texts():
            line = unplaced(text, self.page)
            self.paragraphs.append(Paragraph([line], kind="row", table=len(self.grids) - 1))

    def html_table(self, source: str) -> None:
        from dsx.load.html import grids_of

        for grid in grids_of(source):
            self.grid(grid)


def _names_section(run_in: re.Match[str]) -> bool:
    """Whether a run-in heading is one of those that open a section; a stop or colon ends it."""
    title = plain(run_in[2])
    return (bool(run_in[3]) or title[-1] in ".:") and heading_kind(title.rstrip(".:")) != "other"


def _stands_alone(line: str, body: Sequence[str]) -> bool:
    """Whether a line of plain text is a heading: nothing but a known one, after the end of a sentence."""
    after = not body or body[-1][-1:] in ".!?:”)" or (line.isupper() and heading_kind(line) in MAIN)
    capital = NUMBERING.sub("", line, count=1)[:1].isupper()
    return after and capital and len(line) < 60 and line[-1:] not in ".,;" and heading_kind(line) != "other"


def grid_rows(lines: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """The rows of a table that is drawn with "+---+"; the lines of a cell are one text."""
    cells: list[tuple[str, ...]] = []
    for line in lines:
        if GRID_RULE.fullmatch(line):
            if cells:
                yield tuple(" ".join(filter(None, parts)) for parts in zip_longest(*cells, fillvalue=""))
            cells = []
        else:
            cells.append(split_row(line))


def barred_rows(lines: Sequence[str]) -> tuple[int, int]:
    """First and last line of a table whose cells bars part; equal where there is none."""
    for at in range(len(lines) - 1):
        if BAR.search(lines[at]) and RULE.match(lines[at + 1]) and BAR.search(lines[at + 1]):
            return at, next((end for end in range(at, len(lines)) if not BAR.search(lines[end])), len(lines))
    return 0, 0


def spaced_rows(lines: Sequence[str]) -> list[tuple[str, ...]] | None:
    """The rows of a table whose cells stand two spaces apart, or more; None where the lines are none.

    An empty cell is told by where the others stand.
    """
    printed = [[(cell.start(), cell.end(), cell[0]) for cell in CELLS.finditer(line)] for line in lines]
    printed = [row for row in printed if any(map(str.isalnum, "".join(text for _, _, text in row)))]
    width = max(map(len, printed), default=0)
    full = [row for row in printed if len(row) == width]
    if len(printed) < 3 or width < 2 or 2 * len(full) < len(printed):
        return None
    columns = [
        (min(start for start, _, _ in cells), max(end for _, end, _ in cells)) for cells in zip(*full, strict=True)
    ]
    if len(full) < len(printed) and any(left[1] > right[0] for left, right in pairwise(columns)):
        return None
    rows = []
    for row in printed:
        cells = [""] * width
        for at, (start, end, text) in enumerate(row):
            under = [number for number, (left, right) in enumerate(columns) if start < right and end > left]
            place = at if len(row) == width else under[0] if len(under) == 1 else None
            if place is None or cells[place]:
                return None
            cells[place] = text
        rows.append(tuple(cells))
    values = [cell for row in rows[1:] for cell in row[1:] if cell]
    short = all(len(cell) <= LONGEST_VALUE for cell in values)
    return rows if short and sum(any(map(str.isdigit, cell)) for cell in values) >= len(values) / 2 else None


def split_row(line: str) -> tuple[str, ...]:
    """The cells of a row of a Markdown table."""
    inner = line.removeprefix("|")
    inner = inner[:-1] if inner.endswith("|") and not inner.endswith("\\|") else inner
    return tuple(cell.strip().replace("\\|", "|") for cell in BAR.split(inner))


def plain(text: str) -> str:
    """Text without tags and entities; numbers set as superscripts get a "^"."""
    text = CARETS.sub(r"^\1", text) if "^" in text else text
    if "<" in text:
        text = SUP.sub(lambda found: raised(found[1], text[: found.start()]), text)
        text = TAG.sub(lambda tag: " " if tag[1] else "", SUB.sub("_", text))
        text = SPACES.sub(" ", text).strip(" ")
    return html.unescape(text) if "&" in text else text

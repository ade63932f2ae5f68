"""Lines → paragraphs: headings, captions and footnotes told apart, broken words and paragraphs joined."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from dsx.load.boxes import SPACE, Boxes, boxes_of
from dsx.load.compose import Paragraph, Piece
from dsx.load.headings import ANY_CAPTION, MAIN, SPACED, counts_people, heading_kind
from dsx.load.hyphens import count_hyphenated, join_lines
from dsx.load.lines import Line
from dsx.load.references import end_references

LONGEST_HEADING = 90
NUMBERED = re.compile(r"[1-9]\d?\.(?:\d{1,2}\.){0,3}(?:\d{1,2})?\s++(?=.*[A-Za-z]{4})(?!.*\d\.\d)[A-Z]", re.ASCII)
"""How a heading that names no known section may begin: "2.1 Savanna site", but not a row, "0.5 Mean 3.2"."""
MAX_LINES = 3
"""Of a heading."""
IMPLIED = 3
"""Level of a section that has no heading."""
SMALL_PRINT = 0.1
"""A size in which less than this share of the letters is set is that of notes; methods are text in small print too."""
LEAD = " (lead)"
"""Marks the font of a run-in heading."""
_unfinished_end = re.compile(
    r"(?:\b(?:of|the|an?|in|at|to|with|for|by|and|or|from|on|was|were|is|are|had|than|that|between|about|over|under|has"
    r"|have|be|been|as|least|most|approximately|within|after|before|during|into|per|each|all|only|both|which|who|when"
    r"|while|if|because|but|their|its|our|these|this|using|until|without)|(?<=\w )[=<>≤≥±]|\()\s*$"
)
_dash = re.compile(r"\s*([A-Z][A-Za-z ]{1,40})\s?—")
"""What a run-in heading ends with where it is set as the text is ("Abstract—We …")."""
_ends = re.compile(r"[.!?:;][\"'”’)\]]*(?:\^[\d,–-]+)?\s*$")


@dataclass(frozen=True, slots=True)
class Look:
    """How a document's text is set: the size and font of most of it, and the smallest size that is text and no note.

    running: ids of lines in blocks that are set alike for longer than any heading is.
    """

    body: float
    least: float
    font: str
    running: frozenset[int] = frozenset()


def paragraphs(lines: Sequence[Line]) -> list[Paragraph]:
    """Paragraphs in the order of the lines; one that was broken by a column's or page's end is whole again."""
    if not lines:
        return []
    sizes = Counter[float]()
    fonts = Counter[str]()
    for line in lines:
        sizes[line.size] += len(line.text)
        fonts[line.font] += len(line.text)
    body = sizes.most_common(1)[0][0]
    least = min(size for size, letters in sizes.items() if letters >= SMALL_PRINT * sizes.total())
    font = fonts.most_common(1)[0][0]
    hyphenated = count_hyphenated(line.text for line in lines)
    made: list[Paragraph] = []
    look = Look(body, min(least, body), font, frozenset(_running(lines)))
    for block in _blocks(lines, look):
        paragraph = _paragraph(block, look, hyphenated)
        if not paragraph.pieces:
            continue  # white space only, as damaged files have it
        before = _unfinished(made)
        if before is not None and paragraph.kind == "body" and not paragraph.level and _goes_on(before, paragraph):
            _after_its_page(made, before)
            _join(before, paragraph, hyphenated)
        else:
            made.append(paragraph)
    _levels(made)
    end_references(made)
    _imply_participants(made)
    return made


def _running(lines: Sequence[Line]) -> Iterator[int]:
    """ids of lines that stand in a row of more than three of one block, size and font."""
    for _, group in groupby(lines, key=lambda line: (line.page, line.block, line.size, line.font)):
        alike = [id(line) for line in group]
        if len(alike) > MAX_LINES:
            yield from alike


def _blocks(lines: Sequence[Line], look: Look) -> Iterator[list[Line]]:
    """Lines of one paragraph each: a block of the page, cut before and after a heading."""
    block: list[Line] = []
    for line in _parts(lines):
        if line.row is not None or (block and (block[-1].row is not None or block[-1].aside != line.aside)):
            if block:
                yield block
            block = [line]
            continue
        apart = bool(block) and (line.block, line.page) != (block[-1].block, block[-1].page)
        if block and not apart and _goes_on_heading(block, line, look):
            block.append(line)
            continue
        heading = _is_heading(line, look)
        if block and (apart or heading or _is_heading(block[0], look) or ANY_CAPTION.match(line.text)):
            yield block
            block = []
        block.append(line)
    if block:
        yield block


def _parts(lines: Sequence[Line]) -> Iterator[Line]:
    """The lines, those with a run-in heading in two; captions have none."""
    caption: tuple[int, int] | None = None
    for line in lines:
        if ANY_CAPTION.match(line.text):
            caption = (line.page, line.block)
        if caption == (line.page, line.block):
            yield line
        else:
            yield from _cut(line)


def _cut(line: Line) -> Iterator[Line]:
    """A run-in heading ("Participants. Forty …") and the rest of its line."""
    dash = _dash.match(line.text)
    end = dash.end(1) if dash else line.lead
    lead = line.text[:end].strip()
    if (
        line.row is not None
        or line.aside
        or not end
        or len(lead) > LONGEST_HEADING
        or heading_kind(lead.rstrip(".:")) == "other"
    ):
        yield line
        return
    for start, stop, bold in ((0, end, True), (end, len(line.text), line.bold)):
        boxes = line.boxes[start:stop]
        box = (boxes[0][0], line.box[1], boxes[-1][2], line.box[3])
        font = line.font + LEAD if start == 0 else line.font
        yield Line(line.page, line.block, line.text[start:stop], boxes, box, line.size, font, bold)


def _is_heading(line: Line, look: Look) -> bool:
    text = line.text.strip()
    if line.aside:
        return False
    spaced = SPACED.fullmatch(text) is not None
    begins = text[:1].isupper() or text[:1].isdigit() or spaced
    if not 2 < len(text) <= LONGEST_HEADING or text[-1] in ",;-" or not begins:
        return False
    lead = line.font.endswith(LEAD)
    kind = heading_kind(text.rstrip(".:"))
    capitals = (text.isupper() and (line.bold or kind in MAIN)) or (spaced and kind in MAIN)
    if line.size < look.least - 0.6 and not lead and not capitals:
        return False  # captions, footnotes, affiliations
    larger = line.size >= look.body + 0.7
    if kind != "other":
        return line.font != look.font or larger or text.isupper() or spaced
    named = text[0].isupper() or NUMBERED.match(text) is not None
    return (larger or line.bold) and named and text[-1] != "." and id(line) not in look.running


def _goes_on_heading(block: Sequence[Line], line: Line, look: Look) -> bool:
    """Whether a heading that is too long for one line goes on in this one: set alike, and unlike the text."""
    first = block[0]
    alike = line.size == first.size and line.font == first.font
    plain = line.font == look.font and line.size < look.body + 0.7
    if plain or not alike or len(block) >= MAX_LINES or not _is_heading(first, look) or first.font.endswith(LEAD):
        return False
    kinds = heading_kind(first.text.strip().rstrip(".:")), heading_kind(line.text.strip().rstrip(".:"))
    return kinds[1] == "other" and (kinds[0] == "other" or (kinds[0] == "experiment" and line.text[:1].islower()))


def _paragraph(block: Sequence[Line], look: Look, hyphenated: Counter[str]) -> Paragraph:
    paragraph = Paragraph()
    for line in block:
        _append(paragraph, line.text, line.page, line.boxes, hyphenated)
    text = paragraph.text.strip()
    if block[0].row is not None:
        paragraph.kind, paragraph.table = "row", block[0].row
    elif block[0].aside:
        paragraph.kind = block[0].aside
    elif ANY_CAPTION.match(text):
        paragraph.kind = "caption"
    elif len(block) <= MAX_LINES and _is_heading(block[0], look):
        kind = heading_kind(text.rstrip(".:"))
        larger = block[0].size >= look.body + 0.7
        if kind != "other" or larger or block[0].bold:
            paragraph.heading, paragraph.run_in = kind, block[0].font.endswith(LEAD)
            paragraph.level = 1 if kind in MAIN else 2
    elif all(line.size < look.least - 0.4 for line in block):
        paragraph.kind = "footnote"
    return paragraph


def _levels(made: Sequence[Paragraph]) -> None:
    """What a heading is where it stands: per-experiment ones without a main section above them are main sections
    themselves, a summary after the methods is no abstract, and run-in headings below "Abstract" are parts of it."""
    main, listed = "", False
    own_line = {paragraph.heading for paragraph in made if paragraph.level == 1 and not paragraph.run_in}
    for paragraph in made:
        if main == "abstract" and own_line != {"abstract"} and paragraph.level and paragraph.run_in:
            paragraph.level, paragraph.heading = 2, "abstract"
        elif paragraph.level == 1:
            if paragraph.heading == "abstract" and main not in ("", "abstract") and not listed:
                paragraph.heading = "discussion"
            main = paragraph.heading
            listed = listed or main == "references"  # what comes after them may be another paper
        elif paragraph.level == 2 and not main and paragraph.heading == "experiment":
            paragraph.level = 1


def _imply_participants(made: Sequence[Paragraph]) -> None:
    """Where no heading names the participants, the first paragraph of the methods that counts them opens theirs."""
    if any(paragraph.heading == "participants" for paragraph in made):
        return
    inside = False
    for paragraph in made:
        if paragraph.level == 1:
            inside = paragraph.heading == "methods"
        elif inside and paragraph.kind == "body" and not paragraph.level and counts_people(paragraph.text):
            paragraph.level, paragraph.heading, paragraph.implied = IMPLIED, "participants", True
            return


def _unfinished(made: Sequence[Paragraph]) -> Paragraph | None:
    """The last paragraph of text, captions and footnotes passed over; none where a heading came since."""
    for paragraph in reversed(made):
        if paragraph.level:
            return None
        if paragraph.kind == "body":
            return paragraph
    return None


def _after_its_page(made: list[Paragraph], before: Paragraph) -> None:
    """What was passed over and stands on the page on which `before` breaks off comes before it: pages stay in order."""
    at = next(index for index, paragraph in enumerate(made) if paragraph is before)
    page = before.pieces[-1].page
    early = [paragraph for paragraph in made[at + 1 :] if paragraph.pieces[0].page <= page]
    late = [paragraph for paragraph in made[at + 1 :] if paragraph.pieces[0].page > page]
    while at and made[at - 1].level and made[at - 1].pieces[0].page == page:
        at -= 1  # a heading stays with its text
    start = next(index for index, paragraph in enumerate(made) if paragraph is before)
    made[at:] = [*early, *made[at : start + 1], *late]


def _goes_on(before: Paragraph, after: Paragraph) -> bool:
    start = after.text.lstrip()[:1]
    if not start or _ends.search(before.text):
        return False
    return start.islower() or start in "(,;" or (start.isalnum() and _unfinished_end.search(before.text) is not None)


def _join(before: Paragraph, after: Paragraph, hyphenated: Counter[str]) -> None:
    first, *rest = after.pieces
    _append(before, first.text, first.page, boxes_of(first.boxes), hyphenated)
    before.pieces += rest  # joined among themselves already


def _append(paragraph: Paragraph, text: str, page: int, boxes: Boxes, known: Counter[str]) -> None:
    """One more line, after a space or, where a hyphen broke the word, after nothing."""
    if not text.strip():
        return
    skip = len(text) - len(text.lstrip())
    text, boxes = text[skip:], boxes[skip:]
    if paragraph.pieces:
        last = paragraph.pieces[-1]
        shown = last.text.rstrip()
        cut = join_lines(shown, text, known)
        if cut is not None:
            paragraph.pieces[-1] = Piece(last.text[:cut], last.page, last.boxes[:cut])
        elif not last.text.endswith(" "):
            paragraph.pieces[-1] = Piece(f"{last.text} ", last.page, boxes_of(last.boxes) + SPACE)
    paragraph.pieces.append(Piece(text, page, boxes))

"""Lines → paragraphs: headings, captions and footnotes told apart, broken words and paragraphs joined."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from dsx.load.compose import NO_BOX, Paragraph, Piece
from dsx.load.headings import heading_kind
from dsx.load.lines import Line

LONGEST_HEADING = 90
LEAD = " (lead)"
"""Marks the font of a run-in heading."""
MAIN = ("abstract", "introduction", "methods", "results", "discussion", "references", "acknowledgements", "supplement")
_caption = re.compile(r"\s*(?:Supplement\w*\s+)?(?:Fig(?:ure|\.)?|FIG\w*\.?|Table|TABLE|Box)\s*S?\d+\w?\s*[|.:]?\s")
_ends = re.compile(r"[.!?:;][\"'”’)\]]*(?:\^[\d,–-]+)?\s*$")


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
    font = fonts.most_common(1)[0][0]
    hyphenated = _hyphenated(lines)
    made: list[Paragraph] = []
    for block in _blocks(lines, body, font):
        paragraph = _paragraph(block, body, font, hyphenated)
        before = _unfinished(made)
        if before is not None and paragraph.kind == "body" and not paragraph.level and _goes_on(before, paragraph):
            _join(before, paragraph, hyphenated)
        else:
            made.append(paragraph)
    _levels(made)
    return made


def _blocks(lines: Sequence[Line], body: float, font: str) -> Iterator[list[Line]]:
    """Lines of one paragraph each: a block of the page, cut before and after a heading."""
    block: list[Line] = []
    for line in (part for whole in lines for part in _cut(whole)):
        heading = _is_heading(line, body, font)
        apart = block and (line.block, line.page) != (block[-1].block, block[-1].page)
        if block and (apart or heading or _is_heading(block[-1], body, font) or _caption.match(line.text)):
            same = heading and _is_heading(block[-1], body, font) and not apart and _alike(line, block[-1])
            if not (same and heading_kind(block[-1].text.strip()) == "other"):
                yield block
                block = []
        block.append(line)
    if block:
        yield block


def _cut(line: Line) -> Iterator[Line]:
    """A run-in heading ("Participants. Forty …") and the rest of its line."""
    lead = line.text[: line.lead].strip()
    if not line.lead or len(lead) > LONGEST_HEADING or heading_kind(lead.rstrip(".:")) == "other":
        yield line
        return
    for start, end, bold in ((0, line.lead, True), (line.lead, len(line.text), line.bold)):
        boxes = line.boxes[start:end]
        box = (boxes[0][0], line.box[1], boxes[-1][2], line.box[3])
        font = line.font + LEAD if start == 0 else line.font
        yield Line(line.page, line.block, line.text[start:end], boxes, box, line.size, font, bold)


def _is_heading(line: Line, body: float, font: str) -> bool:
    text = line.text.strip()
    if not 2 < len(text) <= LONGEST_HEADING or text[-1] in ",;-" or not (text[0].isupper() or text[0].isdigit()):
        return False
    lead = line.font.endswith(LEAD)
    if line.size < body - 0.6 and not lead and not (line.bold and text.isupper()):
        return False  # captions, footnotes, affiliations
    larger = line.size >= body + 0.7
    if heading_kind(text.rstrip(".:")) != "other":
        return line.font != font or larger or text.isupper()
    return (larger or line.bold) and text[0].isupper() and text[-1] != "."


def _alike(one: Line, other: Line) -> bool:
    return one.size == other.size and one.font == other.font


def _paragraph(block: Sequence[Line], body: float, font: str, hyphenated: Counter[str]) -> Paragraph:
    paragraph = Paragraph()
    for line in block:
        _append(paragraph, line.text, line.page, line.boxes, hyphenated)
    text = paragraph.text.strip()
    if _caption.match(text):
        paragraph.kind = "caption"
    elif len(block) <= 3 and all(_is_heading(line, body, font) for line in block):
        kind = heading_kind(text.rstrip(".:"))
        larger = block[0].size >= body + 0.7
        if kind != "other" or larger or block[0].bold:
            paragraph.heading = kind
            paragraph.level = 1 if kind in MAIN else 2
    elif all(line.size < body - 0.9 for line in block):
        paragraph.kind = "footnote"
    return paragraph


def _levels(made: Sequence[Paragraph]) -> None:
    """Numbered and per-experiment headings stand below the main sections that they are in."""
    inside = False
    for paragraph in made:
        if paragraph.level == 1:
            inside = True
        elif paragraph.level == 2 and not inside and paragraph.heading == "experiment":
            paragraph.level = 1


def _unfinished(made: Sequence[Paragraph]) -> Paragraph | None:
    """The last paragraph of text, captions and footnotes passed over; none where a heading came since."""
    for paragraph in reversed(made):
        if paragraph.level:
            return None
        if paragraph.kind == "body":
            return paragraph
    return None


def _goes_on(before: Paragraph, after: Paragraph) -> bool:
    start = after.text.lstrip()[:1]
    return bool(start) and (start.islower() or start in "(,;") and not _ends.search(before.text)


def _join(before: Paragraph, after: Paragraph, hyphenated: Counter[str]) -> None:
    for piece in after.pieces:
        _append(before, piece.text, piece.page, list(piece.boxes), hyphenated)


def _append(
    paragraph: Paragraph, text: str, page: int, boxes: Sequence[tuple[float, float, float, float]], known: Counter[str]
) -> None:
    """One more line, after a space or, where a hyphen broke the word, after nothing."""
    if not text.strip():
        return
    skip = len(text) - len(text.lstrip())
    text, boxes = text[skip:], boxes[skip:]
    if paragraph.pieces:
        last = paragraph.pieces[-1]
        shown = last.text.rstrip()
        if _broken(shown, text):
            cut = len(shown) if _keeps_hyphen(shown, text, known) else len(shown) - 1
            paragraph.pieces[-1] = Piece(last.text[:cut], last.page, last.boxes[:cut])
        elif not last.text.endswith(" "):
            paragraph.pieces[-1] = Piece(f"{last.text} ", last.page, [*last.boxes, NO_BOX])
    paragraph.pieces.append(Piece(text, page, boxes))


def _broken(before: str, after: str) -> bool:
    return len(before) > 1 and before[-1] in "-‐" and before[-2].isalpha() and after[:1].islower()


def _keeps_hyphen(before: str, after: str, known: Counter[str]) -> bool:
    """Whether the document writes this word with its hyphen where no line ends, more often than without."""
    start = re.search(r"[^\W\d_]+[-‐]$", before)
    end = re.match(r"[^\W\d_]+", after)
    if start is None or end is None:
        return False
    with_hyphen = f"{start.group()[:-1]}-{end.group()}".lower()
    return known[with_hyphen] > known[with_hyphen.replace("-", "")]


def _hyphenated(lines: Sequence[Line]) -> Counter[str]:
    """How often each word stands inside a line: compounds with their hyphen, and whole words."""
    count: Callable[[str], list[str]] = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)?").findall
    return Counter(word for line in lines for word in count(line.text.lower()))

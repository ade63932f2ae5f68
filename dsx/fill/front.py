"""What a paper's first page says by its layout and the file's metadata: title, authors, DOI.

Where nothing is printed (HTML, Markdown) headings take the place of the layout. No publisher's habits are known here.
Nothing is asked: the layout is right where it says something.
"""

from __future__ import annotations

import re
import statistics

from dsx.answers.limits import LONGEST_QUOTE
from dsx.fill.paper import PaperContext, Span
from dsx.text import folded_text
from dsx.types import Confidence, Document, Json, Parameter, Status, Value

LAYOUT_IS_RIGHT = 0.95
"""Set, not fitted: of 14 titles, authors and DOIs that it gives of the motor dev papers 14 are right
(benchmarks/quality/run.py)."""

_doi = re.compile(r"10\.\d{4,9}/[^\s\"<>—–]*[^\s\"<>—–.,;)\]]")
_name_break = re.compile(r"(?<!\s)\s*(?:[,;&]|\band\b)\s*")
_mark = re.compile(r"[\d^*†‡§¶#∗⁎]+")
_name = re.compile(r"[^\W\d_][\w.’'\-]*(?:\s+[^\W\d_][\w.’'\-]*){1,4}")
MAX_TITLE = 300
MAX_AUTHOR_LINES = 3
MAX_FRONT = 3000
"""Characters before the text of a paper without sections."""
MAIN = frozenset(("abstract", "introduction", "methods", "results", "discussion", "references"))
AFTER_FRONT = MAIN - {"abstract"}


def from_first_page(paper: PaperContext, parameter: Parameter) -> Value | None:
    """What the first page says of a parameter of the paper, if it is legal."""
    spans = front_spans(paper.document, parameter)
    words = [paper.document.text[slice(*span)] for span in spans]
    if not words:
        return None
    value: Json = words if parameter.schema.get("type") == "array" else words[0]
    try:
        stored = paper.normalise(value, None, parameter)
    except ValueError:
        return None
    if not paper.is_valid(parameter, stored):
        return None
    quote = paper.quote_around(spans[0][0], min(spans[-1][1], spans[0][0] + LONGEST_QUOTE))
    sure = Confidence(1.0, LAYOUT_IS_RIGHT)
    return Value(stored, Status.STATED, LAYOUT_IS_RIGHT, paper.evidence_of(quote), value, sure=sure)


def front_spans(document: Document, parameter: Parameter) -> list[Span]:
    """Where the first page says a title, authors or a DOI: one place, or one for each author. Empty for all else."""
    name = parameter.name.rpartition(".")[2].lower()
    if name == "title":
        title = _title(document)
        return [title] if title else []
    if name == "doi":
        doi = _doi_of(document)
        return [doi] if doi else []
    if name in ("author", "authors"):
        return _authors(document)
    return []


def _first_page_end(document: Document) -> int:
    return document.pages[0].end if document.pages else len(document.text)


def _doi_of(document: Document) -> Span | None:
    """The first of the first page. Where nothing is printed that page is the whole paper, with the DOIs that it cites:
    it is then the one of the metadata, or else one that stands before the paper's own text."""
    end = _first_page_end(document)
    if not _is_printed(document):
        known = document.metadata.get("doi", "")
        start = document.text.lower().find(known.lower()) if _doi.fullmatch(known) else -1
        if start >= 0:
            return start, start + len(known)
        end = next((section.start for section in document.sections if section.kind in AFTER_FRONT), min(end, MAX_FRONT))
    match = _doi.search(document.text, 0, end)
    return match.span() if match else None


def _is_printed(document: Document) -> bool:
    """Whether characters have boxes."""
    import numpy

    return not bool(numpy.isnan(document.char_boxes[:, 1]).all())


def _title(document: Document) -> Span | None:
    """The title of the metadata where it stands on the first page; else the first page's line of the largest print, or,
    where nothing is printed, the heading over all others."""
    wanted = "".join(folded_text(document.metadata.get("title", ""))[0])
    lines = _lines(document)
    for start, end in _lines(document, min_words=1):
        text = folded_text(document.text[start:end])[0]
        if text == wanted != "":
            return start, end
        if len(wanted) >= 12 and (text.startswith(wanted) or (len(text) >= 12 and wanted.startswith(text))):
            return start, end
    if not _is_printed(document):
        return _top_heading(document)
    sized = [(height, -start, end) for start, end in lines if (height := _height(document, start, end)) is not None]
    if not sized:
        return None
    height, start, end = max(sized)
    others = statistics.median(size for size, _, _ in sized)
    return (-start, end) if height > 1.15 * others else None


def _top_heading(document: Document) -> Span | None:
    """The first heading, where it names no section, none is above it, and those beside it are sections of a paper."""
    if not document.sections:
        return None
    first, *others = document.sections
    beside = [section for section in others if section.level == first.level]
    is_title = (
        first.title
        and first.kind in ("other", "experiment")
        and first.level <= min((section.level for section in others), default=first.level)
    )
    if not is_title or (beside and not any(section.kind in MAIN for section in beside)):
        return None
    start = document.text.find(first.title, first.start)
    return (start, start + len(first.title)) if start >= 0 and len(first.title) <= MAX_TITLE else None


def _known_authors(document: Document) -> list[Span]:
    """The metadata's authors, where each stands in the text."""
    names = [name for name in document.metadata.get("authors", "").split(", ") if name]
    starts = [document.text.find(name) for name in names]
    return (
        [(at, at + len(name)) for at, name in zip(starts, names, strict=True)] if min(starts, default=-1) >= 0 else []
    )


def _authors(document: Document) -> list[Span]:
    """The names in the lines under the title, or the metadata's authors where those are not all of these."""
    known, printed = _known_authors(document), _printed_authors(document)
    names = [{document.text[slice(*span)] for span in spans} for spans in (known, printed)]
    return printed if names[0] <= names[1] else known


def _printed_authors(document: Document) -> list[Span]:
    title = _title(document)
    if title is None:
        return []
    spans: list[Span] = []
    for start, end in [line for line in _lines(document) if line[0] >= title[1]][:MAX_AUTHOR_LINES]:
        names = _names(document.text, start, end)
        if not names:
            break
        spans += names
    return spans


def _names(text: str, start: int, end: int) -> list[Span]:
    """Names of persons, of which a line consists but for marks; none where something else stands there."""
    spans: list[Span] = []
    at = start
    for gap in [*_name_break.finditer(text, start, end), None]:
        stop = gap.start() if gap else end
        part = text[at:stop]
        bare = _mark.split(part)[0].rstrip()
        if _mark.sub("", part).strip():
            lead = len(part) - len(part.lstrip())
            match = _name.fullmatch(bare.strip())
            if match is None or not all(word[0].isupper() or word in _PARTICLES for word in bare.split()):
                return []
            spans.append((at + lead, at + len(bare)))
        at = gap.end() if gap else end
    return spans


_PARTICLES = frozenset(
    ["van", "von", "de", "der", "den", "del", "della", "di", "da", "la", "le", "ten", "ter", "dos", "bin"]
)


def _lines(document: Document, min_words: int = 3) -> list[Span]:
    """The lines of the first page, of so many words or more."""
    spans, at, end = [], 0, _first_page_end(document)
    while at < end:
        stop = document.text.find("\n", at, end)
        stop = end if stop < 0 else stop
        if len(document.text[at:stop].split()) >= min_words and stop - at <= MAX_TITLE:
            spans.append((at, stop))
        at = stop + 1
    return spans


def _height(document: Document, start: int, end: int) -> float | None:
    """The height of a line's print: the median of its characters' boxes."""
    import numpy

    boxes = document.char_boxes[start:end]
    heights = (boxes[:, 3] - boxes[:, 1])[~numpy.isnan(boxes[:, 1])]
    return float(numpy.median(heights)) if len(heights) else None

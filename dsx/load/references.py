"""Where a reference list ends: told by what its entries look like, not by all that follows its heading.

Appendices, tables, legends and even a second paper stand after the references, and are text to be read.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from dsx.load.compose import Paragraph

LONG = 150
"""Characters from which a paragraph without any sign of an entry is text."""
_year = re.compile(r"\b(?:1[89]\d\d|20\d\d)[a-z]?\b|\bin press\b|\bforthcoming\b", re.I)
_start = re.compile(
    r"\W*(?:\d{1,3}[\].):]*\s*)?(?:"
    r"(?:[a-z]{1,4} ){0,2}[A-ZÀ-Ž][\w’'-]+(?: [A-ZÀ-Ž][\w’'-]+)*,?\s+(?:[A-ZÀ-Ž]\.?[- ]?){1,4}(?:[,.;&(: ]|$)"
    r"|(?:[A-ZÀ-Ž]\.[- ]?){1,4}\s?[A-ZÀ-Ž][\w’'-]+)"
)
_volume = re.compile(
    r"\d{1,9}\s*+(?:\(\d+[^)]{0,9}\)\s*+)?[:,]\s*+(?:pp?\.\s*+)?e?\d|\bdoi\b|https?://|\bpp\.|\bVol\.|\bEds?\.|\bPress\b",
    re.I,
)
_sign = re.compile(r"\bet al\b|\bdoi\b|https?://|\bpp\.|\bJ\. |\bProc\b|\bUniversity Press\b", re.I)


def is_entry(text: str) -> bool:
    """Whether a paragraph looks like one entry of a reference list: who, when, and where it was printed."""
    signs = (bool(_year.search(text)), bool(_start.match(text)), bool(_volume.search(text)))
    return sum(signs) >= 2


def end_references(paragraphs: Sequence[Paragraph]) -> None:
    """Opens a section at what stands among or after the references and is none of them."""
    inside = listed = False
    for at, paragraph in enumerate(paragraphs):
        if paragraph.level == 1:
            inside = listed = paragraph.heading == "references"
            continue
        if not inside:
            continue
        if paragraph.level:
            if not _start.match(paragraph.text) and not _entry_follows(paragraphs[at + 1 :]):
                paragraph.level, inside = 1, False
            elif paragraph.heading == "other":
                paragraph.level, paragraph.heading = 0, ""  # a part of the list has a title of its own
        elif listed and _is_no_entry(paragraph):
            paragraph.level, paragraph.heading, paragraph.implied, listed = 1, "other", True, False
        elif (
            not listed
            and paragraph.kind == "body"
            and is_entry(paragraph.text)
            and _entry_follows(paragraphs[at + 1 :])
        ):
            paragraph.level, paragraph.heading, paragraph.implied, listed = 1, "references", True, True


def _is_no_entry(paragraph: Paragraph) -> bool:
    text = paragraph.text
    if paragraph.kind in ("caption", "figure", "row"):
        return True
    return paragraph.kind == "body" and len(text) >= LONG and not is_entry(text) and not _sign.search(text)


def _entry_follows(paragraphs: Sequence[Paragraph]) -> bool:
    """Whether the next paragraph of text is an entry; True at the end."""
    following = next((paragraph for paragraph in paragraphs if paragraph.kind == "body" or paragraph.level), None)
    return following is None or (not following.level and is_entry(following.text))

"""What is shown: the whole paper or likely passages, never references."""

from __future__ import annotations

import numpy
import pytest

from dsx.ask.select import Selector, readable
from dsx.types import Document, Page, Section


def document(*sections: tuple[str, str]) -> Document:
    """A document of (kind, text) sections."""
    text, made = "", []
    for kind, body in sections:
        made.append(Section(kind.title(), kind, 1, len(text), len(text) + len(body) + 1))
        text += body + "\n"
    empty = numpy.full((len(text), 4), numpy.nan, dtype=numpy.float32)
    pages = (Page(1, 0, len(text), 600, 800),)
    return Document("id", "a", "text", text, pages, tuple(made), (), {}, numpy.ones(len(text), numpy.int32), empty)


FILLER = " ".join(f"Sentence {number} speaks of many other things in the world." for number in range(300))
PAPER = document(
    ("abstract", "We study reaching. Ada Lovelace wrote it."),
    ("introduction", FILLER),
    ("methods", "Forty participants took part. They reached to eight targets. " + FILLER),
    ("references", "Smith (1999). Ninety participants in another study."),
    ("other", "An appendix after the references."),
)


def count(text: str) -> int:
    return len(text.split())


def test_references_are_never_shown() -> None:
    text = Selector(PAPER, count, 10**6, 100).select("participants").text
    assert "Ninety" not in text
    assert "appendix" in text
    assert len(readable(PAPER)) == 2


def test_a_paper_that_fits_is_shown_whole_and_maps_back() -> None:
    selector = Selector(PAPER, count, 10**6, 100)
    shown = selector.select("anything")
    assert shown.whole
    for at in (0, 50, len(shown.text) - 1):
        assert shown.text[at] == PAPER.text[shown.to_document(at)]
    with pytest.raises(IndexError):
        shown.to_document(len(shown.text))


def test_passages_fit_the_budget_and_hold_what_was_asked_for() -> None:
    selector = Selector(PAPER, count, 100, 60)
    shown = selector.select("number of participants, subjects")
    assert not shown.whole
    assert count(shown.text) <= 60
    assert "Forty participants took part." in shown.text
    start = shown.text.index("Forty")
    assert PAPER.text[shown.to_document(start) :].startswith("Forty participants")
    assert "Ada Lovelace" in selector.select("authors", first=True).text

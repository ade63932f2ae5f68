"""Quotes find their place."""

from __future__ import annotations

from pathlib import Path

import numpy
import pytest

from dsx.ground.locate import locate
from dsx.load.compose import Paragraph, Piece, compose
from dsx.types import Document, Passage, Shown


@pytest.fixture
def document(tmp_path: Path) -> Document:
    """Two pages of letters 10 points wide and 12 high; the second paragraph goes over the page."""
    path = tmp_path / "paper"
    path.write_text("x")

    def piece(text: str, page: int, top: float) -> Piece:
        boxes = [(index * 10.0, top, index * 10.0 + 10, top + 12) for index in range(len(text))]
        return Piece(text, page, boxes)

    first = Paragraph([piece("Forty people came, 20° each.", 1, 0.0)])
    second = Paragraph([piece("Forty people", 1, 20.0), piece(" stayed – until 5 o’clock", 2, 0.0)])
    return compose(path, "test", [first, second], [(600.0, 800.0)] * 2)


def test_a_quote_has_page_span_boxes_and_count(document: Document) -> None:
    found = locate("20° each", document)
    assert found is not None
    assert document.text[found.start : found.end] == "20° each"
    assert (found.page, found.occurrences) == (1, 1)
    assert found.boxes == ((190.0, 0.0, 270.0, 12.0),)


def test_what_was_shown_says_which_occurrence_is_meant(document: Document) -> None:
    again = document.text.index("Forty", 10)
    shown = Shown(document.text[again:], (Passage(again, len(document.text)),), whole=False)
    first, second = locate("Forty people", document), locate("Forty people", document, shown)
    assert first is not None
    assert second is not None
    assert (first.start, second.start, second.occurrences) == (0, again, 2)


def test_white_space_case_and_encoding_do_not_count(document: Document) -> None:
    found = locate("STAYED - until\n5 o'clock", document)
    assert found is not None
    assert (found.quote, found.page) == ("stayed – until 5 o’clock", 2)


def test_boxes_of_a_quote_over_two_pages_are_of_one_page(document: Document) -> None:
    found = locate("people stayed – until", document)
    assert found is not None
    assert found.page == 2
    assert len(found.boxes) == 1
    assert numpy.isclose(found.boxes[0][0], 0.0)


@pytest.mark.parametrize("quote", ["", "   ", "sixty people"])
def test_what_is_not_there_is_not_found(document: Document, quote: str) -> None:
    assert locate(quote, document) is None

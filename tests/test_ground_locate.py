"""Quotes find their place."""

from __future__ import annotations

from pathlib import Path

import numpy
import pytest

from dsx.ground.locate import MAX_OCCURRENCES, boxes_of, locate
from dsx.load.compose import NO_BOX, Paragraph, Piece, compose
from dsx.types import Box, Document, Passage, Shown


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


def test_a_word_broken_by_a_hyphen_is_found_whole(document: Document) -> None:
    found = locate("Forty peo-\nple came", document)
    assert found is not None
    assert (found.quote, found.occurrences, found.start) == ("Forty people came", 1, 0)


def test_a_literal_match_goes_before_a_loose_one(tmp_path: Path) -> None:
    path = tmp_path / "paper"
    path.write_text("x")
    paper = compose(path, "test", [Paragraph([Piece("AB ab AB ab", 1, [(0, 0, 1, 1)] * 11)])], [(600.0, 800.0)])
    literal, loose, case = locate("ab", paper), locate("a b", paper), locate("Ab", paper)
    assert literal is not None
    assert loose is not None
    assert case is not None
    assert (literal.start, literal.occurrences) == (3, 2)
    assert (loose.start, loose.occurrences, loose.quote) == (0, 4, "AB")
    assert (case.start, case.end, case.occurrences) == (0, 2, 4)


def test_counting_stops_at_a_thousand(tmp_path: Path) -> None:
    path = tmp_path / "paper"
    path.write_text("x")
    letters = "ab " * 1100
    paper = compose(path, "test", [Paragraph([Piece(letters, 1, [(0, 0, 1, 1)] * len(letters))])], [(600.0, 800.0)])
    literal, loose = locate("ab", paper), locate("AB", paper)
    assert literal is not None
    assert loose is not None
    assert literal.occurrences == loose.occurrences == MAX_OCCURRENCES == 1000


def test_boxes_are_one_a_line_of_print(tmp_path: Path) -> None:
    path = tmp_path / "paper"
    path.write_text("x")
    boxes: list[Box] = [(0, 0, 10, 12), (10, 1, 20, 12), (0, 20, 10, 32), NO_BOX, (300, 20, 310, 32), (0, 50, 10, 62)]
    paper = compose(path, "test", [Paragraph([Piece("abcdef", 1, boxes)])], [(600.0, 800.0)])
    assert boxes_of(paper, 0, 6) == ((0, 0, 20, 12), (0, 20, 310, 32), (0, 50, 10, 62))
    assert boxes_of(paper, 3, 4) == ()
    assert boxes_of(paper, 1, 3) == ((10, 1, 20, 12), (0, 20, 10, 32))


def test_a_raised_letter_is_of_its_line_and_a_step_back_is_not(tmp_path: Path) -> None:
    path = tmp_path / "paper"
    path.write_text("x")
    raised: list[Box] = [(0, 10, 10, 22), (10, 6, 14, 14), (2, 10, 8, 22)]
    paper = compose(path, "test", [Paragraph([Piece("abc", 1, raised)])], [(600.0, 800.0)])
    assert boxes_of(paper, 0, 3) == ((0, 6, 14, 22), (2, 10, 8, 22))


def test_the_page_is_that_of_most_letters_and_the_first_of_equals(document: Document) -> None:
    start = document.text.index("Forty", 10)
    half = locate("ple stay", document)
    assert half is not None
    assert (half.start, half.page) == (start + 9, 2)
    equal = locate("ple st", document)
    assert equal is not None
    assert equal.page == 1


def test_boxes_of_text_that_runs_sideways_are_one_a_line_too(tmp_path: Path) -> None:
    path = tmp_path / "paper"
    path.write_text("x")
    letters = [(x, 90.0 - 5 * at, x + 12, 95.0 - 5 * at) for x in (0.0, 14.0) for at in range(6)]
    downward = [(x, 5.0 * at, x + 12, 5.0 * at + 5) for x in (14.0, 0.0) for at in range(6)]
    leftward = [(90.0 - 5 * at, y, 95.0 - 5 * at, y + 12) for y in (14.0, 0.0) for at in range(6)]
    for boxes, lines in (
        (letters, ((0, 65, 12, 95), (14, 65, 26, 95))),
        (downward, ((14, 0, 26, 30), (0, 0, 12, 30))),
        (leftward, ((65, 14, 95, 26), (65, 0, 95, 12))),
    ):
        paper = compose(path, "test", [Paragraph([Piece("abcdefghijkl", 1, boxes)])], [(600.0, 800.0)])
        assert boxes_of(paper, 0, 12) == lines

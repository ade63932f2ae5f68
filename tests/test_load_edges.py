"""PDFs: what stands at the edges of pages and of lines, and how words and headings are spelled."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pymupdf
import pytest

from dsx.load.headings import heading_kind
from dsx.load.hyphens import join_lines
from dsx.load.pdf import load_pdf
from tests.pdfs.make import column, words, wrap

TOLD = "Thirty-one children took part."


def test_a_head_that_stands_once_beside_its_page_s_number_is_no_text(tmp_path: Path) -> None:
    with pymupdf.open() as pdf:
        for at, head in enumerate(("J KETTLES", "POT ET AL.", "J KETTLES")):
            page = pdf.new_page()
            page.insert_text((50, 40), head, fontsize=8)
            page.insert_text((540, 40), str(at + 101), fontsize=8)
            column(page, 50, 80, 480, f"{words(20, at)} The kettles were in")
        pdf.save(tmp_path / "a.pdf")
    text = load_pdf(tmp_path / "a.pdf").text
    assert text.startswith("J KETTLES")
    assert "POT ET AL." not in text
    assert text.count("J KETTLES") == 1


def test_text_beside_its_page_s_number_stays(tmp_path: Path) -> None:
    with pymupdf.open() as pdf:
        for at in range(3):
            page = pdf.new_page()
            column(page, 50, 60, 440, f"{words(4, at)} {TOLD}", words(20, at + 5))
            page.insert_text((540, 60), str(at + 101), fontsize=8)
        pdf.save(tmp_path / "a.pdf")
    text = load_pdf(tmp_path / "a.pdf").text
    assert text.count(TOLD) == 3
    for at in range(3):
        assert words(4, at) in text


@pytest.mark.parametrize("stamp", [(20, 25), (20, 830)])
def test_line_numbers_are_told_though_a_stamp_stands_further_out(tmp_path: Path, stamp: tuple[int, int]) -> None:
    number = 0
    with pymupdf.open() as pdf:
        for at in range(2):
            page = pdf.new_page()
            page.insert_text(stamp, f"Kettle preprint {at}: this version was not reviewed by any peer.", fontsize=7)
            for row, line in enumerate(wrap(f"{words(14, at)} {TOLD}", 420)):
                number += 1
                page.insert_text((50, 90 + 20 * row), str(number), fontsize=7)
                page.insert_text((90, 90 + 20 * row), line, fontsize=10)
        pdf.save(tmp_path / "a.pdf")
    text = load_pdf(tmp_path / "a.pdf").text
    for at in range(2):
        assert f"{words(14, at)} {TOLD}" in text.replace("\n", " ")


def test_a_table_s_numbers_of_rows_stay_at_the_left_of_all_cells(tmp_path: Path) -> None:
    with pymupdf.open() as pdf:
        page = pdf.new_page()
        column(page, 50, 120, 480, words(6, 1))
        page.insert_text((50, 300), "Table 1. The kettles.", fontsize=9)
        for row in range(10):
            for x, cell in ((50, str(row + 1)), (150, f"{row + 20}.5"), (250, f"{row + 30}.1")):
                page.insert_text((x, 320 + 13 * row), cell, fontsize=9)
        pdf.save(tmp_path / "a.pdf")
    (table,) = load_pdf(tmp_path / "a.pdf").tables
    assert table.rows[0] == ("1", "20.5", "30.1")
    assert table.rows[-1] == ("10", "29.5", "39.1")


def test_letters_of_panels_are_the_figure_s_in_any_font(tmp_path: Path) -> None:
    with pymupdf.open() as pdf:
        page = pdf.new_page()
        column(page, 50, 60, 480, f"{words(6, 1)} The curves rise")
        for x, letter in ((80, "A"), (300, "(b)")):
            page.draw_rect((x, 180, x + 180, 320))
            page.insert_text((x - 18, 178), letter, fontsize=12, fontname="hebo")
            page.insert_text((x + 10, 300), "0   5   10", fontsize=7)
        page.insert_text((50, 345), "Fig. 1. Errors of all kettles.", fontsize=8)
        column(page, 50, 380, 480, f"over the days. {words(6, 2)}")
        pdf.save(tmp_path / "a.pdf")
    text = load_pdf(tmp_path / "a.pdf").text
    assert "The curves rise over the days." in text
    assert text.index("A") < text.index("Fig. 1. Errors") > text.index("(b)")


@pytest.mark.parametrize("end", ["rested for at least", "were seen when p <", "had a mean of ±", "is shown within"])
def test_a_sentence_goes_on_with_a_number_on_the_next_page(tmp_path: Path, end: str) -> None:
    with pymupdf.open() as pdf:
        column(pdf.new_page(), 50, 80, 480, f"{words(10, 1)} The kettles {end}")
        column(pdf.new_page(), 50, 80, 480, f"5 min after that. {words(10, 2)}")
        pdf.save(tmp_path / "a.pdf")
    assert "after that." in load_pdf(tmp_path / "a.pdf").text.splitlines()[0]


def test_a_raised_o_after_a_number_is_its_degrees(tmp_path: Path) -> None:
    with pymupdf.open() as pdf:
        page = pdf.new_page()
        page.insert_text((50, 80), "It was turned by 30", fontsize=10)
        x = 50 + pymupdf.get_text_length("It was turned by 30", "helv", 10)
        page.insert_text((x, 76.4), "o", fontsize=6.5)
        page.insert_text((x + 7, 80), "in all.", fontsize=10)
        pdf.save(tmp_path / "a.pdf")
    assert "turned by 30° in all." in load_pdf(tmp_path / "a.pdf").text


def test_headings_whose_letters_stand_apart(tmp_path: Path) -> None:
    with pymupdf.open() as pdf:
        page = pdf.new_page()
        page.insert_text((50, 80), "a b s t r a c t", fontsize=10)
        column(page, 50, 100, 480, words(6, 1))
        page.insert_text((50, 300), "1. I N T R O D U C T I O N", fontsize=10)
        column(page, 50, 320, 480, words(6, 2))
        pdf.save(tmp_path / "a.pdf")
    sections = load_pdf(tmp_path / "a.pdf").sections
    assert [section.kind for section in sections] == ["abstract", "introduction"]


@pytest.mark.parametrize(
    ("title", "kind"),
    [
        ("A B S T R A C T", "abstract"),
        ("I N T R O D U C T I O N", "introduction"),
        ("m e t h o d s", "methods"),
        ("A. Participants", "participants"),
        ("I Methods", "methods"),
        ("a b c", "other"),
    ],
)
def test_numbering_is_no_letter_of_a_word(title: str, kind: str) -> None:
    assert heading_kind(title) == kind


@pytest.mark.parametrize(
    ("before", "after", "whole"),
    [
        ("a trial-by-", "trial rate", "a trial-by-trial rate"),
        ("from end-to-", "end", "from end-to-end"),
        ("state-of-the-", "art", "state-of-the-art"),
        ("the non-in-", "vasive way", "the non-invasive way"),
        ("to by-", "pass it", "to bypass it"),
    ],
)
def test_words_of_three_parts_keep_their_hyphens_at_a_line_s_end(before: str, after: str, whole: str) -> None:
    kept = join_lines(before, after, Counter())
    assert kept is not None
    assert before[:kept] + after == whole

"""What is printed beside a paper's text: notes, margins and badges of the first page, and the text inside figures."""

from __future__ import annotations

from pathlib import Path

import pymupdf
import pytest

from dsx.load.pdf import load_pdf
from dsx.types import Document
from tests.pdfs.make import column, words
from tests.test_load_order import read

CLINICAL = Path(__file__).parent.parent / "examples" / "papers_clinical" / "clinical.pdf"
LEFT, RIGHT, WIDTH = 60.0, 310.0, 230.0


def titles(document: Document) -> list[str]:
    return [section.title for section in document.sections]


def front(pdf: pymupdf.Document) -> pymupdf.Page:
    """A first page with title, authors and two columns that end in the middle of a sentence."""
    page = pdf.new_page()
    page.insert_text((LEFT, 90), "Cursors That Turn: A Study of Reaching", fontsize=18)
    page.insert_text((LEFT, 115), "Ada Lind, Bo Marsh and Cy North", fontsize=11)
    page.insert_text((LEFT, 150), "Introduction", fontsize=13, fontname="hebo")
    column(page, LEFT, 170, WIDTH, words(16, 1))
    column(page, RIGHT, 150, WIDTH, words(16, 2) + " In this study we tested")
    return page


def second_page(pdf: pymupdf.Document) -> None:
    page = pdf.new_page()
    column(page, LEFT, 80, WIDTH, "twelve people in a dark room. " + words(12, 3))
    page.insert_text((RIGHT, 80), "Methods", fontsize=13, fontname="hebo")
    column(page, RIGHT, 100, WIDTH, words(14, 4))


NOTES = (
    "Correspondence: ada@lind.example",
    "Received 3 May 2021; accepted 9 June 2021",
    "© 2021 The Authors.",
)


@pytest.mark.parametrize("side", [LEFT, RIGHT])
def test_notes_at_the_foot_of_the_first_page_stand_before_the_text(tmp_path: Path, side: float) -> None:
    def draw(pdf: pymupdf.Document) -> None:
        page = front(pdf)
        for number, note in enumerate(NOTES):
            page.insert_text((side, 700 + 10 * number), note, fontsize=7.5)
        page.insert_text((LEFT, 815), "Journal of Turns 4 (2021) 1-9", fontsize=8)
        second_page(pdf)

    document = read(draw, tmp_path / "a.pdf")
    introduction = document.sections[titles(document).index("Introduction")]
    before, inside = document.text[: introduction.start], document.text[introduction.start : introduction.end]
    for note in (*NOTES, "Journal of Turns 4"):
        assert note in before
        assert note not in inside
    assert "In this study we tested twelve people in a dark room." in document.text


def test_a_margin_column_beside_authors_and_abstract_opens_no_section(tmp_path: Path) -> None:
    def draw(pdf: pymupdf.Document) -> None:
        page = pdf.new_page()
        page.insert_text((200, 90), "Cursors That Turn: A Study of Reaching", fontsize=17)
        notes = ["Funding", "Grant 12 of the Fund", "Competing interests", "none declared", "Received", "3 May 2021"]
        for number, note in enumerate(notes):  # level with the authors, and drawn before them
            page.insert_text((40, 112 + 20 * number), note, fontsize=7, fontname="helv" if number % 2 else "hebo")
        page.insert_text((200, 115), "Ada Lind, Bo Marsh and Cy North", fontsize=11)
        page.insert_text((200, 150), "Abstract", fontsize=13, fontname="hebo")
        column(page, 200, 170, 340, words(8, 5))
        page.insert_text((200, 350), "Introduction", fontsize=13, fontname="hebo")
        column(page, 200, 370, 340, words(20, 6))

    document = read(draw, tmp_path / "a.pdf")
    kinds = [section.kind for section in document.sections]
    assert kinds[-2:] == ["abstract", "introduction"]
    assert "acknowledgements" not in kinds
    lines = document.text.splitlines()
    assert lines[1] == "Ada Lind, Bo Marsh and Cy North"
    assert lines.index("Abstract") > next(at for at, line in enumerate(lines) if "Grant 12" in line)


def test_a_badge_that_is_drawn_last_opens_no_section(tmp_path: Path) -> None:
    def draw(pdf: pymupdf.Document) -> None:
        page = front(pdf)
        page.insert_text((500, 120), "OPEN", fontsize=14, fontname="hebo")
        second_page(pdf)

    assert titles(read(draw, tmp_path / "a.pdf"))[-2:] == ["Introduction", "Methods"]


def test_small_print_between_paragraphs_stays_where_it_is(tmp_path: Path) -> None:
    def draw(pdf: pymupdf.Document) -> None:
        page = pdf.new_page()
        page.insert_text((LEFT, 90), "Cursors That Turn: A Study of Reaching", fontsize=18)
        page.insert_text((LEFT, 150), "Introduction", fontsize=13, fontname="hebo")
        column(page, LEFT, 170, 470, words(16, 1))
        page.insert_text((90, 400), "Whoever turns the cursor turns the hand as well.", fontsize=8)
        column(page, LEFT, 430, 470, words(16, 2))

    document = read(draw, tmp_path / "a.pdf")
    assert document.text.index("Introduction") < document.text.index("Whoever turns")


def test_boxes_of_a_flow_chart_are_no_headings_and_break_no_sentence(tmp_path: Path) -> None:
    boxes = {
        (200, 60): ["Assessed (n = 40)"],
        (80, 130): ["Allocated to A (n = 20)", "Lost to follow-up (n = 3)"],
        (330, 130): ["Allocated to B (n = 20)", "Lost to follow-up (n = 1)"],
    }

    def draw(pdf: pymupdf.Document) -> None:
        page = pdf.new_page()
        page.insert_text((LEFT, 80), "Methods", fontsize=13, fontname="hebo")
        column(page, LEFT, 100, 470, words(50, 1) + " In this study we tested")
        page = pdf.new_page()
        for (x, y), rows in boxes.items():
            page.draw_rect((x, y, x + 180, y + 45))
            for number, row in enumerate(rows):
                page.insert_text((x + 10, y + 15 + 14 * number), row, fontname="hebo", fontsize=10)
        for x in (170, 420):
            page.draw_line((290, 105), (x, 130))
        page.insert_text((LEFT, 200), "Figure 1. Flow of participants.", fontsize=8)
        column(page, LEFT, 240, 470, "twelve people in a dark room. " + words(20, 2))
        page.insert_text((LEFT, 480), "Results", fontsize=13, fontname="hebo")
        column(page, LEFT, 500, 470, words(8, 3))

    document = read(draw, tmp_path / "a.pdf")
    assert titles(document) == ["Methods", "Results"]
    assert "In this study we tested twelve people in a dark room." in document.text
    for rows in boxes.values():
        assert " ".join(rows) in document.text.splitlines()


def test_a_heading_over_a_figure_stays_a_heading(tmp_path: Path) -> None:
    def draw(pdf: pymupdf.Document) -> None:
        page = pdf.new_page()
        column(page, LEFT, 80, 470, words(20, 1))
        page.insert_text((LEFT, 330), "Results", fontsize=13, fontname="hebo")
        page.draw_rect((LEFT, 345, 400, 480))
        page.draw_line((LEFT, 470), (400, 350))
        page.insert_text((80, 360), "Late", fontname="hebo", fontsize=9)
        page.insert_text((LEFT, 500), "Figure 1. Angles.", fontsize=8)
        column(page, LEFT, 530, 470, words(20, 2))

    assert titles(read(draw, tmp_path / "a.pdf")) == ["Results"]


def test_the_abstract_of_the_clinical_sample_holds_its_own_headings() -> None:
    document = load_pdf(CLINICAL)
    main = [section.title for section in document.sections if section.level == 1]
    assert main[:4] == ["Abstract", "Introduction", "Methods", "Results"]
    assert {section.kind for section in document.sections if section.title in ("Methods.", "Findings.")} == {"abstract"}
    assert "noted every cramp in a diary, and were telephoned every two weeks" in document.text

"""PDFs as authors, publishers and scanners make them: what is text, in which order, and which words are whole."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pymupdf
import pytest

from dsx.load.glyphs import Glyphs
from dsx.load.lines import read_lines
from dsx.load.pdf import PdfContent, load_pdf, pdf_document
from dsx.load.visible import MuPdfDrawing
from dsx.types import Document
from tests.pdfs.make import column, words, wrap

TOLD = "Thirty-one children took part."

Draw = Callable[[pymupdf.Document], None]


def read(draw: Draw, path: Path) -> Document:
    with pymupdf.open() as pdf:
        draw(pdf)
        pdf.save(path)
    return load_pdf(path)


def text(tmp_path: Path, *lines: tuple[float, float, str], size: float = 10) -> str:
    """What is read of lines at (x, y)."""

    def draw(pdf: pymupdf.Document) -> None:
        page = pdf.new_page()
        for x, y, line in lines:
            page.insert_text((x, y), line, fontsize=size)

    return read(draw, tmp_path / "a.pdf").text


@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_a_turned_page_reads_as_it_is_shown(tmp_path: Path, rotation: int) -> None:
    def draw(pdf: pymupdf.Document) -> None:
        page = pdf.new_page(width=400, height=600)
        page.set_rotation(rotation)
        place = pymupdf.Point(50, 80) * page.derotation_matrix
        page.insert_text(place, TOLD, fontsize=11, rotate=rotation)

    document = read(draw, tmp_path / "a.pdf")
    assert document.text == f"{TOLD}\n"
    x0, y0, x1, y1 = document.char_boxes[0]
    assert x0 - 1 <= 50 < x1
    assert y0 < 75 < 80 <= y1 + 1


def test_tilted_and_invisible_words_are_no_text(tmp_path: Path) -> None:
    def draw(pdf: pymupdf.Document) -> None:
        page = pdf.new_page()
        page.insert_text((50, 80), TOLD, fontsize=10)
        page.insert_text((50, 100), "Nobody sees 1 of this.", fontsize=10, render_mode=3)
        page.insert_text((50, 120), "Nobody sees 2 of this.", fontsize=10, color=(1, 1, 1))
        page.insert_text((50, 140), "Nobody sees 3 of this.", fontsize=0.8)
        page.insert_text((900, 160), "Nobody sees 4 of this.", fontsize=10)
        tilt = (pymupdf.Point(100, 500), pymupdf.Matrix(40))
        page.insert_text((100, 500), "COPY", fontsize=60, morph=tilt)

    assert read(draw, tmp_path / "a.pdf").text == f"{TOLD}\n"


def test_white_words_on_a_dark_bar_are_text(tmp_path: Path) -> None:
    def draw(pdf: pymupdf.Document) -> None:
        page = pdf.new_page()
        page.draw_rect(pymupdf.Rect(40, 60, 400, 90), fill=(0, 0, 0.4))
        page.insert_text((50, 80), TOLD, fontsize=10, color=(1, 1, 1))

    assert read(draw, tmp_path / "a.pdf").text == f"{TOLD}\n"


def test_what_is_struck_twice_is_read_once(tmp_path: Path) -> None:
    assert text(tmp_path, (50, 80, TOLD), (50.3, 80, TOLD)) == f"{TOLD}\n"


def test_a_capital_that_is_let_in_is_a_letter_of_its_word(tmp_path: Path) -> None:
    def draw(pdf: pymupdf.Document) -> None:
        page = pdf.new_page()
        page.insert_text((50, 100), "W", fontsize=30)
        page.insert_text((80, 86), "e tested the children of one", fontsize=10)
        page.insert_text((80, 98), "school, all of whom", fontsize=10)
        page.insert_text((50, 110), "were willing.", fontsize=10)

    assert "We tested the children of one" in read(draw, tmp_path / "a.pdf").text


@pytest.mark.parametrize(
    ("first", "second", "whole"),
    [
        ("They were 18-", "25 years old.", "18-25 years"),
        ("The mean was −", "3.2 deg.", "−3.2 deg"),
        ("They made 1,", "024 reaches.", "1,024 reaches"),
        ("There were 12.", "5 % of them.", "12.5 % of them"),
        ("The Doe-", "Roe task.", "Doe-Roe task"),
        ("Their non-", "dominant hand.", "non-dominant hand"),
        ("A low p-", "value.", "p-value"),
        ("The experi-", "ment was long.", "experiment was"),
        ("See https://a.example/ab-", "cde for it.", "https://a.example/ab-cde"),
        ("The scores pre-", "and post-test.", "pre- and post-test"),
        ("They had COVID-", "19 before it.", "COVID-19"),
        ("In all, 24/", "26 of them came.", "24/26 of them"),
        ("It took 3.", "5 hours in all.", "3.5 hours"),
    ],
)
def test_words_and_numbers_are_whole_over_a_lines_end(tmp_path: Path, first: str, second: str, whole: str) -> None:
    def draw(pdf: pymupdf.Document) -> None:
        writer, font = pymupdf.TextWriter(pdf.new_page().rect), pymupdf.Font("tiro")
        for y, line in ((80, "Words before it, and more of them to be read."), (92, first), (104, second)):
            writer.append((50, y), line, font, 10)
        writer.write_text(pdf[0])

    assert whole in read(draw, tmp_path / "a.pdf").text


def test_words_set_tight_are_parted(tmp_path: Path) -> None:
    def draw(pdf: pymupdf.Document) -> None:
        page, x = pdf.new_page(), 50.0
        for word in TOLD.split():
            page.insert_text((x, 80), word, fontsize=10)
            x += pymupdf.get_text_length(word, "helv", 10) + 1.5

    assert read(draw, tmp_path / "a.pdf").text == f"{TOLD}\n"


def test_columns_that_are_drawn_row_by_row(tmp_path: Path) -> None:
    left = list(wrap(f"{TOLD} {words(9, 1)}", 230))
    right = list(wrap(f"All went well. {words(9, 2)}", 230))
    lines = [
        (x, 80 + 12.0 * at, line)
        for at, pair in enumerate(zip(left, right, strict=False))
        for x, line in zip((50, 310), pair, strict=True)
    ]
    found = text(tmp_path, *lines)
    assert " ".join(left[:5]) in found
    assert found.index(left[-3]) < found.index("All went well.")


def test_a_title_over_columns_comes_first_though_it_is_drawn_last(tmp_path: Path) -> None:
    body = [(x, 120 + 12.0 * at, line) for x in (50, 310) for at, line in enumerate(wrap(words(9, int(x)), 230))]
    found = text(tmp_path, *body, (150, 60, "Reaching in the dark and in"), (150, 74, "the light of day"))
    assert found.startswith("Reaching in the dark and in the light of day\n")


@pytest.mark.parametrize(("step", "sentences"), [(1, (12, 12, 12)), (5, (12, 12, 12)), (5, (14, 22, 14))])
def test_line_numbers_are_no_text(tmp_path: Path, step: int, sentences: tuple[int, ...]) -> None:
    """Every fifth line: two on a page, or three."""

    def draw(pdf: pymupdf.Document) -> None:
        number = 0
        for sheet in range(len(sentences)):
            page = pdf.new_page()
            told = f"{words(sentences[sheet], sheet)} The count of page {sheet} was 77 reaches."
            for at, line in enumerate(wrap(told, 400)):
                number += 1
                page.insert_text((90, 80 + 20 * at), line, fontsize=10)
                if number % step == 0:
                    page.insert_text((74, 80 + 20 * at), str(number), fontsize=8)

    found = read(draw, tmp_path / "a.pdf").text
    assert "was 77 reaches." in found
    assert not any(f" {number} " in found for number in (5, 10, 15, 20, 25))


@pytest.mark.parametrize("height", [40, 110])
def test_heads_that_repeat_go_at_any_height(tmp_path: Path, height: int) -> None:
    def draw(pdf: pymupdf.Document) -> None:
        for sheet in range(3):
            page = pdf.new_page()
            page.insert_text((50, height), "Invented journal of kettles", fontsize=8)
            column(page, 50, 140, 400, words(9 + sheet, sheet))

    document = read(draw, tmp_path / "a.pdf")
    assert "kettles" not in document.text[document.pages[0].end :]


def test_heads_with_the_pages_number_go_though_none_repeats(tmp_path: Path) -> None:
    heads = ("A first one   11", "12   Doe and Roe", "A title of kettles   13", "14   Nobody else")

    def draw(pdf: pymupdf.Document) -> None:
        for sheet, head in enumerate(heads):
            page = pdf.new_page()
            page.insert_text((50, 40), head, fontsize=8)
            column(page, 50, 140, 400, words(9 + sheet, sheet))

    document = read(draw, tmp_path / "a.pdf")
    assert not any(word in document.text for word in ("Doe and Roe", "kettles", "Nobody else"))


def test_a_sentence_over_a_page_goes_on_with_a_number(tmp_path: Path) -> None:
    def draw(pdf: pymupdf.Document) -> None:
        page = pdf.new_page()
        y = column(page, 50, 80, 400, words(9, 1), "In all, the group consisted of")
        page.insert_text((50, y + 300), "1 A note on the page.", fontsize=7)
        column(pdf.new_page(), 50, 80, 400, f"24 children, all of one school. {words(9, 2)}")

    assert "the group consisted of 24 children" in read(draw, tmp_path / "a.pdf").text


ENTRIES = tuple(
    f"Author A., and Author B. ({year}). A paper on kettles. Journal of Kettles, {year - 1999}, 1-12."
    for year in range(2001, 2008)
)


def test_a_number_that_ends_a_sentence_at_the_foot_is_no_page_number(tmp_path: Path) -> None:
    def draw(pdf: pymupdf.Document) -> None:
        for number, (last, left) in enumerate([("in Experiment", 72.0), ("All of them came back.", 300.0)], start=1):
            page = pdf.new_page()
            page.insert_text((72, 700), "Trips were timed at the entrance of the nest, and", fontsize=10)
            page.insert_text((72, 712), f"389 of them were recorded in the control {last}", fontsize=10)
            page.insert_text((left, 724), f"{number}.", fontsize=10)

    shown = read(draw, tmp_path / "a.pdf").text
    assert "in the control in Experiment 1." in shown
    assert "2." not in shown


def test_what_stands_after_the_references_is_shown(tmp_path: Path) -> None:
    def draw(pdf: pymupdf.Document) -> None:
        page = pdf.new_page()
        y = column(page, 50, 80, 400, "# Methods", words(5, 1), "# References", *ENTRIES)
        column(page, 50, y, 400, "# A Recruitment", f"{TOLD} {words(5, 2)}")
        page = pdf.new_page()
        y = column(page, 50, 80, 400, "# References", *ENTRIES[:2])
        column(page, 50, y, 400, "Table 1. What was measured.", f"Figure 1. {TOLD}")

    document = read(draw, tmp_path / "a.pdf")
    hidden = "".join(document.text[s.start : s.end] for s in document.sections if s.kind == "references")
    assert hidden.count("A paper on kettles") == len(ENTRIES) + 2
    assert TOLD not in hidden
    assert "What was measured" not in hidden


def test_pages_without_text_and_attachments_are_named(tmp_path: Path) -> None:
    def draw(pdf: pymupdf.Document) -> None:
        pdf.new_page().insert_text((50, 80), TOLD, fontsize=10)
        pdf.new_page()
        pdf.embfile_add("kettles.pdf", b"%PDF-1.7")

    metadata = read(draw, tmp_path / "a.pdf").metadata
    assert metadata["pages_without_text"] == "2"
    assert metadata["attachments"].startswith("kettles.pdf: not read")


def test_lines_of_chinese_have_no_space_between(tmp_path: Path) -> None:
    def draw(pdf: pymupdf.Document) -> None:
        page = pdf.new_page()
        for y, line in ((80, "本研究招募了二十四名健康受试者参加实验所有参"), (94, "与者均签署了知情同意书。")):
            page.insert_text((50, y), line, fontname="china-s", fontsize=10)

    assert "所有参与者" in read(draw, tmp_path / "a.pdf").text


def test_watermarks_are_no_text(tmp_path: Path) -> None:
    def draw(pdf: pymupdf.Document) -> None:
        for number in range(3):
            page = pdf.new_page()
            page.insert_text((150, 400), "ACCEPTED COPY", fontsize=40)
            tilted = (pymupdf.Point(300, 600), pymupdf.Matrix(12))
            page.insert_text((150, 600), "DRAFT", fontsize=40, morph=tilted)
            column(page, 50, 80, 400, words(9, number))

    document = read(draw, tmp_path / "a.pdf")
    assert not document.sections
    assert "COPY" not in document.text
    assert "DRAFT" not in document.text


def test_references_on_the_first_page_stay_where_they_are(tmp_path: Path) -> None:
    def draw(pdf: pymupdf.Document) -> None:
        page = pdf.new_page()
        y = column(page, 50, 80, 400, "# Methods", TOLD, words(9, 1), "# References")
        for at in range(4):
            page.insert_text(
                (50, y + 12 * at), f"[{at + 1}] A. Hen. A paper on tubs. J. Tubs, {at}:1-9, 1999.", fontsize=7
            )

    document = read(draw, tmp_path / "a.pdf")
    assert document.text.index("References") < document.text.index("[1] A. Hen")


def test_three_columns_that_are_drawn_row_by_row(tmp_path: Path) -> None:
    lines = [
        (40.0 + 180 * at, 60.0 + 14 * row, f"{name} {row:02} has thirty letters or more.")
        for row in range(12)
        for at, name in enumerate(("First", "Second", "Third"))
    ]
    shown = text(tmp_path, *lines, size=8)
    places = [shown.index(f"{name} {row:02}") for name in ("First", "Second", "Third") for row in range(12)]
    assert places == sorted(places)


def test_line_numbers_in_the_gutter_are_no_text(tmp_path: Path) -> None:
    lines = [(x, 60.0 + 14 * row, f"{word} words of a column that go on") for row in range(20) for x, word in SIDES]
    numbers = [(296.0, 60.0 + 14 * row, str(row + 1)) for row in range(4, 20, 5)]
    assert "Ten words of a column that go on Ten" in (shown := text(tmp_path, *lines, *numbers))
    assert not any(map(str.isdigit, shown))


SIDES = ((50.0, "Ten"), (320.0, "Six"))


def test_a_large_word_under_the_text_is_a_watermark(tmp_path: Path) -> None:
    def draw(pdf: pymupdf.Document) -> None:
        page = pdf.new_page()
        page.insert_text((60, 150), "DRAFT", fontsize=60, color=(0.85, 0.85, 0.85))
        column(page, 50, 80, 400, "# Methods", words(20, 1))

    assert read(draw, tmp_path / "a.pdf").text.startswith("Methods\n")


def test_a_large_first_word_is_none(tmp_path: Path) -> None:
    def draw(pdf: pymupdf.Document) -> None:
        page = pdf.new_page()
        page.insert_text((50, 100), "THE", fontsize=30)
        for y in (88, 101):
            page.insert_text((108, y), "people who came were tested in the dark and in a room", fontsize=10)
        column(page, 50, 114, 400, words(9, 1), "# 2 | Methods", words(5, 2))

    document = read(draw, tmp_path / "a.pdf")
    assert document.text.startswith("THE")
    assert [section.kind for section in document.sections][-1:] == ["methods"]


def test_what_is_filled_into_a_form_is_no_heading(tmp_path: Path) -> None:
    def draw(pdf: pymupdf.Document) -> None:
        page = pdf.new_page()
        column(page, 50, 80, 400, "# Methods", words(9, 1))
        field = pymupdf.Widget()
        field.field_type, field.field_name, field.field_value = pymupdf.PDF_WIDGET_TYPE_TEXT, "a", "Results"
        field.rect, field.text_fontsize = pymupdf.Rect(50, 400, 300, 440), 24
        page.add_widget(field)

    document = read(draw, tmp_path / "a.pdf")
    assert [section.title for section in document.sections] == ["Methods"]
    assert "Results" in document.text


def test_a_bold_abstract_is_text_and_its_first_word_a_heading(tmp_path: Path) -> None:
    def draw(pdf: pymupdf.Document) -> None:
        page = pdf.new_page()
        writer = pymupdf.TextWriter(page.rect)
        for at, line in enumerate(wrap(f"Abstract—{words(9, 1)}", 300, 10)):
            writer.append((50, 80 + 12 * at), line, pymupdf.Font("hebo"), 10)
        writer.write_text(page)
        column(page, 50, 300, 400, "# Introduction", words(20, 2))

    document = read(draw, tmp_path / "a.pdf")
    assert [(section.kind, section.title) for section in document.sections] == [
        ("abstract", "Abstract"),
        ("introduction", "Introduction"),
    ]


def test_the_abstract_of_a_second_paper(tmp_path: Path) -> None:
    def draw(pdf: pymupdf.Document) -> None:
        page = pdf.new_page()
        y = column(page, 50, 80, 400, "# Methods", words(5, 1), "# References", *ENTRIES)
        column(page, 50, y, 400, "# A Second Paper", "# Abstract", f"{TOLD} {words(5, 2)}")

    kinds = [section.kind for section in read(draw, tmp_path / "a.pdf").sections]
    assert kinds == ["methods", "references", "other", "abstract"]


def test_a_page_whose_letters_have_no_meaning_is_named(tmp_path: Path) -> None:
    def draw(pdf: pymupdf.Document) -> None:
        column(pdf.new_page(), 50, 80, 400, words(5, 1))
        page, writer = pdf.new_page(), pymupdf.TextWriter(pymupdf.Rect(0, 0, 595, 842))
        for y in range(80, 400, 20):
            writer.append((50, y), TOLD, pymupdf.Font("tiro"), 10)
        writer.write_text(page)
        for xref in range(1, pdf.xref_length()):
            if pdf.xref_get_key(xref, "ToUnicode")[0] == "xref":
                pdf.xref_set_key(xref, "ToUnicode", "null")

    content = PdfContent(sizes=[(595.0, 842.0)] * 2)
    with pymupdf.open() as pdf:
        draw(pdf)
        with pymupdf.open("pdf", pdf.tobytes()) as again:
            for page in again:
                content.pages.append(read_lines(page, Glyphs(again), MuPdfDrawing(page))[0])
    (tmp_path / "a.pdf").write_bytes(b"%PDF-")
    document = pdf_document(tmp_path / "a.pdf", "test", content)
    assert document.metadata["pages_without_text"] == "2"
    assert "\N{REPLACEMENT CHARACTER}" not in document.text


def test_a_bold_line_with_a_dotted_number_is_a_heading(tmp_path: Path) -> None:
    def draw(pdf: pymupdf.Document) -> None:
        page = pdf.new_page()
        lines = ["2 Methods", "We set chambers on the soil in every week of the year.", "2.1 Savanna site"]
        lines += ["The savanna lies at 320 m, where rain falls from May on.", "2.2 Steppe site"]
        lines += ["The steppe lies at 1,150 m, where snow falls in winter."]
        for row in ("0.5 Means of all", "1.5 Mean 3.2 SD 1.1", "3.5 Mg"):
            lines += [row, "It is larger than that of the year before, and of the next."]
        for number, line in enumerate(lines):
            page.insert_text((72, 90 + 22 * number), line, fontsize=10, fontname="helv" if number % 2 else "hebo")

    sections = read(draw, tmp_path / "a.pdf").sections
    assert [section.title for section in sections] == ["2 Methods", "2.1 Savanna site", "2.2 Steppe site"]

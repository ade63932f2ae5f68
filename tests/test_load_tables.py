"""Tables of PDFs: where they end, which cell stands in which column, what a cell knows of its heads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pymupdf
import pytest

from dsx.load.pdf import load_pdf
from dsx.types import Document, Table
from tests.pdfs.make import column, words

ROWS = (
    ("", "Abrupt", "Gradual", "P"),
    ("Children", "24", "26", "0.57"),
    ("Age (years)", "9.4 ± 1.1", "9.1 ± 0.9", "0.06"),
)
SIZE = 9.0

Draw = Callable[[pymupdf.Document], None]


def cells(
    page: pymupdf.Page, x: Sequence[float], y: float, rows: Sequence[Sequence[str]], leading: float = 14
) -> float:
    """Sets rows with their cells at these places; returns where the next row would stand."""
    for row in rows:
        for at, cell in zip(x, row, strict=False):
            page.insert_text((at, y), cell, fontsize=SIZE)
        y += leading
    return y


def read(draw: Draw, path: Path) -> Document:
    with pymupdf.open() as pdf:
        draw(pdf)
        pdf.save(path)
    return load_pdf(path)


def only(document: Document) -> Table:
    (table,) = document.tables
    return table


def value(table: Table, row_head: str, *column_heads: str) -> list[str]:
    return [cell.text for cell in table.cells if (cell.row_head, cell.column_heads) == (row_head, column_heads)]


def test_a_caption_in_the_middle_of_a_wider_table(tmp_path: Path) -> None:
    def draw(pdf: pymupdf.Document) -> None:
        page = pdf.new_page()
        page.insert_text((240, 80), "Table 1. The two classes.", fontsize=SIZE)
        cells(page, (70, 230, 350, 480), 96, ROWS)
        column(page, 70, 180, 440, "# Methods", words(9, 1))

    table = only(read(draw, tmp_path / "a.pdf"))
    assert table.rows == ROWS
    assert value(table, "Children", "Abrupt") == ["24"]
    assert table.head_rows == 1


def test_a_cell_stands_where_it_says_in_the_text(tmp_path: Path) -> None:
    def draw(pdf: pymupdf.Document) -> None:
        page = pdf.new_page()
        page.insert_text((70, 80), "Table 1. Left out and why.", fontsize=SIZE)
        cells(page, (70, 230, 350, 480), 96, (*ROWS, ("Too slow", "", "2", ""), ("Ill", "1", "", "3")))

    document = read(draw, tmp_path / "a.pdf")
    table = only(document)
    assert table.rows[3:] == (("Too slow", "", "2", ""), ("Ill", "1", "", "3"))
    assert "Too slow   –   2\n" in document.text
    assert value(table, "Too slow", "Gradual") == ["2"]
    assert value(table, "Ill", "P") == ["3"]
    for cell in table.cells:
        assert document.text[cell.start : cell.end] == cell.text == table.rows[cell.row][cell.column]


def test_a_heading_of_the_next_column_is_no_cell(tmp_path: Path) -> None:
    def draw(pdf: pymupdf.Document) -> None:
        page = pdf.new_page()
        column(page, 50, 200, 235, words(14, 2))
        page.insert_text((50, 80), "Table 1. The two classes.", fontsize=SIZE)
        cells(page, (50, 150, 200, 260), 96, ROWS)
        column(page, 310, 124, 235, "# Discussion", words(14, 3))

    document = read(draw, tmp_path / "a.pdf")
    assert only(document).rows == ROWS
    assert [section.kind for section in document.sections] == ["discussion"]


def test_tables_beside_each_other_are_two(tmp_path: Path) -> None:
    def draw(pdf: pymupdf.Document) -> None:
        page = pdf.new_page()
        for number, left in enumerate((50, 310), 1):
            page.insert_text((left, 80), f"Table {number}. The two classes.", fontsize=SIZE)
            cells(page, (left, left + 80, left + 140, left + 200), 96, ROWS)
        column(page, 50, 200, 235, words(14, 2))
        column(page, 310, 200, 235, words(14, 3))

    document = read(draw, tmp_path / "a.pdf")
    assert [(table.caption[:7], table.rows) for table in document.tables] == [("Table 1", ROWS), ("Table 2", ROWS)]


def test_wrapped_cells_are_whole(tmp_path: Path) -> None:
    lines = (
        ("Study", "Task", "People"),
        ("Ash 2001", "Reaching with a cursor that", "12"),
        ("", "was turned", ""),
        ("Elm 2004", "Walking", "9"),
        ("Oak 2010", "Throwing at a target that", "31"),
        ("", "moved to the side", ""),
    )

    def draw(pdf: pymupdf.Document) -> None:
        page = pdf.new_page()
        page.insert_text((70, 80), "Table 1. Studies.", fontsize=SIZE)
        y = 96.0
        for line in lines:
            y += 11 if not line[0] else 16
            cells(page, (70, 180, 420), y, (line,))

    assert only(read(draw, tmp_path / "a.pdf")).rows == (
        ("Study", "Task", "People"),
        ("Ash 2001", "Reaching with a cursor that was turned", "12"),
        ("Elm 2004", "Walking", "9"),
        ("Oak 2010", "Throwing at a target that moved to the side", "31"),
    )


def test_heads_over_several_columns(tmp_path: Path) -> None:
    def draw(pdf: pymupdf.Document) -> None:
        page = pdf.new_page()
        page.insert_text((70, 80), "Table 1. By class.", fontsize=SIZE)
        cells(page, (212, 372), 96, (("First class", "Second class"),))
        rows = (("", "n", "Mean", "SD", "n", "Mean", "SD"), ("Early", "1", "2.0", "3.1", "4", "5.2", "6.3"))
        cells(page, (70, 200, 230, 270, 360, 390, 430), 110, (*rows, ("Late", "7", "8.4", "9.5", "3", "1.6", "2.7")))

    table = only(read(draw, tmp_path / "a.pdf"))
    assert value(table, "Early", "First class", "n") == ["1"]
    assert value(table, "Late", "Second class", "SD") == ["2.7"]
    assert table.head_rows == 2


@pytest.mark.parametrize("repeated", [False, True])
def test_rows_on_the_next_page_belong_to_the_table(tmp_path: Path, repeated: bool) -> None:
    def draw(pdf: pymupdf.Document) -> None:
        page = pdf.new_page()
        column(page, 70, 80, 440, "# Results", words(9, 4))
        page.insert_text((70, 700), "Table 1. All of them.", fontsize=SIZE)
        cells(page, (70, 200, 320, 440), 716, ROWS)
        page = pdf.new_page()
        y = cells(page, (70, 200, 320, 440), 80, ROWS[:1] if repeated else ())
        y = cells(page, (70, 200, 320, 440), y, (("Girls", "12", "14", "0.9"), ("Boys", "12", "12", "1.0")))
        column(page, 70, y + 40, 440, words(9, 5))

    document = read(draw, tmp_path / "a.pdf")
    table = only(document)
    assert table.rows == (*ROWS, ("Girls", "12", "14", "0.9"), ("Boys", "12", "12", "1.0"))
    assert value(table, "Boys", "Gradual") == ["12"]
    assert document.page_at(table.cells[-1].start) == 2


def test_the_first_integers_of_a_page_are_no_page_numbers(tmp_path: Path) -> None:
    def draw(pdf: pymupdf.Document) -> None:
        page = pdf.new_page()
        column(page, 70, 80, 440, "# Results", words(9, 4))
        page.insert_text((70, 740), "Table 1. Hits.", fontsize=SIZE)
        cells(page, (70, 200, 320), 756, (("Child", "Hits", "Misses"),))
        page.insert_text((300, 820), "1", fontsize=SIZE)
        page = pdf.new_page()
        cells(page, (70, 200, 320), 50, (("1", "38", "2"), ("2", "35", "5"), ("3", "31", "9")))
        column(page, 70, 200, 440, words(9, 5))
        page.insert_text((300, 820), "2", fontsize=SIZE)

    rows = only(read(draw, tmp_path / "a.pdf")).rows
    assert rows == (("Child", "Hits", "Misses"), ("1", "38", "2"), ("2", "35", "5"), ("3", "31", "9"))


@pytest.mark.parametrize("turn", [90, 270])
def test_a_table_set_sideways(tmp_path: Path, turn: int) -> None:
    def draw(pdf: pymupdf.Document) -> None:
        column(pdf.new_page(), 70, 80, 440, "# Results", words(9, 4))
        page = pdf.new_page()
        lines = [(("Table 1. The two classes.",), 80.0), *((row, 100.0 + 14 * at) for at, row in enumerate(ROWS))]
        for row, down in lines:
            for along, cell in zip((80, 250, 380, 500), row, strict=False):
                place = (down, 800 - along) if turn == 90 else (500 - down, along)
                page.insert_text(place, cell, fontsize=SIZE, rotate=turn)

    document = read(draw, tmp_path / "a.pdf")
    table = only(document)
    assert table.rows == ROWS
    assert table.page == 2
    cell = next(cell for cell in table.cells if cell.text == "0.57")
    x0, y0, x1, y1 = document.char_boxes[cell.start]
    across = 114 if turn == 90 else 500 - 114
    assert x0 - 3 < across < x1 + 3
    assert y1 - y0 < SIZE


def test_a_plain_grid_needs_no_caption(tmp_path: Path) -> None:
    def draw(pdf: pymupdf.Document) -> None:
        page = pdf.new_page()
        y = column(page, 70, 80, 440, "# Results", words(9, 4))
        y = cells(page, (70, 230, 350, 480), y + 20, (*ROWS, ("Height (cm)", "133", "131", "0.4")))
        column(page, 70, y + 30, 440, words(9, 5))

    table = only(read(draw, tmp_path / "a.pdf"))
    assert table.caption == ""
    assert table.rows == (*ROWS, ("Height (cm)", "133", "131", "0.4"))


def test_the_numbers_at_the_axes_of_a_figure_are_no_table(tmp_path: Path) -> None:
    def draw(pdf: pymupdf.Document) -> None:
        page = pdf.new_page()
        for at in range(5):
            for x in (80, 240, 400):
                page.insert_text((x, 100 + 20 * at), str(40 - 10 * at), fontsize=7)
        column(page, 70, 220, 440, "Figure 1. Angles.", words(9, 5))

    assert read(draw, tmp_path / "a.pdf").tables == ()


def test_a_table_that_is_a_picture_is_named(tmp_path: Path) -> None:
    def draw(pdf: pymupdf.Document) -> None:
        column(pdf.new_page(), 70, 80, 440, "# Results", words(9, 4))
        page = pdf.new_page()
        page.insert_text((70, 80), "Table 1. The two classes.", fontsize=SIZE)
        picture = pymupdf.Pixmap(pymupdf.csGRAY, pymupdf.IRect(0, 0, 20, 20))
        picture.clear_with(200)
        page.insert_image(pymupdf.Rect(70, 100, 300, 200), pixmap=picture)
        column(page, 70, 260, 440, words(9, 5))

    document = read(draw, tmp_path / "a.pdf")
    assert document.tables == ()
    assert document.metadata["tables_unread"] == "p. 2"


def test_the_last_row_may_stand_close_as_long_as_its_numbers_are_in_line(tmp_path: Path) -> None:
    rows = (("Constant", "-0.83 (0.78)", "1.31 (0.01)"), ("Dose", "1.74 (0.78)", "-1.02 (0.27)"))
    last = ("Dose by age", "-1.53 (0.76)", "-0.80 (0.53)")
    width = pymupdf.get_text_length(last[0], fontsize=SIZE) + 0.6 * SIZE
    step = pymupdf.get_text_length(last[1], fontsize=SIZE) + 0.6 * SIZE

    def draw(pdf: pymupdf.Document) -> None:
        page = pdf.new_page()
        page.insert_text((50, 80), "Table 1. Two models.", fontsize=SIZE)
        cells(page, (50, 50 + width, 50 + width + step), 96, (("Term", "Model 1", "Model 2"), *rows, last))
        column(page, 50, 160, 200, words(14, 2))
        column(page, 310, 80, 200, words(14, 3))

    assert only(read(draw, tmp_path / "a.pdf")).rows[1:] == (*rows, last)


def test_words_set_wide_apart_in_a_cell_of_a_grid_are_one_head(tmp_path: Path) -> None:
    heads = ((74, "Group"), (154, "Share"), (190, "of"), (210, "explicit"), (274, "Trials"))

    def draw(pdf: pymupdf.Document) -> None:
        page = pdf.new_page()
        page.insert_text((70, 80), "Table 1. Three groups.", fontsize=SIZE)
        for x, word in heads:
            page.insert_text((x, 96), word, fontsize=SIZE)
        for at, row in enumerate((("Abrupt", "57.9", "298"), ("Gradual", "76.5", "321"), ("Sham", "70.0", "185"))):
            for x, cell in zip((74, 188, 280), row, strict=True):
                page.insert_text((x, 110 + 14 * at), cell, fontsize=SIZE)
        for y in range(86, 146, 14):
            page.draw_line((70, y), (320, y))
        for x in (70, 150, 260, 320):
            page.draw_line((x, 86), (x, 142))
        column(page, 70, 180, 440, "# Methods", words(9, 1))

    table = only(read(draw, tmp_path / "a.pdf"))
    assert table.rows[0] == ("Group", "Share of explicit", "Trials")
    assert value(table, "Gradual", "Share of explicit") == ["76.5"]


def test_a_rule_ends_the_caption_however_close_the_heads_stand(tmp_path: Path) -> None:
    def draw(pdf: pymupdf.Document) -> None:
        page = pdf.new_page()
        page.insert_text((70, 80), "Table 1. The two groups of the study,", fontsize=SIZE)
        page.insert_text((70, 91), "Kettle Mass (kg) Heat (C)", fontsize=SIZE)
        for y in (82.5, 94, 142):
            page.draw_line((66, y), (190, y))
        at = [70, *(70 + pymupdf.get_text_length(text, fontsize=SIZE) for text in ("Kettle ", "Kettle Mass (kg) "))]
        cells(page, at, 106, (("A", "8.1", "7.5"), ("B", "3.4", "4.8"), ("C", "1.4", "2.9")))
        column(page, 70, 180, 440, "# Methods", words(9, 1))

    table = only(read(draw, tmp_path / "a.pdf"))
    assert table.caption == "Table 1. The two groups of the study,"
    assert table.rows[1:] == (("A", "8.1", "7.5"), ("B", "3.4", "4.8"), ("C", "1.4", "2.9"))
    assert value(table, "B", "Mass (kg)") == ["3.4"]


def test_labels_in_the_middle_of_their_rows_name_as_many_above_as_below(tmp_path: Path) -> None:
    groups = (("Tool", 3), ("Hands", 2), ("Effect", 3))

    def draw(pdf: pymupdf.Document) -> None:
        page = pdf.new_page()
        page.insert_text((70, 80), "Table 1. Three experiments.", fontsize=SIZE)
        cells(page, (70, 130, 200, 270), 96, [("Cue", "Turn", "Gain", "Width")])
        y = 110.0
        for number, (label, count) in enumerate(groups):
            page.insert_text((70, y + 7 * (count - 1)), label, fontsize=SIZE)
            rows = [(turn, f"{number}.{at}", f"{at}.{number}") for at, turn in enumerate(("CW", "CCW", "both")[:count])]
            y = cells(page, (130, 200, 270), y, rows)
        for rule in (86, 99, y - 9):
            page.draw_line((66, rule), (300, rule))
        column(page, 70, 260, 440, "# Methods", words(9, 1))

    table = only(read(draw, tmp_path / "a.pdf"))
    labels = [next(cell.row_head for cell in table.cells if cell.row == row and cell.row_head) for row in range(1, 9)]
    assert labels == ["Tool"] * 3 + ["Hands"] * 2 + ["Effect"] * 3


def test_cells_whose_lines_end_in_a_hyphen_and_a_note_that_the_table_goes_on(tmp_path: Path) -> None:
    def draw(pdf: pymupdf.Document) -> None:
        page = pdf.new_page()
        page.insert_text((70, 80), "Table 1. Tests.", fontsize=SIZE)
        lines = (
            ("Line", "What", "Statistic"),
            ("a", "The late-report and early-", "p = 6.48e-"),
            ("", "report groups", "07"),
            ("b", "The late-report groups", "p = 0.12"),
        )
        cells(page, (70, 110, 300), 96, lines, leading=11)
        page.insert_text((180, 145), "(Continued)", fontsize=SIZE)
        for rule in (86, 99, 150):
            page.draw_line((66, rule), (400, rule))
        column(page, 70, 200, 440, "# Methods", f"Both were early-report groups. {words(9, 1)}")

    table = only(read(draw, tmp_path / "a.pdf"))
    assert table.rows[1:] == (
        ("a", "The late-report and early-report groups", "p = 6.48e-07"),
        ("b", "The late-report groups", "p = 0.12"),
    )


def test_a_notes_letter_is_no_part_of_a_number(tmp_path: Path) -> None:
    def draw(pdf: pymupdf.Document) -> None:
        page = pdf.new_page()
        x = 70 + pymupdf.get_text_length("In all we tested 12", fontsize=10)
        page.insert_text((70, 80), "In all we tested 12", fontsize=10)
        page.insert_text((x, 76), "a", fontsize=6)
        page.insert_text((x + 4, 80), " of them.", fontsize=10)

    assert read(draw, tmp_path / "a.pdf").text == "In all we tested 12^a of them.\n"


def test_two_tables_side_by_side_have_captions_of_their_own(tmp_path: Path) -> None:
    def draw(pdf: pymupdf.Document) -> None:
        page = pdf.new_page()
        page.insert_text((70, 80), "Table 1. Cats.", fontsize=SIZE)
        page.insert_text((320, 80), "Table 2. Hens.", fontsize=SIZE)
        cells(page, (70, 150, 210), 96, (("Cat", "n", "Age"), ("Tom", "24", "3.1"), ("Tib", "26", "2.0")))
        cells(page, (320, 400, 460), 96, (("Hen", "n", "Mass"), ("Ada", "4", "13.1"), ("Eve", "6", "12.0")))

    tables = read(draw, tmp_path / "a.pdf").tables
    assert [table.caption for table in tables] == ["Table 1. Cats.", "Table 2. Hens."]
    assert [table.rows[1] for table in tables] == [("Tom", "24", "3.1"), ("Ada", "4", "13.1")]

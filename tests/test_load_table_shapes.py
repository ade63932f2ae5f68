"""Tables of PDFs of the rarer shapes: words set sideways, heads in the middle, captions beside, below and repeated."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pymupdf
import pytest

from dsx.types import Table
from tests.pdfs.make import column, words
from tests.test_load_tables import SIZE, cells, only, read, value

X = (90, 230, 330, 430)
HEADS = ("Measure", "Base", "Test", "P")
FIRST = (("Angle", "1.2", "22.4", ".01"), ("Time", "340", "360", ".20"), ("Errors", "2", "5", ".30"))
SECOND = (("Angle", "1.1", "20.4", ".02"), ("Time", "350", "365", ".25"), ("Errors", "3", "4", ".35"))


def rule(page: pymupdf.Page, y: float, x0: float = 60, x1: float = 500) -> None:
    page.draw_line((x0, y), (x1, y), width=0.6)


def ruled(page: pymupdf.Page, top: float, rows: Sequence[Sequence[str]], x: Sequence[float] = X) -> float:
    """Heads between two rules, rows and a last rule; returns its height."""
    rule(page, top, x[0] - 5)
    cells(page, x, top + 12, rows[:1])
    rule(page, top + 17, x[0] - 5)
    foot = cells(page, x, top + 29, rows[1:]) - 8
    rule(page, foot, x[0] - 5)
    return foot


def caption(page: pymupdf.Page, y: float, text: str = "Table 1. The two classes.", x: float = 70) -> None:
    page.insert_text((x, y), text, fontsize=SIZE)


def groups(table: Table) -> list[tuple[str, ...]]:
    """Of the first cell of each row."""
    return [cell.row_groups for cell in table.cells if not cell.column]


@pytest.mark.parametrize("turn", [90, 270])
def test_labels_set_sideways_name_the_groups_of_rows(tmp_path: Path, turn: int) -> None:
    def draw(pdf: pymupdf.Document) -> None:
        page = pdf.new_page()
        caption(page, 80)
        ruled(page, 86, (HEADS, *FIRST, *SECOND))
        for middle, word in ((126, "Abrupt"), (168, "Gradual")):
            half = pymupdf.get_text_length(word, "helv", SIZE) / 2
            page.insert_text((66, middle + half if turn == 90 else middle - half), word, fontsize=SIZE, rotate=turn)
        column(page, 70, 240, 440, "# Methods", words(9, 1))

    document = read(draw, tmp_path / "a.pdf")
    assert groups(only(document)) == [(), *[("Abrupt",)] * 3, *[("Gradual",)] * 3]
    assert "Gradual Time   350   365   .25\n" in document.text


def test_heads_set_sideways_stand_over_their_columns(tmp_path: Path) -> None:
    def draw(pdf: pymupdf.Document) -> None:
        page = pdf.new_page()
        caption(page, 80)
        rule(page, 86)
        page.insert_text((90, 135), "Class", fontsize=SIZE)
        for x, *lines in ((236, "Early", "lessons"), (336, "Late", "lessons"), (436, "Rest")):
            for at, line in enumerate(lines):
                page.insert_text((x + 11 * at, 135), line, fontsize=SIZE, rotate=90)
        rule(page, 140)
        cells(page, X, 152, FIRST)
        rule(page, 190)

    table = only(read(draw, tmp_path / "a.pdf"))
    assert table.rows[0] == ("Class", "Early lessons", "Late lessons", "Rest")
    assert value(table, "Time", "Late lessons") == ["360"]


def test_titles_of_parts_and_heads_that_stand_again(tmp_path: Path) -> None:
    def draw(pdf: pymupdf.Document) -> None:
        page = pdf.new_page()
        caption(page, 80)
        y = 86.0
        for title, rows in (("Panel A: The young", FIRST), ("Panel B: The old", SECOND)):
            rule(page, y, X[0] - 5)
            page.insert_text((240, y + 11), title, fontsize=SIZE)
            y = ruled(page, y + 16, (HEADS, *rows))

    table = only(read(draw, tmp_path / "a.pdf"))
    assert [cell.row_groups for cell in table.cells if cell.text in ("1.2", "1.1")] == [
        ("Panel A: The young",),
        ("Panel B: The old",),
    ]
    assert {cell.column_heads for cell in table.cells if cell.text in ("1.2", "1.1")} == {("Base",)}


def test_other_heads_in_the_middle_make_a_table_of_their_own(tmp_path: Path) -> None:
    def draw(pdf: pymupdf.Document) -> None:
        page = pdf.new_page()
        caption(page, 80)
        foot = ruled(page, 86, (("Women", "Base", "Test", "P"), *FIRST))
        ruled(page, foot, (("Men", "Before", "After", "Change"), *SECOND))

    first, second = read(draw, tmp_path / "a.pdf").tables
    assert value(first, "Time", "Test") == ["360"]
    assert value(second, "Time", "After") == ["365"]


def test_a_caption_may_say_that_its_table_goes_on(tmp_path: Path) -> None:
    def draw(pdf: pymupdf.Document) -> None:
        for number in range(3):
            page = pdf.new_page()
            caption(page, 80, "Table 1. Subjects." if not number else "Table 1. (continued)")
            rows = [(f"S{3 * number + at}", f"{20 + at}", f"{7 * at}", f"0.{number}{at}") for at in range(1, 4)]
            ruled(page, 86, (("Subject", "Age", "Dose", "Score"), *rows))

    table = only(read(draw, tmp_path / "a.pdf"))
    assert [row[0] for row in table.rows] == ["Subject", *(f"S{at}" for at in range(1, 10))]
    assert value(table, "S9", "Score") == ["0.23"]


def test_rows_at_the_edges_of_pages_are_no_running_heads(tmp_path: Path) -> None:
    def draw(pdf: pymupdf.Document) -> None:
        for number in range(3):
            page = pdf.new_page()
            if not number:
                caption(page, 60)
            rows = [(f"S{40 * number + at}", f"{20 + at}", f"{3 * at}", f"{at / 10}") for at in range(1, 41)]
            cells(page, X, 78, (("Subject", "Age", "Dose", "Score"), *rows), leading=16)

    table = only(read(draw, tmp_path / "a.pdf"))
    assert len(table.rows) == 121
    assert table.rows[80] == ("S80", "60", "120", "4.0")


def test_a_group_goes_on_over_a_page(tmp_path: Path) -> None:
    def draw(pdf: pymupdf.Document) -> None:
        page = pdf.new_page()
        column(page, 70, 60, 440, words(60, 1))
        caption(page, 690)
        rows = (HEADS, ("Abrupt",), ("    Angle", *FIRST[0][1:]), ("    Time", *FIRST[1][1:]))
        ruled(page, 696, rows)
        page = pdf.new_page()
        rows = (HEADS, ("    Errors", *FIRST[2][1:]), ("Gradual",), *((f"    {name}", *rest) for name, *rest in SECOND))
        foot = ruled(page, 60, rows)
        column(page, 70, foot + 40, 440, words(9, 2))

    assert groups(only(read(draw, tmp_path / "a.pdf"))) == [
        (),
        (),
        *[("Abrupt",)] * 3,
        (),
        *[("Gradual",)] * 3,
    ]


def test_captions_below_their_tables(tmp_path: Path) -> None:
    def draw(pdf: pymupdf.Document) -> None:
        page, top = pdf.new_page(), 60.0
        for number, rows in ((1, FIRST), (2, SECOND)):
            foot = ruled(page, top, (HEADS, *rows))
            caption(page, foot + 14, f"Table {number}: A class.")
            top = foot + 34

    first, second = read(draw, tmp_path / "a.pdf").tables
    assert (first.caption, value(first, "Time", "Base")) == ("Table 1: A class.", ["340"])
    assert (second.caption, value(second, "Time", "Base")) == ("Table 2: A class.", ["350"])


def test_a_caption_in_a_column_of_its_own(tmp_path: Path) -> None:
    def draw(pdf: pymupdf.Document) -> None:
        page = pdf.new_page()
        for at, line in enumerate(("Table 1.", "The classes of the", "second school.")):
            caption(page, 90 + 11 * at, line, x=50)
        ruled(page, 82, (HEADS, *FIRST), (190, 290, 370, 450))
        column(page, 50, 200, 440, words(9, 1))

    table = only(read(draw, tmp_path / "a.pdf"))
    assert table.caption == "Table 1. The classes of the second school."
    assert table.rows == (HEADS, *FIRST)


@pytest.mark.parametrize("name", ["eTable 2", "Supplementary Table 3", "Table 2-1", "Appendix Table 1", "Table S4"])
def test_tables_of_appendices_and_supplements(tmp_path: Path, name: str) -> None:
    def draw(pdf: pymupdf.Document) -> None:
        page = pdf.new_page()
        caption(page, 60)
        foot = ruled(page, 66, (HEADS, *FIRST))
        caption(page, foot + 30, f"{name}. More of them.")
        ruled(page, foot + 36, (HEADS, *SECOND))

    tables = read(draw, tmp_path / "a.pdf").tables
    assert [table.caption for table in tables] == ["Table 1. The two classes.", f"{name}. More of them."]


def test_a_caption_is_no_heading_and_cuts_no_sentence(tmp_path: Path) -> None:
    def draw(pdf: pymupdf.Document) -> None:
        page = pdf.new_page()
        column(page, 70, 60, 440, "# Methods", words(12, 1), "Then the cursor was turned about the start by a")
        page.insert_text((70, 240), "Table 2", fontsize=10, fontname="hebo")
        page.insert_text((70, 258), "Means of the Classes", fontsize=10, fontname="heit")
        ruled(page, 264, (HEADS, *FIRST))
        column(page, 70, 350, 440, "fixed angle, as before. " + words(9, 2))

    document = read(draw, tmp_path / "a.pdf")
    assert only(document).caption == "Table 2 Means of the Classes"
    assert [section.title for section in document.sections] == ["Methods"]
    assert "by a fixed angle, as before." in document.text


def typeset(path: Path, x: Sequence[float], *rows: Sequence[str]) -> Table:
    def draw(pdf: pymupdf.Document) -> None:
        page = pdf.new_page()
        caption(page, 80)
        ruled(page, 86, rows, x)
        column(page, 70, 240, 440, "# Methods", words(9, 1))

    return only(read(draw, path))


def test_dots_that_lead_to_the_numbers_are_no_label(tmp_path: Path) -> None:
    rows = [("Age, years . . . . . . . .", "23.4", "24.1", ".3"), ("Boys, No. (%)........", "12 (50)", "13 (50)", ".9")]
    table = typeset(tmp_path / "a.pdf", X, HEADS, *rows)
    assert [row[0] for row in table.rows] == ["Measure", "Age, years", "Boys, No. (%)"]


def test_a_column_of_brackets_under_a_head_of_its_own(tmp_path: Path) -> None:
    rows = [
        ("Angle", "0.45", "[0.1, 0.8]", ".001"),
        ("Time", "3.0", "[1.0, 5.0]", ".005"),
        ("Age", "1", "[0, 2]", ".1"),
    ]
    table = typeset(tmp_path / "a.pdf", (70, 200, 230, 330), ("Outcome", "b", "95% CI", "P"), *rows)
    assert value(table, "Time", "95% CI") == ["[1.0, 5.0]"]
    assert value(table, "Time", "b") == ["3.0"]


def test_a_head_over_several_columns_makes_no_column(tmp_path: Path) -> None:
    x = (70, 160, 200, 250, 290, 350, 390, 440, 480)

    def draw(pdf: pymupdf.Document) -> None:
        page = pdf.new_page()
        caption(page, 80)
        for middle, head, y in (
            (235, "Young", 98),
            (425, "Old", 98),
            *zip((187, 277, 377, 467), "ABAB", (113,) * 4, strict=True),
        ):
            page.insert_text((middle - pymupdf.get_text_length(head, "helv", SIZE) / 2, y), head, fontsize=SIZE)
        for left, right, y in ((155, 315, 102), (345, 505, 102), *((at, at + 70, 117) for at in (155, 245, 345, 435))):
            rule(page, y, left, right)
        cells(page, x, 128, (("Measure", *["M", "SD"] * 4), ("Angle", *map(str, range(1, 9))), ("Time", *"23456789")))

    table = only(read(draw, tmp_path / "a.pdf"))
    assert {len(row) for row in table.rows} == {9}
    assert value(table, "Angle", "Old", "B", "SD") == ["8"]


def test_a_line_up_the_pages_edge_is_no_label(tmp_path: Path) -> None:
    def draw(pdf: pymupdf.Document) -> None:
        page = pdf.new_page()
        caption(page, 80)
        ruled(page, 86, (HEADS, *FIRST, *SECOND))
        page.insert_text((40, 700), "Downloaded by a guest on a day in May", fontsize=7, rotate=90)
        column(page, 70, 240, 440, words(9, 1))

    document = read(draw, tmp_path / "a.pdf")
    assert "Downloaded" not in document.text
    assert set(groups(only(document))) == {()}


def test_a_caption_at_the_foot_of_the_page_before(tmp_path: Path) -> None:
    def draw(pdf: pymupdf.Document) -> None:
        page = pdf.new_page()
        column(page, 70, 60, 440, words(40, 1))
        caption(page, 760)
        page = pdf.new_page()
        foot = ruled(page, 60, (HEADS, *FIRST))
        column(page, 70, foot + 40, 440, words(9, 2))

    document = read(draw, tmp_path / "a.pdf")
    assert (only(document).caption, only(document).rows) == ("Table 1. The two classes.", (HEADS, *FIRST))
    assert "tables_unread" not in document.metadata

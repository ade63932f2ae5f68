"""Heads of groups of rows: what the rows below them know and say."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy
import pymupdf
import pytest

from dsx.load.html import grids_of
from dsx.load.pdf import load_pdf
from dsx.load.plain import load_plain
from dsx.types import Document, Table

Printed = Sequence[tuple[float, str, tuple[str, ...]]]
"""Of each row: how far its label is set in, in points, the label, and the other cells."""


def typeset(path: Path, rows: Printed, bold: Sequence[str] = ()) -> Document:
    with pymupdf.open() as pdf:
        page = pdf.new_page()
        page.insert_text((70, 80), "Table 1. Angles of the hand.", fontsize=9)
        for at, (indent, label, cells) in enumerate(rows):
            page.insert_text(
                (70 + indent, 100 + 14 * at), label, fontsize=9, fontname="hebo" if label in bold else "helv"
            )
            for column, cell in enumerate(cells):
                page.insert_text((230 + 120 * column, 100 + 14 * at), cell, fontsize=9)
        pdf.save(path)
    return load_pdf(path)


def paths(table: Table) -> list[str]:
    """The label path of each row that has cells."""
    found = {cell.row: (*cell.row_groups, cell.row_head) for cell in table.cells if cell.row_head}
    return [" / ".join(path) for path in found.values()]


HEADS = (0.0, "Phase", ("Abrupt", "Gradual"))


def test_rows_below_a_row_of_its_own(tmp_path: Path) -> None:
    rows = [HEADS, (0, "Baseline", ()), (0, "Hand", ("1.1", "2.1")), (0, "Aim", ("3.1", "4.1"))]
    rows += [(0, "Test", ()), (0, "Hand", ("5.1", "6.1"))]
    document = typeset(tmp_path / "a.pdf", rows)
    (table,) = document.tables
    assert paths(table) == ["Baseline / Hand", "Baseline / Aim", "Test / Hand"]
    assert (
        "\nBaseline\nBaseline Hand   1.1   2.1\nBaseline Aim   3.1   4.1\nTest\nTest Hand   5.1   6.1\n"
        in document.text
    )
    assert table.rows[2] == ("Hand", "1.1", "2.1")
    start = document.text.index("Baseline Aim")
    printed = document.char_boxes[document.text.index("Baseline") :][:8]
    assert numpy.array_equal(document.char_boxes[start : start + 8], printed)


def test_an_indent_ends_where_it_ends(tmp_path: Path) -> None:
    rows = [HEADS, (0, "Age", ("23", "24")), (0, "Sex", ()), (9, "Male", ("12", "13")), (9, "Female", ("11", "10"))]
    rows += [(0, "Errors", ("5", "6")), (9, "Late", ("2", "3")), (0, "Weight", ("70", "71"))]
    (table,) = typeset(tmp_path / "a.pdf", rows).tables
    assert paths(table) == ["Age", "Sex / Male", "Sex / Female", "Errors", "Errors / Late", "Weight"]


def test_bold_rows_head_those_below(tmp_path: Path) -> None:
    rows = [HEADS, (0, "Everybody", ("99", "98")), (0, "Sex", ()), (0, "Male", ("12", "13"))]
    rows += [(0, "Hand", ()), (0, "Left", ("1", "2"))]
    (table,) = typeset(tmp_path / "a.pdf", rows, bold=("Sex", "Hand")).tables
    assert paths(table) == ["Everybody", "Sex / Male", "Hand / Left"]


def test_a_row_whose_cells_are_missing_heads_nothing(tmp_path: Path) -> None:
    rows = [HEADS, (0, "Age", ("23", "24")), (0, "Weight", ()), (0, "Height", ("1.8", "1.7")), (0, "Reach", ("2", "3"))]
    (table,) = typeset(tmp_path / "a.pdf", rows).tables
    assert paths(table) == ["Age", "Height", "Reach"]


def test_labels_in_the_middle_or_flush_right_are_no_indents(tmp_path: Path) -> None:
    labels = ("Age", "Reaction time", "Path")
    middle = [40 - pymupdf.get_text_length(label, fontsize=9) / 2 for label in labels]
    rows = [HEADS, *((start, label, ("23", "24")) for start, label in zip(middle, labels, strict=True))]
    (table,) = typeset(tmp_path / "a.pdf", rows).tables
    assert paths(table) == ["Age", "Reaction time", "Path"]


def test_a_label_that_several_rows_share(tmp_path: Path) -> None:
    rows = [(0.0, "Group", ("Phase", "Hand")), (0, "Abrupt", ("Early", "1.1")), (0, "", ("Late", "2.1"))]
    rows += [(0, "Gradual", ("Early", "3.1")), (0, "", ("Late", "4.1"))]
    document = typeset(tmp_path / "a.pdf", rows)
    (table,) = document.tables
    assert paths(table)[1::2] == ["Abrupt / Late", "Gradual / Late"]
    assert "\nAbrupt   Late   2.1\n" in document.text
    assert table.rows[2][0] == ""


@pytest.mark.parametrize(
    "body",
    [
        "<tr><td colspan=3>Sex</td></tr><tr><td>Male</td><td>1</td><td>2</td></tr>",
        "<tr><th colspan=3>Sex</th></tr><tr><th>Male</th><td>1</td><td>2</td></tr>",
        "<tr><td>Sex</td><td></td><td></td></tr><tr><td>&emsp;Male</td><td>1</td><td>2</td></tr>",
        "<tr><td>Sex</td><td></td></tr><tr><td style='padding-left:10px'>Male</td><td>1</td><td>2</td></tr>",
        "<tr><td>Sex</td><td></td></tr><tr><td class='indent1'>Male</td><td>1</td><td>2</td></tr>",
        "<tr><td><b>Sex</b></td><td></td></tr><tr><td>Male</td><td>1</td><td>2</td></tr>",
    ],
)
def test_heads_of_rows_in_markup(body: str) -> None:
    head = "<tr><th>Measure</th><th>Cases</th><th>Controls</th></tr><tr><td>Age</td><td>23</td><td>24</td></tr>"
    (grid,) = grids_of(f"<table>{head}{body}</table>")
    assert [*grid.texts()][2:] == ["Sex", "Sex Male   1   2"]
    assert len(grid.heads) == 1


def test_heads_of_rows_in_markdown(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text(
        "# T\n\n| M | A |\n|---|---|\n| **Hand** | |\n| Early | 1 |\n| **Aim** | |\n| Early | 2 |\n"
    )
    (table,) = load_plain(tmp_path / "a.md").tables
    assert paths(table) == ["Hand / Early", "Aim / Early"]


def test_heads_of_rows_in_the_middle_of_the_table(tmp_path: Path) -> None:
    rows = [HEADS, (0, "Hand", ("1.1", "2.1")), (150, "Study 2", ()), (0, "Hand", ("5.1", "6.1"))]
    (table,) = typeset(tmp_path / "a.pdf", rows).tables
    assert paths(table) == ["Hand", "Study 2 / Hand"]
    assert table.rows[1] == ("Hand", "1.1", "2.1")

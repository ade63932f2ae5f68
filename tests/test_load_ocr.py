"""Pages that are pictures of text: upright and turned, in columns, with a table; what rests on them is flagged."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pymupdf
import pytest

from dsx.ground.locate import locate
from dsx.load import flagged
from dsx.load.pdf import load_pdf
from dsx.types import Document, Evidence, Flag, Record, Status, Value
from tests.pdfs.make import column, words

needs_tesseract = pytest.mark.skipif(
    shutil.which("tesseract") is None, reason="tesseract is not installed: apt-get install tesseract-ocr"
)
SIDE = 400
"""Width and height of the pages, in points: Tesseract takes about a second for one."""
TOLD = "Twenty people reached for a target."
ROWS = (
    ("Measure", "Abrupt", "Gradual"),
    ("Children", "24", "26"),
    ("Age (years)", "9.4", "9.1"),
    ("Left out", "2", ""),
    ("Girls", "11", "14"),
)


def two_columns(page: pymupdf.Page) -> None:
    column(page, 20, 40, 170, "# Methods", TOLD, words(6, 1))
    column(page, 210, 40, 170, words(5, 2), "# Results", "Nobody of the 20 people gave up.")


def with_table(page: pymupdf.Page) -> None:
    page.insert_text((20, 40), "Table 1. The two classes of the school.", fontsize=10)
    for at, row in enumerate(ROWS):
        for x, cell in zip((20, 160, 280), row, strict=True):
            page.insert_text((x, 60 + 15 * at), cell, fontsize=10)
    column(page, 20, 160, 360, "# Methods", TOLD, words(8, 1))


def scan(draw: Callable[[pymupdf.Page], None], path: Path, turn: int, layer: str = "") -> Path:
    """A page as a picture, its text turned to the left by so many quarters. layer: text without ink over it."""
    with pymupdf.open() as source, pymupdf.open() as pdf:
        page = source.new_page(width=SIDE, height=SIDE)
        draw(page)
        picture = page.get_pixmap(matrix=pymupdf.Matrix(200 / 72, 200 / 72).prerotate(-90 * turn), colorspace="gray")
        sheet = pdf.new_page(width=SIDE, height=SIDE)
        sheet.insert_image(sheet.rect, pixmap=picture)
        if layer:
            sheet.insert_text((20, 60), layer, fontsize=10, render_mode=3)
        pdf.save(path)
    return path


@needs_tesseract
@pytest.mark.slow
@pytest.mark.parametrize("turn", range(4))
def test_two_columns_are_read_however_the_page_was_scanned(turn: int, tmp_path: Path) -> None:
    document = load_pdf(scan(two_columns, tmp_path / "scan.pdf", turn))
    assert [section.kind for section in document.sections] == ["methods", "results"]
    assert document.text.startswith(f"Methods\n{TOLD}\n")
    assert document.text.index("Nobody of the 20 people gave up.") > document.text.index("Results")
    evidence = locate(TOLD, document)
    assert evidence is not None
    (box,) = evidence.boxes  # one line of print
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    left, top = ((x, y), (SIDE - y, x), (SIDE - x, SIDE - y), (y, SIDE - x))[turn]
    assert left == pytest.approx(105, abs=12)
    assert top == pytest.approx(64, abs=6)


@needs_tesseract
@pytest.mark.slow
@pytest.mark.parametrize("turn", [0, 3])
def test_a_scanned_table_is_a_table(turn: int, tmp_path: Path) -> None:
    document = load_pdf(scan(with_table, tmp_path / "scan.pdf", turn))
    (table,) = document.tables
    assert table.rows == ROWS
    cells = {(cell.row_head, cell.column_heads): cell.text for cell in table.cells}
    assert cells["Left out", ("Abrupt",)] == "2"


def value_at(document: Document, quote: str) -> Value:
    return Value(20, Status.STATED, evidence=locate(quote, document))


def flags_of(document: Document, value: Value, label: Evidence | None = None) -> tuple[Flag, ...]:
    return flagged(Record(None, "paper", {"n": value}, label), document).values["n"].flags


def test_what_rests_on_text_laid_over_a_picture_is_flagged(tmp_path: Path) -> None:
    """Such text is somebody else's reading of the picture; no Tesseract is needed."""
    scan(two_columns, tmp_path / "scan.pdf", 0, layer=f"{TOLD} 30 of them came back.")
    with pymupdf.open(tmp_path / "scan.pdf") as pdf:
        pdf.new_page(width=SIDE, height=SIDE).insert_text((20, 60), "The 12 others were born in print.", fontsize=10)
        pdf.saveIncr()
    document = load_pdf(tmp_path / "scan.pdf")
    assert [page.ocr for page in document.pages] == [True, False]
    read, printed = value_at(document, TOLD), value_at(document, "The 12 others")
    assert flags_of(document, read) == (Flag("ocr"),)
    assert flags_of(document, printed) == flags_of(document, printed, label=read.evidence) == ()
    unquoted = replace(read, evidence=None)
    assert flags_of(document, unquoted) == ()
    only = replace(document, char_pages=document.char_pages.clip(max=1))
    assert flags_of(only, unquoted) == (Flag("ocr"),)
    assert flags_of(only, replace(unquoted, value=None, status=Status.NOT_REPORTED)) == ()

"""The sample paper and small PDFs of our own making: the same text, pages and boxes as by PyMuPDF."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy
import pymupdf
import pytest

from dsx.plugin_api import Document, LoadError
from dsx.plugin_api.loaders import locate
from dsx.plugin_api.testing import load_plugins, read_document

SAMPLE = Path(__file__).parents[3] / "examples" / "papers" / "sample.pdf"
WORDS = "Sixteen people took part in it."


def load(path: Path, name: str = "pdfium") -> Document:
    """As a run loads it, in a subprocess."""
    return read_document(path, name)


@pytest.fixture(scope="module")
def sample() -> Document:
    return load(SAMPLE)


@pytest.fixture(scope="module")
def same() -> Document:
    return load(SAMPLE, "pymupdf")


def written(path: Path, *lines: tuple[float, float, str, float]) -> Path:
    """A page of (x, y, text, size)."""
    with pymupdf.open() as pdf:
        page = pdf.new_page(width=400, height=600)
        for x, y, text, size in lines:
            page.insert_text((x, y), text, fontsize=size)
        pdf.save(path)
    return path


def test_the_sample_reads_as_by_pymupdf(sample: Document, same: Document) -> None:
    words, others = sample.text.split(), same.text.split()
    assert sorted(words) == sorted(others)
    headings = [(section.kind, section.title) for section in sample.sections]
    assert headings == [(section.kind, section.title) for section in same.sections]
    assert [table.rows for table in sample.tables] == [table.rows for table in same.tables]
    assert [(page.width, page.height) for page in sample.pages] == [(page.width, page.height) for page in same.pages]
    assert sample.metadata.items() <= same.metadata.items()
    assert "title" in sample.metadata


def test_every_printed_character_of_the_sample_has_a_box(sample: Document) -> None:
    printed = numpy.array([not letter.isspace() for letter in sample.text])
    assert not numpy.isnan(sample.char_boxes[printed]).any()


@pytest.mark.parametrize(
    "quote",
    [
        "Twenty-four participants took part in Experiment 1",
        "mean age 31.6 ± 7.4 years",
        "rotations of 20° to 70°",
    ],
)
def test_a_quote_is_where_pymupdf_finds_it(sample: Document, same: Document, quote: str) -> None:
    one, other = locate(quote, sample), locate(quote, same)
    assert one is not None
    assert other is not None
    assert one.page == other.page
    assert len(one.boxes) == len(other.boxes)
    for mine, theirs in zip(one.boxes, other.boxes, strict=True):
        assert mine == pytest.approx(theirs, abs=3)  # points: fonts' heights are told differently


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_boxes_stand_on_the_page_as_it_is_shown(tmp_path: Path, rotation: int) -> None:
    path = tmp_path / "turned.pdf"
    with pymupdf.open() as pdf:
        page = pdf.new_page(width=400, height=600)
        page.insert_text((200, 300), WORDS, fontsize=11, rotate=rotation)
        page.insert_text((50, 50), "Downloaded by nobody", fontsize=11, rotate=rotation + 90)
        page.set_rotation(rotation)
        x, y = pymupdf.Point(200, 300) * page.rotation_matrix
        pdf.save(path)
    document = load(path)
    assert document.text == f"{WORDS}\n"
    assert (document.pages[0].width, document.pages[0].height) == ((600, 400) if rotation % 180 else (400, 600))
    x0, y0, x1, y1 = document.char_boxes[0]
    assert x0 - 1 <= x < x1
    assert y0 < y - 5 < y <= y1


def test_a_cropped_page_counts_from_its_crop(tmp_path: Path) -> None:
    path = written(tmp_path / "whole.pdf", (50, 100, WORDS, 11))
    with pymupdf.open(path) as pdf:
        pdf[0].set_cropbox(pymupdf.Rect(30, 40, 350, 500))
        pdf.save(tmp_path / "crop.pdf")
    document = load(tmp_path / "crop.pdf")
    assert (document.pages[0].width, document.pages[0].height) == (320, 460)
    assert document.char_boxes[0][0] == pytest.approx(20, abs=2)
    assert document.char_boxes[0][3] == pytest.approx(60, abs=5)


def test_a_raised_number_is_no_digit_of_the_number_before_it(tmp_path: Path) -> None:
    width = pymupdf.get_text_length("The age was 45", fontsize=12)
    path = written(tmp_path / "raised.pdf", (50, 100, "The age was 45", 12), (50 + width, 95, "3", 7))
    assert load(path).text == "The age was 45^3\n"


def test_a_word_broken_at_a_lines_end_is_whole(tmp_path: Path) -> None:
    path = written(tmp_path / "broken.pdf", (50, 100, "All took part in the experi-", 11), (50, 113, "ment.", 11))
    assert load(path).text == "All took part in the experiment.\n"


SECRET = "There were 901 of them."


def cover(page: Any) -> None:
    page.insert_text((50, 200), SECRET)
    page.draw_rect((40, 180, 300, 210), color=None, fill=(1, 1, 1))


def on_a_layer(page: Any) -> None:
    page.insert_text((50, 200), SECRET, oc=page.parent.add_ocg("notes", on=False))


def on_black(page: Any) -> None:
    page.draw_rect((40, 180, 300, 210), color=None, fill=(0, 0, 0))
    page.insert_text((50, 200), SECRET, color=(1, 1, 1))


@pytest.mark.parametrize(
    ("draw", "why"),
    [
        (lambda page: page.insert_text((50, 200), SECRET, color=(1, 1, 1)), "white"),
        (lambda page: page.insert_text((50, 200), SECRET, fontsize=0.5), "tiny"),
        (lambda page: page.insert_text((50, 200), SECRET, render_mode=3), "without ink"),
        (lambda page: page.insert_text((50, 900), SECRET), "off the page"),
        (cover, "covered"),
        (on_a_layer, "hidden layer"),
        (on_black, None),
    ],
)
def test_what_no_reader_sees_is_kept_apart_as_by_pymupdf(draw: Any, why: str | None, tmp_path: Path) -> None:
    with pymupdf.open() as pdf:
        page = pdf.new_page(width=400, height=600)
        draw(page)
        page.insert_text((50, 100), WORDS)
        pdf.save(tmp_path / "hiding.pdf")
    for loader in ("pdfium", "pymupdf"):
        document = load(tmp_path / "hiding.pdf", loader)
        assert WORDS in document.text
        assert (SECRET in document.text) is (why is None)
        assert [(piece.text, piece.why) for piece in document.hidden] == ([(SECRET, why)] if why else [])


def test_text_laid_over_a_scan_is_ocr(tmp_path: Path) -> None:
    written(tmp_path / "printed.pdf", (50, 100, WORDS, 11))
    with pymupdf.open(tmp_path / "printed.pdf") as source, pymupdf.open() as pdf:
        page = pdf.new_page(width=400, height=600)
        page.insert_image(page.rect, pixmap=source[0].get_pixmap(dpi=100))
        page.insert_text((50, 100), WORDS, fontsize=11, render_mode=3)
        pdf.save(tmp_path / "scan.pdf")
    document = load(tmp_path / "scan.pdf")
    assert document.text == f"{WORDS}\n"
    assert document.pages[0].ocr
    assert not load(tmp_path / "printed.pdf").pages[0].ocr


def test_a_capital_that_is_let_in_is_a_letter_of_its_word(tmp_path: Path) -> None:
    lines = ((80, 86, "e tested the children of one", 10), (80, 98, "school, all of whom", 10))
    path = written(tmp_path / "capital.pdf", (50, 100, "W", 30), *lines, (50, 110, "were willing.", 10))
    assert "We tested the children of one" in load(path).text


def test_line_numbers_close_to_their_lines_are_no_text(tmp_path: Path) -> None:
    lines = [
        (90, 60 + 20 * at, f"{'Many' if at % 2 else 'A few'} of the {at + 30} kettles leaked,", 10) for at in range(12)
    ]
    numbers = [(85 - 5 * len(str(at + 1)), 60 + 20 * at, str(at + 1), 9) for at in range(12)]
    pairs = [part for pair in zip(numbers, lines, strict=True) for part in pair]
    document = load(written(tmp_path / "numbered.pdf", *pairs))
    assert [int(word) for word in document.text.split() if word.isdigit()] == list(range(30, 42))


def test_attachments_are_named(tmp_path: Path) -> None:
    written(tmp_path / "cover.pdf", (50, 100, WORDS, 11))
    with pymupdf.open(tmp_path / "cover.pdf") as pdf:
        pdf.embfile_add("paper.pdf", b"%PDF-1.7")
        pdf.save(tmp_path / "portfolio.pdf")
    assert load(tmp_path / "portfolio.pdf").metadata["attachments"].startswith("paper.pdf: not read")


@pytest.mark.parametrize(
    ("content", "reason"), [(b"%PDF-1.7\nnothing", "not a readable PDF"), (SAMPLE.read_bytes()[:20000], "PDF")]
)
def test_a_damaged_file_is_named(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "bad.pdf"
    path.write_bytes(content)
    with pytest.raises(LoadError, match=rf"bad\.pdf: .*{reason}"):
        load(path)


def test_locked_and_empty_ones_are_named(tmp_path: Path) -> None:
    with pymupdf.open(SAMPLE) as pdf:
        pdf.save(tmp_path / "locked.pdf", encryption=pymupdf.PDF_ENCRYPT_AES_256, user_pw="x", owner_pw="y")
        pdf.save(tmp_path / "open.pdf", encryption=pymupdf.PDF_ENCRYPT_AES_256, user_pw="", owner_pw="y")
    with pytest.raises(LoadError, match="locked by a password"):
        load(tmp_path / "locked.pdf")
    assert "Twenty-four participants" in load(tmp_path / "open.pdf").text
    with pytest.raises(LoadError, match="no text on its pages"):
        load(written(tmp_path / "blank.pdf"))


def test_it_takes_pdfs_only_where_pymupdf_is_not_and_then_imports_nothing_of_it(tmp_path: Path) -> None:
    assert load_plugins().find_loader(SAMPLE) == "pymupdf"
    (tmp_path / "sitecustomize.py").write_text(
        "import importlib.util, sys\n"
        "found = importlib.util.find_spec\n"
        "importlib.util.find_spec = lambda name, *more: None if name == 'pymupdf' else found(name, *more)\n"
        "sys.modules['pymupdf'] = None\n"
    )
    program = (
        "import sys; from pathlib import Path; from dsx.plugin_api.testing import load_plugins; p = load_plugins()"
        "; f = Path(sys.argv[1]); n = p.find_loader(f); print(n, 'Twenty-four' in p.loaders[n].load(f).text)"
    )
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "DSX_PLUGINS": "pdfium"}
    done = subprocess.run(
        [sys.executable, "-c", program, str(SAMPLE)], env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.stdout == "pdfium True\n", done.stderr


def test_a_ligature_of_three_letters_parts_no_word(tmp_path: Path) -> None:
    with pymupdf.open() as pdf:
        pdf.new_page().insert_htmlbox((50, 50, 400, 300), "<p>Eighty-two co\ufb03ns stood ba\ufb04ed.</p>")
        pdf.save(tmp_path / "a.pdf")
    assert load(tmp_path / "a.pdf").text == "Eighty-two coffins stood baffled.\n"


@pytest.mark.parametrize("rotation", [90, 270])
def test_lines_that_run_up_or_down_come_in_their_order(tmp_path: Path, rotation: int) -> None:
    with pymupdf.open() as pdf:
        page = pdf.new_page()
        for at, line in enumerate(("First there were two kettles", "of which one had a lid", "and was hot by noon.")):
            place = (100 + 13 * at, 700) if rotation == 90 else (500 - 13 * at, 60)
            page.insert_text(place, line, fontsize=10, rotate=rotation)
        pdf.save(tmp_path / "a.pdf")
    text = load(tmp_path / "a.pdf").text
    assert text == "First there were two kettles of which one had a lid and was hot by noon.\n"
    assert load(tmp_path / "a.pdf", "pymupdf").text == text

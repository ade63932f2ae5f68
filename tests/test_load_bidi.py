"""load/bidi.py: lines that run right to left are read in their order, with their numbers as they stand."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

import dsx
from dsx.ground.numbers import find_numbers
from dsx.load.bidi import as_read
from dsx.load.lines import line_of

DRAWN = {  # from left to right, as a reader sees it → as it is read
    "Hebrew": ("." + "מהם"[::-1] + " 2.5 " + "נבדקים"[::-1] + " 32 " + "בניסוי"[::-1], "בניסוי 32 נבדקים 2.5 מהם."),
    "Arabic": ("." + "يوما"[::-1] + " 3.5 " + "متطوعا"[::-1] + " 40 " + "شارك"[::-1], "شارك 40 متطوعا 3.5 يوما."),
    "Arabic digits": (
        "." + "يوما"[::-1] + " ٣٫٥ " + "متطوعا"[::-1] + " ٤٠ " + "شارك"[::-1],
        "شارك ٤٠ متطوعا ٣٫٥ يوما.",
    ),
    "thousands": ("متطوعا"[::-1] + " 1,240 " + "شارك"[::-1], "شارك 1,240 متطوعا"),
    "Latin in brackets": ("." + "שנים"[::-1] + " (SD = 4.2) " + "גיל"[::-1], "גיל (SD = 4.2) שנים."),
    "a range in Arabic": ("شهرا"[::-1] + " 18-12 " + "عمر"[::-1], "عمر 12-18 شهرا"),
    "a range in Hebrew": ("שנים"[::-1] + " 12-18 " + "גיל"[::-1], "גיל 12-18 שנים"),
    "English": ("Of 12 words " + "שלום עולם"[::-1] + " is one (3 %).", "Of 12 words שלום עולם is one (3 %)."),
    "a number at the end": ("32 " + "נבדקים"[::-1], "נבדקים 32"),
}


@pytest.mark.parametrize("name", DRAWN)
@pytest.mark.parametrize("turned", ["nothing", "words", "all"])
def test_characters_are_read_in_their_order_however_they_are_stored(name: str, turned: str) -> None:
    drawn, read = DRAWN[name]
    places: Sequence[int] = range(len(drawn))
    if turned == "words":  # as MuPDF does it
        ends = [at for at in places if drawn[at].isspace()] + [len(drawn)]
        starts = [0, *(at + 1 for at in ends[:-1])]
        words = [range(start, end) for start, end in zip(starts, ends, strict=True)]
        is_right = [any("\u0590" <= drawn[at] <= "\u06ff" and drawn[at].isalpha() for at in word) for word in words]
        turns = [reversed(word) if right else word for word, right in zip(words, is_right, strict=True)]
        places = [at for turn, end in zip(turns, ends, strict=True) for at in (*turn, end) if at < len(drawn)]
    elif turned == "all":
        places = list(reversed(places))
    stored = as_read([drawn[at] for at in places], [(6.0 * at, 0.0, 6.0 * at + 5, 9.0) for at in places])
    assert stored is not None
    text, boxes = stored
    assert "".join(text) == read
    assert sorted(boxes) == [(6.0 * at, 0.0, 6.0 * at + 5, 9.0) for at in range(len(drawn))]
    for letter, box in zip(text, boxes, strict=True):
        assert letter == drawn[round(box[0] / 6)] or letter in "()"


def test_a_line_that_runs_left_to_right_is_left_alone() -> None:
    assert as_read(list("12 people (3 %)"), [(0.0, 0.0, 1.0, 1.0)] * 15) is None


def test_numbers_of_a_pdf_stand_where_they_are_read(tmp_path: Path) -> None:
    import pymupdf

    with pymupdf.open() as document:
        page = document.new_page()
        writer = pymupdf.TextWriter(page.rect)
        for at, name in enumerate(("Hebrew", "Arabic", "Arabic digits", "thousands", "Latin in brackets")):
            writer.append((72, 100 + 60 * at), DRAWN[name][0], font=pymupdf.Font("helv"), fontsize=12)
        writer.write_text(page)
        document.save(tmp_path / "paper.pdf")
    read = dsx.load_document(tmp_path / "paper.pdf")
    assert read.text.splitlines() == [DRAWN[name][1] for name in list(DRAWN)[:5]]
    assert [float(mention.value) for mention in find_numbers(read)] == [32, 2.5, 40, 3.5, 40, 3.5, 1240, 4.2]


def test_a_line_that_runs_up_the_page_stays_as_it_is_stored() -> None:
    stored = "שלום 12"
    characters = [{"c": letter, "bbox": (0.0, 90.0 - 6 * at, 9.0, 96.0 - 6 * at)} for at, letter in enumerate(stored)]
    span = {"chars": characters, "font": "any", "size": 9.0, "flags": 0}
    line = line_of(1, 0, {"spans": [span], "bbox": (0.0, 50.0, 9.0, 96.0), "dir": (0.0, -1.0)})
    assert line is not None
    assert line.text == stored

"""What no reader sees is told apart, shown to the model on request only, and never the unnamed ground of a value."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import pymupdf
import pytest

from dsx.load import flagged, with_hidden
from dsx.load.html import load_html
from dsx.load.keep import read_document, write_document
from dsx.load.pdf import load_pdf
from dsx.pipeline import Pipeline
from dsx.plugins import load_plugins
from dsx.recipe import Recipe
from dsx.schema import read
from dsx.types import Completion, Document, EngineSettings, Flag, PaperResult, Question
from tests.conftest import fill_alone

SEEN = "In all, 12 people reached to 8 targets."
SECRET = "There were 901 participants."
Draw = Callable[[Any], Any]


def _covered(page: Any) -> None:
    page.insert_text((72, 120), SECRET)
    page.draw_rect((60, 100, 400, 130), color=None, fill=(1, 1, 1))


def _picture(size: tuple[int, int], shade: int) -> Any:
    picture = pymupdf.Pixmap(pymupdf.csGRAY, pymupdf.IRect(0, 0, *size), False)
    picture.clear_with(shade)
    return picture


def _under_picture(page: Any) -> None:
    page.insert_text((72, 120), SECRET)
    page.insert_image((60, 100, 400, 130), pixmap=_picture((34, 3), 200))


def _blank_scan(page: Any) -> None:
    page.insert_image((0, 0, 595, 842), pixmap=_picture((59, 84), 255))
    page.insert_text((72, 120), SECRET, render_mode=3)


def _black_on_black(page: Any) -> None:
    page.draw_rect((60, 100, 400, 130), color=None, fill=(0, 0, 0))
    page.insert_text((72, 120), SECRET)


HIDING: dict[str, tuple[Draw, str]] = {
    "white": (lambda page: page.insert_text((72, 120), SECRET, color=(1, 1, 1)), "white"),
    "almost white": (lambda page: page.insert_text((72, 120), SECRET, color=(0.96, 0.96, 0.96)), "white"),
    "0.1 pt": (lambda page: page.insert_text((72, 120), SECRET, fontsize=0.1), "tiny"),
    "render mode 3": (lambda page: page.insert_text((72, 120), SECRET, render_mode=3), "without ink"),
    "transparent": (lambda page: page.insert_text((72, 120), SECRET, fill_opacity=0.02), "without ink"),
    "covered by white": (_covered, "covered"),
    "under a picture": (_under_picture, "covered"),
    "black on black": (_black_on_black, "covered"),
    "below the page": (lambda page: page.insert_text((72, 2000), SECRET), "off the page"),
    "invisible over a blank picture": (_blank_scan, "without ink"),
}
SHOWING: dict[str, Draw] = {
    "grey": lambda page: page.insert_text((72, 120), SECRET, color=(0.75, 0.75, 0.75)),
    "white on black": lambda page: (
        page.draw_rect((60, 100, 400, 130), color=None, fill=(0, 0, 0)),
        page.insert_text((72, 120), SECRET, color=(1, 1, 1)),
    ),
    "black on a grey row": lambda page: (
        page.draw_rect((60, 100, 400, 130), color=None, fill=(0.8, 0.8, 0.8)),
        page.insert_text((72, 120), SECRET),
    ),
    "under a marker's yellow": lambda page: (
        page.insert_text((72, 120), SECRET),
        page.draw_rect((60, 100, 400, 130), color=None, fill=(1, 1, 0), fill_opacity=0.4),
    ),
    "small print": lambda page: page.insert_text((72, 120), SECRET, fontsize=5),
}


def paper(path: Path, draw: Draw, rotation: int = 0) -> Document:
    """A page with a line that is seen and one more."""
    with pymupdf.open() as pdf:
        page = pdf.new_page()
        draw(page)
        page.insert_text((72, 72), SEEN)
        for line in range(5 if rotation else 0):  # a page that is turned as a whole
            page.insert_text(
                (72, 200 + 15 * line), f"Line {line} of a page whose lines all run up its side, as a table's."
            )
        page.set_rotation(rotation)
        pdf.save(path)
    return load_pdf(path)


@pytest.mark.parametrize("rotation", [0, 90])
@pytest.mark.parametrize("name", HIDING)
def test_what_no_reader_sees_is_no_text_but_is_kept(name: str, rotation: int, tmp_path: Path) -> None:
    draw, why = HIDING[name]
    document = paper(tmp_path / "a.pdf", draw, rotation)
    assert SEEN in document.text
    assert "901" not in document.text
    assert [(piece.text, piece.page, piece.why) for piece in document.hidden] == [(SECRET, 1, why)]
    write_document(document, tmp_path / "kept.npz")
    assert read_document(tmp_path / "kept.npz").hidden == document.hidden


@pytest.mark.parametrize("name", SHOWING)
def test_what_can_be_read_is_text(name: str, tmp_path: Path) -> None:
    document = paper(tmp_path / "a.pdf", SHOWING[name])
    assert SECRET in document.text
    assert document.hidden == ()


def test_text_over_a_scan_is_what_a_program_read_there(tmp_path: Path) -> None:
    with pymupdf.open() as drawn:
        page = drawn.new_page()
        page.insert_text((72, 72), SEEN)
        page.insert_text((72, 120), SECRET)
        scan = drawn[0].get_pixmap(dpi=100)

    def draw(page: Any) -> None:
        page.insert_image(page.rect, pixmap=scan)
        page.insert_text((72, 120), SECRET, render_mode=3)

    document = paper(tmp_path / "a.pdf", draw)
    assert SECRET in document.text
    assert document.hidden == ()


def test_a_layer_that_is_switched_off_is_kept_apart(tmp_path: Path) -> None:
    with pymupdf.open() as pdf:
        page = pdf.new_page()
        page.insert_text((72, 72), SEEN)
        page.insert_text((72, 120), SECRET, oc=pdf.add_ocg("answers", on=False))
        pdf.save(tmp_path / "a.pdf")
    document = load_pdf(tmp_path / "a.pdf")
    assert "901" not in document.text
    assert [(piece.text, piece.why) for piece in document.hidden] == [(SECRET, "hidden layer")]


@pytest.mark.parametrize(
    "hiding",
    [
        "hidden",
        'class="visually-hidden"',
        *(
            f'style="{style}"'
            for style in (
                "display: none",
                "visibility:hidden",
                "font-size: 0",
                "font-size:0.1px",
                "opacity:0",
                "position:absolute; left:-9999px",
                "text-indent:-5000px",
                "color: #FFF",
                "color:white;background:white",
            )
        ),
    ],
)
def test_what_markup_hides_is_kept_apart(hiding: str, tmp_path: Path) -> None:
    path = tmp_path / "a.html"
    path.write_text(f"<html><body><p>{SEEN}</p><p {hiding}>{SECRET}</p><nav {hiding}>Home</nav></body></html>")
    document = load_html(path)
    assert document.text == f"{SEEN}\n"
    assert [(piece.text, piece.why) for piece in document.hidden] == [(SECRET, "not displayed")]


@pytest.mark.parametrize("style", ["opacity:0.5", "color:white;background:#003366", "font-size:0.8em", "left:-10px"])
def test_what_markup_shows_is_text(style: str, tmp_path: Path) -> None:
    path = tmp_path / "a.html"
    path.write_text(f'<html><body><p>{SEEN}</p><p style="{style}">{SECRET}</p></body></html>')
    assert SECRET in load_html(path).text


class Believer:
    """Answers each question with the last number that it is shown, and the line in which that stands."""

    grammar: Literal["lark", "json_schema", "none"] = "lark"
    context_tokens = 100_000

    def __init__(self, settings: EngineSettings, quotes: bool = True) -> None:
        self.quotes = quotes

    def count_tokens(self, text: str) -> int:
        return len(text) // 4

    def answer(self, questions: Sequence[Question]) -> Iterator[Completion]:
        for question in questions:
            line = question.shown.text.strip().splitlines()[-1]
            number = next(word for word in line.replace(",", "").split() if word.isdigit())
            quote = f', "quote": "{line}"' if self.quotes else ', "quote": "no such words"'
            yield Completion(question.id, f'{{"value": {number}{quote}}}', True)

    def describe(self) -> dict[str, Any]:
        return {}

    def close(self) -> None:
        pass


def filled(source: Path | Document, hidden_text: Literal["hide", "show"], quotes: bool = True) -> PaperResult:
    """One number, asked of the paper."""
    schema = read({"title": "t", "type": "object", "properties": {"people": {"type": "integer"}}}, "t")
    recipe = Recipe(schema_name="t", hidden_text=hidden_text, values="written")
    return fill_alone(Pipeline(recipe, schema, load_plugins(), Believer(EngineSettings(), quotes)), source)


@pytest.mark.parametrize("name", HIDING)
def test_no_value_rests_on_hidden_text_without_its_flag(name: str, tmp_path: Path) -> None:
    document = paper(tmp_path / "a.pdf", HIDING[name][0])
    hidden = filled(document, "hide")
    value = hidden.records[0].values["people"]
    assert (value.value, value.flags) == (12, ())
    assert "hidden text on page 1 was not shown to the model" in hidden.notes
    document = with_hidden(document)
    shown = filled(document, "show").records[0].values["people"]
    assert (shown.value, shown.flags) == (901, (Flag("hidden-text"),))
    assert shown.evidence is not None
    assert (shown.evidence.quote, shown.evidence.page) == (SECRET, 1)
    unquoted = filled(document, "show", quotes=False).records[0].values["people"]
    assert Flag("hidden-text") in unquoted.flags


def test_a_record_whose_label_is_hidden_flags_all_its_values(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    document = with_hidden(paper(path, HIDING["white"][0]))
    record = filled(path, "show").records[0]
    evidence = record.values["people"].evidence
    seen = replace(record.values["people"], evidence=replace(evidence, start=0, end=5), flags=())  # type: ignore[type-var]
    labelled = replace(record, evidence=evidence, values={"people": seen})
    assert flagged(labelled, document).values["people"].flags == (Flag("hidden-text"),)
    assert flagged(replace(labelled, evidence=None), document).values["people"].flags == ()


def test_a_list_of_which_one_item_is_quoted_from_hidden_text_is_flagged(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    document = with_hidden(paper(path, HIDING["white"][0]))
    record = filled(path, "show").records[0]
    hidden = record.values["people"]
    seen = replace(hidden, evidence=replace(hidden.evidence, start=0, end=5), flags=())  # type: ignore[type-var]
    listed = replace(seen, value=[12, 901], items=(seen, replace(hidden, flags=())))
    flags = flagged(replace(record, values={"people": listed}), document).values["people"]
    assert flags.flags == (Flag("hidden-text"),)
    assert [item.flags for item in flags.items] == [(), (Flag("hidden-text"),)]

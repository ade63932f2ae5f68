"""The sample papers are what their script makes, look like journals' PDFs in their text, and bear out their gold."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator
from importlib import metadata
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from click.testing import CliRunner

from dsx.api import load_document
from dsx.cli.schema import check_files
from dsx.ground.locate import locate
from dsx.schema import nullable, read_schema
from dsx.schema.values import validator
from dsx.types import Document

pytestmark = pytest.mark.slow

pymupdf = pytest.importorskip("pymupdf")

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
PDF = EXAMPLES / "papers" / "sample.pdf"
CLINICAL_PDF = EXAMPLES / "papers_clinical" / "clinical.pdf"
GOLD, CLINICAL_GOLD = (
    json.loads((EXAMPLES / "gold" / f"{name}.json").read_text(encoding="utf-8")) for name in ("sample", "clinical")
)
CLINICAL_SCHEMA = EXAMPLES.parent / "schemas" / "clinical.json"
PARAMETERS = [
    *("title", "authors", "year", "doi", "experiment", "n_total", "population_type", "age_mean", "age_sd", "age_range"),
    *("handedness", "effector", "apparatus", "perturbation_class", "perturbation_magnitude_deg"),
    *("perturbation_schedule", "feedback_type", "feedback_delay_s", "number_of_targets", "target_distance_cm"),
    *("target_hit_criterion", "instruction_awareness", "retention_or_aftereffect_phase", "number_of_trials_total"),
    "mechanism_focus",
]
CHOICES = {
    "population_type": {"healthy_young_adult", "healthy_adult", "older_adult", "patient_and_control", "other"},
    "handedness": {"right", "left", "mixed", "not_reported"},
    "effector": {"arm", "hand", "finger", "wrist", "eye", "other"},
    "perturbation_class": {"visuomotor_rotation", "force_field", "prism", "gain", "clamp", "mirror", "other", "none"},
    "perturbation_schedule": {"abrupt", "gradual", "mixed", "other"},
    "feedback_type": {"continuous", "endpoint", "delayed_endpoint", "clamped", "none", "other"},
    "target_hit_criterion": {"shooting_through", "stop_on_target", "other"},
    "instruction_awareness": {"aim_report", "instructed_strategy", "uninstructed", "mixed", "other"},
    "mechanism_focus": {"implicit", "explicit", "both", "other"},
}
NUMBERS = {
    *("year", "n_total", "age_mean", "age_sd", "feedback_delay_s", "number_of_targets", "target_distance_cm"),
    "number_of_trials_total",
}


@pytest.fixture(scope="module")
def document() -> Iterator[Any]:
    with pymupdf.open(PDF) as opened:
        yield opened


@pytest.fixture(scope="module")
def pages(document: Any) -> list[str]:
    return [page.get_text() for page in document]


def script() -> ModuleType:
    """make_sample.py as a module, or a skip where its typesetter is missing or of another version."""
    pytest.importorskip("typst")
    spec = importlib.util.spec_from_file_location("make_sample", EXAMPLES / "make_sample.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found = metadata.version("typst")
    if found != module.TYPST_VERSION:
        pytest.skip(f"the sample is typeset with typst {module.TYPST_VERSION}, here is {found}")
    return module


@pytest.fixture(scope="module")
def loaded() -> dict[str, Document]:
    """The sample papers as dsx reads them, by file name."""
    return {path.name: load_document(path) for path in (PDF, CLINICAL_PDF)}


def answers(gold: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    """Each gold answer as (experiment, parameter, answer)."""
    return [(e["label"], name, answer) for e in gold["experiments"] for name, answer in e["parameters"].items()]


def quoted_answers() -> list[Any]:
    """Each gold answer that has a value, of both papers, as (file name, answer)."""
    return [
        pytest.param(gold["pdf"], answer, id=f"{gold['name']}-{label}-{name}")
        for gold in (GOLD, CLINICAL_GOLD)
        for label, name, answer in answers(gold)
        if answer["value"] is not None
    ]


def one_line(text: str) -> str:
    return " ".join(text.split())


def test_committed_pdfs_are_what_the_script_makes() -> None:
    make_sample = script()
    assert list(make_sample.PDF_OF.values()) == [PDF, CLINICAL_PDF]
    for source, path in make_sample.PDF_OF.items():
        assert make_sample.typeset(source) == path.read_bytes()


@pytest.mark.parametrize("path", [PDF, CLINICAL_PDF], ids=lambda path: path.stem)
def test_plain_hyphens_leave_the_cross_references_right(path: Path) -> None:
    raw = path.read_bytes()
    start = int(raw[raw.rindex(b"startxref") :].split()[1])
    entries = raw[start:].split(b"\r\n")
    offsets = [int(entry[:10]) for entry in entries if entry.endswith(b" 00000 n")]
    with pymupdf.open(path) as document:
        assert not document.is_repaired
        assert len(offsets) == document.xref_length() - 1
    assert all(raw[at:].startswith(b"%d 0 obj" % number) for number, at in enumerate(offsets, start=1))


def test_papers_folders_hold_only_pdfs() -> None:
    assert [path.name for path in PDF.parent.iterdir()] == [GOLD["pdf"]]
    assert [path.name for path in CLINICAL_PDF.parent.iterdir()] == [CLINICAL_GOLD["pdf"]]


def test_four_to_six_pages_with_text(pages: list[str]) -> None:
    assert 4 <= len(pages) <= 6
    assert all(len(page) > 2000 for page in pages)


def test_two_columns(document: Any) -> None:
    for page in document:
        middle = page.rect.width / 2
        blocks = [block for block in page.get_text("blocks") if len(block[4]) > 200]
        assert any(block[2] < middle + 5 for block in blocks)
        assert any(block[0] > middle for block in blocks)


def test_running_heads_and_page_numbers(document: Any) -> None:
    heads = [one_line(page.get_textbox((0, 0, page.rect.width, 60))) for page in document]
    bottoms = [(0, page.rect.height - 55, page.rect.width, page.rect.height) for page in document]
    feet = [one_line(page.get_textbox(bottom)) for page, bottom in zip(document, bottoms, strict=True)]
    assert sum("Annals of Imagined Movement 7 (2024)" in head for head in heads) >= 3
    assert all(foot.endswith(str(211 + index)) for index, foot in enumerate(feet))


def test_words_are_broken_at_line_ends_with_a_plain_hyphen(pages: list[str]) -> None:
    assert all(any(line.rstrip().endswith("-") for line in page.splitlines()) for page in pages)
    assert "\u00ad" not in "".join(pages)


def test_ligatures_are_one_glyph_or_one_character(document: Any, pages: list[str]) -> None:
    """In the text of a font's ligature the second letter has no width; part of the paper has U+FB01 and U+FB02."""
    spans = [
        span["chars"]
        for page in document
        for block in page.get_text("rawdict")["blocks"]
        for line in block.get("lines", [])
        for span in line["spans"]
    ]
    pairs = [(first["c"], second) for chars in spans for first, second in pairwise(chars)]
    narrow = {first + second["c"] for first, second in pairs if second["bbox"][2] - second["bbox"][0] < 0.01}
    assert {"fi", "fl"} <= narrow
    assert {"\ufb01", "\ufb02"} <= set("".join(pages))


def test_signs_and_number_words(pages: list[str]) -> None:
    text = one_line(" ".join(pages))
    signs = {"60°", "\u221240°", "22.4 ± 2.7", "19–29"}
    words = {"Twenty-four participants", "sixteen9", "Table 1.", "Figure 1."}
    assert not {piece for piece in signs | words if piece not in text}


def test_gold_names_every_parameter_once_per_experiment() -> None:
    assert [experiment["label"] for experiment in GOLD["experiments"]] == ["Experiment 1", "Experiment 2"]
    for experiment in GOLD["experiments"]:
        assert list(experiment["parameters"]) == PARAMETERS
        assert experiment["parameters"]["experiment"]["value"] == experiment["label"]


@pytest.mark.parametrize("gold", [GOLD, CLINICAL_GOLD], ids=lambda gold: gold["name"])
def test_gold_without_a_value_has_no_quote(gold: dict[str, Any]) -> None:
    unreported = [answer for _, _, answer in answers(gold) if answer["value"] is None]
    assert unreported
    assert all(set(answer) <= {"value", "alternatives"} for answer in unreported)


@pytest.mark.parametrize(("file", "answer"), quoted_answers())
def test_gold_quote_stands_on_its_page_with_boxes(
    loaded: dict[str, Document], file: str, answer: dict[str, Any]
) -> None:
    """Its words are those of the printed page; dsx finds them on that page and knows their boxes."""
    evidence = locate(answer["quote"], loaded[file])
    assert evidence is not None
    assert evidence.page == answer["page"]
    width, height = 595.3, 841.9
    assert evidence.boxes
    assert all(0 <= x0 < x1 <= width and 0 <= y0 < y1 <= height for x0, y0, x1, y1 in evidence.boxes)


@pytest.mark.parametrize("path", [PDF, CLINICAL_PDF], ids=lambda path: path.stem)
def test_gold_quotes_are_text_of_the_page_with_white_space_collapsed(path: Path) -> None:
    gold = GOLD if path == PDF else CLINICAL_GOLD
    with pymupdf.open(path) as document:
        pages = [one_line(page.get_text()) for page in document]
    quoted = [answer for _, _, answer in answers(gold) if answer["value"] is not None]
    assert not [answer for answer in quoted if answer["quote"] not in pages[answer["page"] - 1]]


@pytest.mark.parametrize(("label", "name", "answer"), answers(GOLD))
def test_gold_values_are_of_their_kind(label: str, name: str, answer: dict[str, Any]) -> None:
    values = [value for value in (answer["value"], *answer.get("alternatives", [])) if value is not None]
    if name in CHOICES:
        assert {item for value in values for item in (value if isinstance(value, list) else [value])} <= CHOICES[name]
    elif name in NUMBERS:
        assert all(isinstance(value, int | float) for value in values)


def test_the_experiments_differ_where_a_reader_must_tell_them_apart() -> None:
    first, second = (experiment["parameters"] for experiment in GOLD["experiments"])
    same = {name for name in PARAMETERS if first[name]["value"] == second[name]["value"]}
    paper_wide = {"title", "authors", "year", "doi"}
    assert same == paper_wide | {"effector", "apparatus", "perturbation_class", "retention_or_aftereffect_phase"}


def test_derived_total_is_the_sum_of_the_quoted_phases() -> None:
    total = GOLD["experiments"][1]["parameters"]["number_of_trials_total"]
    quoted = [int(word.lstrip("(")) for word in total["quote"].split() if word.startswith("(")]
    assert sum(quoted) == total["value"]


def test_clinical_gold_is_an_answer_to_its_schema() -> None:
    """Every parameter of the schema is answered for each trial, with a legal value or a legal alternative."""
    assert CliRunner().invoke(check_files, [str(CLINICAL_SCHEMA)], standalone_mode=False).return_value == 0
    parameters = read_schema(CLINICAL_SCHEMA)
    [trials] = parameters.root.children
    of_paper = [parameter.name for parameter in parameters.root.parameters]
    of_trial = [parameter.name for parameter in trials.parameters]
    assert [experiment["label"] for experiment in CLINICAL_GOLD["experiments"]] == ["LULL-1", "LULL-2"]
    legal = validator(nullable(parameters.schema))
    for experiment in CLINICAL_GOLD["experiments"]:
        answer_of = experiment["parameters"]
        assert list(answer_of) == [*of_paper, "experiment", *of_trial]
        assert answer_of["experiment"]["value"] == experiment["label"]
        for name, answer in answer_of.items():
            for value in (answer["value"], *answer.get("alternatives", [])):
                values = {name: value} if name in of_paper else {"trials": [{name: value}]} if name in of_trial else {}
                assert list(legal.iter_errors(values)) == []


def test_the_trials_differ_where_a_reader_must_tell_them_apart() -> None:
    first, second = (experiment["parameters"] for experiment in CLINICAL_GOLD["experiments"])
    same = {name for name in first if first[name]["value"] == second[name]["value"]}
    assert same == {"title", "authors", "year", "doi", "drug"}
    unreported = [{name for name, answer in trial.items() if answer["value"] is None} for trial in (first, second)]
    assert unreported == [{"age_sd"}, {"follow_up", "n_serious_adverse_events"}]


def test_the_numbers_of_the_trials_agree() -> None:
    for experiment in CLINICAL_GOLD["experiments"]:
        value = {name: answer["value"] for name, answer in experiment["parameters"].items()}
        assert value["n_intervention"] + value["n_control"] == value["n_randomised"]
        ratio = [int(part) for part in value["allocation_ratio"].split(":")]
        expected = value["n_randomised"] * ratio[0] / sum(ratio)
        assert abs(value["n_intervention"] - expected) <= 3
        assert value["n_randomised"] - value["n_withdrawn"] <= value["n_analysed"] <= value["n_randomised"]


def test_the_clinical_paper_is_one_column_with_a_table_by_group(loaded: dict[str, Document]) -> None:
    with pymupdf.open(CLINICAL_PDF) as document:
        wide = [block for page in document for block in page.get_text("blocks") if len(block[4]) > 400]
    assert wide
    assert all(block[2] - block[0] > 300 for block in wide)
    [table] = loaded[CLINICAL_PDF.name].tables
    cells = {cell.text for cell in table.cells}
    assert {"LULL-1", "LULL-2", "Velotrazine", "Placebo", "Stretching", "98 (59.8%)", "36 (62.1%)"} <= cells

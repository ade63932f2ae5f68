"""plugin_api/checked.py: a run and its gold as what a model is trained on; the values stand where they are said to."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import pytest

from dsx.answers.grammar import lark
from dsx.ask.default_prompts import default_prompts
from dsx.errors import UsageError
from dsx.pipeline import Pipeline
from dsx.plugin_api.checked import CheckedPaper, checked_papers
from dsx.plugin_api.training import Examiner, Known, normalisers
from dsx.plugins import load_plugins
from dsx.recipe import Recipe
from dsx.run.loop import run_papers
from dsx.run.plan import manifest_of
from dsx.run.progress import Lines
from dsx.schema import read
from dsx.store import open_run
from dsx.types import Completion, Json, Question
from tests.conftest import allows

SCHEMA: dict[str, Any] = {
    "title": "mosses",
    "type": "object",
    "properties": {
        "herbarium": {"type": "string", "maxLength": 60, "description": "Where the spores came from."},
        "experiments": {
            "type": "array",
            "items": {
                "type": "object",
                "description": "One experiment.",
                "properties": {
                    "dishes": {"type": "integer", "minimum": 1, "description": "How many dishes were used."},
                    "temperature": {"type": "number", "x-unit": "°C", "description": "Of the dishes."},
                    "species": {"type": "string", "maxLength": 40, "description": "The moss."},
                    "light": {
                        "enum": ["abrupt", "gradual"],
                        "x-choices": {"abrupt": "abruptly", "gradual": "gradually"},
                        "description": "How the light came.",
                    },
                    "days": {"type": "array", "items": {"type": "integer"}, "description": "Days of counting."},
                    "watered": {"type": "integer", "minimum": 1, "description": "Times a day."},
                    "notes": {"type": "integer", "minimum": 1, "description": "Nobody checked these."},
                },
            },
        },
    },
}
TEXTS = {
    "fell.txt": "Mosses under lamps\n\nSpores came from the Crake Herbarium.\n\n"
    "Experiment 1 used 24 dishes of Tetraplodon mnioides at 18 °C. The light came abruptly. "
    "Each dish held 5 spores.\n\n"
    "Experiment 2 used 36 dishes of Splachnum luteum at 21 °C. The light came gradually. We counted on days 7 and 9.\n",
    "moor.txt": "Mosses again\n\nAll 40 dishes of Tayloria were kept at 12 °C. The light came gradually.\n",
    "fen.txt": "No mosses at all\n\nExperiment 1 used 3 dishes.\n",
}
GOLD = {
    "fell": [
        {
            "label": "experiment 1",
            "parameters": {
                "herbarium": "crake herbarium",
                "dishes": {"value": 24},
                "temperature": {"value": 18},
                "species": {"value": "T. mnioides", "alternatives": ["tetraplodon  mnioides"]},
                "light": {"value": "abrupt"},
                "days": None,
                "watered": {"value": None},
            },
        },
        {
            "label": "Experiment 2",
            "parameters": {
                "dishes": {"value": 36, "quote": "used 36 dishes of Splachnum"},
                "temperature": {"value": 99},
                "species": {"value": "Splachnum luteum", "doubtful": True},
                "light": {"value": "Gradual"},
                "days": {"value": [9, 7]},
                "watered": None,
            },
        },
    ],
    "moor": [{"label": "the study", "parameters": {"dishes": 40, "light": "gradual", "watered": None}}],
    "tarn": [{"label": "Experiment 1", "parameters": {"dishes": 1}}],
}


class SaysNumbers:
    """Lists the experiments, and says of each number the first place; nothing of all else."""

    grammar: Literal["lark", "json_schema", "none"] = "lark"
    context_tokens = 100_000

    def count_tokens(self, text: str) -> int:
        return len(text) // 4 + 1

    def answer(self, questions: Sequence[Question]) -> Iterator[Completion]:
        for question in questions:
            if question.form == "labels":
                found = list(dict.fromkeys(re.findall(r"Experiment \d", question.shown.text)))
                yield Completion(question.id, json.dumps(found or None, separators=(",", ":")), True)
            else:
                is_number = question.places is not None and question.places.kind == "answer"
                options = question.places.options if question.places is not None and is_number else ()
                yield Completion(question.id, next(iter(options), "null"), True)

    def describe(self) -> dict[str, Json]:
        return {"engine": "says-numbers", "model": None}

    def close(self) -> None:
        pass


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """papers, run and gold."""
    folder = tmp_path_factory.mktemp("mosses")
    for name in ("papers", "gold"):
        (folder / name).mkdir()
    for name, text in TEXTS.items():
        (folder / "papers" / name).write_text(text, encoding="utf-8")
    for name, records in GOLD.items():
        content = {"pdf": f"{name}.txt", "name": name, "experiments": records}
        (folder / "gold" / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
    parameters, plugins, engine = read(SCHEMA, "mosses"), load_plugins(), SaysNumbers()
    recipe = Recipe.read(schema_name="mosses", engine="says-numbers")
    run = open_run(folder / "run", {**manifest_of(recipe, parameters, plugins), "engine": engine.describe()})
    pipeline = Pipeline(recipe, parameters, plugins, engine, run.log)
    files = sorted((folder / "papers").iterdir())
    assert not run_papers(files, pipeline.fill_file, engine.answer, run, Lines(len(files))).failed
    return folder


@pytest.fixture(scope="module")
def papers(folder: Path) -> dict[str, CheckedPaper]:
    """By name."""
    return {paper.name: paper for paper in checked_papers(folder / "run", folder / "gold")}


def examiner(paper: CheckedPaper) -> Examiner:
    """As dsx asks; everything is shown."""
    return Examiner(paper.parameters, default_prompts(), lambda text: len(text.split()), 1000, normalisers())


def known(paper: CheckedPaper) -> dict[tuple[str | None, str], Known]:
    """By record and parameter."""
    return {(each.record, each.parameter.name): each for each in examiner(paper).known(paper)}


def test_records_go_by_the_words_of_the_text(papers: dict[str, CheckedPaper]) -> None:
    assert set(papers) == {"fell", "moor"}  # nobody checked fen, and tarn is not in the run
    assert papers["fell"].records == {"experiments": ("Experiment 1", "Experiment 2")}
    assert papers["moor"].records == {"experiments": ()}
    assert all(paper.complete == {"experiments"} for paper in papers.values())


def test_values_are_found_where_they_stand(papers: dict[str, CheckedPaper]) -> None:
    paper = papers["fell"]
    found, text = known(paper), papers["fell"].document.text
    first, second = "Experiment 1", "Experiment 2"
    values = {key: each.value for key, each in found.items()}
    assert values == {
        (None, "herbarium"): "Crake Herbarium",  # as the paper writes it
        (first, "dishes"): 24,
        (first, "temperature"): 18,
        (first, "species"): "Tetraplodon mnioides",
        (first, "light"): "abrupt",
        (first, "days"): None,
        (first, "watered"): None,
        (second, "dishes"): 36,
        (second, "light"): "gradual",
        (second, "days"): [9, 7],
        (second, "watered"): None,
    }  # a temperature that stands nowhere, a doubtful species and notes that nobody checked are left out
    assert "36 dishes" in text[slice(*found[second, "dishes"].stands_at[0])]
    assert text[slice(*found[first, "light"].stands_at[0])] == "The light came abruptly."


def test_answers_are_right_and_the_grammar_has_them(papers: dict[str, CheckedPaper], words: Any) -> None:
    answers = {}
    for paper in papers.values():
        for question, answer in examiner(paper).questions(paper.document, paper.records, list(known(paper).values())):
            assert allows(words, lark(question), answer)
            answers[paper.name, question.record, *question.id.names] = answer
            quote = re.search(r'"quote":"(.*)"', answer)
            assert quote is None or quote[1] in paper.document.text
    assert answers["fell", None, "experiments"] == '["Experiment 1","Experiment 2"]'
    assert answers["moor", None, "experiments"] == "null"
    assert json.loads(answers["fell", "Experiment 2", "dishes"])["value"] == 36
    assert json.loads(answers["moor", None, "dishes"])["value"] == 40
    assert answers["moor", None, "watered"] == "null"


def test_gold_of_a_record_that_the_paper_does_not_name_is_left_out(folder: Path, tmp_path: Path) -> None:
    other = {"label": "Pilot", "parameters": {"dishes": 5}}
    content = {"pdf": "fell.txt", "name": "fell", "experiments": [*GOLD["fell"], other]}
    (tmp_path / "fell.json").write_text(json.dumps(content), encoding="utf-8")
    [paper] = checked_papers(folder / "run", tmp_path)
    assert paper.records == {"experiments": ("Experiment 1", "Experiment 2")}
    assert not paper.complete  # so that nobody learns that there are two
    assert {each.record for each in paper.values} == {None, "Experiment 1", "Experiment 2"}


def test_decisions_of_reviewers_are_gold(folder: Path, tmp_path: Path) -> None:
    [document] = [path.stem for path in (folder / "run" / "records").iterdir() if b"fell.txt" in path.read_bytes()]
    decision = {
        "paper": "fell.txt",
        "document": document,
        "label": "Experiment 1",
        "quote": None,
        "note": "",
        "at": "1",
    }
    decided = [
        {**decision, "record": "experiments/Experiment 1", "parameter": "dishes", "action": "accept", "value": 24},
        {
            **decision,
            "record": "experiments/Experiment 1",
            "parameter": "light",
            "action": "correct",
            "value": "abrupt",
        },
    ]
    content = {"format": "dsx-decisions/1", "run": "run", "reviewer": "RL", "decisions": decided}
    (tmp_path / "RL.json").write_text(json.dumps(content), encoding="utf-8")
    [paper] = checked_papers(folder / "run", tmp_path)
    assert {key: each.value for key, each in known(paper).items()} == {
        ("Experiment 1", "dishes"): 24,
        ("Experiment 1", "light"): "abrupt",
    }
    assert not paper.complete  # nobody said anything of Experiment 2


def test_a_record_that_reviewers_added_is_a_further_one(folder: Path, tmp_path: Path, words: Any) -> None:
    [stored] = [path for path in (folder / "run" / "records").iterdir() if b"fell.txt" in path.read_bytes()]
    base = {"paper": "fell.txt", "document": stored.stem, "quote": None, "note": "", "at": "1"}
    here = {**base, "record": "experiments/Crake Herbarium", "label": "Crake Herbarium"}
    five = {"text": "Each dish held 5 spores.", "page": 1}
    decided = [
        *({**base, "record": f"experiments/Experiment {n}", "label": f"Experiment {n}", "parameter": "light",
           "action": "correct", "value": value} for n, value in ((1, "abrupt"), (2, "gradual"))),
        {**here, "parameter": "", "action": "add_record", "value": None},
        {**here, "parameter": "dishes", "action": "correct", "value": 5, "quote": five},
        {**here, "parameter": "light", "action": "not_reported", "value": None},
    ]  # fmt: skip
    content = {"format": "dsx-decisions/1", "run": "run", "reviewer": "RL", "decisions": decided}
    (tmp_path / "RL.json").write_text(json.dumps(content), encoding="utf-8")
    [paper] = checked_papers(folder / "run", tmp_path)
    assert paper.records == {"experiments": ("Experiment 1", "Experiment 2", "Crake Herbarium")}
    assert paper.complete == {"experiments"}
    found = known(paper)
    values = {key[1]: each.value for key, each in found.items() if key[0] == "Crake Herbarium"}
    assert values == {"dishes": 5, "light": None}, "what nobody decided on is not learnt"
    answers = {}
    for question, answer in examiner(paper).questions(paper.document, paper.records, list(found.values())):
        assert allows(words, lark(question), answer)
        answers[question.record, *question.id.names] = answer
    assert json.loads(answers[None, "experiments"]) == ["Experiment 1", "Experiment 2", "Crake Herbarium"]
    assert json.loads(answers["Crake Herbarium", "dishes"])["value"] == 5


def test_papers_that_are_not_there_are_named(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DSX_CACHE", str(tmp_path / "cache"))
    moved = (folder / "papers" / "fell.txt").rename(tmp_path / "fell.txt")
    try:
        with pytest.raises(UsageError, match=r"fell\.txt; say where") as raised:
            checked_papers(folder / "run", folder / "gold")
        assert "\n" not in str(raised.value)
        assert "moor" not in str(raised.value)
        assert len(checked_papers(folder / "run", folder / "gold", [tmp_path])) == 2
    finally:
        moved.rename(folder / "papers" / "fell.txt")


def test_gold_of_other_papers_is_refused(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "tarn.json").write_bytes((folder / "gold" / "tarn.json").read_bytes())
    with pytest.raises(UsageError, match="gold of no paper"):
        checked_papers(folder / "run", tmp_path)

"""The way of one paper with an engine whose answers are given: what is kept of each, and what the log says."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import pytest

from dsx.answers.calibration import Calibration, calibrated, fitted_curves
from dsx.errors import DecodeError
from dsx.fill import placed
from dsx.ground.candidates import number_candidates
from dsx.pipeline import Pipeline
from dsx.plugins import load_plugins
from dsx.recipe import Recipe
from dsx.schema import read
from dsx.store.serial import from_json, to_json
from dsx.types import Completion, Confidence, Flag, PaperResult, Question, Status, Usage, Value
from tests.conftest import RandomEngine, fill_alone

PAPER = "A study of reaching\n\nIn Experiment 1, sixteen people (n = 16) reached. They were seated at a table.\n"
SCHEMA = {
    "type": "object",
    "properties": {
        "tables": {"type": "integer", "minimum": 0, "maximum": 9},
        "experiments": {
            "type": "array",
            "items": {"type": "object", "properties": {"n": {"type": "integer", "minimum": 1, "maximum": 999}}},
        },
    },
}
RECORDS = '[{"label": "Experiment 1", "quote": "In Experiment 1"},]'


class Canned:
    """Says what it was given, by the question's last words."""

    grammar: Literal["lark", "json_schema", "none"] = "none"
    context_tokens = 100_000

    def __init__(self, answers: Mapping[str, str], sure: Confidence | None = None) -> None:
        self.answers, self.sure = answers, sure

    def count_tokens(self, text: str) -> int:
        return len(text) // 4

    def answer(self, questions: Sequence[Question]) -> Iterator[Completion]:
        for question in questions:
            name = question.parameters[0].name if question.parameters else "experiments"
            if name in self.answers:
                sure = {name: self.sure} if self.sure is not None and question.parameters else {}
                yield Completion(question.id, self.answers[name], False, confidence=sure, usage=Usage(tokens_sampled=7))

    def describe(self) -> dict[str, Any]:
        return {"model": "canned"}

    def close(self) -> None:
        pass


class Placed(Canned):
    """Holds a grammar; without an answer it takes the first place."""

    grammar: Literal["lark", "json_schema", "none"] = "lark"

    def answer(self, questions: Sequence[Question]) -> Iterator[Completion]:
        for question in questions:
            name = question.parameters[0].name if question.parameters else "experiments"
            options = question.places.options if question.places else ()
            sure = {name: self.sure} if self.sure is not None and question.parameters else {}
            yield Completion(question.id, self.answers.get(name) or next(iter(options), "null"), True, confidence=sure)


def fill(engine: Canned, folder: Path, **choices: Any) -> tuple[PaperResult, list[Mapping[str, Any]]]:
    """The result and the question events of the paper."""
    path = folder / "paper.txt"
    path.write_text(PAPER)
    events: list[Mapping[str, Any]] = []
    recipe = Recipe.read(schema_name="small", **choices)
    result = fill_alone(Pipeline(recipe, read(SCHEMA, "small"), load_plugins(), engine, events.append), path)
    assert from_json(to_json(result)) == result
    return result, events


def value(result: PaperResult, name: str) -> Value:
    (found,) = [record.values[name] for record in result.records if name in record.values]
    return found


def test_a_repair_is_on_the_value_and_in_the_log_and_lowers_confidence(tmp_path: Path) -> None:
    sure = Confidence(reported=0.9, value=0.8)
    answers = {
        "experiments": RECORDS,
        "n": "{'value': 16, 'quote': '(n = 16)',}",
        "tables": '{"value":1,"quote":"a table"}',
    }
    result, events = fill(Canned(answers, sure), tmp_path)
    mended, sound = value(result, "n"), value(result, "tables")
    assert (mended.value, mended.status) == (16, Status.STATED)
    assert mended.flags == (Flag("repair", "quotes"), Flag("repair", "trailing-commas"))
    assert mended.confidence == pytest.approx(0.9 * 0.8 * 0.8**2)
    assert mended.sure == sure, "both parts are kept as the engine gave them"
    assert sound.confidence == pytest.approx(0.9 * 0.8)
    logged = {event["parameters"][0]: event for event in events}
    assert logged["n"]["repairs"] == ["quotes", "trailing-commas"]
    assert logged["experiments"]["repairs"] == ["trailing-commas"]
    assert logged["tables"]["repairs"] == []
    assert {event["tokens_sampled"] for event in events} == {7}
    assert logged["n"]["record"] == "Experiment 1"


def test_not_reported_is_as_sure_as_null_was(tmp_path: Path) -> None:
    result, _ = fill(Canned({"experiments": "[]", "n": "null", "tables": "null"}, Confidence(0.3, 1.0)), tmp_path)
    nothing = value(result, "n")
    assert (nothing.value, nothing.status, nothing.confidence) == (None, Status.NOT_REPORTED, pytest.approx(0.7))


def test_no_answer_is_a_named_failure_and_logged(tmp_path: Path) -> None:
    result, events = fill(Canned({"experiments": RECORDS, "tables": "nothing of use"}), tmp_path)
    assert value(result, "n").status == Status.FAILED
    assert value(result, "n").flags == (Flag("error", "the engine gave no answer"),)
    assert value(result, "tables").status == Status.FAILED
    assert [event["error"] for event in events if event["parameters"] == ["n"]] == ["the engine gave no answer"]


def test_a_list_of_records_that_cannot_be_read_fails_the_paper_but_is_logged(tmp_path: Path) -> None:
    path, events = tmp_path / "paper.txt", list[Mapping[str, Any]]()
    path.write_text(PAPER)
    engine = Canned({"experiments": "I do not know", "tables": json.dumps(None)})
    recipe = Recipe.read(schema_name="small")
    with pytest.raises(DecodeError):
        fill_alone(Pipeline(recipe, read(SCHEMA, "small"), load_plugins(), engine, events.append), path)
    assert [event["parameters"] for event in events] == [["tables"], ["experiments"]]


def test_an_engine_that_holds_a_grammar_is_asked_for_places(tmp_path: Path) -> None:
    result, events = fill(Placed({"experiments": '["Experiment 1"]'}), tmp_path)
    (paper, first) = result.records
    assert first.label == "Experiment 1"
    count = first.values["n"]
    assert (count.value, count.status) == (16, Status.STATED)
    assert count.evidence is not None
    assert count.evidence.quote == "In Experiment 1, sixteen people (n = 16) reached."
    assert paper.values["tables"].status is Status.NOT_REPORTED, "no number in it is small enough, so nothing is asked"
    assert sorted(event["parameters"] for event in events) == [["experiments"], ["n"]]


def test_what_may_be_a_records_number_is_found_before_the_records_are_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = list[str]()

    def recorded(numbers: Any, parameter: Any, *others: Any) -> Any:
        found.append(parameter.name)
        return number_candidates(numbers, parameter, *others)

    monkeypatch.setattr(placed, "number_candidates", recorded)
    (tmp_path / "paper.txt").write_text(PAPER)
    engine = Placed({"experiments": '["Experiment 1"]'})
    filling = Pipeline(
        Recipe.read(schema_name="small"), read(SCHEMA, "small"), load_plugins(), engine
    ).fill_file(tmp_path / "paper.txt")  # fmt: skip
    first_round = next(filling)
    assert sorted(found) == ["n", "tables"]
    (second_round,) = [filling.send(completion) for completion in engine.answer(first_round)]
    assert [question.id.names for question in second_round] == [("n",)]
    assert sorted(found) == ["n", "tables"]


@pytest.mark.parametrize("context_tokens", [100_000, 3000])
def test_which_records_there_are_is_asked_beside_more_of_the_paper(tmp_path: Path, context_tokens: int) -> None:
    lines = (f"Line {number} says that experiment {number} had {number} people." for number in range(900))
    (tmp_path / "paper.txt").write_text("\n".join(lines))
    engine = Placed({})
    engine.context_tokens = context_tokens
    recipe = Recipe.read(schema_name="small", whole_papers=False, passage_tokens=200)
    pipeline = Pipeline(recipe, read(SCHEMA, "small"), load_plugins(), engine)
    asked = list(pipeline.preview(tmp_path / "paper.txt"))
    shown = {question.id.names[0]: engine.count_tokens(question.shown.text) for question, _ in asked}
    assert shown["n"] <= 200 < shown["experiments"] <= 1000
    assert (shown["experiments"] > 900) == (context_tokens > 3000)
    assert max(tokens for _, tokens in asked) + recipe.max_new_tokens <= context_tokens


def test_a_preview_shows_a_record_of_each_list_at_any_depth(tmp_path: Path) -> None:
    (tmp_path / "paper.txt").write_text(PAPER)
    groups = {"type": "array", "items": {"type": "object", "properties": {"people": {"type": "integer"}}}}
    items = {"type": "object", "properties": {"n": {"type": "integer"}, "groups": groups}}
    schema = {"type": "object", "properties": {"experiments": {"type": "array", "items": items}}}
    pipeline = Pipeline(Recipe.read(schema_name="small"), read(schema, "small"), load_plugins(), Placed({}))
    shown = [str(question.id) for question, tokens in pipeline.preview(tmp_path / "paper.txt") if tokens]
    assert [each.split("/after")[0] for each in shown] == [
        "experiments",
        "experiments/<experiments>/groups",
        "experiments/<experiments>/n",
        "experiments/<experiments>/groups/<groups>/people",
    ]


def test_curves_of_a_run_change_what_is_stored_as_an_export_of_it_would(tmp_path: Path) -> None:
    engine = Placed({"experiments": '["Experiment 1"]'}, Confidence(0.9, 0.8))
    fitted = fitted_curves({"": (0.5, -1), "null": (0, 0)}, about="", stored=True)
    plain, _ = fill(engine, tmp_path)
    result, _ = fill(engine, tmp_path, calibration=fitted)
    assert (plain.notes, result.notes) == (("uncalibrated",), ())
    assert value(result, "n").confidence == pytest.approx(1 / (1 + math.exp(1 - 0.5 * math.log(0.72 / 0.28))))
    assert result.records == calibrated(plain, Calibration.of(fitted), read(SCHEMA, "small")).records


def test_curves_of_a_model_take_the_place_of_its_own(tmp_path: Path) -> None:
    fitted = fitted_curves({"": (0, 1), "null": (0, -1)}, about="")
    for answer, chance in ((None, 1 / (1 + math.exp(-1))), ("null", 1 / (1 + math.exp(1)))):
        answers = {"experiments": '["Experiment 1"]'} | ({"n": answer} if answer else {})
        result, _ = fill(Placed(answers, Confidence(0.9, 0.8)), tmp_path, calibration=fitted)
        assert value(result, "n").confidence == pytest.approx(chance)


def test_an_engine_that_holds_a_grammar_may_write_freely(tmp_path: Path) -> None:
    path = tmp_path / "paper.txt"
    path.write_text(PAPER)
    answers = {"experiments": RECORDS.replace(",]", "]"), "n": '{"value":17,"quote":"(n = 16)"}', "tables": "null"}
    recipe = Recipe.read(schema_name="small", values="written")
    pipeline = Pipeline(recipe, read(SCHEMA, "small"), load_plugins(), Placed(answers), lambda event: None)
    assert value(fill_alone(pipeline, path), "n").status is Status.UNSUPPORTED


def test_whatever_a_model_writes_is_quoted(random_engine: RandomEngine, tmp_path: Path) -> None:
    path = tmp_path / "paper.txt"
    path.write_text(PAPER * 3)
    kinds = {
        "name": {"type": "string", "maxLength": 40},
        "told": {"type": "boolean"},
        "sizes": {"type": "array", "items": {"type": "number"}},
        "words": {"type": "array", "items": {"type": "string", "maxLength": 20}, "maxItems": 3},
        "posture": {"enum": ["seated", "lying"]},
    }
    items = {"type": "object", "properties": kinds}
    schema = {"type": "object", "properties": {**kinds, "experiments": {"type": "array", "items": items}}}
    recipe = Recipe.read(schema_name="any")
    for _ in range(4):
        pipeline = Pipeline(recipe, read(schema, "any"), load_plugins(), random_engine, lambda event: None)
        result = fill_alone(pipeline, path)
        for record in result.records:
            for each in record.values.values():
                assert each.status in (Status.STATED, Status.INFERRED, Status.NOT_REPORTED)
                assert (each.value is None) == (each.evidence is None)
    assert random_engine.asked

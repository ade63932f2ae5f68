"""fill/orders.py: choices told in several orders, whose answers are averaged."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dsx.engines.local.engine import TransformersEngine
from dsx.fill import orders
from dsx.fill.paper import RecordContext
from dsx.pipeline import Pipeline
from dsx.plugins import load_plugins
from dsx.recipe import Recipe
from dsx.schema import read
from dsx.types import Completion, Confidence, Json, QuestionId, Status, Value
from tests.conftest import RandomEngine, fill_alone, paper_context, parameter

TEXT = "The soil of the plots was loam. Loam was dug up to a depth of 30 cm, and sand was added to it."
SOIL = parameter({"enum": ["sand", "loam", "clay", "peat"], "description": "What the soil is."}, "soil")


def said(choice: Json, reported: float = 0.9, **chances: float) -> Completion:
    """An answer, with the probability of each choice that it is one."""
    answer = "null" if choice is None else json.dumps({"value": choice, "quote": TEXT.split(". ")[0] + "."})
    alternatives = tuple(chances.items())
    sure = Confidence(reported, chances.get(choice, 1.0), alternatives)
    return Completion(QuestionId("id"), answer.replace(", ", ",").replace(": ", ":"), True, confidence={"soil": sure})


@pytest.mark.parametrize("count", [1, 2, 3, 6])
def test_each_order_tells_all_choices_and_is_another_one(count: int) -> None:
    told = [tuple(each.value for each in turned.choices) for turned in orders.orders(SOIL, count)]
    assert told[0] == ("sand", "loam", "clay", "peat")
    assert len(set(told)) == len(told) == count
    assert {tuple(sorted(each)) for each in told} == {("clay", "loam", "peat", "sand")}


def test_of_two_choices_there_are_two_orders() -> None:
    two = replace(SOIL, choices=SOIL.choices[:2])
    assert [each.choices for each in orders.orders(two, 6)] == [two.choices, two.choices[::-1]]


@pytest.mark.parametrize(
    ("answers", "best", "reported", "share"),
    [
        ([said("sand", 1.0, sand=0.6, loam=0.4), said("loam", 1.0, sand=0.1, loam=0.9)], "loam", 1.0, 0.65),
        ([said("sand", 0.8, sand=0.9, loam=0.1), said(None, 0.4)], "sand", 0.6, 0.9),
        ([said("sand", 0.6, sand=0.9, loam=0.1), said(None, 0.2)], None, 0.4, 1.0),
        ([said(None, 0.3), said(None, 0.1)], None, 0.2, 1.0),
    ],
    ids=["the likelier on the whole", "a null against a sure value", "null is likelier", "all are null"],
)
def test_the_choice_is_that_of_the_averaged_probabilities(
    answers: list[Completion], best: str | None, reported: float, share: float
) -> None:
    chosen, sure = orders.likeliest("soil", answers)
    answer = json.loads(chosen.text)
    assert sure is not None
    assert (answer and answer["value"]) == best
    assert (sure.reported, sure.value) == pytest.approx((reported, share))


def test_without_probabilities_it_is_the_choice_of_most() -> None:
    answers = [replace(said(choice), confidence={}) for choice in ("sand", "loam", None, "loam")]
    chosen, sure = orders.likeliest("soil", answers)
    assert (json.loads(chosen.text)["value"], sure) == ("loam", None)


def filled(replies: list[Completion]) -> Value:
    """The value, of these answers in turn."""
    paper = paper_context(TEXT)
    paper.run = replace(paper.run, recipe=paper.run.recipe.model_copy(update={"choice_orders": len(replies)}))
    task = orders.fill(paper, RecordContext(), SOIL)
    questions = next(task)
    assert [question.id.order for question in questions] == list(range(len(replies)))
    assert len({question.prompt for question in questions}) == len(replies)
    with pytest.raises(StopIteration) as end:
        task.send([replace(each, question_id=one.id) for one, each in zip(questions, replies, strict=True)])
    value = end.value.value
    assert isinstance(value, Value)
    return value


def test_a_value_is_quoted_and_its_distribution_not_kept_unless_asked_for() -> None:
    value = filled([said("sand", 1.0, sand=0.6, loam=0.4), said("loam", 1.0, sand=0.1, loam=0.9)])
    assert (value.value, value.status) == ("loam", Status.STATED)
    assert value.sure == Confidence(1.0, pytest.approx(0.65))


@pytest.mark.parametrize(
    "broken", [Completion(QuestionId("id"), "", True, error="no"), Completion(QuestionId("id"), "loam", True)]
)
def test_an_answer_that_fails_is_a_failure(broken: Completion) -> None:
    assert filled([said("sand", 1.0, sand=1.0), broken]).status is Status.FAILED


def test_the_engine_says_how_likely_each_choice_is(random_folder: str) -> None:
    settings = Recipe.read(schema_name="soils", model=random_folder, choice_orders=3).engine_settings()
    paper = paper_context(TEXT)
    paper.run = replace(paper.run, recipe=paper.run.recipe.model_copy(update={"choice_orders": 3}))
    questions = next(orders.fill(paper, RecordContext(), SOIL))
    engine = TransformersEngine(replace(settings, max_new_tokens=96, options={"device": "cpu", "dtype": "float32"}))
    completions = list(engine.answer(questions))
    engine.close()
    assert len(completions) == 3
    _, sure = orders.likeliest("soil", completions)
    assert sure is not None
    assert 0 < sure.reported < 1
    if sure.alternatives:
        assert sum(chance for _, chance in sure.alternatives) == pytest.approx(1)


def test_other_kinds_are_asked_once(random_engine: RandomEngine, tmp_path: Path) -> None:
    (tmp_path / "paper.txt").write_text(TEXT)
    properties = {"soil": {"enum": ["sand", "loam"]}, "is_dry": {"type": "boolean"}}
    parameters = read({"type": "object", "properties": properties}, "plots")
    events: list[Mapping[str, Any]] = []
    recipe = Recipe.read(schema_name="plots", choice_orders=4)
    fill_alone(Pipeline(recipe, parameters, load_plugins(), random_engine, events.append), tmp_path / "paper.txt")
    assert sorted(event["parameters"] for event in events) == [["is_dry"], ["soil"], ["soil"]]

"""fill/second_look.py: a value that was found is asked about, and taken back where it is not likely enough."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from dsx.fill import placed, second_look
from dsx.fill.paper import RecordContext
from dsx.types import Completion, Confidence, Flag, Question, RecordStep, Status, Value
from tests.conftest import paper_context, parameter

TEXT = "In Study 2 the plots were dug up to a depth of 30 cm. They were watered for 12 days."
DEPTH = parameter({"type": "number", "description": "How deep the soil was dug.", "x-unit": "cm"}, "depth")
STUDY = RecordContext((RecordStep("studies", "Study 2"),), "Study 2")


def filled(is_right: bool | None, probability: float, threshold: float = 0.5) -> tuple[Value, list[Question]]:
    """The depth of 30 cm, after an answer to whether that is right; None: the answer fails."""
    paper = paper_context(TEXT)
    paper.run = replace(paper.run, recipe=paper.run.recipe.model_copy(update={"second_look": threshold}))
    task = second_look.fill(placed.fill, paper, STUDY, DEPTH)
    (asked,) = next(task)
    assert asked.places is not None
    posed, answer = [asked], next(each for each in asked.places.options if json.loads(each)["value"] == 30)
    completion = Completion(asked.id, answer, True, confidence={"depth": Confidence(0.9, 0.8)})
    try:
        (asked,) = task.send([completion])
        posed.append(asked)
        assert asked.places is not None
        [quote] = asked.places.options
        text = f'{{"value":{json.dumps(is_right)},"quote":{quote}}}'
        sure = {asked.parameters[0].name: Confidence(1.0, probability)}
        failed = Completion(asked.id, "", True, error="no memory")
        task.send([failed if is_right is None else Completion(asked.id, text, True, confidence=sure)])
    except StopIteration as end:
        return end.value, posed
    raise AssertionError("asked a third time")


@pytest.mark.parametrize(
    ("is_right", "probability", "stays"),
    [(True, 0.9, True), (False, 0.9, False), (False, 0.4, True), (True, 0.4, False)],
)
def test_a_value_that_is_not_likely_enough_is_taken_back(is_right: bool, probability: float, stays: bool) -> None:
    value, posed = filled(is_right, probability)
    assert len(posed) == 2
    assert (value.value, value.status) == ((30, Status.STATED) if stays else (None, Status.NOT_REPORTED))
    assert value.flags == (() if stays else (Flag("taken-back", "30"),))
    assert value.confidence == pytest.approx(0.72 if stays else 1 - (probability if is_right else 1 - probability))


def test_it_is_asked_about_by_its_words_its_record_and_its_sentence() -> None:
    _, (first, second) = filled(True, 0.9)
    assert second.shown == first.shown
    for words in ("30 cm", "How deep the soil was dug.", "Study 2", "dug up to a depth of 30 cm."):
        assert words in second.prompt
    assert (second.may_be_null, second.prior_prompt) == (False, None)
    assert second.id != first.id


def test_without_a_threshold_nothing_more_is_asked() -> None:
    value, posed = filled(False, 1.0, threshold=0.0)
    assert (value.value, len(posed)) == (30, 1)


def test_a_question_that_fails_changes_nothing() -> None:
    value, posed = filled(None, 1.0)
    assert (value.value, len(posed)) == (30, 2)

"""fill/choices.py: a list of choices is asked choice by choice; what is likely enough is taken."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import pytest

from dsx.answers.grammar import lark
from dsx.engines.local.engine import TransformersEngine
from dsx.fill import choices
from dsx.fill.choices import CHOICES_DROPPED, MAX_CHOICES, Verdict, confidence, taken
from dsx.fill.paper import PaperContext, RecordContext
from dsx.pipeline import Pipeline
from dsx.plugins import load_plugins
from dsx.recipe import Recipe
from dsx.report.export import to_jsonl
from dsx.review import open_review
from dsx.schema import read
from dsx.store import open_run, read_run
from dsx.types import (
    Completion,
    Confidence,
    EngineSettings,
    Flag,
    Json,
    Order,
    Parameter,
    Question,
    RecordStep,
    Status,
    Value,
)
from tests.conftest import RandomEngine, allows, fill_alone, paper_context, parameter, random_answer

TEXT = "Plots were hoed by hand. A herbicide was sprayed on others. Straw lay on the rest as mulch."
HOED, SPRAYED, LAID = (
    "Plots were hoed by hand.",
    "A herbicide was sprayed on others.",
    "Straw lay on the rest as mulch.",
)
WEEDING = {
    "type": "array",
    "description": "How weeds were held down.",
    "items": {"enum": ["hand", "herbicide", "mulch"], "x-choices": {"mulch": "the ground was covered"}},
}
WAYS = parameter(WEEDING, "weeding")
RECORD = RecordContext((RecordStep("trials", "A"),), "A")
SURE = Confidence(0.9, 0.8)


def answered(
    asked: Parameter,
    answers: Mapping[Json, str],
    sure: Mapping[Json, Confidence] | None = None,
    paper: PaperContext | None = None,
    **of_completion: Any,
) -> Value:
    """What the list becomes where these choices are answered so, and all others null."""
    task = choices.fill(paper or paper_context(TEXT), RECORD, asked)
    completions = []
    for question in next(task):
        choice = json.loads(question.id.choice or "")
        sures = {question.parameters[0].name: sure[choice]} if sure and choice in sure else {}
        text = answers.get(choice, "null")
        completions.append(Completion(question.id, text, True, confidence=sures, **of_completion))
    with pytest.raises(StopIteration) as end:
        task.send(completions)
    value = end.value.value
    assert isinstance(value, Value)
    return value


def true(quote: str) -> str:
    return json.dumps({"value": True, "quote": quote}, separators=(",", ":"))


def false(quote: str) -> str:
    return json.dumps({"value": False, "quote": quote}, separators=(",", ":"))


# ---- what is asked ----


def test_each_choice_is_a_question_of_its_own_about_one_text() -> None:
    asked = [each.question for each in choices.questions(paper_context(TEXT), RECORD, WAYS)]
    assert [str(question.id) for question in asked] == [
        f'trials/A/weeding/"{way}"' for way in WAYS.schema["items"]["enum"]
    ]
    assert len({question.id for question in asked}) == len({question.prompt for question in asked}) == 3
    assert {question.shown.text for question in asked} == {TEXT}
    [mulch] = asked[2].parameters
    assert (mulch.name, mulch.schema) == ("weeding: mulch", {"type": "boolean"})
    assert mulch.description == 'How weeds were held down. Is "mulch" (the ground was covered) one of them?'
    assert mulch.description in asked[2].prompt
    assert "herbicide" not in asked[2].prompt


def test_choices_of_one_spelling_are_told_apart() -> None:
    codes = parameter({"type": "array", "items": {"enum": [1, "1", True]}}, "codes")
    asked = choices.questions(paper_context(TEXT), RECORD, codes)
    assert [each.question.id.choice for each in asked] == ["1", '"1"', "true"]


@pytest.mark.parametrize("order", ["value-quote", "quote-value"])
def test_an_answer_is_true_or_false_with_a_quote_or_null(order: Order, words: Any) -> None:
    [first, *_] = choices.questions(paper_context(TEXT, order=order), RECORD, WAYS)
    grammar = lark(first.question)
    answers = {random_answer(words, grammar, seed)[0] for seed in range(20)}
    said = [json.loads(answer) for answer in answers]
    assert None in said
    assert {answer["value"] for answer in said if answer} == {True, False}
    assert {answer["quote"] for answer in said if answer} <= {HOED, SPRAYED, LAID}
    assert allows(words, grammar, true(HOED)) == (order == "value-quote")


def test_what_a_choice_is_answered_without_a_text_is_taken_out_of_it() -> None:
    paper = paper_context(TEXT)
    paper.run = replace(paper.run, recipe=paper.run.recipe.model_copy(update={"prior_weight": 1.0}))
    priors = [each.question.prior_prompt for each in choices.questions(paper, RECORD, WAYS)]
    assert len(set(priors)) == 3
    assert None not in priors


@pytest.mark.parametrize(
    ("schema", "each"),
    [
        ({"items": {"enum": ["a", "b"]}}, True),
        ({"items": {"enum": list("abcdefghijkl")}}, True),
        ({"items": {"enum": list("abcdefghijklm")}}, False),
        ({"items": {"enum": ["a", "b"]}, "minItems": 3}, False),
        ({"items": {"type": "boolean"}}, False),
        ({"items": {"type": "string"}}, False),
    ],
)
def test_short_lists_of_choices_are_asked_so(schema: dict[str, Any], each: bool) -> None:
    asked = parameter({"type": "array", **schema}, "ways")
    recipe = Recipe.read(schema_name="any", choices="each")
    assert choices.is_asked_each(recipe, asked) == each
    assert not choices.is_asked_each(recipe.model_copy(update={"choices": "together"}), asked)
    assert MAX_CHOICES == 12


def test_it_is_a_step_of_the_recipe_that_a_model_may_leave_out() -> None:
    assert Recipe.read(schema_name="any").asked_like(None, None).choices == "each"
    assert Recipe.read(schema_name="any", choices="together").asked_like(None, None).choices == "together"


# ---- what the answers make ----


def test_likely_choices_are_taken_in_the_order_of_the_schema() -> None:
    sure = {"hand": Confidence(0.9, 0.9), "herbicide": Confidence(0.9, 0.4), "mulch": Confidence(0.8, 0.75)}
    value = answered(WAYS, {"mulch": true(LAID), "herbicide": true(SPRAYED), "hand": true(HOED)}, sure)
    assert (value.value, value.raw) == (["hand", "mulch"], ["hand", "mulch"])
    assert value.flags == ()


def test_the_quote_is_one_that_states_most() -> None:
    both = "Some were hoed by hand, some had mulch."
    paper = paper_context(f"{TEXT} {both}")
    value = answered(WAYS, {"hand": true(HOED), "mulch": true(both)}, paper=paper)
    assert value.evidence is not None
    assert (value.evidence.quote, value.status) == (both, Status.STATED)
    at_mulch = answered(WAYS, {"hand": true(LAID), "mulch": true(both)}, paper=paper)
    assert [item.status for item in at_mulch.items] == [Status.INFERRED, Status.STATED]
    assert at_mulch.status is Status.STATED, "the one quote states all"


def test_each_choice_keeps_its_own_evidence() -> None:
    sure = {"hand": Confidence(0.9, 0.9, ((True, 0.8), (False, 0.2)), 1.0), "mulch": Confidence(0.8, 0.75)}
    apart = answered(WAYS, {"mulch": true(LAID), "hand": true(HOED)}, {**sure, "herbicide": Confidence(0.1, 1.0)})
    assert [item.value for item in apart.items] == apart.raw == ["hand", "mulch"]
    assert [item.evidence and item.evidence.quote for item in apart.items] == [HOED, LAID]
    assert [item.status for item in apart.items] == [Status.STATED, Status.STATED]
    assert [item.confidence for item in apart.items] == [pytest.approx(0.72), pytest.approx(0.6)]
    assert [item.sure for item in apart.items] == [Confidence(0.9, 0.8, (), 1.0), Confidence(0.8, 0.75)]
    assert apart.evidence == apart.items[0].evidence
    assert apart.status is Status.STATED, "each choice is, in a quote of its own"
    elsewhere = answered(WAYS, {"hand": true(HOED), "mulch": true(SPRAYED)})
    assert [item.status for item in elsewhere.items] == [Status.STATED, Status.INFERRED]
    assert (elsewhere.status, elsewhere.confidence) == (Status.INFERRED, None), "the engine said nothing of it"
    assert answered(WAYS, {}).items == ()


def test_a_list_that_its_items_state_says_what_was_taken_for_granted_of_them() -> None:
    text = "Half of the targets were 80 mm wide. In the second block the width was 120."
    widths = parameter({"type": "array", "items": {"enum": [80, 120]}, "x-unit": "mm"}, "widths")
    first, second = text[:36], text[37:]
    value = answered(widths, {80: true(first), 120: true(second)}, paper=paper_context(text))
    assert [(item.value, item.flags) for item in value.items] == [(80, ()), (120, (Flag("unit-assumed"),))]
    assert (value.status, value.flags) == (Status.STATED, (Flag("unit-assumed"),))


def test_a_list_is_as_sure_as_all_its_choices_together() -> None:
    sure = {"hand": Confidence(0.9, 0.9), "herbicide": Confidence(0.8, 0.7), "mulch": Confidence(0.3, 1.0)}
    value = answered(WAYS, {"hand": true(HOED), "herbicide": false(SPRAYED)}, sure)
    assert value.value == ["hand"]
    assert value.confidence == pytest.approx(0.81 * (1 - 0.8 * 0.3) * (1 - 0.3))
    assert value.sure is not None
    assert value.sure.reported == pytest.approx(0.81)
    nothing = answered(WAYS, {"herbicide": false(SPRAYED)}, sure | {"hand": Confidence(0.2, 1.0)})
    assert (nothing.value, nothing.status) == (None, Status.NOT_REPORTED)
    assert nothing.confidence == pytest.approx(1 - 0.3)


def test_choices_that_are_not_likely_enough_are_left() -> None:
    sure = dict.fromkeys(WAYS.schema["items"]["enum"], Confidence(0.7, 0.7))
    nothing = answered(WAYS, {"hand": true(HOED)}, sure)
    assert (nothing.status, nothing.flags) == (Status.NOT_REPORTED, ())
    assert nothing.confidence == pytest.approx(0.3), "mulch may be .7"


def test_a_list_keeps_to_its_bounds() -> None:
    sure = {"hand": Confidence(0.9, 0.7), "herbicide": Confidence(0.9, 0.9), "mulch": Confidence(0.9, 0.8)}
    answers = {"hand": true(HOED), "herbicide": true(SPRAYED), "mulch": true(LAID)}
    two = parameter({**WEEDING, "maxItems": 2}, "weeding")
    most = answered(two, answers, sure)
    assert (most.value, most.flags) == (["herbicide", "mulch"], (Flag(CHOICES_DROPPED, '"hand"'),))
    at_least_two = parameter({**WEEDING, "minItems": 2}, "weeding")
    few = answered(at_least_two, {"hand": true(HOED)}, {**sure, "herbicide": SURE, "mulch": SURE})
    assert (few.value, few.status, few.flags) == (None, Status.NOT_REPORTED, (Flag(CHOICES_DROPPED, '"hand"'),))


def test_draws_agree_as_much_as_they_do_about_each_choice_that_is_taken() -> None:
    verdicts = [
        Verdict("a", True, Confidence(0.9, 0.9, agreement=0.75)),
        Verdict("b", True, Confidence(0.9, 0.8, agreement=1.0)),
        Verdict("c", None, Confidence(0.4, 1.0, agreement=0.5)),
    ]
    sure = confidence(verdicts, taken(verdicts))
    assert sure is not None
    assert sure.agreement == 0.75
    assert sure.reported * sure.value == pytest.approx(math.prod([0.81, 0.72, 0.6]))


def test_one_answer_that_is_none_fails_the_list() -> None:
    cut = answered(WAYS, {"hand": true(HOED)}, truncated=True)
    assert (cut.status, cut.flags) == (Status.FAILED, (Flag("truncated"),))
    broken = answered(WAYS, {}, error="no memory")
    assert (broken.status, broken.flags) == (Status.FAILED, (Flag("error", "no memory"),))
    for text in ('{"value":17,"quote":"never"}', '{"value":true}', f'{{"value":"hand","quote":"{HOED}"}}', "4", "x"):
        assert answered(WAYS, {"mulch": text}).flags[0].kind == "error"


def test_where_nothing_can_be_quoted_nothing_is_asked() -> None:
    with pytest.raises(StopIteration) as end:
        next(choices.fill(paper_context(""), RECORD, WAYS))
    assert end.value.value.flags == (Flag("no-candidate"),)


# ---- in a run ----


def test_an_engine_says_how_likely_each_choice_is(random_folder: str) -> None:
    options = {"device": "cpu", "dtype": "float32"}
    settings = EngineSettings(
        model=random_folder, max_new_tokens=96, prior_weight=1.0, samples=2, alternatives=True, options=options
    )
    paper = paper_context(TEXT)
    paper.run = replace(paper.run, recipe=paper.run.recipe.model_copy(update={"prior_weight": 1.0}))
    asked = choices.questions(paper, RECORD, WAYS)
    engine = TransformersEngine(settings)
    completions = {done.question_id: done for done in engine.answer([each.question for each in asked])}
    engine.close()
    said = 0
    for each in asked:
        done = completions[each.question.id]
        sure = done.confidence[each.slot.parameter.name]
        assert sure.agreement is not None
        answer = json.loads(done.text)
        verdict = Verdict(each.choice, answer and answer["value"], sure)
        if answer is not None:
            said += 1
            assert verdict.probability == sure.reported * dict(sure.alternatives)[True]
            assert sum(chance for _, chance in sure.alternatives) == pytest.approx(1)
        else:
            assert verdict.probability == sure.reported <= 0.5
    assert said


def test_a_run_asks_and_logs_each_choice(random_engine: RandomEngine, tmp_path: Path) -> None:
    (tmp_path / "paper.txt").write_text(TEXT)
    parameters = read({"type": "object", "properties": {"weeding": WEEDING, "plots": {"type": "integer"}}}, "plots")
    for way, count in (("each", 3), ("together", 1)):
        events: list[Mapping[str, Any]] = []
        recipe = Recipe.read(schema_name="plots", choices=way)
        pipeline = Pipeline(recipe, parameters, load_plugins(), random_engine, events.append)
        previewed = [question.id for question, _ in pipeline.preview(tmp_path / "paper.txt")]
        [record] = fill_alone(pipeline, tmp_path / "paper.txt").records
        assert record.values["weeding"].status in (Status.STATED, Status.INFERRED, Status.NOT_REPORTED)
        assert [event["parameters"] for event in events] == [["weeding"]] * count
        assert [event.get("choice") for event in events] == (["hand", "herbicide", "mulch"] if count == 3 else [None])
        assert len(previewed) == count


class Scripted:
    """Says that a choice is one of the list's where a sentence names it, with that sentence as the quote."""

    grammar: Literal["lark", "json_schema", "none"] = "lark"
    context_tokens = 100_000

    def count_tokens(self, text: str) -> int:
        return len(text) // 4

    def answer(self, questions: Sequence[Question]) -> Iterator[Completion]:
        for question in questions:
            choice = json.loads(question.id.choice or "")
            quote = next((each for each in (HOED, SPRAYED, LAID) if choice in each), None)
            sure = {question.parameters[0].name: SURE} if quote else {question.parameters[0].name: Confidence(0.1, 1)}
            yield Completion(question.id, true(quote) if quote else "null", True, confidence=sure)

    def describe(self) -> dict[str, Any]:
        return {}

    def close(self) -> None:
        pass


def test_each_choice_s_evidence_goes_the_whole_way(tmp_path: Path) -> None:
    paper = tmp_path / "paper.txt"
    paper.write_text(TEXT)
    items = {"enum": ["hand", "herbicide", "fire", "mulch"]}
    schema = {"type": "object", "properties": {"weeding": {**WEEDING, "items": items}}}
    parameters = read(schema, "plots")
    recipe = Recipe.read(schema_name="plots", choices="each")
    result = fill_alone(Pipeline(recipe, parameters, load_plugins(), Scripted()), paper)
    run = open_run(tmp_path / "run", {"schema": schema, "schema_name": "plots", "recipe": {"schema_name": "plots"}})
    run.save(result)
    [stored] = read_run(run.path).results()
    assert stored == result
    out = io.StringIO()
    to_jsonl([stored], parameters, out)
    exported = json.loads(out.getvalue())["parameters"]["weeding"]
    assert (exported["value"], exported["quote"]) == (["hand", "herbicide", "mulch"], HOED)
    assert exported["items"] == [
        {"value": way, "status": "stated", "confidence": 0.72, "quote": quote, "page": 1, "flags": [], "boxes": []}
        for way, quote in (("hand", HOED), ("herbicide", SPRAYED), ("mulch", LAID))
    ]
    [shown] = open_review(run.path).data()["papers"][0]["records"][0]["values"]
    assert [item["quote"]["text"] for item in shown["items"]] == [HOED, SPRAYED, LAID]

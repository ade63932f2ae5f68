"""fill/targets.py: the right answer to a question whose value is known, for each kind of parameter."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from dsx.answers.grammar import lark
from dsx.ask.default_prompts import default_prompts
from dsx.fill import placed
from dsx.fill.paper import RecordContext, Span
from dsx.fill.targets import right_answer
from dsx.plugin_api.training import Examiner, Known
from dsx.schema import read
from dsx.types import Json, Parameter, Question
from tests.conftest import allows, paper_context, parameter

TEXT = (
    "Twelve seedlings grew 80 mm apart. Later 12 seedlings of 16 days grew in 3 rows, 8 cm apart.\n"
    "Rosa Lindqvist and Tom Abara counted leaves at 30 or 45 degrees. The change was abrupt.\n"
    "Light came on at 7:15 a.m. for 7 h 30 min at 52°30′ S."
)
COUNT = parameter({"type": "integer", "minimum": 1, "maximum": 999}, "n")
SPACING = parameter({"type": "number", "minimum": 0, "maximum": 99, "x-unit": "cm"}, "spacing")
LIGHT = parameter({"type": "number", "x-unit": "h"}, "light")
ONSET = parameter({"type": "number", "minimum": 0, "maximum": 24, "x-unit": "h"}, "onset")
LATITUDE = parameter({"type": "number", "minimum": -90, "maximum": 90, "x-unit": "degrees"}, "latitude")
ANGLES = parameter({"type": "array", "items": {"type": "number"}, "maxItems": 3, "x-unit": "°"}, "angles")
SCHEDULE = parameter({"enum": ["abrupt", "gradual"]}, "schedule")
SUDDEN = parameter({"type": "boolean"}, "sudden")
KINDS = parameter({"type": "array", "items": {"enum": ["abrupt", "gradual"]}}, "kinds")
RATER = parameter({"type": "string", "maxLength": 40}, "rater")
RATERS = parameter({"type": "array", "items": {"type": "string", "maxLength": 40}, "maxItems": 3}, "raters")
FIRST, LATER = "Twelve seedlings grew 80 mm apart.", "Later 12 seedlings of 16 days grew in 3 rows, 8 cm apart."
CHANGE, LIT = "The change was abrupt.", "Light came on at 7:15 a.m. for 7 h 30 min at 52°30′ S."


def at(words: str) -> Span:
    """Where these words stand."""
    return TEXT.index(words), TEXT.index(words) + len(words)


def answer(asked: Parameter, value: Json, *stands_at: Span) -> str | None:
    """The right answer about the text."""
    about, places, read = placed.prepare(paper_context(TEXT), RecordContext(), asked)
    return right_answer(about, places, read, value, stands_at)


@pytest.mark.parametrize(
    ("asked", "value", "stands_at", "right"),
    [
        (COUNT, None, "", "null"),
        (COUNT, 12, "Twelve", f'{{"value":12,"quote":"{FIRST}"}}'),
        (COUNT, 12, "12", f'{{"value":12,"quote":"{LATER}"}}'),
        (COUNT, "12*3", "12", f'{{"value":"12*3","quote":"{LATER}"}}'),
        (SPACING, 8, "80 mm", f'{{"value":80,"unit":"mm","quote":"{FIRST}"}}'),
        (SPACING, 8.0, "8 cm", f'{{"value":8,"unit":"cm","quote":"{LATER}"}}'),
        (LIGHT, 7.5, "7 h 30 min", f'{{"value":"7 h 30 min","quote":"{LIT}"}}'),
        (ONSET, 7.25, "7:15 a.m.", f'{{"value":"7:15 a.m.","quote":"{LIT}"}}'),
        (LATITUDE, -52.5, "52°30′ S", f'{{"value":"52°30′ S","quote":"{LIT}"}}'),
        (ANGLES, [45, 30], "30 or 45", '{"value":[45,30]}'),
        (SCHEDULE, "abrupt", "abrupt", f'{{"value":"abrupt","quote":"{CHANGE}"}}'),
        (SUDDEN, True, "abrupt", f'{{"value":true,"quote":"{CHANGE}"}}'),
        (KINDS, ["abrupt"], "abrupt", f'{{"value":["abrupt"],"quote":"{CHANGE}"}}'),
        (RATER, "Tom Abara", "Tom", '{"value":"Tom Abara"}'),
        (RATERS, ["Rosa Lindqvist", "Tom Abara"], "Rosa", '{"value":["Rosa Lindqvist","Tom Abara"]}'),
    ],
)
def test_the_right_answer_is_one_that_the_grammar_has(
    asked: Parameter, value: Json, stands_at: str, right: str, words: Any
) -> None:
    assert answer(asked, value, at(stands_at)) == right
    about, places, _ = placed.prepare(paper_context(TEXT), RecordContext(), asked)
    assert allows(words, lark(placed.question(about, places)), right)


@pytest.mark.parametrize(
    ("asked", "value"),
    [
        (COUNT, 13),
        (COUNT, "12*16*3"),
        (SPACING, 9),
        (ANGLES, [30, 60]),
        (SCHEDULE, "abrupt"),
        (RATER, "Ada Lovelace"),
        (RATERS, ["Tom Abara", "Ada Lovelace"]),
    ],
)
def test_there_is_none_where_the_text_does_not_say_so(asked: Parameter, value: Json) -> None:
    assert answer(asked, value) is None


def test_a_computed_number_is_no_answer_where_one_that_is_written_is_right() -> None:
    assert answer(COUNT, 36) is None, "only as an expression"
    written = answer(COUNT, 3)
    assert written is not None
    assert written.startswith('{"value":3,')
    assert answer(COUNT, 16) is None, "days are no count"


# ---- questions for training ----


def examined(passage_tokens: int, known: Sequence[Known], names: Sequence[str] = ()) -> list[tuple[Question, str]]:
    """What would be asked about the text, and what is right."""
    parameters = read({"type": "object", "properties": {"studies": STUDIES}}, "test")
    examiner = Examiner(parameters, default_prompts(), len, passage_tokens)
    document = paper_context(TEXT).document
    return list(examiner.questions(document, {"studies": names}, known))


STUDIES = {"type": "array", "items": {"type": "object", "properties": {"n": {"type": "integer"}}}}


def test_an_examiner_asks_as_a_run_does(words: Any) -> None:
    known = [
        Known(None, COUNT, 12, (at("Twelve"),)),
        Known(None, SCHEDULE, None),
        Known(None, RATER, "Tom Abara", (at("Tom"),)),
    ]
    (listing, unnamed), *asked = examined(2000, known)
    assert (listing.form, unnamed) == ("labels", "null")
    assert [question.parameters[0].name for question, _ in asked] == ["n", "schedule", "rater"]
    assert [right for _, right in asked] == [f'{{"value":12,"quote":"{FIRST}"}}', "null", '{"value":"Tom Abara"}']
    for question, right in asked:
        assert question.system == listing.system
        assert allows(words, lark(question), right)


def test_an_examiner_asks_whatever_is_right() -> None:
    kinds = {"type": "array", "items": {"enum": ["abrupt", "gradual"]}, "description": "Kinds of change."}
    properties = {
        "rater": {"type": "string", "maxLength": 40},
        "kinds": kinds,
        "weight": {"type": "number", "x-unit": "kg"},
        "studies": STUDIES,
    }
    examiner = Examiner(read({"type": "object", "properties": properties}, "test"), default_prompts(), len, 2000)
    document = paper_context(TEXT).document
    asked = list(examiner.unanswered(document, {"studies": ("Study 1", "Study 2")}))
    assert [(*each.id.names, each.record or each.id.choice) for each in asked] == [
        ("rater", None),
        ("kinds", '"abrupt"'),
        ("kinds", '"gradual"'),
        ("n", "Study 1"),
        ("n", "Study 2"),
    ], "nothing shown is a weight in kg"
    assert len({each.shown for each in asked}) == 1
    assert [each.id.names for each in examiner.unanswered(document, {})] == [("rater",), ("kinds",), ("kinds",)]
    (listing,) = examiner.listings(document)
    assert (listing.id.names, listing.form, listing.may_be_null) == (("studies",), "labels", True)


def test_a_list_is_not_asked_for_where_the_grammar_has_no_right_answer() -> None:
    parameters = read({"type": "object", "properties": {"studies": STUDIES}}, "test")
    examiner = Examiner(parameters, default_prompts(), len, 2000)
    document = paper_context("Study 1 of Adams came before Study 2.\n" * 3).document
    assert list(examiner.questions(document, {"studies": ()}, [])) == []
    ((_, right),) = examiner.questions(document, {"studies": ("Study 1", "Study 2")}, [])
    assert right == '["Study 1","Study 2"]'


LISTED = parameter({"type": "array", "items": {"enum": ["abrupt", "gradual", "sudden"]}}, "kinds")


@pytest.mark.parametrize(
    ("value", "stands_at", "right"),
    [
        (["abrupt"], ["abrupt"], [(True, CHANGE), (False, CHANGE), (False, CHANGE)]),
        (["sudden", "abrupt"], ["Twelve", "abrupt"], [(True, CHANGE), (False, FIRST), (True, FIRST)]),
        (["gradual", "sudden"], ["Twelve"], [(False, FIRST), (True, FIRST), (True, FIRST)]),
        (None, [], [None, None, None]),
    ],
)
def test_an_examiner_asks_lists_choice_by_choice(
    value: Json, stands_at: Sequence[str], right: list[tuple[bool, str] | None], words: Any
) -> None:
    asked = [pair for pair in examined(2000, [Known(None, LISTED, value, tuple(map(at, stands_at)))]) if pair[0].places]
    assert [question.id.choice for question, _ in asked] == ['"abrupt"', '"gradual"', '"sudden"']
    answers = [json.loads(answer) for _, answer in asked]
    assert [answer and (answer["value"], answer["quote"]) for answer in answers] == right
    assert all(allows(words, lark(question), answer) for question, answer in asked)


def test_choices_of_a_list_that_is_not_shown_are_null_or_left_out() -> None:
    hidden = Known(None, LISTED, ["abrupt"], ((10**6, 10**6 + 3),))
    assert [right for question, right in examined(2000, [hidden]) if question.places] == ["null"] * 3
    in_part = Known(None, LISTED, ["gradual", "sudden"], (at("abrupt"), (10**6, 10**6 + 3)))
    asked = {question.id.choice: json.loads(right) for question, right in examined(2000, [in_part]) if question.places}
    assert {choice: answer["value"] for choice, answer in asked.items()} == {'"abrupt"': False, '"gradual"': True}


def test_an_examiner_asks_for_the_whole_list_where_a_run_does() -> None:
    parameters = read({"type": "object", "properties": {"studies": STUDIES}}, "test")
    examiner = Examiner(parameters, default_prompts(), len, 2000, choices="together")
    document = paper_context(TEXT).document
    [(_, answer)] = examiner.questions(document, {}, [Known(None, LISTED, ["abrupt"], (at("abrupt"),))])
    assert json.loads(answer)["value"] == ["abrupt"]


def test_an_examiner_lists_what_is_named() -> None:
    [(_, right)] = examined(2000, [], ["Later", "Rosa"])
    assert right == '["Later","Rosa"]'
    assert examined(2000, [], ["Study 1"]) == [], "no legal answer"


def test_what_is_known_but_not_shown_is_null_or_left_out() -> None:
    hidden = Known(None, RATER, "Tom Abara", (at("Tom Abara"),))
    asked = dict.fromkeys(right for question, right in examined(50, [hidden]) if question.form == "parameters")
    assert set(asked) <= {"null", '{"value":"Tom Abara"}'}
    number = Known(None, COUNT, 7, ((0, 5),))
    assert [right for question, right in examined(2000, [number]) if question.parameters] == [], "known where it is not"
    free = parameter({"type": "string", "x-free": True}, "summary")
    assert [right for question, right in examined(2000, [Known(None, free, "short")]) if question.parameters] == []


def test_a_number_of_the_opposite_is_never_the_right_answer() -> None:
    girls, text = replace(parameter({"type": "integer"}, "n_girls"), derive=False), "Ten pupils (8 boys) and 8 pets."
    about, places, read = placed.prepare(paper_context(text), RecordContext(), girls)
    assert len(places.options) == 2
    assert right_answer(about, places, read, 8, [(text.index("8 pets"), text.index(" pets"))]) == places.options[1]
    assert right_answer(about, places, read, None, []) == "null"
    only_boys = "Ten pupils (8 boys) came."
    about, places, read = placed.prepare(paper_context(only_boys), RecordContext(), girls)
    assert len(places.options) == 2
    assert right_answer(about, places, read, 8, [(12, 13)]) is None

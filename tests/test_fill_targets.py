"""fill/targets.py: the right answer to a question whose value is known, for each kind of parameter."""

from __future__ import annotations

from typing import Any

import pytest

from dsx.answers.grammar import lark
from dsx.fill import placed
from dsx.fill.paper import RecordContext, Span
from dsx.fill.targets import right_answer
from dsx.types import Json, Parameter
from tests.conftest import allows, paper_context, parameter

TEXT = (
    "Twelve seedlings grew 80 mm apart. Later 12 seedlings of 16 days grew in 3 rows, 8 cm apart.\n"
    "Rosa Lindqvist and Tom Abara counted leaves at 30 or 45 degrees. The change was abrupt."
)
COUNT = parameter({"type": "integer", "minimum": 1, "maximum": 999}, "n")
SPACING = parameter({"type": "number", "minimum": 0, "maximum": 99, "x-unit": "cm"}, "spacing")
ANGLES = parameter({"type": "array", "items": {"type": "number"}, "maxItems": 3, "x-unit": "°"}, "angles")
SCHEDULE = parameter({"enum": ["abrupt", "gradual"]}, "schedule")
SUDDEN = parameter({"type": "boolean"}, "sudden")
KINDS = parameter({"type": "array", "items": {"enum": ["abrupt", "gradual"]}}, "kinds")
RATER = parameter({"type": "string", "maxLength": 40}, "rater")
RATERS = parameter({"type": "array", "items": {"type": "string", "maxLength": 40}, "maxItems": 3}, "raters")
FIRST, LATER = "Twelve seedlings grew 80 mm apart.", "Later 12 seedlings of 16 days grew in 3 rows, 8 cm apart."
CHANGE = "The change was abrupt."


def at(words: str) -> Span:
    """Where these words stand."""
    return TEXT.index(words), TEXT.index(words) + len(words)


def answer(asked: Parameter, value: Json, *stands_at: Span) -> str | None:
    """The right answer about the text."""
    about, places, read = placed.ask(paper_context(TEXT), RecordContext(), asked)
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
    about, places, _ = placed.ask(paper_context(TEXT), RecordContext(), asked)
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

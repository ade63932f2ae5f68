"""Any schema that is accepted, any text, a model that chooses at random: every answer is valid and ends by itself."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, assume, given, seed, settings
from hypothesis import strategies as st

from dsx.answers.grammar import lark
from dsx.ask.plan import groups, too_long
from dsx.errors import SchemaError
from dsx.schema import nullable, pydantic_model, read
from dsx.schema.compiling import problems_of_grammar
from dsx.schema.values import validator
from dsx.types import Parameter, ParameterSet, Passage, Question, RecordType, Shown
from tests.conftest import random_answer
from tests.hard_inputs import LONG, SCHEMAS, schemas

pytestmark = pytest.mark.slow

CAP = 512
EXAMPLES = 80
TEXTS = (
    "Forty participants reached to targets 80 mm away.\nThe cursor was rotated by 30 degrees.",
    'She said "no \\ never" and left \\n in it; C:\\new\\table "q".\nA second line "x".',
    "Rotated by −30° ± 2.5° (90°–270°), i.e. a 1 × 10−3 m shift of the cursor.",
    "A 🙂 face 👩‍🔬 was shown 12 times 🎯🎯 on a screen of 60 Hz.",
    "שלושים ושניים נבדקים השתתפו בניסוי.\nشارك أربعون متطوعا في التجربة.\u202e abc \u202c end",
    '{"value": 999, "quote": "answer 999"} null [1, 2]}\n"},{"label":"x","quote":"',
    "Hi",
    "a\x02b\x1f tail \x7f end of the line\x0c and more\u2028words\u00a0here\r\nand "
    "\ud7ff\ufeff\U0010ffff there \U00040d1a\U000a0000 ends",
    "\n\n \n",
    "".join(random.Random(7).choices("ACGT", k=400)) + " and a " + "TTTT" * 200,
    f"Contents {'.' * 150} 7\n{'_' * 300}\n" * 20,
)
Draw = Callable[[str, int], tuple[str, bool]]


@pytest.fixture(scope="session", params=["words", "large_words"])
def draw(request: pytest.FixtureRequest) -> Draw:
    """`random_answer` with the embedded model's vocabulary, then with a large one."""
    words = request.getfixturevalue(request.param)
    return lambda grammar, at: random_answer(words, grammar, at, CAP, answers=at % 4 > 0)


def question(text: str, asked: tuple[Parameter, ...], records: int = 0) -> Question:
    """A question about `text`."""
    shown = Shown(text, (Passage(0, len(text)),), True)
    return Question("k", "s", shown, "p", "records" if records else "parameters", asked, None, records)


def answer(draw: Draw, one: Question, at: int) -> Any:
    """The answer as JSON; fails where it does not end within the cap, or quotes what is not there."""
    written, ended = draw(lark(replace(one, order=("value-quote", "quote-value")[at % 2])), at)
    assert ended, f"not at its end after {CAP} tokens: {written}"
    made = json.loads(written)
    alone = one.form == "parameters" and len(one.parameters) == 1
    found = made if one.form == "records" else [made] if alone else list(made.values())
    for cited in found:
        assert cited is None or any(cited["quote"] in line for line in one.shown.text.split("\n"))
    return {one.parameters[0].name: made} if alone else made


def repeating(schema: Any) -> Any:
    """The schema with lists, at any depth, whose items may be the same: no grammar can say that they may not."""
    if isinstance(schema, dict):
        lists = {key: repeating(inner) if key not in ("enum", "const") else inner for key, inner in schema.items()}
        return {key: inner for key, inner in lists.items() if key != "uniqueItems"}
    return [repeating(inner) for inner in schema] if isinstance(schema, list) else schema


def value(parameter: Parameter, found: Any) -> Any:
    """The value; None where it is one that is refused after decoding: items that should differ and do not."""
    if found is None:
        return None
    assert set(found) == {"value", "quote", *(["unit"] if parameter.unit else [])}
    fits = validator(repeating(parameter.schema)).is_valid(found["value"])
    assert fits, (parameter.schema, found)
    return found["value"] if validator(parameter.schema).is_valid(found["value"]) else None


def filled(kind: RecordType, text: str, draw: Draw, at: int, per_question: int) -> dict[str, Any]:
    """One record of a type, with one record of each type below it."""
    made: dict[str, Any] = {}
    for group in groups(kind, per_question, CAP):
        found = answer(draw, question(text, group), at)
        assert list(found) == [parameter.name for parameter in group]
        for parameter in group:
            put(made, parameter.name, value(parameter, found[parameter.name]))
    for child in kind.children:
        listed = answer(draw, question(text, (), min(3, child.max_records)), at)
        assert len(listed) <= min(3, child.max_records)
        put(made, child.name, [filled(child, text, draw, at + 1, per_question)])
    return made


def put(made: dict[str, Any], name: str, part: Any) -> None:
    *parents, last = name.split(".")
    for parent in parents:
        made = made.setdefault(parent, {})
    made[last] = part


def holds(parameters: ParameterSet, text: str, draw: Draw, at: int, per_question: int) -> None:
    """A whole object, asked at random, is valid for Pydantic and for jsonschema."""
    made = filled(parameters.root, text, draw, at, per_question)
    pydantic_model(parameters).model_validate(made)
    assert list(validator(nullable(parameters.schema)).iter_errors(made)) == []


@pytest.mark.parametrize("name", SCHEMAS)
def test_hard_schemas_hold(name: str, draw: Draw) -> None:
    parameters = read({"type": "object", "properties": {"a": SCHEMAS[name]}}, "hard")
    assert problems_of_grammar(parameters) == too_long(parameters, CAP) == []
    for at in range(6):
        holds(parameters, TEXTS[at], draw, at, 1)


@pytest.mark.parametrize("per_question", [1, 5])
def test_a_text_of_60_000_characters_holds(per_question: int, draw: Draw) -> None:
    parameters = read({"type": "object", "properties": {name: SCHEMAS[name] for name in list(SCHEMAS)[10:20]}}, "long")
    assert len(LONG) == 60_000
    holds(parameters, LONG, draw, 1, per_question)


def test_any_schema_holds(draw: Draw) -> None:
    counted = {"held": 0, "refused": 0}

    @seed(6)
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(schemas(), st.sampled_from(TEXTS), st.integers(0, 10**6), st.sampled_from([1, 1, 4]))
    def run(schema: dict[str, Any], text: str, at: int, per_question: int) -> None:
        try:
            parameters = read(schema, "any")
            refused = problems_of_grammar(parameters) or too_long(parameters, CAP)
        except SchemaError as problem:
            refused = list(problem.problems)
        if refused:
            counted["refused"] += 1
        assume(not refused)
        holds(parameters, text, draw, at, per_question)
        counted["held"] += 1

    run()
    print(counted)  # shown by pytest -s
    assert counted["held"] >= EXAMPLES

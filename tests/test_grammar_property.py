"""Any schema that is accepted, any text, a model that chooses at random: every answer is valid and ends by itself."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
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

pytestmark = pytest.mark.slow

CAP = 512
SCHEMAS = 500
HARD = json.loads((Path(__file__).parent / "corpus" / "hard_schemas.json").read_text("utf-8"))
HARD["400 choices"] = {"enum": [f"choice {number} of 400" for number in range(400)]}
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
LONG = " ".join(
    f'{number}° "{number * 7 % 101}" − 🙂\\{number % 13}' + "\n" * (number % 29 == 0) for number in range(9000)
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


@pytest.mark.parametrize("name", HARD)
def test_hard_schemas_hold(name: str, draw: Draw) -> None:
    parameters = read({"type": "object", "properties": {"a": HARD[name]}}, "hard")
    assert problems_of_grammar(parameters) == too_long(parameters, CAP) == []
    for at in range(6):
        holds(parameters, TEXTS[at], draw, at, 1)


@pytest.mark.parametrize("per_question", [1, 5])
def test_a_text_of_60_000_characters_holds(per_question: int, draw: Draw) -> None:
    parameters = read({"type": "object", "properties": {name: HARD[name] for name in list(HARD)[10:20]}}, "long")
    assert len(LONG[:60_000]) == 60_000
    holds(parameters, LONG[:60_000], draw, 1, per_question)


# ---- schemas at random, within what is supported ----

NUMBERS = st.one_of(st.integers(-1000, 1000), st.decimals(-50, 50, places=2).map(float))
PATTERNS = ["^[a-z]{1,5}$", "[0-9]", "^(yes|no|n/a)$", "^\\w+ \\w+$", '^[^"]{2,9}$', "\\.$", "^[A-Z][a-zé]* [0-9]{4}$"]
WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=12)


def some(draw: Any, **optional: st.SearchStrategy[Any]) -> dict[str, Any]:
    return {key: draw(drawn) for key, drawn in optional.items() if draw(st.booleans())}


def ordered(made: dict[str, Any], low: str, high: str) -> dict[str, Any]:
    if low in made and high in made and made[low] > made[high]:
        made[low], made[high] = made[high], made[low]
    return made


@st.composite
def texts(draw: Any) -> dict[str, Any]:
    if draw(st.integers(0, 3)) == 0:
        return {"type": "string", "format": draw(st.sampled_from(["date", "time", "uuid", "ipv4", "email", "doi"]))}
    made = some(draw, minLength=st.integers(0, 10), maxLength=st.integers(0, 60))
    if draw(st.integers(0, 3)) == 0:
        made = {"pattern": draw(st.sampled_from(PATTERNS)), "maxLength": 30}
    return {"type": "string", **ordered(made, "minLength", "maxLength")}


@st.composite
def numbers(draw: Any) -> dict[str, Any]:
    kind = draw(st.sampled_from(["integer", "number"]))
    low, high = draw(LOWER), draw(UPPER)
    made = ordered(some(draw, **{low: NUMBERS, high: NUMBERS}), low, high)
    steps = [1, 2, 5, 7, 0.5, 0.25, 0.1, 0.01] if kind == "number" else [1, 2, 5, 7, 10]
    return {"type": kind, **made, **some(draw, multipleOf=st.sampled_from(steps), **{"x-unit": st.sampled_from(UNITS)})}


LOWER, UPPER = st.sampled_from(["minimum", "exclusiveMinimum"]), st.sampled_from(["maximum", "exclusiveMaximum"])
UNITS = ["mm", "°", "year", "mg/kg", "arbitrary units", "%"]
SCALARS = st.one_of(st.none(), st.booleans(), NUMBERS, WORDS)
CHOICES = st.one_of(
    st.lists(SCALARS, min_size=1, max_size=6, unique_by=repr).map(lambda values: {"enum": values}),
    SCALARS.map(lambda value: {"const": value}),
)
SIMPLE = st.one_of(texts(), numbers(), st.just({"type": "boolean"}), CHOICES)


@st.composite
def lists(draw: Any, items: st.SearchStrategy[Any]) -> dict[str, Any]:
    made = ordered(some(draw, minItems=st.integers(0, 3), maxItems=st.integers(1, 5)), "minItems", "maxItems")
    made |= some(draw, uniqueItems=st.booleans(), prefixItems=st.lists(items, min_size=1, max_size=2))
    more = st.one_of(items, st.just(False)) if "prefixItems" in made else items
    return {"type": "array", "items": draw(more), **made}


@st.composite
def unions(draw: Any, parts: st.SearchStrategy[Any]) -> dict[str, Any]:
    branches = draw(st.lists(parts, min_size=1, max_size=3))
    if draw(st.booleans()):
        branches.append({"type": "null"})
    word = draw(st.sampled_from(["anyOf", "anyOf", "oneOf", "allOf"]))
    beside = some(draw, description=WORDS, nullable=st.booleans())
    return {word: branches if word != "allOf" else branches[:1], **beside}


LEAVES = st.one_of(SIMPLE, lists(SIMPLE), unions(st.one_of(SIMPLE, lists(SIMPLE))), lists(unions(SIMPLE)))
NAMES = st.text('abcxyz_-é °/~"', min_size=1, max_size=8).filter(str.strip)


def properties(parts: st.SearchStrategy[Any], most: int) -> st.SearchStrategy[dict[str, Any]]:
    made = st.dictionaries(NAMES, parts, min_size=1, max_size=most)
    return made.map(lambda named: {"type": "object", "properties": named, "required": sorted(named)[:1]})


INNER = properties(LEAVES, 2)
RECORDS = st.one_of(INNER, properties(st.one_of(LEAVES, INNER, INNER.map(lambda i: {"type": "array", "items": i})), 2))


@st.composite
def schemas(draw: Any) -> dict[str, Any]:
    """A set: leaves, objects, lists of records that hold records, references to any of them."""
    shared = draw(st.dictionaries(st.sampled_from("DEF"), st.one_of(LEAVES, INNER), max_size=2))
    parts = [LEAVES, LEAVES, LEAVES, INNER, RECORDS.map(lambda items: {"type": "array", "items": items, "maxItems": 9})]
    if shared:
        parts.append(st.sampled_from(sorted(shared)).map(lambda name: {"$ref": f"#/$defs/{name}", "title": "T"}))
    return {**draw(properties(st.one_of(parts), 3)), "$defs": shared, "other": {"kept": 1}}


def test_any_schema_holds(draw: Draw) -> None:
    counted = {"held": 0, "refused": 0}

    @seed(6)
    @settings(
        max_examples=SCHEMAS,
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
    assert counted["held"] >= SCHEMAS

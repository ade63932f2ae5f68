"""Texts and schemas that are hard to ask about, and schemas at random within what is supported."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

PLAIN = (
    "Sixteen people reached in 3 blocks of 16 trials, at 30° or 60 degrees.\nMean age 24.5 years (SD 3.1). Of "
    "forty people 2 left in Experiment 2, see Table 3 and [12]."
)
TEXTS = {
    "plain": PLAIN,
    "no numbers": "Nobody was counted here.\nThe cursor was rotated abruptly.",
    "one word": "Hi",
    "one number": "7",
    "nothing": "\n\n \n",
    "numbers of 400 digits": f"Of {'9' * 400} or 1{'0' * 5000} and 1e999999, 10^99999, 3 × 10^400 there were 12 left.",
    "a table's line": "12 mm 14 16 18.5 20 " * 300,
    "Chinese": "共有四十名参与者参加了实验，平均年龄为24.5岁。其中 20 名为女性，目标角度为30°。",
    "right to left": "שלושים נבדקים 32 השתתפו בניסוי.\nشارك ٤٠ متطوعا في التجربة ٣٠°.\u202e abc 12 \u202c end",
    "control characters": "a\x02b 12\x1f tail \x7f 14 end\x0c and\u2028 15 more\u00a0words\r\n\U00040d1a 16 \ufeff",
    "quotes and backslashes": 'She said "no \\ 12 never" and left \\n 14; C:\\new\\15 "q".',
    "looks like JSON": '{"value": 999, "quote": "answer 999"} null [1, 2]}\n"},{"label":"x","quote":"',
}
LONG = " ".join(
    f'{number}° "{number * 7 % 101}" − 🙂\\{number % 13}' + "\n" * (number % 29 == 0) for number in range(9000)
)[:60_000]
SCHEMAS = json.loads((Path(__file__).parent / "corpus" / "hard_schemas.json").read_text("utf-8"))
SCHEMAS["400 choices"] = {"enum": [f"choice {number} of 400" for number in range(400)]}

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


@st.composite
def placeable(draw: Any) -> dict[str, Any]:
    """A value, or a list of values, that is taken from places in a text."""
    words = {"type": "string", **ordered(draw(LENGTHS), "minLength", "maxLength")}
    item = draw(st.one_of(numbers(), numbers(), st.just(words), st.just(words), st.just({"type": "boolean"}), CHOICES))
    if draw(st.booleans()):
        return item
    return {"type": "array", "items": item, **ordered(draw(COUNTS), "minItems", "maxItems"), **draw(UNIQUE)}


LENGTHS = st.fixed_dictionaries({}, optional={"minLength": st.integers(0, 30), "maxLength": st.integers(1, 60)})
COUNTS = st.fixed_dictionaries({}, optional={"minItems": st.integers(0, 4), "maxItems": st.integers(1, 6)})
UNIQUE = st.fixed_dictionaries({}, optional={"uniqueItems": st.booleans()})


@st.composite
def placed_schemas(draw: Any) -> dict[str, Any]:
    """A set of `schemas` with some more values that are taken from places."""
    schema = draw(schemas())
    return {**schema, "properties": {**schema["properties"], **draw(st.dictionaries(NAMES, placeable(), max_size=4))}}

"""Single structural edits of valid answers whose truth is known: how many values come back right, refused, or wrong.

    python benchmarks/recover.py --edits 50000 [--seed 1] [--at-once 2] [--styled] [--show]

--styled: the answer is not JSON even before the edit, but Python, has bare keys, stands in prose, or is escaped.
An edit deletes, doubles or replaces one structural character (a bracket, comma, colon or the quote of a string), puts
one in, swaps two neighbours, or cuts the text off. The answers are made of what a scanner trips over: sentences with
braces, quotes, commas, apostrophes, comments and whole members in them. A value is *silently wrong* where it differs
from the truth, or is not in the answer at all, and is neither refused nor `unsupported` by its quote.

recover_edits.txt: what --seeds 1000 1031 and --edits with some seeds gave; 5001 and later were not looked at before.
"""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from dsx.ground.support import support
from dsx.types import Answer, Choice, Json, Parameter, Status

PARAMETERS = (
    Parameter("n_total", {"type": "integer", "minimum": 0, "maximum": 100000}),
    Parameter("age", {"type": "number"}, unit="year"),
    Parameter("delay", {"type": "number"}, unit="ms"),
    Parameter(
        "posture", {"type": "string", "enum": ["seated", "standing"]}, choices=(Choice("seated"), Choice("standing"))
    ),
    Parameter("task", {"type": "string", "maxLength": 80}),
    Parameter("flag", {"type": "boolean"}),
    Parameter("conds", {"type": "array", "maxItems": 5, "items": {"type": "string", "maxLength": 30}}),
    Parameter("delays", {"type": "array", "maxItems": 6, "items": {"type": "number"}}, unit="ms"),
)
PHRASES = (
    "reach", 'point to "A"', "a, b", "it's easy", "x: 1", "{so}", "see // note", "C# code", "say 'go', then 'stop'",
    "path\\to", 'said "go", then', 'task: "reach"', "[1, 2]", "a}", "“curly”, text", "n_total: 5", "5, 6", "true",
    "one # two", "https://a.b/c", "the dogs' bowl", "left", "right", "x_{1}", "(n = 8)", "up; down", 'the "first"',
)  # fmt: skip
QUOTES = (
    "There were {n} people, aged {age}", 'n = {n} ("all"), mean {age}', 'They said "{n}", "age": {age}',
    "{n} {{x}} {age}", "it's {n}, 'age' {age} // ok", "# {n} and {age}", "“{n}”, {age}", "N_{{total}} = {n} at {age}",
)  # fmt: skip
STRUCTURE = '{}[],:"'
STRANGE = "'“”\n`;=("


@dataclass(frozen=True)
class Edited:
    """A text, what was done to it, and the valid answer that it was made from."""

    text: str
    edits: tuple[str, ...]
    names: tuple[str, ...]
    truth: dict[str, Json]


@dataclass(frozen=True)
class How:
    """seed of the draw; how many edits an answer has; whether it was JSON before; whether wrong values are printed."""

    seed: int = 1
    at_once: int = 1
    styled: bool = False
    show: bool = False


def answer(draw: random.Random) -> tuple[tuple[str, ...], dict[str, Json]]:
    """Names, and an object of name → value or {value, quote}; or, of one name, the bare inner object."""
    count, age = draw.randint(10, 99999), round(draw.uniform(-9, 99), draw.choice((0, 1, 2))) or 3.0
    values: dict[str, Json] = {
        "n_total": count, "age": age, "delay": -draw.randint(10, 900), "posture": draw.choice(("seated", "standing")),
        "task": draw.choice(PHRASES), "flag": draw.choice((True, False)),
        "conds": [draw.choice(PHRASES)[:30] for _ in range(draw.randint(1, 4))],
        "delays": [draw.randint(0, 900) for _ in range(draw.randint(1, 4))],
    }  # fmt: skip
    names = draw.sample(list(values), draw.randint(1, 5))
    form = draw.choice(("bare", "quoted", "mixed"))
    made: dict[str, Json] = {}
    for name in names:
        if draw.random() < 0.1:
            made[name] = None
        elif form == "bare" or (form == "mixed" and draw.random() < 0.5):
            made[name] = values[name]
        else:
            made[name] = {"value": values[name], "quote": quote_of(name, values, draw)}
    if form == "quoted" and len(names) == 1 and made[names[0]] and draw.random() < 0.6:
        made = made[names[0]]
    return tuple(names), made


def quote_of(name: str, values: dict[str, Json], draw: random.Random) -> str:
    if name in ("n_total", "age"):
        return draw.choice(QUOTES).format(n=values["n_total"], age=values["age"])
    value = values[name]
    said = " and ".join(map(str, value)) if isinstance(value, list) else str(value)
    return f"{draw.choice(('The', 'so'))} {draw.choice(PHRASES)} {said} end"


def structural(text: str) -> list[int]:
    """Where its structural characters stand, the quotes of strings among them."""
    places, inside, at = [], "", 0
    while at < len(text):
        character = text[at]
        if inside and character == "\\":
            at += 1
        elif character == inside or (not inside and character in "\"'"):
            inside = "" if inside else character
            places.append(at)
        elif not inside and character in STRUCTURE:
            places.append(at)
        at += 1
    return places


def written(valid: Json, styled: bool, draw: random.Random) -> str:
    text = json.dumps(valid, ensure_ascii=False, indent=draw.choice((None, None, 1)))
    styles: tuple[Callable[[], str], ...] = (
        lambda: repr(valid),
        lambda: re.sub(r'"(\w+)":', r"\1:", text),
        lambda: f"Sure, {{see}} this:\n```json\n{text}\n```\nThat {{is}} it.",
        lambda: json.dumps(text, ensure_ascii=False)[1:-1],
        lambda: "{" + text + "}",
    )
    return draw.choice(styles)() if styled else text


def edit(text: str, draw: random.Random) -> tuple[str, str]:
    places = structural(text)
    if not places:
        return text, "nothing"
    at, other, kind = draw.choice(places), draw.choice(places), draw.random()
    here, there, strange = text[at], text[other], draw.choice(STRANGE)
    if kind < 0.36:
        return text[:at] + text[at + 1 :], f"without {here}"
    if kind < 0.50:
        return text[:at] + here + text[at:], f"twice {here}"
    if kind < 0.64:
        return text[:at] + there + text[at + 1 :], f"{there} for {here}"
    if kind < 0.74:
        return text[:at] + strange + text[at + 1 :], f"{strange!r} for {here}"
    if kind < 0.82:
        outside = draw.choice([place for place in places if text[place] not in "\"'"] or [0])  # not into a string
        return text[:outside] + draw.choice((there, strange)) + text[outside:], f"stray before {text[outside]}"
    if kind < 0.90:
        return text[:at] + text[at + 1 : at + 2] + here + text[at + 2 :], f"{here} swapped"
    return text[:at], f"cut at {here}"


def edited(count: int, draw: random.Random, at_once: int, styled: bool) -> list[Edited]:
    made: list[Edited] = []
    while len(made) < count:
        names, valid = answer(draw)
        text = written(valid, styled, draw)
        edits = []
        for _ in range(at_once):
            text, done = edit(text, draw)
            edits.append(done)
        if not _still(text, valid):
            truth = {names[0]: valid} if set(valid) == {"value", "quote"} else valid
            made.append(Edited(text, tuple(edits), names, truth))
    return made


def _still(text: str, valid: Json) -> bool:
    try:
        return bool(json.loads(text) == valid)
    except ValueError:
        return False


def verdict(answer: Answer, case: Edited, parameter: Parameter) -> str:
    """right, refused, unsupported, quote (the value is right, its quote is not) or silent."""
    if answer.error is not None:
        return "refused"
    inner = case.truth.get(parameter.name)
    value, quote = (inner["value"], inner["quote"]) if isinstance(inner, dict) else (inner, None)
    if parameter.name in case.truth and _same(answer.value, value):
        return "right" if _same(answer.quote or None, quote) else "quote"
    marked = support(answer.value, answer.unit, answer.quote, parameter, bool(answer.repairs))
    return "unsupported" if marked is Status.UNSUPPORTED else "silent"


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    if isinstance(one, str) and isinstance(other, str):
        return one.split() == other.split()
    return type(one) is type(other) and bool(one == other)


def run(count: int, way: Callable[[str, tuple[Parameter, ...]], list[Answer]], how: How) -> str:
    """The line that says what came of `count` edited answers."""
    verdicts: Counter[str] = Counter()
    for case in edited(count, random.Random(how.seed), how.at_once, how.styled):
        asked = tuple(parameter for parameter in PARAMETERS if parameter.name in case.names)
        for answer, parameter in zip(way(case.text, asked), asked, strict=True):
            said = verdict(answer, case, parameter)
            verdicts[said] += 1
            if how.show and said in ("silent", "quote"):
                print(said, case.edits, answer.parameter, repr(answer.value), repr(answer.quote), answer.repairs)
                print("    ", case.text.replace("\n", "⏎")[:600])
    total = sum(verdicts.values())
    kinds = ", ".join(
        f"{name} {verdicts[name]} ({100 * verdicts[name] / total:.2f} %)"
        for name in ("right", "refused", "unsupported", "quote")
    )
    style = " in other styles" if how.styled else ""
    what = f"{count} answers{style} of {total} values, {how.at_once} edit(s) each, seed {how.seed}"
    return f"{what}: {kinds}, silent {verdicts['silent']}"

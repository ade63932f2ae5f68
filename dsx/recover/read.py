"""The answers that parsed JSON holds, each valid by its parameter's schema."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from dsx.answers.reader import ANSWER_KEYS, Node, Unreadable, answers
from dsx.types import Json, Parameter
from dsx.units import ALIASES, aliases

Validates = Callable[[Parameter, Json], bool]

QUOTED_NUMBER = re.compile(r"\s*+([-−]?(?:0|[1-9]\d{0,30})(?:\.\d{1,30}+)?)\s*+([^\s\d.,][^\n\d]{0,19})?")


THOUSANDS = re.compile(r"\s*+[1-9]\d{0,2}(?:,\d{3}|_\d{3})++\s*+")
TRUTH = {"true": True, "yes": True, "false": False, "no": False}
NOTHING = frozenset(
    f"not {word}" for word in ("reported", "stated", "specified", "given", "available", "applicable", "mentioned")
) | {"n/a", "na", "none", "null", "unknown", "unspecified"}
"""What models write instead of null."""


@dataclass(frozen=True, slots=True)
class ParsedAnswer:
    """One parameter's answer as it was read. value: None is "not reported"."""

    value: Json
    unit: str | None = None
    quote: str | None = None
    repairs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """What one text says: valid answers, and for each other parameter why there is none."""

    answers: dict[str, ParsedAnswer]
    errors: dict[str, str]


def read(root: Node, parameters: Sequence[Parameter], validates: Validates) -> Reading:
    """Raises Unreadable where nothing in `root` is an answer to any of `parameters`."""
    names = [parameter.name for parameter in parameters]
    respelled = _with_known_keys(root, _spellings(names))
    for nodes in answers(respelled, names):
        reading = _read_nodes(nodes, parameters, validates)
        if reading.answers:
            break
    if respelled is root:
        return reading
    mended = {name: replace(each, repairs=(*each.repairs, "key-case")) for name, each in reading.answers.items()}
    return Reading(mended, reading.errors)


def _spellings(names: Sequence[str]) -> dict[str, str]:
    """Folded → as it is written, of the keys that an answer may have; of two that fold alike, neither."""
    keys = sorted({*ANSWER_KEYS, *names, *(part for name in names for part in name.split("."))})
    folds = Counter(map(_folded, keys))
    return {_folded(key): key for key in keys if folds[_folded(key)] == 1}


def _with_known_keys(node: Node, spellings: Mapping[str, str]) -> Node:
    """Keys that differ from known ones in case and blanks alone take their spelling; `node` itself where none does."""
    if node.items is not None:
        items = tuple(_with_known_keys(item, spellings) for item in node.items)
        return node if items == node.items else replace(node, items=items, value=[item.value for item in items])
    folds = Counter(map(_folded, node.members or ()))
    members = {}
    for key, inner in (node.members or {}).items():
        spelled = spellings.get(_folded(key), key) if folds[_folded(key)] == 1 else key
        members[spelled] = inner if spelled == "value" else _with_known_keys(inner, spellings)
    if node.members is None or members == node.members:
        return node
    return replace(node, members=members, value={key: inner.value for key, inner in members.items()})


def _read_nodes(nodes: Mapping[str, Node], parameters: Sequence[Parameter], validates: Validates) -> Reading:
    valid: dict[str, ParsedAnswer] = {}
    errors: dict[str, str] = {}
    for parameter in parameters:
        try:
            if parameter.name not in nodes:
                raise Unreadable(f"the answer has no {parameter.name!r}")
            valid[parameter.name] = _read_answer(nodes[parameter.name].value, parameter, validates)
        except Unreadable as problem:
            errors[parameter.name] = str(problem)
    return Reading(valid, errors)


def _read_answer(inner: Any, parameter: Parameter, validates: Validates) -> ParsedAnswer:
    if isinstance(inner, dict) and "value" in inner:
        for key in inner.keys() - ANSWER_KEYS:
            if re.sub(r"[^a-z]", "", key.lower()).rstrip("s") in ANSWER_KEYS:
                raise Unreadable(f"the key {key!r} is none of value, unit and quote")
        unit, quote = _text(inner, "unit"), _text(inner, "quote")
        return _valid(inner["value"], unit, quote, parameter, validates)
    return _valid(inner, None, None, parameter, validates)


def _text(inner: dict[str, Any], key: str) -> str | None:
    text = inner.get(key)
    if text is not None and not isinstance(text, str):
        raise Unreadable(f"{key} is no text")
    return text or None


def _valid(value: Any, unit: str | None, quote: str | None, parameter: Parameter, validates: Validates) -> ParsedAnswer:
    if value is None:
        return ParsedAnswer(None, None, quote)
    if isinstance(value, str) and not _is_choice(value, parameter):
        if not re.search(r"\w", value) and (quote or value.strip("- –—")):
            raise Unreadable(f"{value!r} is no value")
        if _says_nothing(value, quote):
            return ParsedAnswer(None, None, None, ("not-reported",))
    if isinstance(value, float):
        value = _whole(value, parameter)
    if validates(parameter, value):
        return ParsedAnswer(value, unit, quote)
    if isinstance(value, list) and len(value) == 1 and (parameter.choices or not isinstance(value[0], str)):
        only = _valid(value[0], unit, quote, parameter, validates)
        return replace(only, repairs=("one-item", *only.repairs))
    if (choice := _choice_of(value, parameter)) is not None and validates(parameter, choice):
        return ParsedAnswer(choice, unit, quote, ("choice-case",))
    if isinstance(value, str) and value.casefold() in TRUTH and validates(parameter, TRUTH[value.casefold()]):
        return ParsedAnswer(TRUTH[value.casefold()], unit, quote, ("quoted-boolean",))
    numbers = [_unquoted(item, unit, parameter) for item in (value if isinstance(value, list) else [value])]
    digits = [number.value for number in numbers if number]
    units = {number.unit for number in numbers if number}
    if None not in numbers and len(units) == 1:
        unquoted = digits if isinstance(value, list) else digits[0]
        if validates(parameter, unquoted):
            return ParsedAnswer(unquoted, units.pop(), quote, ("quoted-number",))
    raise Unreadable(f"{_short(value)} does not fit the parameter's schema")


def _says_nothing(value: str, quote: str | None) -> bool:
    """Whether a text says that there is none, unless the paper itself uses these words."""
    word = value.strip().strip(".-–—").casefold()
    return word in {*NOTHING, ""} and (not word or word not in (quote or "").casefold())


def _whole(value: float, parameter: Parameter) -> int | float:
    """JSON's 16.0 is an integer, a person's 16.0 people are 16."""
    return int(value) if value.is_integer() and _is_integer(parameter) else value


def _is_integer(parameter: Parameter) -> bool:
    kinds = parameter.schema.get("type")
    return "integer" in (kinds if isinstance(kinds, list) else [kinds])


def _is_choice(value: str, parameter: Parameter) -> bool:
    return any(_folded(choice.value) == _folded(value) for choice in parameter.choices)


def _choice_of(value: Any, parameter: Parameter) -> Json:
    """The only choice that differs from `value` in case, blanks and quotes alone; None where there is none."""
    if not isinstance(value, str):
        return None
    wanted = _folded(value.strip(" .'\"`"))
    like = [choice.value for choice in parameter.choices if _folded(choice.value) == wanted]
    return like[0] if len(like) == 1 else None


def _folded(value: Any) -> str:
    return re.sub(r"[\s_-]++", " ", str(value).strip()).casefold()


def _unquoted(value: Any, unit: str | None, parameter: Parameter) -> ParsedAnswer | None:
    """The number in "40" or, where the parameter has a unit, in "40 mm"; "3 million" and "12k" are left alone."""
    if isinstance(value, str) and _is_integer(parameter) and THOUSANDS.fullmatch(value):
        value = re.sub("[,_]", "", value)
    match = QUOTED_NUMBER.fullmatch(value) if isinstance(value, str) else None
    written = match[2].strip() if match and match[2] else None
    if not match or (written and (not _is_unit(written, parameter) or unit not in (None, written))):
        return None
    digits = match[1].replace("−", "-")
    return ParsedAnswer(_whole(float(digits), parameter) if "." in digits else int(digits), written or unit)


def _is_unit(written: str, parameter: Parameter) -> bool:
    """A known alias of a unit of the parameter's kind; a capital counts only in those of up to three letters."""
    unit = parameter.unit
    if unit is None or written == unit:
        return unit is not None
    spelled = written if len(written) <= 3 else written.lower()
    kinds = [known for known in ALIASES.values() if written in known or spelled in known]
    return any(unit in known for known in kinds) or (bool(kinds) and spelled in aliases(unit))


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else text[:57] + "…"

"""From JSON text to answers: strict parsing, and the shapes that an answer may have."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from dsx.types import Json, Parameter
from dsx.units import ALIASES, aliases

Validates = Callable[[Parameter, Json], bool]

INNER = frozenset(("value", "unit", "quote"))
MISSING = object()
QUOTED_NUMBER = re.compile(r"\s*+([-−]?(?:0|[1-9]\d{0,30})(?:\.\d{1,30}+)?)\s*+([^\s\d.,][^\n\d]{0,19})?")
LONGEST_NUMBER = 300
"""Digits; more are no float, and past 4300 Python does not read them."""
SURROGATE = re.compile(r"\\u[dD][89a-fA-F]|[\ud800-\udfff]")


class Unreadable(ValueError):
    """Not JSON, or JSON that must not be trusted; the message says why."""


@dataclass(frozen=True, slots=True)
class Found:
    """One parameter's answer as it was read. value: None is "not reported"."""

    value: Json
    unit: str | None = None
    quote: str | None = None
    repairs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """What one text says: valid answers, and for each other parameter why there is none."""

    found: dict[str, Found]
    errors: dict[str, str]


def parse(text: str) -> Json:
    """JSON and nothing else, or Unreadable: no duplicate keys, NaN, infinite or endless numbers, half characters."""
    try:
        parsed = json.loads(
            text, object_pairs_hook=_once, parse_constant=_no_constant, parse_float=_finite, parse_int=_whole
        )
        if SURROGATE.search(text):
            json.dumps(parsed, ensure_ascii=False).encode("utf-8")
        return parsed
    except Unreadable:
        raise
    except UnicodeEncodeError:
        raise Unreadable("half a character (a lone surrogate) stands in a text") from None
    except RecursionError:
        raise Unreadable("nested too deeply") from None
    except ValueError as problem:
        if not re.search(r"[{\[]", text):
            raise Unreadable("there is no JSON in the text" if text.strip() else "the text is empty") from None
        raise Unreadable(f"not JSON: {problem}") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    unlike = dict(pairs)
    if len(unlike) < len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise Unreadable(f"the key {twice!r} stands twice in one object")
    return unlike


def _no_constant(name: str) -> Any:
    raise Unreadable(f"{name} is no number")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise Unreadable(f"{digits[:20]} is too large")
    if number == 0 and re.search(r"[1-9]", digits.lower().partition("e")[0]):
        raise Unreadable(f"{digits[:20]} is too small")
    return number


def _whole(digits: str) -> int:
    if len(digits) > LONGEST_NUMBER:
        raise Unreadable(f"{digits[:20]}… is too large")
    return int(digits)


def read(parsed: Json, parameters: Sequence[Parameter], validates: Validates) -> Reading:
    """Raises Unreadable where nothing in `parsed` is an answer to any of `parameters`."""
    if isinstance(parsed, list) and len(parsed) == 1:
        parsed = parsed[0]
    if isinstance(parsed, list) and len(parsed) > 1:
        raise Unreadable(f"{len(parsed)} objects where one was asked for")
    if parsed is None and len(parameters) == 1:
        return Reading({parameters[0].name: Found(None)}, {})
    if not isinstance(parsed, dict):
        raise Unreadable("no object")
    if len(parameters) == 1 and "value" in parsed and parameters[0].name not in parsed.keys() - INNER:
        reading = _read_members({parameters[0].name: parsed}, parameters, validates)
        if reading.found or parameters[0].name not in parsed:
            return reading
    return _read_members(parsed, parameters, validates)


def _read_members(
    members: dict[str, Any], parameters: Sequence[Parameter], validates: Validates, deeper: bool = False
) -> Reading:
    found: dict[str, Found] = {}
    errors: dict[str, str] = {}
    for parameter in parameters:
        inner = _member(members, parameter.name)
        if inner is MISSING:
            errors[parameter.name] = f"the answer has no {parameter.name!r}"
            continue
        try:
            found[parameter.name] = _read_inner(inner, parameter, validates)
        except Unreadable as problem:
            errors[parameter.name] = str(problem)
    if all(_member(members, each.name) is MISSING for each in parameters):
        inside = list(members.values())
        if len(inside) == 1 and isinstance(inside[0], dict) and not deeper:
            return _read_members(inside[0], parameters, validates, deeper=True)  # {"answer": {…}}
        raise Unreadable("an object without any of the parameters asked for")
    return Reading(found, errors)


def _member(members: dict[str, Any], name: str) -> Any:
    """By its dotted name, or along the dots through objects."""
    if name in members:
        return members[name]
    inner: Any = members
    for part in name.split("."):
        if not isinstance(inner, dict) or part not in inner:
            return MISSING
        inner = inner[part]
    return inner


def _read_inner(inner: Any, parameter: Parameter, validates: Validates) -> Found:
    if isinstance(inner, dict) and "value" in inner:
        for key in inner.keys() - INNER:
            if re.sub(r"[^a-z]", "", key.lower()).rstrip("s") in INNER:
                raise Unreadable(f"the key {key!r} is none of value, unit and quote")
        unit, quote = _text(inner, "unit"), _text(inner, "quote")
        return _valid(inner["value"], unit, quote, parameter, validates)
    return _valid(inner, None, None, parameter, validates)


def _text(inner: dict[str, Any], key: str) -> str | None:
    given = inner.get(key)
    if given is not None and not isinstance(given, str):
        raise Unreadable(f"{key} is no text")
    return given or None


def _valid(value: Any, unit: str | None, quote: str | None, parameter: Parameter, validates: Validates) -> Found:
    if value is None:
        return Found(None, None, quote)
    if isinstance(value, str) and not parameter.choices and not re.search(r"\w", value):
        raise Unreadable(f"{value!r} is no value")
    if validates(parameter, value):
        return Found(value, unit, quote)
    number = _unquoted(value, unit, parameter)
    if number and validates(parameter, number.value):
        return Found(number.value, number.unit, quote, ("quoted-number",))
    raise Unreadable(f"{_short(value)} does not fit the parameter's schema")


def _unquoted(value: Any, unit: str | None, parameter: Parameter) -> Found | None:
    """The number in "40" or, where the parameter has a unit, in "40 mm"; "3 million" and "12k" are left alone."""
    match = QUOTED_NUMBER.fullmatch(value) if isinstance(value, str) else None
    written = match[2].strip() if match and match[2] else None
    if not match or (written and (not _is_unit(written, parameter) or unit not in (None, written))):
        return None
    digits = match[1].replace("−", "-")
    return Found(float(digits) if "." in digits else int(digits), written or unit)


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

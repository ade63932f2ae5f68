"""Is it JSON Schema, are our annotations of the right kind, is nothing there that would be passed over in silence?"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from functools import lru_cache
from typing import Any

from dsx.schema.combining import Unaskable, escaped
from dsx.schema.leaves import refuse
from dsx.schema.mending import TYPES
from dsx.units import known_units, read_unit

COMPARISONS = (
    *("number", "numbers", "choice", "choices", "boolean", "text", "texts"),
    *("exact", "range", "doi", "names"),
)
"""How an evaluation can compare values; `dsx.evaluation.compare` does it."""
COMPARED: Mapping[str, type | tuple[type, ...]] = {
    "tolerance": (int, float),
    "within": (int, float),
    "token_f1": (int, float),
    "contains": bool,
    "synonyms": dict,
}
"""Settings of a comparison."""
ANNOTATIONS: Mapping[str, tuple[str, str]] = {
    "x-unit": ("string or null", 'a unit as one string, like "mm", or null: it has none, whatever its words say'),
    "x-synonyms": ("list", 'a list of strings, like ["reach length"]'),
    "x-where": ("string", 'the name of a section, like "methods"'),
    "x-choices": ("meanings", 'an object, from each choice to what it means, like {"abrupt": "in one step"}'),
    "x-normalise": ("list", "a list of normalisers' names"),
    "x-max-records": ("count", "a whole number from 1"),
    "x-min-records": ("none or one", "0 (a paper may have none) or 1"),
    "x-free": ("yes or no", "true or false"),
    "x-derive": ("yes or no", "true or false"),
    "x-compare": ("comparison", f'a comparison ({", ".join(COMPARISONS)}), or {{"by": one, {", ".join(COMPARED)}: …}}'),
}
PREFIXES = ("", "pico", "nano", "micro", "milli", "centi", "kilo", "mega")
WHOLE_UNITS = (
    "gram",
    "meter",
    "metre",
    "liter",
    "litre",
    "second",
    "mole",
    "molar",
    "volt",
    "watt",
    "joule",
    "pascal",
    "hertz",
)
_TEMPTING = {"unit", "units", "synonyms", "choices"}
"""Annotations that are lost where their x- is forgotten."""
_HARMLESS = frozenset(("if", "not", "note", "notes", "title", "items", "const", "examples", "example"))
_VARIED = ("anyOf", "oneOf", "enum", "const")
_OF_LISTS = ("prefixItems", "contains", "uniqueItems", "unevaluatedItems")


def problems(schema: Any) -> dict[str, str]:
    """Pointer → what is wrong there: it is no JSON Schema, or an annotation of ours is used wrongly."""
    from jsonschema import Draft202012Validator

    if not isinstance(schema, Mapping):
        return {"": 'a parameter set is a JSON object: {"type": "object", "properties": {…}}'}
    messages: dict[str, str] = {}
    rule = Draft202012Validator(Draft202012Validator.META_SCHEMA)
    for error in () if rule.is_valid(_abridged(schema)) else rule.iter_errors(schema):
        pointer = "".join(f"/{escaped(str(part))}" for part in error.absolute_path)
        messages.setdefault(pointer, _message(pointer, error.instance, error.message))
    for pointer, text in _annotations(schema, ""):
        messages.setdefault(pointer, text)
    return messages


def _abridged(part: Any) -> Any:
    """A schema that is valid where `part` is: of 5,000 constants as branches, whose validity costs 2 s, one stands."""
    if isinstance(part, list):
        return [_abridged(item) for item in part]
    if not isinstance(part, Mapping):
        return part
    shorter = {key: _abridged(value) for key, value in part.items()}
    for key in ("anyOf", "oneOf"):
        if isinstance(branches := shorter.get(key), list):
            shorter[key] = [*branches[:1], *(branch for branch in branches[1:] if not _is_constant(branch))]
    return shorter


def _is_constant(branch: Any) -> bool:
    """Whether a branch is a constant with words about it, which is always valid."""
    if not isinstance(branch, Mapping) or not branch.keys() <= {"const", "title", "description"}:
        return False
    return all(isinstance(value, str) for key, value in branch.items() if key != "const")


def _message(pointer: str, instance: Any, message: str) -> str:
    if pointer.endswith("/type"):
        return f"{instance!r} is no type; there are {', '.join(TYPES)}"
    if pointer.endswith(("/exclusiveMinimum", "/exclusiveMaximum")) and isinstance(instance, bool):
        return "a number since draft 6, not true or false; write the bound itself"
    if pointer.endswith("/items") and isinstance(instance, list):
        return "a list of schemas is called prefixItems since 2020-12"
    return message if len(message) <= 200 else f"{message[:200]}…"


def _annotations(schema: Any, pointer: str) -> Iterator[tuple[str, str]]:
    """Walks wherever a schema may stand; examples and defaults are passed by."""
    if not isinstance(schema, Mapping):
        return
    for key, (kind, expected) in ANNOTATIONS.items():
        if key in schema and not _has_kind(kind, schema[key]):
            yield f"{pointer}/{key}", f"must be {expected}"
    for key in schema:
        if key.startswith("x-") and key not in ANNOTATIONS:
            yield f"{pointer}/{escaped(key)}", f"no annotation of dsx; {near(key, ANNOTATIONS)}"
        elif meant := _meant(key):
            yield (
                f"{pointer}/{escaped(key)}",
                f"no keyword of JSON Schema, so nothing is held to it; {meant!r} is meant?",
            )
    if _has_kind("string", schema.get("x-unit")) and not _is_unit(schema["x-unit"]):
        unit, advice = schema["x-unit"], 'write it as papers do ("mg/kg"), or leave it out and describe what is counted'
        yield f"{pointer}/x-unit", f"no unit {unit!r} is known; {near(unit, _unit_names(), advice, 0.75)}"
    for key in ("properties", "$defs", "definitions", "patternProperties", "dependentSchemas"):
        parts = schema.get(key)
        for name, part in parts.items() if isinstance(parts, Mapping) else ():
            yield from _annotations(part, f"{pointer}/{key}/{escaped(name)}")
    for key in ("items", "additionalProperties", "not", "if", "then", "else", "contains"):
        yield from _annotations(schema.get(key), f"{pointer}/{key}")
    for key in ("allOf", "anyOf", "oneOf", "prefixItems"):
        parts = schema.get(key)
        for index, part in enumerate(parts if isinstance(parts, list) else ()):
            yield from _annotations(part, f"{pointer}/{key}/{index}")


@lru_cache(1024)
def _meant(key: str) -> str | None:
    """The keyword or annotation that an unknown key is a misspelling of: "minimun", "maxlength", "x_unit", "unit"."""
    from jsonschema import Draft202012Validator

    keywords = [name for name in (*Draft202012Validator.VALIDATORS, "description") if len(name) > 3]
    if key in keywords or key in ANNOTATIONS or key in _HARMLESS:
        return None
    plain = re.sub(r"[^a-z]", "", key.lower())
    for name in ANNOTATIONS:
        if plain in (name.replace("-", ""), *({name[2:], f"{name[2:]}s"} & _TEMPTING)):
            return name
    return next(iter(get_close_matches(key, keywords, 1, 0.85)), None)


def _is_unit(unit: str) -> bool:
    """The library of units, which takes a while to import, is asked for rare ones only."""
    return unit in known_units() or read_unit(unit) is not None


@lru_cache(1)
def _unit_names() -> list[str]:
    """Spellings of known units, and whole names with prefixes ("milligram")."""
    known = known_units()
    spelt = [f"{prefix}{unit}" for prefix in PREFIXES for unit in WHOLE_UNITS]
    return [*known, *(name for name in [*spelt, *(f"{name}s" for name in spelt)] if name not in known)]


def near(name: str, known: Iterable[str], otherwise: str | None = None, least: float = 0.6) -> str:
    """The known name that is nearest, as a question. otherwise: what is said where none is near; None: all of them."""
    names = list(known)
    nearest = get_close_matches(name, names, 1, least)
    if nearest:
        return f"{nearest[0]!r} is meant?"
    return otherwise or f"there are {', '.join(names)}"


def _has_kind(kind: str, value: Any) -> bool:
    if kind == "string or null" and value is None:
        return True
    if kind.startswith("string"):
        return isinstance(value, str) and bool(value)
    if kind == "count":
        return isinstance(value, int) and not isinstance(value, bool) and value > 0
    if kind == "comparison":
        settings = {"by": value} if isinstance(value, str) else value
        return (
            isinstance(settings, Mapping)
            and settings.get("by", "text") in COMPARISONS
            and all(
                key == "by" or (key in COMPARED and isinstance(part, COMPARED[key])) for key, part in settings.items()
            )
        )
    if kind == "none or one":
        return value in (0, 1) and not isinstance(value, bool)
    if kind == "yes or no":
        return isinstance(value, bool)
    parts = value if isinstance(value, list) else list(value.values()) if isinstance(value, Mapping) else [None]
    return isinstance(value, Mapping if kind == "meanings" else list) and all(isinstance(part, str) for part in parts)


def problems_of_object(schema: Mapping[str, Any], pointer: str) -> list[str]:
    """What stands beside an object's properties and would change which values are valid together."""
    messages = []
    try:
        refuse(schema, pointer, allowed=("unevaluatedProperties",))
    except Unaskable as problem:
        messages.append(str(problem))
    messages += [
        f"{pointer}/{key}: {key} beside properties; split the cases into parameters of their own"
        for key in _VARIED
        if key in schema
    ]
    unnamed = [name for name in schema.get("required", ()) if name not in schema["properties"]]
    if unnamed:
        messages.append(f"{pointer}/required: {unnamed[0]!r} is not among the properties; add it there")
    return messages


def refuse_of_records(schema: Mapping[str, Any], pointer: str) -> None:
    """Raises Unaskable for what a list of records cannot be held to."""
    refuse(schema, pointer)
    for key in (*_VARIED, *_OF_LISTS):
        if schema.get(key, False) is not False:
            raise Unaskable(f"{pointer}/{key}", f"{key} of a list of records; leave it out, records have labels")
    for key in ("maxItems", "x-max-records"):
        if schema.get(key) == 0:
            raise Unaskable(f"{pointer}/{key}", "a list without records has nothing to ask")

"""One parameter's JSON Schema: the value that is there, with bounds, or the reasons why it cannot be asked.

A leaf is a string, number, integer, boolean, enum, const, a union of these, or a list of these. Missing bounds get
defaults, so that every answer ends: strings 200 characters (60 inside lists), lists 8 items, numbers 15 digits.
Unknown keywords are annotations, as JSON Schema says: kept and ignored.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Hashable, Iterator, Mapping
from typing import Any

from dsx.schema.combining import Unaskable, choices, combine, json_key
from dsx.schema.grammatical import DIGITS, FORMATS, SMALLEST_STEP, exact
from dsx.terminal import printable

STRING, STRING_IN_LIST, ITEMS, LARGEST = 200, 60, 8, 10**15
CHARACTERS_PER_TOKEN = 2
"""Planned with, on the safe side: English text has three to five."""
NO_RULE = ("enum", "const", "title", "description")
"""Keywords beside which a choice is legal or not whatever they say."""
UNWRITABLE = re.compile("[\U00040000-\U000bffff]")
"""Code points without characters; some vocabularies lack the bytes for them, and an answer would be stuck there."""
SCALARS = ("string", "number", "integer", "boolean")
REFUSED = {
    "not": "say what is allowed instead of what is not",
    "if": "split the cases into parameters of their own",
    "then": "split the cases into parameters of their own",
    "else": "split the cases into parameters of their own",
    "contains": "list the legal items with enum",
    "minContains": "list the legal items with enum",
    "maxContains": "list the legal items with enum",
    "patternProperties": "name the properties",
    "propertyNames": "name the properties",
    "dependentSchemas": "split the cases into parameters of their own",
    "dependentRequired": "leave it out: every parameter may be absent from a paper",
    "minProperties": "leave it out: every parameter may be absent from a paper",
    "maxProperties": "leave it out: the properties are named",
    "unevaluatedProperties": "use additionalProperties: false",
    "unevaluatedItems": "use items",
    "$dynamicRef": "use $ref",
}
"""Keywords that change what is valid and that no grammar of ours holds, with what to write instead."""
_KEYWORDS = {
    "string": ("minLength", "maxLength", "pattern", "format"),
    "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    "integer": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    "boolean": (),
}
_TYPE_KEYWORDS = {
    "string": _KEYWORDS["string"],
    "number": _KEYWORDS["number"],
    "array": ("items", "prefixItems", "minItems", "maxItems", "uniqueItems"),
    "object": ("properties", "additionalProperties", "required"),
}


def types_of(schema: Mapping[str, Any]) -> list[str]:
    """The types that the schema names, null left out. Where it names none: those that its keywords are about, or text.

    A schema without a type allows everything. Text is asked then, and `dsx schema show` says so.
    """
    types = schema.get("type")
    if types is None:
        return [kind for kind, keywords in _TYPE_KEYWORDS.items() if schema.keys() & set(keywords)] or ["string"]
    kinds = [name for name in ([types] if isinstance(types, str) else types) if name != "null"]
    return [kind for kind in kinds if not (kind == "integer" and "number" in kinds)]


def leaf(schema: Mapping[str, Any], pointer: str, in_list: bool = False) -> dict[str, Any]:
    """The schema of a value that is there: never null, bounded. `schema` has its references resolved.

    Raises Unaskable.
    """
    refuse(schema, pointer)
    if "const" in schema or "enum" in schema:
        return _choices(schema, pointer)
    for union in ("anyOf", "oneOf"):
        if union in schema:
            return _union(schema, union, pointer, in_list)
    kinds = types_of(schema)
    if not kinds:
        raise Unaskable(f"{pointer}/type", "a value that is always null has nothing to ask")
    if len(kinds) > 1:
        return {"anyOf": [_typed(schema, kind, pointer, in_list) for kind in kinds]}
    return _typed(schema, kinds[0], pointer, in_list)


def refuse(schema: Mapping[str, Any], pointer: str, allowed: Collection[str] = ()) -> None:
    """Raises Unaskable for the first keyword that no grammar holds; those in `allowed` are passed over."""
    for keyword, advice in REFUSED.items():
        if keyword in schema and keyword not in allowed:
            raise Unaskable(f"{pointer}/{keyword}", f"{keyword!r} cannot be held by a grammar; {advice}")


def _choices(schema: Mapping[str, Any], pointer: str) -> dict[str, Any]:
    from dsx.schema.values import validator

    values = choices(schema)
    if not values:
        raise Unaskable(f"{pointer}/enum", "an enum needs at least one value")
    others = {key: value for key, value in schema.items() if key not in NO_RULE}
    rule = validator(others)
    first_of: dict[Hashable, Any] = {}
    for value in values:
        if value is not None and rule.is_valid(value):
            first_of.setdefault(json_key(value), value)
    legal = list(first_of.values())
    if any(isinstance(value, (dict, list)) for value in legal):
        raise Unaskable(f"{pointer}/enum", "a choice that is an object or a list; give each choice a short name")
    if any(isinstance(value, str) and UNWRITABLE.search(value) for value in legal):
        raise Unaskable(f"{pointer}/enum", "a choice with a character that Unicode has not assigned")
    if any(isinstance(value, str) and printable(value) != value for value in legal):
        raise Unaskable(f"{pointer}/enum", "a choice with a control character; no value is stored with one")
    if any(_kind(value) == "number" and not exact(value) for value in legal):
        raise Unaskable(f"{pointer}/enum", f"a choice of more than {DIGITS} digits; write it as text")
    if not legal:
        raise Unaskable(f"{pointer}/enum", "no choice is valid by the other keywords beside it")
    return {"enum": legal}


def _union(schema: Mapping[str, Any], union: str, pointer: str, in_list: bool) -> dict[str, Any]:
    if "anyOf" in schema and "oneOf" in schema:
        raise Unaskable(f"{pointer}/oneOf", "anyOf and oneOf in one place; keep one")
    branches = [
        (f"{pointer}/{union}/{index}", branch)
        for index, branch in enumerate(schema[union])
        if not (isinstance(branch, Mapping) and branch.get("type") == "null")
    ]
    beside = {key: value for key, value in schema.items() if key != union and not key.startswith("x-")}
    if not branches:
        raise Unaskable(f"{pointer}/{union}", "a value that is always null has nothing to ask")
    if any("properties" in branch or types_of(branch) == ["object"] for _, branch in branches):
        advice = "write one object with the properties of all; what a paper does not have is not reported"
        raise Unaskable(f"{pointer}/{union}", f"objects as branches of a union cannot be asked; {advice}")
    if union == "oneOf" and len(branches) > 1 and not apart([branch for _, branch in branches]):
        raise Unaskable(f"{pointer}/oneOf", "branches that may hold at once; use anyOf, or types that differ")
    leaves, mismatch = [], None
    for place, branch in branches:
        try:
            leaves.append(leaf(combine(beside, branch, place), place, in_list))
        except Unaskable as refused:
            if refused.pointer != f"{place}/type" or "type" not in beside:
                raise  # else: a branch of another type than the one beside the union, which is never taken
            mismatch = refused
    if not leaves:
        raise mismatch or Unaskable(pointer, "nothing is left of the union")
    if all("enum" in branch for branch in leaves):
        return {"enum": [value for branch in leaves for value in branch["enum"]]}
    return leaves[0] if len(leaves) == 1 else {"anyOf": leaves}


def apart(branches: list[Mapping[str, Any]]) -> bool:
    """Whether no value can be valid for two of the branches: each type, or choice, is in one only."""
    seen: list[str] = []
    for branch in branches:
        if "const" in branch or "enum" in branch:
            types = {_kind(value) for value in choices(branch)}
        else:
            types = {"number" if kind == "integer" else kind for kind in types_of(branch)}
            if "type" not in branch:
                return False
        seen += types
    return len(seen) == len(set(seen)) or _choices_apart(branches)


def _choices_apart(branches: list[Mapping[str, Any]]) -> bool:
    listed = [choices(branch) if "const" in branch or "enum" in branch else None for branch in branches]
    values = [value for choices_of_branch in listed if choices_of_branch is not None for value in choices_of_branch]
    return None not in listed and len(set(map(json_key, values))) == len(values)


def _kind(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return "boolean" if value is not None else "null"
    return "number" if isinstance(value, (int, float)) else "string" if isinstance(value, str) else "object"


def _typed(schema: Mapping[str, Any], kind: str, pointer: str, in_list: bool) -> dict[str, Any]:
    if kind == "array":
        return _list(schema, pointer)
    if kind not in SCALARS:
        raise Unaskable(f"{pointer}/type", f"{kind!r} here; a value is one of {', '.join(SCALARS)}, array")
    bounded = {"type": kind, **{key: schema[key] for key in _KEYWORDS[kind] if key in schema}}
    if kind == "string":
        _text(bounded, pointer, in_list)
    elif kind in ("number", "integer"):
        _bound_number(bounded, pointer)
    return bounded


def _text(bounded: dict[str, Any], pointer: str, in_list: bool) -> None:
    if bounded.get("format") not in (*FORMATS, *checked_afterwards()):
        bounded.pop("format", None)
    try:
        re.compile(bounded.get("pattern", ""))
    except re.error as problem:
        raise Unaskable(f"{pointer}/pattern", f"Python cannot read it: {problem}") from None
    default = FORMATS.get(bounded.get("format", ""), STRING_IN_LIST if in_list else STRING)
    bounded.setdefault("maxLength", max(default, bounded.get("minLength", 0)))
    if bounded.get("minLength", 0) > bounded["maxLength"]:
        raise Unaskable(f"{pointer}/minLength", f"minLength {bounded['minLength']} is over maxLength")


def _bound_number(bounded: dict[str, Any], pointer: str) -> None:
    for key in ("exclusiveMinimum", "exclusiveMaximum"):
        if isinstance(bounded.get(key), bool):
            raise Unaskable(f"{pointer}/{key}", f"{key} is a number since draft 6, not true or false")
    low = max((bounded[key] for key in ("minimum", "exclusiveMinimum") if key in bounded), default=None)
    high = min((bounded[key] for key in ("maximum", "exclusiveMaximum") if key in bounded), default=None)
    if low is not None and high is not None and low > high:
        raise Unaskable(pointer, f"no number is at least {low} and at most {high}")
    if low is None:
        bounded["minimum"] = min(-LARGEST, 2 * high) if high is not None and high < 0 else -LARGEST
    if high is None:
        bounded["maximum"] = max(LARGEST, 2 * low) if low is not None and low > 0 else LARGEST
    if bounded["type"] == "number":
        bounded.setdefault("multipleOf", SMALLEST_STEP)


def _list(schema: Mapping[str, Any], pointer: str) -> dict[str, Any]:
    bounded: dict[str, Any] = {"type": "array"}
    prefix = enumerate(schema.get("prefixItems", ()))
    first = [leaf(item, f"{pointer}/prefixItems/{index}", in_list=True) for index, item in prefix]
    items = schema.get("items", {})
    if first:
        bounded["prefixItems"] = first
    if items is False:
        bounded["items"] = False
        bounded["maxItems"] = min(len(first), schema.get("maxItems", len(first)))
    else:
        bounded["items"] = leaf(items if isinstance(items, Mapping) else {}, f"{pointer}/items", in_list=True)
        bounded["maxItems"] = schema.get("maxItems", max(ITEMS, schema.get("minItems", 0), len(first)))
    bounded["minItems"] = max(schema.get("minItems", 0), 1)  # an empty list would say nothing: that is null
    if bounded["minItems"] > bounded["maxItems"]:
        raise Unaskable(f"{pointer}/minItems", "no list has that many items and at most that few; an empty one is null")
    if schema.get("uniqueItems"):
        bounded["uniqueItems"] = True
    return bounded


def checked_afterwards() -> Collection[str]:
    """Formats that no grammar holds and that jsonschema can judge: an answer that is none counts as no answer."""
    from jsonschema import Draft202012Validator

    return {str(name) for name in Draft202012Validator.FORMAT_CHECKER.checkers} - FORMATS.keys()


def longest(bounded: Mapping[str, Any]) -> int:
    """Most characters of the value's compact JSON (escapes counted as one)."""
    if "enum" in bounded:
        return max(len(json.dumps(value, ensure_ascii=False)) for value in bounded["enum"])
    if "anyOf" in bounded:
        return max(map(longest, bounded["anyOf"]))
    kind = bounded["type"]
    if kind == "array":
        first = [longest(item) for item in bounded.get("prefixItems", ())][: bounded["maxItems"]]
        each = longest(bounded["items"]) if isinstance(bounded["items"], Mapping) else 0
        return int(2 + sum(first) + (bounded["maxItems"] - len(first)) * each + bounded["maxItems"])
    if kind == "string":
        return int(bounded["maxLength"]) + 2
    if kind == "boolean":
        return 5
    digits = max(len(f"{abs(bound):.0f}") for bound in _bounds(bounded))
    return 1 + digits + (7 if kind == "number" else 0)


def _bounds(bounded: Mapping[str, Any]) -> Iterator[float]:
    for key in ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"):
        if key in bounded:
            yield bounded[key]

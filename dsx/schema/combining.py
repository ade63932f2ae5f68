"""Two schemas that must both hold, as one: what `$ref`, `allOf` and a union with something beside it come to."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

HIGHER = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties", "minContains")
LOWER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties", "maxContains")
LISTS = ("items", "prefixItems")
RULES = (
    "pattern",
    "format",
    "anyOf",
    "oneOf",
    "not",
    "if",
    "then",
    "else",
    "contains",
    "uniqueItems",
    "patternProperties",
    "propertyNames",
    "dependentSchemas",
    "dependentRequired",
    "prefixItems",
    "$dynamicRef",
)
"""Keywords of which two values cannot be made one. What is in none of these is an annotation: the nearer wins."""


class Unaskable(Exception):
    """pointer: JSON pointer of the place; the message says what is wrong and what to write instead."""

    def __init__(self, pointer: str, text: str) -> None:
        self.pointer = pointer
        super().__init__(f"{pointer or '/'}: {text}")


def escaped(name: str) -> str:
    """A name as a JSON pointer has it."""
    return name.replace("~", "~0").replace("/", "~1")


def same(value: Any, other: Any) -> bool:
    """Equal as JSON: true is not 1, and 1.0 is."""
    if isinstance(value, bool) or isinstance(other, bool):
        return value is other
    if isinstance(value, (int, float)) and isinstance(other, (int, float)):
        return value == other
    return json.dumps(value, sort_keys=True) == json.dumps(other, sort_keys=True)


def combine(far: Mapping[str, Any], near: Mapping[str, Any], pointer: str) -> dict[str, Any]:
    """The schema of what both allow; of annotations those of `near`. Raises Unaskable where no one schema says it."""
    _closed(far, near, pointer)
    _closed(near, far, pointer)
    _not_both_lists(far, near, pointer)
    made = {**far, **near}
    for key in far.keys() & near.keys():
        if key in RULES and not same(far[key], near[key]):
            raise Unaskable(f"{pointer}/{key}", f"two schemas hold here and each has its own {key!r}; keep one")
        if key in HIGHER:
            made[key] = max(far[key], near[key])
        elif key in LOWER:
            made[key] = min(far[key], near[key])
        elif key == "type":
            made[key] = _types(far[key], near[key], pointer)
        elif key == "multipleOf":
            made[key] = _step(far[key], near[key], pointer)
        elif key == "required":
            made[key] = sorted({*far[key], *near[key]})
        elif key == "properties":
            made[key] = {**far[key], **near[key]}
            for name in far[key].keys() & near[key].keys():
                made[key][name] = _both(far[key][name], near[key][name])
        elif key == "items":
            made[key] = _both(far[key], near[key])
    if ("enum" in far or "const" in far) and ("enum" in near or "const" in near):
        made.pop("const", None)
        made["enum"] = [value for value in choices(far) if any(same(value, other) for other in choices(near))]
    return made


def choices(schema: Mapping[str, Any]) -> list[Any]:
    """The values that `const` or `enum`, or both, leave."""
    listed = schema["enum"] if "enum" in schema else [schema["const"]]
    return [value for value in listed if "const" not in schema or same(value, schema["const"])]


def _both(one: Any, other: Any) -> Any:
    return one if same(one, other) else {"allOf": [one, other]}


def _types(far: Any, near: Any, pointer: str) -> list[str]:
    left, right = ([kinds] if isinstance(kinds, str) else list(kinds) for kinds in (far, near))
    both = [kind for kind in left if kind in right or (kind == "integer" and "number" in right)]
    both += [kind for kind in right if kind == "integer" and "number" in left and kind not in both]
    if not both:
        raise Unaskable(f"{pointer}/type", f"nothing is {' or '.join(left)} and also {' or '.join(right)}")
    return both


def _step(far: float, near: float, pointer: str) -> float:
    if far == near:
        return far
    if float(far).is_integer() and float(near).is_integer():
        return math.lcm(int(far), int(near))
    raise Unaskable(f"{pointer}/multipleOf", f"two steps, {far} and {near}; keep one")


def _closed(one: Mapping[str, Any], other: Mapping[str, Any], pointer: str) -> None:
    """Where one of the two allows no property but its own, those of the other cannot be there."""
    for key in ("additionalProperties", "unevaluatedProperties"):
        if one.get(key, True) is True:
            continue
        foreign = sorted(other.get("properties", {}).keys() - one.get("properties", {}).keys())
        if foreign:
            raise Unaskable(
                f"{pointer}/{key}", f"{key} beside a schema that knows more properties ({foreign[0]}); leave it out"
            )


def _not_both_lists(far: Mapping[str, Any], near: Mapping[str, Any], pointer: str) -> None:
    mine, other = ({key: part[key] for key in LISTS if key in part} for part in (far, near))
    if mine and other and ("prefixItems" in mine or "prefixItems" in other) and not same(mine, other):
        raise Unaskable(f"{pointer}/prefixItems", "prefixItems beside other items; write one list")

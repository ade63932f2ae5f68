"""Two schemas that must both hold, as one: what `$ref`, `allOf` and a union with something beside it come to."""

from __future__ import annotations

import json
import math
from collections.abc import Hashable, Mapping
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


def json_key(value: Any) -> Hashable:
    """Equal for values that are equal as JSON: true is not 1, and 1.0 is."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return value
    return json.dumps(value, sort_keys=True)


def equal_json(value: Any, other: Any) -> bool:
    """Equal as JSON."""
    return json_key(value) == json_key(other)


def combine(far: Mapping[str, Any], near: Mapping[str, Any], pointer: str) -> dict[str, Any]:
    """The schema of what both allow, with the annotations of `near`. Raises Unaskable where no one schema says it."""
    _refuse_foreign_properties(far, near, pointer)
    _refuse_foreign_properties(near, far, pointer)
    _refuse_two_lists(far, near, pointer)
    combined = {**far, **near}
    for key in far.keys() & near.keys():
        if key in RULES and not equal_json(far[key], near[key]):
            raise Unaskable(f"{pointer}/{key}", f"two schemas hold here and each has its own {key!r}; keep one")
        if key in HIGHER:
            combined[key] = max(far[key], near[key])
        elif key in LOWER:
            combined[key] = min(far[key], near[key])
        elif key == "type":
            combined[key] = _types(far[key], near[key], pointer)
        elif key == "multipleOf":
            combined[key] = _step(far[key], near[key], pointer)
        elif key == "required":
            combined[key] = sorted({*far[key], *near[key]})
        elif key == "properties":
            combined[key] = {**far[key], **near[key]}
            for name in far[key].keys() & near[key].keys():
                combined[key][name] = _intersection(far[key][name], near[key][name])
        elif key == "items":
            combined[key] = _intersection(far[key], near[key])
    if ("enum" in far or "const" in far) and ("enum" in near or "const" in near):
        combined.pop("const", None)
        combined["enum"] = [value for value in choices(far) if any(equal_json(value, other) for other in choices(near))]
    return combined


def choices(schema: Mapping[str, Any]) -> list[Any]:
    """The values that `const` or `enum`, or both, leave."""
    listed = schema["enum"] if "enum" in schema else [schema["const"]]
    return [value for value in listed if "const" not in schema or equal_json(value, schema["const"])]


def _intersection(far: Any, near: Any) -> Any:
    return far if equal_json(far, near) else {"allOf": [far, near]}


def _types(far: Any, near: Any, pointer: str) -> list[str]:
    far_types, near_types = ([kinds] if isinstance(kinds, str) else list(kinds) for kinds in (far, near))
    common = [kind for kind in far_types if kind in near_types or (kind == "integer" and "number" in near_types)]
    common += [kind for kind in near_types if kind == "integer" and "number" in far_types and kind not in common]
    if not common:
        raise Unaskable(f"{pointer}/type", f"nothing is {' or '.join(far_types)} and also {' or '.join(near_types)}")
    return common


def _step(far: float, near: float, pointer: str) -> float:
    if far == near:
        return far
    if float(far).is_integer() and float(near).is_integer():
        return math.lcm(int(far), int(near))
    raise Unaskable(f"{pointer}/multipleOf", f"two steps, {far} and {near}; keep one")


def _refuse_foreign_properties(closed: Mapping[str, Any], beside: Mapping[str, Any], pointer: str) -> None:
    """Where one of the two allows no property but its own, those of the other cannot be there."""
    for key in ("additionalProperties", "unevaluatedProperties"):
        if closed.get(key, True) is True:
            continue
        foreign = sorted(beside.get("properties", {}).keys() - closed.get("properties", {}).keys())
        if foreign:
            raise Unaskable(
                f"{pointer}/{key}", f"{key} beside a schema that knows more properties ({foreign[0]}); leave it out"
            )


def _refuse_two_lists(far: Mapping[str, Any], near: Mapping[str, Any], pointer: str) -> None:
    far_lists, near_lists = ({key: part[key] for key in LISTS if key in part} for part in (far, near))
    fixed = "prefixItems" in far_lists or "prefixItems" in near_lists
    if far_lists and near_lists and fixed and not equal_json(far_lists, near_lists):
        raise Unaskable(f"{pointer}/prefixItems", "prefixItems beside other items; write one list")

"""Does a value fit its parameter; and a paper's values as one plain object in the schema's own shape."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from jsonschema import Draft202012Validator

from dsx.types import Json, PaperResult, Parameter, ParameterSet, Record, RecordType


def validator(schema: Mapping[str, Any]) -> Draft202012Validator:
    """A compiled validator, kept."""
    return _compiled(json.dumps(schema, sort_keys=True))


@lru_cache(maxsize=4096)
def _compiled(schema: str) -> Draft202012Validator:
    return Draft202012Validator(json.loads(schema), format_checker=Draft202012Validator.FORMAT_CHECKER)


def validates(parameter: Parameter, value: Json) -> bool:
    """Whether a value that is there fits the parameter's schema (numbers may have any count of decimals)."""
    return validator(without_step(parameter.schema)).is_valid(value)


def without_step(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The step that only keeps the digits of an answer bounded is no rule for values."""
    from dsx.parameters.leaves import SMALLEST_STEP

    kept = {key: value for key, value in schema.items() if (key, value) != ("multipleOf", SMALLEST_STEP)}
    for key in ("anyOf", "prefixItems"):
        if key in kept:
            kept[key] = [without_step(branch) for branch in kept[key]]
    if isinstance(kept.get("items"), Mapping):
        kept["items"] = without_step(kept["items"])
    return kept


def to_object(result: PaperResult, parameters: ParameterSet) -> dict[str, Json]:
    """The paper's values, in the shape of the schema; what has no value is None, a list without records is empty."""
    return _object(result.records, parameters.root, ())


def _object(records: Sequence[Record], kind: RecordType, path: tuple[str, ...]) -> dict[str, Json]:
    own = next((record for record in records if record.path == path), None)
    made: dict[str, Json] = {}
    for parameter in kind.parameters:
        value = own.values[parameter.name].value if own is not None and parameter.name in own.values else None
        _put(made, parameter.name, value)
    for child in kind.children:
        depth = len(path) + 2
        below = [r for r in records if len(r.path) == depth and r.path[: depth - 1] == (*path, child.name)]
        _put(made, child.name, [_object(records, child, record.path) for record in below])
    return made


def _put(made: dict[str, Json], name: str, value: Json) -> None:
    *parents, last = name.split(".")
    for parent in parents:
        made = made.setdefault(parent, {})
    made[last] = value


def nullable(schema: Any) -> Any:
    """The schema with every leaf made nullable and no list needing items: what `to_object` validates against."""
    if not isinstance(schema, Mapping):
        return schema
    made = {key: value for key, value in schema.items() if key not in ("properties", "items", "$defs", "definitions")}
    for key in ("$defs", "definitions", "properties"):
        if key in schema:
            made[key] = {name: nullable(part) for name, part in schema[key].items()}
    if isinstance(schema.get("items"), Mapping):
        made["items"] = nullable(schema["items"])
        made.pop("minItems", None)
    elif "items" in schema:
        made["items"] = schema["items"]
    if "properties" in made or (set(made) <= {"$ref", "description", "title"} and "$ref" in made):
        return made
    return {"anyOf": [made, {"type": "null"}]} if not {"$defs", "definitions"} & set(made) else made

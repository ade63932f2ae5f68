"""Does a value fit its parameter? And a paper's values as one plain object in the schema's own shape."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal, localcontext
from functools import lru_cache
from typing import Any

from jsonschema import Draft202012Validator, ValidationError, validators

from dsx.schema.grammatical import SMALLEST_STEP
from dsx.types import Json, PaperResult, Parameter, ParameterSet, Record, RecordPath, RecordType


def validator(schema: Mapping[str, Any]) -> Draft202012Validator:
    """A compiled validator; the last 4,096 schemas are cached."""
    return _compiled(json.dumps(schema, sort_keys=True))


@lru_cache(maxsize=4096)
def _compiled(schema: str) -> Draft202012Validator:
    compiled: Draft202012Validator = _exact()(json.loads(schema), format_checker=Draft202012Validator.FORMAT_CHECKER)
    return compiled


@lru_cache(maxsize=1)
def _exact() -> Any:
    """2020-12 as jsonschema has it, but 0.3 is a multiple of 0.1: steps are counted in decimals; NaN is no number."""
    types = Draft202012Validator.TYPE_CHECKER

    def is_finite(_: Any, value: Json) -> bool:
        return types.is_type(value, "number") and (isinstance(value, int) or math.isfinite(value))

    finite = types.redefine("number", is_finite)
    return validators.extend(Draft202012Validator, {"multipleOf": _step}, type_checker=finite)  # type: ignore[no-untyped-call]


def _step(validator: Any, step: float, value: Json, schema: Any) -> Iterator[ValidationError]:
    if not validator.is_type(value, "number"):
        return
    with localcontext() as context:
        context.prec = 400  # the largest double has 309 digits
        if Decimal(str(value)) % Decimal(str(step)):
            yield ValidationError(f"{value!r} is not a multiple of {step}")


def validates(parameter: Parameter, value: Json) -> bool:
    """Whether a value that is there fits the parameter's schema (numbers may have any count of decimals)."""
    return rule(parameter)(value)


def rule(parameter: Parameter) -> Callable[[Json], bool]:
    """`validates` for many values of one parameter."""
    fits: Callable[[Json], bool] = validator(without_step(parameter.schema)).is_valid
    return fits


def broken_rule(parameter: Parameter, value: Json) -> str | None:
    """The rule of the parameter's schema that a value breaks, such as "minItems 3"; None where it fits."""
    for error in validator(without_step(parameter.schema)).iter_errors(value):
        limit = json.dumps(error.validator_value, ensure_ascii=False)
        keywords = "/".join(str(part) for part in error.schema_path)
        return f"{keywords} {limit if len(limit) <= 60 else limit[:57] + '…'}"
    return None


def without_step(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The step that only keeps the digits of an answer bounded is no rule for values."""
    stepless = {key: value for key, value in schema.items() if (key, value) != ("multipleOf", SMALLEST_STEP)}
    for key in ("anyOf", "prefixItems"):
        if key in stepless:
            stepless[key] = [without_step(branch) for branch in stepless[key]]
    if isinstance(stepless.get("items"), Mapping):
        stepless["items"] = without_step(stepless["items"])
    return stepless


def to_object(result: PaperResult, parameters: ParameterSet) -> dict[str, Json]:
    """The paper's values in the shape of the schema. What has no value is None, and a list without records is empty."""
    return _object(result.records, parameters.root, ())


def _object(records: Sequence[Record], kind: RecordType, path: RecordPath) -> dict[str, Json]:
    record = next((record for record in records if record.path == path), None)
    values: dict[str, Json] = {}
    for parameter in kind.parameters:
        value = record.values[parameter.name].value if record is not None and parameter.name in record.values else None
        put(values, parameter.name, value)
    for child in kind.children:
        below = [r for r in records if r.path and r.path[:-1] == path and r.path[-1].list == child.name]
        put(values, child.name, [_object(records, child, row.path) for row in below])
    return values


def put(tree: dict[str, Any], name: str, value: Any) -> None:
    """Sets tree["a"]["b"] for the name "a.b"."""
    *parents, last = name.split(".")
    for parent in parents:
        tree = tree.setdefault(parent, {})
    tree[last] = value


def nullable(schema: Any) -> Any:
    """The schema with every leaf made nullable and no list needing items: what `to_object` validates against.

    Every part stays at its place, so that references still point to it.
    """
    if not isinstance(schema, Mapping):
        return schema
    nulled = dict(schema)
    for key in ("$defs", "definitions", "properties"):
        if key in nulled:
            nulled[key] = {name: nullable(part) for name, part in nulled[key].items()}
    if "allOf" in nulled:
        nulled["allOf"] = [nullable(part) for part in nulled["allOf"]]
    if "items" in nulled:
        nulled["items"] = nullable(nulled["items"])
        nulled.pop("minItems", None)
    for key in ("anyOf", "oneOf"):
        if key in nulled:
            nulled[key] = _with_null([_inside(part) for part in nulled[key]], key)
    if "properties" in nulled:
        return nulled
    if "type" in nulled and nulled["type"] not in ("object", ["object"]):
        types = [nulled["type"]] if isinstance(nulled["type"], str) else nulled["type"]
        nulled["type"] = list(dict.fromkeys([*types, "null"]))
    if "const" in nulled:
        nulled["enum"] = [nulled.pop("const")] if "enum" not in nulled else nulled["enum"]
    if "enum" in nulled:
        nulled["enum"] = list(nulled["enum"]) + [None] * (None not in nulled["enum"])
    return nulled


def _inside(branch: Any) -> Any:
    """A union's branch, itself not nullable: in oneOf, null may be valid for one branch only."""
    if not isinstance(branch, Mapping) or "properties" not in branch:
        return branch
    return nullable(branch)


def _with_null(branches: list[Any], union: str) -> list[Any]:
    """The branches of anyOf or oneOf, with null valid for one of them; in oneOf for no other."""
    allowing = [
        at
        for at, branch in enumerate(branches)
        if "$ref" not in str(branch) and validator({"anyOf": [branch]}).is_valid(None)
    ]
    if not allowing:
        return [*branches, {"type": "null"}]
    others = set(allowing[1:]) if union == "oneOf" else set()
    return [_not_null(branch) if at in others else branch for at, branch in enumerate(branches)]


def _not_null(branch: Any) -> Any:
    no_null = {"not": {"type": "null"}}
    if not isinstance(branch, Mapping):
        return no_null
    return {"allOf": [branch, no_null]} if "not" in branch else {**branch, **no_null}

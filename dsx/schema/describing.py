"""A leaf's type and bounds in a few words, those that were filled in included."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from dsx.schema.grammatical import FORMATS, SMALLEST_STEP, differ_by_grammar
from dsx.schema.leaves import LARGEST
from dsx.types import Parameter

AFTERWARDS = "(checked after the answer)"


def describe(schema: Mapping[str, Any]) -> str:
    """In words, for `dsx schema show`. `AFTERWARDS` follows what no grammar holds."""
    if "enum" in schema:
        return "choice"
    if "anyOf" in schema:
        return " or ".join(_branch(branch) for branch in schema["anyOf"])
    kind: str = schema["type"]
    if kind == "boolean":
        return "yes or no"
    words = {"array": _list, "string": _text}.get(kind, _number)
    return " ".join(words(schema))


def describe_unit(parameter: Parameter) -> str:
    """Its unit, and which of its words state it where no annotation does; "" where it has none."""
    source = f" (from its {parameter.unit_source})" if parameter.unit_source else ""
    return f"{parameter.unit}{source}" if parameter.unit else ""


def _branch(schema: Mapping[str, Any]) -> str:
    return f"one of {', '.join(map(str, schema['enum']))}" if "enum" in schema else describe(schema)


def _text(schema: Mapping[str, Any]) -> Iterator[str]:
    yield "text of"
    if schema.get("minLength"):
        both = f"{schema['minLength']} to {schema['maxLength']}"
        yield f"{both if schema['minLength'] < schema['maxLength'] else schema['maxLength']} characters"
    else:
        yield f"at most {schema['maxLength']} characters"
    if "pattern" in schema:
        yield f"like {schema['pattern']}"
    if "format" in schema:
        yield f"({schema['format']})" if schema["format"] in FORMATS else f"({schema['format']}) {AFTERWARDS}"


def _number(schema: Mapping[str, Any]) -> Iterator[str]:
    yield "whole number" if schema["type"] == "integer" else "number"
    bounds = {
        "from": schema.get("minimum"),
        "over": schema.get("exclusiveMinimum"),
        "to": schema.get("maximum"),
        "under": schema.get("exclusiveMaximum"),
    }
    for word, bound in bounds.items():
        if bound is not None and abs(bound) != LARGEST:
            yield f"{word} {bound:g}" if abs(bound) < 10**6 else f"{word} {bound}"
    if any(bound is not None and abs(bound) == LARGEST for bound in bounds.values()):
        yield "of at most 15 digits"
    step = schema.get("multipleOf")
    if step == SMALLEST_STEP:
        yield "with at most 6 decimals"
    elif step is not None:
        yield f"in steps of {step}"


def _list(schema: Mapping[str, Any]) -> Iterator[str]:
    low, high, held = schema["minItems"], schema["maxItems"], differ_by_grammar(schema)
    high = min(high, len(schema["items"]["enum"])) if held else high
    yield f"list of {low} to {high}," if low < high else f"list of {high},"
    first = [_branch(item) for item in schema.get("prefixItems", ())]
    others = [f"each {_branch(schema['items'])}"] if isinstance(schema["items"], Mapping) else []
    yield ", then ".join([*first, *others]) + ("," if schema.get("uniqueItems") else "")
    if schema.get("uniqueItems"):
        yield "all different" if held else f"all different {AFTERWARDS}"

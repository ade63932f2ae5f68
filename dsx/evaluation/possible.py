"""Whether an answer can equal a gold value at all: not one of another type, choice or dimension."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dsx.evaluation.compare import as_number, comparison, ends_of_range, fold, numbers_of, settings_of
from dsx.types import Json, Parameter


def why_impossible(parameter: Parameter, value: Json) -> str:
    """In words what a gold value is not; "" where an answer can equal it. Kinds are those of `comparison`."""
    settings = settings_of(parameter)
    by, items = settings["by"], value if isinstance(value, list) else [value]
    if by == "number":
        number = as_number(value, parameter.unit)
        if number is None:
            return f"no number in {parameter.unit}" if parameter.unit else "no number"
        return _out_of_bounds(parameter, number)
    if by == "numbers" and items and not numbers_of(items, parameter.unit):
        return f"no numbers in {parameter.unit}" if parameter.unit else "no numbers"
    if by == "range" and len(ends_of_range(value, parameter.unit)) != 2:
        return "not two numbers"
    if by in ("choice", "choices", "boolean") and (choices := _choices(parameter.schema)):
        others = (other for spellings in settings.get("synonyms", {}).values() for other in spellings)
        known = set(map(fold, (*choices, *others)))
        if not known.issuperset(map(fold, items if by == "choices" else [value])):
            return "neither true nor false" if by == "boolean" else "not among the choices"
    return ""


def _out_of_bounds(parameter: Parameter, number: float) -> str:
    """What a number is where the nearest legal one is not equal to it."""
    schema, equal = parameter.schema, comparison(parameter)
    for keys, nearest, said in (
        (("minimum", "exclusiveMinimum"), max, "less than"),
        (("maximum", "exclusiveMaximum"), min, "more than"),
    ):
        bounds = [schema[key] for key in keys if key in schema]
        if bounds and (legal := nearest(number, *bounds)) != number and not equal(legal, number):
            return f"{said} {legal:g}{f' {parameter.unit}' if parameter.unit else ''}"
    return ""


def _choices(schema: Mapping[str, Any]) -> list[Json]:
    """The legal values of a parameter, or of its items; none where others are legal too."""
    if schema.get("type") == "array" and isinstance(schema.get("items"), Mapping):
        return _choices(schema["items"])
    if "anyOf" in schema:
        return []
    return [True, False] if schema.get("type") == "boolean" else list(schema.get("enum", ()))

"""Normalise: a raw value to its stored form. The unit is converted first, then the parameter's own chain is applied."""

from __future__ import annotations

from collections.abc import Sequence

from dsx.types import Json, Normaliser, Parameter
from dsx.units import convert


def normalise(value: Json, unit: str | None, parameter: Parameter, chain: Sequence[Normaliser]) -> Json:
    """The stored form of `value`, as it was written in `unit`. Raises ValueError where a step cannot be done."""
    if parameter.unit is not None and unit is not None:
        value = in_unit(value, unit, parameter.unit)
    for step in chain:
        value = step.normalise(value, unit, parameter)
    if parameter.schema.get("uniqueItems"):
        value = [item for at, item in enumerate(value) if item not in value[:at]]
    return value


def in_unit(value: Json, written: str, unit: str) -> Json:
    """Numbers, and lists of numbers, converted; whole numbers stay whole."""
    if isinstance(value, list):
        return [in_unit(item, written, unit) for item in value]
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    made = convert(value, written, unit)
    return int(made) if isinstance(value, int) and made == int(made) else made

"""Normalise: a raw value to its stored form. The unit is converted first, then the parameter's own chain is applied."""

from __future__ import annotations

from collections.abc import Sequence

from dsx.types import Json, Normaliser, Parameter
from dsx.units import in_unit


def normalise(value: Json, unit: str | None, parameter: Parameter, chain: Sequence[Normaliser]) -> Json:
    """The stored form of `value`, as it was written in `unit`. Raises ValueError where a step cannot be done."""
    if parameter.unit is not None and unit is not None:
        value = in_unit(value, unit, parameter.unit)
    for step in chain:
        value = step.normalise(value, unit, parameter)
    if parameter.schema.get("uniqueItems"):
        value = [item for at, item in enumerate(value) if item not in value[:at]]
    return value

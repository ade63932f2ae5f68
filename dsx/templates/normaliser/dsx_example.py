"""A normaliser: texts in lower case."""

from __future__ import annotations

from dsx.plugin_api import Json, Normaliser, Parameter, hookimpl


def lower(value: Json, unit: str | None, parameter: Parameter) -> Json:
    """Raises ValueError where the value is no text: then the raw value is kept and flagged."""
    if not isinstance(value, str):
        raise ValueError(f"{parameter.name}: {value!r} is no text")
    return value.lower()


@hookimpl
def register_normalisers() -> dict[str, Normaliser]:
    return {"example": Normaliser(lower, "texts in lower case")}

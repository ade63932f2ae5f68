"""What kind of value a parameter has, as far as its answer's form goes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from dsx.types import Json, Parameter

Kind = Literal["number", "numbers", "choice", "choices", "text", "texts", "free"]
_LISTS: Mapping[Kind, Kind] = {"number": "numbers", "choice": "choices", "text": "texts"}


def kind_of(parameter: Parameter) -> Kind:
    """A number, legal value or text, or a list of such. free: none of these; it need not stand in the text."""
    schema = parameter.schema
    if parameter.free or "anyOf" in schema:
        return "free"
    if schema.get("type") != "array":
        return _scalar_kind(schema)
    items = schema.get("items")
    if "prefixItems" in schema or not isinstance(items, Mapping) or "anyOf" in items:
        return "free"
    return _LISTS.get(_scalar_kind(items), "free")


def may_be_text(schema: Mapping[str, Json]) -> bool:
    """Whether a value, or an item of a list, may be text."""
    if "enum" in schema:
        return any(isinstance(value, str) for value in schema["enum"])
    parts = [*schema.get("anyOf", ()), *schema.get("prefixItems", ())]
    parts += [schema["items"]] if isinstance(schema.get("items"), Mapping) else []
    return schema.get("type") == "string" or any(map(may_be_text, parts))


def _scalar_kind(schema: Mapping[str, Json]) -> Kind:
    if "enum" in schema or schema.get("type") == "boolean":
        return "choice"
    if schema.get("type") in ("number", "integer"):
        return "number"
    return "free" if {"pattern", "format"} & schema.keys() else "text"

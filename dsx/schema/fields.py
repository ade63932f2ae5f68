"""A parameter set for a first try, written in one line: `n_total: int, age_mean: float [year], drug: str`."""

from __future__ import annotations

import re

from dsx.errors import SchemaError
from dsx.schema.checking import near
from dsx.schema.reading import read
from dsx.types import Json, ParameterSet

TYPES = {"int": "integer", "float": "number", "str": "string", "bool": "boolean"}
SYNONYMS = {"integer": "int", "number": "float", "string": "str", "text": "str", "boolean": "bool"}
FIELD = re.compile(r"(?P<name>\w+)\s*:\s*(?P<type>list\[\w+\]|[^\[\]]+?)\s*(?:\[(?P<unit>[^\[\]]+)\])?")
NO_UNIT = "none"
"""In brackets: no unit, whatever the name says."""
EXAMPLE = '"n_total: int, age_mean: float [year], drug: str, blinding: open|single|double, sites: list[str]"'


def read_fields(text: str) -> ParameterSet:
    """The parameter set `fields`. Raises SchemaError, naming each field that cannot be read."""
    properties: dict[str, Json] = {}
    problems = []
    for field in re.findall(r"(?:^|,)((?:\[[^\]]*+\]?|[^,\[])*+)", text):
        match = FIELD.fullmatch(field.strip())
        if match is None:
            problems.append(f"{field.strip()!r} is no `name: type` or `name: type [unit]`; write {EXAMPLE}")
        elif match["name"] in properties:
            problems.append(f"{match['name']!r} is there twice; name each field once")
        else:
            schema = _schema(match["type"])
            if schema is None:
                kinds = [*TYPES, *(f"list[{kind}]" for kind in TYPES)]
                problems.append(f"{match['name']}: no type {match['type']!r}; {near(match['type'], kinds)}")
                continue
            unit = None if match["unit"] == NO_UNIT else match["unit"]
            properties[match["name"]] = schema | ({"x-unit": unit} if match["unit"] else {})
    if problems:
        raise SchemaError("fields", problems)
    return read({"title": "fields", "type": "object", "properties": properties}, "fields")


def _schema(kind: str) -> dict[str, Json] | None:
    """None: no such type."""
    if "|" in kind:
        return {"enum": [choice.strip() for choice in kind.split("|") if choice.strip()]}
    if kind.startswith("list["):
        items = _schema(kind.removeprefix("list[").removesuffix("]"))
        return None if items is None else {"type": "array", "items": items}
    kind = SYNONYMS.get(kind, kind)
    return {"type": TYPES[kind]} if kind in TYPES else None

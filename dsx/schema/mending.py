"""A schema without what is wrong in it, so that what else is wrong can be said in the same go."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

TYPES = ("string", "number", "integer", "boolean", "array", "object", "null")
DECISIVE = frozenset(("type", "enum", "const", "properties", "items", "prefixItems", "anyOf", "oneOf", "allOf", "$ref"))
"""Keywords without which nobody knows what else of their schema is wrong."""
COMPANIONS = {"if": ("then", "else"), "contains": ("minContains", "maxContains")}
SCHEMAS = frozenset(("properties", "$defs", "definitions"))


def mended(schema: Any, pointers: Iterable[str]) -> tuple[Any, list[str]]:
    """A copy without the faulty places, a misspelt type put right; and the pointers of those schemas of which no more
    can be said. The copy is None where that is the whole."""
    schema = copy.deepcopy(schema)
    unclear: list[str] = []
    for pointer in pointers:
        owner = _mend(schema, [_name(part) for part in pointer.split("/")[1:]])
        if owner is not None:
            unclear.append("/".join(pointer.split("/")[: owner + 1]))
    beyond = any(not owner or owner.startswith(("/$defs", "/definitions")) for owner in unclear)
    return (None if beyond else schema), unclear


def without(schema: dict[str, Any], where: str, pointer: str) -> dict[str, Any] | None:
    """The schema of a leaf at `where` without its keyword at `pointer`; None where nothing can be left out."""
    keyword = pointer.removeprefix(f"{where}/")
    if keyword not in schema or keyword in DECISIVE:
        return None
    return {key: value for key, value in schema.items() if key not in (keyword, *COMPANIONS.get(keyword, ()))}


def _name(part: str) -> str:
    return part.replace("~1", "/").replace("~0", "~")


def _mend(schema: Any, path: list[str]) -> int | None:
    """Takes out what stands at `path`. Returns how many parts of it lead to a schema that is unclear now, or None."""
    place, depth = schema, 0
    for depth, part in enumerate(path[:-1]):
        below = place.get(part) if isinstance(place, dict) else None
        if isinstance(below, list) or below is None:  # a branch or an item: its keyword goes
            return _leave_out(place, part, path[:depth])
        place = below
    if not path:
        return 0
    last = path[-1]
    if len(path) > 1 and path[-2] in SCHEMAS and isinstance(place, dict):
        place[last] = {}
        return len(path)
    return _leave_out(place, last, path[:-1])


def _leave_out(place: Any, keyword: str, above: list[str]) -> int | None:
    if not isinstance(place, dict) or keyword not in place:
        return None  # gone already
    value = place.pop(keyword)
    if keyword == "type" and isinstance(value, str) and (nearest := get_close_matches(value, TYPES, 1)):
        place["type"] = nearest[0]
        return None
    return len(above) if keyword in DECISIVE else None

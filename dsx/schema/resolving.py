"""References and `allOf` folded in, so that what follows sees one schema at each place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from dsx.schema.combining import Unaskable, combine

UNIONS = ("anyOf", "oneOf")
COUNTS = ("minLength", "maxLength", "minItems", "maxItems")
OLDER = ("draft-03", "draft-04", "draft-06", "draft-07")
Refs = tuple[str, ...]


class Resolver:
    """Resolves inside one file. refs: the references on the way to a place, against circles."""

    def __init__(self, root: Mapping[str, Any]) -> None:
        self.root = root
        self.older = any(draft in str(root.get("$schema", "")) for draft in OLDER)

    def open(self, raw: Any, where: str, refs: Refs) -> tuple[dict[str, Any], Refs]:
        """`raw` with its own references resolved and a union with null reduced to the rest. Raises Unaskable."""
        refs_below = (*refs, *_targets(raw))
        schema = self.resolve(raw, where, refs)
        for union in UNIONS:
            branches = [branch for branch in schema.get(union, ()) if not self._is_null(branch, where)]
            if union in schema and len(branches) == 1 and len(schema[union]) > 1:
                inner, refs_below = self.open(branches[0], where, refs_below)
                beside = {key: value for key, value in schema.items() if key != union}
                schema = combine(inner, _with_null_left_out(beside), where)
        return schema, refs_below

    def _is_null(self, branch: Any, where: str) -> bool:
        if not isinstance(branch, Mapping):
            return branch is False
        types = branch.get("type")
        return types in ("null", ["null"]) or branch.get("enum") == [None] or ("const", None) in branch.items()

    def resolve(self, raw: Any, where: str, refs: Refs) -> dict[str, Any]:
        """`$ref` and `allOf` folded in. All of them hold, and of annotations the nearest wins. Raises Unaskable."""
        if raw is True:
            return {}
        if not isinstance(raw, Mapping):
            raise Unaskable(where, "a schema that allows nothing")
        schema: dict[str, Any] = dict(raw)
        schema.update((key, int(schema[key])) for key in COUNTS if key in schema)  # 2.0 is a count too
        self._base(raw, where)
        unevaluated: dict[str, Any] = {
            key: schema.pop(key) for key in ("unevaluatedProperties", "unevaluatedItems") if key in schema
        }
        parts = list(enumerate(schema.pop("allOf", ())))
        if "$ref" in schema:
            target = schema.pop("$ref")
            if target in refs:
                raise Unaskable(f"{where}/$ref", f"{target!r} refers to itself; a record cannot hold itself")
            schema = combine(self.resolve(self._at(target, where), where, (*refs, target)), schema, where)
        for index, part in parts:
            inner = self.resolve(part, f"{where}/allOf/{index}", refs)
            schema = combine(inner, schema, f"{where}/allOf/{index}")
        return {**schema, **unevaluated}

    def deep(self, schema: Any, where: str, refs: Refs) -> dict[str, Any]:
        """A leaf's schema with the references inside its items and unions resolved too. Raises Unaskable."""
        refs_below = (*refs, *_targets(schema))
        resolved = self.resolve(schema, where, refs)
        if isinstance(resolved.get("items"), Mapping):
            resolved["items"] = self.deep(resolved["items"], f"{where}/items", refs_below)
        for key in (*UNIONS, "prefixItems"):
            if key in resolved:
                resolved[key] = [
                    self.deep(part, f"{where}/{key}/{index}", refs_below)
                    for index, part in enumerate(resolved[key])
                    if part is not False or key == "prefixItems"
                ]
        return resolved

    def _base(self, schema: Mapping[str, Any], where: str) -> None:
        for key in ("$id", "$recursiveRef", "$dynamicRef"):
            if key in schema and schema is not self.root and (where or key != "$id"):
                raise Unaskable(f"{where}/{key}", f"{key} inside a file changes what references mean; leave it out")
        if self.older and "dependencies" in schema:
            raise Unaskable(f"{where}/dependencies", "leave it out: every parameter may be absent from a paper")

    def _at(self, target: str, where: str) -> Any:
        if not target.startswith("#"):
            raise Unaskable(f"{where}/$ref", f"{target!r} is outside this file; copy it into $defs")
        pointer = unquote(target[1:])
        if pointer and not pointer.startswith("/"):
            raise Unaskable(f"{where}/$ref", f"{target!r} is an anchor; write the path, like #/$defs/NAME")
        place: Any = self.root
        for part in pointer.split("/")[1:]:
            key = part.replace("~1", "/").replace("~0", "~")
            try:
                place = place[int(key)] if isinstance(place, list) else place[key]
            except (KeyError, IndexError, ValueError, TypeError):
                names = ", ".join(f"#/$defs/{name}" for name in self.root.get("$defs", {}))
                hint = f"; there are: {names}" if names else ""
                raise Unaskable(f"{where}/$ref", f"{target!r} does not exist in this file{hint}") from None
        if not isinstance(place, (Mapping, bool)):
            raise Unaskable(f"{where}/$ref", f"{target!r} is not a schema of its own")
        return place


def _with_null_left_out(schema: Mapping[str, Any]) -> dict[str, Any]:
    """What stands beside a union: its null has no say over the branch that is not null."""
    remaining = dict(schema)
    if isinstance(remaining.get("type"), list):
        remaining["type"] = [kind for kind in remaining["type"] if kind != "null"]
    if "enum" in remaining:
        remaining["enum"] = [value for value in remaining["enum"] if value is not None]
    return remaining


def _targets(schema: Any) -> Refs:
    if not isinstance(schema, Mapping):
        return ()
    direct = (schema["$ref"],) if "$ref" in schema else ()
    return (*direct, *(target for part in schema.get("allOf", ()) for target in _targets(part)))

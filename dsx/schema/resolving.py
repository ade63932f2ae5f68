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
    """Resolves inside one file. refs: the references taken on the way to a place, against circles."""

    def __init__(self, root: Mapping[str, Any]) -> None:
        self.root = root
        self.older = any(draft in str(root.get("$schema", "")) for draft in OLDER)

    def open(self, raw: Any, where: str, refs: Refs) -> tuple[dict[str, Any], Refs]:
        """`raw` with its own references resolved and a union with null reduced to the rest. Raises Unaskable."""
        taken = (*refs, *_targets(raw))
        schema = self.resolve(raw, where, refs)
        for union in UNIONS:
            branches = [branch for branch in schema.get(union, ()) if not self._is_null(branch, where)]
            if union in schema and len(branches) == 1 and len(schema[union]) > 1:
                inner, taken = self.open(branches[0], where, taken)
                beside = {key: value for key, value in schema.items() if key != union}
                schema = combine(inner, _with_null_left_out(beside), where)
        return schema, taken

    def _is_null(self, branch: Any, where: str) -> bool:
        if not isinstance(branch, Mapping):
            return branch is False
        named = branch.get("type")
        return named in ("null", ["null"]) or branch.get("enum") == [None] or ("const", None) in branch.items()

    def resolve(self, raw: Any, where: str, refs: Refs) -> dict[str, Any]:
        """`$ref` and `allOf` folded in: all of them hold; of annotations the nearest wins. Raises Unaskable."""
        if raw is True:
            return {}
        if not isinstance(raw, Mapping):
            raise Unaskable(where, "a schema that allows nothing")
        made: dict[str, Any] = dict(raw)
        made.update((key, int(made[key])) for key in COUNTS if key in made)  # 2.0 is a count too
        self._base(raw, where)
        unevaluated: dict[str, Any] = {
            key: made.pop(key) for key in ("unevaluatedProperties", "unevaluatedItems") if key in made
        }
        parts = list(enumerate(made.pop("allOf", ())))
        if "$ref" in made:
            target = made.pop("$ref")
            if target in refs:
                raise Unaskable(f"{where}/$ref", f"{target!r} refers to itself; a record cannot hold itself")
            made = combine(self.resolve(self._at(target, where), where, (*refs, target)), made, where)
        for at, part in parts:
            inner = self.resolve(part, f"{where}/allOf/{at}", refs)
            made = combine(inner, made, f"{where}/allOf/{at}")
        return {**made, **unevaluated}

    def deep(self, schema: Any, where: str, refs: Refs) -> dict[str, Any]:
        """A leaf's schema with the references inside its items and unions resolved too. Raises Unaskable."""
        taken = (*refs, *_targets(schema))
        made = self.resolve(schema, where, refs)
        if isinstance(made.get("items"), Mapping):
            made["items"] = self.deep(made["items"], f"{where}/items", taken)
        for key in (*UNIONS, "prefixItems"):
            if key in made:
                parts = [(at, part) for at, part in enumerate(made[key]) if part is not False or key == "prefixItems"]
                made[key] = [self.deep(part, f"{where}/{key}/{at}", taken) for at, part in parts]
        return made

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
        found: Any = self.root
        for part in pointer.split("/")[1:]:
            key = part.replace("~1", "/").replace("~0", "~")
            try:
                found = found[int(key)] if isinstance(found, list) else found[key]
            except (KeyError, IndexError, ValueError, TypeError):
                there_are = ", ".join(f"#/$defs/{name}" for name in self.root.get("$defs", {}))
                known = f"; there are: {there_are}" if there_are else ""
                raise Unaskable(f"{where}/$ref", f"{target!r} does not exist in this file{known}") from None
        if not isinstance(found, (Mapping, bool)):
            raise Unaskable(f"{where}/$ref", f"{target!r} is not a schema of its own")
        return found


def _with_null_left_out(schema: Mapping[str, Any]) -> dict[str, Any]:
    """What stands beside a union: its null has no say over the branch that is not null."""
    made = dict(schema)
    if isinstance(made.get("type"), list):
        made["type"] = [kind for kind in made["type"] if kind != "null"]
    if "enum" in made:
        made["enum"] = [value for value in made["enum"] if value is not None]
    return made


def _targets(schema: Any) -> Refs:
    if not isinstance(schema, Mapping):
        return ()
    own = (schema["$ref"],) if "$ref" in schema else ()
    return (*own, *(target for part in schema.get("allOf", ()) for target in _targets(part)))

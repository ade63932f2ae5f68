"""JSON Schema (2020-12) → ParameterSet.

An object's properties are parameters; objects inside objects give dotted names; a list of objects, anywhere, is a list
of records. `x-unit`, `x-synonyms`, `x-where`, `x-choices`, `x-normalise` and `x-max-records` are our annotations.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from dsx.errors import SchemaError
from dsx.parameters.leaves import Unaskable, leaf, types_of
from dsx.types import Choice, Parameter, ParameterSet, RecordType

MAX_RECORDS = 20


def read_schema(path: Path) -> ParameterSet:
    """The parameter set of a file. Raises SchemaError with every problem and its JSON pointer."""
    try:
        schema = json.loads(path.read_text(encoding="utf-8"))
    except OSError as problem:
        raise SchemaError(str(path), [problem.strerror or str(problem)]) from None
    except ValueError as problem:
        raise SchemaError(str(path), [f"not JSON: {problem}"]) from None
    return read(schema, path.stem, str(path))


def read(schema: Any, name: str, where: str | None = None) -> ParameterSet:
    """The parameter set of a schema. where: what an error calls it."""
    reader = _Reader(schema)
    root = reader.read()
    if reader.problems or root is None:
        raise SchemaError(where or name, reader.problems or ["/: no parameters"])
    title = schema.get("title")
    return ParameterSet(title if isinstance(title, str) else name, schema.get("description", ""), schema, root)


def check(schema: Any) -> list[str]:
    """Every problem of a schema, one line each, led by its JSON pointer; none: it can be asked."""
    reader = _Reader(schema)
    root = reader.read()
    return reader.problems or ([] if root is not None else ["/: no parameters"])


class _Reader:
    def __init__(self, schema: Any) -> None:
        self.schema = schema
        self.problems: list[str] = []

    def read(self) -> RecordType | None:
        from jsonschema import Draft202012Validator
        from jsonschema.exceptions import SchemaError as Invalid

        if not isinstance(self.schema, Mapping):
            self.problems.append("/: a parameter set is a JSON object (a schema of type object)")
            return None
        try:
            Draft202012Validator.check_schema(self.schema)
        except Invalid as problem:
            pointer = "".join(f"/{part}" for part in problem.absolute_path)
            self.problems.append(f"{pointer or '/'}: {problem.message[:200]}")
            return None
        try:
            schema = self._resolve(self.schema, "", ())
        except Unaskable as problem:
            self.problems.append(str(problem))
            return None
        if "properties" not in schema or (types_of(schema) != ["object"] and "type" in schema):
            self.problems.append('/: the top level must be {"type": "object", "properties": {…}}')
            return None
        root = self._record_type(schema, "", "", (), MAX_RECORDS)
        return root if root.parameters or root.children else None

    def _record_type(
        self, schema: Mapping[str, Any], name: str, pointer: str, refs: tuple[str, ...], most: int
    ) -> RecordType:
        parameters: list[Parameter] = []
        children: list[RecordType] = []
        for path, where, part, below in self._leaves(schema, pointer, "", refs):
            if isinstance(part, RecordType):
                children.append(part)
                continue
            try:
                parameters.append(_parameter(path, part, leaf(self._deep(part, where, below), where)))
            except Unaskable as problem:
                self.problems.append(str(problem))
        return RecordType(name, schema.get("description", ""), tuple(parameters), tuple(children), most)

    def _leaves(
        self, schema: Mapping[str, Any], pointer: str, prefix: str, refs: tuple[str, ...]
    ) -> Iterator[tuple[str, str, Any, tuple[str, ...]]]:
        """(dotted name, pointer, leaf schema or record type, references on the way) of an object's properties."""
        if isinstance(schema.get("additionalProperties"), Mapping) and not schema.get("properties"):
            self.problems.append(f"{pointer}/additionalProperties: name the properties, or use a list of objects")
        for name, raw in schema.get("properties", {}).items():
            where = f"{pointer}/properties/{name.replace('~', '~0').replace('/', '~1')}"
            try:
                part, below = self._open(raw, where, refs)
                if "object" in types_of(part) or "properties" in part:
                    if not part.get("properties"):
                        raise Unaskable(where, "an object without properties; name them")
                    yield from self._leaves(part, where, f"{prefix}{name}.", below)
                elif records := self._records(part, where, f"{prefix}{name}", below):
                    yield "", where, records, below
                else:
                    yield f"{prefix}{name}", where, part, below
            except Unaskable as problem:
                self.problems.append(str(problem))

    def _records(self, part: Mapping[str, Any], where: str, name: str, refs: tuple[str, ...]) -> RecordType | None:
        if "array" not in types_of(part) or not isinstance(part.get("items"), Mapping):
            return None
        items, below = self._open(part["items"], f"{where}/items", refs)
        if "object" not in types_of(items) and "properties" not in items:
            return None
        if not items.get("properties"):
            raise Unaskable(f"{where}/items", "an object without properties; name them")
        most = min(part.get("x-max-records", MAX_RECORDS), part.get("maxItems", 10**6))
        if "maxItems" in part and "x-max-records" not in part:
            most = part["maxItems"]
        described = {**items, "description": part.get("description") or items.get("description", "")}
        return self._record_type(described, name, f"{where}/items", below, most)

    def _open(self, raw: Any, where: str, refs: tuple[str, ...]) -> tuple[dict[str, Any], tuple[str, ...]]:
        """`raw` with its own reference resolved and a union with null reduced to the rest."""
        if raw is True:
            return {}, refs
        if not isinstance(raw, Mapping):
            raise Unaskable(where, "a schema that allows nothing")
        taken = (*refs, raw["$ref"]) if "$ref" in raw else refs
        schema = self._resolve(raw, where, refs)
        for union in ("anyOf", "oneOf"):
            branches = [branch for branch in schema.get(union, ()) if branch.get("type") != "null"]
            if union in schema and len(branches) == 1:
                inner, taken = self._open(branches[0], where, taken)
                schema = {**inner, **{key: value for key, value in schema.items() if key != union}}
        return schema, taken

    def _resolve(self, schema: Mapping[str, Any], where: str, refs: tuple[str, ...]) -> dict[str, Any]:
        """`$ref` and `allOf` folded in; what stands beside a reference wins over what it points to."""
        made = dict(schema)
        if "$ref" in made:
            target = made.pop("$ref")
            if target in refs:
                raise Unaskable(f"{where}/$ref", f"{target!r} refers to itself; a record cannot hold itself")
            made = {**self._resolve(self._at(target, where), where, (*refs, target)), **made}
        if "allOf" in made:
            parts = made.pop("allOf")
            for at, part in enumerate(parts):
                inner = self._resolve(part, f"{where}/allOf/{at}", refs)
                for key in inner.keys() & made.keys():
                    if key == "properties":
                        inner[key] = {**inner[key], **made[key]}
                    elif key == "required":
                        inner[key] = sorted({*inner[key], *made[key]})
                    elif inner[key] != made[key] and key not in ("title", "description"):
                        raise Unaskable(f"{where}/allOf/{at}/{key}", f"{key!r} has two values in allOf; keep one")
                made = {
                    **inner,
                    **{key: value for key, value in made.items() if key not in ("properties", "required")},
                    **{
                        key: inner.get(key, made.get(key))
                        for key in ("properties", "required")
                        if key in inner or key in made
                    },
                }
        return made

    def _deep(self, schema: Any, where: str, refs: tuple[str, ...]) -> dict[str, Any]:
        """A leaf's schema with the references inside its items and unions resolved."""
        if not isinstance(schema, Mapping):
            return {} if schema is True else {"not": {}}
        taken = (*refs, schema["$ref"]) if "$ref" in schema else refs
        made = self._resolve(schema, where, refs)
        if isinstance(made.get("items"), Mapping):
            made["items"] = self._deep(made["items"], f"{where}/items", taken)
        for key in ("anyOf", "oneOf", "prefixItems"):
            if key in made:
                made[key] = [self._deep(part, f"{where}/{key}/{at}", taken) for at, part in enumerate(made[key])]
        return made

    def _at(self, target: str, where: str) -> Mapping[str, Any]:
        if not target.startswith("#"):
            raise Unaskable(f"{where}/$ref", f"{target!r} is outside this file; copy it into $defs")
        found: Any = self.schema
        for part in target[1:].split("/")[1:]:
            key = part.replace("~1", "/").replace("~0", "~")
            try:
                found = found[int(key)] if isinstance(found, list) else found[key]
            except (KeyError, IndexError, ValueError, TypeError):
                raise Unaskable(f"{where}/$ref", f"{target!r} does not exist in this file") from None
        if not isinstance(found, Mapping):
            raise Unaskable(f"{where}/$ref", f"{target!r} is not a schema of its own")
        return found


def _parameter(name: str, schema: Mapping[str, Any], made: dict[str, Any]) -> Parameter:
    inner = next((part for part in _inner(schema) if "x-unit" in part), schema)
    meanings: Mapping[str, str] = next(
        (part["x-choices"] for part in (schema, *_inner(schema)) if "x-choices" in part), {}
    )
    items = made["items"] if made.get("type") == "array" and isinstance(made["items"], Mapping) else made
    choices = tuple(Choice(value, meanings.get(str(value), "")) for value in items.get("enum", ()))
    return Parameter(
        name=name,
        schema=made,
        description=schema.get("description") or schema.get("title") or name.replace("_", " ").replace(".", " "),
        unit=inner.get("x-unit"),
        synonyms=tuple(schema.get("x-synonyms", ())),
        where=schema.get("x-where", ""),
        choices=choices,
        normalisers=tuple(schema.get("x-normalise", ())),
    )


def _inner(schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for key in ("anyOf", "oneOf"):
        yield from schema.get(key, ())
    if isinstance(schema.get("items"), Mapping):
        yield schema["items"]

"""JSON Schema (2020-12) → ParameterSet.

An object's properties are parameters. Objects inside objects give dotted names. A list of objects, anywhere, is a list
of records. `x-unit`, `x-synonyms`, `x-where`, `x-choices`, `x-normalise`, `x-max-records`,
`x-min-records`, `x-free` and `x-derive` are our annotations.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from dsx.errors import SchemaError
from dsx.schema import checking
from dsx.schema.combining import Unaskable, escaped
from dsx.schema.implied_units import implied_unit, is_year
from dsx.schema.leaves import leaf, types_of
from dsx.schema.mending import mended, without
from dsx.schema.resolving import Refs, Resolver
from dsx.types import Choice, Parameter, ParameterSet, RecordType

MAX_RECORDS = 20
NESTED = "/: nested too deeply to be read; use fewer levels"


def read_schema(path: Path) -> ParameterSet:
    """The parameter set of a file. Raises SchemaError with every problem and its JSON pointer."""
    twice: list[str] = []

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        counted = Counter(key for key, _ in pairs)
        twice.extend(key for key, times in counted.items() if times > 1 and key not in twice)
        return dict(pairs)

    try:
        schema = json.loads(path.read_text(encoding="utf-8-sig"), object_pairs_hook=unique)
    except OSError as problem:
        raise SchemaError(str(path), [problem.strerror or str(problem)]) from None
    except ValueError as problem:
        raise SchemaError(str(path), [f"/: not JSON: {problem}"]) from None
    except RecursionError:
        raise SchemaError(str(path), [NESTED]) from None
    if twice:
        rule = "stands twice in one object, of which JSON keeps the last; rename one or leave it out"
        others = [line for line in check(schema) if not {*line.partition(": ")[0].split("/")} & {*twice}]
        raise SchemaError(str(path), [*(f"/: the key {key!r} {rule}" for key in twice), *others])
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
    """Every problem of a schema, one line each, led by its JSON pointer. A schema without one can be asked."""
    reader = _Reader(schema)
    root = reader.read()
    return reader.problems or ([] if root is not None else ["/: no parameters"])


class _Reader:
    def __init__(self, schema: Any) -> None:
        self.schema = schema
        self.problems: list[str] = []

    def read(self) -> RecordType | None:
        try:
            return self._read()
        except RecursionError:
            self.problems = [NESTED]
            return None

    def _read(self) -> RecordType | None:
        faults = checking.problems(self.schema)
        whole, unclear = mended(self.schema, faults) if faults else (self.schema, [])
        root = None if whole is None else self._root(whole)
        said = [
            line for line in self.problems if not line.startswith(tuple(f"{at}{end}" for at in unclear for end in "/:"))
        ]
        self.problems = [*(f"{pointer or '/'}: {text}" for pointer, text in faults.items()), *said]
        return root

    def _root(self, whole: Mapping[str, Any]) -> RecordType | None:
        self.resolver = Resolver(whole)
        try:
            schema, refs = self.resolver.open(whole, "", ("#",))
        except Unaskable as problem:
            self.problems.append(str(problem))
            return None
        if not schema.get("properties") or types_of(schema) != ["object"]:
            self.problems.append(
                '/: the top level must be {"type": "object", "properties": {…}}, with at least one property'
            )
            return None
        root = self._record_type(schema, "", "", refs, MAX_RECORDS)
        return root if root.parameters or root.children else None

    def _record_type(
        self, schema: Mapping[str, Any], name: str, pointer: str, refs: Refs, max_records: int
    ) -> RecordType:
        parameters: list[Parameter] = []
        children: list[RecordType] = []
        leaves = list(self._leaves(schema, pointer, "", refs))
        names = [path for path, *_ in leaves]
        for path, where, part, below in leaves:
            if isinstance(part, RecordType):
                children.append(part)
                continue
            try:
                deep = self.resolver.deep(part, where, below)
            except Unaskable as problem:
                self.problems.append(str(problem))
            else:
                parameters += self._askable(path, deep, where, names)
        return RecordType(name, schema.get("description", ""), tuple(parameters), tuple(children), max_records)

    def _askable(
        self, name: str, schema: dict[str, Any] | None, pointer: str, names: Collection[str]
    ) -> Iterator[Parameter]:
        """The parameter of a leaf; what keeps it from being asked is noted, one keyword after the other."""
        while schema is not None:
            try:
                yield _parameter(name, schema, leaf(schema, pointer), pointer, names)
                return
            except Unaskable as problem:
                self.problems.append(str(problem))
                schema = without(schema, pointer, problem.pointer)

    def _leaves(
        self, schema: Mapping[str, Any], pointer: str, prefix: str, refs: Refs
    ) -> Iterator[tuple[str, str, Any, Refs]]:
        """(dotted name, pointer, leaf schema or record type, references on the way) of an object's properties."""
        self.problems += checking.problems_of_object(schema, pointer)
        for name, raw in schema.get("properties", {}).items():
            where = f"{pointer}/properties/{escaped(name)}"
            try:
                if "." in name or not name.strip():
                    raise Unaskable(where, "a name that is blank or has a dot; dots part the names of nested objects")
                if not name.isprintable():
                    raise Unaskable(where, "a name with characters that cannot be shown, such as a line break")
                part, below = self.resolver.open(raw, where, refs)
                if types_of(part) == ["object"]:
                    if not part.get("properties"):
                        raise Unaskable(where, "an object without properties; name them, or use a list of objects")
                    yield from self._leaves(part, where, f"{prefix}{name}.", below)
                elif records := self._records(part, where, f"{prefix}{name}", below):
                    yield "", where, records, below
                else:
                    yield f"{prefix}{name}", where, part, below
            except Unaskable as problem:
                self.problems.append(str(problem))

    def _records(self, part: Mapping[str, Any], where: str, name: str, refs: Refs) -> RecordType | None:
        if types_of(part) != ["array"] or not isinstance(part.get("items"), Mapping):
            return None
        items, below = self.resolver.open(part["items"], f"{where}/items", refs)
        if types_of(items) != ["object"]:
            return None
        if not items.get("properties"):
            raise Unaskable(f"{where}/items", "an object without properties; name them")
        checking.refuse_of_records(part, where)
        max_records = min((part[key] for key in ("x-max-records", "maxItems") if key in part), default=MAX_RECORDS)
        described = {**items, "description": part.get("description") or items.get("description", "")}
        records = self._record_type(described, name, f"{where}/items", below, max_records)
        return replace(records, min_records=part.get("x-min-records", 1))


def _parameter(
    name: str, schema: Mapping[str, Any], bounded: dict[str, Any], pointer: str, names: Collection[str]
) -> Parameter:
    """names: of all parameters beside it."""
    inner = next((part for part in _inner(schema) if "x-unit" in part), schema)
    if inner.get("x-unit") is not None and not _has_number(bounded):
        raise Unaskable(f"{pointer}/x-unit", "a unit of something that is no number; make it a number, or leave it out")
    implied = None if "x-unit" in inner else implied_unit(name, bounded, schema, names)
    unit = implied.unit if implied else inner.get("x-unit")
    meanings = _meanings(schema)
    items = bounded["items"] if bounded.get("type") == "array" and isinstance(bounded["items"], Mapping) else bounded
    values = items.get("enum", (True, False) if meanings and items.get("type") == "boolean" else ())
    legal = {"null", "None", *map(str, values), *map(json.dumps, values)}
    if strange := [name for name in meanings if name not in legal]:
        known = checking.near(strange[0], map(str, values)) if values else "it has none: list them as enum"
        raise Unaskable(f"{pointer}/x-choices", f"{strange[0]!r} is no choice; {known}")
    choices = tuple(Choice(value, meanings.get(str(value)) or meanings.get(json.dumps(value), "")) for value in values)
    return Parameter(
        name=name,
        schema=bounded,
        description=schema.get("description") or schema.get("title") or name.replace("_", " ").replace(".", " "),
        unit=unit,
        unit_source=implied.source if implied else "",
        synonyms=tuple(schema.get("x-synonyms", ())),
        where=schema.get("x-where", ""),
        choices=choices,
        normalisers=tuple(schema.get("x-normalise", ())),
        pointer=pointer,
        free=schema.get("x-free", False),
        compare=schema.get("x-compare", ""),
        derive=schema.get("x-derive", unit is None and _is_count(bounded)),
    )


def _has_number(bounded: Mapping[str, Any]) -> bool:
    """Whether a value, or an item of a list, may be a number."""
    if "enum" in bounded:
        return any(isinstance(value, (int, float)) for value in bounded["enum"])
    parts = [*bounded.get("anyOf", ()), *bounded.get("prefixItems", ())]
    parts += [bounded["items"]] if isinstance(bounded.get("items"), Mapping) else []
    return bounded.get("type") in ("number", "integer") or any(map(_has_number, parts))


def _meanings(schema: Mapping[str, Any]) -> Mapping[str, str]:
    """What choices mean: by x-choices, or by the descriptions of branches with one constant each."""
    parts = (schema, *_inner(schema))
    described = {
        str(branch["const"]): branch["description"]
        for part in parts
        for branch in (*part.get("anyOf", ()), *part.get("oneOf", ()))
        if "const" in branch and "description" in branch
    }
    return next((part["x-choices"] for part in parts if "x-choices" in part), described)


def _is_count(schema: Mapping[str, Any]) -> bool:
    return schema.get("type") == "integer" and not is_year(schema)


def _inner(schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for key in ("anyOf", "oneOf"):
        yield from schema.get(key, ())
    if isinstance(schema.get("items"), Mapping):
        yield schema["items"]

"""The columns of flat formats, and a paper's rows: every parameter of every list under a name of its own.

A parameter goes by its own name. Where a name stands in several lists, or in a list and in the paper itself, each has
the names of its lists before it: "n" of the whole study, "arms.n", "arms.visits.n".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from dsx.types import PaperResult, Parameter, ParameterSet, Record, RecordPath, RecordType, Value

Lists = tuple[str, ...]
"""The names of the lists on the way to a record; () for the paper itself."""
Key = tuple[Lists, str]
"""Where a parameter stands in its set: its lists, and its name in the record."""


@dataclass(frozen=True, slots=True)
class Column:
    """A parameter and the name that nothing else in the table has."""

    name: str
    lists: Lists
    parameter: Parameter


@dataclass(frozen=True, slots=True)
class Row:
    """A record with its own values and those of all records above it. record: None for the paper's own.

    values: by column name. paths: the path of the record that each value belongs to.
    """

    result: PaperResult
    record: Record | None
    values: Mapping[str, Value]
    paths: Mapping[str, RecordPath]

    @property
    def lists(self) -> Lists:
        """The lists that the record stands in."""
        return lists_of(self.record.path if self.record is not None else ())


def columns(parameters: ParameterSet, reserved: Collection[str] = ()) -> tuple[Column, ...]:
    """The paper's own parameters, then those of its lists, in the order of the set. reserved: names that are taken."""
    placed = list(_parameters(parameters.root, ()))
    count = Counter(parameter.name for _, parameter in placed)
    full_names = {".".join((*lists, parameter.name)) for lists, parameter in placed if lists}
    objects = {above for _, parameter in placed for above in _above(parameter.name)}
    named = []
    for lists, parameter in placed:
        name = parameter.name
        beside = name in objects or any(above in count for above in _above(name))  # "dose" and "dose.unit"
        if count[name] > 1 or beside or name in full_names:
            name = ".".join((*lists, name))
        while name in reserved:
            name += "_"
        named.append(Column(name, lists, parameter))
    return tuple(named)


def names(table: Collection[Column]) -> dict[Key, str]:
    """Column name by place."""
    return {(column.lists, column.parameter.name): column.name for column in table}


def rows(result: PaperResult, column_names: Mapping[Key, str]) -> Iterator[Row]:
    """One row for each record that holds no other; one without a record where the paper has none."""
    by_path = {record.path: record for record in result.records}
    holders = {record.path[:depth] for record in result.records for depth in range(len(record.path))}
    for record in result.records:
        if record.path in holders:
            continue
        values, paths = dict[str, Value](), dict[str, RecordPath]()
        for depth in range(len(record.path) + 1):
            path = record.path[:depth]
            lists = lists_of(path)
            for name, value in by_path[path].values.items() if path in by_path else ():
                column = column_names.get((lists, name), name)
                values[column], paths[column] = value, path
        yield Row(result, record if record.path else None, values, paths)


def lists_of(path: RecordPath) -> Lists:
    """The names of the lists on a record's path."""
    return tuple(step.list for step in path)


def label(record: Record | None) -> str | None:
    """A record's label, after those of the records that hold it."""
    if record is None:
        return None
    return " / ".join(step.label for step in record.path) if len(record.path) > 1 else record.label


def _parameters(kind: RecordType, lists: Lists) -> Iterator[tuple[Lists, Parameter]]:
    for parameter in kind.parameters:
        yield lists, parameter
    for child in kind.children:
        yield from _parameters(child, (*lists, child.name))


def _above(name: str) -> Iterator[str]:
    """The objects that a dotted name stands in."""
    parts = name.split(".")
    return (".".join(parts[:depth]) for depth in range(1, len(parts)))

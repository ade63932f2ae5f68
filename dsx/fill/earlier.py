"""What is kept of a paper's answers to an earlier parameter set: those to questions that are asked the same today.

A question stays the same where all of its parameter or list that reaches the model, or decides which values are legal,
stays the same. The name of the first list of records stands in what the model is told before every question; where it
has changed nothing is kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from dsx.fill.records import ListedRecord
from dsx.types import PaperResult, Parameter, Record, RecordPath, RecordStep, RecordType, Value

ListPath = tuple[str, ...]
"""Names of lists from the paper down: () is the paper itself."""


@dataclass(frozen=True, slots=True)
class Unchanged:
    """What is the same of one record type in two parameter sets. records: whether the question for its records is."""

    records: bool
    parameters: frozenset[str]


def unchanged(earlier: RecordType, current: RecordType) -> dict[ListPath, Unchanged]:
    """The record types that both sets have."""
    if [kind.name for kind in earlier.children[:1]] != [kind.name for kind in current.children[:1]]:
        return {}
    return dict(_unchanged(earlier, current, ()))


def _unchanged(earlier: RecordType, current: RecordType, path: ListPath) -> Iterator[tuple[ListPath, Unchanged]]:
    before = {parameter.name: _question(parameter) for parameter in earlier.parameters}
    same = (parameter.name for parameter in current.parameters if before.get(parameter.name) == _question(parameter))
    bare = [replace(kind, parameters=(), children=()) for kind in (earlier, current)]
    yield path, Unchanged(bare[0] == bare[1], frozenset(same))
    children = {child.name: child for child in earlier.children}
    for child in current.children:
        if child.name in children:
            yield from _unchanged(children[child.name], child, (*path, child.name))


def _question(parameter: Parameter) -> Parameter:
    """Without what no answer depends on."""
    return replace(parameter, pointer="", compare="", unit_source="")


def changes(earlier: RecordType, current: RecordType) -> Iterator[str]:
    """What will be asked, what will be found again and what is dropped: a line each, for a person."""
    same, before, now = unchanged(earlier, current), dict(_types(earlier)), dict(_types(current))
    nothing = Unchanged(False, frozenset())
    kept = [".".join((*path, name)) for path, kind in same.items() for name in kind.parameters]
    asked = [name for name in _names(now) if name not in kept]
    dropped = [name for name in _names(before) if name not in _names(now)]
    found = [".".join(path) for path in now if path and not same.get(path, nothing).records]
    for what, names in (("asked", asked), ("records found again", found), ("dropped", dropped)):
        if names:
            yield f"{what}: {', '.join(names)}"


def _types(kind: RecordType, path: ListPath = ()) -> Iterator[tuple[ListPath, RecordType]]:
    yield path, kind
    for child in kind.children:
        yield from _types(child, (*path, child.name))


def _names(types: Mapping[ListPath, RecordType]) -> list[str]:
    return [".".join((*path, parameter.name)) for path, kind in types.items() for parameter in kind.parameters]


class EarlierAnswers:
    """A paper's answers to an earlier set, by what they are to the current one."""

    def __init__(self, result: PaperResult, earlier: RecordType, current: RecordType) -> None:
        self.result, self.root = result, current
        self._records = {record.path: record for record in result.records}
        self._unchanged = unchanged(earlier, current)

    def values(self, path: RecordPath) -> dict[str, Value]:
        """A record's values that stay. One on which the engine failed does not."""
        record, same = self._records.get(path), self._unchanged.get(_lists(path))
        if record is None or same is None:
            return {}
        return {
            name: value
            for name, value in record.values.items()
            if name in same.parameters and not any(flag.kind == "error" for flag in value.flags)
        }

    def listed(self, parent: RecordPath, name: str) -> list[ListedRecord] | None:
        """The records of a record's list; None where they are to be found again."""
        same = self._unchanged.get((*_lists(parent), name))
        if same is None or not same.records or parent not in self._records:
            return None
        below = (path for path in self._records if path and path[:-1] == parent and path[-1].list == name)
        return [ListedRecord(self._records[path].label, self._records[path].evidence) for path in below]

    def complete(self) -> PaperResult | None:
        """The paper's result to the current set, where nothing is to be asked for it."""
        level: list[tuple[RecordPath, RecordType]] = [((), self.root)]
        records = list[Record]()
        while level:
            below = list[tuple[RecordPath, RecordType]]()
            for path, kind in level:
                values = self.values(path)
                if any(parameter.name not in values for parameter in kind.parameters):
                    return None
                ordered: Mapping[str, Value] = {each.name: values[each.name] for each in kind.parameters}
                records.append(replace(self._records[path], values=ordered))
                for child in kind.children:
                    listed = self.listed(path, child.name)
                    if listed is None:
                        return None
                    below += [((*path, RecordStep(child.name, record.label or "")), child) for record in listed]
            level = below
        return replace(self.result, records=tuple(records))


def _lists(path: RecordPath) -> ListPath:
    return tuple(step.list for step in path)

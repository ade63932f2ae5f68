"""What is kept of a paper's answers to an earlier parameter set: those to questions that are asked the same today.

A question stays the same where all of its parameter or list that reaches the model, or decides which values are legal,
stays the same. The name of the first list of records stands in what the model is told before every question; where it
has changed nothing is kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from dsx.fill.records import ListedRecord
from dsx.types import PaperResult, Parameter, Record, RecordPath, RecordStep, RecordType, Value

ListPath = tuple[str, ...]
"""Names of lists from the paper down: () is the paper itself."""


@dataclass(frozen=True, slots=True)
class SameQuestions:
    """What is asked the same of one record type by two parameter sets. records: whether the question for them is."""

    records: bool
    parameters: frozenset[str]


def same_questions(earlier: RecordType, current: RecordType) -> dict[ListPath, SameQuestions]:
    """By record type, those that both sets have."""
    if [kind.name for kind in earlier.children[:1]] != [kind.name for kind in current.children[:1]]:
        return {}
    return dict(_same_below(earlier, current, ()))


def _same_below(earlier: RecordType, current: RecordType, path: ListPath) -> Iterator[tuple[ListPath, SameQuestions]]:
    asked_before = {parameter.name: _as_asked(parameter) for parameter in earlier.parameters}
    same = (each.name for each in current.parameters if asked_before.get(each.name) == _as_asked(each))
    earlier_list, current_list = (replace(kind, parameters=(), children=()) for kind in (earlier, current))
    yield path, SameQuestions(earlier_list == current_list, frozenset(same))
    earlier_children = {child.name: child for child in earlier.children}
    for child in current.children:
        if child.name in earlier_children:
            yield from _same_below(earlier_children[child.name], child, (*path, child.name))


def _as_asked(parameter: Parameter) -> Parameter:
    """Without what no answer depends on."""
    return replace(parameter, pointer="", compare="", unit_source="")


def changes(earlier_sets: Iterable[RecordType], current: RecordType) -> Iterator[str]:
    """What will be asked, what will be found again and what is dropped: a line each, for a person.

    earlier_sets: those that papers have answers to.
    """
    current_names, current_lists = _parameter_names(current), [path for path in _types_by_path(current) if path]
    asked, found_again, dropped = (dict[str, None]() for _ in range(3))
    for earlier in earlier_sets:
        same, nothing = same_questions(earlier, current), SameQuestions(False, frozenset())
        kept = {_dotted(path, name) for path, questions in same.items() for name in questions.parameters}
        asked |= dict.fromkeys(name for name in current_names if name not in kept)
        found_again |= dict.fromkeys(".".join(path) for path in current_lists if not same.get(path, nothing).records)
        dropped |= dict.fromkeys(name for name in _parameter_names(earlier) if name not in current_names)
    in_order = [name for name in current_names if name in asked]
    for what, names in (("asked", in_order), ("records found again", found_again), ("dropped", dropped)):
        if names:
            yield f"{what}: {', '.join(names)}"


def _types_by_path(kind: RecordType, path: ListPath = ()) -> dict[ListPath, RecordType]:
    """The record types of a set, from the paper down."""
    below = (_types_by_path(child, (*path, child.name)) for child in kind.children)
    return {path: kind} | {each: child for paths in below for each, child in paths.items()}


def _parameter_names(root: RecordType) -> list[str]:
    return [_dotted(path, each.name) for path, kind in _types_by_path(root).items() for each in kind.parameters]


def _dotted(path: ListPath, name: str) -> str:
    return ".".join((*path, name))


class EarlierAnswers:
    """A paper's answers to an earlier set, by what they are to the current one."""

    def __init__(self, result: PaperResult, earlier: RecordType, current: RecordType) -> None:
        self.result, self.earlier, self.current = result, earlier, current
        self._records = {record.path: record for record in result.records}
        self._same = same_questions(earlier, current)

    def values(self, path: RecordPath) -> dict[str, Value]:
        """A record's values that stay. One on which the engine failed does not."""
        return {name: value for name, value in self._asked_the_same(path) if not _is_engines_failure(value)}

    def failed(self) -> list[str]:
        """Names of the parameters that are asked again although their questions are the same: the engine failed."""
        names = (
            _dotted(_lists(path), name)
            for path in self._records
            for name, value in self._asked_the_same(path)
            if _is_engines_failure(value)
        )
        return list(dict.fromkeys(names))

    def _asked_the_same(self, path: RecordPath) -> Iterator[tuple[str, Value]]:
        record, same = self._records.get(path), self._same.get(_lists(path))
        if record is not None and same is not None:
            yield from ((name, value) for name, value in record.values.items() if name in same.parameters)

    def listed(self, parent: RecordPath, name: str) -> list[ListedRecord] | None:
        """The records of a record's list; None where they are to be found again."""
        same = self._same.get((*_lists(parent), name))
        if same is None or not same.records or parent not in self._records:
            return None
        below = (path for path in self._records if path and path[:-1] == parent and path[-1].list == name)
        return [ListedRecord(self._records[path].label, self._records[path].evidence) for path in below]

    def complete(self) -> PaperResult | None:
        """The paper's result to the current set, where nothing is to be asked for it."""
        level: list[tuple[RecordPath, RecordType]] = [((), self.current)]
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


def _is_engines_failure(value: Value) -> bool:
    return any(flag.kind == "error" for flag in value.flags)

"""Records that reviewers added, which the paper has and the run did not list."""

from __future__ import annotations

from collections.abc import Mapping

from dsx.types import (
    Decision,
    Evidence,
    Flag,
    PaperResult,
    ParameterSet,
    Record,
    RecordPath,
    RecordType,
    Status,
    Value,
)

ADDED = Flag("reviewed", "add_record")
"""Stands in each value of an added record."""
UNDECIDED = Value(None, Status.FAILED, flags=(ADDED, Flag("undecided")))
"""A value of an added record that no reviewer decided on."""


def record_type_at(root: RecordType, path: RecordPath) -> RecordType | None:
    """What the record at `path` is filled with; None where the parameter set has no such list."""
    kind: RecordType | None = root
    for step in path:
        kind = next((child for child in kind.children if child.name == step.list), None) if kind is not None else None
    return kind


def with_added(
    result: PaperResult, added: Mapping[RecordPath, Decision], parameters: ParameterSet
) -> tuple[tuple[Record, ...], frozenset[RecordPath]]:
    """A paper's records with the added ones in their places, and the paths of those that have no place there.

    An added record that the run lists by now is the run's.
    """
    records = list(result.records)
    misplaced = set[RecordPath]()
    for path in sorted(added, key=len):
        there = {record.path for record in records}
        kind = record_type_at(parameters.root, path)
        if path in there:
            continue
        if kind is None or (path[:-1] and path[:-1] not in there):
            misplaced.add(path)
            continue
        quote = added[path].quote
        evidence = None if quote is None else Evidence(quote.text, quote.page, 0, 0, quote.boxes, 0)
        values = {parameter.name: UNDECIDED for parameter in kind.parameters}
        records.insert(_place(records, path), Record(path[-1].label, path[-1].list, values, evidence, path))
    return tuple(records), frozenset(misplaced)


def _place(records: list[Record], path: RecordPath) -> int:
    """Behind the last record of the same list, or else behind all that the record above holds."""
    depth = len(path) - 1
    inside = [at for at, record in enumerate(records) if record.path[:depth] == path[:-1]]
    same_list = [at for at in inside if [step.list for step in records[at].path[depth:][:1]] == [path[-1].list]]
    return max(same_list or inside, default=len(records) - 1) + 1

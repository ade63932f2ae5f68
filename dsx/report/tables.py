"""A run as a table of one row a record: what csv, xlsx and parquet have in common.

Columns: file, document, list, record, one a parameter, and `failed`. With evidence, each parameter is followed by
NAME.status, NAME.confidence, NAME.quote and NAME.page, and by NAME.machine where reviewers decided.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from dsx.report.cells import NOT_ASKED, failed_row, machine_value, why_failed
from dsx.report.columns import Column, Key, Row, columns, label, names, rows
from dsx.types import ExportOptions, Failure, Json, PaperResult, ParameterSet, Value

BEFORE = ("file", "document", "list", "record")
AFTER = ("failed",)
"""What stands in every table; failed: why the paper has no result, or which parameters have no answer and why."""
PARTS = ("status", "confidence", "quote", "page")


ColumnType = Literal["text", "integer", "real", "boolean", "list", "any"]


def column_type(schema: Mapping[str, Any]) -> ColumnType:
    """Of a parameter's values, whatever a run has found. list: of values of one schema. any: of several types."""
    if "enum" in schema:
        kinds = {type(choice) for choice in schema["enum"]}
        if kinds == {int, float}:
            return "real"
        return _OF_CHOICES.get(kinds.pop(), "any") if len(kinds) == 1 else "any"
    if schema.get("type") == "array" and isinstance(schema.get("items"), Mapping) and "prefixItems" not in schema:
        return "list"
    return _OF_TYPES.get(schema.get("type", ""), "any")


_OF_TYPES: Mapping[str, ColumnType] = {
    "string": "text",
    "integer": "integer",
    "number": "real",
    "boolean": "boolean",
}
_OF_CHOICES: Mapping[type, ColumnType] = {str: "text", int: "integer", float: "real", bool: "boolean"}


@dataclass(frozen=True, slots=True)
class RecordTable:
    """The columns of a parameter set's table, and its rows as they come."""

    columns: tuple[Column, ...]
    names: Mapping[Key, str]
    options: ExportOptions

    @classmethod
    def of(cls, parameters: ParameterSet, options: ExportOptions) -> RecordTable:
        """Parameters that are called like one of dsx's own columns get "_" behind their name."""
        table = columns(parameters, (*BEFORE, *AFTER))
        return cls(table, names(table), options)

    @property
    def parts(self) -> tuple[str, ...]:
        """What stands behind each value."""
        if not self.options.evidence:
            return ()
        return (*PARTS, "machine") if self.options.machine else PARTS

    @property
    def header(self) -> list[str]:
        """Column names."""
        named = [
            name for column in self.columns for name in (column.name, *(f"{column.name}.{part}" for part in self.parts))
        ]
        return [*BEFORE, *named, *AFTER]

    @property
    def schemas(self) -> dict[str, Mapping[str, Any]]:
        """The JSON Schema of what stands in each column, in the order of the header."""
        text = {"type": "string"}
        of_parts = {"confidence": {"type": "number"}, "page": {"type": "integer"}}
        schemas: dict[str, Mapping[str, Any]] = dict.fromkeys(BEFORE, text)
        for column in self.columns:
            schema = schemas[column.name] = column.parameter.schema
            parts = {**of_parts, "machine": schema}
            schemas |= {f"{column.name}.{part}": parts.get(part, text) for part in self.parts}
        return {**schemas, **dict.fromkeys(AFTER, text)}

    def all_rows(self, results: Iterable[PaperResult]) -> Iterator[list[Json]]:
        """The rows of all papers, then those that failed."""
        for result in results:
            yield from self.rows(result)
        yield from map(self.failure, self.options.failures)

    def rows(self, result: PaperResult) -> Iterator[list[Json]]:
        """A paper's records, each a list of values as they are, None for an empty cell."""
        for row in rows(result, self.names):
            start = [result.file, result.document, "/".join(row.lists) or None, label(row.record)]
            cells = [cell for column in self.columns for cell in self._cells(row, column)]
            yield [*start, *cells, why_failed(row) or None]

    def failure(self, failure: Failure) -> list[Json]:
        """The row of a paper that failed."""
        width = len(self.columns) * (1 + len(self.parts))
        return [*failed_row(failure).values(), None, None, *[None] * width, failure.reason]

    def _cells(self, row: Row, column: Column) -> list[Json]:
        value = row.values.get(column.name)
        if not self.parts:
            return [None if value is None else value.value]
        if value is None:
            return [None, NOT_ASKED, *[None] * (len(self.parts) - 1)]
        machine = machine_value(row, column.name, self.options.machine, column.parameter.name)
        return [
            value.value,
            *_evidence(value),
            *([None if machine is None else machine.value] if self.parts[4:] else []),
        ]


def _evidence(value: Value) -> list[Json]:
    """The parts of a value that are in PARTS."""
    quote, page = (None, None) if value.evidence is None else (value.evidence.quote, value.evidence.page)
    return [str(value.status), None if value.confidence is None else round(value.confidence, 4), quote, page]

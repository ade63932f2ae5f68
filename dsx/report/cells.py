"""One value as other programs get it: a cell of the JSON Lines, and a row of the long formats.

A list is written as JSON in every flat format: [0,4.5], ["a; b","c"]. Text that a spreadsheet would calculate is led
by an apostrophe in CSV, and so is text that begins with one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

import pydantic_core

from dsx.report.columns import Key, Row, columns, lists_of, names
from dsx.store import flag_text
from dsx.types import (
    Evidence,
    ExportOptions,
    Failure,
    Json,
    PaperResult,
    ParameterSet,
    RecordPath,
    Slot,
    Status,
    Value,
    record_key,
)

LONG = {
    "file": "text",
    "document": "text",
    "list": "text",
    "record": "text",
    "path": "text",
    "parameter": "text",
    "value": "text",
    "type": "text",
    "number": "real",
    "status": "text",
    "confidence": "real",
    "quote": "text",
    "page": "integer",
    "boxes": "text",
    "raw": "text",
    "unit": "text",
    "agreement": "real",
    "flags": "text",
    "machine": "text",
    "items": "text",
}
"""Columns of one row a value. list, record: where the record stands, for people; path: the same for programs.

value: text as it is, anything else as JSON. type: what the value is in JSON. number: the value where it is one. boxes,
raw, flags, machine, items: JSON. machine: what the run had stored where a reviewer decided. items: of a list whose
items have evidence of their own.
"""
FORMULA = ("=", "+", "-", "@", "\t", "\r", "'")
"""How a text begins that a spreadsheet would calculate; and the mark that keeps it from that."""
AS_JSON = ("boxes", "raw", "flags", "machine", "items")
_TYPES = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array"}
LongRow = dict[str, Json]
"""Column of LONG → what stands there."""
NOT_ASKED = "does_not_apply"
"""The status in a row whose record is of another list than the parameter."""


def cell(value: Value, machine: Value | None = None) -> dict[str, Json]:
    """One parameter's cell in the JSON Lines. machine: what the run stored where a reviewer decided."""
    exported = cell_without_boxes(value, machine)
    if value.evidence is not None:
        exported["boxes"] = boxes(value.evidence)
    if value.items:
        exported["items"] = [cell(item) for item in value.items]
    return exported


def cell_without_boxes(value: Value, machine: Value | None = None) -> dict[str, Json]:
    """The same without the boxes of the quote, which take the most time and are for programs."""
    exported: dict[str, Json] = {"value": value.value, "status": value.status.value}
    if value.confidence is not None:
        exported["confidence"] = round(value.confidence, 4)
    if value.evidence is not None:
        exported["quote"], exported["page"] = value.evidence.quote, value.evidence.page
    if value.raw is not None:
        exported["raw"], exported["unit"] = value.raw, value.unit
    if value.sure is not None and value.sure.agreement is not None:
        exported["agreement"] = round(value.sure.agreement, 4)
    if value.sure is not None and value.sure.alternatives:
        exported["alternatives"] = [[choice, round(chance, 4)] for choice, chance in value.sure.alternatives]
    if value.value is not None or value.flags:
        exported["flags"] = [flag_text(flag) for flag in value.flags]
    if value.items:
        exported["items"] = [cell_without_boxes(item) for item in value.items]
    if machine is not None:
        stored = cell_without_boxes(machine)
        exported["machine"] = {key: stored[key] for key in ("value", "status", "confidence") if key in stored}
    return exported


def boxes(evidence: Evidence) -> Json:
    """The boxes of a quote, to a hundredth of a point."""
    return [[round(100 * edge) / 100 for edge in box] for box in evidence.boxes]  # a third of round(edge, 2)'s time


def machine_value(row: Row, column: str, stored: Mapping[Slot, Value], parameter: str) -> Value | None:
    """What the run stored for a value that a reviewer decided on."""
    return stored.get((row.result.document, record_key(row.paths[column]), parameter)) if stored else None


def long_rows(
    result: PaperResult,
    column_names: Mapping[Key, str],
    options: ExportOptions,
    parts: Callable[[Value, Value | None], dict[str, Json]] = cell,
) -> Iterator[LongRow]:
    """A row for every value of a paper, its own first; keys that have nothing are left out. parts: of each value."""
    for record in result.records:
        where, lists, path = _place(result, record.path), lists_of(record.path), record_key(record.path)
        for name, value in record.values.items():
            machine = options.machine.get((result.document, path, name)) if options.machine else None
            yield {**where, "parameter": column_names.get((lists, name), name), **_flat_parts(parts(value, machine))}


def long_failure(failure: Failure) -> LongRow:
    """The row of a paper that failed."""
    return {**failed_row(failure), "status": str(Status.FAILED), "flags": written([failure.reason])}


def all_long_rows(
    results: Iterable[PaperResult], parameters: ParameterSet, options: ExportOptions
) -> Iterator[LongRow]:
    """The rows of all papers, then those that failed."""
    column_names = names(columns(parameters))
    for result in results:
        yield from long_rows(result, column_names, options)
    yield from map(long_failure, options.failures)


def failed_row(failure: Failure) -> dict[str, Json]:
    """The part of a failed paper's row that says which it is."""
    return {"file": failure.file, "document": failure.document}


def _place(result: PaperResult, path: RecordPath) -> dict[str, Json]:
    if not path:
        return {"file": result.file, "document": result.document}
    return {
        "file": result.file,
        "document": result.document,
        "list": "/".join(lists_of(path)),
        "record": " / ".join(step.label for step in path),
        "path": record_key(path),
    }


def _flat_parts(exported: dict[str, Json]) -> dict[str, Json]:
    """A cell's parts as columns; what is absent is left out."""
    row = {key: part for key, part in exported.items() if part is not None}
    row.pop("alternatives", None)
    for key in AS_JSON:
        if key in row:
            row[key] = written(row[key])
    value = exported["value"]
    if value is not None:
        row["value"], row["type"] = flat(value), json_type(value)
        if row["type"] in ("integer", "number"):
            row["number"] = float(value)
    return row


def flat(value: Json) -> str:
    """Text as it is, anything else as JSON; "" for None."""
    if value is None:
        return ""
    return value if isinstance(value, str) else written(value)


def written(value: Json) -> str:
    """JSON on one line."""
    return pydantic_core.to_json(value).decode()


def json_type(value: Json) -> str:
    """The JSON Schema type of a value that is there."""
    return _TYPES.get(type(value), "object")


def neutral(text: str) -> str:
    """Text that no spreadsheet calculates; `plain_text` gives it back."""
    return f"'{text}" if text.startswith(FORMULA) else text


def plain_text(text: str) -> str:
    """What `neutral` was given."""
    return text[1:] if text.startswith("'") else text


def why_failed(row: Row) -> str:
    """The parameters of a row without an answer, each with its reason; "" where all were answered."""
    reasons = []
    for name, value in row.values.items():
        if value.status is Status.FAILED:
            flags = ", ".join(flag_text(flag) for flag in value.flags)
            reasons.append(f"{name} ({flags})" if flags else name)
    return "; ".join(reasons)

"""Exports read back as results: jsonl, csv with one row a value, xlsx, sqlite.

What no export holds is empty: alternatives, offsets in the document's text, and the boxes of an xlsx.
"""

from __future__ import annotations

import csv
import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from dsx.errors import UsageError
from dsx.report.cells import LONG, LongRow, plain_text
from dsx.report.columns import Key, Lists, columns, names
from dsx.store import read_flag
from dsx.types import (
    Box,
    Confidence,
    Evidence,
    Json,
    PaperResult,
    ParameterSet,
    Record,
    RecordPath,
    RecordStep,
    Status,
    Value,
    record_key,
    record_path,
)


def read_export(path: Path, parameters: ParameterSet) -> list[PaperResult]:
    """The results in an export, in its order. Raises UsageError where the file is none that can be read back."""
    suffix = path.suffix.lower()
    readers: dict[str, Callable[[Path, Mapping[str, Key]], Iterable[LongRow]]] = {
        ".jsonl": _jsonl_rows,
        ".ndjson": _jsonl_rows,
        ".csv": _csv_rows,
        ".xlsx": _xlsx_rows,
        ".sqlite": _sqlite_rows,
        ".sqlite3": _sqlite_rows,
        ".db": _sqlite_rows,
    }
    if suffix not in readers:
        raise UsageError(f"{path}: read back are {', '.join(readers)}")
    places = {name: key for key, name in names(columns(parameters)).items()}
    try:
        return list(_papers(readers[suffix](path, places), places))
    except OSError as problem:
        raise UsageError(f"{path}: {problem.strerror}") from None
    except (ValueError, KeyError, TypeError, sqlite3.Error) as problem:
        raise UsageError(f"{path} is no export with one row a value ({problem})") from None


def _papers(rows: Iterable[LongRow], places: Mapping[str, Key]) -> Iterator[PaperResult]:
    """Rows of values, in any order of papers, put together. A row without parameter is that of a failed paper."""
    papers: dict[str, tuple[str, dict[RecordPath, dict[str, Value]]]] = {}
    for row in rows:
        if row.get("parameter") is None:
            continue
        _, records = papers.setdefault(row["document"], (row["file"], {(): {}}))
        path = record_path(row.get("path") or "")
        _, name = places.get(row["parameter"], ((), row["parameter"]))
        for depth in range(1, len(path) + 1):
            records.setdefault(path[:depth], {})
        records[path][name] = _value(row)
    for document, (file, records) in papers.items():
        yield PaperResult(document, file, tuple(_record(path, values) for path, values in records.items()))


def _record(path: RecordPath, values: Mapping[str, Value]) -> Record:
    return Record(path[-1].label if path else None, path[-1].list if path else "", values, None, path)


def _value(row: LongRow) -> Value:
    evidence = None
    if row.get("quote") is not None:
        boxes: tuple[Box, ...] = tuple(tuple(box) for box in row.get("boxes") or ())
        evidence = Evidence(row["quote"], int(row.get("page") or 0), 0, 0, boxes, 1)
    agreement = row.get("agreement")
    return Value(
        row.get("value"),
        Status(row.get("status") or (Status.NOT_REPORTED if row.get("value") is None else Status.STATED)),
        row.get("confidence"),
        evidence,
        row.get("raw"),
        row.get("unit"),
        tuple(read_flag(flag) for flag in row.get("flags") or ()),
        None if agreement is None else Confidence(1, 1, agreement=agreement),
        tuple(map(_value, row.get("items") or ())),
    )


def _jsonl_rows(path: Path, places: Mapping[str, Key]) -> Iterator[LongRow]:
    """A value of a record above the line's stands on the lines of all records below it; the first one counts."""
    seen: set[tuple[str, str, str]] = set()
    with path.open(encoding="utf-8") as file:
        for line in filter(str.strip, file):
            content = json.loads(line)
            document = content.get("document") or content["file"]
            way = _line_path(content, places)
            for column, exported in content["parameters"].items():
                lists, _ = places.get(column, (tuple(step.list for step in way), column))
                key = record_key(way[: len(lists)])
                if (document, key, column) in seen:
                    continue
                parts = exported if isinstance(exported, dict) else {"value": exported}
                if parts.get("value") is not None:
                    seen.add((document, key, column))
                yield {"file": content["file"], "document": document, "path": key, "parameter": column, **parts}


def _line_path(content: Mapping[str, Json], places: Mapping[str, Key]) -> RecordPath:
    """The record of a line. A line without a path, as other tools write it, is of the deepest list of its values."""
    if content.get("path") is not None or content.get("record") is None:
        return record_path(content.get("path") or "")
    lists: Lists = max((places[name][0] for name in content["parameters"] if name in places), key=len, default=())
    labels = content["record"].split(" / ") if len(lists) > 1 else [content["record"]]
    return tuple(map(RecordStep, lists, labels))


def _csv_rows(path: Path, places: Mapping[str, Key]) -> Iterator[LongRow]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        if not {"path", "parameter", "type"} <= set(reader.fieldnames or ()):
            raise ValueError("it has one row a record; export it with --long")
        for line in reader:
            row = {name: text for name, text in line.items() if text != "" and text is not None}
            is_text = row.get("type") == "string"
            row = {name: plain_text(text) if name != "value" or is_text else text for name, text in row.items()}
            yield _parsed(row)


def _xlsx_rows(path: Path, places: Mapping[str, Key]) -> Iterator[LongRow]:
    try:
        import openpyxl
    except ImportError:
        raise UsageError("reading an xlsx needs openpyxl: pip install 'dsx-extract[xlsx]'") from None
    with closing(openpyxl.load_workbook(path, read_only=True)) as book:
        rows = book["values"].iter_rows(values_only=True)
        header = [str(name) for name in next(rows)]
        for cells in rows:
            row = dict(zip(header, cells, strict=True))
            yield _parsed({name: cell for name, cell in row.items() if name in LONG and cell is not None})


def _sqlite_rows(path: Path, places: Mapping[str, Key]) -> Iterator[LongRow]:
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        connection.row_factory = sqlite3.Row
        for stored in connection.execute("select * from cells"):
            yield _parsed({name: stored[name] for name in stored.keys() if stored[name] is not None})  # noqa: SIM118


def _parsed(row: dict[str, Any]) -> LongRow:
    """The row with its JSON read and its numbers as numbers."""
    parsed: LongRow = dict(row)
    for name in ("boxes", "raw", "flags", "items"):
        if name in row:
            parsed[name] = json.loads(row[name])
    for name in ("confidence", "agreement"):
        if name in row:
            parsed[name] = float(row[name])
    parsed["value"] = _typed(row.get("value"), row.get("type"))
    return parsed


def _typed(value: Json, kind: str | None) -> Json:
    if kind is None or kind == "string":
        return str(value or "") if kind else None
    if kind == "boolean":
        return value in (True, 1, "true")
    number: Json = json.loads(value) if isinstance(value, str) else value
    return float(number) if kind == "number" else number

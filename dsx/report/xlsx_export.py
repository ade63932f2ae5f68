"""XLSX: a sheet of records, one of values with links to their pages, a codebook, and what failed."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote

from dsx.report.cells import LONG, LongRow, cell_without_boxes, flat, long_failure, long_rows
from dsx.report.codebook import COLUMNS, codebook
from dsx.report.columns import columns, names
from dsx.report.tables import RecordTable
from dsx.report.xlsx_file import Link, Workbook
from dsx.types import NO_OPTIONS, ExportOptions, Json, PaperResult, ParameterSet, Status

VALUES = tuple(name for name in LONG if name not in ("number", "boxes"))
"""Columns of the sheet of values; `link` stands behind `page`."""
FAILURES = ("file", "document", "record", "parameter", "flags")
CREATOR = "dsx"
WIDTHS = {"file": 24, "document": 10, "list": 14, "record": 20, "path": 10, "parameter": 24, "value": 24}


def to_xlsx(
    results: Sequence[PaperResult], parameters: ParameterSet, out: BinaryIO, options: ExportOptions = NO_OPTIONS
) -> None:
    """Links open FILE#page=N: of the folder `options.papers`, else beside the workbook."""
    with Workbook(CREATOR) as book:
        _fill(book, results, parameters, options)
        book.save(out)


def _fill(book: Workbook, results: Sequence[PaperResult], parameters: ParameterSet, options: ExportOptions) -> None:
    table = RecordTable.of(parameters, options)
    page = VALUES.index("page") + 1
    header = (*VALUES[:page], "link", *VALUES[page:])
    records = book.sheet("records", table.header, [WIDTHS.get(name, 16) for name in table.header])
    values = book.sheet("values", header, [WIDTHS.get(name, 12) for name in header])
    meanings = book.sheet("codebook", COLUMNS, (28, 16, 14, 10, 60, 40, 40))
    failures = book.sheet("failures", (*FAILURES[:-1], "reason"), (24, 10, 20, 24, 80))
    value_names = names(columns(parameters))
    for result in results:
        for row in table.rows(result):
            records.append(map(_plain, row))
        for value in long_rows(result, value_names, options, cell_without_boxes):
            values.append(_value_row(value, header, options.papers))
            if value["status"] == Status.FAILED:
                failures.append(value.get(name) for name in FAILURES)
    for failure in options.failures:
        records.append(table.failure(failure))
        values.append(_value_row(long_failure(failure), header, options.papers))
        failures.append((failure.file, failure.document, None, None, failure.reason))
    for meaning in codebook(table.columns):
        meanings.append(meaning.values())


def is_xlsx_export(path: Path) -> bool:
    """Whether the workbook names us as its creator."""
    try:
        with zipfile.ZipFile(path) as file:
            return f"<dc:creator>{CREATOR}<".encode() in file.read("docProps/core.xml")
    except (zipfile.BadZipFile, KeyError):
        return False


def _value_row(row: LongRow, header: Sequence[str], papers: str) -> list[Json]:
    if "page" in row:
        row["link"] = Link(f"{papers}{_address(row['file'])}#page={row['page']}", f"p. {row['page']}")
    kind = row.get("type")
    if kind == "integer" or kind == "boolean":
        row["value"] = int(row["value"]) if kind == "integer" else row["value"] == "true"
    elif kind == "number":
        row["value"] = row["number"]
    return list(map(row.get, header))


@lru_cache(maxsize=64)
def _address(file: str) -> str:
    return quote(file)


def _plain(value: Json) -> Json:
    return flat(value) if isinstance(value, list | dict) else value

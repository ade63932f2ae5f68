"""CSV in UTF-8: one row a record, or one row a value."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from dsx.report.cells import LONG, LongRow, all_long_rows, flat, neutral
from dsx.report.tables import RecordTable
from dsx.types import NO_OPTIONS, ExportOptions, Json, PaperResult, ParameterSet

BOM = "\ufeff"
"""By which a spreadsheet knows that the file is UTF-8."""
HEAD = ("file,document,list,record,", "file,document,record,")
"""How the first line of a file begins that is ours; the second was so before lists were named."""
VALUE_COLUMN = list(LONG).index("value")


def to_csv(
    results: Sequence[PaperResult], parameters: ParameterSet, out: TextIO, options: ExportOptions = NO_OPTIONS
) -> None:
    """A cell is empty where the value is not reported, where `failed` names it, and where the row's list lacks it.

    With evidence, and one row a value, a status says which.
    """
    writer = csv.writer(out if options.excel else _Lines(out), lineterminator="\r\n")
    if options.excel:
        out.write(BOM)
    if options.long:
        writer.writerow(LONG)
        for row in all_long_rows(results, parameters, options):
            writer.writerow(_long_cells(row))
        return
    table = RecordTable.of(parameters, options)
    writer.writerow(map(neutral, table.header))
    for cells in table.all_rows(results):
        writer.writerow([_cell(value) for value in cells])


class _Lines:
    """Ends lines as programs like it. The csv module quotes a carriage return only where it ends lines."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def write(self, line: str) -> None:
        self._out.write(f"{line[:-2]}\n")


def is_csv_export(path: Path) -> bool:
    """Whether its first line is that of an export."""
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        return file.readline(200).startswith(HEAD)


def _cell(value: Json) -> Json:
    """Text that no spreadsheet calculates; numbers as they are, for csv writes them."""
    if isinstance(value, str):
        return neutral(value)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else flat(value)


def _long_cells(row: LongRow) -> list[Json]:
    cells: list[Json] = [neutral(part) if type(part) is str else part for part in map(row.get, LONG)]
    if row.get("type") != "string":
        cells[VALUE_COLUMN] = row.get("value")  # a number, or JSON, which no spreadsheet calculates
    return cells

"""Export as lines of JSON, as objects in the schema's own shape, as a table on the terminal."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from dsx.report.cells import cell, failed_row, flat, machine_value
from dsx.report.columns import columns, label, names, rows
from dsx.report.unsure import is_left_blank
from dsx.schema import to_object
from dsx.terminal import console, printable_line
from dsx.types import NO_OPTIONS, ExportOptions, Failure, Json, PaperResult, ParameterSet, Value, record_key

if TYPE_CHECKING:
    from rich.text import Text

HEAD_CHARACTERS = 4096
"""A file's name of 255 bytes, each written as an escape, is in it."""
_file = r'"file":\s*+"(?:[^"\\]++|\\.)*+"'
_line = re.compile(rf'\{{{_file}, "document": ')
_objects = re.compile(rf'\[\s*+(?:\]|\{{\s*+{_file},\s*+"document": )')


def to_jsonl(
    results: Sequence[PaperResult], parameters: ParameterSet, out: TextIO, options: ExportOptions = NO_OPTIONS
) -> None:
    """One line a record; the parameters of the records above it, and of the paper, are repeated on each.

    A failed paper has a line without record and parameters, whose "failed" is the reason.
    """
    table = columns(parameters)
    column_names, plain_names = names(table), {column.name: column.parameter.name for column in table}
    for result in results:
        for row in rows(result, column_names):
            cells = {}
            for name, value in row.values.items():
                machine = machine_value(row, name, options.machine, plain_names.get(name, name))
                cells[name] = cell(value, machine)
            line = {"file": result.file, "document": result.document, "record": label(row.record)}
            path = record_key(row.record.path) if row.record is not None else ""
            out.write(json.dumps({**line, "path": path, "parameters": cells}, ensure_ascii=False) + "\n")
    for failure in options.failures:
        nothing: dict[str, Json] = {"record": None, "path": "", "parameters": {}, "failed": failure.reason}
        out.write(json.dumps({**failed_row(failure), **nothing}, ensure_ascii=False) + "\n")


def to_objects(
    results: Sequence[PaperResult], parameters: ParameterSet, out: TextIO, options: ExportOptions = NO_OPTIONS
) -> None:
    """A JSON list: {"file", "document", "values"} for each paper, the values in the schema's own shape.

    A failed paper has no value there, and "failed", the reason.
    """
    before = "["
    for paper in _objects_of(results, parameters, options.failures):
        out.write(f"{before}\n{json.dumps(paper, ensure_ascii=False, indent=2)}")
        before = ","
    out.write("[]\n" if before == "[" else "\n]\n")


def _objects_of(
    results: Iterable[PaperResult], parameters: ParameterSet, failures: Iterable[Failure]
) -> Iterator[dict[str, Json]]:
    for result in results:
        yield {"file": result.file, "document": result.document, "values": to_object(result, parameters)}
    for failure in failures:
        nothing = to_object(PaperResult(failure.document, failure.file, ()), parameters)
        yield {**failed_row(failure), "values": nothing, "failed": failure.reason}


def is_jsonl_export(path: Path) -> bool:
    """Whether it begins as our lines do."""
    return _begins(path, _line)


def is_json_export(path: Path) -> bool:
    """Whether it begins as our list does."""
    return _begins(path, _objects)


def _begins(path: Path, head: re.Pattern[str]) -> bool:
    with path.open(encoding="utf-8", errors="replace") as file:
        return head.match(file.read(HEAD_CHARACTERS)) is not None


def to_table(results: Sequence[PaperResult], parameters: ParameterSet, out: TextIO) -> None:
    """For a person at a terminal: parameters down, records across, page and confidence with each value."""
    from rich.table import Table
    from rich.text import Text

    terminal = console(out, width=120)
    column_names = names(columns(parameters))
    for result in results:
        filled = list(rows(result, column_names))
        table = Table(title=Text(printable_line(result.file)), title_justify="left", show_lines=False)
        table.add_column("parameter", style="bold", no_wrap=True)
        for row in filled:
            head = "" if row.record is None else label(row.record) or "the study"
            table.add_column(Text(printable_line(head)), overflow="fold")
        for name in dict.fromkeys(name for row in filled for name in row.values):
            cells = (_shown(row.values[name]) if name in row.values else "" for row in filled)
            table.add_row(Text(printable_line(name)), *cells)
        terminal.print(table)


def _shown(value: Value) -> Text:
    """A value with its pages, confidence and status, these dimmed."""
    from rich.text import Text

    pages = sorted({quote.page for quote in value.quotes})
    where = f"p. {', '.join(map(str, pages))}" if pages else "no page"
    sure = f", {value.confidence:.2f}" if value.confidence is not None else ""
    if is_left_blank(value):
        return Text.assemble(("unsure", "yellow"), (f" ({where}{sure})", "dim"))
    if value.value is None:
        return Text("–", "dim") if value.status == "not_reported" else Text(value.status, "red")
    about = (f" ({where}{sure}, {value.status})", "dim")
    return Text.assemble(printable_line(_joined(value.value)), about)


def _joined(value: Json) -> str:
    return "; ".join(map(flat, value)) if isinstance(value, list) else flat(value)

"""Export: results as lines of JSON, as a table of cells, as a table on the terminal."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from typing import TextIO

from dsx.schema import to_object
from dsx.store import flag_text
from dsx.types import Json, PaperResult, ParameterSet, Record, Value


def rows(result: PaperResult) -> Iterator[tuple[Record | None, dict[str, Value]]]:
    """(record, its values, those of the records that hold it among them); one row without record where there is none.

    A record that holds records gives no row of its own where these exist.
    """
    by_path = {record.path: record for record in result.records}
    holders = {record.path[:-1] for record in result.records if record.path}
    for record in result.records:
        if record.path in holders and record.path != ():
            continue
        if record.path == () and holders:
            continue
        values: dict[str, Value] = {}
        for depth in range(len(record.path) + 1):
            values |= by_path[record.path[:depth]].values
        yield (record if record.path else None), values


def label(record: Record | None) -> str | None:
    """A record's label, after those of the records that hold it."""
    if record is None or len(record.path) <= 1:
        return None if record is None else record.label
    return " / ".join(step.label for step in record.path)


def cell(value: Value) -> dict[str, Json]:
    """One parameter's cell in the JSON Lines."""
    exported: dict[str, Json] = {"value": value.value, "status": str(value.status)}
    if value.confidence is not None:
        exported["confidence"] = round(value.confidence, 4)
    if value.evidence is not None:
        exported["quote"] = value.evidence.quote
        exported["page"] = value.evidence.page
        exported["boxes"] = [[round(edge, 2) for edge in box] for box in value.evidence.boxes]
    if value.raw is not None:
        exported |= {"raw": value.raw, "unit": value.unit}
    if value.sure is not None and value.sure.agreement is not None:
        exported["agreement"] = round(value.sure.agreement, 4)
    if value.sure is not None and value.sure.alternatives:
        exported["alternatives"] = [[choice, round(chance, 4)] for choice, chance in value.sure.alternatives]
    if value.value is not None or value.flags:
        exported["flags"] = [flag_text(flag) for flag in value.flags]
    return exported


def to_jsonl(results: Sequence[PaperResult], parameters: ParameterSet, out: TextIO) -> None:
    """One line a record; the parameters of the paper are repeated on each."""
    for result in results:
        for record, values in rows(result):
            cells = {name: cell(value) for name, value in values.items()}
            line = {"file": result.file, "document": result.document, "record": label(record), "parameters": cells}
            out.write(json.dumps(line, ensure_ascii=False) + "\n")


def to_objects(results: Sequence[PaperResult], parameters: ParameterSet, out: TextIO) -> None:
    """A JSON list of one plain object a paper, in the schema's own shape."""
    objects = [to_object(result, parameters) for result in results]
    out.write(json.dumps(objects, ensure_ascii=False, indent=2) + "\n")


def to_csv(results: Sequence[PaperResult], parameters: ParameterSet, out: TextIO) -> None:
    """One row a record, one column a parameter; lists are parted by "; "."""
    filled = [(result, record, values) for result in results for record, values in rows(result)]
    names = list(dict.fromkeys(name for _, _, values in filled for name in values))
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["file", "document", "record", *names])
    for result, record, values in filled:
        cells = [_plain(values[name].value) if name in values else "" for name in names]
        writer.writerow([result.file, result.document, label(record) or "", *cells])


def to_table(results: Sequence[PaperResult], parameters: ParameterSet, out: TextIO) -> None:
    """For a person at a terminal: parameters down, records across, page and confidence with each value."""
    from rich.console import Console
    from rich.table import Table

    console = Console(file=out, width=None if out.isatty() else 120)
    for result in results:
        filled = list(rows(result))
        table = Table(title=result.file, title_justify="left", show_lines=False)
        table.add_column("parameter", style="bold", no_wrap=True)
        for record, _ in filled:
            table.add_column("" if record is None else label(record) or "the study", overflow="fold")
        for name in dict.fromkeys(name for _, values in filled for name in values):
            table.add_row(name, *(_shown(values[name]) if name in values else "" for _, values in filled))
        console.print(table)


def _plain(value: Json) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return "; ".join(map(_plain, value))
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _shown(value: Value) -> str:
    if value.value is None:
        return "[dim]–[/dim]" if value.status == "not_reported" else f"[red]{value.status}[/red]"
    where = f"p. {value.evidence.page}" if value.evidence is not None else "no page"
    sure = f", {value.confidence:.2f}" if value.confidence is not None else ""
    text = _plain(value.value).replace("[", r"\[")
    return f"{text} [dim]({where}{sure}, {value.status})[/dim]"

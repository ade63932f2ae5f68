"""An SQLite database: papers, records, values and evidence with keys, views for people, full-text search."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import BinaryIO

from dsx.report.cells import boxes, cell, cell_without_boxes, flat, json_type, written
from dsx.report.codebook import COLUMNS, codebook
from dsx.report.columns import Column, columns, lists_of, names
from dsx.types import NO_OPTIONS, ExportOptions, Json, PaperResult, ParameterSet, Record, RecordPath, Value, record_key

APPLICATION_ID = 0x64737865
""""dsxe" in the header of the file, by which an export is known."""
ID_OFFSET = 68
"""Where the header holds it, big-endian."""
PRAGMAS = """
pragma journal_mode = off; pragma synchronous = off; pragma page_size = 16384; pragma cache_size = -16000;
"""
"""The file is not there before it is whole. Large pages and 16 MB of them in memory save a fifth of the time."""
TABLES = """
create table papers (document text primary key, file text not null, failed text);
create table records (
    id integer primary key, document text not null references papers, parent integer references records,
    list text, label text, path text not null, quote text, page integer, unique (document, path));
create table parameters (column_name text primary key, list text, type text, unit text, description text,
    choices text, synonyms text, minimum real, maximum real);
create table "values" (
    id integer primary key, record integer not null references records, parameter text not null references parameters,
    value, type text, status text not null, confidence real, raw text, unit text, agreement real, flags text,
    machine text, items text);
create table evidence (
    value integer primary key references "values", quote text not null, page integer not null, boxes text,
    start integer, "end" integer, occurrences integer);
"""
INDEXES = """
create unique index values_of_record on "values" (record, parameter);
create index values_of_parameter on "values" (parameter);
create index values_by_status on "values" (status);
create view cells as
    select "values".id as rowid, papers.file, papers.document, records.list, records.label as record, records.path,
        "values".parameter, "values".value, "values".type, "values".status, "values".confidence, evidence.quote,
        evidence.page, evidence.boxes, "values".raw, "values".unit, "values".agreement, "values".flags,
        "values".machine, "values".items
    from "values" join records on records.id = "values".record join papers using (document)
        left join evidence on evidence.value = "values".id;
create view failures as
    select file, document, null as record, null as parameter, failed as reason from papers where failed is not null
    union all select file, document, record, parameter, flags from cells where status = 'failed';
create virtual table search using fts5 (value, quote, file unindexed, record unindexed, parameter unindexed,
    content="cells", tokenize='unicode61 remove_diacritics 2');
insert into search (search) values ('rebuild');
"""
MAX_VIEW_COLUMNS = 1900
"""SQLite takes 2,000 in a view."""


def to_sqlite(
    results: Sequence[PaperResult], parameters: ParameterSet, out: BinaryIO, options: ExportOptions = NO_OPTIONS
) -> None:
    """The view `cells` has a row a value; `paper`, and one view a list, a row a record and a column a parameter."""
    with tempfile.TemporaryDirectory(prefix="dsx-") as folder:
        path = Path(folder) / "export.sqlite"
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.executescript(f"{PRAGMAS} {TABLES} begin;")
            table = columns(parameters)
            _write_codebook(connection, table)
            database = _Rows(connection, table, options)
            for result in results:
                database.add(result)
            connection.executemany(
                "insert into papers values (?, ?, ?)",
                ((failure.document, failure.file, failure.reason) for failure in options.failures),
            )
            connection.execute("commit")
            connection.executescript(INDEXES)
            for view in _views(table):
                connection.execute(view)
            connection.execute(f"pragma application_id = {APPLICATION_ID}")
        with path.open("rb") as file:
            shutil.copyfileobj(file, out, 1 << 20)


def is_sqlite_export(path: Path) -> bool:
    """Whether the header names us."""
    with path.open("rb") as file:
        file.seek(ID_OFFSET)
        return int.from_bytes(file.read(4), "big") == APPLICATION_ID


class _Rows:
    """Puts papers into the tables; numbers of rows are given here, so that nothing is asked of the database."""

    def __init__(self, connection: sqlite3.Connection, table: tuple[Column, ...], options: ExportOptions) -> None:
        self._connection, self._names, self._machine = connection, names(table), options.machine
        self._records = self._values = 0

    def add(self, result: PaperResult) -> None:
        """One paper with all that it has."""
        self._connection.execute("insert into papers values (?, ?, null)", (result.document, result.file))
        numbers: dict[RecordPath, int] = {}
        records, values, evidence = [], list[tuple[Json, ...]](), list[tuple[Json, ...]]()
        for record in result.records:
            self._records += 1
            numbers[record.path] = self._records
            place = (result.document, numbers.get(record.path[:-1]) if record.path else None)
            names = ("/".join(lists_of(record.path)), record.label, record_key(record.path))
            quote = (record.evidence.quote, record.evidence.page) if record.evidence is not None else (None, None)
            records.append((self._records, *place, *names, *quote))
            self._add_values(result.document, record, values, evidence)
        for table, rows in (("records", records), ('"values"', values), ("evidence", evidence)):
            if rows:
                self._connection.executemany(f"insert into {table} values ({', '.join('?' * len(rows[0]))})", rows)

    def _add_values(
        self, document: str, record: Record, values: list[tuple[Json, ...]], evidence: list[tuple[Json, ...]]
    ) -> None:
        path, lists = record_key(record.path), lists_of(record.path)
        for name, value in record.values.items():
            self._values += 1
            machine = self._machine.get((document, path, name)) if self._machine else None
            column = self._names.get((lists, name), name)
            values.append((self._values, self._records, column, *_value_row(value, machine)))
            if value.evidence is not None:
                quote = value.evidence
                span = (quote.start, quote.end, quote.occurrences)
                evidence.append((self._values, quote.quote, quote.page, written(boxes(quote)), *span))


def _value_row(value: Value, machine: Value | None) -> tuple[Json, ...]:
    exported = cell_without_boxes(value, machine)
    content = exported["value"]
    kind = None if content is None else json_type(content)
    parts = [written(exported[key]) if key in exported else None for key in ("raw", "flags", "machine")]
    raw, flags, stored = parts
    items = [cell(item) for item in value.items]
    return (
        flat(content) if kind in ("array", "object") else content,
        kind,
        exported["status"],
        exported.get("confidence"),
        raw,
        exported.get("unit"),
        exported.get("agreement"),
        flags,
        stored,
        written(items) if items else None,
    )


def _write_codebook(connection: sqlite3.Connection, table: tuple[Column, ...]) -> None:
    rows = (tuple(row.values()) for row in codebook(table))
    connection.executemany(f"insert into parameters values ({', '.join('?' * len(COLUMNS))})", rows)


def _views(table: tuple[Column, ...]) -> list[str]:
    """A view a list of records, named like it, and `paper`: a row a record, a column a parameter."""
    views = []
    for lists in dict.fromkeys(column.lists for column in table):
        of_list = [column for column in table if column.lists == lists][:MAX_VIEW_COLUMNS]
        selected = ", ".join(
            f'max(case when "values".parameter = {_text(column.name)} then "values".value end) '
            f"as {_name(column.parameter.name)}"
            for column in of_list
        )
        name = ".".join(lists) or "paper"
        while name in ("papers", "records", "values", "evidence", "parameters", "cells", "failures", "search"):
            name += "_"
        views.append(
            f"create view {_name(name)} as select papers.file as {_name('file' + _apart('file', of_list))}, "
            f"records.label as {_name('record' + _apart('record', of_list))}, {selected} "
            f'from records join papers using (document) left join "values" on "values".record = records.id '
            f"where records.list = {_text('/'.join(lists))} group by records.id"
        )
    return views


def _apart(name: str, table: list[Column]) -> str:
    return "_" if any(column.parameter.name == name for column in table) else ""


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'

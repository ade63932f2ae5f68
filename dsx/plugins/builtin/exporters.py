"""Built-in exporters."""

from __future__ import annotations

from dsx.plugins.hookspecs import hookimpl
from dsx.types import Exporter


@hookimpl
def register_exporters() -> dict[str, Exporter]:
    """jsonl, json, csv, xlsx, sqlite, parquet, table."""
    return {**_texts(), **_files()}


def _texts() -> dict[str, Exporter]:
    from dsx.report import csv_export, export

    return {
        "jsonl": Exporter(
            export.to_jsonl,
            "one line a record, every value with its evidence",
            suffixes=(".jsonl", ".ndjson"),
            options=("failures", "machine"),
            is_own=export.is_jsonl_export,
        ),
        "json": Exporter(
            export.to_objects,
            "a paper's file, document and values in the schema's own shape",
            suffixes=(".json",),
            options=("failures",),
            is_own=export.is_json_export,
        ),
        "csv": Exporter(
            csv_export.to_csv,
            "one row a record, or a value",
            suffixes=(".csv",),
            options=("evidence", "long", "excel", "failures", "machine"),
            is_own=csv_export.is_csv_export,
        ),
        "table": Exporter(export.to_table, "for a person at a terminal"),
    }


def _files() -> dict[str, Exporter]:
    from dsx.report import parquet_export, sqlite_export, xlsx_export

    return {
        "xlsx": Exporter(
            xlsx_export.to_xlsx,
            "a workbook: records, values with links to pages, codebook, failures",
            binary=True,
            suffixes=(".xlsx",),
            options=("evidence", "failures", "machine", "papers"),
            is_own=xlsx_export.is_xlsx_export,
        ),
        "sqlite": Exporter(
            sqlite_export.to_sqlite,
            "a database: papers, records, values, evidence, views, full-text search",
            binary=True,
            suffixes=(".sqlite", ".sqlite3", ".db"),
            options=("failures", "machine"),
            is_own=sqlite_export.is_sqlite_export,
        ),
        "parquet": Exporter(
            parquet_export.to_parquet,
            "one row a record, or a value, with the schema's types",
            binary=True,
            suffixes=(".parquet",),
            options=("evidence", "long", "failures", "machine"),
            is_own=parquet_export.is_parquet_export,
        ),
    }

"""Built-in exporters."""

from __future__ import annotations

from dsx.plugins.hookspecs import hookimpl
from dsx.types import Exporter


@hookimpl
def register_exporters() -> dict[str, Exporter]:
    """jsonl, json, csv, sqlite, parquet, table."""
    from dsx.report import cells, export

    return {
        "jsonl": Exporter(export.to_jsonl, "one line a record, every value with its evidence"),
        "json": Exporter(export.to_objects, "one plain object a paper, in the schema's own shape"),
        "csv": Exporter(export.to_csv, "one row a record"),
        "sqlite": Exporter(cells.to_sqlite, "a database with one row a cell", binary=True),
        "parquet": Exporter(cells.to_parquet, "one row a cell, for data frames", binary=True),
        "table": Exporter(export.to_table, "for a person at a terminal"),
    }

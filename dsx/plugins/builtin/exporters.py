"""Built-in exporters."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any

from dsx.plugins.hookspecs import hookimpl
from dsx.types import Exporter, PaperResult, ParameterSet


def _late(name: str, module: str = "dsx.report.export") -> Any:
    """The module's function of this name, imported when it is called."""

    def export(results: Sequence[PaperResult], parameters: ParameterSet, out: Any) -> None:
        getattr(importlib.import_module(module), name)(results, parameters, out)

    return export


@hookimpl
def register_exporters() -> dict[str, Exporter]:
    """jsonl, json, csv, table, sqlite, parquet."""
    return {
        "jsonl": Exporter(_late("to_jsonl"), "one line a record, every value with its evidence"),
        "json": Exporter(_late("to_objects"), "one plain object a paper, in the schema's own shape"),
        "csv": Exporter(_late("to_csv"), "one row a record"),
        "sqlite": Exporter(_late("to_sqlite", "dsx.report.cells"), "a database with one row a cell", binary=True),
        "parquet": Exporter(_late("to_parquet", "dsx.report.cells"), "one row a cell, for data frames", binary=True),
        "table": Exporter(_late("to_table"), "for a person at a terminal"),
    }

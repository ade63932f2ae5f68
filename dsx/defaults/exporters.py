"""Built-in exporters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dsx.hookspecs import hookimpl
from dsx.types import Exporter, PaperResult, ParameterSet


def _late(name: str) -> Any:
    """dsx.export's function of this name, imported when it is called."""

    def export(results: Sequence[PaperResult], parameters: ParameterSet, out: Any) -> None:
        from dsx import export as writing

        getattr(writing, name)(results, parameters, out)

    return export


@hookimpl
def register_exporters() -> dict[str, Exporter]:
    """jsonl, json, csv, table."""
    return {
        "jsonl": Exporter(_late("to_jsonl"), "one line a record, every value with its evidence"),
        "json": Exporter(_late("to_objects"), "one plain object a paper, in the schema's own shape"),
        "csv": Exporter(_late("to_csv"), "one row a record"),
        "table": Exporter(_late("to_table"), "for a person at a terminal"),
    }

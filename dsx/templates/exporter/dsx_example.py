"""An exporter: one row of a Markdown table for each record."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TextIO

from dsx.plugin_api import Exporter, PaperResult, ParameterSet, Status, hookimpl


def export(results: Sequence[PaperResult], parameters: ParameterSet, out: TextIO) -> None:
    kinds = [parameters.root, *parameters.root.children]
    names = list(dict.fromkeys(parameter.name for kind in kinds for parameter in kind.parameters))
    out.write("| file | record | " + " | ".join(names) + " |\n" + "|---" * (len(names) + 2) + "|\n")
    for result in results:
        for record in result.records:
            cells = [result.file, record.label or ""]
            for name in names:
                value = record.values.get(name)
                reported = value is not None and value.status not in (Status.NOT_REPORTED, Status.FAILED)
                cells.append(str(value.value) if value is not None and reported else "")
            out.write("| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |\n")


@hookimpl
def register_exporters() -> dict[str, Exporter]:
    return {"example": Exporter(export, "a Markdown table, one row a record")}

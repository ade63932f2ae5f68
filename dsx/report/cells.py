"""Export for databases and data frames: one row a cell, as an SQLite file or as Parquet."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from typing import BinaryIO

from dsx.errors import UsageError
from dsx.report.export import cell, label, rows
from dsx.types import Json, PaperResult, ParameterSet

COLUMNS = {
    "file": "text",
    "document": "text",
    "record": "text",
    "parameter": "text",
    "value": "text",
    "number": "real",
    "status": "text",
    "confidence": "real",
    "quote": "text",
    "page": "integer",
    "boxes": "text",
    "raw": "text",
    "unit": "text",
    "agreement": "real",
    "flags": "text",
}
"""Column → type. value: text as it is, anything else as JSON, null where it is not reported; number: the value where it
is one; boxes, raw and flags are JSON."""


def cells(results: Sequence[PaperResult]) -> Iterator[dict[str, Json]]:
    """A row for every parameter of every record, with all of COLUMNS."""
    for result in results:
        for record, values in rows(result):
            for name, value in values.items():
                row = dict.fromkeys(COLUMNS, None) | {
                    key: part for key, part in cell(value).items() if key in COLUMNS and part is not None
                }
                where = {"file": result.file, "document": result.document, "record": label(record), "parameter": name}
                content = row["value"]
                if isinstance(content, int | float) and not isinstance(content, bool):
                    row["number"] = float(content)
                row["value"] = content if content is None or isinstance(content, str) else _json(content)
                for key in ("boxes", "raw", "flags"):
                    row[key] = None if row[key] is None else _json(row[key])
                yield {**row, **where}


def to_sqlite(results: Sequence[PaperResult], parameters: ParameterSet, out: BinaryIO) -> None:
    """A database with one table, `cells`."""
    connection = sqlite3.connect(":memory:")
    columns = ", ".join(f'"{name}" {kind}' for name, kind in COLUMNS.items())
    connection.execute(f"create table cells ({columns})")
    places = ", ".join("?" for _ in COLUMNS)
    connection.executemany(f"insert into cells values ({places})", (_ordered(row) for row in cells(results)))
    connection.commit()
    out.write(connection.serialize())
    connection.close()


def to_parquet(results: Sequence[PaperResult], parameters: ParameterSet, out: BinaryIO) -> None:
    """A Parquet file of the same rows. UsageError where pyarrow is not installed."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise UsageError("--format parquet needs pyarrow: pip install 'dsx-extract[parquet]'") from None
    kinds = {"text": pyarrow.string(), "real": pyarrow.float64(), "integer": pyarrow.int64()}
    schema = pyarrow.schema([(name, kinds[kind]) for name, kind in COLUMNS.items()])
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(list(cells(results)), schema=schema), out)


def _ordered(row: Mapping[str, Json]) -> list[Json]:
    return [row[name] for name in COLUMNS]


def _json(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False)

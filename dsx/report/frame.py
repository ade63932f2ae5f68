"""A run as a pandas data frame, with the columns of the csv and parquet exports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from dsx.errors import UsageError
from dsx.report.cells import LONG, all_long_rows
from dsx.report.tables import RecordTable, column_type
from dsx.types import ExportOptions, Json, PaperResult, ParameterSet

if TYPE_CHECKING:
    import pandas

DTYPES = {"text": "string", "integer": "Int64", "real": "Float64", "boolean": "boolean"}
"""By type of column; all others are objects."""


def to_frame(results: Sequence[PaperResult], parameters: ParameterSet, options: ExportOptions) -> pandas.DataFrame:
    """One row a record, or a value where `options.long` says so. UsageError where pandas is not installed.

    Columns have pandas' types that know missing values, by the parameter set, whatever was found. Lists and values of
    several types stay as they are.
    """
    try:
        import pandas
    except ImportError:
        raise UsageError("a data frame needs pandas: pip install 'dsx-extract[frame]'") from None
    types: Mapping[str, str]
    if options.long:
        types = LONG
        rows = [[row.get(name) for name in LONG] for row in all_long_rows(results, parameters, options)]
    else:
        table = RecordTable.of(parameters, options)
        types = {name: column_type(schema) for name, schema in table.schemas.items()}
        rows = list(table.all_rows(results))
    cells = zip(*rows, strict=True) if rows else [()] * len(types)
    return pandas.DataFrame(
        {name: _column(values, kind) for (name, kind), values in zip(types.items(), cells, strict=True)}
    )


def _column(values: Sequence[Json], kind: str) -> pandas.Series:
    import pandas

    try:
        return pandas.Series(list(values), dtype=DTYPES.get(kind, "object"))
    except (TypeError, ValueError, OverflowError):  # a value that was stored by another dsx, or is too large
        return pandas.Series(list(values), dtype="object")

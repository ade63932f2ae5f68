"""A run as a pandas data frame, with the columns of the csv and parquet exports."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dsx.errors import UsageError
from dsx.report.cells import LONG, all_long_rows
from dsx.report.tables import RecordTable
from dsx.types import ExportOptions, PaperResult, ParameterSet

if TYPE_CHECKING:
    import pandas


def to_frame(results: Sequence[PaperResult], parameters: ParameterSet, options: ExportOptions) -> pandas.DataFrame:
    """One row a record, or a value where `options.long` says so. UsageError where pandas is not installed.

    Columns have pandas' types that know missing values (Int64, Float64, boolean, string); lists stay lists.
    """
    try:
        import pandas
    except ImportError:
        raise UsageError("a data frame needs pandas: pip install 'dsx-extract[frame]'") from None
    if options.long:
        values = all_long_rows(results, parameters, options)
        header, rows = list(LONG), [[row.get(name) for name in LONG] for row in values]
    else:
        table = RecordTable.of(parameters, options)
        header, rows = table.header, list(table.all_rows(results))
    return pandas.DataFrame(rows, columns=header).convert_dtypes()

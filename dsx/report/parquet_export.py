"""Parquet, with the parameter set's types: one row a record, or one row a value."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar

from dsx.errors import UsageError
from dsx.report.cells import LONG, LongRow, all_long_rows, flat
from dsx.report.tables import RecordTable, column_type
from dsx.types import NO_OPTIONS, ExportOptions, Json, PaperResult, ParameterSet

if TYPE_CHECKING:
    import pyarrow

    Fields = Mapping[str, pyarrow.DataType]

ROWS_AT_ONCE, LONG_ROWS_AT_ONCE = 1000, 4000
"""Rows of one row group, which is what memory holds: some 5 MB."""
_Row = TypeVar("_Row")
MARK = b"dsx"
"""The key of the file's metadata by which an export is known."""


def to_parquet(
    results: Sequence[PaperResult], parameters: ParameterSet, out: BinaryIO, options: ExportOptions = NO_OPTIONS
) -> None:
    """UsageError where pyarrow is not installed."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise UsageError("--format parquet needs pyarrow: pip install 'dsx-extract[parquet]'") from None
    if options.long:
        kinds = _scalar_types()
        fields: Fields = {name: kinds[kind] for name, kind in LONG.items()}
        batches = _long_batches(all_long_rows(results, parameters, options), fields)
    else:
        table = RecordTable.of(parameters, options)
        fields = {name: arrow_type(schema) for name, schema in table.schemas.items()}
        batches = _batches(table.all_rows(results), fields)
    schema = pyarrow.schema(list(fields.items()), metadata={MARK: parameters.name.encode()})
    with pyarrow.parquet.ParquetWriter(out, schema) as writer:
        for batch in batches:
            writer.write_table(pyarrow.Table.from_arrays(batch, schema=schema))


def is_parquet_export(path: Path) -> bool:
    """Whether the file's metadata have our mark."""
    import pyarrow
    import pyarrow.parquet

    try:
        return MARK in (pyarrow.parquet.read_schema(path).metadata or {})
    except (OSError, pyarrow.ArrowException):
        return False


def _batches(rows: Iterable[list[Json]], fields: Fields) -> Iterator[list[pyarrow.Array]]:
    """The columns of so many rows as memory is to hold."""
    import pyarrow

    for group in _batched(rows, ROWS_AT_ONCE):
        cells = zip(zip(*group, strict=True), fields.values(), strict=True)
        yield [pyarrow.array(_typed(column, kind), kind) for column, kind in cells]


def _long_batches(rows: Iterable[LongRow], fields: Fields) -> Iterator[list[pyarrow.Array]]:
    """The same of rows a value, whose cells have the types of LONG: pyarrow reads the dictionaries itself."""
    import pyarrow

    kind = pyarrow.struct(fields.items())
    for group in _batched(rows, LONG_ROWS_AT_ONCE):
        yield pyarrow.array(group, kind).flatten()


def _batched(rows: Iterable[_Row], size: int) -> Iterator[list[_Row]]:
    rest = iter(rows)
    while group := list(islice(rest, size)):
        yield group


def arrow_type(schema: Mapping[str, Any]) -> pyarrow.DataType:
    """The type of a parameter's column. Values of several types are written as text, anything but text as JSON."""
    import pyarrow

    kind = column_type(schema)
    return pyarrow.list_(arrow_type(schema["items"])) if kind == "list" else _scalar_types()[kind]


def _scalar_types() -> Mapping[str, pyarrow.DataType]:
    import pyarrow

    text = pyarrow.string()
    numbers = {"real": pyarrow.float64(), "integer": pyarrow.int64(), "boolean": pyarrow.bool_()}
    return {**numbers, "text": text, "any": text}


def _typed(values: Iterable[Json], kind: pyarrow.DataType) -> list[Json]:
    import pyarrow

    if pyarrow.types.is_string(kind):
        return [None if value is None else flat(value) for value in values]
    if pyarrow.types.is_list(kind):
        return [None if value is None else _typed(value, kind.value_type) for value in values]
    return [float(value) if pyarrow.types.is_floating(kind) and value is not None else value for value in values]

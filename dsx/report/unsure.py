"""Values that are not sure enough for a table: left blank, and said to be."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from dsx.answers.writing import compact
from dsx.errors import UsageError
from dsx.report.columns import columns
from dsx.schema import kind_of
from dsx.types import Flag, PaperResult, Parameter, ParameterSet, Record, Slot, Status, Value, record_key

BELOW = "below-confidence"
"""Flag of a value that is left blank: its detail is the value."""


def without_unsure(result: PaperResult, least: float, parameters: ParameterSet) -> PaperResult:
    """The result with values of a lower confidence left blank, as without an answer; their quotes and confidences stay.

    Text stays: its confidence is that of all its tokens together, which falls with its length. So does what a reviewer
    decided on, and a value without a confidence, which the engine does not give.
    """
    if not least:
        return result
    texts = {(column.lists, column.parameter.name) for column in columns(parameters) if is_text(column.parameter)}

    def shown(record: Record, name: str, value: Value) -> Value:
        if value.value is None or value.confidence is None or value.confidence >= least:
            return value
        if (tuple(step.list for step in record.path), name) in texts or is_reviewed(value):
            return value
        flags = (*value.flags, Flag(BELOW, compact(value.value)))
        return replace(value, value=None, status=Status.FAILED, flags=flags, items=())

    records = (
        replace(record, values={name: shown(record, name, value) for name, value in record.values.items()})
        for record in result.records
    )
    return replace(result, records=tuple(records))


def check_least(least: float) -> None:
    """UsageError where it is no probability, as NaN is none."""
    if not 0 <= least <= 1:
        raise UsageError(f"--min-confidence takes a number from 0 to 1, not {least:g}")


def is_text(parameter: Parameter) -> bool:
    """Whether its values stay whatever their confidence."""
    return kind_of(parameter) in ("text", "texts", "free")


def is_reviewed(value: Value) -> bool:
    """Whether a reviewer decided on it, in the run's export too."""
    return any(flag.kind == "reviewed" for flag in value.flags)


def is_left_blank(value: Value) -> bool:
    """Whether a value was not sure enough."""
    return any(flag.kind == BELOW for flag in value.flags)


def left_blank(result: PaperResult) -> Iterator[Slot]:
    """The places of the values that `without_unsure` left blank."""
    for record in result.records:
        for name, value in record.values.items():
            if is_left_blank(value):
                yield result.document, record_key(record.path), name

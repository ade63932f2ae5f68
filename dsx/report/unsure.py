"""Values that are not sure enough for a table: left blank, and said to be."""

from __future__ import annotations

from dataclasses import replace

from dsx.answers.writing import compact
from dsx.types import Flag, PaperResult, Status, Value

BELOW = "below-confidence"
"""Flag of a value that is left blank: its detail is the value."""


def without_unsure(result: PaperResult, least: float) -> PaperResult:
    """The result with values of a lower confidence left blank, as without an answer; their quotes and confidences stay.

    What has no confidence stays: a reviewer gave it, or the engine does not say how sure it is.
    """
    records = (
        replace(record, values={name: _sure(value, least) for name, value in record.values.items()})
        for record in result.records
    )
    return replace(result, records=tuple(records))


def _sure(value: Value, least: float) -> Value:
    if value.value is None or value.confidence is None or value.confidence >= least:
        return value
    flags = (*value.flags, Flag(BELOW, compact(value.value)))
    return replace(value, value=None, status=Status.FAILED, flags=flags, items=())

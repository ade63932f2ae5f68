"""Values that are not sure enough for a table: left blank, and said to be."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace

from dsx.answers.writing import compact
from dsx.types import Flag, PaperResult, Slot, Status, Value, record_key

MIN_CONFIDENCE = 0.2
"""By default: of what is less sure, one value in twelve is right (docs/decisions/0051)."""
BELOW = "below-confidence"
"""Flag of a value that is left blank: its detail is the value."""


def without_unsure(result: PaperResult, least: float, decided: Collection[Slot] = ()) -> PaperResult:
    """The result with values of a lower confidence left blank, as without an answer; their quotes and confidences stay.

    decided: what a reviewer decided on stays; so does a value without a confidence, which the engine does not give.
    """
    unsure = {
        (result.document, record_key(record.path), name)
        for record in result.records
        for name, value in record.values.items()
        if value.value is not None and value.confidence is not None and value.confidence < least
    }.difference(decided)
    if not unsure:
        return result
    records = []
    for record in result.records:
        key = record_key(record.path)
        values = {
            name: _blank(value) if (result.document, key, name) in unsure else value
            for name, value in record.values.items()
        }
        records.append(replace(record, values=values))
    return replace(result, records=tuple(records))


def is_left_blank(value: Value) -> bool:
    """Whether a value was not sure enough."""
    return any(flag.kind == BELOW for flag in value.flags)


def left_blank(result: PaperResult) -> Iterator[Slot]:
    """The places of the values that `without_unsure` left blank."""
    for record in result.records:
        for name, value in record.values.items():
            if is_left_blank(value):
                yield result.document, record_key(record.path), name


def _blank(value: Value) -> Value:
    flags = (*value.flags, Flag(BELOW, compact(value.value)))
    return replace(value, value=None, status=Status.FAILED, flags=flags, items=())

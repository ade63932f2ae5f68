"""Reading on: a parameter that the passages shown say nothing of is asked again of those that come next."""

from __future__ import annotations

from collections.abc import Callable

from dsx.fill import placed
from dsx.fill.paper import PaperContext, RecordContext
from dsx.fill.rounds import Task
from dsx.types import Parameter, Status, Value

Fill = Callable[[PaperContext, RecordContext, Parameter], Task[Value]]
"""Asks for the value of a parameter of a record in what is shown for it."""


def fill(fill_once: Fill, paper: PaperContext, record: RecordContext, parameter: Parameter) -> Task[Value]:
    """The first value that is found in as many readings as the recipe allows; else the null that is least sure."""
    value = yield from fill_once(paper, record, parameter)
    for _ in range(1, paper.run.recipe.readings or 1):
        if value.status is not Status.NOT_REPORTED or not paper.read_on(record, parameter):
            break
        further = yield from fill_once(paper, record, parameter)
        if further.status is not Status.NOT_REPORTED or _is_surer(value, further):
            value = further
    return value


def _is_surer(value: Value, other: Value) -> bool:
    """Whether a null is surer than another; one that was not asked for is surest."""
    if placed.NO_CANDIDATE in value.flags:
        return placed.NO_CANDIDATE not in other.flags
    if value.confidence is None or other.confidence is None:
        return False
    return value.confidence > other.confidence

"""A second look: of each value that was found, whether it is what was asked, in the sentence that it was taken from.

A value that is then less likely than the recipe's threshold is taken back.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from dsx.answers.calibration import NULL
from dsx.answers.writing import compact
from dsx.fill import placed
from dsx.fill.choices import verdict
from dsx.fill.paper import PaperContext, RecordContext
from dsx.fill.placed import ReadAnswer, Slot
from dsx.fill.rounds import Task
from dsx.types import Confidence, Evidence, Flag, Parameter, Question, Status, Value

Fill = Callable[[PaperContext, RecordContext, Parameter], Task[Value]]
TAKEN_BACK = "taken-back"
"""Flag of a null: its detail is the value that was found, and not held to when it was asked about."""


def fill(fill_once: Fill, paper: PaperContext, record: RecordContext, parameter: Parameter) -> Task[Value]:
    """The value that `fill_once` finds, where it is likely enough when it is asked about.

    A list that was asked choice by choice was asked about already.
    """
    value = yield from fill_once(paper, record, parameter)
    threshold = paper.run.recipe.second_look or 0.0
    if not threshold or value.value is None or value.evidence is None or value.items:
        return value
    question, slot, read = look(paper, record, parameter, value, value.evidence)
    (completion,) = yield [question]
    paper.run.log(question, completion, ())
    if placed.failure(completion) is not None:  # the value stands as it was found
        return value
    sure = completion.confidence.get(slot.parameter.name)
    likely = verdict(value.value, read, completion.text, sure).probability
    if likely is None or likely >= threshold:
        return value
    flags = (Flag(TAKEN_BACK, compact(value.raw)),)
    sure = Confidence(likely, 1.0)
    return Value(None, Status.NOT_REPORTED, placed.probability(slot, NULL, sure), flags=flags, sure=sure)


def look(
    paper: PaperContext, record: RecordContext, parameter: Parameter, value: Value, evidence: Evidence
) -> tuple[Question, Slot, ReadAnswer]:
    """Whether a value is the parameter's: true or false, with the sentence that it was taken from as the quote."""
    slot = Slot(paper, record, _whether(parameter, value, evidence), paper.show([parameter], record))
    places, read = placed.chosen_of(slot, {evidence.quote: (evidence.start, evidence.end)})
    question = placed.question(slot, places)
    attempt = paper.reading(record, [parameter])
    identity = replace(question.id, names=(parameter.name,), attempt=attempt, choice=compact(value.raw))
    return replace(question, id=identity, prior_prompt=None, may_be_null=False), slot, read


def _whether(parameter: Parameter, value: Value, evidence: Evidence) -> Parameter:
    named = value.raw if isinstance(value.raw, str) else compact(value.raw)
    measured = f"{named} {value.unit}" if value.unit else named
    description = f'{parameter.description} Is it {measured}, as in "{evidence.quote}"?'.lstrip()
    return Parameter(f"{parameter.name}: {measured}", {"type": "boolean"}, description)

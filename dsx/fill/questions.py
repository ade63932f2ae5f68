"""The questions about a paper: what its parameters are, and which records it has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from dsx.ask.query import are_numbered, records_query
from dsx.ask.select import readable, show
from dsx.fill.paper import PaperContext, RecordContext, RunContext
from dsx.types import Parameter, Places, Question, QuestionId, RecordType, Shown

MIN_MENTIONS = 3
"""Of a numbered record of the paper: another paper's second experiment is hardly named so often."""


def parameters_question(
    paper: PaperContext,
    record: RecordContext,
    group: Sequence[Parameter],
    shown: Shown,
    places: Places | None = None,
    brief: bool = False,
) -> Question:
    """What the parameters of a record are. brief: they are asked again, with shorter quotes."""
    run = paper.run
    attempt = int(brief) or paper.reading(record, group)
    return Question(
        id=QuestionId(paper.document.id, record.path, tuple(each.name for each in group), attempt),
        system=run.wording.system,
        shown=shown,
        prompt=run.prompts.parameters(group, record.label),
        form="parameters",
        parameters=tuple(group),
        record=record.label,
        examples=run.wording.examples,
        order=run.recipe.order,
        brief=brief,
        places=places,
        prior_prompt=run.prompts.parameters(group, None) if _has_prior(run, group, places) else None,
    )


def _has_prior(run: RunContext, group: Sequence[Parameter], places: Places | None) -> bool:
    """Whether what the model chooses without a text is taken out: of one legal value, given before its quote."""
    single = places is not None and places.kind == "chosen" and group[0].schema.get("type") != "array"
    return bool(run.recipe.prior_weight) and single and run.recipe.order == "value-quote"


def records_question(
    paper: PaperContext,
    parent: RecordContext,
    kind: RecordType,
    form: Literal["records", "labels"],
    known: Sequence[str | None],
    count: int,
) -> Question:
    """Which records there are: at most `count`, after those whose labels are known."""
    run = paper.run
    shown = paper.selector.select_for_records(records_query(kind))
    begins_list = form == "labels" and not parent.path and not known
    return Question(
        id=QuestionId(paper.document.id, parent.path, (kind.name,), after=len(known)),
        system=run.wording.system,
        shown=shown,
        prompt=run.prompts.records(kind, parent.label, known[-1] if known else None),
        form=form,
        record=parent.label,
        examples=run.wording.examples,
        max_records=count,
        may_be_empty=kind.min_records == 0 and not known,
        may_be_null=not (begins_list and _are_several(paper, kind, shown)),
    )


def _are_several(paper: PaperContext, kind: RecordType, shown: Shown) -> bool:
    """Whether one unnamed record is no answer: the paper often speaks of numbered ones, and they can be named."""
    if kind.max_records == 1 or kind.min_records == 0 or not are_numbered(kind, shown.text):
        return False
    read = show(paper.document, readable(paper.document), whole=True).text
    return are_numbered(kind, read, MIN_MENTIONS)

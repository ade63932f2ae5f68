"""Values that are written as JSON with a quote, recovered where they must be, and checked against the quote."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import replace

from dsx.ask import plan
from dsx.ask.query import records_query
from dsx.errors import DecodeError
from dsx.fill.paper import PaperContext, RecordContext
from dsx.fill.records import ListedRecord, Listing
from dsx.ground.locate import locate
from dsx.ground.support import judge
from dsx.recover import confidence_factor, recover, recover_records
from dsx.schema import validates
from dsx.types import Answer, Completion, Flag, Parameter, Question, QuestionId, RecordType, Status, Value

Written = Generator[list[Question], list[Completion], dict[str, Value]]


def fill_group(paper: PaperContext, record: RecordContext, group: Sequence[Parameter]) -> Written:
    """The values of parameters that are asked together. Where the answer is cut each is asked again alone, briefly."""
    question = _question(paper, record, group)
    (completion,) = yield [question]
    if not completion.truncated:
        return dict(_values(paper, question, completion))
    paper.practice.log(question, completion, ())
    again = [_question(paper, record, [parameter], brief=True) for parameter in group]
    completions = yield again
    return {
        name: value
        for question, completion in zip(again, completions, strict=True)
        for name, value in _values(paper, question, completion)
    }


def list_records(paper: PaperContext, parent: RecordContext, kind: RecordType) -> Listing:
    """The records that the answer names; where its page was full, those after them are asked for.

    Raises DecodeError where the answer cannot be read.
    """
    practice, listed = paper.practice, list[ListedRecord]()
    while True:
        question = _records_question(paper, parent, kind, listed)
        (completion,) = yield [question]
        try:
            labels = recover_records(completion, question, practice.repairs, paper.document.file)
        except DecodeError:
            practice.log(question, completion, ())
            raise
        practice.log(question, completion, [name for label in labels for name in label.repairs])
        full = len(labels) == question.max_records or completion.truncated
        if completion.truncated:
            labels = labels[:-1]  # the one that was being written
        known = {record.label for record in listed}
        new = [
            ListedRecord(label.label, locate(label.quote, paper.document, question.shown) if label.quote else None)
            for label in labels
            if label.label not in known
        ]
        listed += new
        if not (new and full and len(listed) < kind.max_records):
            return listed or [ListedRecord(None)]


def _question(paper: PaperContext, record: RecordContext, group: Sequence[Parameter], brief: bool = False) -> Question:
    practice = paper.practice
    return Question(
        id=QuestionId(paper.document.id, record.path, tuple(each.name for each in group), attempt=int(brief)),
        system=practice.wording.system,
        shown=paper.show(group, record),
        prompt=practice.prompts.parameters(group, record.label),
        form="parameters",
        parameters=tuple(group),
        record=record.label,
        examples=practice.wording.examples,
        order=practice.recipe.order,
        brief=brief,
    )


def _records_question(
    paper: PaperContext, parent: RecordContext, kind: RecordType, listed: Sequence[ListedRecord]
) -> Question:
    practice = paper.practice
    return Question(
        id=QuestionId(paper.document.id, parent.path, (kind.name,), after=len(listed)),
        system=practice.wording.system,
        shown=paper.selector.select(records_query(kind)),
        prompt=practice.prompts.records(kind, parent.label, listed[-1].label if listed else None),
        form="records",
        record=parent.label,
        examples=practice.wording.examples,
        max_records=min(kind.max_records - len(listed), plan.page(practice.recipe.max_new_tokens)),
    )


def _values(paper: PaperContext, question: Question, completion: Completion) -> Iterator[tuple[str, Value]]:
    answers = recover(completion, question, paper.practice.repairs, validates, paper.document.file)
    paper.practice.log(question, completion, [name for answer in answers for name in answer.repairs])
    for answer, parameter in zip(answers, question.parameters, strict=True):
        yield parameter.name, _value(paper, question, parameter, answer)


def _value(paper: PaperContext, question: Question, parameter: Parameter, answer: Answer) -> Value:
    flags = [Flag("repair", name) for name in answer.repairs]
    if answer.truncated:
        return Value(None, Status.FAILED, flags=(*flags, Flag("truncated")))
    if answer.error is not None:
        return Value(None, Status.FAILED, flags=(*flags, Flag("error", answer.error)))
    sure = answer.confidence
    factor = confidence_factor(answer.repairs, paper.practice.recipe.repair_factor)
    if answer.value is None:
        confidence = None if sure is None else (1 - sure.reported) * factor
        return Value(None, Status.NOT_REPORTED, confidence, flags=tuple(flags), sure=sure)
    confidence = None if sure is None else sure.reported * sure.value * factor
    evidence = locate(answer.quote, paper.document, question.shown) if answer.quote else None
    if answer.quote and evidence is None:
        flags.append(Flag("quote-not-found"))
    judgement = judge(answer.value, answer.unit, answer.quote, parameter, bool(answer.repairs))
    flags += judgement.flags
    status = judgement.status if evidence is not None else Status.UNSUPPORTED
    written = Value(answer.value, status, confidence, evidence, answer.value, answer.unit, tuple(flags), sure)
    return _stored(paper, parameter, written)


def _stored(paper: PaperContext, parameter: Parameter, written: Value) -> Value:
    """The value in its stored form: in the parameter's unit, through its normalisers."""
    value, flags, status = written.value, list(written.flags), written.status
    try:
        value = paper.normalise(written.raw, written.unit, parameter)
    except ValueError as problem:
        flags.append(Flag("not-normalised", str(problem)))
        status = Status.UNSUPPORTED
    if not validates(parameter, value):
        flags.append(Flag("invalid-after-normalising"))
        value, status = None, Status.FAILED
    return replace(written, value=value, status=status, flags=tuple(flags))

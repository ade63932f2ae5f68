"""Values that are written as JSON with a quote, recovered where they must be, and checked against the quote."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dsx.errors import DecodeError
from dsx.fill.paper import PaperContext, RecordContext
from dsx.fill.questions import parameters_question
from dsx.fill.records import ListedRecord, in_pages
from dsx.fill.rounds import Task
from dsx.ground.locate import locate
from dsx.ground.support import judge
from dsx.recover import confidence_factor, recover, recover_records
from dsx.schema import validates
from dsx.types import Answer, Completion, Flag, Parameter, Question, RecordType, Status, Value


def fill_group(paper: PaperContext, record: RecordContext, group: Sequence[Parameter]) -> Task[dict[str, Value]]:
    """The values of parameters that are asked together. Where the answer is cut each is asked again alone, briefly."""
    question = _question(paper, record, group)
    (completion,) = yield [question]
    if not completion.truncated:
        return dict(_values(paper, question, completion))
    paper.run.log(question, completion, ())
    again = [_question(paper, record, [parameter], brief=True) for parameter in group]
    completions = yield again
    return {
        name: value
        for question, completion in zip(again, completions, strict=True)
        for name, value in _values(paper, question, completion)
    }


def list_records(paper: PaperContext, parent: RecordContext, kind: RecordType) -> Task[list[ListedRecord]]:
    """The records of a list, each with a quote. Raises DecodeError where the answer cannot be read."""

    def read(question: Question, completion: Completion) -> tuple[list[ListedRecord], bool]:
        try:
            labels = recover_records(completion, question, paper.run.repairs, paper.document.file)
        except DecodeError:
            paper.run.log(question, completion, ())
            raise
        paper.run.log(question, completion, [name for label in labels for name in label.repairs])
        is_full = len(labels) == question.max_records or completion.truncated
        if completion.truncated:
            labels = labels[:-1]  # the one that was being written
        quotes = (locate(each.quote, paper.document, question.shown) if each.quote else None for each in labels)
        return [ListedRecord(each.label, quote) for each, quote in zip(labels, quotes, strict=True)], is_full

    return in_pages(paper, parent, kind, "records", read)


def _question(paper: PaperContext, record: RecordContext, group: Sequence[Parameter], brief: bool = False) -> Question:
    return parameters_question(paper, record, group, paper.show(group, record), brief=brief)


def _values(paper: PaperContext, question: Question, completion: Completion) -> Iterator[tuple[str, Value]]:
    answers = recover(completion, question, paper.run.repairs, validates, paper.document.file)
    paper.run.log(question, completion, [name for answer in answers for name in answer.repairs])
    for answer, parameter in zip(answers, question.parameters, strict=True):
        yield parameter.name, _value(paper, question, parameter, answer)


def _value(paper: PaperContext, question: Question, parameter: Parameter, answer: Answer) -> Value:
    flags = [Flag("repair", name) for name in answer.repairs]
    if answer.truncated:
        return Value(None, Status.FAILED, flags=(*flags, Flag("truncated")))
    if answer.error is not None:
        return Value(None, Status.FAILED, flags=(*flags, Flag("error", answer.error)))
    sure = answer.confidence
    factor = confidence_factor(answer.repairs, paper.run.recipe.repair_factor)
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
    return paper.stored(written, answer.unit, parameter)

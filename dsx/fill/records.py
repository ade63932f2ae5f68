"""Which records a paper has, and where each is described."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from dsx.answers.writing import compact
from dsx.ask import plan
from dsx.errors import DecodeError
from dsx.fill.paper import PaperContext, RecordContext, sections_of
from dsx.fill.questions import records_question
from dsx.fill.rounds import Task
from dsx.types import Completion, Evidence, Question, RecordStep, RecordType

ReadPage = Callable[[Question, Completion], "tuple[list[ListedRecord], bool]"]
"""The records that an answer names, and whether it is full, so that there may be more."""


@dataclass(frozen=True, slots=True)
class ListedRecord:
    """A record that the paper has. label: None for one without a name."""

    label: str | None
    evidence: Evidence | None = None


def list_records(paper: PaperContext, parent: RecordContext, kind: RecordType) -> Task[list[ListedRecord]]:
    """The records of a list, their labels words of the text. Raises DecodeError where the engine gives no answer."""

    def read(question: Question, completion: Completion) -> tuple[list[ListedRecord], bool]:
        paper.run.log(question, completion, ())
        if completion.error is not None:
            raise DecodeError(f"{question.id}: {completion.error}")
        labels = [] if completion.truncated else json.loads(completion.text) or []
        records = [ListedRecord(label, _evidence(paper, question, label)) for label in dict.fromkeys(labels)]
        return records, len(labels) >= question.max_records

    return in_pages(paper, parent, kind, "labels", read)


def in_pages(
    paper: PaperContext, parent: RecordContext, kind: RecordType, form: Literal["records", "labels"], read: ReadPage
) -> Task[list[ListedRecord]]:
    """The records of a list, asked for as long as pages are full and name new ones.

    One without a name where none is named, unless the paper may be said to have none and the answer says so.
    """
    listed: list[ListedRecord] = []
    page = plan.records_per_question(paper.run.recipe.max_new_tokens)
    while True:
        known = [record.label for record in listed]
        question = records_question(paper, parent, kind, form, known, min(kind.max_records - len(listed), page))
        (completion,) = yield [question]
        named, is_full = read(question, completion)
        new = [record for record in named if record.label not in known]
        listed += new
        if not (new and is_full and len(listed) < kind.max_records):
            has_none = question.may_be_empty and completion.text.strip() == "[]"
            return listed or ([] if has_none else [ListedRecord(None)])


def answer_of(names: Sequence[str]) -> str:
    """The answer that lists these labels; null for the one unnamed record."""
    return compact(names) if names else "null"


def _evidence(paper: PaperContext, question: Question, label: str) -> Evidence | None:
    """Where a record is named: in its heading, if it has one."""
    places = paper.places_of(label, question.shown)
    sections = sections_of(paper.document, label)
    in_heading = [place for place in places if any(start <= place[0] < end for start, end in sections)]
    best = next(iter(in_heading or places), None)
    return None if best is None else paper.evidence_of(paper.quote_around(*best))


def contexts(
    paper: PaperContext, parent: RecordContext, kind: RecordType, labels: Sequence[str | None]
) -> list[RecordContext]:
    """What questions about each record know of it: where it is described, and where the others of its list are."""
    sections = [sections_of(paper.document, label) if label else [] for label in labels]
    record_contexts: list[RecordContext] = []
    for label, own_sections in zip(labels, sections, strict=True):
        others = (span for spans in sections for span in spans if span not in own_sections)
        path = (*parent.path, RecordStep(kind.name, label or ""))
        record_contexts.append(RecordContext(path, label, tuple(own_sections), tuple(others)))
    return record_contexts

"""The whole way of one paper, on one page: load, select, prompt, decode, recover, ground, normalise → PaperResult.

Names are resolved to callables once, when a Pipeline is made; the stages never see the plugin manager.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from dsx.ask import plan, prompt
from dsx.ask.select import Selector
from dsx.errors import DecodeError
from dsx.ground.locate import locate
from dsx.ground.normalise import normalise
from dsx.ground.support import support
from dsx.load import DocumentReader
from dsx.plugins import Plugins
from dsx.recipe import Recipe
from dsx.recover import confidence_factor, recover, recover_records
from dsx.schema import validates
from dsx.types import (
    Answer,
    Completion,
    Document,
    Engine,
    Evidence,
    Flag,
    Json,
    Normaliser,
    PaperResult,
    Parameter,
    ParameterSet,
    Question,
    QuestionId,
    Record,
    RecordPath,
    RecordStep,
    RecordType,
    Status,
    Value,
)

log = logging.getLogger("dsx.pipeline")

QUESTION_TOKENS = 1024
"""Kept free of the context for a question and its template, beside the answer's cap."""

Filling = Generator[Sequence[Question], Completion, PaperResult]
"""A paper that is being filled: see `Pipeline.fill`."""


@dataclass(slots=True, eq=False)
class _OpenRecord:
    """A record that is being filled; the first is the paper itself."""

    type: RecordType
    label: str | None = None
    path: RecordPath = ()
    evidence: Evidence | None = None
    values: dict[str, Value] = field(default_factory=dict)

    def record(self) -> Record:
        ordered = {parameter.name: self.values[parameter.name] for parameter in self.type.parameters}
        return Record(self.label, self.type.name, ordered, self.evidence, self.path)


@dataclass(frozen=True, slots=True, eq=False)
class _Pending:
    """A question and the record that its answer is for.

    kind: the record type that is listed, for form "records"; known: the records on its earlier pages.
    """

    question: Question
    record: _OpenRecord
    kind: RecordType | None = None
    known: tuple[_OpenRecord, ...] = ()


class Pipeline:
    """Fills one parameter set from papers; whose questions the engine answers together is the run's to say.

    system, examples: what the model is told before every text.
    """

    def __init__(
        self,
        recipe: Recipe,
        parameters: ParameterSet,
        plugins: Plugins,
        engine: Engine,
        record_event: Callable[[Mapping[str, Json]], None] = lambda event: None,
        cache: Path | None = None,
    ) -> None:
        self.recipe, self.parameters, self.engine = recipe, parameters, engine
        self.record_event = record_event
        self._reader = DocumentReader(plugins.find_loader, plugins.loaders, recipe.load_limits(), cache)
        self._repairs = [(name, plugins.repairs[name]) for name in recipe.repairs]
        self._normalisers = plugins.normalisers
        self._prompts = prompt.Prompts(plugins.prompt_sets[recipe.prompt_set], recipe.order)
        self.examples = self._prompts.examples
        self.system = self._prompts.system(parameters.root, strict=engine.grammar == "none")

    def fill(self, document: Document) -> Filling:
        """All values of one paper.

        Yields the questions of a round, then takes their completions one at a time, in any order; the next round's
        questions are the answer to the last of them. Raises DecodeError where a list of records cannot be read.
        """
        selector = self._selector(document)
        unfilled, filled = [_OpenRecord(self.parameters.root)], list[_OpenRecord]()
        while unfilled:  # the paper, its records, their records, …: a round for each depth
            pending = [*self._parameters(selector, unfilled), *self._records(selector, unfilled)]
            filled += unfilled
            below = {(each.record.path, each.question.id.names): list[_OpenRecord]() for each in pending}
            unfilled = self._named(unfilled)
            while pending:  # what was cut is asked again alone; a long list goes on from its last label
                unanswered = {each.question.id: each for each in pending}
                questions, pending = [each.question for each in pending], []
                while unanswered:
                    completion = yield questions
                    questions = []
                    answered = unanswered.pop(completion.question_id)
                    if answered.kind is None:
                        pending += self._keep_values(selector, answered, completion)
                    else:
                        records, next_page = self._keep_records(selector, answered, completion)
                        below[answered.record.path, answered.question.id.names] += records
                        pending += next_page
            unfilled += [record for records in below.values() for record in records]
        notes = () if selector.whole else ("shown in passages",)
        return PaperResult(document.id, document.file, tuple(record.record() for record in filled), notes)

    def fill_file(self, path: Path) -> Filling:
        """`fill` of the file's document. Raises LoadError where it cannot be read."""
        return self.fill(self.load(path))

    def load(self, path: Path) -> Document:
        """The document of a file, from the cache where it is there."""
        return self._reader.read(path, self.recipe.loader)

    def preview(self, path: Path) -> Iterator[tuple[Question, int]]:
        """The questions about the paper and about one record of each kind, with their tokens; nothing is asked."""
        selector = self._selector(self.load(path))
        paper = _OpenRecord(self.parameters.root)
        examples = [
            _OpenRecord(kind, f"<{kind.name}>", (RecordStep(kind.name, f"<{kind.name}>"),))
            for kind in self.parameters.root.children
        ]
        for pending in [*self._records(selector, [paper]), *self._parameters(selector, [paper, *examples])]:
            question = pending.question
            yield question, sum(map(self.engine.count_tokens, (question.system, question.shown.text, question.prompt)))

    def _selector(self, document: Document) -> Selector:
        room = self.engine.context_tokens - self.recipe.max_new_tokens - QUESTION_TOKENS
        before = [self.system, *(turn for example in self.examples for turn in example)]
        room -= sum(map(self.engine.count_tokens, before))
        return Selector(document, self.engine.count_tokens, room, min(self.recipe.passage_tokens, room))

    # ---- select and prompt ----

    def _parameters(self, selector: Selector, records: Sequence[_OpenRecord]) -> Iterator[_Pending]:
        for record in records:
            for group in plan.groups(record.type, self.recipe.per_question, self.recipe.max_new_tokens):
                yield self._parameter_question(selector, record, group)

    def _parameter_question(
        self, selector: Selector, record: _OpenRecord, group: Sequence[Parameter], brief: bool = False
    ) -> _Pending:
        label = record.label
        names = tuple(parameter.name for parameter in group)
        question = Question(
            id=QuestionId(selector.document.id, record.path, names, attempt=int(brief)),
            system=self.system,
            shown=selector.select(prompt.query(group, label), first=not record.path),
            prompt=self._prompts.parameters(group, label),
            form="parameters",
            parameters=tuple(group),
            record=label,
            examples=self.examples,
            order=self.recipe.order,
            brief=brief,
        )
        return _Pending(question, record)

    def _records(self, selector: Selector, records: Sequence[_OpenRecord]) -> Iterator[_Pending]:
        for record in records:
            for kind in record.type.children:
                if record.path or not self.recipe.records:
                    yield self._records_question(selector, record, kind, ())

    def _named(self, records: Sequence[_OpenRecord]) -> list[_OpenRecord]:
        """The records that the recipe names, below the paper."""
        kinds = [kind for record in records if not record.path for kind in record.type.children]
        return [
            _OpenRecord(kind, label, (RecordStep(kind.name, label),)) for kind in kinds for label in self.recipe.records
        ]

    def _records_question(
        self, selector: Selector, record: _OpenRecord, kind: RecordType, known: tuple[_OpenRecord, ...]
    ) -> _Pending:
        question = Question(
            id=QuestionId(selector.document.id, record.path, (kind.name,), after=len(known)),
            system=self.system,
            shown=selector.select(prompt.records_query(kind)),
            prompt=self._prompts.records(kind, record.label, known[-1].label if known else None),
            form="records",
            record=record.label,
            examples=self.examples,
            max_records=min(kind.max_records - len(known), plan.page(self.recipe.max_new_tokens)),
        )
        return _Pending(question, record, kind, known)

    # ---- recover, ground, normalise ----

    def _log(self, pending: _Pending, completion: Completion, repairs: Iterable[str] = ()) -> None:
        event: dict[str, Json] = {
            "event": "question",
            "document": pending.question.id.document,
            "record": pending.record.label,
            "parameters": [parameter.name for parameter in pending.question.parameters]
            or [pending.kind and pending.kind.name],
            **asdict(completion.usage),
            "truncated": completion.truncated,
            "repairs": list(dict.fromkeys(repairs)),
        }
        if completion.error is not None:
            event["error"] = completion.error
        self.record_event(event)

    def _keep_values(self, selector: Selector, pending: _Pending, completion: Completion) -> list[_Pending]:
        """Stores the answers; returns the questions to ask again, for a group that was cut."""
        if completion.truncated and not pending.question.brief:
            self._log(pending, completion)
            alone = [[parameter] for parameter in pending.question.parameters]
            return [self._parameter_question(selector, pending.record, group, brief=True) for group in alone]
        answers = recover(completion, pending.question, self._repairs, validates, selector.document.file)
        self._log(pending, completion, (name for answer in answers for name in answer.repairs))
        for answer, parameter in zip(answers, pending.question.parameters, strict=True):
            pending.record.values[parameter.name] = self._value(selector.document, pending.question, parameter, answer)
        return []

    def _value(self, document: Document, question: Question, parameter: Parameter, answer: Answer) -> Value:
        flags = [Flag("repair", name) for name in answer.repairs]
        if answer.truncated:
            return Value(None, Status.FAILED, flags=(*flags, Flag("truncated")))
        if answer.error is not None:
            return Value(None, Status.FAILED, flags=(*flags, Flag("error", answer.error)))
        sure = answer.confidence
        factor = confidence_factor(answer.repairs, self.recipe.repair_factor)
        if answer.value is None:
            confidence = None if sure is None else (1 - sure.reported) * factor
            return Value(None, Status.NOT_REPORTED, confidence, flags=tuple(flags), sure=sure)
        confidence = None if sure is None else sure.reported * sure.value * factor
        evidence = locate(answer.quote, document, question.shown) if answer.quote else None
        if answer.quote and evidence is None:
            flags.append(Flag("quote-not-listing"))
        status = support(answer.value, answer.unit, answer.quote, parameter, bool(answer.repairs))
        if evidence is None:
            status = Status.UNSUPPORTED
        value = answer.value
        try:
            value = normalise(answer.value, answer.unit, parameter, self._chain(parameter))
        except ValueError as problem:
            flags.append(Flag("not-normalised", str(problem)))
            status = Status.UNSUPPORTED
        if not validates(parameter, value):
            flags.append(Flag("invalid-after-normalising"))
            value, status = None, Status.FAILED
        return Value(value, status, confidence, evidence, answer.value, answer.unit, tuple(flags), sure)

    def _chain(self, parameter: Parameter) -> list[Normaliser]:
        return [self._normalisers[name] for name in parameter.normalisers]

    def _keep_records(
        self, selector: Selector, pending: _Pending, completion: Completion
    ) -> tuple[list[_OpenRecord], list[_Pending]]:
        """The records that the answer names; where its page was full, the question for those after them."""
        assert pending.kind is not None
        try:
            labels = recover_records(completion, pending.question, self._repairs, selector.document.file)
        except DecodeError:
            self._log(pending, completion)
            raise
        self._log(pending, completion, (name for listing in labels for name in listing.repairs))
        full = len(labels) == pending.question.max_records or completion.truncated
        if completion.truncated:
            labels = labels[:-1]  # the one that was being written
        known = {record.label for record in pending.known}
        new = tuple(
            _OpenRecord(
                pending.kind,
                listing.label,
                (*pending.record.path, RecordStep(pending.kind.name, listing.label)),
                locate(listing.quote, selector.document, pending.question.shown) if listing.quote else None,
            )
            for listing in labels
            if listing.label not in known
        )
        listed = (*pending.known, *new)
        if new and full and len(listed) < pending.kind.max_records:
            return [], [self._records_question(selector, pending.record, pending.kind, listed)]
        if not listed:  # one unnamed study
            listed = (_OpenRecord(pending.kind, None, (*pending.record.path, RecordStep(pending.kind.name, ""))),)
        return list(listed), []

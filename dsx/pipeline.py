"""The whole way of one paper, on one page: load, select, ask, answer, ground, normalise → PaperResult.

Names are resolved to callables once, when a Pipeline is made; the stages never see the plugin manager. How the value of
one parameter is found stands in `fill`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from dsx.answers.calibration import Calibration, calibrated_record
from dsx.ask import plan
from dsx.ask.prompt import Prompts
from dsx.ask.select import RECORDS_TOKENS, Selector, room
from dsx.fill import choices, placed, readings, written
from dsx.fill import records as labels
from dsx.fill.earlier import EarlierAnswers
from dsx.fill.front import from_first_page
from dsx.fill.paper import PaperContext, RecordContext, RunContext, Wording
from dsx.fill.rounds import Rounds, Task, together
from dsx.load import DocumentCache, DocumentReader, ReadAhead, flagged, with_hidden
from dsx.plugins import Plugins
from dsx.recipe import Recipe
from dsx.schema import kind_of
from dsx.terminal import printable_record
from dsx.types import (
    Completion,
    Document,
    Engine,
    Evidence,
    Json,
    PaperResult,
    Parameter,
    ParameterSet,
    Question,
    Record,
    RecordPath,
    RecordStep,
    RecordType,
    Value,
)

QUESTION_TOKENS = 1024
"""Kept free of the context for a question and its template, beside the answer's cap."""

PASSAGE_TOKENS = 1000
"""Shown for one question where neither the recipe nor the model says how many."""

Filling = Rounds[PaperResult]
"""A paper that is being filled: see `Pipeline.fill`."""


@dataclass(slots=True, eq=False)
class _OpenRecord:
    """A record that is being filled; the first is the paper itself.

    stored: names of values that an earlier run of the paper gave, with the confidence that is stored.
    """

    type: RecordType
    context: RecordContext = field(default_factory=RecordContext)
    evidence: Evidence | None = None
    values: dict[str, Value] = field(default_factory=dict)
    stored: frozenset[str] = frozenset()

    def record(self) -> Record:
        ordered = {parameter.name: self.values[parameter.name] for parameter in self.type.parameters}
        return Record(self.context.label, self.type.name, ordered, self.evidence, self.context.path)


def _example_records(kind: RecordType, path: RecordPath = ()) -> Iterator[_OpenRecord]:
    """The paper, and a record of each list below it, called like its list."""
    yield _OpenRecord(kind, RecordContext(path, path[-1].label if path else None))
    for child in kind.children:
        yield from _example_records(child, (*path, RecordStep(child.name, f"<{child.name}>")))


def _calibration(recipe: Recipe, plugins: Plugins) -> Calibration:
    """Of the confidences as the model gives them: the recipe's, else what the model's plugin brings."""
    if recipe.calibration is not None and recipe.calibration.fitted_on == "model":
        return Calibration.of(recipe.calibration)
    model = recipe.model or ""
    return Calibration(plugins.models[model].calibration if model in plugins.models else {})


def documents_of(recipe: Recipe, plugins: Plugins, cache: DocumentCache | None = None) -> ReadAhead:
    """Papers as the recipe says that they are read."""
    reader = DocumentReader(plugins.loader_of, plugins.loaders, recipe.load_limits(), cache)
    return ReadAhead(lambda path, reading: reader.read(path, recipe.loader, reading))


class Pipeline:
    """Fills one parameter set from papers; whose questions the engine answers together is the run's to say.

    earlier: the document's answers to an earlier parameter set; what is the same in both is not asked again.
    documents: those of `documents_of`, where some are being read already; `close` ends them.
    """

    def __init__(
        self,
        recipe: Recipe,
        parameters: ParameterSet,
        plugins: Plugins,
        engine: Engine,
        record_event: Callable[[Mapping[str, Json]], None] = lambda event: None,
        earlier: Callable[[str], EarlierAnswers | None] = lambda document: None,
        documents: ReadAhead | None = None,
    ) -> None:
        self.recipe, self.parameters, self.engine = recipe, parameters, engine
        self.record_event, self._earlier = record_event, earlier
        self._documents = documents or documents_of(recipe, plugins)
        places = recipe.values == "placed" and engine.grammar == "lark"
        prompts = Prompts(plugins.prompt_sets[recipe.prompt_set or "default"], recipe.order, places)
        self.run = RunContext(
            recipe,
            places,
            Wording(prompts.system(parameters.root, strict=engine.grammar == "none"), prompts.examples),
            prompts,
            normalisers=plugins.normalisers,
            repairs=[(name, plugins.repairs[name]) for name in recipe.repairs],
            log=self._log,
            calibration=_calibration(recipe, plugins),
        )
        self._room_for_text()  # a context that no text fits into is refused before anything is asked

    def fill(self, document: Document) -> Filling:
        """All values of one paper.

        Yields the questions of a round, then takes their completions one at a time, in any order; the next round's
        questions are the answer to the last of them. Raises DecodeError where a list of records cannot be read.
        """
        paper = PaperContext(document, self._selector(document), self.run)
        earlier = self._earlier(document.id)
        if earlier is None:
            self._foresee(paper)
        unfilled, filled = [_OpenRecord(self.parameters.root)], list[_OpenRecord]()
        while unfilled:  # the paper, its records, their records, …
            if earlier is not None:
                for record in unfilled:
                    record.values |= earlier.values(record.context.path)
                    record.stored = frozenset(record.values)
            tasks = [*self._values(paper, unfilled), *self._records(paper, unfilled, earlier)]
            below = yield from together(tasks)
            filled += unfilled
            unfilled = [record for records in below for record in records]
        records = (printable_record(flagged(self._record(record), document)) for record in filled)
        return PaperResult(document.id, document.file, tuple(records), tuple(self._notes(paper)))

    def _foresee(self, paper: PaperContext) -> None:
        """Finds what questions about records of a paper that is shown whole need, before the records are known.

        A GPU reads the papers before it meanwhile; when they are known, it waits for their questions.
        """
        if not (self.run.places and paper.selector.whole):
            return
        for record in _example_records(self.parameters.root):
            for parameter in record.type.parameters:
                if record.context.path and kind_of(parameter) != "free":
                    placed.prepare(paper, record.context, parameter)

    def _record(self, filled: _OpenRecord) -> Record:
        """With the probabilities of the run's curves; values that are stored went through them already."""
        fitted = self.recipe.calibration
        if fitted is None or fitted.fitted_on == "model":
            return filled.record()
        return calibrated_record(filled.record(), filled.type, Calibration.of(fitted), unchanged=filled.stored)

    def _notes(self, paper: PaperContext) -> Iterator[str]:
        if not paper.selector.whole:
            yield "shown in passages"
        if hidden := paper.document.hidden:
            numbers = sorted({piece.page for piece in hidden})
            where = f"page{'s' * (len(numbers) > 1)} {', '.join(map(str, numbers))}"
            shown = "shown" if self.recipe.hidden_text == "show" else "not shown"
            yield f"hidden text on {where} was {shown} to the model"
        if self.recipe.calibration is None and not self.run.calibration.fitted:
            yield "uncalibrated"

    def fill_file(self, path: Path) -> Filling:
        """`fill` of the file's document. Raises LoadError where it cannot be read."""
        return self.fill(self.load(path))

    def load(self, path: Path) -> Document:
        """The document of a file, from the cache where it is there."""
        document = self._documents.read(path)
        return with_hidden(document) if self.recipe.hidden_text == "show" else document

    def read_ahead(self, paths: Sequence[Path]) -> None:
        """These papers come next, in this order: they are read in the background, and no others any more."""
        self._documents.expect(paths)

    def close(self) -> None:
        """Ends what is read in the background."""
        self._documents.close()

    def preview(self, path: Path) -> Iterator[tuple[Question, int]]:
        """The first questions about the paper and one record of each kind, with their tokens; nothing is asked."""
        document = self.load(path)
        paper = PaperContext(document, self._selector(document), self.run)
        examples = list(_example_records(self.parameters.root))
        tasks = [*self._records(paper, examples, None), *self._values(paper, examples)]
        for question in next(together(tasks), ()):
            yield question, sum(map(self.engine.count_tokens, (question.system, question.shown.text, question.prompt)))

    def _selector(self, document: Document) -> Selector:
        left = self._room_for_text()
        whole = left if self.recipe.whole_papers in (None, True) else 0
        shown = min(self.recipe.passage_tokens or PASSAGE_TOKENS, left)
        return Selector(document, self.engine.count_tokens, whole, shown, min(RECORDS_TOKENS, left))

    def _room_for_text(self) -> int:
        wording = self.run.wording
        spoken = [wording.system, *(turn for turns in wording.examples for turn in turns)]
        question_tokens = QUESTION_TOKENS + sum(map(self.engine.count_tokens, spoken))
        return room(self.engine.context_tokens, self.recipe.max_new_tokens, question_tokens)

    # ---- the tasks of a round: each fills values of one record, and gives the records below it ----

    def _values(self, paper: PaperContext, records: list[_OpenRecord]) -> Iterator[Task[list[_OpenRecord]]]:
        """Questions are planned as if no value were there yet, so that what is shown for one depends on no other."""
        placed_ones: list[tuple[_OpenRecord, Parameter]] = []
        for record in records:
            written_ones = []
            for parameter in record.type.parameters:
                if (value := self._on_first_page(paper, record, parameter)) is not None:
                    record.values.setdefault(parameter.name, value)
                elif self.run.places and kind_of(parameter) != "free":
                    placed_ones.append((record, parameter))
                else:
                    written_ones.append(parameter)
            kind = RecordType(record.type.name, record.type.description, tuple(written_ones))
            for group in plan.groups(kind, self.recipe.per_question, self.recipe.max_new_tokens):
                if any(parameter.name not in record.values for parameter in group):
                    yield self._written(paper, record, group)
        paper.plan([(record.context, parameter) for record, parameter in placed_ones])
        for record, parameter in placed_ones:
            if parameter.name not in record.values:
                yield self._placed(paper, record, parameter)

    def _on_first_page(self, paper: PaperContext, record: _OpenRecord, parameter: Parameter) -> Value | None:
        if record.context.path or not self.recipe.front:
            return None
        return from_first_page(paper, parameter)

    def _placed(self, paper: PaperContext, record: _OpenRecord, parameter: Parameter) -> Task[list[_OpenRecord]]:
        fill = choices.fill if choices.is_asked_each(self.recipe, parameter) else placed.fill
        record.values[parameter.name] = yield from readings.fill(fill, paper, record.context, parameter)
        return []

    def _written(
        self, paper: PaperContext, record: _OpenRecord, group: tuple[Parameter, ...]
    ) -> Task[list[_OpenRecord]]:
        values = yield from written.fill_group(paper, record.context, group)
        record.values |= {name: value for name, value in values.items() if name not in record.values}
        return []

    def _records(
        self, paper: PaperContext, records: list[_OpenRecord], earlier: EarlierAnswers | None
    ) -> Iterator[Task[list[_OpenRecord]]]:
        for record in records:
            for kind in record.type.children:
                known = earlier.listed(record.context.path, kind.name) if earlier else None
                yield self._listed(paper, record, kind, known)

    def _listed(
        self, paper: PaperContext, parent: _OpenRecord, kind: RecordType, known: list[labels.ListedRecord] | None
    ) -> Task[list[_OpenRecord]]:
        if known is not None:
            listed = known
        elif self.recipe.records and not parent.context.path:
            listed = [labels.ListedRecord(label) for label in self.recipe.records]
        elif self.run.places:
            listed = yield from labels.list_records(paper, parent.context, kind)
        else:
            listed = yield from written.list_records(paper, parent.context, kind)
        contexts = labels.contexts(paper, parent.context, kind, [record.label for record in listed])
        pairs = zip(contexts, listed, strict=True)
        return [_OpenRecord(kind, context, record.evidence) for context, record in pairs]

    def _log(self, question: Question, completion: Completion, repairs: Iterable[str] = ()) -> None:
        event: dict[str, Json] = {
            "event": "question",
            "document": question.id.document,
            "record": question.record,
            "parameters": list(question.id.names),
            **({} if question.id.choice is None else {"choice": json.loads(question.id.choice)}),
            **asdict(completion.usage),
            "truncated": completion.truncated,
            "repairs": list(dict.fromkeys(repairs)),
        }
        if completion.error is not None:
            event["error"] = completion.error
        self.record_event(event)

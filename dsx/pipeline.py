"""The whole way of one paper, on one page: load, select, ask, answer, ground, normalise → PaperResult.

Names are resolved to callables once, when a Pipeline is made; the stages never see the plugin manager. How the value of
one parameter is found stands in `fill`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from dsx.answers.calibration import calibration_of
from dsx.ask import plan, questions
from dsx.ask.prompt import Prompts
from dsx.ask.select import Selector, room
from dsx.fill import parameter as taken
from dsx.fill import records as labels
from dsx.fill import written
from dsx.fill.front import from_first_page, front_spans
from dsx.fill.paper import PaperContext, Practice, RecordContext, Wording
from dsx.fill.rounds import Rounds, Task, together
from dsx.load import DocumentCache, DocumentReader, flagged, with_hidden
from dsx.plugins import Plugins
from dsx.recipe import Recipe
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
    QuestionId,
    Record,
    RecordStep,
    RecordType,
    Shown,
    Value,
)

QUESTION_TOKENS = 1024
"""Kept free of the context for a question and its template, beside the answer's cap."""
NO_PAPER = "(The text of the paper is not shown.)"
"""Stands for the paper where the model's habits are measured."""
LOGGED_SCORES = 12
"""Options whose likelihoods are kept in the log."""

Filling = Rounds[PaperResult]
"""A paper that is being filled: see `Pipeline.fill`."""


@dataclass(slots=True, eq=False)
class _OpenRecord:
    """A record that is being filled; the first is the paper itself."""

    type: RecordType
    context: RecordContext = field(default_factory=RecordContext)
    evidence: Evidence | None = None
    values: dict[str, Value] = field(default_factory=dict)

    def record(self) -> Record:
        ordered = {parameter.name: self.values[parameter.name] for parameter in self.type.parameters}
        return Record(self.context.label, self.type.name, ordered, self.evidence, self.context.path)


class Pipeline:
    """Fills one parameter set from papers; whose questions the engine answers together is the run's to say."""

    def __init__(
        self,
        recipe: Recipe,
        parameters: ParameterSet,
        plugins: Plugins,
        engine: Engine,
        record_event: Callable[[Mapping[str, Json]], None] = lambda event: None,
        cache: DocumentCache | None = None,
    ) -> None:
        self.recipe, self.parameters, self.engine = recipe, parameters, engine
        self.record_event = record_event
        self._reader = DocumentReader(plugins.loader_of, plugins.loaders, recipe.load_limits(), cache)
        self._scores_options = getattr(engine, "scores_options", False)
        self.takes_values = recipe.values == "taken" and self._scores_options
        prompts = Prompts(plugins.prompt_sets[recipe.prompt_set], recipe.order)
        self._practice = Practice(
            recipe,
            taken=Wording(questions.system(parameters.root), questions.examples()),
            written=Wording(prompts.system(parameters.root, strict=engine.grammar == "none"), prompts.examples),
            prompts=prompts,
            normalisers=plugins.normalisers,
            repairs=[(name, plugins.repairs[name]) for name in recipe.repairs],
            calibration=calibration_of(engine.describe().get("family") if self.takes_values else None),
            log=self._log,
        )
        self._habits_known = not (self.takes_values and "prior" in recipe.steps)
        self._room_for_text()  # a context that no text fits into is refused before anything is asked

    @property
    def wording(self) -> Wording:
        """What the model is told before every text."""
        return self._practice.taken if self.takes_values else self._practice.written

    def fill(self, document: Document) -> Filling:
        """All values of one paper.

        Yields the questions of a round, then takes their completions one at a time, in any order; the next round's
        questions are the answer to the last of them. Raises DecodeError where a list of records cannot be read.
        """
        self._learn_habits()
        paper = PaperContext(document, self._selector(document), self._practice)
        unfilled, filled = [_OpenRecord(self.parameters.root)], list[_OpenRecord]()
        while unfilled:  # the paper, its records, their records, …
            tasks = [*self._values(paper, unfilled), *self._records(paper, unfilled)]
            below = yield from together(tasks, self._log_taken)
            filled += unfilled
            unfilled = [record for records in below for record in records]
        records = (flagged(record.record(), document) for record in filled)
        return PaperResult(document.id, document.file, tuple(records), tuple(self._notes(paper)))

    def _notes(self, paper: PaperContext) -> Iterator[str]:
        if not paper.selector.whole:
            yield "shown in passages"
        if hidden := paper.document.hidden:
            numbers = sorted({piece.page for piece in hidden})
            where = f"page{'s' * (len(numbers) > 1)} {', '.join(map(str, numbers))}"
            shown = "shown" if self.recipe.hidden_text == "show" else "not shown"
            yield f"hidden text on {where} was {shown} to the model"

    def fill_file(self, path: Path) -> Filling:
        """`fill` of the file's document. Raises LoadError where it cannot be read."""
        return self.fill(self.load(path))

    def load(self, path: Path) -> Document:
        """The document of a file, from the cache where it is there."""
        document = self._reader.read(path, self.recipe.loader)
        return with_hidden(document) if self.recipe.hidden_text == "show" else document

    def preview(self, path: Path) -> Iterator[tuple[Question, int]]:
        """The first questions about the paper and one record of each kind, with their tokens; nothing is asked."""
        document = self.load(path)
        paper = PaperContext(document, self._selector(document), self._practice)
        root = _OpenRecord(self.parameters.root)
        examples = [
            _OpenRecord(kind, RecordContext((RecordStep(kind.name, f"<{kind.name}>"),), f"<{kind.name}>"))
            for kind in self.parameters.root.children
        ]
        tasks = [*self._records(paper, [root]), *self._values(paper, [root, *examples])]
        for question in next(together(tasks, self._log_taken), ()):
            yield question, sum(map(self.engine.count_tokens, (question.system, question.shown.text, question.prompt)))

    def _selector(self, document: Document) -> Selector:
        left = self._room_for_text()
        return Selector(document, self.engine.count_tokens, left, min(self.recipe.passage_tokens, left))

    def _room_for_text(self) -> int:
        spoken = [self.wording.system, *(turn for turns in self.wording.examples for turn in turns)]
        question_tokens = QUESTION_TOKENS + sum(map(self.engine.count_tokens, spoken))
        return room(self.engine.context_tokens, self.recipe.max_new_tokens, question_tokens)

    # ---- the tasks of a round: each fills values of one record, and gives the records below it ----

    def _values(self, paper: PaperContext, records: list[_OpenRecord]) -> Iterator[Task[list[_OpenRecord]]]:
        for record in records:
            grouped = []
            for parameter in record.type.parameters:
                if self._on_first_page(paper, record, parameter):
                    yield self._front(paper, record, parameter)
                elif self._is_taken(parameter):
                    yield self._taken(paper, record, parameter)
                else:
                    grouped.append(parameter)
            kind = RecordType(record.type.name, record.type.description, tuple(grouped))
            for group in plan.groups(kind, self.recipe.per_question, self.recipe.max_new_tokens):
                yield self._written(paper, record, group)

    def _is_taken(self, parameter: Parameter) -> bool:
        return self.takes_values and taken.kind_of(parameter) != "free"

    def _on_first_page(self, paper: PaperContext, record: _OpenRecord, parameter: Parameter) -> bool:
        uses_front = self._scores_options and "front" in self.recipe.steps
        return uses_front and not record.context.path and bool(front_spans(paper.document, parameter))

    def _front(self, paper: PaperContext, record: _OpenRecord, parameter: Parameter) -> Task[list[_OpenRecord]]:
        value = yield from from_first_page(paper, record.context, parameter)
        if value is not None:
            record.values[parameter.name] = value
        elif self._is_taken(parameter):
            yield from self._taken(paper, record, parameter)
        else:
            yield from self._written(paper, record, (parameter,))
        return []

    def _taken(self, paper: PaperContext, record: _OpenRecord, parameter: Parameter) -> Task[list[_OpenRecord]]:
        record.values[parameter.name] = yield from taken.fill(paper, record.context, parameter)
        return []

    def _written(
        self, paper: PaperContext, record: _OpenRecord, group: tuple[Parameter, ...]
    ) -> Task[list[_OpenRecord]]:
        record.values |= yield from written.fill_group(paper, record.context, group)
        return []

    def _records(self, paper: PaperContext, records: list[_OpenRecord]) -> Iterator[Task[list[_OpenRecord]]]:
        for record in records:
            for kind in record.type.children:
                yield self._listed(paper, record, kind)

    def _listed(self, paper: PaperContext, parent: _OpenRecord, kind: RecordType) -> Task[list[_OpenRecord]]:
        if self.recipe.records and not parent.context.path:
            listed = [labels.ListedRecord(label) for label in self.recipe.records]
        elif self.takes_values:
            listed = yield from labels.list_records(paper, parent.context, kind)
        else:
            listed = yield from written.list_records(paper, parent.context, kind)
        contexts = labels.contexts(paper, parent.context, kind, [record.label for record in listed])
        pairs = zip(contexts, listed, strict=True)
        return [_OpenRecord(kind, context, record.evidence) for context, record in pairs]

    # ---- habits, log ----

    def _learn_habits(self) -> None:
        """Asks each parameter's question once without a paper, always in the same batch."""
        if self._habits_known:
            return
        self._habits_known = True
        by_id: dict[QuestionId, Question] = {}
        wording = self._practice.taken
        for parameter in self.parameters.root.all_parameters():
            for habit, (text, options) in taken.habit_questions(parameter).items():
                question_id = QuestionId("", (), (habit,))
                by_id[question_id] = Question(
                    question_id,
                    wording.system,
                    Shown(NO_PAPER, (), True),
                    text,
                    "options",
                    examples=wording.examples,
                    options=options,
                )
        for completion in self.engine.answer(list(by_id.values())):
            self._log(by_id[completion.question_id], completion)
            if completion.error is None:
                self._practice.habits[completion.question_id.names[0]] = completion.scores

    def _log_taken(self, question: Question, completion: Completion) -> None:
        if question.form not in ("parameters", "records"):  # those are logged where they are read, with their repairs
            self._log(question, completion)

    def _log(self, question: Question, completion: Completion, repairs: Iterable[str] = ()) -> None:
        event: dict[str, Json] = {
            "event": "question",
            "document": question.id.document,
            "record": question.record,
            "parameters": [parameter.name for parameter in question.parameters] or list(question.id.names),
            **asdict(completion.usage),
            "truncated": completion.truncated,
            "repairs": list(dict.fromkeys(repairs)),
        }
        if question.form == "options":
            best = sorted(completion.scores.items(), key=lambda pair: -pair[1])[:LOGGED_SCORES]
            event["scores"] = {option: round(score, 4) for option, score in best}
        if completion.error is not None:
            event["error"] = completion.error
        self.record_event(event)

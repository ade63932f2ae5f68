"""For those who train a model to read: the questions that dsx asks, and their right answers as the grammar has them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from dsx.answers.calibration import Calibration, fit_line, fitted_curves, read_curves
from dsx.ask.prompt import Prompts
from dsx.ask.select import RECORDS_TOKENS, Selector
from dsx.engines.chat import Renderer
from dsx.evaluation.compare import comparison
from dsx.fill import choices, placed
from dsx.fill import records as labels
from dsx.fill.alignment import GoldValue, align
from dsx.fill.choices import Verdict, confidence, taken
from dsx.fill.front import from_first_page
from dsx.fill.paper import PaperContext, RecordContext, RunContext, Span, Wording
from dsx.fill.questions import records_question
from dsx.fill.targets import is_shown, right_answer, right_answers_of_choices
from dsx.ground.numbers import numbers_in
from dsx.paths import model_cache
from dsx.plugin_api.checked import CheckedPaper
from dsx.plugins import load_plugins
from dsx.recipe import Recipe
from dsx.schema import kind_of
from dsx.types import (
    ChoicesAsked,
    Document,
    Engine,
    EngineSettings,
    Json,
    Normaliser,
    Parameter,
    ParameterSet,
    PromptSet,
    Question,
    QuestionGroups,
    RecordType,
)
from dsx.units import convert, read_unit

__all__ = [
    "Calibration",
    "Examiner",
    "Known",
    "QuestionGroups",
    "Renderer",
    "Verdict",
    "confidence",
    "convert",
    "embedded_folder",
    "fit_line",
    "fitted_curves",
    "kind_of",
    "local_engine",
    "model_cache",
    "normalisers",
    "numbers_of",
    "read_curves",
    "read_unit",
    "taken",
]


@dataclass(frozen=True, slots=True)
class Known:
    """A value that is known. record: a label, or None of the paper. stands_at: spans that hold or show it.

    value: None where the paper does not report it. Else in the parameter's unit; text as it is written; for a computed
    number an expression of numbers of the paper, such as "16*3". A list's choices have spans in their order where
    there are as many.
    """

    record: str | None
    parameter: Parameter
    value: Json
    stands_at: tuple[Span, ...] = ()


def local_engine(settings: EngineSettings) -> Engine:
    """The engine for models on this machine. Raises ModelError."""
    from dsx.engines.local.engine import make

    return make(settings)


def embedded_folder() -> Path:
    """The folder of the small model that any installation can make. Raises ModelError."""
    from dsx.engines.local.model_files import embedded

    return embedded().folder


def numbers_of(text: str) -> set[float]:
    """The numbers that stand in a text, in digits or words."""
    return {float(mention.value) for mention in numbers_in(text)}


def normalisers() -> Mapping[str, Normaliser]:
    """All that are installed, by name."""
    return load_plugins().normalisers


class Examiner:
    """Asks about documents as a run does, and says what would be right.

    count_tokens: of a text. passage_tokens: shown for one question. choices: see `Recipe.choices`.
    """

    def __init__(
        self,
        parameters: ParameterSet,
        prompt_set: PromptSet,
        count_tokens: Callable[[str], int],
        passage_tokens: int,
        normalisers: Mapping[str, Normaliser] | None = None,
        choices: ChoicesAsked | None = None,
    ) -> None:
        self.parameters, self._count, self._tokens = parameters, count_tokens, passage_tokens
        prompts = Prompts(prompt_set, "value-quote", places=True)
        wording = Wording(prompts.system(parameters.root, strict=False), prompts.examples)
        recipe = Recipe.read(schema_name="", choices=choices).asked_like(None, None)
        self._run = RunContext(recipe, True, wording, prompts, normalisers or {}, (), lambda *logged: None)

    def questions(
        self, document: Document, records: Mapping[str, Sequence[str]], known: Sequence[Known]
    ) -> Iterator[tuple[Question, str]]:
        """Each question whose right answer can be given from what is shown, with that answer.

        records: labels by list, of the lists that are asked for; a paper with one unnamed record has none. What is
        known but not shown is answered null where nothing shown holds the value, else left out.
        """
        paper = self._paper(document)
        contexts = self._contexts(paper, records)
        for kind in self.parameters.root.children:
            if kind.name in records:
                yield from self._listing(paper, kind, records[kind.name])
        for each in known:
            if choices.is_asked_each(self._run.recipe, each.parameter):
                asked = choices.questions(paper, contexts[each.record], each.parameter)
                answers = right_answers_of_choices(asked, each.parameter, each.value, each.stands_at)
                yield from ((one.question, answer) for one, answer in zip(asked, answers, strict=True) if answer)
            elif kind_of(each.parameter) != "free":
                yield from self._asked_once(paper, contexts[each.record], each)

    def listings(self, document: Document) -> Iterator[Question]:
        """What a run asks first: which records there are, of each list of the paper itself, whatever is right."""
        paper = self._paper(document)
        for kind in self.parameters.root.children:
            yield records_question(paper, RecordContext(), kind, "labels", (), kind.max_records)

    def unanswered(self, document: Document, records: Mapping[str, Sequence[str]]) -> Iterator[Question]:
        """What a run asks about values, shared texts and all, whatever is right.

        records: as for `questions`; which records there are is asked by `listings`.
        """
        paper = self._paper(document)
        contexts = self._contexts(paper, records)
        asked = [(contexts[None], parameter) for parameter in self.parameters.root.parameters]
        for kind in self.parameters.root.children:
            if kind.name in records:
                names: Sequence[str | None] = records[kind.name] or [None]
                asked += [(contexts[name], parameter) for name in names for parameter in kind.parameters]
        asked = [(record, parameter) for record, parameter in asked if kind_of(parameter) != "free"]
        paper.plan(asked)
        for record, parameter in asked:
            if choices.is_asked_each(self._run.recipe, parameter):
                yield from (each.question for each in choices.questions(paper, record, parameter))
                continue
            slot, places, _ = placed.prepare(paper, record, parameter)
            if not placed.is_empty(places):
                yield placed.question(slot, places)

    def known(self, checked: CheckedPaper) -> Iterator[Known]:
        """Checked values as an answer has them, of those that can be found in what is shown for them.

        What the first page says by its layout is left out: it is not asked.
        """
        paper = self._paper(checked.document)
        contexts = self._contexts(paper, checked.records)
        for each in checked.values:
            parameter = each.parameter
            is_papers_own = parameter in self.parameters.root.parameters
            if kind_of(parameter) == "free" or (is_papers_own and from_first_page(paper, parameter)):
                continue
            if not each.values:
                yield Known(each.record, parameter, None)
                continue
            gold = GoldValue(each.values, comparison(parameter), each.around, each.written)
            alignment = align(*placed.prepare(paper, contexts[each.record], parameter), gold)
            if alignment is not None:
                yield Known(each.record, parameter, *alignment)
            elif each.optional:
                yield Known(each.record, parameter, None)

    def _paper(self, document: Document) -> PaperContext:
        return PaperContext(document, Selector(document, self._count, 0, self._tokens, RECORDS_TOKENS), self._run)

    def _contexts(self, paper: PaperContext, records: Mapping[str, Sequence[str]]) -> dict[str | None, RecordContext]:
        """By label; None is the paper, or the one unnamed record of a list."""
        contexts: dict[str | None, RecordContext] = {None: RecordContext()}
        for kind in self.parameters.root.children:
            if kind.name in records:
                names: Sequence[str | None] = records[kind.name]
                described = labels.contexts(paper, RecordContext(), kind, names or [None])
                contexts |= {each.label: each for each in described}
        return contexts

    def _asked_once(self, paper: PaperContext, record: RecordContext, known: Known) -> Iterator[tuple[Question, str]]:
        slot, places, read = placed.prepare(paper, record, known.parameter)
        if placed.is_empty(places):
            return
        hidden = known.value is not None and not is_shown(known.stands_at, slot)
        answer = right_answer(slot, places, read, known.value, known.stands_at)
        if answer is not None and hidden and places.kind != "numbers":
            return  # another place says the same by chance, or it is said twice
        if answer is not None or hidden:
            yield placed.question(slot, places), answer or "null"

    def _listing(self, paper: PaperContext, kind: RecordType, names: Sequence[str]) -> Iterator[tuple[Question, str]]:
        question = records_question(paper, RecordContext(), kind, "labels", (), kind.max_records)
        is_legal = bool(names) or question.may_be_null
        if is_legal and all(paper.places_of(name, question.shown) for name in names):
            yield question, labels.answer_of(names)

"""What all questions about one paper know."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from dsx.answers import decide
from dsx.answers.calibration import Calibration
from dsx.answers.decide import Scores, Weights
from dsx.answers.limits import LONGEST_QUOTE
from dsx.ask import prompt
from dsx.ask.prompt import Prompts
from dsx.ask.select import Selector, SentenceIndex
from dsx.ground.locate import evidence_at
from dsx.ground.normalise import normalise
from dsx.ground.numbers import NumberMention, find_numbers
from dsx.recipe import Recipe
from dsx.schema import validates
from dsx.text import folded_words, sentences
from dsx.types import (
    AnswerForm,
    Completion,
    Document,
    Evidence,
    Json,
    Normaliser,
    Parameter,
    Question,
    QuestionId,
    RecordPath,
    Repair,
    Shown,
)

Span = tuple[int, int]
LogQuestion = Callable[[Question, Completion, Iterable[str]], None]
"""(question, completion, names of the repairs that fired)."""


@dataclass(frozen=True, slots=True)
class RecordContext:
    """A record that is filled. own, others: where it, and the other records of its list, are described."""

    path: RecordPath = ()
    label: str | None = None
    own: tuple[Span, ...] = ()
    others: tuple[Span, ...] = ()
    place: str = ""

    def fits(self, offset: int) -> int:
        """1 where the text at `offset` describes this record, −1 where it describes another one, else 0."""
        if any(start <= offset < end for start, end in self.own):
            return 1
        return -1 if any(start <= offset < end for start, end in self.others) else 0


@dataclass(frozen=True, slots=True)
class Wording:
    """What the model is told before every text."""

    system: str
    examples: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Practice:
    """What does not change from paper to paper.

    taken, written: for answers that are taken from the text, and for those that are written as JSON.
    habits: by parameter, what the model answers without a paper. normalisers, repairs: those that the recipe names.
    """

    recipe: Recipe
    taken: Wording
    written: Wording
    prompts: Prompts
    normalisers: Mapping[str, Normaliser]
    repairs: Sequence[tuple[str, Repair]]
    calibration: Calibration
    log: LogQuestion
    habits: dict[str, Scores] = field(default_factory=dict)


class PaperContext:
    """One document, its selector, and what was found in it once for all questions."""

    def __init__(self, document: Document, selector: Selector, practice: Practice) -> None:
        self.document, self.selector, self.practice = document, selector, practice
        self._quotes: dict[Span, Span] = {}

    @cached_property
    def numbers(self) -> tuple[NumberMention, ...]:
        """All numbers of the document."""
        return find_numbers(self.document)

    @cached_property
    def sentences(self) -> SentenceIndex:
        """The sentences that may be shown."""
        return SentenceIndex(self.document)

    def uses(self, step: str) -> bool:
        """Whether the recipe has this step of the decision."""
        return step in self.practice.recipe.steps

    def weights(self, kind: str) -> Weights:
        """How its steps are weighed for a kind of parameter."""
        return self.practice.calibration.weights(kind)

    def show(self, parameter: Parameter, record: RecordContext) -> Shown:
        """What is shown for a question about a parameter."""
        return self.selector.select(prompt.query([parameter], record.label), first=not record.path)

    def question(
        self, record: RecordContext, names: Sequence[str], shown: Shown, text: str, form: AnswerForm, **more: Any
    ) -> Question:
        """A question whose answer is taken from what is shown."""
        return Question(
            id=QuestionId(self.document.id, record.path, tuple(names)),
            system=self.practice.taken.system,
            examples=self.practice.taken.examples,
            shown=shown,
            prompt=text,
            form=form,
            record=record.label,
            **more,
        )

    def without_habit(self, scores: Scores, parameter: Parameter, kind: str) -> Scores:
        """The model's habit taken out of the scores, where the recipe wants it and the habit is known."""
        habit = self.practice.habits.get(parameter.pointer)
        if habit is None or not self.uses("prior"):
            return decide.normalised(scores)
        return decide.without_habit(scores, habit, self.weights(kind))

    def normalise(self, value: Json, unit: str | None, parameter: Parameter) -> Json:
        """The stored form. Raises ValueError."""
        chain = [self.practice.normalisers[name] for name in parameter.normalisers]
        return normalise(value, unit, parameter, chain)

    def is_valid(self, parameter: Parameter, value: Json) -> bool:
        """Whether a stored value fits the parameter's schema."""
        return validates(parameter, value)

    def accepts(self, parameter: Parameter) -> Callable[[Json], bool]:
        """Whether a value, in the parameter's unit, is legal once it is normalised."""

        def accept(value: Json) -> bool:
            try:
                return validates(parameter, self.normalise(value, None, parameter))
            except ValueError:
                return False

        return accept

    def evidence_of(self, quote: Span) -> Evidence:
        """A quote as evidence."""
        return evidence_at(self.document, *quote)

    def quote_around(self, start: int, end: int) -> Span:
        """The sentence or table row of a place, cut to whole words around it where it is too long for a quote."""
        if (start, end) not in self._quotes:
            sentence = self._sentence_of(start, end)
            self._quotes[start, end] = cut_around(self.document.text, sentence, (start, end))
        return self._quotes[start, end]

    def _sentence_of(self, first: int, last: int) -> Span:
        """From the sentence in which a place begins to the one in which it ends, inside one line."""
        text = self.document.text
        line_start, line_end = text.rfind("\n", 0, first) + 1, text.find("\n", last)
        line_end = len(text) if line_end < 0 else line_end
        spans = [span for span in sentences(text, line_start, line_end) if span[1] > first and span[0] < last]
        return (min(spans[0][0], first), max(spans[-1][1], last)) if spans else (line_start, line_end)

    def likely_sentences(
        self, parameter: Parameter, record: RecordContext, shown: Shown, value: Json, count: int
    ) -> list[Span]:
        """The sentences of what is shown in which a value that was chosen is probably said, cut to a quote's length."""
        values = value if isinstance(value, list) else [value]
        chosen = [choice for choice in parameter.choices if choice.value in values]
        words = [str(each).replace("_", " ") for each in values] + [choice.description for choice in chosen]
        query = " ".join([prompt.query([parameter], record.label), *words, *words])
        spans = self.sentences.best(query, shown, count)
        return [cut_around(self.document.text, span, (span[0], span[0])) for span in spans]

    def places_of(self, words: str, shown: Shown) -> list[Span]:
        """Where these words stand in what is shown, to the letter."""
        places = []
        for passage in shown.passages:
            at = self.document.text.find(words, passage.start, passage.end)
            while at >= 0 and words:
                places.append((at, at + len(words)))
                at = self.document.text.find(words, at + 1, passage.end)
        return places


def cut_around(text: str, sentence: Span, place: Span, longest: int = LONGEST_QUOTE) -> Span:
    """The part of a sentence around a place, of at most `longest` characters, from word to word."""
    start, end = sentence
    if end - start > longest:
        start = max(start, place[0] - max(0, longest - (place[1] - place[0])) // 2)
        end = min(end, start + longest)
        start = max(sentence[0], end - longest)
        while sentence[0] < start < place[0] and not text[start - 1].isspace():
            start += 1
        while sentence[1] > end > place[1] and not text[end].isspace():
            end -= 1
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end


def sections_of(document: Document, label: str) -> list[Span]:
    """The sections whose heading names a record; a section inside another one of them is not named again."""
    wanted = f" {_spoken(label)} "
    spans: list[Span] = []
    for section in document.sections:
        named = bool(wanted.strip()) and wanted in f" {_spoken(section.title)} "
        if named and not any(start <= section.start and section.end <= end for start, end in spans):
            spans.append((section.start, section.end))
    return spans


def _spoken(words: str) -> str:
    return folded_words("".join(letter if letter.isalnum() else " " for letter in words))

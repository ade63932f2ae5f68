"""What all questions about one paper know."""

from __future__ import annotations

import bisect
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property, lru_cache

from dsx.answers.calibration import Calibration
from dsx.answers.limits import LONGEST_QUOTE
from dsx.ask.prompt import Prompts
from dsx.ask.query import Query, parameters_query
from dsx.ask.select import Selector, readable
from dsx.ground.candidates import Candidate, value_fit
from dsx.ground.locate import evidence_at
from dsx.ground.mentions import NumberMention
from dsx.ground.normalise import normalise
from dsx.ground.numbers import find_numbers
from dsx.recipe import Recipe
from dsx.schema import rule, validates
from dsx.schema.values import broken_rule
from dsx.text import folded_words, sentences
from dsx.types import (
    Completion,
    Document,
    Evidence,
    Flag,
    Json,
    Normaliser,
    Parameter,
    Passage,
    Question,
    RecordPath,
    Repair,
    Shown,
    Status,
    Value,
)

Span = tuple[int, int]
_Key = tuple[RecordPath, tuple[str, ...]]
"""A record and the parameters that are asked of it."""
RECORD_FACTOR = 1.5
"""For passages that stand where the record is described."""
OTHER_FACTOR = 0.5
"""For those that stand where another record of its list is described."""
NUMBER_FACTOR = 2.0
"""Added to 1, for passages with a number that fits wholly."""
LogQuestion = Callable[[Question, Completion, Iterable[str]], None]
"""(question, completion, names of the repairs that fired)."""


@dataclass(frozen=True, slots=True)
class RecordContext:
    """A record that is filled. spans, other_spans: where it, and where the others of its list, are described."""

    path: RecordPath = ()
    label: str | None = None
    spans: tuple[Span, ...] = ()
    other_spans: tuple[Span, ...] = ()

    def relevance(self, offset: int) -> int:
        """1 where the text at `offset` describes this record, −1 where it describes another one, else 0."""
        if any(start <= offset < end for start, end in self.spans):
            return 1
        return -1 if any(start <= offset < end for start, end in self.other_spans) else 0


@dataclass(frozen=True, slots=True)
class Wording:
    """What the model is told before every text."""

    system: str
    examples: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class RunContext:
    """What all papers of a run have in common.

    places: whether answers are taken from places in the text. normalisers, repairs: those that the recipe names.
    """

    recipe: Recipe
    places: bool
    wording: Wording
    prompts: Prompts
    normalisers: Mapping[str, Normaliser]
    repairs: Sequence[tuple[str, Repair]]
    log: LogQuestion
    calibration: Calibration = field(default_factory=Calibration)


def _key(group: Sequence[Parameter], record: RecordContext) -> _Key:
    return record.path, tuple(each.name for each in group)


class PaperContext:
    """One document, its selector, and what was found in it once for all questions.

    candidates: the numbers that may be a parameter's value in a text, by the parameter's id() and the text.
    opposites: likewise, those that count the opposite.
    number_answers: by the candidate's id() and the quote. quotable: by where a record is described and what is shown.
    """

    def __init__(self, document: Document, selector: Selector, run: RunContext) -> None:
        self.document, self.selector, self.run = document, selector, run
        self.candidates: dict[tuple[int, str], list[Candidate]] = {}
        self.opposites: dict[tuple[int, str], list[Candidate]] = {}
        self.number_answers: dict[tuple[int, Span], str] = {}
        self.quotable: dict[tuple[object, ...], Mapping[str, Span]] = {}
        self._quotes: dict[Span, Span] = {}
        self._sentences_in = cache(lambda start, end: list(sentences(document.text, start, end)))
        self._readings: Counter[_Key] = Counter()
        self._windows: dict[_Key, list[Shown]] = {}
        self._queries: dict[_Key, Query] = {}

    @cached_property
    def numbers(self) -> tuple[NumberMention, ...]:
        """All numbers of the document."""
        return find_numbers(self.document)

    @cached_property
    def sentences(self) -> tuple[Span, ...]:
        """The sentences and table rows that may be shown."""
        text = self.document.text
        return tuple(
            span for passage in readable(self.document) for span in sentences(text, passage.start, passage.end)
        )

    def sentences_of(self, shown: Shown) -> list[Span]:
        """Those of what is shown; of a sentence that is shown in part, that part."""
        parts = [
            (max(start, passage.start), min(end, passage.end))
            for passage in shown.passages
            for start, end in self.sentences[
                self._sentence_before(passage.start) : self._sentence_before(passage.end) + 1
            ]
        ]
        return [(start, end) for start, end in parts if start < end]

    def _sentence_before(self, offset: int) -> int:
        return max(bisect.bisect_right(self.sentences, (offset, sys.maxsize)) - 1, 0)

    def show(self, group: Sequence[Parameter], record: RecordContext) -> Shown:
        """What is shown for a question about parameters of a record."""
        key = _key(group, record)
        if key in self._windows:
            return self._windows[key][self._readings[key]]
        return self.selector.select(self._query(group, record))

    def plan(self, questions: Sequence[tuple[RecordContext, Parameter]]) -> None:
        """Chooses what is shown for questions of one parameter each, so that many share a text.

        Those of an earlier plan are done: how far they were read on for changes nothing for these.
        """
        self._queries = {_key([parameter], record): self._query([parameter], record) for record, parameter in questions}
        shown = self.selector.select_shared(list(self._queries.values()))
        self._windows = {key: [window] for key, window in zip(self._queries, shown, strict=True)}
        self._readings.clear()

    def read_on(self, record: RecordContext, parameter: Parameter) -> bool:
        """Shows a planned parameter the passages that come next from now on; False where there are none.

        Questions that were shown the same are planned together again, also those that do not read on: what one is
        shown depends on no answer.
        """
        key = _key([parameter], record)
        seen, reading = self._windows[key], self._readings[key] + 1
        if reading == len(seen):
            alike = [other for other, windows in self._windows.items() if windows == seen]
            further = self.selector.select_shared([self._queries[other] for other in alike], seen)
            for other, shown in zip(alike, further, strict=False):
                self._windows[other] = [*seen, shown]
        if reading == len(self._windows[key]):
            return False
        self._readings[key] = reading
        return True

    def reading(self, record: RecordContext, group: Sequence[Parameter]) -> int:
        """How often parameters of a record were read on for."""
        return self._readings[_key(group, record)]

    def _query(self, group: Sequence[Parameter], record: RecordContext) -> Query:
        return parameters_query(group, record.label, factor_of(self.numbers, group, record))

    def normalise(self, value: Json, unit: str | None, parameter: Parameter) -> Json:
        """The stored form. Raises ValueError."""
        chain = [self.run.normalisers[name] for name in parameter.normalisers]
        return normalise(value, unit, parameter, chain)

    def is_valid(self, parameter: Parameter, value: Json) -> bool:
        """Whether a stored value fits the parameter's schema."""
        return validates(parameter, value)

    def stored(self, value: Value, unit: str | None, parameter: Parameter) -> Value:
        """A value that was read in `unit`, in its stored form. One that the schema does not allow is a failure."""
        final, status, flags = value.value, value.status, value.flags
        try:
            final = self.normalise(value.value, unit, parameter)
        except ValueError as problem:
            status, flags = Status.UNSUPPORTED, (*flags, Flag("not-normalised", str(problem)))
        if (rule := broken_rule(parameter, final)) is not None:
            final, status, flags = None, Status.FAILED, (*flags, Flag("invalid-after-normalising", rule))
        return replace(value, value=final, status=status, flags=flags)

    def accepts(self, parameter: Parameter) -> Callable[[Json], bool]:
        """Whether a value, in the parameter's unit, is legal once it is normalised. Each value is tried once."""
        fits = rule(parameter)

        @lru_cache(maxsize=None, typed=True)
        def accept(value: Json) -> bool:
            try:
                return fits(self.normalise(value, None, parameter))
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
        spans = [span for span in self._sentences_in(line_start, line_end) if span[1] > first and span[0] < last]
        return (min(spans[0][0], first), max(spans[-1][1], last)) if spans else (line_start, line_end)

    def places_of(self, words: str, shown: Shown) -> list[Span]:
        """Where these words stand in what is shown, to the letter."""
        places = []
        for passage in shown.passages:
            at = self.document.text.find(words, passage.start, passage.end)
            while at >= 0 and words:
                places.append((at, at + len(words)))
                at = self.document.text.find(words, at + 1, passage.end)
        return places


def factor_of(
    numbers: Sequence[NumberMention], group: Sequence[Parameter], record: RecordContext
) -> Callable[[Passage], float]:
    """What speaks for a passage beside its words: numbers that may be the value, and where the record stands."""

    @cache
    def fits() -> list[tuple[int, int]]:  # only where passages are chosen: a whole paper has no use for it
        return [(mention.start, max(value_fit(mention, each) for each in group)) for mention in numbers]

    def factor(passage: Passage) -> float:
        first, last = (bisect.bisect_left(fits(), (offset, 0)) for offset in (passage.start, passage.end))
        number = 1.0 + NUMBER_FACTOR * max((fit for _, fit in fits()[first:last]), default=0)
        return number * {1: RECORD_FACTOR, 0: 1.0, -1: OTHER_FACTOR}[record.relevance(passage.start)]

    return factor


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

"""Alignment of a gold value with the text: how an answer would say it, and where in what is shown it stands."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from dsx.ask.prompt import words_of
from dsx.fill.paper import Span
from dsx.fill.placed import ReadAnswer, Reading, Slot, is_expression, quotable
from dsx.ground.locate import locate
from dsx.ground.support import support
from dsx.schema import kind_of
from dsx.text import folded_words
from dsx.types import Json, Parameter, Places, Status

_word = re.compile(r"[^\W\d_]{4,}")


@dataclass(frozen=True, slots=True)
class GoldValue:
    """A value that a person gave.

    values: it and its alternatives, in stored form. is_same: of a value that is read and a right one.
    around: spans of the document that are known to show it; empty where that is not known. written: how a run that had
    it right took it from the text: words, or for a computed number the expression.
    """

    values: tuple[Json, ...]
    is_same: Callable[[Json, Json], bool]
    around: tuple[Span, ...] = ()
    written: Json = None

    def accepts(self, value: Json) -> bool:
        """Whether a stored value is right."""
        return any(self.is_same(value, right) for right in self.values)

    def overlap(self, span: Span) -> int:
        """How many characters of a span are known to show the value."""
        return max((min(span[1], end) - max(span[0], start) for start, end in self.around), default=0)


Alignment = tuple[Json, tuple[Span, ...]]
"""The value as an answer has it (see `right_answer`), and the spans that hold or show it."""


def align(slot: Slot, places: Places, read: ReadAnswer, gold: GoldValue) -> Alignment | None:
    """None where nothing that is shown is known to say the value.

    Where spans are known to show it, a number or quote that stands elsewhere is another one.
    """
    if places.kind == "answer":
        return _number(slot, places, read, gold)
    if places.kind == "chosen":
        return _chosen(slot, gold)
    for right in gold.values:
        items = right if isinstance(right, list) else [right]
        if places.kind == "numbers":
            value: Json = [_listed_number(slot, places, read, gold, item) for item in items]
            spans: list[Span] = []
        else:
            value = _words_of_each(slot, places, gold, items)
            spans = [span for words in value or () if words for span in slot.paper.places_of(words, slot.shown)]
        if not value or None in value:
            continue
        value = value[0] if places.kind == "text" else value
        if gold.accepts(_stored(slot, value)):
            return value, tuple(spans)
    return None


def _stored(slot: Slot, value: Json) -> Json:
    """A value that was read, in its stored form; None where it has none."""
    try:
        return slot.paper.normalise(value, None, slot.parameter)
    except ValueError:
        return None


# ---- numbers ----


def _number(slot: Slot, places: Places, read: ReadAnswer, gold: GoldValue) -> Alignment | None:
    """A computed one only where the run computed it so, or its numbers stand where the value is known to be shown."""
    best: tuple[tuple[float, ...], Reading] | None = None
    for order, option in enumerate(places.options):
        reading = read(option)
        if reading.quote is None or reading.value is None or (gold.around and gold.overlap(reading.quote) <= 0):
            continue
        computed = is_expression(reading.raw)
        if computed and reading.raw != gold.written and not gold.around:
            continue
        value = _stored(slot, reading.value)
        if value is None or not gold.accepts(value):
            continue
        rank = (computed and reading.raw != gold.written, _distance(value, gold), bool(reading.flags))
        key = (*map(float, rank), *_preference(slot, reading.quote, gold), float(order))
        if best is None or key < best[0]:
            best = key, reading
    if best is None or best[1].quote is None:
        return None
    reading = best[1]
    return reading.raw if is_expression(reading.raw) else reading.value, (best[1].quote,)


def _distance(value: Json, gold: GoldValue) -> float:
    """From the right number; comparisons allow some."""
    return min((abs(value - right) for right in gold.values if isinstance(right, int | float)), default=0.0)


def _listed_number(slot: Slot, places: Places, read: ReadAnswer, gold: GoldValue, item: Json) -> Json:
    """The number of a list as it is read from the text; None where it does not stand there."""
    for digits in places.options:
        [value] = read(f'{{"value":[{digits}]}}').value
        if gold.is_same(_stored(slot, [value]), [item]):
            return value
    return None


# ---- legal values that are chosen ----


def _chosen(slot: Slot, gold: GoldValue) -> Alignment | None:
    value = _legal(slot, gold)
    if value is None:
        return None
    spans = [
        span
        for text, span in quotable(slot).items()
        if (gold.overlap(span) > 0 if gold.around else support(value, None, text, slot.parameter) is Status.STATED)
    ]
    best = min(spans, key=lambda span: (*_preference(slot, span, gold), span), default=None)
    return None if best is None else (value, (best,))


def _legal(slot: Slot, gold: GoldValue) -> Json:
    """The right value as the schema writes it; None where it is none of the legal ones."""
    schema = slot.parameter.schema
    if kind_of(slot.parameter) == "choice":
        options = schema.get("enum", [True, False])
        return next((option for option in options if gold.accepts(_stored(slot, option))), None)
    options = schema["items"].get("enum", [True, False])
    for right in gold.values:
        items = right if isinstance(right, list) else [right]
        value = [option for item in items for option in options if gold.is_same([option], [item])]
        if value and gold.accepts(_stored(slot, value)):
            return value
    return None


# ---- words of the text ----


def _words_of_each(slot: Slot, places: Places, gold: GoldValue, items: Sequence[Json]) -> list[str | None] | None:
    """Each item as it stands in what is shown; all of them as the run took them, where it was right."""
    written = gold.written if isinstance(gold.written, list) else [gold.written]
    for candidates in (items, written):
        words = [_words(slot, places, item) for item in candidates if isinstance(item, str)]
        if words and len(words) == len(candidates) and None not in words:
            return words
    return None


def _words(slot: Slot, places: Places, words: str) -> str | None:
    """These words to the letter, else but for case, white space and how characters are encoded."""
    if not slot.paper.places_of(words, slot.shown):
        evidence = locate(words, slot.paper.document, slot.shown)
        if evidence is None or not slot.paper.places_of(evidence.quote, slot.shown):
            return None
        words = evidence.quote
    fits = places.min_characters <= len(words) <= places.max_characters
    return words if fits and "\n" not in words else None


# ---- which of several places ----


def _preference(slot: Slot, span: Span, gold: GoldValue) -> tuple[float, ...]:
    """Lower is better: where it is known to be shown, where the record is described, what is told of in like words."""
    related = set(_stems(slot.paper.document.text[slice(*span)])) & set(_stems_of(slot.parameter))
    return -gold.overlap(span), -slot.record.relevance(span[0]), -len(related)


def _stems_of(parameter: Parameter) -> Iterator[str]:
    for text in (words_of(parameter.name), parameter.description, *parameter.synonyms):
        yield from _stems(text)


def _stems(text: str) -> Iterator[str]:
    """Beginnings of words, which their forms have in common."""
    return (word[:5] for word in _word.findall(folded_words(text)))

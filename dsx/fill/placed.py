"""Values that are taken from places in the text: the grammar of their answer knows the places.

A number is one that stands in what is shown, or is computed from such; its quote is a sentence or table row that holds
it. Text is words of what is shown. A legal value that is chosen has a sentence of what is shown as its quote.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from dsx.answers.calibration import NULL
from dsx.answers.limits import LONGEST_QUOTE, SHORTEST_QUOTE
from dsx.answers.writing import answer_text, compact
from dsx.fill.paper import PaperContext, RecordContext, Span, cut_around
from dsx.fill.questions import parameters_question
from dsx.fill.rounds import Task
from dsx.ground.candidates import (
    Candidate,
    computed_candidates,
    number_candidates,
    opposite_candidates,
    range_candidates,
)
from dsx.ground.support import judge
from dsx.schema import kind_of
from dsx.types import Completion, Confidence, Flag, Json, Parameter, Places, Question, Shown, Status, Value

MAX_QUOTES = 8
"""Places of one number that a quote may be chosen from: where its record is described first, then in reading order."""
_expression = re.compile(r"\d+(?:[-+*]\d+)+")
UNIT_ASSUMED, REPEATS_DROPPED = Flag("unit-assumed"), Flag("repeats-dropped")
NO_CANDIDATE = Flag("no-candidate")
"""Nothing that is shown can be the value, and so nothing was asked: there is no confidence."""
OF_THE_OPPOSITE = "of-the-opposite"
"""Flag of a null: the answer was a number that counts the opposite of what was asked for, which the detail names."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What an answer says: the value in the parameter's unit, as written (raw, unit), and where it stands."""

    value: Json
    raw: Json
    unit: str | None
    quote: Span | None
    status: Status
    flags: tuple[Flag, ...] = ()


ReadAnswer = Callable[[str], Reading]
"""The text of an answer that is not null → what it says."""


@dataclass(frozen=True, slots=True)
class Slot:
    """One parameter of one record, to be filled from what is shown for it."""

    paper: PaperContext
    record: RecordContext
    parameter: Parameter
    shown: Shown


def prepare(paper: PaperContext, record: RecordContext, parameter: Parameter) -> tuple[Slot, Places, ReadAnswer]:
    """What is shown for a parameter of any kind but free, the answers that it allows, and how they are read."""
    slot = Slot(paper, record, parameter, paper.show([parameter], record))
    return slot, *_BY_KIND[kind_of(parameter)](slot)


def fill(paper: PaperContext, record: RecordContext, parameter: Parameter) -> Task[Value]:
    """The value of a parameter of any kind but free."""
    slot, places, read = prepare(paper, record, parameter)
    if is_empty(places):
        return Value(None, Status.NOT_REPORTED, flags=(NO_CANDIDATE,))
    posed = question(slot, places)
    (completion,) = yield [posed]
    paper.run.log(posed, completion, ())
    if (flag := failure(completion)) is not None:
        return Value(None, Status.FAILED, flags=(flag,))
    sure = completion.confidence.get(parameter.name)
    if completion.text == "null":
        return Value(None, Status.NOT_REPORTED, probability(slot, NULL, sure), sure=sure)
    try:
        reading = read(completion.text)
    except (KeyError, TypeError, ValueError):  # the engine did not hold the grammar
        return Value(None, Status.FAILED, flags=(no_place(completion),))
    if reading.status is Status.NOT_REPORTED:
        sure = None if sure is None else sure.of_null()
        return Value(None, reading.status, probability(slot, NULL, sure), flags=reading.flags, sure=sure)
    confidence = probability(slot, kind_of(parameter), sure)
    evidence = None if reading.quote is None else paper.evidence_of(reading.quote)
    value = Value(reading.value, reading.status, confidence, evidence, reading.raw, reading.unit, reading.flags, sure)
    return paper.stored(value, None, parameter)


def failure(completion: Completion) -> Flag | None:
    """Why there is no answer, where there is none."""
    if completion.error is not None:
        return Flag("error", completion.error)
    return Flag("truncated") if completion.truncated else None


def no_place(completion: Completion) -> Flag:
    """For an answer that the grammar does not have."""
    return Flag("error", f"none of the places: {completion.text[:200]}")


def is_empty(places: Places) -> bool:
    """Whether too little of what is shown can be the value, so that there is nothing to ask."""
    return places.kind in ("answer", "chosen", "numbers") and len(places.options) < places.min_items


def question(slot: Slot, places: Places) -> Question:
    """The question about a parameter, answered from `places`."""
    return parameters_question(slot.paper, slot.record, [slot.parameter], slot.shown, places)


def probability(slot: Slot, kind: str, sure: Confidence | None) -> float | None:
    """That the answer is right; kind: of the value, or null."""
    if sure is None:
        return None
    confidence = 1 - sure.reported if kind == NULL else sure.reported * sure.value
    return slot.paper.run.calibration.probability(kind, confidence)


# ---- numbers ----


def _number(slot: Slot) -> tuple[Places, ReadAnswer]:
    readings: dict[str, Reading] = {}
    for candidate in _candidates(slot, slot.parameter, slot.parameter.derive):
        for span in _quotes(slot, candidate):
            answer = _number_answer(slot, candidate, span)
            raw = candidate.text if candidate.computed else candidate.raw
            status = Status.DERIVED if isinstance(raw, str) else Status.STATED
            flags = (UNIT_ASSUMED,) if candidate.unit_assumed else ()
            readings.setdefault(answer, Reading(candidate.value, raw, candidate.unit, span, status, flags))
    for candidate in _opposites(slot) if readings else ():
        for span in _quotes(slot, candidate):
            flags = (Flag(OF_THE_OPPOSITE, compact(candidate.raw)),)
            reading = Reading(None, candidate.raw, candidate.unit, span, Status.NOT_REPORTED, flags)
            readings.setdefault(_number_answer(slot, candidate, span), reading)
    nulls = frozenset(answer for answer, reading in readings.items() if reading.status is Status.NOT_REPORTED)
    return Places("answer", tuple(readings), meaning_null=nulls), readings.__getitem__


def _number_answer(slot: Slot, candidate: Candidate, quote: Span) -> str:
    """The answer that names a number and a quote that holds it: the same for each record."""
    known, key = slot.paper.number_answers, (id(candidate), quote)
    if key not in known:
        answer: dict[str, Json] = {"value": candidate.text if candidate.computed else candidate.raw}
        if slot.parameter.unit and candidate.unit:
            answer["unit"] = candidate.unit
        words = slot.paper.document.text[slice(*quote)]
        known[key] = answer_text({**answer, "quote": words}, slot.paper.run.recipe.order)
    return known[key]


def _numbers(slot: Slot) -> tuple[Places, ReadAnswer]:
    parameter = slot.parameter
    items = Parameter(parameter.name, parameter.schema["items"], unit=parameter.unit, normalisers=parameter.normalisers)
    by_digits: dict[str, Candidate] = {}
    for candidate in sorted(_candidates(slot, items, False), key=lambda candidate: candidate.unit_assumed):
        by_digits.setdefault(compact(candidate.raw), candidate)

    def read(text: str) -> Reading:
        digits, repeated = _all_different(map(compact, json.loads(text)["value"]))
        chosen = [by_digits[number] for number in digits]
        spans = [(mention.start, mention.end) for candidate in chosen for mention in candidate.mentions]
        assumed = (UNIT_ASSUMED,) if any(candidate.unit_assumed for candidate in chosen) else ()
        unit = next((candidate.unit for candidate in chosen if candidate.unit), None)
        quote = _fullest_quote(slot, spans)
        raw = [candidate.raw for candidate in chosen]
        values = [candidate.value for candidate in chosen]
        return Reading(values, raw, unit, quote, Status.STATED, (*assumed, *repeated))

    schema = parameter.schema
    return Places("numbers", tuple(by_digits), min_items=schema["minItems"], max_items=schema["maxItems"]), read


def is_expression(raw: Json) -> bool:
    """Whether an answer names a number by numbers of the text, "16*3", and not as it is written, "7 h 30 min"."""
    return isinstance(raw, str) and _expression.fullmatch(raw) is not None


def _candidates(slot: Slot, parameter: Parameter, derive: bool) -> list[Candidate]:
    """Those of a parameter in one text: the same for each record that is shown it."""
    known, key = slot.paper.candidates, (id(slot.parameter), slot.shown.text)
    if key not in known:
        accepts = slot.paper.accepts(parameter)
        candidates = number_candidates(slot.paper.numbers, parameter, slot.shown, accepts)
        computed = computed_candidates(slot.paper.numbers, slot.shown, accepts) if derive else []
        known[key] = [*candidates, *computed]
    return known[key]


def _opposites(slot: Slot) -> list[Candidate]:
    """Numbers that are no value, but that a model may mean: left without them, it would take another."""
    known, key = slot.paper.opposites, (id(slot.parameter), slot.shown.text)
    if key not in known:
        accepts = slot.paper.accepts(slot.parameter)
        known[key] = opposite_candidates(slot.paper.numbers, slot.parameter, slot.shown, accepts)
    return known[key]


def _quotes(slot: Slot, candidate: Candidate) -> list[Span]:
    """The sentences and rows in which it stands: where its record is described first, then in the order of the text."""
    paper, record = slot.paper, slot.record
    if candidate.computed:
        first, last = candidate.mentions[0], candidate.mentions[-1]
        return [paper.quote_around(min(first.start, last.start), max(first.end, last.end))]
    ordered = sorted(candidate.mentions, key=lambda mention: (-record.relevance(mention.start), mention.start))
    spans: dict[Span, None] = {}
    for mention in ordered:
        spans[paper.quote_around(mention.start, mention.end)] = None
        if len(spans) == MAX_QUOTES:
            break
    return list(spans)


# ---- legal values that are chosen ----


def _chosen(slot: Slot) -> tuple[Places, ReadAnswer]:
    return chosen_of(slot, quotable(slot))


def chosen_of(slot: Slot, spans: Mapping[str, Span]) -> tuple[Places, ReadAnswer]:
    """With these quotes, by their text."""

    def read(text: str) -> Reading:
        answer = json.loads(text)
        value, span = answer["value"], spans[answer["quote"]]
        repeated: tuple[Flag, ...] = ()
        if slot.parameter.schema.get("uniqueItems"):
            value, repeated = _all_different(value)
        status, flags = judged(value, answer["quote"], slot.parameter)
        return Reading(value, answer["value"], None, span, status, (*flags, *repeated))

    return Places("chosen", _as_json(tuple(spans))), read


@lru_cache(64)
def _as_json(texts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(map(compact, texts))


def judged(value: Json, quote: str, parameter: Parameter) -> tuple[Status, tuple[Flag, ...]]:
    """What a quote says of a legal value that was chosen: that it is so, or what it may be inferred from."""
    judgement = judge(value, None, quote, parameter)
    return Status.STATED if judgement.status is Status.STATED else Status.INFERRED, judgement.flags


def quotable(slot: Slot) -> Mapping[str, Span]:
    """The sentences of what is shown, by their text, cut where they are too long for a quote.

    Short ones (a heading's number, initials) are left out, unless there are no others.
    """
    known, key = slot.paper.quotable, (slot.record.spans, slot.record.other_spans, slot.shown.passages)
    if key not in known:
        known[key] = _quotable(slot)
    return known[key]


def _quotable(slot: Slot) -> dict[str, Span]:
    paper = slot.paper
    spans: dict[str, Span] = {}
    for start, end in paper.sentences_of(slot.shown):
        span = cut_around(paper.document.text, (start, end), (start, start), LONGEST_QUOTE)
        known = spans.get(text := paper.document.text[slice(*span)])
        if text and (known is None or slot.record.relevance(span[0]) > slot.record.relevance(known[0])):
            spans[text] = span
    return {text: span for text, span in spans.items() if len(text) >= SHORTEST_QUOTE} or spans


# ---- words of the text ----


def _text(slot: Slot) -> tuple[Places, ReadAnswer]:
    def read(text: str) -> Reading:
        words = json.loads(text)["value"]
        spans = slot.paper.places_of(words, slot.shown)
        best = min(spans, key=lambda span: (-slot.record.relevance(span[0]), span[0]), default=None)
        quote = None if best is None else slot.paper.quote_around(*best)
        return Reading(words, words, None, quote, Status.STATED)

    shortest, longest = _lengths(slot.parameter, slot.parameter.schema)
    if any(slot.paper.run.normalisers[name].takes == "range" for name in slot.parameter.normalisers):
        ranges = tuple(map(compact, _ranges(slot, longest)))
        return Places("text", ranges, max_characters=longest) if ranges else Places("answer"), read
    return Places("text", min_characters=shortest, max_characters=longest), read


def _ranges(slot: Slot, longest: int) -> list[str]:
    """The ranges of numbers that are shown, which is all that their normaliser takes."""
    text, accepts = slot.paper.document.text, slot.paper.accepts(slot.parameter)
    spans = range_candidates(text, slot.paper.numbers, slot.parameter, slot.shown)
    words = dict.fromkeys(text[slice(*span)] for span in spans)
    return [each for each in words if len(each) <= longest and accepts(each)]


def _texts(slot: Slot) -> tuple[Places, ReadAnswer]:
    def read(text: str) -> Reading:
        words, repeated = _all_different(json.loads(text)["value"])
        spans = [span for item in words for span in slot.paper.places_of(item, slot.shown)]
        return Reading(words, words, None, _fullest_quote(slot, spans), Status.STATED, repeated)

    schema = slot.parameter.schema
    shortest, longest = _lengths(slot.parameter, schema["items"])
    counts = schema["minItems"], schema["maxItems"]
    return Places("texts", (), *counts, shortest, longest), read


def _lengths(parameter: Parameter, schema: Mapping[str, Any]) -> tuple[int, int]:
    """Bounds of a text's length. What a normaliser lengthens may be shorter as it is written."""
    return (1 if parameter.normalisers else max(1, schema.get("minLength", 1))), schema["maxLength"]


def _fullest_quote(slot: Slot, spans: Sequence[Span]) -> Span | None:
    """The quote around the place that holds most of these texts; where its record is described, if there is one."""
    text = slot.paper.document.text

    def rank(quote: Span) -> tuple[int, int, int]:
        inside = {text[slice(*span)] for span in spans if quote[0] <= span[0] and span[1] <= quote[1]}
        return -len(inside), -slot.record.relevance(quote[0]), quote[0]

    return min({slot.paper.quote_around(*span) for span in spans}, key=rank, default=None)


def _all_different(items: Iterable[Json]) -> tuple[list[Any], tuple[Flag, ...]]:
    """The items without those that stand before, and a flag where there were such."""
    items = list(items)
    different = [item for at, item in enumerate(items) if compact(item) not in map(compact, items[:at])]
    return different, (REPEATS_DROPPED,) if len(different) < len(items) else ()


_BY_KIND: Mapping[str, Callable[[Slot], tuple[Places, ReadAnswer]]] = {
    "number": _number,
    "numbers": _numbers,
    "choice": _chosen,
    "choices": _chosen,
    "text": _text,
    "texts": _texts,
}

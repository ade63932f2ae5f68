"""Values that are taken from places in the text: the grammar of their answer knows the places.

A number is one that stands in what is shown, or is computed from such; its quote is a sentence or table row that holds
it. Text is words of what is shown. A legal value that is chosen has a sentence of what is shown as its quote.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dsx.answers.calibration import NULL
from dsx.answers.limits import LONGEST_QUOTE, SHORTEST_QUOTE
from dsx.ask.prompt import answer_text
from dsx.fill.paper import PaperContext, RecordContext, Span, cut_around
from dsx.ground.candidates import Candidate, computed_candidates, number_candidates
from dsx.ground.support import judge
from dsx.schema import kind_of
from dsx.types import Completion, Confidence, Flag, Json, Parameter, Places, Question, QuestionId, Shown, Status, Value

Steps = Generator[list[Question], list[Completion], Value]
MOST_QUOTES = 8
"""Places of one number that a quote may be chosen from: where its record is described first, then in reading order."""
UNIT_ASSUMED = Flag("unit-assumed")


@dataclass(frozen=True, slots=True)
class Reading:
    """What an answer says: the value in the parameter's unit, as written (raw, unit), and where it stands."""

    value: Json
    raw: Json
    unit: str | None
    quote: Span | None
    status: Status
    flags: tuple[Flag, ...] = ()


Reader = Callable[[str], Reading]
"""The text of an answer that is not null → what it says."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One parameter of one record, and what is shown for it."""

    paper: PaperContext
    record: RecordContext
    parameter: Parameter
    shown: Shown


def ask(paper: PaperContext, record: RecordContext, parameter: Parameter) -> tuple[Asked, Places, Reader]:
    """What is shown for a parameter of any kind but free, the answers that it allows, and how they are read."""
    asked = Asked(paper, record, parameter, paper.show([parameter], record))
    return asked, *_BY_KIND[kind_of(parameter)](asked)


def fill(paper: PaperContext, record: RecordContext, parameter: Parameter) -> Steps:
    """The value of a parameter of any kind but free."""
    asked, places, read = ask(paper, record, parameter)
    if is_empty(places):
        return Value(None, Status.NOT_REPORTED, flags=(Flag("no-candidate"),))  # nothing was asked: no probability
    posed = question(asked, places)
    (completion,) = yield [posed]
    paper.practice.log(posed, completion, ())
    if completion.error is not None:
        return Value(None, Status.FAILED, flags=(Flag("error", completion.error),))
    if completion.truncated:
        return Value(None, Status.FAILED, flags=(Flag("truncated"),))
    sure = completion.confidence.get(parameter.name)
    if completion.text == "null":
        return Value(None, Status.NOT_REPORTED, _probability(asked, NULL, sure), sure=sure)
    try:
        reading = read(completion.text)
    except (KeyError, TypeError, ValueError):  # the engine did not hold the grammar
        return Value(None, Status.FAILED, flags=(Flag("error", f"none of the places: {completion.text[:200]}"),))
    return _stored(asked, reading, sure)


def is_empty(places: Places) -> bool:
    """Whether nothing that is shown can be the value, so that there is nothing to ask."""
    return places.kind in ("answer", "chosen", "numbers") and not places.options


def question(asked: Asked, places: Places) -> Question:
    """The question about a parameter, answered from `places`."""
    practice, record, parameter = asked.paper.practice, asked.record, asked.parameter
    return Question(
        id=QuestionId(asked.paper.document.id, record.path, (parameter.name,)),
        system=practice.wording.system,
        shown=asked.shown,
        prompt=practice.prompts.parameters((parameter,), record.label),
        form="parameters",
        parameters=(parameter,),
        record=record.label,
        examples=practice.wording.examples,
        order=practice.recipe.order,
        places=places,
    )


def _stored(asked: Asked, reading: Reading, sure: Confidence | None) -> Value:
    """The value through its normalisers, with its evidence."""
    paper, parameter = asked.paper, asked.parameter
    confidence = _probability(asked, kind_of(parameter), sure)
    evidence = None if reading.quote is None else paper.evidence_of(reading.quote)
    stored, status, flags = reading.value, reading.status, reading.flags
    try:
        stored = paper.normalise(reading.value, None, parameter)
    except ValueError as problem:
        status, flags = Status.UNSUPPORTED, (*flags, Flag("not-normalised", str(problem)))
    if not paper.is_valid(parameter, stored):
        stored, status, flags = None, Status.FAILED, (*flags, Flag("invalid-after-normalising"))
    return Value(stored, status, confidence, evidence, reading.raw, reading.unit, flags, sure)


def _probability(asked: Asked, kind: str, sure: Confidence | None) -> float | None:
    """That the answer is right; kind: of the value, or null."""
    if sure is None:
        return None
    confidence = 1 - sure.reported if kind == NULL else sure.reported * sure.value
    return asked.paper.practice.calibration.probability(kind, confidence)


# ---- numbers ----


def _number(asked: Asked) -> tuple[Places, Reader]:
    readings: dict[str, Reading] = {}
    for candidate in _candidates(asked, asked.parameter, asked.parameter.derive):
        for span in _quotes(asked, candidate):
            answer = _number_answer(asked, candidate, asked.paper.document.text[slice(*span)])
            status = Status.DERIVED if candidate.computed else Status.STATED
            flags = (UNIT_ASSUMED,) if candidate.unit_assumed else ()
            raw = candidate.text if candidate.computed else candidate.raw
            readings.setdefault(answer, Reading(candidate.value, raw, candidate.unit, span, status, flags))
    return Places("answer", tuple(readings)), readings.__getitem__


def _number_answer(asked: Asked, candidate: Candidate, quote: str) -> str:
    """The answer that names a number and a quote that holds it."""
    answer: dict[str, Json] = {"value": candidate.text if candidate.computed else candidate.raw}
    if asked.parameter.unit and candidate.unit:
        answer["unit"] = candidate.unit
    return answer_text({**answer, "quote": quote}, asked.paper.practice.recipe.order)


def _numbers(asked: Asked) -> tuple[Places, Reader]:
    parameter = asked.parameter
    items = Parameter(parameter.name, parameter.schema["items"], unit=parameter.unit, normalisers=parameter.normalisers)
    by_digits: dict[str, Candidate] = {}
    for candidate in sorted(_candidates(asked, items, False), key=lambda candidate: candidate.unit_assumed):
        by_digits.setdefault(_compact(candidate.raw), candidate)

    def read(text: str) -> Reading:
        chosen = [by_digits[digits] for digits in dict.fromkeys(map(_compact, json.loads(text)["value"]))]
        spans = [(mention.start, mention.end) for candidate in chosen for mention in candidate.mentions]
        flags = (UNIT_ASSUMED,) if any(candidate.unit_assumed for candidate in chosen) else ()
        unit = next((candidate.unit for candidate in chosen if candidate.unit), None)
        quote = _fullest_quote(asked, spans)
        raw = [candidate.raw for candidate in chosen]
        return Reading([candidate.value for candidate in chosen], raw, unit, quote, Status.STATED, flags)

    return Places("numbers", tuple(by_digits), max_items=parameter.schema["maxItems"]), read


def _candidates(asked: Asked, parameter: Parameter, derive: bool) -> list[Candidate]:
    accepts = asked.paper.accepts(parameter)
    candidates = number_candidates(asked.paper.numbers, parameter, asked.shown, accepts)
    return [*candidates, *(computed_candidates(asked.paper.numbers, asked.shown, accepts) if derive else ())]


def _quotes(asked: Asked, candidate: Candidate) -> list[Span]:
    """The sentences and rows in which it stands: where its record is described first, then in the order of the text."""
    paper, record = asked.paper, asked.record
    if candidate.computed:
        first, last = candidate.mentions[0], candidate.mentions[-1]
        return [paper.quote_around(min(first.start, last.start), max(first.end, last.end))]
    ordered = sorted(candidate.mentions, key=lambda mention: (-record.fits(mention.start), mention.start))
    spans: dict[Span, None] = {}
    for mention in ordered:
        spans[paper.quote_around(mention.start, mention.end)] = None
        if len(spans) == MOST_QUOTES:
            break
    return list(spans)


# ---- legal values that are chosen ----


def _chosen(asked: Asked) -> tuple[Places, Reader]:
    spans = quotable(asked)

    def read(text: str) -> Reading:
        answer = json.loads(text)
        value, span = answer["value"], spans[answer["quote"]]
        judgement = judge(value, None, answer["quote"], asked.parameter)
        status = Status.STATED if judgement.status is Status.STATED else Status.INFERRED
        return Reading(value, value, None, span, status, judgement.flags)

    return Places("chosen", tuple(map(_compact, spans))), read


def quotable(asked: Asked) -> dict[str, Span]:
    """The sentences of what is shown, by their text, cut where they are too long for a quote.

    Short ones (a heading's number, initials) are left out, unless there are no others.
    """
    paper = asked.paper
    spans: dict[str, Span] = {}
    for start, end in paper.sentences_of(asked.shown):
        span = cut_around(paper.document.text, (start, end), (start, start), LONGEST_QUOTE)
        known = spans.get(text := paper.document.text[slice(*span)])
        if text and (known is None or asked.record.fits(span[0]) > asked.record.fits(known[0])):
            spans[text] = span
    return {text: span for text, span in spans.items() if len(text) >= SHORTEST_QUOTE} or spans


# ---- words of the text ----


def _text(asked: Asked) -> tuple[Places, Reader]:
    def read(text: str) -> Reading:
        words = json.loads(text)["value"]
        spans = asked.paper.places_of(words, asked.shown)
        best = min(spans, key=lambda span: (-asked.record.fits(span[0]), span[0]), default=None)
        quote = None if best is None else asked.paper.quote_around(*best)
        return Reading(words, words, None, quote, Status.STATED)

    return Places("text", max_characters=asked.parameter.schema["maxLength"]), read


def _texts(asked: Asked) -> tuple[Places, Reader]:
    schema = asked.parameter.schema

    def read(text: str) -> Reading:
        words: list[Any] = list(dict.fromkeys(json.loads(text)["value"]))
        spans = [span for item in words for span in asked.paper.places_of(item, asked.shown)]
        return Reading(words, words, None, _fullest_quote(asked, spans), Status.STATED)

    return Places("texts", max_items=schema["maxItems"], max_characters=schema["items"]["maxLength"]), read


def _fullest_quote(asked: Asked, spans: Sequence[Span]) -> Span | None:
    """The quote around the place that holds most of these texts; where its record is described, if there is one."""
    text = asked.paper.document.text

    def rank(quote: Span) -> tuple[int, int, int]:
        inside = {text[slice(*span)] for span in spans if quote[0] <= span[0] and span[1] <= quote[1]}
        return -len(inside), -asked.record.fits(quote[0]), quote[0]

    return min({asked.paper.quote_around(*span) for span in spans}, key=rank, default=None)


def _compact(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


_BY_KIND: Mapping[str, Callable[[Asked], tuple[Places, Reader]]] = {
    "number": _number,
    "numbers": _numbers,
    "choice": _chosen,
    "choices": _chosen,
    "text": _text,
    "texts": _texts,
}

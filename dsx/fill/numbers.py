"""Numbers that are taken from the text: one, one that is computed, or a list."""

from __future__ import annotations

import math
from collections.abc import Generator, Sequence
from dataclasses import dataclass

from dsx.answers import decide
from dsx.answers.decide import NULL, Decision
from dsx.ask import questions
from dsx.fill.paper import PaperContext, RecordContext, Span
from dsx.fill.value import Steps, checked, fullest_quote, not_reported, null_or_written, scores_of, sureness
from dsx.ground.candidates import Candidate, computed_candidates, number_candidates
from dsx.types import Completion, Flag, Json, Parameter, Question, Shown, Status, Value

LOOKS = 3
"""Candidates that get a second look."""
SURE = 0.98
"""A value that is likelier than this, and stands in one place only, gets none."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value stands, and the sentence around it."""

    start: int
    end: int
    quote: Span


def number(paper: PaperContext, record: RecordContext, parameter: Parameter) -> Steps:
    """A number of the text, or one that is computed from numbers of a sentence."""
    shown = paper.show(parameter, record)
    by_text = _candidates(paper, parameter, shown)
    if not by_text:
        return Value(None, Status.NOT_REPORTED)
    text = questions.value(parameter, "number", record.label, record.place)
    question = paper.question(record, [parameter.name], shown, text, "options", options=(*by_text, NULL))
    (completion,) = yield [question]
    scores = paper.without_habit(scores_of(completion), parameter, "number")
    places = {option: _places(paper, record, by_text[option]) for option in scores if option != NULL}
    if paper.uses("place"):
        weight = paper.weights("number").place
        shifts = {option: weight * record.fits(place[0].start) for option, place in places.items()}
        scores = decide.shifted(scores, shifts)
    decision = decide.decide(scores, paper.weights("number"))
    if paper.uses("second-look"):
        decision, places = yield from _second_look(paper, record, parameter, decision, places)
    if decision.option == NULL:
        return not_reported(decision)
    return _number_value(paper, parameter, by_text[decision.option], places[decision.option], decision)


def _candidates(paper: PaperContext, parameter: Parameter, shown: Shown) -> dict[str, Candidate]:
    accepts = paper.accepts(parameter)
    candidates = number_candidates(paper.numbers, parameter, shown, accepts)
    if parameter.derive:
        candidates += computed_candidates(paper.numbers, shown, accepts)
    return {candidate.text: candidate for candidate in reversed(candidates)}


def _places(paper: PaperContext, record: RecordContext, candidate: Candidate) -> list[Place]:
    """Where a candidate stands: where its record is described first, then in the order of the text."""
    if candidate.computed:
        first, last = candidate.mentions[0], candidate.mentions[-1]
        span = (min(first.start, last.start), max(first.end, last.end))
        return [Place(*span, paper.quote_around(*span))]
    ordered = sorted(candidate.mentions, key=lambda mention: (-record.fits(mention.start), mention.start))
    return [Place(mention.start, mention.end, paper.quote_around(mention.start, mention.end)) for mention in ordered]


def _second_look(
    paper: PaperContext, record: RecordContext, parameter: Parameter, decision: Decision, places: dict[str, list[Place]]
) -> Generator[list[Question], list[Completion], tuple[Decision, dict[str, list[Place]]]]:
    """Is this value, in these words, what is asked? The likeliest candidates are held against each other."""
    ranked = [option for option, _ in decision.ranked if option != NULL]
    if not ranked or (decision.probability > SURE and len(places[ranked[0]]) == 1):
        return decision, places
    looks = [(option, place) for option in ranked[:LOOKS] for place in places[option][:LOOKS]][: 2 * LOOKS]
    asked = [
        paper.question(
            record,
            [parameter.name, f"look {number}"],
            paper.show(parameter, record),
            questions.look(parameter, option, paper.document.text[slice(*place.quote)], record.label),
            "options",
            options=("yes", "no"),
        )
        for number, (option, place) in enumerate(looks)
    ]
    completions = yield asked
    odds: dict[str, float] = {}
    order: dict[str, list[tuple[float, Place]]] = {}
    for (option, place), completion in zip(looks, completions, strict=True):
        yes = decide.log_odds(decide.yes_probability(scores_of(completion)))
        odds[option] = max(odds.get(option, -math.inf), yes)
        order.setdefault(option, []).append((yes, place))
    weights = paper.weights("number")
    shifts = {option: weights.look * (yes - weights.look_middle) for option, yes in odds.items()}
    for option, seen in order.items():
        best = [place for _, place in sorted(seen, key=lambda pair: -pair[0])]
        places[option] = [*best, *places[option][len(best) :]]
    scores = {option: math.log(max(chance, 1e-12)) for option, chance in decision.ranked}
    return decide.ranked(decide.shifted(scores, shifts)), places


def _number_value(
    paper: PaperContext, parameter: Parameter, candidate: Candidate, places: Sequence[Place], decision: Decision
) -> Value:
    flags = (Flag("unit-assumed"),) if candidate.unit_assumed else ()
    evidence = paper.evidence_of(places[0].quote)
    try:
        stored = paper.normalise(candidate.value, None, parameter)
    except ValueError as problem:
        return Value(None, Status.FAILED, flags=(*flags, Flag("not-normalised", str(problem))))
    return Value(
        stored,
        Status.DERIVED if candidate.computed else Status.STATED,
        decision.probability,
        evidence,
        candidate.text if candidate.computed else candidate.raw,
        candidate.unit,
        flags,
        sureness(decision),
    )


def numbers(paper: PaperContext, record: RecordContext, parameter: Parameter) -> Steps:
    """A list of numbers of the text, written under a grammar that knows them."""
    shown = paper.show(parameter, record)
    items = Parameter(parameter.name, parameter.schema["items"], unit=parameter.unit, normalisers=parameter.normalisers)
    mentions = number_candidates(paper.numbers, items, shown, paper.accepts(items))
    by_text = {candidate.text: candidate for candidate in mentions}
    if not by_text:
        return Value(None, Status.NOT_REPORTED)
    decision, written, chance = yield from null_or_written(
        paper, record, parameter, "numbers", shown, options=tuple(by_text), max_items=parameter.schema["maxItems"]
    )
    if decision.option == NULL:
        return not_reported(decision)
    chosen = [by_text[text] for text in dict.fromkeys(_listed(written))]
    value: Json = [candidate.value for candidate in chosen]
    spans = [(mention.start, mention.end) for candidate in chosen for mention in candidate.mentions]
    flags = (Flag("unit-assumed"),) if any(candidate.unit_assumed for candidate in chosen) else ()
    quote = fullest_quote(paper, record, spans)
    raw: Json = [candidate.raw for candidate in chosen]
    unit = next((candidate.unit for candidate in chosen if candidate.unit), None)
    return checked(paper, parameter, value, raw, unit, quote, decision, chance, flags)


def _listed(text: str) -> list[str]:
    return [item.strip() for item in text.strip("[]").split(",") if item.strip()]

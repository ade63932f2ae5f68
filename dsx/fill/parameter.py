"""How the value of one parameter is found, by its kind: which questions are asked, and what their answers make of it.

Each kind is a generator. It yields questions, is sent their completions in the same order, and returns the value.
`pipeline` asks the questions of all parameters of a round together.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from dsx.answers import decide
from dsx.answers.decide import NULL, Decision, Scores
from dsx.answers.limits import LONGEST_QUOTE
from dsx.ask import questions
from dsx.fill.front import front_spans
from dsx.fill.paper import PaperContext, RecordContext, Span
from dsx.ground.candidates import Candidate, computed_candidates, number_candidates
from dsx.ground.support import support
from dsx.types import Choice, Completion, Confidence, Flag, Json, Parameter, Question, Shown, Status, Value

Steps = Generator[list[Question], list[Completion], Value]

LOOKS = 3
"""Candidates that get a second look."""
SURE = 0.98
"""A value that is likelier than this, and stands in one place only, gets none."""
DENIED = 0.05
"""What stands on the first page where a title does is none only if the second look is surer than this."""
QUOTE_CHOICES = 8
"""Sentences of which one is chosen as the quote of a choice."""
OPENINGS = {"text": '"', "texts": "[", "numbers": "["}
"""How an answer of a kind begins that is not null."""


class Failed(Exception):
    """The engine gave no answer to a question of this parameter. The message says why."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value stands, and the sentence around it."""

    start: int
    end: int
    quote: Span


def kind_of(parameter: Parameter) -> str:
    """number, numbers, choice, choices, text or texts. free: none of these; it is written, not taken from the text."""
    schema = parameter.schema
    if parameter.free or "anyOf" in schema:
        return "free"
    if schema.get("type") != "array":
        return _scalar_kind(schema)
    items = schema.get("items")
    if "prefixItems" in schema or not isinstance(items, Mapping) or "anyOf" in items:
        return "free"
    return {"number": "numbers", "choice": "choices", "text": "texts"}.get(_scalar_kind(items), "free")


def _scalar_kind(schema: Mapping[str, Json]) -> str:
    if "enum" in schema or schema.get("type") == "boolean":
        return "choice"
    if schema.get("type") in ("number", "integer"):
        return "number"
    return "free" if {"pattern", "format"} & schema.keys() else "text"


def fill(paper: PaperContext, record: RecordContext, parameter: Parameter) -> Steps:
    """The value of a parameter that is taken from the text or chosen."""
    kind = kind_of(parameter)
    try:
        if kind in ("text", "texts") and not record.path and paper.uses("front"):
            spans = front_spans(paper.document, parameter)
            if spans and (value := (yield from _front(paper, record, parameter, spans))):
                return value
        return (yield from _BY_KIND[kind](paper, record, parameter))
    except Failed as problem:
        return Value(None, Status.FAILED, flags=(Flag("error", str(problem)),))


def habit_questions(parameter: Parameter) -> dict[str, tuple[str, tuple[str, ...]]]:
    """By name of a habit: a question that is asked without a paper, and its options.

    For most kinds they are null, or something; for a list of choices each choice has a question.
    """
    kind = kind_of(parameter)
    if kind == "free":
        return {}
    if kind == "choices":
        return {
            habit_of(parameter, choice): (questions.each(parameter, choice, None), ("yes", "no"))
            for choice in choices_of(parameter)
        }
    options = _choice_texts(choices_of(parameter)) if kind == "choice" else OPENINGS.get(kind, tuple("123456789"))
    return {parameter.pointer: (questions.value(parameter, kind, None), (*options, NULL))}


def habit_of(parameter: Parameter, choice: Choice) -> str:
    """The name of the habit of one choice of a list."""
    return f"{parameter.pointer} {json.dumps(choice.value)}"


def choices_of(parameter: Parameter) -> list[Choice]:
    """The legal values of a parameter that is chosen, with their descriptions."""
    schema = parameter.schema
    schema = schema["items"] if schema.get("type") == "array" else schema
    described = {json.dumps(choice.value): choice for choice in parameter.choices}
    values = schema.get("enum", [True, False])
    return [described.get(json.dumps(value), Choice(value)) for value in values]


# ---- numbers ----


def _number(paper: PaperContext, record: RecordContext, parameter: Parameter) -> Steps:
    """A number of the text, or one that is computed from numbers of a sentence."""
    shown = paper.show(parameter, record)
    by_text = _candidates(paper, parameter, shown)
    if not by_text:
        return Value(None, Status.NOT_REPORTED)
    text = questions.value(parameter, "number", record.label, record.place)
    question = paper.question(record, [parameter.name], shown, text, "options", options=(*by_text, NULL))
    (completion,) = yield [question]
    scores = paper.without_habit(_scores(completion), parameter, "number")
    places = {option: _places(paper, record, by_text[option]) for option in scores if option != NULL}
    if paper.uses("place"):
        weight = paper.weights("number").place
        shifts = {option: weight * record.fits(place[0].start) for option, place in places.items()}
        scores = decide.shifted(scores, shifts)
    decision = decide.decide(scores, paper.weights("number"))
    if paper.uses("second-look"):
        decision, places = yield from _second_look(paper, record, parameter, decision, places)
    if decision.option == NULL:
        return _not_reported(decision)
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
        yes = decide.log_odds(decide.yes_probability(_scores(completion)))
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
        _sureness(decision),
    )


def _numbers(paper: PaperContext, record: RecordContext, parameter: Parameter) -> Steps:
    """A list of numbers of the text, written under a grammar that knows them."""
    shown = paper.show(parameter, record)
    items = Parameter(parameter.name, parameter.schema["items"], unit=parameter.unit, normalisers=parameter.normalisers)
    mentions = number_candidates(paper.numbers, items, shown, paper.accepts(items))
    by_text = {candidate.text: candidate for candidate in mentions}
    if not by_text:
        return Value(None, Status.NOT_REPORTED)
    decision, written, chance = yield from _null_or_written(
        paper, record, parameter, "numbers", shown, options=tuple(by_text), max_items=parameter.schema["maxItems"]
    )
    if decision.option == NULL:
        return _not_reported(decision)
    chosen = [by_text[text] for text in dict.fromkeys(_listed(written))]
    value: Json = [candidate.value for candidate in chosen]
    spans = [(mention.start, mention.end) for candidate in chosen for mention in candidate.mentions]
    flags = (Flag("unit-assumed"),) if any(candidate.unit_assumed for candidate in chosen) else ()
    quote = _fullest_quote(paper, record, spans)
    raw: Json = [candidate.raw for candidate in chosen]
    unit = next((candidate.unit for candidate in chosen if candidate.unit), None)
    return _checked(paper, parameter, value, raw, unit, quote, decision, chance, flags)


# ---- choices ----


def _choice(paper: PaperContext, record: RecordContext, parameter: Parameter) -> Steps:
    """One of the legal values, asked in more than one order of them."""
    shown, choices = paper.show(parameter, record), choices_of(parameter)
    orders = [choices, choices[::-1]] if paper.uses("orders") and len(choices) > 1 else [choices]
    completions = yield [
        paper.question(
            record,
            [parameter.name, f"order {number}"] if number else [parameter.name],
            shown,
            questions.value(parameter, "choice", record.label, record.place, order),
            "options",
            options=(*_choice_texts(order), NULL),
        )
        for number, order in enumerate(orders)
    ]
    both = decide.averaged([_scores(completion) for completion in completions])
    scores = paper.without_habit(both, parameter, "choice")
    decision = decide.decide(scores, paper.weights("choice"))
    if decision.option == NULL:
        return _not_reported(decision)
    value = json.loads(decision.option)
    quote = yield from _quote_of(paper, record, parameter, value, shown)
    return _chosen(paper, parameter, value, quote, decision)


def _choices(paper: PaperContext, record: RecordContext, parameter: Parameter) -> Steps:
    """Several of the legal values: each is asked for by itself."""
    shown, choices = paper.show(parameter, record), choices_of(parameter)
    completions = yield [
        paper.question(
            record,
            [parameter.name, f"choice {number}"],
            shown,
            questions.each(parameter, choice, record.label, record.place),
            "options",
            options=("yes", "no"),
        )
        for number, choice in enumerate(choices)
    ]
    weights = paper.weights("choices")
    chances = {}
    for choice, completion in zip(choices, completions, strict=True):
        odds = decide.log_odds(decide.yes_probability(_scores(completion))) - weights.null
        habit = paper.practice.habits.get(habit_of(parameter, choice))
        if habit is not None and paper.uses("prior"):
            odds -= weights.prior * decide.log_odds(decide.yes_probability(habit))
        chances[json.dumps(choice.value, ensure_ascii=False)] = _logistic(odds)
    most = parameter.schema["maxItems"]
    held = sorted((text for text in chances if chances[text] > 0.5), key=lambda text: -chances[text])[:most]
    none = math.prod(1 - chance for chance in chances.values())
    ranked = tuple(sorted(chances.items(), key=lambda pair: -pair[1]))
    if not held:
        return _not_reported(Decision(NULL, none, none, ranked))
    value = [choice.value for choice in choices if json.dumps(choice.value, ensure_ascii=False) in held]
    surest = math.prod(max(chance, 1 - chance) for chance in chances.values())
    quote = yield from _quote_of(paper, record, parameter, value, shown)
    return _chosen(paper, parameter, value, quote, Decision(json.dumps(value), surest, none, ranked))


def _quote_of(
    paper: PaperContext, record: RecordContext, parameter: Parameter, value: Json, shown: Shown
) -> Generator[list[Question], list[Completion], Span | None]:
    """The sentence that carries a choice: the model chooses among those that are likely by their words."""
    spans = paper.likely_sentences(parameter, record, shown, value, QUOTE_CHOICES)
    by_text: dict[str, Span] = {}
    for span in spans:
        by_text.setdefault(json.dumps(paper.document.text[slice(*span)], ensure_ascii=False), span)
    if len(by_text) < 2:
        return next(iter(by_text.values()), None)
    text = questions.quote(parameter, value, record.label)
    (completion,) = yield [
        paper.question(record, [parameter.name, "quote"], shown, text, "one", options=tuple(by_text))
    ]
    return by_text.get(completion.text) if completion.error is None else next(iter(by_text.values()))


def _chosen(paper: PaperContext, parameter: Parameter, value: Json, quote: Span | None, decision: Decision) -> Value:
    evidence = None if quote is None else paper.evidence_of(quote)
    status = Status.INFERRED
    if evidence is not None and support(value, None, evidence.quote, parameter) is Status.STATED:
        status = Status.STATED
    return Value(value, status, decision.probability, evidence, value, None, (), _sureness(decision))


def _choice_texts(choices: Sequence[Choice]) -> list[str]:
    return [json.dumps(choice.value, ensure_ascii=False) for choice in choices]


# ---- text ----


def _text(paper: PaperContext, record: RecordContext, parameter: Parameter) -> Steps:
    """Words of the text."""
    shown = paper.show(parameter, record)
    most = parameter.schema["maxLength"]
    decision, written, chance = yield from _null_or_written(
        paper, record, parameter, "text", shown, max_characters=most
    )
    if decision.option == NULL:
        return _not_reported(decision)
    words = json.loads(written)
    quote = _best_place(paper, record, paper.places_of(words, shown))
    return _checked(paper, parameter, words, words, None, quote, decision, chance, ())


def _texts(paper: PaperContext, record: RecordContext, parameter: Parameter) -> Steps:
    """A list of words of the text."""
    shown, schema = paper.show(parameter, record), parameter.schema
    decision, written, chance = yield from _null_or_written(
        paper,
        record,
        parameter,
        "texts",
        shown,
        max_characters=schema["items"]["maxLength"],
        max_items=schema["maxItems"],
    )
    if decision.option == NULL:
        return _not_reported(decision)
    words = list(dict.fromkeys(json.loads(written)))
    spans = [span for item in words for span in paper.places_of(item, shown)]
    quote = _fullest_quote(paper, record, spans)
    return _checked(paper, parameter, words, words, None, quote, decision, chance, ())


def _front(
    paper: PaperContext, record: RecordContext, parameter: Parameter, spans: Sequence[Span]
) -> Generator[list[Question], list[Completion], Value | None]:
    """What the first page's layout says, if it is legal and a second look does not deny it."""
    words = [paper.document.text[slice(*span)] for span in spans]
    value: Json = words if parameter.schema.get("type") == "array" else words[0]
    try:
        if not paper.is_valid(parameter, paper.normalise(value, None, parameter)):
            return None
    except ValueError:
        return None
    quote = paper.quote_around(spans[0][0], min(spans[-1][1], spans[0][0] + LONGEST_QUOTE))
    text = questions.look(parameter, ", ".join(words), paper.document.text[slice(*quote)], record.label)
    shown = paper.show(parameter, record)
    (completion,) = yield [
        paper.question(record, [parameter.name, "front"], shown, text, "options", options=("yes", "no"))
    ]
    yes = decide.yes_probability(_scores(completion))
    if yes < DENIED:
        return None
    decision = Decision(json.dumps(value), max(yes, 0.5), 1 - max(yes, 0.5), ())
    return _checked(paper, parameter, value, value, None, quote, decision, 1.0, ())


# ---- what several kinds do ----


def _null_or_written(
    paper: PaperContext,
    record: RecordContext,
    parameter: Parameter,
    kind: Literal["numbers", "text", "texts"],
    shown: Shown,
    **bounds: object,
) -> Generator[list[Question], list[Completion], tuple[Decision, str, float]]:
    """(null or not, the answer if it is not null, the probability of its tokens under the grammar)."""
    text = questions.value(parameter, kind, record.label, record.place)
    opening = OPENINGS[kind]
    completions = yield [
        paper.question(record, [parameter.name, "null"], shown, text, "options", options=(NULL, opening)),
        paper.question(record, [parameter.name], shown, text, kind, **bounds),
    ]
    scores = paper.without_habit(_scores(completions[0]), parameter, kind)
    decision = decide.decide(scores, paper.weights(kind))
    if completions[1].truncated:
        raise Failed("its answer was longer than the cap of tokens")
    if completions[1].error is not None:
        raise Failed(completions[1].error)
    confidence = completions[1].confidence.get(parameter.name)
    return decision, completions[1].text, confidence.value if confidence else 1.0


def _best_place(paper: PaperContext, record: RecordContext, spans: Sequence[Span]) -> Span | None:
    ordered = sorted(spans, key=lambda span: (-record.fits(span[0]), span[0]))
    return paper.quote_around(*ordered[0]) if ordered else None


def _fullest_quote(paper: PaperContext, record: RecordContext, spans: Sequence[Span]) -> Span | None:
    """The quote around the place that holds most of these places; where its record is described, if there is one."""
    quotes = {paper.quote_around(*span) for span in spans}
    texts = {paper.document.text[slice(*span)] for span in spans}

    def rank(quote: Span) -> tuple[int, int, int]:
        inside = {
            paper.document.text[slice(*span)] for span in spans if quote[0] <= span[0] and span[1] <= quote[1]
        } & texts
        return -len(inside), -record.fits(quote[0]), quote[0]

    return min(quotes, key=rank, default=None)


def _checked(
    paper: PaperContext,
    parameter: Parameter,
    value: Json,
    raw: Json,
    unit: str | None,
    quote: Span | None,
    decision: Decision,
    chance: float,
    flags: tuple[Flag, ...],
) -> Value:
    evidence = None if quote is None else paper.evidence_of(quote)
    confidence = decision.probability * chance
    sure = Confidence(1 - decision.null, chance)
    try:
        stored = paper.normalise(value, None, parameter)
    except ValueError as problem:
        flags = (*flags, Flag("not-normalised", str(problem)))
        return Value(None, Status.FAILED, confidence, evidence, raw, unit, flags, sure)
    if not paper.is_valid(parameter, stored):
        flags = (*flags, Flag("invalid-after-normalising"))
        return Value(None, Status.FAILED, confidence, evidence, raw, unit, flags, sure)
    return Value(stored, Status.STATED, confidence, evidence, raw, unit, flags, sure)


def _not_reported(decision: Decision) -> Value:
    return Value(None, Status.NOT_REPORTED, decision.null, sure=_sureness(decision))


def _sureness(decision: Decision) -> Confidence:
    reported = 1 - decision.null
    value = decision.probability / reported if reported > 0 and decision.option != NULL else 1.0
    return Confidence(reported, min(1.0, value))


def _scores(completion: Completion) -> Scores:
    if completion.error is not None:
        raise Failed(completion.error)
    return completion.scores


def _listed(text: str) -> list[str]:
    return [item.strip() for item in text.strip("[]").split(",") if item.strip()]


def _logistic(odds: float) -> float:
    return 1 / (1 + math.exp(-odds))


_BY_KIND: dict[str, Callable[[PaperContext, RecordContext, Parameter], Steps]] = {
    "number": _number,
    "numbers": _numbers,
    "choice": _choice,
    "choices": _choices,
    "text": _text,
    "texts": _texts,
}

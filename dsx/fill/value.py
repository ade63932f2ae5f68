"""What several kinds of parameter do: null or something, the quote of several places, the checked value."""

from __future__ import annotations

import math
from collections.abc import Generator, Sequence
from typing import Literal

from dsx.answers import decide
from dsx.answers.decide import NULL, Decision, Scores
from dsx.ask import questions
from dsx.fill.paper import PaperContext, RecordContext, Span
from dsx.types import Completion, Confidence, Flag, Json, Parameter, Question, Shown, Status, Value

Steps = Generator[list[Question], list[Completion], Value]

OPENINGS = {"text": '"', "texts": "[", "numbers": "["}
"""How an answer of a kind begins that is not null."""


class Failed(Exception):
    """The engine gave no answer to a question of this parameter. The message says why."""


def null_or_written(
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
    scores = paper.without_habit(scores_of(completions[0]), parameter, kind)
    decision = decide.decide(scores, paper.weights(kind))
    if completions[1].truncated:
        raise Failed("its answer was longer than the cap of tokens")
    if completions[1].error is not None:
        raise Failed(completions[1].error)
    written = completions[1]
    return decision, written.text, math.exp(written.scores.get(written.text, 0.0))


def fullest_quote(paper: PaperContext, record: RecordContext, spans: Sequence[Span]) -> Span | None:
    """The quote around the place that holds most of these places; where its record is described, if there is one."""
    quotes = {paper.quote_around(*span) for span in spans}
    texts = {paper.document.text[slice(*span)] for span in spans}

    def rank(quote: Span) -> tuple[int, int, int]:
        inside = {
            paper.document.text[slice(*span)] for span in spans if quote[0] <= span[0] and span[1] <= quote[1]
        } & texts
        return -len(inside), -record.fits(quote[0]), quote[0]

    return min(quotes, key=rank, default=None)


def checked(
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


def not_reported(decision: Decision) -> Value:
    return Value(None, Status.NOT_REPORTED, decision.null, sure=sureness(decision))


def sureness(decision: Decision) -> Confidence:
    reported = 1 - decision.null
    value = decision.probability / reported if reported > 0 and decision.option != NULL else 1.0
    return Confidence(reported, min(1.0, value))


def scores_of(completion: Completion) -> Scores:
    if completion.error is not None:
        raise Failed(completion.error)
    return completion.scores

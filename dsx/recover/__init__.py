"""From a completion to answers. What no grammar bound goes through named repairs, and is never trusted more for it.

Each parameter of the question gets one answer, in the question's order: a valid value, None for "not reported", or an
`error`. Nothing is made up: duplicate keys, several objects that differ, and what was cut off are refused.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from dsx.answers.reader import Unreadable, answer_start, parse
from dsx.errors import DecodeError
from dsx.recover.chain import Chain, Mended
from dsx.recover.mend import LONGEST
from dsx.recover.read import ParsedAnswer, Reading, Validates, read
from dsx.terminal import counted
from dsx.text import folded_words
from dsx.types import Answer, Completion, Parameter, Question, Repair

__all__ = ["RecordLabel", "confidence_factor", "recover", "recover_records"]

log = logging.getLogger("dsx.recover")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RecordLabel:
    """One record that the text has: what it calls it, and where."""

    label: str
    quote: str | None
    repairs: tuple[str, ...] = ()


def confidence_factor(repairs: Sequence[str], factor: float) -> float:
    """What a repaired answer's confidence is multiplied by: `factor` for each repair that fired."""
    return float(factor ** len(repairs))


def recover(
    completion: Completion,
    question: Question,
    repairs: Sequence[tuple[str, Repair]],
    validates: Validates,
    document: str = "",
) -> list[Answer]:
    """One answer for each of the question's parameters, in their order; `error` is set where there is none.

    A text that parses and validates as it is needs no repair, constrained or not. A constrained text that does not (a
    server that ignored the schema) goes through the repairs like any other. document: its name, for the log.
    """
    if completion.error is not None:
        return _failed(question.parameters, completion.error)
    if completion.truncated and completion.constrained:
        return _failed(question.parameters, "the cap of tokens came before the answer's end", truncated=True)
    parameters = question.parameters

    def read_text(text: str, used: tuple[str, ...]) -> tuple[Reading, int]:
        root = parse(text)
        if root.items is not None and "unfinished" in used:
            raise Unreadable("a list that was cut off where one object was asked for")
        reading = read(root, parameters, validates)
        return reading, len(reading.errors)

    def choose(outcomes: Sequence[Mended[Reading]]) -> Mended[Reading]:
        return _choose(outcomes, question.shown.text)

    try:
        mended = _run(Chain(read_text, choose), completion.text, repairs)
    except Unreadable as problem:
        return _failed(parameters, str(problem))
    answers = [_answer(parameter, mended, completion) for parameter in parameters]
    _report(answers, document or str(question.id))
    return answers


def recover_records(
    completion: Completion, question: Question, repairs: Sequence[tuple[str, Repair]], document: str = ""
) -> list[RecordLabel]:
    """The records that the model found, in its order; the same label again is the same record.

    document: its name, for the log. Raises DecodeError where the text cannot be read.
    """
    if completion.error is not None:
        raise DecodeError(f"{question.id}: {completion.error}")

    def read_text(text: str, _: tuple[str, ...]) -> tuple[list[RecordLabel], int]:
        return _labels(parse(text).value), 0

    def choose(outcomes: Sequence[Mended[list[RecordLabel]]]) -> Mended[list[RecordLabel]]:
        if any(outcome.reading != outcomes[0].reading for outcome in outcomes):
            raise Unreadable("several lists of records that differ")
        return outcomes[0]

    try:
        mended = _run(Chain(read_text, choose), completion.text, repairs)
    except Unreadable as problem:
        raise DecodeError(f"{question.id}: {problem}") from None
    if mended.repairs:
        name, fired = document or question.id, ", ".join(mended.repairs)
        records = counted(len(mended.reading), "record")
        log.info("Recovered %s from malformed JSON (%s: %s)", records, name, fired)
    return [RecordLabel(label.label, label.quote, mended.repairs) for label in mended.reading]


def _run(chain: Chain[T], text: str, repairs: Sequence[tuple[str, Repair]]) -> Mended[T]:
    """Raises Unreadable also where the text ends in the thoughts before the answer: what stands there is no answer."""
    start = answer_start(text)
    if start and len(text) > LONGEST and "find-json" in dict(repairs):
        return chain.run(text[start:], repairs, ("find-json",))
    return chain.run(text, repairs)


def _labels(parsed: Any) -> list[RecordLabel]:
    if isinstance(parsed, dict) and len(parsed) == 1:
        parsed = next(iter(parsed.values()))
    if not isinstance(parsed, list):
        raise Unreadable("no list of records")
    labels: dict[str, RecordLabel] = {}
    for entry in parsed:
        label = entry.get("label") if isinstance(entry, dict) else None
        quote = entry.get("quote") if isinstance(entry, dict) else None
        if not isinstance(label, str) or not label.strip() or not isinstance(quote, str | None):
            raise Unreadable("a record without a label")
        labels.setdefault(label, RecordLabel(label, quote or None))
    return list(labels.values())


def _choose(outcomes: Sequence[Mended[Reading]], shown: str) -> Mended[Reading]:
    """Several objects answer. The one that is right is the one whose quotes stand in the text that was shown."""
    best = [outcome for outcome in outcomes if outcome.reading.answers] or list(outcomes)
    fullest = min(best, key=lambda outcome: outcome.missing)
    if all(_values(outcome).items() <= _values(fullest).items() for outcome in best):
        return fullest
    text = folded_words(shown)
    quoted = [outcome for outcome in best if _all_quoted(outcome.reading.answers, text)]
    if len(quoted) == 1:
        return quoted[0]
    raise Unreadable(f"{len(best)} objects that answer differently")


def _values(outcome: Mended[Reading]) -> dict[str, str]:
    return {name: json.dumps([answer.value, answer.unit]) for name, answer in outcome.reading.answers.items()}


def _all_quoted(answers: Mapping[str, ParsedAnswer], text: str) -> bool:
    quotes = [folded_words(answer.quote) for answer in answers.values() if answer.quote]
    return bool(quotes) and all(_stands(quote, text) for quote in quotes)


def _stands(quote: str, text: str) -> bool:
    """As whole words."""
    at = text.find(quote)
    for _ in range(100):
        if at < 0:
            return False
        end = at + len(quote)
        if not text[max(at - 1, 0) : at].isalnum() and not text[end : end + 1].isalnum():
            return True
        at = text.find(quote, end)
    return False


def _answer(parameter: Parameter, mended: Mended[Reading], completion: Completion) -> Answer:
    parsed = mended.reading.answers.get(parameter.name)
    if parsed is None:
        return Answer(parameter.name, None, repairs=mended.repairs, error=mended.reading.errors[parameter.name])
    return Answer(
        parameter.name,
        parsed.value,
        unit=parsed.unit,
        quote=parsed.quote,
        confidence=completion.confidence.get(parameter.name),
        repairs=(*mended.repairs, *parsed.repairs),
    )


def _failed(parameters: Sequence[Parameter], reason: str, truncated: bool = False) -> list[Answer]:
    return [Answer(parameter.name, None, truncated=truncated, error=reason) for parameter in parameters]


def _report(answers: Sequence[Answer], document: str) -> None:
    mended = [answer for answer in answers if answer.repairs and answer.error is None]
    if mended:
        fired = ", ".join(dict.fromkeys(name for answer in mended for name in answer.repairs))
        parameters = counted(len(mended), "parameter")
        log.info("Recovered %s from malformed JSON (%s: %s)", parameters, document, fired)

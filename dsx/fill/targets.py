"""The right answer to a question whose value is known, as the grammar would have it: what a model is trained on."""

from __future__ import annotations

import json
from collections.abc import Sequence

from dsx.answers.writing import answer_text, compact
from dsx.fill.choices import ChoiceQuestion
from dsx.fill.paper import Span
from dsx.fill.placed import ReadAnswer, Slot, is_expression, judged
from dsx.types import Json, Parameter, Places, Status


def right_answer(slot: Slot, places: Places, read: ReadAnswer, value: Json, stands_at: Sequence[Span]) -> str | None:
    """The legal answer that says `value`, with the quote around where it stands; None where no legal answer does.

    value: in the parameter's unit, for text as it is written; for a computed number an expression such as "16*3".
    stands_at: spans of the document that hold or show it.
    """
    if value is None:
        return "null"
    if places.kind == "answer":
        return _number(places, read, value, stands_at)
    if places.kind == "chosen":
        return _chosen(slot, places, read, value, stands_at)
    if places.kind in ("numbers", "texts"):
        value = list(dict.fromkeys(value))
        if not places.min_items <= len(value) <= places.max_items:
            return None
    if places.kind == "numbers":
        digits = [_digits(places, read, item) for item in value]
        return None if None in digits else f'{{"value":[{",".join(str(each) for each in digits)}]}}'
    texts = [value] if places.kind == "text" else value
    if not all(slot.paper.places_of(text, slot.shown) for text in texts):
        return None
    if places.options and compact(value) not in places.options:
        return None
    return compact({"value": value})


def right_answers_of_choices(
    asked: Sequence[ChoiceQuestion], parameter: Parameter, value: Json, stands_at: Sequence[Span]
) -> list[str | None]:
    """For each question about a list that has the value: true of what is in it, false of the others, in its own words.

    All are null where the value is None or not shown. None where what shows a choice is not shown, or not quotable.
    """
    if not asked or value is None:
        return ["null"] * len(asked)
    slot = asked[0].slot
    shown = [span for span in stands_at if is_shown([span], slot)]
    answers: list[str | None] = []
    for each in asked:
        is_true = compact(each.choice) in map(compact, value)
        spans = _spans_of(each, parameter, value, stands_at) if is_true else stands_at
        shown_spans = [span for span in spans if span in shown]
        answer = _chosen(each.slot, each.places, each.read, is_true, shown_spans)
        answers.append(answer if shown else "null")
    return answers


def _spans_of(
    asked: ChoiceQuestion, parameter: Parameter, value: Sequence[Json], stands_at: Sequence[Span]
) -> Sequence[Span]:
    """Of the spans that show a list, those that show one of its choices: by their words, else by their order."""
    paper = asked.slot.paper
    telling = []
    for span in stands_at:
        quote = paper.document.text[slice(*paper.quote_around(*span))]
        if judged([asked.choice], quote, parameter)[0] is Status.STATED:
            telling.append(span)
    if not telling and len(value) == len(stands_at):
        return [stands_at[list(map(compact, value)).index(compact(asked.choice))]]
    return telling or stands_at


def is_shown(spans: Sequence[Span], slot: Slot) -> bool:
    """Whether one of the spans is shown."""
    return any(passage.start <= start and end <= passage.end for start, end in spans for passage in slot.shown.passages)


def _number(places: Places, read: ReadAnswer, value: Json, stands_at: Sequence[Span]) -> str | None:
    """Of the answers that name it, one whose quote is around where it stands; computed ones by their expression."""
    best: tuple[int, int, str] | None = None
    for order, option in enumerate(places.options):
        reading = read(option)
        computed = is_expression(reading.raw)
        if reading.quote is None or reading.value is None or computed is not isinstance(value, str):
            continue
        if not (_operands(reading.raw) == _operands(value) if computed else _equal(reading.value, value)):
            continue
        around = any(reading.quote[0] <= start and end <= reading.quote[1] for start, end in stands_at)
        ranked = (-int(around), order, option)
        best = ranked if best is None else min(best, ranked)
    return None if best is None else best[2]


def _chosen(slot: Slot, places: Places, read: ReadAnswer, value: Json, stands_at: Sequence[Span]) -> str | None:
    for quote in places.options:
        answer = answer_text({"value": value, "quote": json.loads(quote)}, slot.paper.run.recipe.order)
        span = read(answer).quote
        if span is not None and any(start < span[1] and span[0] < end for start, end in stands_at):
            return answer
    return None


def _digits(places: Places, read: ReadAnswer, item: Json) -> str | None:
    for digits in places.options:
        if _equal(read(f'{{"value":[{digits}]}}').value[0], item):
            return digits
    return None


def _equal(number: Json, expected: Json) -> bool:
    return bool(abs(number - expected) <= 1e-6 * max(1.0, abs(expected)))


def _operands(expression: str) -> tuple[str, list[str]]:
    """Sign and numbers of an expression with one kind of sign; their order counts for differences alone."""
    sign = next((sign for sign in "+*-" if sign in expression), "")
    numbers = expression.replace(" ", "").split(sign) if sign else [expression]
    return sign, numbers if sign == "-" else sorted(numbers)

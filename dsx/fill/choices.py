"""Legal values that are chosen: one, or several of a list."""

from __future__ import annotations

import json
import math
from collections.abc import Generator, Sequence

from dsx.answers import decide
from dsx.answers.decide import NULL, Decision
from dsx.ask import questions
from dsx.fill.paper import PaperContext, RecordContext, Span
from dsx.fill.value import Steps, not_reported, scores_of, sureness
from dsx.ground.support import support
from dsx.types import Choice, Completion, Json, Parameter, Question, Shown, Status, Value

QUOTE_CHOICES = 8
"""Sentences of which one is chosen as the quote of a choice."""


def choices_of(parameter: Parameter) -> list[Choice]:
    """The legal values of a parameter that is chosen, with their descriptions."""
    schema = parameter.schema
    schema = schema["items"] if schema.get("type") == "array" else schema
    described = {json.dumps(choice.value): choice for choice in parameter.choices}
    values = schema.get("enum", [True, False])
    return [described.get(json.dumps(value), Choice(value)) for value in values]


def habit_of(parameter: Parameter, choice: Choice) -> str:
    """The name of the habit of one choice of a list."""
    return f"{parameter.pointer} {json.dumps(choice.value)}"


def choice(paper: PaperContext, record: RecordContext, parameter: Parameter) -> Steps:
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
            options=(*choice_texts(order), NULL),
        )
        for number, order in enumerate(orders)
    ]
    both = decide.averaged([scores_of(completion) for completion in completions])
    scores = paper.without_habit(both, parameter, "choice")
    decision = decide.decide(scores, paper.weights("choice"))
    if decision.option == NULL:
        return not_reported(decision)
    value = json.loads(decision.option)
    quote = yield from _quote_of(paper, record, parameter, value, shown)
    return _chosen(paper, parameter, value, quote, decision)


def choices(paper: PaperContext, record: RecordContext, parameter: Parameter) -> Steps:
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
        odds = decide.log_odds(decide.yes_probability(scores_of(completion))) - weights.null
        habit = paper.practice.habits.get(habit_of(parameter, choice))
        if habit is not None and paper.uses("prior"):
            odds -= weights.prior * decide.log_odds(decide.yes_probability(habit))
        chances[json.dumps(choice.value, ensure_ascii=False)] = _logistic(odds)
    most = parameter.schema["maxItems"]
    held = sorted((text for text in chances if chances[text] > 0.5), key=lambda text: -chances[text])[:most]
    none = math.prod(1 - chance for chance in chances.values())
    ranked = tuple(sorted(chances.items(), key=lambda pair: -pair[1]))
    if not held:
        return not_reported(Decision(NULL, none, none, ranked))
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
    return Value(value, status, decision.probability, evidence, value, None, (), sureness(decision))


def choice_texts(choices: Sequence[Choice]) -> list[str]:
    return [json.dumps(choice.value, ensure_ascii=False) for choice in choices]


def _logistic(odds: float) -> float:
    return 1 / (1 + math.exp(-odds))

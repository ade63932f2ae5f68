"""Choices told in several orders, whose answers are averaged: what comes first or last is chosen more readily.

For a parameter that is one of its choices. The paper is shown once; each order is a question more about it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace

from dsx.answers.writing import compact
from dsx.fill import placed
from dsx.fill.paper import PaperContext, RecordContext
from dsx.fill.rounds import Task
from dsx.recipe import Recipe
from dsx.schema import kind_of
from dsx.types import Completion, Confidence, Parameter, Question, Status, Value

NULL = "null"
Chances = Mapping[str, float]
"""Choice as JSON, or NULL → its probability."""


def is_asked_in_orders(recipe: Recipe, parameter: Parameter) -> bool:
    """Whether a parameter that is taken from places is asked more than once: two choices or more are told."""
    return (recipe.choice_orders or 1) > 1 and kind_of(parameter) == "choice" and len(parameter.choices) > 1


def orders(parameter: Parameter, count: int) -> list[Parameter]:
    """The parameter with its choices in `count` orders, fewer where there are fewer choices.

    The schema's order, that order backwards, then both begun at another choice: each choice comes early and late.
    """
    told, found = parameter.choices, [parameter]
    for turn in range(len(told)):
        turned = (*told[turn:], *told[:turn])
        for order in (turned, turned[::-1]):
            if all(order != each.choices for each in found) and len(found) < count:
                found.append(replace(parameter, choices=order))
    return found


def fill(paper: PaperContext, record: RecordContext, parameter: Parameter) -> Task[Value]:
    """The value of a parameter that is one of its choices, by a question for each order."""
    slot, places, read = placed.prepare(paper, record, parameter)
    if placed.is_empty(places):
        return Value(None, Status.NOT_REPORTED, flags=(placed.NO_CANDIDATE,))
    questions: list[Question] = []
    for at, turned in enumerate(orders(parameter, paper.run.recipe.choice_orders or 1)):
        question = placed.question(replace(slot, parameter=turned), places)
        questions.append(replace(question, id=replace(question.id, order=at)))
    completions = yield questions
    for question, completion in zip(questions, completions, strict=True):
        paper.run.log(question, completion, ())
    failed = next((each for each in completions if placed.failure(each) is not None), None)
    if failed is not None:
        return placed.answered(slot, read, failed, None)
    try:
        chosen, sure = likeliest(parameter.name, completions)
    except (KeyError, TypeError, ValueError):  # the engine did not hold the grammar
        return Value(None, Status.FAILED, flags=(placed.no_place(completions[0]),))
    if sure is not None and not paper.run.recipe.alternatives:
        sure = replace(sure, alternatives=())
    return placed.answered(slot, read, chosen, sure)


def likeliest(name: str, completions: Sequence[Completion]) -> tuple[Completion, Confidence | None]:
    """Of the answers about a parameter the one whose choice all of them together find likeliest, and how likely.

    Where an answer says nothing of its probabilities, the choice of most; the earliest of equals.
    """
    said = [_said(completion) for completion in completions]
    chances = [_chances(completion, name) for completion in completions]
    known = [each for each in chances if each is not None]
    if len(known) < len(chances):
        return completions[said.index(max(said, key=said.count))], None
    mean = {key: sum(each.get(key, 0.0) for each in known) / len(known) for each in known for key in each}
    reported = 1 - mean[NULL]
    among = [each for each in said if (each == NULL) == (reported < 0.5)] or said
    best = max(among, key=lambda choice: mean.get(choice, 0.0))
    agreements = [completion.confidence[name].agreement for completion in completions]
    agreed = [each for each in agreements if each is not None]
    agreement = sum(agreed) / len(agreed) if len(agreed) == len(agreements) else None
    if best == NULL:
        return completions[said.index(best)], Confidence(reported, 1.0, agreement=agreement)
    told = sum(mean.values()) - mean[NULL]  # an answer that is null does not say which choice would be likely
    shares = {choice: chance / told for choice, chance in mean.items() if choice != NULL}
    ordered = sorted(shares.items(), key=lambda pair: -pair[1])
    alternatives = tuple((json.loads(choice), share) for choice, share in ordered)
    return completions[said.index(best)], Confidence(reported, shares[best], alternatives, agreement)


def _chances(completion: Completion, name: str) -> Chances | None:
    """None where they are not known."""
    sure = completion.confidence.get(name)
    if sure is None or not (sure.alternatives or completion.text == NULL):
        return None
    return {NULL: 1 - sure.reported, **{compact(choice): sure.reported * p for choice, p in sure.alternatives}}


def _said(completion: Completion) -> str:
    """The choice that an answer says, as JSON."""
    answer = json.loads(completion.text)
    return NULL if answer is None else compact(answer["value"])

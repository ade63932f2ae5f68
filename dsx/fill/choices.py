"""Lists of choices that are asked choice by choice: is it one of them, true or false?

Asked for the whole list, small models take all choices that there are, or the same ones in every paper.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from dsx.answers.calibration import ITEM, NULL
from dsx.answers.writing import compact
from dsx.fill import placed
from dsx.fill.paper import PaperContext, RecordContext, Span
from dsx.fill.placed import ReadAnswer, Slot
from dsx.fill.rounds import Task
from dsx.recipe import Recipe
from dsx.schema import kind_of
from dsx.types import Confidence, Flag, Json, Parameter, Places, Question, Status, Value

MAX_CHOICES = 12
"""A list of more choices is one question, for each choice would take one."""
THRESHOLD = 0.5
"""From this probability on, of true against false and null, a choice is taken. No lower one can be held to: what is
answered where false or null was likelier need not say how likely true was."""
CHOICES_DROPPED = "choices-dropped"
"""Flag of a list: its detail names choices that were likely enough, and are left out for minItems or maxItems."""


@dataclass(frozen=True, slots=True)
class ChoiceQuestion:
    """The question whether a choice is one of a list's, and what its answer may take from the text."""

    choice: Json
    slot: Slot
    places: Places
    read: ReadAnswer
    question: Question


@dataclass(frozen=True, slots=True, eq=False)
class Verdict:
    """What was answered about a choice: true, false or null (None); quote: of an answer that is not null."""

    choice: Json
    is_true: bool | None
    sure: Confidence | None = None
    quote: Span | None = None

    @property
    def probability(self) -> float | None:
        """That the choice is one of the list's, of true against false and null. Of a null: the most that it can be.

        By the tokens of the answer; where alternatives are known, by all that spell true.
        """
        if self.sure is None:
            return None
        if self.is_true is None:
            return self.sure.reported
        of_answer = self.sure.value if self.is_true else 1 - self.sure.value
        return self.sure.reported * dict(self.sure.alternatives).get(True, of_answer)

    @property
    def is_likely(self) -> bool:
        """Whether it is to be taken; by the answer alone where no probability is known."""
        return self.is_true is True and (self.probability is None or self.probability >= THRESHOLD)


def is_asked_each(recipe: Recipe, parameter: Parameter) -> bool:
    """Whether a parameter that is taken from places is asked choice by choice.

    A list that must hold more items than there are choices has some of them twice, which no such question can tell.
    """
    if recipe.choices != "each" or kind_of(parameter) != "choices":
        return False
    choices: Sequence[Json] = parameter.schema["items"].get("enum", ())
    return 0 < len(choices) <= MAX_CHOICES and bool(parameter.schema["minItems"] <= len(choices))


def questions(paper: PaperContext, record: RecordContext, parameter: Parameter) -> list[ChoiceQuestion]:
    """One for each choice, in the schema's order, all about the same text. Empty where nothing can be quoted."""
    whole = Slot(paper, record, parameter, paper.show([parameter], record))
    spans = placed.quotable(whole)
    asked: list[ChoiceQuestion] = []
    reading = paper.reading(record, [parameter])
    for choice in parameter.schema["items"]["enum"] if spans else ():
        slot = replace(whole, parameter=_yes_or_no(parameter, choice))
        places, read = placed.chosen_of(slot, spans)
        question = placed.question(slot, places)
        identity = replace(question.id, names=(parameter.name,), attempt=reading, choice=compact(choice))
        asked.append(ChoiceQuestion(choice, slot, places, read, replace(question, id=identity)))
    return asked


def _yes_or_no(parameter: Parameter, choice: Json) -> Parameter:
    """Whether a choice is one of the list's, as a parameter that is told in few words."""
    named = choice if isinstance(choice, str) else compact(choice)
    meaning = next((each.description for each in parameter.choices if compact(each.value) == compact(choice)), "")
    meant = f" ({meaning})" if meaning else ""
    description = f'{parameter.description} Is "{named}"{meant} one of them?'.lstrip()
    return Parameter(f"{parameter.name}: {named}", {"type": "boolean"}, description)


def fill(paper: PaperContext, record: RecordContext, parameter: Parameter) -> Task[Value]:
    """The value of a list of choices, by a question for each."""
    asked = questions(paper, record, parameter)
    if not asked:
        return Value(None, Status.NOT_REPORTED, flags=(placed.NO_CANDIDATE,))
    completions = yield [each.question for each in asked]
    verdicts: list[Verdict] = []
    for each, completion in zip(asked, completions, strict=True):
        paper.run.log(each.question, completion, ())
    for each, completion in zip(asked, completions, strict=True):
        if (flag := placed.failure(completion)) is not None:
            return Value(None, Status.FAILED, flags=(flag,))
        try:
            verdicts.append(_verdict(each, completion.text, completion.confidence.get(each.slot.parameter.name)))
        except (KeyError, TypeError, ValueError):  # the engine did not hold the grammar
            return Value(None, Status.FAILED, flags=(placed.no_place(completion),))
    return _value(Slot(paper, record, parameter, asked[0].slot.shown), verdicts)


def _verdict(asked: ChoiceQuestion, text: str, sure: Confidence | None) -> Verdict:
    """Raises KeyError, TypeError or ValueError for an answer that the grammar does not have."""
    if text == "null":
        return Verdict(asked.choice, None, sure)
    reading = asked.read(text)
    if not isinstance(reading.value, bool):
        raise TypeError(text)
    return Verdict(asked.choice, reading.value, sure, reading.quote)


def taken(verdicts: Sequence[Verdict], min_items: int = 1, max_items: int = MAX_CHOICES) -> list[Verdict]:
    """Those of the choices that the list has, in their order: the most probable ones where there are too many.

    None where there are too few.
    """
    likely = [verdict for verdict in verdicts if verdict.is_likely]
    if len(likely) < min_items:
        return []
    best = sorted(likely, key=lambda verdict: -(verdict.probability or 0.0))[:max_items]
    return [verdict for verdict in likely if verdict in best]


def confidence(verdicts: Sequence[Verdict], chosen: Sequence[Verdict]) -> Confidence | None:
    """Of a list by what was answered about its choices; None where a probability is not known.

    reported: of the likeliest choice, for a list has at least that one. reported × value: that each choice is rightly
    taken or left, as if they did not depend on each other: the product, for one wrong choice makes a list wrong.
    agreement: the least of the choices that are taken, of all where none is.
    """
    probabilities = [verdict.probability for verdict in verdicts]
    known = [each for each in probabilities if each is not None]
    if len(known) < len(probabilities):
        return None
    reported = max(known)
    right = math.prod(each if verdict in chosen else 1 - each for verdict, each in zip(verdicts, known, strict=True))
    agreements = [verdict.sure.agreement for verdict in chosen or verdicts if verdict.sure is not None]
    agreed = [each for each in agreements if each is not None]
    agreement = min(agreed) if agreed and len(agreed) == len(agreements) else None
    return Confidence(reported, min(1.0, right / reported) if chosen else 1.0, agreement=agreement)


def _value(slot: Slot, verdicts: Sequence[Verdict]) -> Value:
    """The list's value, quoted where most of its choices are stated; stated where that quote or their own state all."""
    parameter, paper = slot.parameter, slot.paper
    chosen = taken(verdicts, parameter.schema["minItems"], parameter.schema["maxItems"])
    sure = confidence(verdicts, chosen)
    left_out = [compact(each.choice) for each in verdicts if each.is_likely and each not in chosen]
    flags = (Flag(CHOICES_DROPPED, ", ".join(left_out)),) if left_out else ()
    if not chosen:
        return Value(None, Status.NOT_REPORTED, placed.probability(slot, NULL, sure), flags=flags, sure=sure)
    choices = [each.choice for each in chosen]
    quote = _best_quote(slot, chosen)
    status, assumed = placed.judged(choices, paper.document.text[slice(*quote)], parameter)
    items = tuple(_item(slot, each) for each in chosen)
    if all(item.status is Status.STATED for item in items):
        status, assumed = Status.STATED, tuple(dict.fromkeys(flag for item in items for flag in item.flags))
    likely, evidence = placed.probability(slot, kind_of(parameter), sure), paper.evidence_of(quote)
    value = Value(choices, status, likely, evidence, choices, None, (*assumed, *flags), sure, items)
    return paper.stored(value, None, parameter)


def _item(slot: Slot, verdict: Verdict) -> Value:
    """A choice that is taken, with its own quote and what that says of it."""
    assert verdict.quote is not None
    evidence, sure = slot.paper.evidence_of(verdict.quote), verdict.sure
    status, flags = placed.judged(verdict.choice, evidence.quote, slot.parameter)
    if sure is not None:  # of the choice, not of the word true
        sure = Confidence(sure.reported, dict(sure.alternatives).get(True, sure.value), agreement=sure.agreement)
    return Value(verdict.choice, status, placed.probability(slot, ITEM, sure), evidence, flags=flags, sure=sure)


def _best_quote(slot: Slot, chosen: Sequence[Verdict]) -> Span:
    """The choices' quote that states most of them; where its record is described; of the likeliest choice."""

    def rank(verdict: Verdict) -> tuple[float, ...]:
        assert verdict.quote is not None
        text = slot.paper.document.text[slice(*verdict.quote)]
        stated = sum(placed.judged(each.choice, text, slot.parameter)[0] is Status.STATED for each in chosen)
        return -stated, -slot.record.relevance(verdict.quote[0]), -(verdict.probability or 0.0)

    quote = min(chosen, key=rank).quote
    assert quote is not None
    return quote

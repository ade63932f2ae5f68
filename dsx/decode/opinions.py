"""Second opinions on an answer: draws that agree with it or not, and the probability of every choice there was.

Both are more rows on the same prefix, in the same loop.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from dsx.decode.confidence import value_spans
from dsx.decode.row import Row
from dsx.types import Completion, Json, Parameter, Question

MOST_INTEGERS = 20
"""An integer with more legal values than this has no list of choices."""


@dataclass(frozen=True, slots=True)
class Opinions:
    """How many draws, and whether the choices' probabilities are wanted.

    run: decodes rows; read: the text of a finished row; spell: the bytes of a token.
    """

    samples: int
    seed: int
    alternatives: bool
    run: Callable[[Sequence[Row]], Iterable[Row]]
    read: Callable[[Row], str]
    spell: Callable[[int], bytes]

    def add(self, answered: Sequence[tuple[Question, Row, Completion]]) -> Iterator[Completion]:
        """The completions, with agreement and alternatives of the parameters whose confidence is known."""
        more: list[Row] = []
        drawn: dict[str, list[Row]] = {}
        led: dict[str, list[tuple[str, Json, Row]]] = {}
        for question, row, completion in answered:
            if completion.confidence and self.samples > 1:
                drawn[row.key] = draws(row, self.samples, self.seed)
                more += drawn[row.key]
            if completion.confidence and self.alternatives:
                led[row.key] = list(candidates(question, row, completion.text))
                more += [one for _, _, one in led[row.key]]
        for _ in self.run(more):
            pass  # the rows themselves are filled
        for question, row, completion in answered:
            texts = [self.read(one) for one in drawn.get(row.key, ()) if one.error is None and not one.truncated]
            agreed = agreement(question, completion.text, texts) if texts else {}
            probable = chances(question, completion.text, led.get(row.key, ()), self.spell)
            sure = {
                name: replace(one, agreement=agreed.get(name), alternatives=probable.get(name, ()))
                for name, one in completion.confidence.items()
            }
            yield replace(completion, confidence=sure)


def draws(row: Row, count: int, seed: int) -> list[Row]:
    """`count` rows like `row` that draw their tokens, each by a seed of its own."""
    return [
        Row(f"{row.key}\0draw {at}", row.prefix_tokens, row.suffix, row.grammar, row.cap, seed=seed * 1000 + at)
        for at in range(count)
    ]


def agreement(question: Question, text: str, drawn: Sequence[str]) -> dict[str, float]:
    """By parameter: the share of the drawn answers (texts) that say the same value as `text`; 0…1."""
    said = _values(question, text)
    others = [_values(question, other) for other in drawn]
    return {name: sum(other[name] == value for other in others) / len(others) for name, value in said.items()}


def _values(question: Question, text: str) -> dict[str, Json]:
    answer = json.loads(text)
    if len(question.parameters) == 1:
        answer = {question.parameters[0].name: answer}
    return {name: None if one is None else one["value"] for name, one in answer.items()}


def choices(parameter: Parameter) -> list[Json]:
    """All legal values of an enumeration, a boolean or a small integer; none of other types."""
    schema = parameter.schema
    if "enum" in schema:
        return list(schema["enum"])
    if schema.get("type") == "boolean":
        return [True, False]
    if schema.get("type") == "integer" and "minimum" in schema and "maximum" in schema:
        values = range(int(schema["minimum"]), int(schema["maximum"]) + 1)
        return list(values) if len(values) <= MOST_INTEGERS else []
    return []


def candidates(question: Question, row: Row, text: str) -> Iterator[tuple[str, Json, Row]]:
    """(parameter, choice, a row that is led to write this choice where `text`, the answer, has another)."""
    names = [parameter.name for parameter in question.parameters]
    legal = {parameter.name: choices(parameter) for parameter in question.parameters}
    for name, _, (first, last) in value_spans(names, text):
        for at, choice in enumerate(legal[name] if last > first else ()):
            spelled = json.dumps(choice, ensure_ascii=False)
            key = f"{row.key}\0{name}\0{at}"
            target = (text[:first] + spelled).encode()
            led = Row(key, row.prefix_tokens, row.suffix, row.grammar, row.cap, target=target)
            yield name, choice, led


def chances(
    question: Question, text: str, led: Sequence[tuple[str, Json, Row]], spell: Callable[[int], bytes]
) -> dict[str, tuple[tuple[Json, float], ...]]:
    """By parameter: each choice with its probability under the grammar, null set aside, the likeliest first."""
    names = [parameter.name for parameter in question.parameters]
    starts = {name: len(text[:first].encode()) for name, _, (first, _) in value_spans(names, text)} if led else {}
    found: dict[str, list[tuple[Json, float]]] = {}
    for name, choice, row in led:
        if row.error is None:
            found.setdefault(name, []).append((choice, math.exp(_log_probability(row, starts[name], spell))))
    return {name: tuple(sorted(pairs, key=lambda pair: -pair[1])) for name, pairs in found.items()}


def _log_probability(row: Row, start: int, spell: Callable[[int], bytes]) -> float:
    """Of the sampled tokens that reach past `start`; the one that also decided against null has null's share out."""
    ends, total = [], 0
    for token in row.out:
        total += len(spell(token))
        ends.append(total)
    result = 0.0
    for step in row.sampled:
        if ends[step.at] > start:
            result += min(0.0, step.log_probability - math.log(max(1 - step.null, 1e-9)))
    return result

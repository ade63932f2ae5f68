"""Second opinions on an answer: draws that agree with it or not, and the probability of every choice there was.

Both are more rows on the same prefix, in the same loop; what they cost is in the question's usage.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from dsx.engines.local.choice_scores import Spellings, spellings
from dsx.engines.local.sequence import Row
from dsx.types import Completion, Json, Question, Usage
from dsx.units import convert


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
        drawn: dict[Hashable, list[Row]] = {}
        spelled: dict[Hashable, list[Spellings]] = {}
        for question, row, completion in answered:
            if completion.confidence and self.samples > 1:
                drawn[row.key] = draws(row, self.samples, self.seed)
            if completion.confidence and self.alternatives:
                spelled[row.key] = list(spellings(question, row, completion.text, self.spell))
        self._run([one for rows in drawn.values() for one in rows], [one for some in spelled.values() for one in some])
        for question, row, completion in answered:
            rows, some = drawn.get(row.key, []), spelled.get(row.key, [])
            texts = [self.read(one) for one in rows if one.error is None and not one.truncated]
            agreed = agreement(question, completion.text, texts)
            probable = {one.name: one.chances() for one in some}
            sure = {
                name: replace(one, agreement=agreed.get(name), alternatives=probable.get(name, ()))
                for name, one in completion.confidence.items()
            }
            usage = with_rows(completion.usage, [*rows, *(led for one in some for led in one.rows)])
            yield replace(completion, confidence=sure, usage=usage)

    def _run(self, more: list[Row], spelled: Sequence[Spellings]) -> None:
        """The rows themselves are filled; those of the spellings come in rounds, as each round shows what is open."""
        while more := more + [row for one in spelled for row in one.next_rows()]:
            for _ in self.run(more):
                pass
            for one in spelled:
                one.read()
            more = []


def with_rows(usage: Usage, rows: Sequence[Row]) -> Usage:
    """What a question cost, with these rows of it, failed ones too."""
    return replace(
        usage,
        tokens_sampled=usage.tokens_sampled + sum(len(row.sampled) for row in rows),
        tokens_forced=usage.tokens_forced + sum(len(row.out) - len(row.sampled) for row in rows),
        forward_passes=usage.forward_passes + sum(row.passes for row in rows),
        ms_model=usage.ms_model + sum(row.ms_model for row in rows),
        ms_prefill=usage.ms_prefill + sum(row.ms_prefill for row in rows),
        ms_grammar=usage.ms_grammar + sum(row.ms_grammar for row in rows),
    )


# ---- draws ----


def draws(row: Row, count: int, seed: int) -> list[Row]:
    """`count` rows like `row` that draw their tokens, each by a seed of its own."""
    return [
        Row((row.key, "draw", at), row.prefix_tokens, row.suffix, row.grammar, row.cap, seed=one)
        for at, one in enumerate(draw_seed(seed, str(row.key), at) for at in range(count))
    ]


def draw_seed(seed: int, key: str, at: int) -> int:
    """Another one for every run's seed, question and draw, and always the same."""
    digest = hashlib.sha256(json.dumps([seed, key, at]).encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def agreement(question: Question, text: str, drawn: Sequence[str]) -> dict[str, float]:
    """By parameter: the share of the drawn answers (texts) that say the same as `text`, 0…1; empty for no draws.

    80 mm and 8 cm are the same, 80 mm and 80 cm are not.
    """
    if not drawn:
        return {}
    said = _answers(question, text)
    others = [_answers(question, other) for other in drawn]
    return {name: sum(_same(other[name], value) for other in others) / len(others) for name, value in said.items()}


def _answers(question: Question, text: str) -> dict[str, Json]:
    """By parameter: None, or [value, unit], in the parameter's unit where it can be."""
    answer = json.loads(text)
    if len(question.parameters) == 1:
        answer = {question.parameters[0].name: answer}
    found: dict[str, Json] = {}
    for parameter in question.parameters:
        one = answer[parameter.name]
        if one is None:
            found[parameter.name] = None
            continue
        found[parameter.name] = [one["value"], one.get("unit")]
        if parameter.unit is not None and one.get("unit") is not None:
            with suppress(ValueError):  # compared as written
                found[parameter.name] = [_in_unit(one["value"], one["unit"], parameter.unit), parameter.unit]
    return found


def _in_unit(value: Json, written: str, unit: str) -> Json:
    if isinstance(value, list):
        return [_in_unit(item, written, unit) for item in value]
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return convert(value, written, unit) if number else value


def _same(one: Json, other: Json) -> bool:
    """Equal, numbers but for rounding."""
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, int | float) and isinstance(other, int | float):
        return math.isclose(one, other, rel_tol=1e-9)
    return bool(one == other)

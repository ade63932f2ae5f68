"""Self-consistency: how many drawn answers agree with the likeliest one. And the probabilities of all choices.

Both are more sequences on the same prefix, in the same loop. What they cost is in the question's usage.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections import abc
from contextlib import suppress
from dataclasses import dataclass, replace

from dsx.answers import reader
from dsx.engines.local.choice_scores import ChoiceScores, choice_scores
from dsx.engines.local.sequence import Sequence
from dsx.types import Completion, Json, Question, Usage
from dsx.units import convert


@dataclass(frozen=True, slots=True)
class SelfConsistency:
    """samples: draws a question. alternatives: whether the choices' probabilities are wanted.

    run: generates sequences. decode: the text of a finished one. token_bytes: the bytes of a token.
    """

    samples: int
    seed: int
    alternatives: bool
    run: abc.Callable[[abc.Sequence[Sequence]], abc.Iterable[Sequence]]
    decode: abc.Callable[[Sequence], str]
    token_bytes: abc.Callable[[int], bytes]

    def add(self, answered: abc.Sequence[tuple[Question, Sequence, Completion]]) -> abc.Iterator[Completion]:
        """The completions, with agreement and alternatives of the parameters whose confidence is known."""
        drawn: dict[abc.Hashable, list[Sequence]] = {}
        scored: dict[abc.Hashable, list[ChoiceScores]] = {}
        for question, seq, completion in answered:
            if completion.confidence and self.samples > 1:
                drawn[seq.key] = draws(seq, self.samples, self.seed)
            if completion.confidence and self.alternatives:
                scored[seq.key] = list(choice_scores(question, seq, completion.text, self.token_bytes))
        self._run(
            [draw for of_answer in drawn.values() for draw in of_answer],
            [scores for of_answer in scored.values() for scores in of_answer],
        )
        for question, seq, completion in answered:
            its_draws, its_scores = drawn.get(seq.key, []), scored.get(seq.key, [])
            texts = [self.decode(draw) for draw in its_draws if draw.error is None and not draw.truncated]
            agreed = agreement(question, completion.text, texts)
            alternatives = {scores.name: scores.probabilities() for scores in its_scores}
            confidence = {
                name: replace(value, agreement=agreed.get(name), alternatives=alternatives.get(name, ()))
                for name, value in completion.confidence.items()
            }
            more = [*its_draws, *(path for scores in its_scores for path in scores.sequences)]
            yield replace(completion, confidence=confidence, usage=add_usage(completion.usage, more))

    def _run(self, sequences: list[Sequence], scored: abc.Sequence[ChoiceScores]) -> None:
        """Runs the draws, and with them the first round of the choices' sequences; then the further rounds."""
        while sequences := sequences + [seq for scores in scored for seq in scores.next_sequences()]:
            for _ in self.run(sequences):
                pass
            for scores in scored:
                scores.collect()
            sequences = []


def add_usage(usage: Usage, sequences: abc.Sequence[Sequence]) -> Usage:
    """What a question cost, with these sequences of it, failed ones too."""
    return replace(
        usage,
        tokens_sampled=usage.tokens_sampled + sum(len(seq.sampled) for seq in sequences),
        tokens_forced=usage.tokens_forced + sum(seq.num_forced_tokens for seq in sequences),
        forward_passes=usage.forward_passes + sum(seq.forward_passes for seq in sequences),
        ms_model=usage.ms_model + sum(seq.ms_model for seq in sequences),
        ms_prefill=usage.ms_prefill + sum(seq.ms_prefill for seq in sequences),
        ms_grammar=usage.ms_grammar + sum(seq.ms_grammar for seq in sequences),
    )


# ---- draws ----


def draws(seq: Sequence, count: int, seed: int) -> list[Sequence]:
    """`count` sequences like `seq` whose tokens are drawn, each by a seed of its own."""
    return [
        Sequence(
            (seq.key, "draw", at),
            seq.prefix_tokens,
            seq.suffix_tokens,
            seq.grammar,
            seq.max_tokens,
            seed=draw_seed(seed, str(seq.key), at),
            correction=seq.correction,
        )
        for at in range(count)
    ]


def draw_seed(seed: int, key: str, at: int) -> int:
    """Another one for every run's seed, question and draw, and always the same."""
    digest = hashlib.sha256(json.dumps([seed, key, at]).encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def agreement(question: Question, text: str, drawn: abc.Sequence[str]) -> dict[str, float]:
    """By parameter: the share of the drawn answers (texts) that say the same as `text`, 0…1. Empty for no draws.

    80 mm and 8 cm are the same, 80 mm and 80 cm are not.
    """
    others = [answers for other in drawn if (answers := _answers(question, other))]
    return {
        name: sum(_agree(other[name], value) for other in others) / len(others)
        for name, value in _answers(question, text).items()
        if others
    }


def _answers(question: Question, text: str) -> dict[str, Json]:
    """By parameter: None, or [value, unit], in the parameter's unit where it can be. Empty where it is not JSON."""
    answers: dict[str, Json] = {}
    try:
        nodes = reader.answers(reader.parse(text), [parameter.name for parameter in question.parameters])[0]
    except reader.Unreadable:
        return {}
    for parameter in question.parameters:
        part = nodes[parameter.name].value
        if part is None:
            answers[parameter.name] = None
            continue
        answers[parameter.name] = [part["value"], part.get("unit")]
        if parameter.unit is not None and part.get("unit") is not None:
            with suppress(ValueError):  # compared as written
                answers[parameter.name] = [_in_unit(part["value"], part["unit"], parameter.unit), parameter.unit]
    return answers


def _in_unit(value: Json, written: str, unit: str) -> Json:
    if isinstance(value, list):
        return [_in_unit(item, written, unit) for item in value]
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return convert(value, written, unit) if number else value


def _agree(left: Json, right: Json) -> bool:
    """Equal, numbers but for rounding."""
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(_agree, left, right))
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, int | float) and isinstance(right, int | float):
        return math.isclose(left, right, rel_tol=1e-9)
    return bool(left == right)

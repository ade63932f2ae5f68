"""The probability of every choice that a parameter has, summed over all token paths that spell it."""

from __future__ import annotations

import json
import math
from collections import abc
from decimal import Decimal

from dsx.answers.reader import value_spans
from dsx.engines.local.sequence import Sequence
from dsx.schema.values import validates
from dsx.types import Json, Parameter, Question

MAX_INTEGERS = 20
"""An integer with more legal values than this has no list of choices."""
UNEXPLORED, TOLERATED = 5e-4, 0.01
"""Shares of a parameter's probability: what may stay unexplored, and what may be spread over the choices for it."""
ROUND_SEQUENCES, MAX_SEQUENCES = 16, 96
"""Most sequences of one parameter, at once and in all."""
_NO_CHOICE = -1
"""Stands among the choices for null, and for another beginning than the answer's."""


def choices(parameter: Parameter) -> list[Json]:
    """All legal values of an enumeration, a boolean or a small integer; none of other types."""
    schema = parameter.schema
    if "enum" in schema:
        return list(schema["enum"])
    if schema.get("type") == "boolean":
        return [True, False]
    if schema.get("type") == "integer":
        low = [schema[key] for key in ("minimum", "exclusiveMinimum") if key in schema]
        high = [schema[key] for key in ("maximum", "exclusiveMaximum") if key in schema]
        if low and high and min(high) - max(low) < 1000:
            values = range(math.floor(max(low)), math.ceil(min(high)) + 1)
            legal = [value for value in values if validates(parameter, value)]
            return legal if len(legal) <= MAX_INTEGERS else []
    return []


def choice_scores(
    question: Question, seq: Sequence, text: str, token_bytes: abc.Callable[[int], bytes]
) -> abc.Iterator[ChoiceScores]:
    """Of each parameter that has choices and a value in `text`, the answer that `seq` generated."""
    names = [parameter.name for parameter in question.parameters]
    legal = {parameter.name: choices(parameter) for parameter in question.parameters}
    for span in value_spans(names, text):
        if span.last == span.first or not legal[span.name]:
            continue
        opening = text[span.start : span.first]
        decides = opening == '{"value":'  # else the quote comes first, and null or not is settled by it
        stem, opening = (text[: span.start], opening) if decides else (text[: span.first], "")
        ways = [(way, at) for at, choice in enumerate(legal[span.name]) for way in spellings(choice)]
        texts = {opening + way + text[span.last]: at for way, at in ways}
        if decides:
            texts["null"] = _NO_CHOICE
        encoded = {(stem + continuation).encode(): at for continuation, at in texts.items()}
        yield ChoiceScores(span.name, legal[span.name], seq, stem.encode(), encoded, token_bytes)


def spellings(choice: Json) -> set[str]:
    """The ways in which the grammar may write it: numbers without exponent, whole ones without point, and -0."""
    spellings = {json.dumps(choice, ensure_ascii=False)}
    if isinstance(choice, int | float) and not isinstance(choice, bool):
        exact = Decimal(str(choice))
        spellings |= {f"{exact:f}", f"{int(exact)}" if exact == int(exact) else f"{exact.normalize():f}"}
        spellings |= {"-0"} if choice == 0 else set()
    return spellings


class ChoiceScores:
    """The token paths that spell one parameter's choices after the same beginning of the answer, and their sums.

    A path is followed until its bytes fit one choice only. The byte that the grammar puts after a value counts: 1 and
    10 differ. Sequences follow the likeliest paths. What branches off on the way is measured there, and followed in the
    next round, until no more than UNEXPLORED is open.

    stem: the answer before it is decided whether there is a value, or which. texts: what each choice makes of the whole
    answer so far, to the choice's index. sequences: those that were needed.
    """

    def __init__(
        self,
        name: str,
        choices: abc.Sequence[Json],
        seq: Sequence,
        stem: bytes,
        texts: abc.Mapping[bytes, int],
        token_bytes: abc.Callable[[int], bytes],
    ) -> None:
        self.name, self.choices, self.token_bytes, self._stem, self._texts = name, choices, token_bytes, stem, texts
        self.sequences: list[Sequence] = []
        self._under_way: list[tuple[Sequence, LikeliestPath, float]] = []
        self._answer, self._stem_tokens = seq, _tokens_up_to(seq, len(stem), token_bytes)
        self._stem_bytes = b"".join(map(token_bytes, self._stem_tokens))
        self._sums = dict.fromkeys(range(_NO_CHOICE, len(choices)), 0.0)
        self._open: list[tuple[float, tuple[int, ...]]] = []
        self._settle((), 1.0)

    def next_sequences(self) -> list[Sequence]:
        """Sequences that follow the likeliest open paths. None where enough is known, or too much was tried."""
        self._open.sort()
        unexplored = sum(probability for probability, _ in self._open)
        enough = UNEXPLORED * (1 - self._sums[_NO_CHOICE])
        answer, sequences = self._answer, list[Sequence]()
        while self._open and unexplored > enough:
            if len(sequences) == ROUND_SEQUENCES or len(self.sequences) == MAX_SEQUENCES:
                break
            probability, path = self._open.pop()
            unexplored -= probability
            assert answer.grammar is not None
            policy, matcher, tokens = LikeliestPath(self, path), answer.grammar.deep_copy(), [*self._stem_tokens, *path]
            matcher.consume_tokens(tokens)
            key, suffix = (answer.key, self.name, len(self.sequences)), [*answer.suffix_tokens, *tokens]
            seq = Sequence(key, answer.prefix_tokens, suffix, matcher, answer.max_tokens, policy=policy)
            seq.correction = answer.correction_after(tokens)
            sequences.append(seq)
            self.sequences.append(seq)
            self._under_way.append((seq, policy, probability))
        return sequences

    def collect(self) -> None:
        """Takes over what the sequences have measured. What failed stays unknown."""
        for seq, policy, probability in self._under_way:
            seq.matcher = None  # which is large beside the rest of a sequence
            if seq.error is not None:
                continue
            for path, legal, taken in policy.steps:
                for token, log_probability in legal.items():
                    if token != taken:
                        self._settle((*path, token), probability * math.exp(log_probability))
                probability *= math.exp(legal[taken]) if taken is not None else 0.0
            if probability and seq.output_tokens and not seq.truncated:
                self._settle((*policy.start, *seq.output_tokens), probability)
        self._under_way = []

    def probabilities(self) -> tuple[tuple[Json, float], ...]:
        """Each choice with its probability under the grammar, null set aside, the likeliest first.

        They are sums over token paths. What was left unexplored is spread over them in proportion if it is less than
        TOLERATED. Otherwise they are lower bounds, and do not add up to 1. Empty where nothing could be measured.
        """
        rest = 1 - self._sums[_NO_CHOICE]
        shares = [self._sums[at] / rest if rest > 0 else 0.0 for at in range(len(self.choices))]
        total = sum(shares)
        if total == 0:
            return ()
        if abs(1 - total) < TOLERATED:
            shares = [share / total for share in shares]
        return tuple(sorted(zip(self.choices, shares, strict=True), key=lambda pair: -pair[1]))

    def candidates(self, path: abc.Sequence[int]) -> set[int]:
        """The choices that these tokens may still become. _NO_CHOICE is one."""
        written = self._stem_bytes + b"".join(map(self.token_bytes, path))
        if not written.startswith(self._stem[: len(written)]):
            return {_NO_CHOICE}
        return {at for text, at in self._texts.items() if text.startswith(written) or written.startswith(text)}

    def _settle(self, path: tuple[int, ...], probability: float) -> None:
        """Adds to the sum of the choice that it is. What is none of them is lost."""
        candidates = self.candidates(path)
        if len(candidates) == 1:
            self._sums[candidates.pop()] += probability
        elif candidates:
            self._open.append((probability, path))


class LikeliestPath:
    """A policy: the likeliest token that does not yet decide between choices. It ends where every token does.

    start: tokens that stand before the sequence's own. steps: (path, legal tokens' log-probabilities, the token taken).
    """

    def __init__(self, scores: ChoiceScores, start: tuple[int, ...]) -> None:
        self.scores, self.start = scores, start
        self.steps: list[tuple[tuple[int, ...], abc.Mapping[int, float], int | None]] = []

    def __call__(self, output_tokens: abc.Sequence[int], legal: abc.Mapping[int, float]) -> int | None:
        """See `TokenPolicy`."""
        path = (*self.start, *output_tokens)
        undecided = (token for token in legal if len(self.scores.candidates((*path, token))) > 1)
        taken = max(undecided, key=lambda token: legal[token], default=None)
        self.steps = [step for step in self.steps if len(step[0]) < len(path)]  # these stand in the answer
        self.steps.append((path, legal, taken))
        return taken


def _tokens_up_to(seq: Sequence, length: int, token_bytes: abc.Callable[[int], bytes]) -> list[int]:
    """The answer's tokens before the first sampled one that reaches past so many bytes."""
    ends, total = [], 0
    for token in seq.output_tokens:
        total += len(token_bytes(token))
        ends.append(total)
    past = (token.index for token in seq.sampled if ends[token.index] > length)
    return seq.output_tokens[: next(past, len(seq.output_tokens))]

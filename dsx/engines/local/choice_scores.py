"""The probability of every choice that a parameter has, over all token paths that spell it; rows are led along them."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal

from dsx.engines.local.confidence import value_spans
from dsx.engines.local.sequence import Row
from dsx.schema.values import validates
from dsx.types import Json, Parameter, Question

MOST_INTEGERS = 20
"""An integer with more legal values than this has no list of choices."""
UNKNOWN, TOLERATED = 5e-4, 0.01
"""Shares of a parameter's probability: what may stay unexplored, and what may be spread over the choices for it."""
ROUND_ROWS, MOST_ROWS = 16, 96
"""Most rows of one parameter, at once and in all."""
_ASIDE = -1
"""Stands for null, and for what the answer before the value is not, among the choices."""


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
            return legal if len(legal) <= MOST_INTEGERS else []
    return []


def spellings(question: Question, row: Row, text: str, spell: Callable[[int], bytes]) -> Iterator[Spellings]:
    """Of each parameter that has choices and of which `text`, the answer that `row` wrote, has a value."""
    names = [parameter.name for parameter in question.parameters]
    legal = {parameter.name: choices(parameter) for parameter in question.parameters}
    for name, start, (first, last) in value_spans(names, text):
        if last == first or not legal[name]:
            continue
        decides = text[start:first] == '{"value":'  # else the quote comes first, and null or not is settled by it
        stem, opening, end = text[: start if decides else first], text[start:first] if decides else "", text[last]
        texts = {opening + one + end: at for at, choice in enumerate(legal[name]) for one in _written(choice)}
        if decides:
            texts["null"] = _ASIDE
        coded = {(stem + one).encode(): at for one, at in texts.items()}
        yield Spellings(name, legal[name], row, stem.encode(), coded, spell)


def _written(choice: Json) -> set[str]:
    """The ways in which the grammar may write it: numbers without exponent, whole ones without point, and -0."""
    found = {json.dumps(choice, ensure_ascii=False)}
    if isinstance(choice, int | float) and not isinstance(choice, bool):
        exact = Decimal(str(choice))
        found |= {f"{exact:f}", f"{int(exact)}" if exact == int(exact) else f"{exact.normalize():f}"}
        found |= {"-0"} if choice == 0 else set()
    return found


class Spellings:
    """The token paths that spell one parameter's choices after the same beginning of the answer, and their sums.

    A path is followed until its bytes fit one choice only, of which the byte that the grammar puts after a value is a
    part: 1 and 10 differ. Rows follow the likeliest paths; what turns off on the way is measured there, and followed in
    the next round, until no more than UNKNOWN is open.

    stem: the answer before it is decided whether there is a value, or which; texts: what each choice makes of the whole
    answer so far, to the choice's index; rows: those that were made.
    """

    def __init__(
        self,
        name: str,
        choices: Sequence[Json],
        row: Row,
        stem: bytes,
        texts: Mapping[bytes, int],
        spell: Callable[[int], bytes],
    ) -> None:
        self.name, self.choices, self.spell, self._stem, self._texts = name, choices, spell, stem, texts
        self.rows: list[Row] = []
        self._reading: list[tuple[Row, Trail, float]] = []
        self._row, self._kept = row, _up_to(row, len(stem), spell)
        self._before = b"".join(map(spell, self._kept))
        self._sums = dict.fromkeys(range(_ASIDE, len(choices)), 0.0)
        self._open: list[tuple[float, tuple[int, ...]]] = []
        self._settle((), 1.0)

    def next_rows(self) -> list[Row]:
        """Rows that follow the likeliest open paths; none where enough is known, or too much was tried."""
        self._open.sort()
        unknown, enough = sum(chance for chance, _ in self._open), UNKNOWN * (1 - self._sums[_ASIDE])
        made: list[Row] = []
        while self._open and unknown > enough and len(made) < ROUND_ROWS and len(self.rows) < MOST_ROWS:
            chance, path = self._open.pop()
            unknown -= chance
            trail, matcher, tokens = Trail(self, path), self._row.grammar.deep_copy(), [*self._kept, *path]
            matcher.consume_tokens(tokens)
            key = (self._row.key, self.name, len(self.rows))
            suffix = [*self._row.suffix, *tokens]
            made.append(Row(key, self._row.prefix_tokens, suffix, matcher, self._row.cap, target=trail))
            self.rows.append(made[-1])
            self._reading.append((made[-1], trail, chance))
        return made

    def read(self) -> None:
        """Takes over what the rows have measured; what failed stays unknown."""
        for row, trail, chance in self._reading:
            row.matcher = None  # which is large beside the rest of a row
            if row.error is not None:
                continue
            for path, legal, taken in trail.steps:
                for token, logarithm in legal.items():
                    if token != taken:
                        self._settle((*path, token), chance * math.exp(logarithm))
                chance *= math.exp(legal[taken]) if taken is not None else 0.0
            if chance and row.out and not row.truncated:
                self._settle((*trail.start, *row.out), chance)
        self._reading = []

    def chances(self) -> tuple[tuple[Json, float], ...]:
        """Each choice with its probability under the grammar, null set aside, the likeliest first.

        They are sums over token paths. What was left unexplored is spread over them in proportion if it is less than
        TOLERATED; otherwise they are lower bounds, and do not add up to 1. Empty where nothing could be measured.
        """
        rest = 1 - self._sums[_ASIDE]
        found = [self._sums[at] / rest if rest > 0 else 0.0 for at in range(len(self.choices))]
        total = sum(found)
        if total == 0:
            return ()
        if abs(1 - total) < TOLERATED:
            found = [chance / total for chance in found]
        return tuple(sorted(zip(self.choices, found, strict=True), key=lambda pair: -pair[1]))

    def fits(self, path: Sequence[int]) -> set[int]:
        """The choices that these tokens may still become; _ASIDE is one."""
        written = self._before + b"".join(map(self.spell, path))
        if not written.startswith(self._stem[: len(written)]):
            return {_ASIDE}
        return {at for text, at in self._texts.items() if text.startswith(written) or written.startswith(text)}

    def _settle(self, path: tuple[int, ...], chance: float) -> None:
        """Into the sum of the choice that it is; what is none of them is lost."""
        fitting = self.fits(path)
        if len(fitting) == 1:
            self._sums[fitting.pop()] += chance
        elif fitting:
            self._open.append((chance, path))


class Trail:
    """Leads a row along the likeliest token that does not yet decide a choice; ends it where every token does.

    start: tokens that stand before the row's own; steps: (path, legal tokens' log-probabilities, the token taken).
    """

    def __init__(self, spelled: Spellings, start: tuple[int, ...]) -> None:
        self.spelled, self.start = spelled, start
        self.steps: list[tuple[tuple[int, ...], Mapping[int, float], int | None]] = []

    def __call__(self, out: Sequence[int], legal: Mapping[int, float]) -> int | None:
        """See `Row.target`."""
        path = (*self.start, *out)
        undecided = (token for token in legal if len(self.spelled.fits((*path, token))) > 1)
        taken = max(undecided, key=lambda token: legal[token], default=None)
        self.steps = [step for step in self.steps if len(step[0]) < len(path)]  # a row may have to begin again
        self.steps.append((path, legal, taken))
        return taken


def _up_to(row: Row, length: int, spell: Callable[[int], bytes]) -> list[int]:
    """The answer's tokens before the first chosen one that reaches past so many bytes."""
    ends, total = [], 0
    for token in row.out:
        total += len(spell(token))
        ends.append(total)
    return row.out[: next((step.at for step in row.sampled if ends[step.at] > length), len(row.out))]

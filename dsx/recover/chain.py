"""The chain of repairs: fewest and earliest first, until a text says something valid."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from dsx.recover.mend import LONGEST
from dsx.recover.read import Unreadable
from dsx.types import Repair

T = TypeVar("T")

Named = tuple[str, Repair]


@dataclass(frozen=True, slots=True)
class Mended(Generic[T]):
    """What a text said after the repairs named. missing: how much of what was asked it did not say."""

    said: T
    repairs: tuple[str, ...]
    missing: int

    @property
    def whole(self) -> bool:
        """It said all that was asked."""
        return self.missing == 0


@dataclass(slots=True)
class Chain(Generic[T]):
    """Tries repairs in order: one is tried only where no combination of those before it led to a whole answer.

    say: what a text says, and how much of what was asked it does not; raises Unreadable.
    choose: the one of several readings that is right, or Unreadable where that cannot be known.
    budget: how many texts are tried at most.
    """

    say: Callable[[str], tuple[T, int]]
    choose: Callable[[Sequence[Mended[T]]], Mended[T]]
    budget: int = 96
    reasons: list[str] = field(default_factory=list)

    def run(self, text: str, repairs: Sequence[Named], used: tuple[str, ...] = ()) -> Mended[T]:
        """Raises Unreadable, with the first text's reason, where no repair helps."""
        if len(text) > LONGEST:
            raise Unreadable(f"{len(text)} characters are no answer")
        reasons: list[str] = []
        best = self.attempt(text, used, reasons)
        if best and best.whole:
            return best
        states: dict[str, tuple[str, ...]] = {text: used}
        for index, (name, repair) in enumerate(repairs):
            for state, names in list(states.items()):
                mended = repair.mend(state)
                if not isinstance(mended, str):
                    return self.fork(mended, repairs[index + 1 :], (*names, name))
                if mended in states or self.budget <= 0:
                    continue
                states[mended] = (*names, name)
                attempt = self.attempt(mended, states[mended], reasons)
                if attempt and attempt.whole:
                    return attempt
                if attempt and (best is None or attempt.missing < best.missing):
                    best = attempt
        if best is None:
            raise Unreadable(max(reversed(reasons), key=_weight))
        return best

    def attempt(self, text: str, used: tuple[str, ...], reasons: list[str]) -> Mended[T] | None:
        self.budget -= 1
        try:
            said, missing = self.say(text)
        except Unreadable as problem:
            reasons.append(str(problem))
            return None
        return Mended(said, used, missing)

    def fork(self, readings: Sequence[str], repairs: Sequence[Named], used: tuple[str, ...]) -> Mended[T]:
        """Each reading goes through the rest of the chain for itself; then one is chosen."""
        outcomes: list[Mended[T]] = []
        reasons: list[str] = ["there is no JSON in the text"]
        for reading in readings:
            try:
                outcomes.append(self.run(reading, repairs, used))
            except Unreadable as problem:
                reasons.append(str(problem))
        if not outcomes:
            raise Unreadable(max(reversed(reasons), key=_weight))
        return outcomes[0] if len(outcomes) == 1 else self.choose(outcomes)


def _weight(reason: str) -> int:
    """A reason to refuse says more than that the text is not JSON."""
    return 0 if reason.startswith(("not JSON", "there is no", "the text is empty")) else 1

"""The chain of repairs: fewest and earliest first, until a text says something valid."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from dsx.answers.reader import Unreadable
from dsx.answers.scan import MAX_WORK, scan
from dsx.recover.mend import LONGEST
from dsx.types import Repair

log = logging.getLogger("dsx.recover")

T = TypeVar("T")

Named = tuple[str, Repair]


@dataclass(frozen=True, slots=True)
class Mended(Generic[T]):
    """How a text reads after the repairs named. missing: how much of what was asked it does not say."""

    reading: T
    repairs: tuple[str, ...]
    missing: int

    @property
    def whole(self) -> bool:
        """It says all that was asked."""
        return self.missing == 0


@dataclass(slots=True)
class Chain(Generic[T]):
    """Tries repairs in order: one is tried only where no combination of those before it led to a whole answer.

    read: how a text reads after the repairs named, and how much of what was asked it does not say; raises Unreadable.
    choose: the one of several readings that is right, or Unreadable where that cannot be known.
    budget: how many texts are tried at most; work: how much of scanning them (see scan.MAX_WORK) at most.
    broken: repairs that raised, or gave what is no text. They are logged and not tried again.
    """

    read: Callable[[str, tuple[str, ...]], tuple[T, int]]
    choose: Callable[[Sequence[Mended[T]]], Mended[T]]
    budget: int = 96
    work: int = 3 * MAX_WORK
    broken: set[str] = field(default_factory=set)

    def run(self, text: str, repairs: Sequence[Named], used: tuple[str, ...] = ()) -> Mended[T]:
        """Raises Unreadable, with the first text's reason, where no repair helps."""
        reasons: list[str] = []
        best = self.attempt(text, used, reasons)
        if best and best.whole:
            return best
        if len(text) > LONGEST:
            raise Unreadable(f"not JSON, and {len(text)} characters are too many to be repaired")
        states: dict[str, tuple[str, ...]] = {text: used}
        for index, (name, repair) in enumerate(repairs):
            for state, names in list(states.items()):
                mended = self.mend(name, repair, state)
                if not isinstance(mended, str):
                    return self.fork(mended, repairs[index + 1 :], (*names, name))
                if mended in states or self.budget <= 0 or self.work <= 0 or len(mended) > LONGEST:
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

    def mend(self, name: str, repair: Repair, text: str) -> str | Sequence[str]:
        """A repair may be anybody's: one that raises, or gives what is no text, changes nothing."""
        if name in self.broken:
            return text
        scanned = scan(text)
        self.work -= scanned.work // 8 if scanned else 0
        try:
            mended = repair.mend(text)
        except Exception as problem:
            reason = f"{type(problem).__name__}: {problem}"
        else:
            if isinstance(mended, str) or _are_texts(mended):
                return mended
            reason = f"it gave {type(mended).__name__} where a text or a list of texts was expected"
        log.warning("The repair %r failed and is left out: %s", name, " ".join(reason.split())[:200])
        self.broken.add(name)
        return text

    def attempt(self, text: str, used: tuple[str, ...], reasons: list[str]) -> Mended[T] | None:
        self.budget -= 1
        try:
            reading, missing = self.read(text, used)
        except Unreadable as problem:
            reasons.append(str(problem))
            return None
        return Mended(reading, used, missing)

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


def _are_texts(mended: object) -> bool:
    return isinstance(mended, list | tuple) and bool(mended) and all(isinstance(each, str) for each in mended)


def _weight(reason: str) -> int:
    """A reason to refuse says more than that the text is not JSON."""
    return 0 if reason.startswith(("not JSON", "there is no", "the text is empty")) else 1

"""One check's outcome, and how a stranger's code is called."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from dsx.errors import one_line


class Broken(AssertionError):
    """A promise that is not kept; the message says how."""


class Unchecked(Exception):
    """What cannot be checked here (no model, no device); the message says why."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """about: the plugin or the thing; check: the promise; passed: None where it could not be checked."""

    about: str
    check: str
    passed: bool | None
    detail: str = ""

    def line(self) -> str:
        """As it is printed."""
        word = {True: "ok", False: "FAIL", None: "skip"}[self.passed]
        return f"{word:4} {self.about}: {self.check}" + (f" ({self.detail})" if self.detail else "")


def attempt(about: str, promise: str, check: Callable[[], object]) -> Iterator[Outcome]:
    """Runs one check; an exception that is no promise of ours is a failure too."""
    try:
        check()
    except Unchecked as reason:
        yield Outcome(about, promise, None, str(reason))
    except Broken as reason:
        yield Outcome(about, promise, False, str(reason))
    except (Exception, SystemExit) as problem:  # a stranger's code: anything may come
        yield Outcome(about, promise, False, one_line(problem))
    else:
        yield Outcome(about, promise, True)


def demand(kept: bool, how: str) -> None:
    """Raises Broken with `how` where the promise is not kept."""
    if not kept:
        raise Broken(how)

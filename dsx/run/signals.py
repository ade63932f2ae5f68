"""Stopping when Slurm says so: USR1 (the time limit is near) and TERM (cancelled) end a run between two papers.

The paper in work gets the grace time to finish; then it is abandoned, and done again when the same command is run.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any, Literal

EXIT_CODE = 75
"""EX_TEMPFAIL of sysexits.h: stopped by a signal, nothing is half written, the same command goes on."""

TERM_SECONDS = 20.0
"""Most that TERM leaves: Slurm (KillWait) and other supervisors kill 30 s after it."""


class Stopped(BaseException):
    """A signal asked for the end: no Exception, so that nothing on the way takes it for a paper's fault."""

    def __init__(self, by: str) -> None:
        super().__init__(f"stopped by {by}; the same command goes on")


class Stop:
    """The signals' handlers, for a `with` block in the main thread; in another thread nothing is handled.

    grace: seconds that a paper in work gets after USR1, and after TERM up to TERM_SECONDS; another signal a second
    later abandons it at once (one that comes sooner is the same, sent to the job's script and to dsx).
    """

    def __init__(self, grace: float = 0) -> None:
        self.grace = grace
        self.asked: str | None = None
        self._doing: Literal["nothing to lose", "a paper", "storing"] = "nothing to lose"
        self._since = 0.0
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Stop:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGUSR1, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._handle)
            self._before[signal.SIGALRM] = signal.signal(signal.SIGALRM, self._alarm)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._before:
            signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}

    @contextmanager
    def paper(self) -> Iterator[None]:
        """The block has the grace time; raises Stopped in it after that, and at its start where a stop was asked."""
        if self.asked:
            raise Stopped(self.asked)
        self._doing = "a paper"
        try:
            yield
        finally:
            self._doing = "storing"
            signal.setitimer(signal.ITIMER_REAL, 0) if self._before else None

    @contextmanager
    def papers(self) -> Iterator[None]:
        """Outside `paper`, this block is never cut short: what it stores is stored whole."""
        self._doing = "storing"
        try:
            yield
        finally:
            self._doing = "nothing to lose"

    def _handle(self, number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        again = self.asked is not None and now - self._since > 1
        self._since = self._since if self.asked else now
        self.asked = signal.Signals(number).name
        if self._doing == "nothing to lose" or (again and self._doing == "a paper"):
            raise Stopped(self.asked)
        if self._doing == "a paper":
            grace = self.grace if number == signal.SIGUSR1 else min(self.grace, TERM_SECONDS)
            # again each second, for an exception in a destructor or a callback is lost
            signal.setitimer(signal.ITIMER_REAL, max(grace, 0.001), 1.0)

    def _alarm(self, number: int, frame: FrameType | None) -> None:
        if self._doing == "a paper":
            raise Stopped(self.asked or signal.Signals(number).name)

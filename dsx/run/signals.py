"""Stopping when Slurm or a terminal says so: after USR1 (the time limit is near), TERM (cancelled) and HUP (the
terminal is gone) no paper is begun any more.

The papers in flight get the grace time to end; then they are abandoned, and done again when the same command is run.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any, Literal

TERM_SECONDS = 20.0
"""Most that TERM leaves: Slurm (KillWait) and other supervisors kill 30 s after it."""
IMPORT_SECONDS, LONGEST_IMPORT = 0.05, 5.0
"""Until an import that a signal met is looked at again; and in all, for a program may do everything in an import."""


def heard(*numbers: signal.Signals) -> list[signal.Signals]:
    """Those of them that this process was not begun to ignore: nohup has it ignore that its terminal is gone."""
    return [number for number in numbers if signal.getsignal(number) is not signal.SIG_IGN]


class Stopped(BaseException):
    """A signal asked for the end: no Exception, so that nothing on the way takes it for a paper's fault."""

    def __init__(self, by: str) -> None:
        super().__init__(f"stopped by {by}; the same command goes on")


_Doing = Literal["nothing to lose", "work", "storing"]


class Stop:
    """The signals' handlers, for a `with` block in the main thread; in another thread nothing is handled.

    grace: seconds that papers in flight get after USR1, and after TERM and HUP up to TERM_SECONDS; another signal a
    second later abandons them at once (one that comes sooner is the same, sent to the job's script and to dsx).
    signal: the name of the one that came last; SIGINT, from the keyboard, is a KeyboardInterrupt at once.
    """

    def __init__(self, grace: float = 0) -> None:
        self.grace = grace
        self.signal: str | None = None
        self._doing: _Doing = "nothing to lose"
        self._since = 0.0
        self._due: float | None = None
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Stop:
        if threading.current_thread() is threading.main_thread():
            for number in heard(signal.SIGUSR1, signal.SIGTERM, signal.SIGHUP):
                self._before[number] = signal.signal(number, self._handle)
            self._before[signal.SIGALRM] = signal.signal(signal.SIGALRM, self._alarm)
            if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
                self._before[signal.SIGINT] = signal.signal(signal.SIGINT, self._interrupt)
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
    def work(self) -> Iterator[None]:
        """A block of `storing` that may take long: when the grace time is over, Stopped is raised in it."""
        with self._while("work"):
            yield

    @contextmanager
    def storing(self) -> Iterator[None]:
        """This block is never cut short, but for `work` in it: what it stores is stored whole."""
        with self._while("storing"):
            yield

    @contextmanager
    def _while(self, doing: _Doing) -> Iterator[None]:
        outer = self._doing
        try:
            self._doing = doing
            yield
        finally:
            self._doing = outer

    def _handle(self, number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        again = self.signal is not None and now - self._since > 1
        self._since = self._since if self.signal else now
        self.signal = signal.Signals(number).name
        if self._doing == "nothing to lose" or (again and self._doing == "work"):
            self._end(frame)
            return
        grace = self.grace if number == signal.SIGUSR1 else min(self.grace, TERM_SECONDS)
        left = signal.getitimer(signal.ITIMER_REAL)[0] or grace  # of an earlier signal's
        # again each second, for an exception in a destructor or a callback is lost
        signal.setitimer(signal.ITIMER_REAL, max(min(grace, left), 0.001), 1.0)

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        """As Python does it; where a destructor or a callback loses the exception, the run ends after the paper."""
        self.signal, self._since = signal.Signals(number).name, time.monotonic()
        raise KeyboardInterrupt

    def _alarm(self, number: int, frame: FrameType | None) -> None:
        if self._doing == "work" or (self._due is not None and self._doing != "storing"):
            self._end(frame)

    def _end(self, frame: FrameType | None) -> None:
        """Raises Stopped; a moment later where it would cut an import short, whose lock would stay taken."""
        now = time.monotonic()
        self._due = now if self._due is None else self._due
        if now - self._due > LONGEST_IMPORT or not is_importing(frame):
            self._due = None
            raise Stopped(self.signal or "SIGALRM")
        signal.setitimer(signal.ITIMER_REAL, IMPORT_SECONDS, 1.0)


def is_importing(frame: FrameType | None) -> bool:
    """Whether Python's import system is at work in this frame, or waits for it."""
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False

"""Papers are read before their turn, in threads that wait for the loaders' subprocesses.

What cannot be read ahead is read again when its turn comes, so a paper fails as it does without this.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path

from dsx.load.identity import document_id
from dsx.load.isolate import Reading, log
from dsx.types import Document

AT_ONCE = 8
"""Most subprocesses at once; a core is left. A paper is read in 1 to 4 s of one, and where many are in flight nothing
is answered before the first of them have been read."""
CLOSE_SECONDS = 10.0
"""For the threads to end, whose subprocesses are told to. A signal that ends a run in the middle of an import may leave
its lock taken, for which another thread that imports waits for ever."""


@dataclass(slots=True, eq=False)
class _Expected:
    """A paper whose turn will come. warnings: of its loader, for its turn. document: None where it cannot be read."""

    warnings: list[str]
    reading: Reading
    document: Future[Document | None] = field(default_factory=Future)


class ReadAhead:
    """Documents by `read`, some of them before their turn. One thread calls it.

    The threads are daemons, whose subprocesses end with them: a program that forgets to close it ends nevertheless.
    """

    def __init__(self, read: Callable[[Path, Reading], Document]) -> None:
        self._read_now = read
        self._slots = threading.Semaphore(min(AT_ONCE, max(len(os.sched_getaffinity(0)) - 1, 1)))
        self._expected: dict[Path, _Expected] = {}
        self._threads: list[threading.Thread] = []

    def expect(self, paths: Sequence[Path]) -> None:
        """These papers come next, in this order: they are read from now on, and no others any more."""
        for path in self._expected.keys() - set(paths):
            self._expected.pop(path).reading.abandon()
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        for path in paths:
            if path not in self._expected:
                self._begin(path)

    def read(self, path: Path) -> Document:
        """The document of a file, which may have been read by now. Raises LoadError."""
        expected = self._expected.get(path)
        document = None
        if expected is not None and not expected.document.cancel():
            document = expected.document.result()
        self._expected.pop(path, None)
        if expected is None or document is None or document.id != document_id(path):
            return self._read_now(path, Reading())
        for warning in expected.warnings:
            log.warning("%s", warning)
        return document

    def close(self) -> None:
        """No paper comes any more. Waits until the subprocesses have ended, but for no thread that hangs."""
        self.expect(())
        until = time.monotonic() + CLOSE_SECONDS
        for thread in self._threads:
            thread.join(max(until - time.monotonic(), 0))

    def _begin(self, path: Path) -> None:
        warnings = list[str]()
        expected = self._expected[path] = _Expected(warnings, Reading(warnings.append))
        thread = threading.Thread(target=self._read_ahead, args=(path, expected), name="dsx-read-ahead", daemon=True)
        try:
            thread.start()
            self._threads.append(thread)
        except RuntimeError:  # no more threads: it is read when its turn comes
            expected.document.cancel()

    def _read_ahead(self, path: Path, expected: _Expected) -> None:
        with self._slots:
            if expected.reading.abandoned or not expected.document.set_running_or_notify_cancel():
                return
            document = None
            try:
                with contextlib.suppress(Exception):  # it is met again when the paper's turn comes
                    document = self._read_now(path, expected.reading)
            finally:
                expected.document.set_result(document)

"""`--processes N`: one command, N processes at one run folder, each with its share of the GPUs.

The papers are shared by claims, as between any processes of a run. This process loads no model: it starts the others,
says which papers have ended, and puts their exit codes together. One that fails ends the run; the same command goes on.
They are in sessions of their own, so that a signal reaches them once: from this process.
"""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from dsx.errors import MAY_PASS, LoadError, UsageError
from dsx.load import document_id, reason_of
from dsx.run.history import replaced
from dsx.run.plan import PlannedRun
from dsx.run.progress import Progress, show_progress, tally
from dsx.run.signals import heard
from dsx.run.summary import RunSummary, next_steps, shown_names
from dsx.store import Claims, RunFolder
from dsx.terminal import counted

log = logging.getLogger("dsx")

POLL_SECONDS = 0.5
READER_SECONDS = 5.0
"""For the last lines of a process that has ended; one that it started may keep the pipe open."""
ENDED_WELL = (0, 1)
FORWARDED = (signal.SIGUSR1, signal.SIGTERM, signal.SIGHUP, signal.SIGINT)


@dataclass(slots=True)
class Worker:
    """One process. gpus: as CUDA_VISIBLE_DEVICES has them; None: the machine has none. last: its last line."""

    number: int
    gpus: str | None
    process: subprocess.Popen[str]
    last: str = ""
    reader: threading.Thread = field(init=False)

    def __post_init__(self) -> None:
        self.reader = threading.Thread(target=self._relay, name=f"dsx-process-{self.number}", daemon=True)

    @property
    def name(self) -> str:
        """For a person."""
        return f"process {self.number}" + (f" on GPU {self.gpus}" if self.gpus is not None else "")

    def _relay(self) -> None:
        """Its lines to stderr: all of the first process, warnings and errors of the others."""
        for line in self.process.stderr or ():
            if text := line.rstrip():
                self.last = text
                if self.number == 1 or not text.startswith("INFO"):
                    with suppress(OSError, ValueError):  # stderr is closed; the process must still be read
                        print(f"[{self.number}] {text}", file=sys.stderr, flush=True)


def extract_in_processes(run: PlannedRun, arguments: Sequence[str], count: int) -> int:
    """`dsx extract ARGUMENTS` in `count` processes. Returns the exit code."""
    if not run.papers:
        return 0
    devices, watch = shares(visible_gpus(), count), Watch(run)
    left = len(watch.papers) - len(watch.ended)
    for line in run.changes():
        log.info("Update: %s", line)
    workers, signals = list[Worker](), list[signal.Signals]()
    with _collecting(signals), show_progress(left) as progress, _ending(workers):
        for number, gpus in enumerate(devices[: max(left, 1)], 1):
            if signals:
                break
            workers.append(_start(number, gpus, run.folder, arguments))
            workers[-1].reader.start()
        log.info("%s, shared by %s", counted(left, "paper"), ", ".join(worker.name for worker in workers))
        failed = watch.until_all_end(workers, progress, signals)
    summary = watch.summary(whole=failed is None and not signals)
    summary.stopped = signals[0].name if signals else None
    for line in (*summary.lines(), *next_steps(summary, run.folder)):
        log.info(line)
    if failed is not None:
        code = failed.process.returncode
        advice = "" if code == UsageError.exit_code else "; the same command goes on"
        log.error("%s ended with exit code %d: %s%s", failed.name, code, failed.last, advice)
        return code if code in (UsageError.exit_code, MAY_PASS) else MAY_PASS
    explained = signals or summary.failed or summary.crashed or summary.engine_failed
    if not explained and any(worker.process.returncode for worker in workers):
        return 1
    return summary.exit_code


def shares(gpus: Sequence[str], count: int) -> list[str | None]:
    """CUDA_VISIBLE_DEVICES of each process. Raises UsageError where there are fewer GPUs than processes."""
    if not gpus:
        return [None] * count
    if len(gpus) < count:
        visible = counted(len(gpus), "GPU is", "GPUs are")
        raise UsageError(f"--processes {count}: {visible} visible; at most one process a GPU")
    return [",".join(gpus[at * len(gpus) // count : (at + 1) * len(gpus) // count]) for at in range(count)]


def visible_gpus() -> list[str]:
    """Their names for CUDA_VISIBLE_DEVICES. No GPU is initialised."""
    import torch

    allotted = os.environ.get("CUDA_VISIBLE_DEVICES")
    named = [name.strip() for name in allotted.split(",") if name.strip()] if allotted is not None else None
    count = torch.cuda.device_count()
    return [str(card) for card in range(count)] if named is None else named[:count]


def _start(number: int, gpus: str | None, folder: Path, arguments: Sequence[str]) -> Worker:
    command = [sys.executable, "-P", "-m", "dsx", "extract", f"--worker={folder}", *arguments]
    environment = {**os.environ, **({} if gpus is None else {"CUDA_VISIBLE_DEVICES": gpus})}
    process = subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
    )
    return Worker(number, gpus, process)


@contextmanager
def _collecting(signals: list[signal.Signals]) -> Iterator[None]:
    """Signals for this process are added to `signals`, in the order in which they come."""

    def add(number: int, frame: FrameType | None) -> None:
        signals.append(signal.Signals(number))

    previous = {number: signal.signal(number, add) for number in heard(*FORWARDED)}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


@contextmanager
def _ending(workers: Sequence[Worker]) -> Iterator[None]:
    """No worker outlives an exception in this block."""
    try:
        yield
    except BaseException:
        _signal(workers, signal.SIGTERM)
        for worker in workers:
            worker.process.wait()
        raise


def _signal(workers: Sequence[Worker], number: int) -> None:
    for worker in workers:
        if worker.process.poll() is None:
            with suppress(ProcessLookupError):
                worker.process.send_signal(number)


class Watch:
    """The papers of a run, as its folder shows them.

    papers: by document. ended: documents that have a result or a failure.
    """

    def __init__(self, run: PlannedRun) -> None:
        self._run, self._names = run, shown_names(run.papers)
        self.papers, self.ended = dict[str, Path](), set[str]()
        self._unreadable, self._duplicates = dict[str, str](), dict[str, str]()
        for path in run.papers:
            try:
                first = self.papers.setdefault(document_id(path), path)
            except LoadError as problem:
                self._unreadable[self._names[path]] = reason_of(problem, path)
            else:
                if first != path:
                    self._duplicates[self._names[path]] = self._names[first]
        self._outdated: dict[str, tuple[int, ...]] = {}
        self._began, self._started = time.time(), time.perf_counter()
        self._ended_earlier = self._newly_ended()
        self.ended |= self._ended_earlier

    def until_all_end(
        self, workers: Sequence[Worker], progress: Progress, signals: Sequence[signal.Signals]
    ) -> Worker | None:
        """Says which papers have ended. Gives the first worker that failed by itself, which ends the others.

        signals: what comes in while this waits goes to all workers, whose papers in flight have the grace time.
        """
        failed, forwarded = None, 0
        while True:
            running = [worker for worker in workers if worker.process.poll() is None]
            self._report_ended(progress)
            for number in signals[forwarded:]:
                _signal(running, number)
                forwarded += 1
            if failed is None and not signals:
                ended = [worker for worker in workers if worker not in running]
                failed = next((worker for worker in ended if worker.process.returncode not in ENDED_WELL), None)
                if failed is not None:
                    _signal(running, signal.SIGTERM)
            if not running:
                break
            time.sleep(POLL_SECONDS)
        for worker in workers:
            worker.reader.join(READER_SECONDS)
        return failed

    def summary(self, whole: bool = True) -> RunSummary:
        """What the run folder holds of the papers. The time of this call is shared out over what it did.

        whole: all workers came to their end, so that what is left is in work in other processes, where there are any.
        """
        summary, folder, missing = RunSummary(), self._run.stored(), list[str]()
        summary.failed, summary.duplicates = dict(self._unreadable), dict(self._duplicates)
        new = max(len(self.ended - self._ended_earlier), 1)
        for document, path in self.papers.items():
            result = folder.result(document) if folder is not None else None
            failure = folder.failed(document) if folder is not None else None
            if result is not None:
                seconds = (time.perf_counter() - self._started) / new
                summary.count(result, None if document in self._ended_earlier else seconds)
            elif failure is not None:
                earlier = " (earlier; dsx runs retry does it again)" if document in self._ended_earlier else ""
                summary.failed[self._names[path]] = f"{failure['reason']}{earlier}"
            else:
                missing.append(document)
        summary.replaced = replaced(folder, self.papers) if folder is not None else {}
        crashes = self._crashes(folder) if folder is not None and missing else {}
        for document in crashes.keys() & missing:
            reason = f"{crashes[document]} (the traceback is in the run folder's log)"
            summary.crashed[self._names[self.papers[document]]] = reason
        left, call = len(missing) - len(summary.crashed), self._run.call
        if left and whole and folder is not None and Claims(folder.path, call.claim_expiry).others():
            summary.elsewhere, summary.left_to_others = left, call.leave_to_others
        else:
            summary.left = left
        return summary

    def _crashes(self, folder: RunFolder) -> dict[str, str]:
        """Why the program fell over at papers since this call began, by document."""
        crashes = (event for event in folder.logs() if event.get("event") == "crash")
        return {
            str(event.get("document")): str(event.get("reason"))
            for event in crashes
            if isinstance(event.get("time"), float) and event["time"] >= self._began
        }

    def _report_ended(self, progress: Progress) -> None:
        folder = self._run.stored()
        for document in sorted(self._newly_ended()):
            result = folder.result(document) if folder is not None else None
            failure = folder.failed(document) if folder is not None else None
            outcome = tally(result) if result is not None else f"failed: {(failure or {}).get('reason')}"
            self.ended.add(document)
            progress.paper_ends(self._names[self.papers[document]], outcome)

    def _newly_ended(self) -> set[str]:
        """Those that have ended since, by the names of the folder's files; read where a parameter set is updated."""
        folder = self._run.stored()
        if folder is None:
            return set()
        stored = (self.papers.keys() & {*folder.stored("records"), *folder.stored("failures")}) - self.ended
        return {each for each in stored if not self._is_outdated(folder, each)}

    def _is_outdated(self, folder: RunFolder, document: str) -> bool:
        """Whether there are answers to an earlier parameter set only; read again where a file has changed."""
        version = (*_version(folder.path / "records", document), *_version(folder.path / "failures", document))
        if self._outdated.get(document) == version:
            return True
        if not folder.earlier_result(document) or folder.failed(document):
            return False
        self._outdated[document] = version
        return True


def _version(folder: Path, document: str) -> tuple[int, ...]:
    """Another one after each write of the document's file in `folder`."""
    try:
        state = (folder / f"{document}.json").stat()
    except FileNotFoundError:
        return ()
    return state.st_mtime_ns, state.st_ino

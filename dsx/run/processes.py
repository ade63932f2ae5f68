"""`--processes N`: one command, N processes at one run folder, each with its share of the GPUs.

The papers are shared by claims, as between any processes of a run. This process loads no model: it starts the others,
says which papers have ended, and puts their exit codes together. One that fails ends the run; the same command goes on.
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
from dsx.load import document_id
from dsx.run.job import PlannedRun
from dsx.run.progress import Progress, show_progress, tally
from dsx.run.summary import INTERRUPTED, RunSummary, next_steps, shown_names
from dsx.run.update import as_updated
from dsx.store import RunFolder

log = logging.getLogger("dsx")

POLL_SECONDS = 0.5
ENDED_WELL = (0, 1)
FORWARDED = (signal.SIGUSR1, signal.SIGTERM, signal.SIGHUP)


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
        self.reader.start()

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
                    print(f"[{self.number}] {text}", file=sys.stderr, flush=True)


def extract_in_processes(run: PlannedRun, arguments: Sequence[str], count: int) -> int:
    """`dsx extract ARGUMENTS` in `count` processes. Returns the exit code."""
    if not run.papers:
        return 0
    devices, watch = shares(visible_gpus(), count), Watch(run)
    left = len(watch.papers) - len(watch.ended)
    workers = [_start(number, gpus, run.folder, arguments) for number, gpus in enumerate(devices[: max(left, 1)], 1)]
    log.info("%d papers, shared by %s", left, ", ".join(worker.name for worker in workers))
    stopped = list[str]()
    with _forwarding(workers, stopped), show_progress(left) as progress:
        failed = watch.until_all_end(workers, progress)
    summary = watch.summary()
    summary.stopped = stopped[0] if stopped else None
    for line in (*summary.lines(), *next_steps(summary, run.folder)):
        log.info(line)
    codes = [worker.process.returncode for worker in workers]
    if stopped:
        return INTERRUPTED if stopped[0] == "SIGINT" else MAY_PASS if summary.left else max(*codes, summary.exit_code)
    if failed is not None:
        code = failed.process.returncode
        log.error("%s ended with exit code %d: %s; the same command goes on", failed.name, code, failed.last)
        return code if code in (UsageError.exit_code, MAY_PASS) else MAY_PASS
    return int(any(codes) or summary.exit_code > 0)


def shares(gpus: Sequence[str], count: int) -> list[str | None]:
    """CUDA_VISIBLE_DEVICES of each process. Raises UsageError where there are fewer GPUs than processes."""
    if not gpus:
        return [None] * count
    if len(gpus) < count:
        raise UsageError(f"--processes {count}: {len(gpus)} GPUs are visible; at most one process a GPU")
    return [",".join(gpus[at * len(gpus) // count : (at + 1) * len(gpus) // count]) for at in range(count)]


def visible_gpus() -> list[str]:
    """Their names for CUDA_VISIBLE_DEVICES. No GPU is initialised."""
    import torch

    allotted = os.environ.get("CUDA_VISIBLE_DEVICES")
    named = [name.strip() for name in allotted.split(",") if name.strip()] if allotted is not None else None
    count = torch.cuda.device_count()
    return [str(card) for card in range(count)] if named is None else named[:count]


def _start(number: int, gpus: str | None, folder: Path, arguments: Sequence[str]) -> Worker:
    command = [sys.executable, "-m", "dsx", "extract", *arguments, "--run", str(folder), "--processes", "1", "--worker"]
    environment = {**os.environ, **({} if gpus is None else {"CUDA_VISIBLE_DEVICES": gpus})}
    process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    return Worker(number, gpus, process)


@contextmanager
def _forwarding(workers: Sequence[Worker], stopped: list[str]) -> Iterator[None]:
    """Signals for this process go to all workers, whose papers in flight have the grace time."""

    def forward(number: int, frame: FrameType | None) -> None:
        stopped.append(signal.Signals(number).name)
        _signal(workers, number)

    previous = {number: signal.signal(number, forward) for number in (*FORWARDED, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _signal(workers: Sequence[Worker], number: int) -> None:
    for worker in workers:
        if worker.process.poll() is None:
            with suppress(ProcessLookupError):
                worker.process.send_signal(number)


class Watch:
    """The papers of a run, as its folder shows them. ended: documents that have a result or a failure."""

    def __init__(self, run: PlannedRun) -> None:
        self._run, self._names = run, shown_names(run.papers)
        by_document: dict[str, Path] = {}
        for path in run.papers:
            with suppress(LoadError):  # what cannot be read is the workers' to name
                by_document.setdefault(document_id(path), path)
        self.papers, self.ended = by_document, set[str]()
        self._before, self._started = self._look(), time.perf_counter()
        self.ended |= self._before

    def until_all_end(self, workers: Sequence[Worker], progress: Progress) -> Worker | None:
        """Says which papers have ended. Gives the first worker that failed, which ends the others."""
        failed = None
        while True:
            running = [worker for worker in workers if worker.process.poll() is None]
            self._say(progress)
            if failed is None:
                ended = [worker for worker in workers if worker not in running]
                failed = next((worker for worker in ended if worker.process.returncode not in ENDED_WELL), None)
                if failed is not None:
                    _signal(running, signal.SIGTERM)
            if not running:
                break
            time.sleep(POLL_SECONDS)
        for worker in workers:
            worker.reader.join()
        return failed

    def summary(self) -> RunSummary:
        """What the run folder holds of the papers. The time of this call is shared out over what it did."""
        summary, folder = RunSummary(), self._open()
        new = max(len(self.ended - self._before), 1)
        for document, path in self.papers.items():
            result = folder.result(document) if folder is not None else None
            failure = folder.failed(document) if folder is not None else None
            if result is not None:
                seconds = (time.perf_counter() - self._started) / new
                summary.count(result, None if document in self._before else seconds)
            elif failure is not None:
                summary.failed[self._names[path]] = str(failure["reason"])
            else:
                summary.left += 1
        return summary

    def _say(self, progress: Progress) -> None:
        folder = self._open()
        for document in sorted(self._look()):
            result = folder.result(document) if folder is not None else None
            failure = folder.failed(document) if folder is not None else None
            outcome = tally(result) if result is not None else f"failed: {(failure or {}).get('reason')}"
            self.ended.add(document)
            progress.paper_ends(self._names[self.papers[document]], outcome)

    def _look(self) -> set[str]:
        """Those that have ended since, by the names of the folder's files; read where a parameter set is updated."""
        folder = self._open()
        if folder is None:
            return set()
        stored = (self.papers.keys() & {*folder.stored("records"), *folder.stored("failures")}) - self.ended
        return {each for each in stored if not folder.earlier_result(each) or folder.failed(each)}

    def _open(self) -> RunFolder | None:
        return as_updated(self._run.folder, self._run.manifest, self._run.call.update)

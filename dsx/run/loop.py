"""The run loop: which papers, one after the other, each stored at once; a bad paper costs itself only."""

from __future__ import annotations

import logging
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dsx.errors import DecodeError, DsxError, PaperError, RunError, UsageError
from dsx.run.progress import Progress, tally
from dsx.run.signals import EXIT_CODE, Stop, Stopped
from dsx.store import Claims, RunFolder
from dsx.types import Flag, PaperResult, Status

log = logging.getLogger("dsx.run.loop")


@dataclass(frozen=True, slots=True)
class Shard:
    """The papers whose content hash falls to `index` (0-based) of `of`; a paper falls to one shard whoever asks."""

    index: int = 0
    of: int = 1

    @classmethod
    def read(cls, text: str) -> Shard:
        """From "I/N". Raises UsageError."""
        index, slash, of = text.partition("/")
        if not (slash and index.isdecimal() and of.isdecimal() and 0 <= int(index) < int(of)):
            raise UsageError(f"--shard: {text!r} is not I/N with I from 0 to N-1, as in 0/4, 1/4, 2/4, 3/4")
        return cls(int(index), int(of))

    def takes(self, document: str) -> bool:
        """Whether the document of this id is this shard's."""
        return int(document[:16], 16) % self.of == self.index

    def choose(self, papers: Sequence[Path], document_id: Callable[[Path], str]) -> list[Path]:
        """This shard's papers, in order; one that cannot be read is shard 0's, to be reported once."""
        if self.of == 1:
            return list(papers)
        chosen = []
        for path in papers:
            try:
                mine = self.takes(document_id(path))
            except PaperError:
                mine = self.index == 0
            if mine:
                chosen.append(path)
        return chosen


WHOLE = Shard()


@dataclass(slots=True)
class RunSummary:
    """What became of the papers of one call."""

    done: int = 0
    resumed: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    duplicates: dict[str, str] = field(default_factory=dict)
    left: int = 0
    elsewhere: int = 0
    stopped: str | None = None
    values: int = 0
    not_reported: int = 0
    truncated: int = 0
    seconds: float = 0.0

    def count(self, result: PaperResult, seconds: float) -> None:
        """Adds a paper that was done just now."""
        values = [value for record in result.records for value in record.values.values()]
        self.done += 1
        self.values += len(values)
        self.not_reported += sum(value.status is Status.NOT_REPORTED for value in values)
        self.truncated += sum(flag.kind == "truncated" for value in values for flag in value.flags)
        self.seconds += seconds

    @property
    def exit_code(self) -> int:
        """0: all papers are done; 1: some failed; 75: a signal stopped the run and the same command goes on."""
        return EXIT_CODE if self.left else int(bool(self.failed))

    def lines(self) -> list[str]:
        """The last lines printed."""
        counts = [f"{self.done} done", f"{self.resumed} done earlier" if self.resumed else ""]
        counts += [f"{len(self.failed)} failed" if self.failed else "", f"{self.left} left" if self.left else ""]
        lines = [", ".join(part for part in counts if part)]
        if self.elsewhere:
            lines[0] += f", {self.elsewhere} in work in other processes"
        if self.stopped:
            lines[0] += f"; stopped by {self.stopped}, the same command goes on"
        if self.done:
            share = f"{self.not_reported / max(self.values, 1):.0%} of {self.values} values not reported"
            lines.append(f"{share}, {self.truncated} truncated, {self.seconds / self.done:.1f} s a paper")
        lines += [f"{file}: the same content as {other}, done once" for file, other in self.duplicates.items()]
        return lines + [f"failed: {file}: {reason}" for file, reason in self.failed.items()]


def collect(paths: Sequence[Path]) -> list[Path]:
    """Folders become their PDFs, by name; files stay. UsageError for what is missing or a folder without PDFs."""
    files: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = sorted(file for file in path.iterdir() if file.suffix.lower() == ".pdf" and file.is_file())
            if not inside:
                raise UsageError(f"no PDFs in {path}; name files of other kinds themselves")
            files += inside
        elif path.is_file():
            files.append(path)
        else:
            raise UsageError(f"no such file or folder: {path}")
    return list(dict.fromkeys(files))


def run_papers(
    papers: Sequence[Path],
    fill: Callable[[Path], PaperResult],
    folder: RunFolder,
    *,
    document_id: Callable[[Path], str],
    progress: Progress,
    stop: Stop | None = None,
    claims: Claims | None = None,
) -> RunSummary:
    """Fills every paper that has neither a result nor a failure in `folder`. Raises RunError where it cannot store.

    stop: where it is asked, the papers after the one in work are left, and its own if its grace time runs out.
    claims: only papers that no other process is at are taken; the others are looked at again after them.
    """
    loop = _Loop(fill, folder, document_id, progress, stop or Stop(), claims)
    with loop.stop.papers():
        waiting = list(papers)
        while waiting and not loop.stop.asked:
            looked_at, waiting = waiting, loop.go_through(waiting)
            if len(waiting) == len(looked_at):
                break
    if loop.stop.asked and waiting:
        loop.summary.stopped, loop.summary.left = loop.stop.asked, len(waiting)
    else:
        loop.summary.elsewhere = len(waiting)
    return loop.summary


@dataclass(slots=True)
class _Loop:
    fill: Callable[[Path], PaperResult]
    folder: RunFolder
    document_id: Callable[[Path], str]
    progress: Progress
    stop: Stop
    claims: Claims | None
    summary: RunSummary = field(default_factory=RunSummary)
    first: dict[str, Path] = field(default_factory=dict)

    def go_through(self, papers: Sequence[Path]) -> list[Path]:
        """Those that other processes are at; where a stop was asked, all that are left."""
        waiting: list[Path] = []
        for at, path in enumerate(papers):
            if self.stop.asked:
                return [*waiting, *papers[at:]]
            document = self._identify(path)
            if document is None or self._stored(path, document):
                continue
            if self.claims and not self.claims.take(document):
                waiting.append(path)
                continue
            try:
                if not self.claims or not self._stored(path, document):  # it may have been, before the claim
                    self._one(path, document)
            except Stopped:
                self.folder.log({"event": "stopped", "by": self.stop.asked, "document": document, "file": path.name})
                return [*waiting, *papers[at:]]
            finally:
                if self.claims:
                    self.claims.release()
        return waiting

    def _identify(self, path: Path) -> str | None:
        """The paper's id; None where it cannot be read or was met under another name."""
        try:
            document = self.document_id(path)
        except PaperError as problem:
            self.summary.failed[path.name] = str(problem)
            self.progress.paper_ends(path.name, f"failed: {problem}")
            return None
        first = self.first.setdefault(document, path)
        if first == path:
            return document
        self.summary.duplicates[path.name] = first.name
        self.folder.log({"event": "duplicate", "document": document, "file": path.name, "of": first.name})
        self.progress.paper_ends(path.name, f"the same content as {first.name}")
        return None

    def _stored(self, path: Path, document: str) -> bool:
        if self.folder.done(document):
            self.summary.resumed += 1
            self.progress.paper_ends(path.name, "done earlier")
            return True
        if (failure := self.folder.failed(document)) is not None:
            self.summary.failed[path.name] = f"{failure['reason']} (earlier; dsx runs retry does it again)"
            self.progress.paper_ends(path.name, f"failed earlier: {failure['reason']}")
            return True
        return False

    def _one(self, path: Path, document: str) -> None:
        self.progress.paper_begins(path.name)
        try:
            started = time.perf_counter()
            with self.stop.paper():
                result = _answered(self.fill(path))
        except RunError:
            raise
        except Exception as problem:  # whatever a paper brings about, the others go on
            known = isinstance(problem, PaperError)
            reason = str(problem) if isinstance(problem, DsxError) else f"{type(problem).__name__}: {problem}"
            self.folder.fail(document, path.name, " ".join(reason.split()), traceback.format_exc())
            self.summary.failed[path.name] = reason
            log.log(logging.DEBUG if known else logging.ERROR, "%s: %s", path.name, reason)
            self.progress.paper_ends(path.name, f"failed: {reason}")
            return
        if self.claims and not self.claims.held(document):  # this process was silent, another took over
            self.summary.resumed += 1
            self.progress.paper_ends(path.name, "taken over by another process")
            return
        self.folder.save(result)
        seconds = time.perf_counter() - started
        self.folder.log({"event": "paper", "document": document, "file": path.name, "seconds": round(seconds, 3)})
        self.summary.count(result, seconds)
        self.progress.paper_ends(path.name, f"{tally(result)}, {seconds:.1f} s")


def _answered(result: PaperResult) -> PaperResult:
    """Raises DecodeError where every value failed: the engine is gone, and the paper is worth another try."""
    values = [value for record in result.records for value in record.values.values()]
    if values and all(value.status is Status.FAILED for value in values):
        flag = next((flag for value in values for flag in value.flags), Flag("error", "no reason given"))
        raise DecodeError(f"no question was answered ({flag.detail or flag.kind})")
    return result

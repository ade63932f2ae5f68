"""The run loop: papers come into flight, are answered round by round, and each is stored as soon as it ends."""

from __future__ import annotations

import time
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from dsx.errors import DecodeError, MachineError, PaperError, UsageError, one_line
from dsx.load import document_id, file_name, reason_of
from dsx.run.batch import AnswerQuestions, PaperInFlight, answer_round
from dsx.run.papers import readable_id
from dsx.run.progress import Progress, tally
from dsx.run.signals import Stop, Stopped
from dsx.run.summary import RunSummary, shown_names
from dsx.store import Claims, RunFolder
from dsx.types import Completion, Flag, PaperResult, Question, Status

if TYPE_CHECKING:
    from dsx.pipeline import Filling

LOOK_AHEAD = 4
"""Papers of the queue, for each in flight, that are looked at for those that will be begun next."""


def run_papers(
    papers: Sequence[Path],
    fill: Callable[[Path], Filling],
    answer: AnswerQuestions,
    folder: RunFolder,
    progress: Progress,
    *,
    stop: Stop | None = None,
    claims: Claims | None = None,
    in_flight: int = 1,
    before_paper: Callable[[], None] = lambda: None,
    read_ahead: Callable[[Sequence[Path]], None] = lambda paths: None,
) -> RunSummary:
    """Fills every paper that has neither a result nor a failure in `folder`.

    The machine's trouble ends it, and so does what every other paper would meet; the summary says so.
    stop: where a signal came, no paper is begun any more, and those in flight are left if their grace time runs out.
    claims: only papers that no other process is at are taken; the others are looked at again after them.
    in_flight: most papers whose questions are answered together. before_paper: called before each paper is begun.
    read_ahead: told which papers come next whenever one was begun, at most as many as are in flight.
    """
    names = shown_names(papers)
    loop = _Loop(fill, answer, folder, progress, stop or Stop(), claims, in_flight, before_paper, read_ahead, names)
    summary = loop.summary
    try:
        with loop.stop.storing():
            waiting = list(papers)
            while waiting and not loop.stop.signal:
                before, waiting = len(waiting), loop.go_through(waiting)
                if len(waiting) == before:
                    break
        if loop.stop.signal and waiting:
            summary.stopped, summary.left = loop.stop.signal, len(waiting)
        else:
            summary.elsewhere = len(waiting)
    except (MachineError, UsageError) as problem:
        summary.trouble, summary.left = problem, len(papers) - summary.ended
    except KeyboardInterrupt:
        summary.stopped, summary.left = "SIGINT", len(papers) - summary.ended
    summary.documents = loop.first_of
    return summary


@dataclass(slots=True)
class _Loop:
    fill: Callable[[Path], Filling]
    answer: AnswerQuestions
    folder: RunFolder
    progress: Progress
    stop: Stop
    claims: Claims | None
    max_in_flight: int
    before_paper: Callable[[], None]
    read_ahead: Callable[[Sequence[Path]], None]
    names: Mapping[Path, str]
    summary: RunSummary = field(default_factory=RunSummary)
    first_of: dict[str, Path] = field(default_factory=dict)
    documents: dict[Path, str | None] = field(default_factory=dict)
    in_flight: list[PaperInFlight] = field(default_factory=list)
    shared_until: float = 0.0

    def go_through(self, papers: Sequence[Path]) -> list[Path]:
        """The papers that are not done: those that other processes are at; after a signal, all that are left."""
        queue, elsewhere = deque(papers), list[Path]()
        try:
            while True:
                self._admit(queue, elsewhere)
                if not self.in_flight:
                    return [*elsewhere, *queue]
                with self.stop.work():
                    for paper in answer_round(tuple(self.in_flight), self._answer, partial(self._begin, queue)):
                        with self.stop.storing():
                            self._end(paper)
        except Stopped:
            with self.stop.storing():
                left = tuple(self.in_flight)
                for paper in left:
                    event = {"by": self.stop.signal, "document": paper.document, "file": file_name(paper.path)}
                    self.folder.log({"event": "stopped", **event})
                    self._leave(paper)
            return [*(paper.path for paper in left), *elsewhere, *queue]

    def _admit(self, queue: deque[Path], elsewhere: list[Path]) -> None:
        """Takes papers from the front of `queue` while there is room; those of other processes go to `elsewhere`."""
        while queue and len(self.in_flight) < self.max_in_flight and not self.stop.signal:
            path = queue.popleft()
            document = self._identify(path)
            if document is None or self._stored(path, document):
                continue
            if self.claims and not self.claims.take(document):
                elsewhere.append(path)
                continue
            paper = PaperInFlight(path, document)
            self._share_time()
            self.in_flight.append(paper)
            if self.claims and self._stored(path, document):  # since it was looked at
                self._leave(paper)
                continue
            self.before_paper()
            self.progress.paper_begins(self.names[path])
        if self.max_in_flight > 1 and not all(paper.begun for paper in self.in_flight):
            self._read_ahead(queue)

    def _begin(self, queue: Iterable[Path], paper: PaperInFlight) -> None:
        paper.begin(self.fill)
        self._read_ahead(queue)

    def _read_ahead(self, queue: Iterable[Path]) -> None:
        """The papers that are taken and not begun come first."""
        taken = [paper.path for paper in self.in_flight if not paper.begun]
        self.read_ahead([*taken, *self._next(queue)][: self.max_in_flight])

    def _next(self, queue: Iterable[Path]) -> list[Path]:
        """The papers that will probably be begun next; only the first few of the queue are looked at."""
        if self.stop.signal:
            return []
        claimed = self.claims.documents() if self.claims else ()
        paths = dict[str, Path]()
        for path in islice(queue, LOOK_AHEAD * self.max_in_flight):
            if path not in self.documents:
                self.documents[path] = readable_id(path)
            document = self.documents[path]
            if document is None or document in claimed or self.first_of.get(document, path) != path:
                continue
            if not self.folder.done(document) and self.folder.failed(document) is None:
                paths.setdefault(document, path)
        return list(paths.values())[: self.max_in_flight]

    def _answer(self, questions: Sequence[Question]) -> Iterator[Completion]:
        for completion in self.answer(questions):
            if self.stop.signal:
                self.read_ahead(())
            self.progress.answered(completion.usage)
            yield completion

    def _identify(self, path: Path) -> str | None:
        """The paper's id; None where it cannot be read or was met under another name."""
        try:
            document = document_id(path)
        except PaperError as problem:
            self.summary.failed[self.names[path]] = reason = reason_of(problem, path)
            self.progress.paper_ends(self.names[path], f"failed: {reason}")
            return None
        first = self.first_of.setdefault(document, path)
        if first == path:
            return document
        name, other = self.names[path], self.names[first]
        if name not in self.summary.duplicates:
            self.summary.duplicates[name] = other
            event = {"document": document, "file": file_name(path), "of": file_name(first)}
            self.folder.log({"event": "duplicate", **event})
            self.progress.paper_ends(name, f"the same content as {other}")
        return None

    def _stored(self, path: Path, document: str) -> bool:
        name = self.names[path]
        if (result := self.folder.result(document)) is not None:
            self.summary.count(result, None)
            self.progress.paper_ends(name, "done earlier")
            return True
        if (failure := self.folder.failed(document)) is not None:
            self.summary.failed[name] = f"{failure['reason']} (earlier; dsx runs retry does it again)"
            self.progress.paper_ends(name, f"failed earlier: {failure['reason']}")
            return True
        return False

    def _end(self, paper: PaperInFlight) -> None:
        """Stores the paper's result or failure."""
        problem, name = paper.problem or _unanswered(paper.result), self.names[paper.path]
        if isinstance(problem, PaperError | DecodeError):
            self._fail(paper, problem)
        elif problem is not None:
            self._crash(paper, problem)
        elif self.claims and not self.claims.held(paper.document):  # this process was silent, another took over
            self.summary.resumed += 1
            self.progress.paper_ends(name, "taken over by another process")
        elif paper.result is not None:
            self._share_time()
            self.folder.save(paper.result)
            event = {"document": paper.document, "file": file_name(paper.path), "path": str(paper.path.absolute())}
            self.folder.log({"event": "paper", **event, "seconds": round(paper.seconds, 3)})
            self.summary.count(paper.result, paper.seconds)
            self.progress.paper_ends(name, f"{tally(paper.result)}, {paper.seconds:.1f} s")
        self._leave(paper)

    def _fail(self, paper: PaperInFlight, problem: Exception) -> None:
        """Of the paper: it is not tried again."""
        name, reason = self.names[paper.path], reason_of(problem, paper.path)
        trace, path = "".join(traceback.format_exception(problem)), str(paper.path.absolute())
        self.folder.fail(paper.document, file_name(paper.path), reason, trace, path)
        self.summary.failed[name] = reason
        self.progress.paper_ends(name, f"failed: {reason}")

    def _crash(self, paper: PaperInFlight, problem: Exception) -> None:
        """Of the program: nothing is stored of the paper, so that the same command tries it again."""
        name, reason = self.names[paper.path], one_line(problem)
        event = {"document": paper.document, "file": file_name(paper.path), "reason": reason}
        self.folder.log({"event": "crash", **event, "traceback": "".join(traceback.format_exception(problem))})
        self.summary.crashed[name] = f"{reason} (the traceback is in the run folder's log)"
        self.progress.paper_ends(name, f"an error in the program: {reason}")

    def _leave(self, paper: PaperInFlight) -> None:
        self._share_time()
        self.in_flight.remove(paper)
        if self.claims:
            self.claims.release(paper.document)

    def _share_time(self) -> None:
        """The time since the last call goes to the papers in flight, in equal parts."""
        now = time.perf_counter()
        for paper in self.in_flight:
            paper.seconds += (now - self.shared_until) / len(self.in_flight)
        self.shared_until = now


def _unanswered(result: PaperResult | None) -> DecodeError | None:
    """The failure of a paper whose every value failed: the engine is gone, and the paper is worth another try."""
    values = [value for record in result.records for value in record.values.values()] if result else []
    if not values or any(value.status is not Status.FAILED for value in values):
        return None
    flag = next((flag for value in values for flag in value.flags), Flag("error", "no reason given"))
    return DecodeError(f"no question was answered ({flag.detail or flag.kind})")

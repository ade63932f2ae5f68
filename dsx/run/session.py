"""A run inside another program: checked as a whole before it begins, then paper after paper as its results are read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from dsx.errors import LoadError
from dsx.load import document_id, reason_of
from dsx.run.job import engine_of, make_pipeline
from dsx.run.loop import run_papers
from dsx.run.papers import none_readable
from dsx.run.plan import PlannedRun
from dsx.run.progress import show_progress
from dsx.run.update import is_left, join_run
from dsx.store import read_run
from dsx.types import PaperResult


@dataclass(frozen=True, slots=True)
class Session:
    """What `dsx extract` would do, with its results as they come.

    unreadable: the papers that could not be read, with the reason, of those that the iteration has come to.
    """

    planned: PlannedRun
    unreadable: dict[Path, str] = field(default_factory=dict)

    def results(self) -> Iterator[PaperResult]:
        """Each paper's result, in order, once; a paper that fails gives none. UsageError where none can be read.

        The model is loaded for the first paper that has neither result nor failure, and closed at the end. An
        update, and a run with answers to an earlier parameter set, is opened and its model loaded before the first one.
        """
        planned, seen = self.planned, set[str]()
        with ExitStack() as stack:
            fill: Callable[[Sequence[Path], Sequence[Path]], None] | None = None
            run, update = planned.stored(), planned.call.update
            if run is not None and all(map(self._ended, planned.papers)):
                with join_run(planned.folder, planned.manifest, planned.parameters, update=update):
                    pass  # papers that can be completed are
            elif update or (run is not None and run.outdated()):
                fill = self._open(stack)
            for batch, following in pairwise([*_batches(planned.papers, planned.call.papers_in_flight), ()]):
                if not all(map(self._ended, batch)):
                    fill = fill or self._open(stack)
                    fill(batch, [path for path in following if not self._ended(path)])
                for document in filter(None, map(self._readable_id, batch)):
                    if document not in seen and (result := read_run(planned.folder).result(document)):
                        yield result
                    seen.add(document)
        if planned.papers and len(self.unreadable) == len(planned.papers):
            raise none_readable(planned.papers)

    def _open(self, stack: ExitStack) -> Callable[[Sequence[Path], Sequence[Path]], None]:
        """Loads the model and opens the run folder; what fills a batch of papers, and reads those that follow ahead."""
        planned = self.planned
        engine = stack.enter_context(closing(engine_of(planned)))
        manifest = {**planned.manifest, "engine": engine.describe()}
        joined = join_run(planned.folder, manifest, planned.parameters, update=planned.call.update)
        folder, _ = stack.enter_context(joined)
        progress = stack.enter_context(show_progress(len(planned.papers)))
        pipeline = make_pipeline(planned.recipe, planned.parameters, planned.plugins, engine, folder)
        stack.callback(pipeline.close)

        def fill(batch: Sequence[Path], following: Sequence[Path]) -> None:
            summary = run_papers(
                batch,
                pipeline.fill_file,
                engine.answer,
                folder,
                progress,
                in_flight=planned.call.papers_in_flight,
                read_ahead=lambda paths: pipeline.read_ahead([*paths, *following]),
            )
            if summary.trouble is not None:
                raise summary.trouble
            if summary.stopped == "SIGINT":
                raise KeyboardInterrupt

        return fill

    def _ended(self, path: Path) -> bool:
        """Whether nothing is to be asked of a paper; nor is it of one that cannot be read."""
        document = self._readable_id(path)
        return document is None or not is_left(self.planned.stored(), self.planned.parameters, document)

    def _readable_id(self, path: Path) -> str | None:
        try:
            return document_id(path)
        except LoadError as problem:
            self.unreadable[path] = reason_of(problem, path)
            return None


def _batches(files: Sequence[Path], size: int) -> Iterator[Sequence[Path]]:
    return (files[start : start + size] for start in range(0, len(files), size))

"""A run inside another program: checked as a whole before it begins, then paper after paper as its results are read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from dsx.plugins import Plugins, load_plugins
from dsx.recipe import Recipe
from dsx.run.folders import default_folder
from dsx.run.job import check_recipe, make_engine, make_pipeline, manifest_of, with_model
from dsx.run.loop import run_papers
from dsx.run.papers import collect, identity
from dsx.run.progress import show_progress
from dsx.run.update import as_updated, is_left, join_run
from dsx.store import probe, read_run
from dsx.types import Json, PaperResult, ParameterSet


@dataclass(frozen=True, slots=True)
class Session:
    """What `dsx extract` would do, with its results as they come. in_flight: papers that are answered together."""

    files: Sequence[Path]
    folder: Path
    recipe: Recipe
    parameters: ParameterSet
    plugins: Plugins
    manifest: Mapping[str, Json]
    in_flight: int
    update: bool

    @classmethod
    def check(
        cls,
        papers: Sequence[Path],
        recipe: Recipe,
        parameters: ParameterSet,
        run: Path | None,
        in_flight: int,
        *,
        update: bool = False,
    ) -> Session:
        """Everything that can be checked before a model is loaded. Raises UsageError."""
        plugins = load_plugins()
        recipe = with_model(recipe, plugins)
        check_recipe(recipe, plugins, parameters)
        files, manifest = collect(papers), manifest_of(recipe, parameters, plugins)
        folder = run or default_folder(files, manifest, update=update)
        probe(folder, manifest, update=update)
        return cls(files, folder, recipe, parameters, plugins, manifest, max(in_flight, 1), update)

    def results(self) -> Iterator[PaperResult]:
        """Each paper's result, in order, once; a paper that fails gives none.

        The model is loaded for the first paper that has neither result nor failure, and closed at the end. An
        update, and a run with answers to an earlier parameter set, is opened and its model loaded before the first one.
        """
        seen: set[str] = set()
        with ExitStack() as stack:
            fill: Callable[[Sequence[Path], Sequence[Path]], None] | None = None
            run = as_updated(self.folder, self.manifest, self.update)
            if run is not None and all(map(self._ended, self.files)):
                with join_run(self.folder, self.manifest, self.parameters, update=self.update):
                    pass  # papers that can be completed are
            elif self.update or (run is not None and run.outdated()):
                fill = self._open(stack)
            for batch, following in pairwise([*_batches(self.files, self.in_flight), ()]):
                if not all(map(self._ended, batch)):
                    fill = fill or self._open(stack)
                    fill(batch, [path for path in following if not self._ended(path)])
                for document in filter(None, map(identity, batch)):
                    if document not in seen and (result := read_run(self.folder).result(document)):
                        yield result
                    seen.add(document)

    def _open(self, stack: ExitStack) -> Callable[[Sequence[Path], Sequence[Path]], None]:
        """Loads the model and opens the run folder; what fills a batch of papers, and reads those that follow ahead."""
        engine = stack.enter_context(closing(make_engine(self.recipe, self.plugins)))
        manifest = {**self.manifest, "engine": engine.describe()}
        folder, _ = stack.enter_context(join_run(self.folder, manifest, self.parameters, update=self.update))
        progress = stack.enter_context(show_progress(len(self.files)))
        pipeline = make_pipeline(self.recipe, self.parameters, self.plugins, engine, folder)
        stack.callback(pipeline.close)

        def fill(batch: Sequence[Path], following: Sequence[Path]) -> None:
            summary = run_papers(
                batch,
                pipeline.fill_file,
                engine.answer,
                folder,
                progress,
                in_flight=self.in_flight,
                read_ahead=lambda paths: pipeline.read_ahead([*paths, *following]),
            )
            if summary.trouble is not None:
                raise summary.trouble
            if summary.stopped == "SIGINT":
                raise KeyboardInterrupt

        return fill

    def _ended(self, path: Path) -> bool:
        document = identity(path)
        run = as_updated(self.folder, self.manifest, self.update)
        return document is not None and not is_left(run, self.parameters, document)


def _batches(files: Sequence[Path], size: int) -> Iterator[Sequence[Path]]:
    return (files[start : start + size] for start in range(0, len(files), size))

"""A run inside another program: checked as a whole before it begins, then paper after paper as its results are read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from dsx.errors import PaperError
from dsx.load import document_id
from dsx.plugins import Plugins, load_plugins
from dsx.recipe import Recipe
from dsx.run.job import check_recipe, default_folder, known, make_engine, make_pipeline
from dsx.run.loop import collect, run_papers
from dsx.run.progress import show_progress
from dsx.store import is_run, open_run, probe, read_run
from dsx.types import Json, PaperResult, ParameterSet


@dataclass(frozen=True, slots=True)
class Session:
    """What `dsx extract` would do, with its results as they come."""

    files: Sequence[Path]
    folder: Path
    recipe: Recipe
    parameters: ParameterSet
    plugins: Plugins
    manifest: Mapping[str, Json]

    @classmethod
    def check(cls, papers: Sequence[Path], recipe: Recipe, parameters: ParameterSet, run: Path | None) -> Session:
        """Everything that can be checked before a model is loaded. Raises UsageError."""
        plugins = load_plugins()
        check_recipe(recipe, plugins, parameters)
        folder, manifest = run or default_folder(parameters), known(recipe, parameters, plugins)
        probe(folder, manifest)
        return cls(collect(papers), folder, recipe, parameters, plugins, manifest)

    def results(self) -> Iterator[PaperResult]:
        """Each paper's result, in order, those that are stored first; a paper that fails gives none.

        The model is loaded for the first paper that has neither result nor failure, and closed at the end.
        """
        stored = {result.document: result for result in read_run(self.folder).results()} if is_run(self.folder) else {}
        left: dict[str, Path] = {}
        for path in self.files:
            try:
                document = document_id(path)
            except PaperError:
                document = str(path)  # reported by the loop
            if document in stored:
                yield stored.pop(document)
            elif document not in left:
                left[document] = path
        if any(not is_run(self.folder) or read_run(self.folder).failed(document) is None for document in left):
            yield from self._fill(list(left.values()))

    def _fill(self, papers: Sequence[Path]) -> Iterator[PaperResult]:
        engine = make_engine(self.recipe, self.plugins)
        try:
            run = open_run(self.folder, {**self.manifest, "engine": engine.describe()})
            done: list[PaperResult] = []
            with show_progress(len(papers)) as progress:
                pipeline = make_pipeline(self.recipe, self.parameters, self.plugins, engine, run.log)

                def fill(path: Path) -> PaperResult:
                    done.append(pipeline.fill(path))
                    return done[-1]

                for path in papers:
                    run_papers([path], fill, run, document_id=document_id, progress=progress)
                    yield from (result for result in done if run.done(result.document))
                    done.clear()
        finally:
            engine.close()

"""One run: the engine is made, then the papers are filled."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from dsx.errors import RunError, UsageError
from dsx.plugins import Plugins
from dsx.recipe import Recipe
from dsx.run.garbage import set_aside
from dsx.run.history import replaced
from dsx.run.loop import run_papers
from dsx.run.papers import none_readable
from dsx.run.plan import PlannedRun
from dsx.run.progress import Progress, Silence, show_progress
from dsx.run.signals import Stop
from dsx.run.summary import RunSummary, next_steps
from dsx.run.threads import given_cpus, prepare, use_threads
from dsx.run.update import earlier_answers, join_run
from dsx.store import Claims, RunFolder, free, is_run, read_run
from dsx.terminal import counted
from dsx.types import Engine, LocalEngine, ParameterSet

if TYPE_CHECKING:
    from dsx.load import ReadAhead
    from dsx.pipeline import Filling, Pipeline

log = logging.getLogger("dsx")


def make_engine(recipe: Recipe, plugins: Plugins, *, answers: bool = True, memory_budget: str | None = None) -> Engine:
    """The recipe's engine; a plugin's that fails in its own way is a PluginError.

    answers: False: no question will be asked, so a local model need not be loaded.
    """
    factory = plugins.engines[recipe.engine]
    if not answers and isinstance(factory, LocalEngine):
        check_options(recipe, plugins)
        factory = factory.without_model or factory
    folder = plugins.model_folder(recipe.model)
    with plugins.engines.calling(recipe.engine):
        return factory(replace(recipe.engine_settings(folder), memory_budget=memory_budget))


def engine_of(planned: PlannedRun, *, answers: bool = True) -> Engine:
    """The engine of a run, as `make_engine`. UsageError for what was typed and does nothing with it."""
    budget = planned.call.memory_budget if answers else None
    engine = make_engine(planned.recipe, planned.plugins, answers=answers, memory_budget=budget)
    if planned.of_placed and engine.grammar != "lark":
        engine.close()
        why = f"{planned.of_placed[0]} is for --values placed, and it holds no grammar for that"
        raise UsageError(f"engine {planned.recipe.engine}: {why}; leave it out")
    return engine


def check_options(recipe: Recipe, plugins: Plugins) -> None:
    """Raises UsageError for an option that the engine is known not to take; no model is looked for."""
    engine = plugins.engines[recipe.engine]
    if recipe.options and isinstance(engine, LocalEngine) and engine.check is not None:
        with plugins.engines.calling(recipe.engine):
            engine.check(recipe.engine_settings())


@contextmanager
def at_work(engine: Engine) -> Iterator[Engine]:
    """Closes it at the end; until then it is set aside from the garbage collector."""
    with closing(engine), set_aside():
        yield engine


def make_documents(recipe: Recipe, plugins: Plugins) -> ReadAhead:
    """Papers as the recipe says that they are read, with the documents' cache of this user."""
    from dsx.load import open_cache
    from dsx.pipeline import documents_of

    return documents_of(recipe, plugins, open_cache())


def make_pipeline(
    recipe: Recipe,
    parameters: ParameterSet,
    plugins: Plugins,
    engine: Engine,
    run: RunFolder | None,
    documents: ReadAhead | None = None,
) -> Pipeline:
    """The way of a paper. run: keeps the log, and earlier answers. documents: of `make_documents`."""
    from dsx.pipeline import Pipeline

    documents = documents or make_documents(recipe, plugins)
    if run is None:
        return Pipeline(recipe, parameters, plugins, engine, documents=documents)
    earlier = partial(earlier_answers, run, parameters)
    return Pipeline(recipe, parameters, plugins, engine, run.log, earlier, documents)


def extract(planned: PlannedRun) -> int:
    """The main job; returns the exit code."""
    if not planned.papers:
        return 0
    folder, call = planned.folder, planned.call
    for line in planned.changes():
        log.info("Update: %s", line)
    left = planned.papers_left()
    if left:
        try:
            summary, folder = _fill(planned, left)
        except KeyboardInterrupt:  # before the first paper: while the model was loaded
            summary = RunSummary(stopped="SIGINT", left=len(left), resumed=len(planned.papers) - len(left))
    elif not is_run(folder):
        raise none_readable(planned.papers)
    else:
        summary = _count_stored(planned)
    summary.left_to_others = call.leave_to_others or call.is_worker
    if not call.is_worker:
        if summary.documents and summary.trouble is None:
            summary.replaced = replaced(read_run(folder), summary.documents)
        for line in (*summary.lines(), *next_steps(summary, folder)):
            log.info(line)
    if summary.trouble is not None:
        raise summary.trouble
    return summary.exit_code


def _fill(planned: PlannedRun, left: Sequence[Path]) -> tuple[RunSummary, Path]:
    """What became of the papers, and the run folder. left: those that have anything to be asked."""
    call, folder = planned.call, planned.folder
    recipe, parameters, plugins = planned.recipe, planned.parameters, planned.plugins
    prepare(call.threads)
    with Stop(call.grace) as stop, closing(make_documents(recipe, plugins)) as documents:
        if not call.is_worker:  # the workers of a run would all read the same
            documents.expect(left[: call.papers_in_flight])  # while the model is loaded
        with at_work(engine_of(planned)) as engine:
            manifest = {**planned.manifest, "engine": engine.describe()}
            folder = free(folder, manifest) if call.force_new else folder
            joined = join_run(folder, manifest, parameters, update=call.update, claim_expiry=call.claim_expiry)
            with joined as (store, claims), _progress(planned) as progress:
                store.log({"event": "start", "papers": planned.all_papers, "mine": len(planned.papers)})
                log.info("Run folder: %s", store.path)
                if call.claim and (others := claims.others()):
                    processes = counted(others, "other process is", "other processes are")
                    log.info("%s at this run: the papers are shared", processes)
                with closing(make_pipeline(recipe, parameters, plugins, engine, store, documents)) as pipeline:
                    summary = run_papers(
                        planned.papers,
                        pipeline.fill_file,
                        engine.answer,
                        store,
                        progress,
                        stop=stop,
                        claims=claims if call.claim else None,
                        in_flight=call.papers_in_flight,
                        before_paper=partial(_share_cpus, call.threads, claims),
                        read_ahead=pipeline.read_ahead,
                    )
                return summary, store.path


def _progress(planned: PlannedRun) -> AbstractContextManager[Progress]:
    return nullcontext(Silence()) if planned.call.is_worker else show_progress(len(planned.papers))


def _count_stored(planned: PlannedRun) -> RunSummary:
    """What became of the papers earlier, where nothing is left to be asked; no engine is made."""

    def changed(path: Path) -> Filling:
        raise RunError(f"{path} was changed a moment ago; run the same command again")

    joined = join_run(planned.folder, planned.manifest, planned.parameters, update=planned.call.update)
    with joined as (run, _), _progress(planned) as progress:
        log.info("Run folder: %s", run.path)
        return run_papers(planned.papers, changed, lambda questions: (), run, progress)


def _share_cpus(threads: int | None, claims: Claims) -> None:
    use_threads(threads or max(given_cpus() // (claims.others(here=True) + 1), 1))

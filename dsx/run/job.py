"""One run: names resolved, everything checked that can be checked before a model is loaded, then the papers."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from dsx import __version__
from dsx.answers.calibration import check_model
from dsx.ask import plan
from dsx.errors import RunError, SchemaError, UsageError
from dsx.plugins import Plugins, load_plugins
from dsx.recipe import Recipe
from dsx.run.folders import default_folder
from dsx.run.loop import run_papers
from dsx.run.papers import WHOLE, Shard, collect, identity
from dsx.run.parameter_source import find_parameters
from dsx.run.progress import Progress, Silence, show_progress
from dsx.run.signals import Stop
from dsx.run.summary import RunSummary, next_steps
from dsx.run.threads import given_cpus, prepare, use_threads
from dsx.run.update import as_updated, earlier_answers, is_left, join_run, what_changes
from dsx.settings import read_settings
from dsx.store import EXPIRY_SECONDS, Claims, RunFolder, free, is_run, probe, schema_sha256
from dsx.terminal import printable_line
from dsx.types import Engine, Json, LocalEngine, NamedModel, ParameterSet

if TYPE_CHECKING:
    from dsx.pipeline import Filling, Pipeline

log = logging.getLogger("dsx")

NOT_DECIDING = ("exporter ", "command ", "parameter set ")
"""Kinds of things that plugins give and no answer depends on; a parameter set stands in the manifest itself."""


def with_model(recipe: Recipe, plugins: Plugins) -> Recipe:
    """The recipe with the ways of its model; without a model, with that of dsx.toml or of a plugin."""
    name = recipe.model
    if name is None and isinstance(plugins.engines.get(recipe.engine), LocalEngine):
        brought = next((known for known, model in plugins.models.items() if model.is_default), None)
        name = read_settings().model or brought
    return recipe.asked_like(name, model_of(name, plugins))


def model_of(name: str | None, plugins: Plugins) -> NamedModel | None:
    """The model that a plugin brings under this name. Raises PluginError where two do."""
    return plugins.models[name] if name is not None and plugins.models.owners(name) else None


def folder_of(name: str | None, plugins: Plugins) -> Path | None:
    """Where the model of this name is, if a plugin brings it; made there where it is not yet. Raises ModelError."""
    model = model_of(name, plugins)
    if model is None or name is None:
        return None
    with plugins.models.calling(name):
        return model.folder()


def check_recipe(recipe: Recipe, plugins: Plugins, parameters: ParameterSet | None = None) -> ParameterSet:
    """Everything that a recipe names exists and fits; nothing heavy is done. Raises a UsageError otherwise."""
    parameters = parameters or find_parameters(recipe.schema_name, plugins)
    if too_long := plan.too_long(parameters, recipe.max_new_tokens):
        raise SchemaError(recipe.schema_name, too_long)
    plugins.engines[recipe.engine]
    plugins.prompt_sets[recipe.prompt_set or "default"]
    if recipe.loader is not None:
        plugins.loaders[recipe.loader]
    for name in recipe.repairs:
        plugins.repairs[name]
    if recipe.calibration is not None:
        check_model(recipe.calibration, recipe.model)
    for parameter in parameters.root.all_parameters():
        for name in parameter.normalisers:
            plugins.normalisers[name]
    if len(recipe.records) and not parameters.root.children:
        raise UsageError("--records: this parameter set has no list of records")
    for label, times in Counter(recipe.records).items():
        if times > 1:  # a record is known by its label, in exports too
            raise UsageError(f"--records: {label!r} is named {times} times; name each record once")
    return parameters


def unknown_normalisers(parameters: ParameterSet, plugins: Plugins) -> list[str]:
    """A line for each normaliser that a parameter names and no plugin gives."""
    existing = ", ".join(sorted(plugins.normalisers)) or "none"
    return [
        f"{parameter.pointer}/x-normalise: no normaliser {name!r}; there are: {existing}"
        for parameter in parameters.root.all_parameters()
        for name in parameter.normalisers
        if name not in plugins.normalisers
    ]


def make_engine(recipe: Recipe, plugins: Plugins, *, answers: bool = True, memory_budget: str | None = None) -> Engine:
    """The recipe's engine; a plugin's that fails in its own way is a PluginError.

    answers: False: no question will be asked, so a local model need not be loaded.
    """
    factory = plugins.engines[recipe.engine]
    if not answers and isinstance(factory, LocalEngine):
        factory = factory.without_model or factory
    folder = folder_of(recipe.model, plugins)
    with plugins.engines.calling(recipe.engine):
        return factory(replace(recipe.engine_settings(folder), memory_budget=memory_budget))


def make_pipeline(
    recipe: Recipe, parameters: ParameterSet, plugins: Plugins, engine: Engine, run: RunFolder | None
) -> Pipeline:
    """The way of a paper, with the documents' cache of this user. run: keeps the log, and earlier answers."""
    from dsx.load import open_cache
    from dsx.pipeline import Pipeline

    if run is None:
        return Pipeline(recipe, parameters, plugins, engine, cache=open_cache())
    earlier = partial(earlier_answers, run, parameters)
    return Pipeline(recipe, parameters, plugins, engine, run.log, open_cache(), earlier)


def manifest_of(recipe: Recipe, parameters: ParameterSet, plugins: Plugins) -> dict[str, Json]:
    """The part of the manifest that is known before the engine is made."""
    from dsx.ask.prompt import prompt_sha256
    from dsx.run.code import code_sha256

    return {
        "dsx": __version__,
        "schema_name": parameters.name,
        "schema": dict(parameters.schema),
        "schema_sha256": schema_sha256(parameters.schema),
        "recipe": recipe.model_dump(mode="json"),
        "prompt_sha256": prompt_sha256(plugins.prompt_sets[recipe.prompt_set or "default"]),
        "code_sha256": code_sha256(),
        "plugins": {
            report.distribution: report.version
            for report in plugins.reports
            if not report.problems and any(not name.startswith(NOT_DECIDING) for name in report.provides)
        },
    }


@dataclass(frozen=True, slots=True)
class Call:
    """How one process takes part in a run; nothing here changes an answer.

    Raises UsageError where two of them contradict each other.

    force_new: where the run folder is another run's, take the next free name.
    update: the run may have another parameter set; what has changed is asked, the rest is kept.
    papers_in_flight: most papers whose questions are answered together.
    grace: seconds that the papers in flight have to end when a signal asks for the end.
    claim: papers are shared with other processes of the run folder.
    claim_expiry: seconds after which a silent process loses its papers.
    leave_to_others: papers that other processes are at when this one ends are no reason to run it again.
    recursive: the folders' subfolders are searched too.
    threads: to compute with; None: the processors that this process was given, shared with the others at the run.
    memory_budget: of the engine, as it is typed.
    is_worker: another process started this one, and says what becomes of the papers.
    """

    shard: Shard = WHOLE
    papers_in_flight: int = 1
    force_new: bool = False
    update: bool = False
    grace: float = 120
    claim: bool = True
    claim_expiry: float = EXPIRY_SECONDS
    leave_to_others: bool = False
    recursive: bool = True
    threads: int | None = None
    memory_budget: str | None = None
    is_worker: bool = False

    def __post_init__(self) -> None:
        if self.update and self.force_new:
            raise UsageError("--update goes on with a run, --force-new begins one; leave out one of the two")


@dataclass(frozen=True, slots=True)
class Pieces:
    """What a pipeline is made of, but for the engine."""

    recipe: Recipe
    parameters: ParameterSet
    plugins: Plugins


@dataclass(frozen=True, slots=True)
class PlannedRun:
    """A call that was checked. papers: of its shard. all_papers: how many there are with those of other shards."""

    papers: Sequence[Path]
    all_papers: int
    folder: Path
    manifest: Mapping[str, Json]
    pieces: Pieces
    call: Call


def plan_run(papers: Sequence[Path], recipe: Recipe, run: Path | None, call: Call) -> PlannedRun:
    """Everything that can be checked before a model is loaded. Raises UsageError."""
    from dsx.load import document_id

    plugins = load_plugins()
    recipe = with_model(recipe, plugins)
    parameters = check_recipe(recipe, plugins)
    files = collect(papers, call.recursive)
    manifest = manifest_of(recipe, parameters, plugins)
    if run is None and not call.update:
        call = replace(call, force_new=True)  # the model may have changed under its name
    folder = run or default_folder(files, manifest, update=call.update)
    folder = free(folder, manifest) if call.force_new else folder
    probe(folder, manifest, update=call.update)
    for line in what_changes(folder, parameters) if call.update and is_run(folder) else ():
        log.info("Update: %s", line)
    shard_papers = call.shard.choose(files, document_id)
    if call.shard.of > 1:
        log.info("Shard %d/%d: %d of %d papers", call.shard.index, call.shard.of, len(shard_papers), len(files))
    return PlannedRun(shard_papers, len(files), folder, manifest, Pieces(recipe, parameters, plugins), call)


def extract(papers: Sequence[Path], recipe: Recipe, run: Path | None, call: Call | None = None) -> int:
    """The main job; returns the exit code."""
    planned = plan_run(papers, recipe, run, call or Call())
    if not planned.papers:
        return 0
    folder, call, parameters = planned.folder, planned.call, planned.pieces.parameters
    left = _papers_left(planned.papers, as_updated(folder, planned.manifest, call.update), parameters)
    if left:
        try:
            summary, folder = _fill(planned)
        except KeyboardInterrupt:  # before the first paper: while the model was loaded
            summary = RunSummary(stopped="SIGINT", left=left, resumed=len(planned.papers) - left)
    elif not is_run(folder):
        raise UsageError(f"none of these papers can be read, as {planned.papers[0]}")
    else:
        summary = _look(planned)
    summary.left_to_others = call.leave_to_others or call.is_worker
    if not call.is_worker:
        for line in (*summary.lines(), *next_steps(summary, folder)):
            log.info(line)
    if summary.trouble is not None:
        raise summary.trouble
    return summary.exit_code


def _fill(planned: PlannedRun) -> tuple[RunSummary, Path]:
    """What became of the papers, and the run folder."""
    call, pieces, folder = planned.call, planned.pieces, planned.folder
    recipe, parameters, plugins = pieces.recipe, pieces.parameters, pieces.plugins
    prepare(call.threads)
    with Stop(call.grace) as stop:
        engine = make_engine(recipe, plugins, memory_budget=call.memory_budget)
        try:
            manifest = {**planned.manifest, "engine": engine.describe()}
            folder = free(folder, manifest) if call.force_new else folder
            joined = join_run(folder, manifest, parameters, update=call.update, claim_expiry=call.claim_expiry)
            with joined as (store, claims), _progress(planned) as progress:
                store.log({"event": "start", "papers": planned.all_papers, "mine": len(planned.papers)})
                log.info("Run folder: %s", store.path)
                if call.claim and (others := claims.others()):
                    log.info("%d other processes are at this run: the papers are shared with them", others)
                with closing(make_pipeline(recipe, parameters, plugins, engine, store)) as pipeline:
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
        finally:
            engine.close()


def _papers_left(papers: Sequence[Path], run: RunFolder | None, parameters: ParameterSet) -> int:
    """How many papers that can be read have anything to be asked; where there is none no model need be loaded."""
    return sum(is_left(run, parameters, document) for document in filter(None, map(identity, papers)))


def _progress(planned: PlannedRun) -> AbstractContextManager[Progress]:
    return nullcontext(Silence()) if planned.call.is_worker else show_progress(len(planned.papers))


def _look(planned: PlannedRun) -> RunSummary:
    def changed(path: Path) -> Filling:
        raise RunError(f"{path} was changed a moment ago; run the same command again")

    joined = join_run(planned.folder, planned.manifest, planned.pieces.parameters, update=planned.call.update)
    with joined as (run, _), _progress(planned) as progress:
        log.info("Run folder: %s", run.path)
        return run_papers(planned.papers, changed, lambda questions: (), run, progress)


def _share_cpus(threads: int | None, claims: Claims) -> None:
    use_threads(threads or max(given_cpus() // (claims.others(here=True) + 1), 1))


def preview(papers: Sequence[Path], recipe: Recipe, run: Path | None, call: Call) -> int:
    """Prints what the model would be told and asked of each paper, or what an update would change; asks nothing."""
    import click

    plugins = load_plugins()
    recipe = with_model(recipe, plugins)
    parameters = check_recipe(recipe, plugins)
    files = collect(papers, call.recursive)
    if call.update:
        manifest = manifest_of(recipe, parameters, plugins)
        folder = run or default_folder(files, manifest, update=True)
        probe(folder, manifest, update=True)
        left = _papers_left(files, as_updated(folder, manifest, update=True), parameters)
        click.echo(f"{folder}: {left} of {len(files)} papers have questions")
        for line in what_changes(folder, parameters) if is_run(folder) else ():
            click.echo(line)
        return 0
    prepare(call.threads)
    with closing(make_engine(recipe, plugins, answers=False)) as engine:
        pipeline = make_pipeline(recipe, parameters, plugins, engine, None)
        click.echo(f"# before every question\n\n## system\n{pipeline.practice.wording.system}")
        for question_text, answer_text in pipeline.practice.wording.examples:
            click.echo(f"\n## example\n{question_text}\n\n## its answer\n{answer_text}")
        for path in files:
            document = pipeline.load(path)
            click.echo(f"\n# {printable_line(path.name)}")
            for question, tokens in pipeline.preview(path):
                pages = sorted({document.page_at(passage.start) for passage in question.shown.passages})
                where = "the whole paper" if question.shown.whole else f"pages {', '.join(map(str, pages))}"
                click.echo(f"\n## {question.id}: {tokens} tokens of {where}\n{question.prompt}")
    return 0

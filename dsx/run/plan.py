"""A run before its model is loaded: what a call names is resolved, all that can be checked is checked."""

from __future__ import annotations

import logging
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dsx import __version__
from dsx.answers.calibration import check_model
from dsx.ask import plan
from dsx.engines.local.model_files import EMBEDDED, RECOMMENDED
from dsx.errors import SchemaError, UsageError
from dsx.plugins import DISTRIBUTION, Plugins, Registry, load_plugins
from dsx.recipe import Recipe
from dsx.run.folders import choose_folder
from dsx.run.papers import WHOLE, Shard, collect, readable_id
from dsx.run.parameter_source import find_parameters
from dsx.run.update import as_updated, is_left, what_changes
from dsx.schema import may_be_text
from dsx.settings import read_settings
from dsx.store import EXPIRY_SECONDS, RunFolder, schema_sha256
from dsx.types import Json, LocalEngine, ParameterSet

log = logging.getLogger("dsx")


def with_model(recipe: Recipe, plugins: Plugins) -> Recipe:
    """The recipe with the ways of its model; without a model, with that of dsx.toml or of a plugin."""
    name, engine = recipe.model, plugins.engines.get(recipe.engine)
    if name is None and isinstance(engine, LocalEngine):
        name = read_settings().model or plugins.default_model
    model = plugins.model_of(name)
    if model is not None and not (isinstance(engine, LocalEngine) and engine.takes_biases):
        model = replace(model, prior_weight=0.0, null_bias=0.0)
    return recipe.asked_like(name, model)


def check_recipe(recipe: Recipe, plugins: Plugins, parameters: ParameterSet | None = None) -> ParameterSet:
    """Everything that a recipe names exists and fits; nothing heavy is done. Raises a UsageError otherwise."""
    parameters = parameters or find_parameters(recipe.schema_name, plugins)
    if problems := [*plan.too_long(parameters, recipe.max_new_tokens), *wrong_normalisers(parameters, plugins)]:
        raise SchemaError(recipe.schema_name, problems)
    plugins.engines[recipe.engine]  # a name that is not there raises UnknownName, here and below
    plugins.prompt_sets[recipe.prompt_set or "default"]
    if recipe.loader is not None:
        plugins.loaders[recipe.loader]
    for name in recipe.repairs:
        plugins.repairs[name]
    if recipe.calibration is not None:
        check_model(recipe.calibration, recipe.model)
    if recipe.records and not parameters.root.children:
        raise UsageError("--records: this parameter set has no list of records")
    for label, times in Counter(recipe.records).items():
        if times > 1:  # a record is known by its label, in exports too
            raise UsageError(f"--records: {label!r} is named {times} times; name each record once")
    return parameters


def wrong_normalisers(parameters: ParameterSet, plugins: Plugins) -> Iterator[str]:
    """A line for each normaliser that a parameter names and no plugin gives, or that takes no value of its kind."""
    existing = ", ".join(sorted(plugins.normalisers)) or "none"
    for parameter in parameters.root.all_parameters():
        for name in parameter.normalisers:
            where = f"{parameter.pointer}/x-normalise"
            if name not in plugins.normalisers:
                yield f"{where}: no normaliser {name!r}; there are: {existing}"
            elif plugins.normalisers[name].takes == "range" and not may_be_text(parameter.schema):
                yield f"{where}: {name!r} takes ranges as text, which this cannot be; make it a string"


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
        "plugins": deciding_packages(recipe, parameters, plugins),
    }


def deciding_packages(recipe: Recipe, parameters: ParameterSet, plugins: Plugins) -> dict[str, str]:
    """Distribution → version of the plugins that an answer may depend on: the owners of all that is named.

    Where no loader is named, every plugin that judges a file's content may decide; and where one besides dsx's own
    does, so may every loader, which it may choose.
    """
    named: list[tuple[Registry[Any], str]] = [
        (plugins.engines, recipe.engine),
        (plugins.prompt_sets, recipe.prompt_set or "default"),
        *((plugins.repairs, name) for name in recipe.repairs),
        *((plugins.normalisers, name) for each in parameters.root.all_parameters() for name in each.normalisers),
    ]
    if recipe.model is not None:
        named.append((plugins.models, recipe.model))
    judges = [report for report in plugins.reports if "find_loader" in report.hooks]
    if recipe.loader is not None:
        named.append((plugins.loaders, recipe.loader))
    elif any(report.distribution != DISTRIBUTION for report in judges):
        named += [(plugins.loaders, name) for name in plugins.loaders]
    owners = {owner for registry, name in named for owner in registry.owners(name)}
    if recipe.loader is None:
        owners |= {report.name for report in judges}
    return {report.distribution: report.version for report in plugins.reports if report.name in owners}


@dataclass(frozen=True, slots=True)
class Call:
    """How one process takes part in a run; nothing here changes an answer.

    Raises UsageError where two of them contradict each other, and for seconds without an end.

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
        for option, seconds in (("--grace", self.grace), ("--claim-expiry", self.claim_expiry)):
            if not math.isfinite(seconds):
                raise UsageError(f"{option} takes a number of seconds")


@dataclass(frozen=True, slots=True)
class PlannedRun:
    """A call that was checked. papers: of its shard. all_papers: how many there are with those of other shards.

    of_placed: options that were typed and do nothing with an engine that holds no grammar.
    """

    papers: Sequence[Path]
    all_papers: int
    folder: Path
    manifest: Mapping[str, Json]
    recipe: Recipe
    parameters: ParameterSet
    plugins: Plugins
    call: Call
    of_placed: Sequence[str] = ()

    def stored(self) -> RunFolder | None:
        """The run in the folder as it will be when this call has begun; None where there is none yet."""
        return as_updated(self.folder, self.manifest, self.call.update)

    def papers_left(self) -> list[Path]:
        """The papers that can be read and have anything to be asked; where there is none no model need be loaded."""
        run, documents = self.stored(), {path: readable_id(path) for path in self.papers}
        return [path for path, document in documents.items() if document and is_left(run, self.parameters, document)]

    def changes(self) -> list[str]:
        """What an update of the run asks, for a person; a line each."""
        return what_changes(self.folder, self.manifest, self.parameters) if self.call.update else []


def plan_run(
    papers: Sequence[Path], recipe: Recipe, run: Path | None, call: Call, parameters: ParameterSet | None = None
) -> PlannedRun:
    """Everything that can be checked before a model is loaded. Raises UsageError.

    run: the folder that was named. parameters: where they are not what the recipe names.
    """
    from dsx.load import document_id

    plugins = load_plugins()
    has_named_model = bool(recipe.model or read_settings().model)
    of_placed = recipe.options_of_placed()
    recipe = with_model(recipe, plugins)
    parameters = check_recipe(recipe, plugins, parameters)
    if not has_named_model and isinstance(plugins.engines[recipe.engine], LocalEngine):
        log.info("No --model given: %s is small; for real work --model %s", recipe.model or EMBEDDED, RECOMMENDED)
    files = collect(papers, call.recursive)
    manifest = manifest_of(recipe, parameters, plugins)
    if run is None and not call.update:
        call = replace(call, force_new=True)  # the model may have changed under its name
    folder = choose_folder(run, files, manifest, update=call.update, force_new=call.force_new)
    shard_papers = call.shard.choose(files, document_id)
    if call.shard.of > 1:
        log.info("Shard %d/%d: %d of %d papers", call.shard.index, call.shard.of, len(shard_papers), len(files))
    return PlannedRun(shard_papers, len(files), folder, manifest, recipe, parameters, plugins, call, of_placed)

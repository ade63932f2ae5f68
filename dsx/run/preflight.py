"""What can be known of a run before its GPU time is spent: schema, papers, folder, disk, model and GPUs."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from dsx.doctor import Finding, find_cache, find_model
from dsx.errors import DsxError
from dsx.plugins import Plugins
from dsx.recipe import Recipe
from dsx.run.folders import choose_folder
from dsx.run.papers import collect
from dsx.run.plan import Call, check_recipe, manifest_of, with_model
from dsx.settings import read_settings
from dsx.terminal import counted
from dsx.types import Json, LocalEngine, ParameterSet

MIN_FREE_BYTES = 100 << 20
"""Of the run folder's disk: a record is some 50 kB, a log line 400 B."""
WEIGHT_SHARES = {"none": 1.0, "8bit": 0.5, "4bit": 0.25}
"""Share of a 16-bit model's weights that stays."""


def check_run(
    papers: Sequence[Path], recipe: Recipe, run: Path | None, plugins: Plugins, *, call: Call, gpus: int
) -> Iterator[Finding]:
    """What the same command would meet; a Finding that is not ok would have cost the job. gpus: how many it needs."""
    parameters: ParameterSet | None = None
    try:
        recipe = with_model(recipe, plugins)
        parameters = check_recipe(recipe, plugins)
        asked = counted(len(parameters.root.all_parameters()), "parameter")
        yield Finding("schema", True, f"{parameters.name}: {asked}; engine {recipe.engine}")
    except DsxError as problem:
        yield Finding("schema", False, str(problem))
    files: Sequence[Path] = ()
    try:
        files = collect(papers, call.recursive)
        yield _papers(files)
    except DsxError as problem:
        yield Finding("papers", False, str(problem))
    if parameters is not None:
        yield _folder(files, run, manifest_of(recipe, parameters, plugins), call)
    local = _is_local(recipe, plugins)
    if local and gpus and recipe.model is None:
        yield Finding("model", False, "no --model: the small embedded one needs no GPU; for real work give --model")
    elif local:
        yield find_model(recipe.model, plugins)
    yield find_cache()
    yield _gpus(gpus, local)
    if local and gpus and recipe.model is not None:
        yield from _memory(recipe, plugins, call.memory_budget)


def names_no_model(recipe: Recipe, plugins: Plugins) -> bool:
    """Whether nobody named a model and no plugin brings one, so that the small embedded one would be run."""
    return _is_local(recipe, plugins) and with_model(recipe, plugins).model is None


def default_model(recipe: Recipe, plugins: Plugins) -> str | None:
    """The plugin's model that is run because nobody named one."""
    named = recipe.model or read_settings().model
    return None if named or not _is_local(recipe, plugins) else with_model(recipe, plugins).model


def _is_local(recipe: Recipe, plugins: Plugins) -> bool:
    return recipe.engine in plugins.engines and isinstance(plugins.engines[recipe.engine], LocalEngine)


def _memory(recipe: Recipe, plugins: Plugins, memory_budget: str | None) -> Iterator[Finding]:
    """The memory plan: whether weights and activations leave room for keys and values on the GPUs."""
    import torch

    from dsx.engines.budget import MemoryBudget
    from dsx.engines.local.engine import TransformersOptions
    from dsx.engines.local.load_model import load_config
    from dsx.engines.local.memory import MIN_KV_TOKENS, free_memory, passes_on, plan_unloaded, with_plans
    from dsx.engines.local.model_files import find
    from dsx.engines.local.parallel import cards_for

    try:
        files = find(recipe.model, plugins.model_folder(recipe.model))
    except DsxError:
        return  # said already
    if not torch.cuda.is_available():
        yield Finding("memory", False, "no GPU is visible to plan for")
        return
    try:
        options = TransformersOptions.read("transformers", recipe.options)
        cards = cards_for(options.parallel, options.cards, "cuda", files, recipe.quantize)
    except DsxError as problem:
        yield Finding("memory", False, str(problem))
        return
    free = free_memory("cuda")
    if cards > 1:  # those after the first so many are not used
        free = dict(list(free.items())[:cards])
    sizes = [file.stat().st_size for pattern in ("*.safetensors", "*.gguf") for file in files.folder.glob(pattern)]
    budget = None if memory_budget is None else MemoryBudget.read(memory_budget)
    weights, config = int(sum(sizes) * WEIGHT_SHARES[recipe.quantize]), load_config(files)
    _, plans = with_plans(
        passes_on("cuda", recipe.attention, options.rows),
        lambda passes: plan_unloaded(config, weights, free, budget, passes, cards),
    )
    for planned in plans:
        fits = planned.kv_tokens >= MIN_KV_TOKENS
        yield Finding("memory", fits, str(planned) if fits else f"{planned}; take more GPUs or --quantize")


def _papers(files: Sequence[Path]) -> Finding:
    unreadable = []
    for file in files:
        try:
            with file.open("rb") as stream:
                stream.read(1)
        except OSError as problem:
            unreadable.append(f"{file.name} ({problem.strerror})")
    if not unreadable:
        return Finding("papers", True, f"{len(files)}, all readable")
    text = f"{len(files)}, of which {len(unreadable)} cannot be read: {', '.join(unreadable[:5])}"
    return Finding("papers", False if len(unreadable) == len(files) else None, text)


def _folder(files: Sequence[Path], run: Path | None, manifest: Mapping[str, Json], call: Call) -> Finding:
    try:
        folder = choose_folder(run, files, manifest, update=call.update, force_new=call.force_new)
    except DsxError as problem:
        return Finding("run", False, str(problem))
    existing = next(parent for parent in (folder, *folder.absolute().parents) if parent.exists())
    free_bytes = shutil.disk_usage(existing).free
    text = f"{folder}, {'goes on' if (folder / 'run.json').exists() else 'new'}, {free_bytes / 2**30:.1f} GiB free"
    return Finding("run", free_bytes >= MIN_FREE_BYTES, text)


def _gpus(required: int, local: bool) -> Finding:
    allotted = os.environ.get("CUDA_VISIBLE_DEVICES")
    visible = len([name for name in allotted.split(",") if name]) if allotted is not None else None
    if local and (required or allotted):
        import torch

        visible = torch.cuda.device_count() if torch.cuda.is_available() else 0
    shown = f"CUDA_VISIBLE_DEVICES={allotted}" if allotted is not None else "CUDA_VISIBLE_DEVICES is not set"
    if not required:
        return Finding("gpus", None, f"none asked for; {shown}")
    count = visible or 0
    return Finding("gpus", count >= required, f"{count} of {required} visible; {shown}")

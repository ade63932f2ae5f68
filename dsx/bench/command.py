"""What `dsx bench` does: each engine at the same work, one after the other."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from dsx.bench import work
from dsx.bench.floor import speeds_here, weights_of
from dsx.bench.measure import measure
from dsx.bench.options import Options
from dsx.bench.report import figures
from dsx.bench.written import TOKENS
from dsx.errors import UsageError
from dsx.plugins import Plugins, load_plugins
from dsx.recipe import Recipe
from dsx.run.job import check_options
from dsx.run.plan import check_recipe, with_model
from dsx.run.threads import prepare
from dsx.types import Json

WARM_UP_TOKENS = 300
ELEMENT_BYTES = {"8bit": 1.0, "4bit": 0.5, "float32": 4.0}
"""Of a weight; 2 where it is none of these."""


def bench(options: Options) -> list[dict[str, Json]]:
    """The figures of each engine. Raises UsageError."""
    if options.shape and options.model:
        raise UsageError("--shape or --model, not both")
    if not (options.shape or options.model):
        from dsx.engines.local.shapes import SHAPES

        raise UsageError(
            f"name the model to time: --shape {'|'.join(SHAPES)}, or --model; "
            "for a short try: dsx bench --shape smollm2-135m --papers 1 --tokens 2000"
        )
    plugins = load_plugins()
    engines = options.engines or installed(plugins)
    if len(engines) > 1:
        return [_in_a_process(engine) for engine in engines]
    with tempfile.TemporaryDirectory() as temporary:
        run = Path(temporary) / "run"
        return [bench_engine(engines[0], options, plugins, options.keep or Path(temporary) / "work", run)]


def installed(plugins: Plugins) -> tuple[str, ...]:
    """This package's engine, and vLLM's where it can be imported."""
    has_vllm = "vllm" in plugins.engines and importlib.util.find_spec("vllm") is not None
    return ("transformers", "vllm") if has_vllm else ("transformers",)


def bench_engine(engine: str, options: Options, plugins: Plugins, folder: Path, run: Path) -> dict[str, Json]:
    """One engine, in this process. folder: where papers, parameter set and shape are written. run: the run folder."""
    prepare(None)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "set.json").write_text(json.dumps(work.parameter_set(), indent=1), "utf-8")
    recipe = with_model(recipe_of(engine, options, folder), plugins)
    check_recipe(recipe, plugins)
    check_options(recipe, plugins)
    model = _model_folder(recipe, plugins)

    def write(count_tokens: Callable[[str], int]) -> Mapping[Path, int]:
        short = work.write_papers(
            folder / "first", options.warm_up_papers, WARM_UP_TOKENS, options.records, count_tokens, "warm-up"
        )
        return short | work.write_papers(
            folder / "papers", options.papers, options.tokens, options.records, count_tokens
        )

    speeds = speeds_here(options.options.get("dtype", "auto"))
    measured = measure(recipe, plugins, write, run, options)
    element_bytes = ELEMENT_BYTES.get(options.quantize, ELEMENT_BYTES.get(str(measured.engine.get("dtype")), 2.0))
    weights = weights_of(model, element_bytes)
    report = figures(measured, weights, speeds, options.predict)
    return {"work": options.work, "tokens": options.tokens, "records": options.records, **report}


def recipe_of(engine: str, options: Options, folder: Path) -> Recipe:
    """What is asked of an engine. folder: where a shape is written."""
    model = options.model
    if options.shape is not None:
        from dsx.engines.local.shapes import write_shape

        model = str(folder / "model")
        write_shape(options.shape, folder / "model")
    chosen = dict(options.options)
    if options.is_random:
        chosen |= {"load_format": "dummy"} if engine == "vllm" else {"weights": "random"}
        chosen |= {"draw": "true"} if options.work == "placed" else {}
    return Recipe.read(
        schema_name=str(folder / "set.json"),
        engine=engine,
        model=model,
        attention=options.attention,
        quantize=options.quantize,
        options=chosen,
        max_new_tokens=TOKENS if options.work == "written" else 512,
    )


def _model_folder(recipe: Recipe, plugins: Plugins) -> Path:
    from dsx.engines.local.model_files import find

    return find(recipe.model, plugins.model_folder(recipe.model), weights=False).folder


def _in_a_process(engine: str) -> dict[str, Json]:
    """The same command for one engine, so that none has another's memory. Raises UsageError where it fails."""
    command = [sys.executable, "-m", "dsx", *sys.argv[1:], "--engine", engine, "--json"]
    ran = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if ran.returncode:
        raise UsageError(f"engine {engine} could not be measured (exit code {ran.returncode}); see above")
    report: dict[str, Json] = json.loads(ran.stdout.splitlines()[-1])
    return report

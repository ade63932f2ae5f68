"""What one card is asked, in parts, each a process. One line of JSON a measurement, as soon as there is one.

    python benchmarks/gpu/one_card.py work    [--shape qwen3-32b]   work A in flights of 18, 6 and 1, and work B
    python benchmarks/gpu/one_card.py step    [--layers 64]         a decode step, each kernel, before and after
    python benchmarks/gpu/one_card.py budgets [--shape qwen3-14b]   90, 60 and 40 % of memory, and memory that runs out
    python benchmarks/gpu/one_card.py attention [--layers 8]        FlashAttention 2, SDPA and eager for prefill
    python benchmarks/gpu/one_card.py prefill_kernels               one layer's attention, FlashAttention 2 and cuDNN

`one_card.sh` runs all. Answers are drawn, random weights liking none best; `same_answers` compares them value by value.
In 16 bits an answer depends on the batch by rounding. `budgets --dtype float32 --shape qwen3-0.6b` shows what is left
without it.
"""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from dsx.bench import work
from dsx.bench.command import recipe_of
from dsx.bench.floor import Speeds, measure_speeds, weights_of
from dsx.bench.measure import Loaded, Measurement, loaded
from dsx.bench.options import Options
from dsx.bench.report import figures
from dsx.bench.written import TOKENS
from dsx.plugins import load_plugins
from dsx.run.plan import with_model
from dsx.run.threads import prepare
from dsx.store import RunFolder

Answers = Mapping[str, str]
"""Document, record and parameter → value."""
FIRST_TOKENS = 300
"""Of each short paper before the others."""


def say(**line: Any) -> None:
    """A line of JSON."""
    print(json.dumps(line), flush=True)


@contextmanager
def bench(given: argparse.Namespace, folder: Path, **more: Any) -> Iterator[tuple[Loaded, Options]]:
    """The engine with random weights, after short papers: nothing is compiled any more, and few graphs are captured."""
    plugins = load_plugins()
    chosen = {"dtype": given.dtype, **({"rows": str(given.rows)} if given.rows else {}), **dict(given.set)}
    options = Options(shape=given.shape, random_weights=True, papers=given.papers, tokens=given.tokens, **more)
    options = dataclasses.replace(options, options=chosen, attention=given.attention)
    (folder / "set.json").write_text(json.dumps(work.parameter_set()), "utf-8")
    recipe = with_model(recipe_of(given.engine, options, folder), plugins)

    def write(count: Callable[[str], int]) -> Mapping[Path, int]:
        first = work.write_papers(folder / "first", given.papers, FIRST_TOKENS, options.records, count)
        return first | work.write_papers(folder / "papers", given.papers, given.tokens, options.records, count)

    started = time.perf_counter()
    with loaded(recipe, plugins, write, options) as made:
        run, short = tempfile.mkdtemp(dir=folder), list(made.papers)[: given.papers]
        made.time(short, made.open_run(Path(run)), "placed", given.papers)
        made.load_seconds = time.perf_counter() - started
        yield made, options


def timed(
    made: Loaded, folder: Path, papers: int, in_flight: int, work_name: str = "placed"
) -> tuple[Measurement, Answers]:
    """The papers from the start of the list, with no text cached yet, and their answers."""
    forget(made.engine)
    run = made.open_run(Path(tempfile.mkdtemp(dir=folder)))
    paths = [path for path in made.papers if path.parent.name == "papers"][:papers]
    measured = made.time(paths, run, work_name, in_flight)
    return measured, answers_of(run, made.records or {})


def forget(engine: Any) -> None:
    """No text is cached any more."""
    if hasattr(engine, "llm"):
        engine.llm.reset_prefix_cache()
    else:
        engine.prefixes.clear()


def answers_of(run: RunFolder, documents: Mapping[str, int]) -> Answers:
    """All values of a run."""
    values = {}
    for document in documents:
        result = run.result(document)
        for record in result.records if result else ():
            for name, value in record.values.items():
                values[f"{document} {record.label} {name}"] = json.dumps([value.value, value.status], sort_keys=True)
    return values


def compared(one: Answers, other: Answers) -> dict[str, Any]:
    """Which share of two runs' answers is equal; digests that are equal where all are."""
    digests = [hashlib.sha256(json.dumps(each, sort_keys=True).encode()).hexdigest()[:16] for each in (one, other)]
    common = one.keys() & other.keys()
    same = sum(one[key] == other[key] for key in common)
    return {"answers": len(common), "same": same, "share": same / max(len(common), 1), "digests": digests}


def works(given: argparse.Namespace) -> None:
    """Work A in flights, and work B."""
    speeds = Speeds(4.4e12, 7.4e14)
    if torch.cuda.is_available():
        speeds = measure_speeds("cuda", torch.bfloat16)
        torch.cuda.empty_cache()
    if "placed" not in given.skip:
        _work_a(given, speeds)
    if "written" not in given.skip and (given.engine != "vllm" or "placed" in given.skip):
        _work_b(given, speeds)


def _work_a(given: argparse.Namespace, speeds: Speeds) -> None:
    with tempfile.TemporaryDirectory() as name, bench(given, Path(name)) as (made, _):
        weights, folder = weights_of(Path(name) / "model", 2.0), Path(name)
        engine = made.engine.describe()
        kept = {key: engine.get(key) for key in ("engine", "fused", "kernels", "parallel", "cards", "attention")}
        say(part="loaded", seconds=made.load_seconds, **kept)

        def run(part: str, papers: int, in_flight: int, work_name: str = "placed") -> tuple[Measurement, Answers]:
            measured, answers = timed(made, folder, papers, in_flight, work_name)
            say(part=part, in_flight=in_flight, **figures(measured, weights, speeds, given.papers))
            return measured, answers

        few = max(given.papers // 3, 1)
        predicting, _ = run("bench of a third of the papers", few, few)
        whole, answers = run("work A, all in flight", given.papers, given.papers)
        predicted = predicting.working_seconds(given.papers)
        say(part="prediction", predicted=predicted, measured=whole.seconds, ratio=predicted / whole.seconds)
        if "flights" not in given.skip:
            _, again = run("work A, a third in flight", given.papers, few)
            say(part="same_answers", of=f"{given.papers} and {few} in flight", **compared(answers, again))
            alone, again = run("work A, one in flight, a third of the papers", few, 1)
            say(part="same_answers", of=f"{given.papers} in flight and one", **compared(answers, again))
            gain = alone.seconds / few / (whole.seconds / given.papers)
            say(part="gain by papers in flight", ratio=gain)
        if given.engine == "vllm" and "written" not in given.skip:  # it is told the cap question by question
            vllm: Any = made.engine
            vllm.settings = dataclasses.replace(vllm.settings, max_new_tokens=TOKENS)
            run("work B", given.papers, given.papers, "written")


def _work_b(given: argparse.Namespace, speeds: Speeds) -> None:
    """With its own cap."""
    with tempfile.TemporaryDirectory() as name, bench(given, Path(name), work="written") as (made, _):
        measured, _ = timed(made, Path(name), given.papers, given.papers, "written")
        weights = weights_of(Path(name) / "model", 2.0)
        say(part="work B", in_flight=given.papers, **figures(measured, weights, speeds, given.papers))


def budgets(given: argparse.Namespace) -> None:
    """Each budget at the same work; then, at the least, memory that runs out twice in the middle."""
    reference: Answers | None = None
    for budget in given.budgets:
        with tempfile.TemporaryDirectory() as name, bench(given, Path(name), memory_budget=budget) as (made, _):
            measured, answers = timed(made, Path(name), given.papers, given.papers)
            reference = reference or answers
            counts = measured.counts
            line = {"seconds": measured.seconds, "failed": counts.failed, "prefilled": counts.prefilled}
            say(part="budget", budget=budget, **line, memory=dict(measured.memory), plan=list(measured.plan))
            say(part="same_answers", of=f"budget {given.budgets[0]} and {budget}", **compared(reference, answers))
            if budget == given.budgets[-1]:
                happened = run_out_of_memory(made.engine)
                measured, again = timed(made, Path(name), given.papers, given.papers)
                say(part="memory ran out", times=len(happened), seconds=measured.seconds, failed=measured.counts.failed)
                say(part="same_answers", of=f"budget {budget} and with memory running out", **compared(answers, again))


def run_out_of_memory(engine: Any, at: Sequence[int] = (5, 12)) -> list[int]:
    """These forward passes of the engine will fail for want of memory. Gives the list of those that have."""
    happened, forward, count = list[int](), engine.loop.runner.forward, iter(range(1, sys.maxsize))

    def failing(*arguments: Any) -> torch.Tensor:
        if (number := next(count)) in at:
            happened.append(number)
            raise torch.OutOfMemoryError("CUDA out of memory (made up)")
        logits: torch.Tensor = forward(*arguments)
        return logits

    engine.loop.runner.forward = failing
    return happened


def attention(given: argparse.Namespace) -> None:
    """Prefill by each attention, as the engine reads a text."""
    import one_prefill

    one_prefill.whole(given.layers, given.lengths, say)


def prefill_kernels(given: argparse.Namespace) -> None:
    """One layer's attention to a text or a chunk of one."""
    import one_prefill

    one_prefill.kernels(say)


def pair(text: str) -> tuple[str, str]:
    """KEY=VALUE. Raises ValueError."""
    key, value = text.split("=", 1)
    return key, value


def step(given: argparse.Namespace) -> None:
    """See `one_step`."""
    import one_step

    one_step.measure(given.layers, say)


PARTS: Mapping[str, Callable[[argparse.Namespace], None]] = {
    "work": works,
    "step": step,
    "budgets": budgets,
    "attention": attention,
    "prefill_kernels": prefill_kernels,
}


def main() -> None:
    """One part."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("part", choices=PARTS)
    arguments.add_argument("--shape", default="qwen3-32b")
    arguments.add_argument("--engine", default="transformers", choices=("transformers", "vllm"))
    arguments.add_argument("--layers", type=int, default=64)
    arguments.add_argument("--papers", type=int, default=18)
    arguments.add_argument("--tokens", type=int, default=10_000)
    arguments.add_argument("--rows", type=int, default=0)
    arguments.add_argument("--attention", default="auto")
    arguments.add_argument("--dtype", default="auto")
    arguments.add_argument("--set", nargs="*", default=[], type=pair, metavar="KEY=VALUE", help="of the engine")
    arguments.add_argument("--skip", nargs="*", default=[], choices=("placed", "written", "flights"))
    arguments.add_argument("--budgets", nargs="+", default=["90%", "60%", "40%"])
    arguments.add_argument("--lengths", nargs="+", type=int, default=[2048, 8192, 32_768])
    given = arguments.parse_args()
    prepare(None)
    PARTS[given.part](given)


if __name__ == "__main__":
    main()

"""Whether `dsx bench` on a slice predicts `dsx extract` of more papers, on this machine.

    python benchmarks/predict.py MODEL [--slice 2] [--papers 4] [--tokens 400]

MODEL: as `dsx extract` takes it. Prints one line of JSON: seconds and processor seconds, predicted and actual, and the
load before; `predict.txt` is one. Where other programs run beside it, only the processor's seconds can be compared;
15 % off is allowed.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from dsx.bench.work import write_papers
from dsx.plugins import load_plugins
from dsx.recipe import Recipe
from dsx.run.job import make_engine
from dsx.run.plan import with_model


def tokenizer(model: str, folder: Path) -> Callable[[str], int]:
    """How the model's tokens are counted."""
    plugins = load_plugins()
    recipe = with_model(Recipe.read(schema_name=str(folder / "set.json"), model=model), plugins)
    return make_engine(recipe, plugins, answers=False).count_tokens


def main() -> int:
    """See the module's docstring."""
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("--slice", type=int, default=2)
    parser.add_argument("--papers", type=int, default=4)
    parser.add_argument("--tokens", type=int, default=400)
    options = parser.parse_args()
    load, dsx = os.getloadavg()[0], [sys.executable, "-m", "dsx"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        told = ["--papers", options.slice, "--tokens", options.tokens, "--predict", options.papers, "--keep", folder]
        command = [*dsx, "bench", "--model", options.model, "--engine", "transformers", "--json", *told]
        predicted = json.loads(subprocess.check_output([str(word) for word in command]).splitlines()[-1])["predicted"]
        papers = write_papers(folder / "more", options.papers, options.tokens, 2.4, tokenizer(options.model, folder))
        command = [*dsx, "extract", "--model", options.model, "--schema", folder / "set.json", "--run", folder / "run"]
        started, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([str(word) for word in (*command, *papers)], check=True)
        seconds, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    off = processor / predicted["processor_seconds"] - 1
    actual = {"seconds": seconds, "processor_seconds": processor}
    print(json.dumps({**vars(options), "load_before": load, "predicted": predicted, "actual": actual, "off": off}))
    return int(abs(off) > 0.15)


if __name__ == "__main__":
    sys.exit(main())

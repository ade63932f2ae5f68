"""How long exports take and how much memory: 10,000 records of the motor set in 2,500 papers, every format.

    python benchmarks/export.py [--records 10000] [--formats csv xlsx …]

Each export is a process of its own, as a person starts it. CPU seconds are its own,
seconds those of the clock. Peak memory is its largest resident size.
The last lines repeat it for a fifth of the records: memory is flat where the two figures are close.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from dsx.schema import read_schema
from dsx.store import open_run
from dsx.types import Evidence, Json, PaperResult, Parameter, ParameterSet, Record, RecordStep, Status, Value

ROOT = Path(__file__).parents[1]
FORMATS = ("jsonl", "json", "csv", "csv --with evidence", "csv --long", "xlsx", "sqlite", "parquet", "parquet --long")
SUFFIX = {"sqlite": "db"}
RECORDS_OF_A_PAPER = 4
SENTENCE = "participants made reaching movements to one of eight targets while the cursor was rotated about the start"
WORDS = SENTENCE.split()


def example_value(parameter: Parameter, rng: random.Random) -> Value:
    """One in four is not reported, the others have a quote of some eighteen words and two boxes."""
    if rng.random() < 0.25:
        return Value(None, Status.NOT_REPORTED, 0.8)
    quote = " ".join(rng.choices(WORDS, k=18))
    evidence = Evidence(quote, rng.randint(1, 20), 100, 100 + len(quote), ((72, 100, 300, 110), (72, 112, 280, 122)), 1)
    return Value(example_answer(parameter.schema, rng), Status.STATED, 0.9, evidence, "as written", parameter.unit)


def example_answer(schema: dict[str, Json], rng: random.Random) -> Json:
    """A value of the schema's type."""
    if "enum" in schema:
        return rng.choice(schema["enum"])
    if schema["type"] == "array":
        return [example_answer(schema["items"], rng) for _ in range(2)]
    simple = {"integer": rng.randint(1, 80), "number": rng.randint(1, 800) / 10, "boolean": rng.random() < 0.5}
    return simple.get(schema["type"], " ".join(rng.choices(WORDS, k=4)))


def make_run(folder: Path, records: int, parameters: ParameterSet) -> None:
    """A run folder whose papers have four records each."""
    manifest = {"schema": dict(parameters.schema), "schema_name": parameters.name}
    run, rng = open_run(folder, manifest), random.Random(0)
    [experiments] = parameters.root.children
    for number in range(records // RECORDS_OF_A_PAPER):
        paper = {each.name: example_value(each, rng) for each in parameters.root.parameters}
        below = [
            Record(
                f"Experiment {at}",
                experiments.name,
                {each.name: example_value(each, rng) for each in experiments.parameters},
                None,
                (RecordStep(experiments.name, f"Experiment {at}"),),
            )
            for at in range(1, RECORDS_OF_A_PAPER + 1)
        ]
        run.save(PaperResult(f"{number:064x}", f"paper{number:05}.pdf", (Record(None, "", paper), *below)))


def measure(run: Path, export_format: str) -> tuple[float, float, float, float]:
    """Seconds, of them on the CPU, peak MB and MB of the file."""
    name, *options = export_format.split()
    target = run.parent / f"export.{SUFFIX.get(name, name)}"
    command = [sys.executable, "-m", "dsx", "export", str(run), "--format", name, *options, "-o", str(target)]
    started = time.perf_counter()
    process = subprocess.Popen(command, cwd=ROOT)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    if status:
        raise SystemExit(f"{export_format}: exit status {status}")
    size = target.stat().st_size / 1e6
    target.unlink()
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, size


def main() -> None:
    """See the module's docstring."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=10_000)
    parser.add_argument("--formats", nargs="*", default=FORMATS)
    arguments = parser.parse_args()
    parameters = read_schema(ROOT / "schemas" / "motor.json")
    print(f"{'records':>8} {'format':<20} {'s':>6} {'CPU s':>6} {'peak MB':>8} {'file MB':>8}")
    for records in (arguments.records, arguments.records // 5):
        with tempfile.TemporaryDirectory() as folder:
            make_run(Path(folder) / "run", records, parameters)
            for name in arguments.formats:
                seconds, on_cpu, peak, size = measure(Path(folder) / "run", name)
                print(f"{records:>8} {name:<20} {seconds:>6.1f} {on_cpu:>6.1f} {peak:>8.0f} {size:>8.1f}", flush=True)


if __name__ == "__main__":
    main()

"""The same command ten times, with a real model: its results must be the same bytes, whatever happened beside it.

python benchmarks/ten_runs.py [--runs 10] [--model dsx-reader] [--papers examples/papers] [--schema schemas/motor.json]

Of every three runs one is let alone, one has a spinning process beside it for each processor, and one is killed
by SIGKILL at an instant drawn over the shortest time that one let alone took, and then goes on. Printed: a line a run,
with the checksums of its records and of its exported lines. Exit code 1 where they differ, or a kill came too late.
"""

from __future__ import annotations

import argparse
import hashlib
import math
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DSX = [sys.executable, "-m", "dsx"]
WAYS = ("alone", "beside a spinning process for each processor", "killed and started again")


@contextmanager
def spinning(count: int) -> Iterator[None]:
    """Processes that take a processor each."""
    processes = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


def finished(command: list[str], kill_after: float | None) -> int:
    """Runs to the end, killed once before where that is asked. How often it was killed."""
    if kill_after is None:
        subprocess.run(command, check=True, capture_output=True)
        return 0
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    ) as process:
        try:
            process.wait(kill_after)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
    return (process.returncode != 0) + finished(command, None)


def checksums(run: Path) -> tuple[str, str]:
    """Of the records as they are stored, and of the lines of `dsx export`."""
    records = sorted((run / "records").iterdir())
    stored = hashlib.sha256(b"".join(record.read_bytes() for record in records)).hexdigest()
    lines = subprocess.run([*DSX, "export", str(run), "--format", "jsonl"], check=True, capture_output=True).stdout
    return stored[:16], hashlib.sha256(lines).hexdigest()[:16]


def main() -> int:
    """The table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--model", default="dsx-reader")
    parser.add_argument("--papers", type=Path, default=ROOT / "examples/papers")
    parser.add_argument("--schema", default=str(ROOT / "schemas/motor.json"))
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    drawn, shortest, results, late_kills = random.Random(options.seed), math.inf, set(), 0
    with tempfile.TemporaryDirectory() as folder:
        for number in range(options.runs):
            way, run = WAYS[number % len(WAYS)], Path(folder, f"run-{number}")
            command = [*DSX, "extract", str(options.papers), "--schema", options.schema, "--run", str(run)]
            command += ["--model", options.model]
            started = time.monotonic()
            with spinning((os.cpu_count() or 1) if way == WAYS[1] else 0):
                kills = finished(command, drawn.uniform(0.05, 0.9) * shortest if way == WAYS[2] else None)
            seconds = time.monotonic() - started
            shortest = min(shortest, seconds) if way == WAYS[0] else shortest
            late_kills += way == WAYS[2] and not kills
            stored, exported = checksums(run)
            results.add((stored, exported))
            print(f"{number + 1:3}  {stored}  {exported}  {seconds:6.1f} s  {way}, {kills} kills", flush=True)
    print("equal" if len(results) == 1 else f"{len(results)} different results", f"{late_kills} kills came too late")
    return len(results) != 1 or late_kills > 0


if __name__ == "__main__":
    sys.exit(main())

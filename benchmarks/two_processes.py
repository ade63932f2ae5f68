"""Two processes on one machine's processors against one: the same papers, the small embedded model or another.

    python benchmarks/two_processes.py PAPERS --schema schemas/motor.json [--model FOLDER]

First one process does all papers, then two at one run folder share them. Prints one line of JSON with the seconds of
both, their ratio (1.15 is allowed) and the machine's load before. Run it on a machine that does nothing else.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def seconds(count: int, words: list[str], run: Path) -> float:
    """Of `count` processes at one run folder."""
    command = [sys.executable, "-m", "dsx", "extract", *words, "--run", str(run)]
    started = time.perf_counter()
    running = [subprocess.Popen(command, stderr=subprocess.DEVNULL) for _ in range(count)]
    codes = [process.wait() for process in running]
    if any(code not in (0, 1, 75) for code in codes):  # 75: the rest is at the other process
        sys.exit(f"a process ended with {codes}")
    return time.perf_counter() - started


def main() -> int:
    """See the module's docstring."""
    parser = argparse.ArgumentParser()
    parser.add_argument("papers", type=Path)
    parser.add_argument("--schema", required=True)
    parser.add_argument("--model")
    options = parser.parse_args()
    words = ["--schema", options.schema, str(options.papers), *(["--model", options.model] if options.model else [])]
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        one = seconds(1, words, Path(folder) / "one")
        two = seconds(2, words, Path(folder) / "two")
    report = {"load_before": round(load, 2), "one": round(one, 1), "two": round(two, 1), "ratio": round(two / one, 2)}
    print(json.dumps(report))
    return int(two > 1.15 * one)


if __name__ == "__main__":
    sys.exit(main())

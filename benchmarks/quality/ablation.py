"""What each step of a reading brings, alone and taken away: `run.py` with the steps switched on and off, as one table.

    python benchmarks/quality/ablation.py --model MODEL --out FOLDER [--sets motor participants trials] [--at-once N]
        [--devices 0 1] [--rows "all" "without bias" …] [--without front …] [--table] [-- OPTIONS OF dsx extract]

A row is a folder under FOLDER; the same command again goes on where it was stopped, --table only shows what there is.
--without: steps that the model cannot do without (a short context: passages) or has no use for; OPTIONS has them.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle
from pathlib import Path

STEPS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "front": (("--front",), ("--no-front",)),
    "passages": (("--passages",), ("--whole",)),
    "choices": (("--choices", "each"), ("--choices", "together")),
    "prior": (("--prior-weight", "1"), ("--prior-weight", "0")),
    "bias": (("--null-bias", "-1"), ("--null-bias", "0")),
    "readings": (("--readings", "2"), ("--readings", "1")),
}
"""Options with the step and without it."""
WRITTEN = ("--values", "written", "--choices", "together", "--prior-weight", "0", "--null-bias", "0", "--readings", "1")
"""Answers that are written: those steps are of the other ones alone."""


def rows_of(left: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Name → options. left: the steps that are tried."""

    def options(on: Sequence[str]) -> tuple[str, ...]:
        return tuple(option for step in left for option in STEPS[step][step not in on])

    rows = {"none": options(())}
    rows |= {f"only {step}": options((step,)) for step in left}
    rows |= {"all": options(left)}
    rows |= {f"without {step}": options([other for other in left if other != step]) for step in left}
    kept = tuple(option for step in ("front", "passages") if step in left for option in STEPS[step][0])
    return rows | {"written": (*WRITTEN, *kept)}


def measure(chosen: argparse.Namespace, name: str, options: Sequence[str], device: str | None) -> None:
    """One row, by run.py; its log stands beside its folder."""
    folder: Path = chosen.out / name.replace(" ", "-")
    if (folder / "summary.json").is_file():
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, Path(__file__).with_name("run.py"), "--model", chosen.model, "--out", folder]
    command += [
        "--sets",
        *chosen.sets,
        "--jobs",
        str(chosen.jobs),
        "--shared",
        chosen.shared,
        "--",
        *chosen.options,
        *options,
    ]
    environment = {**os.environ, **({} if device is None else {"CUDA_VISIBLE_DEVICES": device})}
    with folder.with_suffix(".log").open("w", encoding="utf-8") as log:
        status = subprocess.run(list(map(str, command)), stdout=log, stderr=log, env=environment).returncode
    print(f"{name}: exit status {status}", flush=True)


def shown(chosen: argparse.Namespace, names: Sequence[str]) -> Iterator[str]:
    """The table: F1, its interval, informative F1 and precision of each set."""
    yield f"{'':20}" + "".join(f"{name:32}" for name in chosen.sets)
    for name in names:
        path = chosen.out / name.replace(" ", "-") / "summary.json"
        if not path.is_file():
            continue
        sets = json.loads(path.read_text("utf-8"))["sets"]
        cells = []
        for set_name in chosen.sets:
            scores = sets[set_name]["scores"] if set_name in sets else None
            if scores is None:
                cells.append("-")
                continue
            all_, informative = scores["all"], scores["informative"]
            span = "{:.2f}-{:.2f}".format(*all_["f1_95"])
            cells.append(f"{all_['f1']:.3f} ({span})  {informative['f1']:.3f}  {all_['p']:.3f}")
        yield f"{name:20}" + "".join(f"{cell:32}" for cell in cells).rstrip()


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """All after `--` goes to `dsx extract`."""
    at = arguments.index("--") if "--" in arguments else len(arguments)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--sets", nargs="+", default=["motor", "participants", "trials"])
    parser.add_argument("--at-once", type=int, default=1, metavar="N", help="rows; all then share the machine")
    parser.add_argument("--jobs", type=int, default=1, help="calls of dsx at once in a row")
    parser.add_argument("--devices", nargs="+", default=[None], help="GPUs that the rows take in turn")
    parser.add_argument("--rows", nargs="+", help="some of them, by name")
    parser.add_argument("--without", nargs="+", choices=STEPS, default=[])
    parser.add_argument("--shared", type=Path, default=Path(__file__).resolve().parents[3] / "shared")
    parser.add_argument("--table", action="store_true")
    chosen = parser.parse_args(arguments[:at])
    chosen.options = tuple(arguments[at + 1 :])
    chosen.out = chosen.out.resolve()
    return chosen


def main(arguments: Sequence[str]) -> None:
    """Measures what there is not yet, then shows all."""
    chosen = parse(arguments)
    rows = rows_of([step for step in STEPS if step not in chosen.without])
    if unknown := set(chosen.rows or ()) - rows.keys():
        raise SystemExit(f"no row {', '.join(sorted(unknown))}; there are: {', '.join(rows)}")
    names = chosen.rows or list(rows)
    if not chosen.table:
        devices, lock = cycle(chosen.devices), threading.Lock()

        def run(name: str) -> None:
            with lock:
                device = next(devices)
            measure(chosen, name, rows[name], device)

        with ThreadPoolExecutor(chosen.at_once) as pool:
            list(pool.map(run, names))
    print("\n".join(shown(chosen, names)))


if __name__ == "__main__":
    main(sys.argv[1:])

"""What the store costs: a run of 10,000 papers whose answers take no time. Where: $TMPDIR or --folder.

python benchmarks/store.py [--papers 10000] [--values 40] [--folder DIR]

Each paper is a file of 1 kB with 5 records of --values / 5 values each, as the loop, log, claims and store see it: the
content is hashed, every value is logged as a question, the result is written (temporary file, fsync, rename, fsync of
the folder), and its paper is logged. The overhead is all the time of the run but that of making the results. Prints one
line of JSON for a run without and one with --claim, and for a second start that finds all papers done.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import io
import json
import os
import shutil
import tempfile
import time
from dataclasses import asdict, replace
from pathlib import Path

import psutil

from dsx.load import document_id
from dsx.pipeline import Filling
from dsx.run.history import state
from dsx.run.loop import run_papers
from dsx.run.progress import Lines
from dsx.store import Claims, RunFolder, open_run, read_run, to_json
from dsx.types import Evidence, PaperResult, Record, Status, Usage, Value

EVIDENCE = Evidence(
    "Forty participants (20 women) took part in the experiment.", 3, 1000, 1058, ((72.0, 90, 540, 102),), 1
)
EVENT = {
    "event": "question",
    "record": "Experiment 1",
    "parameters": ["n"],
    **asdict(Usage(9000, 8900, 30, 12, 1.5, 80.1, 2.2)),
    "truncated": False,
    "repairs": [],
}


class Filler:
    """Stands for the pipeline; counts its own time."""

    def __init__(self, values: int, run: RunFolder, papers: int) -> None:
        cells = {
            f"parameter_{number}": Value(number, Status.STATED, 0.93, EVIDENCE, number) for number in range(values // 5)
        }
        self.records = tuple(Record(f"Experiment {number}", "experiments", cells, EVIDENCE) for number in range(5))
        self.questions, self.run, self.papers = values, run, papers
        self.seconds, self.filled, self.memory = 0.0, 0, list[float]()

    def __call__(self, path: Path) -> Filling:
        """The same records for every paper; their questions are logged."""
        started = time.perf_counter()
        document = document_id(path)
        result = PaperResult(document, path.name, self.records)
        self.seconds += time.perf_counter() - started
        for _ in range(self.questions):
            self.run.log({**EVENT, "document": document})
        self.filled += 1
        if self.filled % max(self.papers // 10, 1) == 0:
            gc.collect()
            self.memory.append(round(psutil.Process().memory_info().rss / 2**20, 1))
        yield from ()
        return result


def measure(folder: Path, papers: list[Path], values: int, claim: bool) -> dict[str, object]:
    """One run."""
    run = open_run(folder, {"dsx": "1", "schema": {}, "schema_name": "s", "recipe": {}})
    run.log({"event": "start", "papers": len(papers), "mine": len(papers)})
    fill = Filler(values, run, len(papers))
    said = io.StringIO()
    started = time.perf_counter()
    with contextlib.redirect_stderr(said), Claims(folder) if claim else contextlib.nullcontext() as claims:
        summary = run_papers(papers, fill, lambda questions: (), run, Lines(len(papers)), claims=claims)
    seconds = time.perf_counter() - started - fill.seconds
    return {
        "papers": len(papers),
        "done": summary.done,
        "resumed": summary.resumed,
        "claim": claim,
        "ms_a_paper": round(1e3 * seconds / len(papers), 3),
        "memory_mib_by_tenths": fill.memory,
    }


def main() -> None:
    """See the module's docstring."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--papers", type=int, default=10_000)
    parser.add_argument("--values", type=int, default=40)
    parser.add_argument("--folder", type=Path)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=chosen.folder) as name:
        folder = Path(name)
        (folder / "papers").mkdir()
        papers = [folder / "papers" / f"p{number:05}.pdf" for number in range(chosen.papers)]
        for number, path in enumerate(papers):
            path.write_bytes(f"{number:1000}".encode())
        kind = os.popen(f"stat -f -c %T {folder}").read().strip()
        print(
            json.dumps({"file_system": kind, "fsync_ms": fsync_ms(folder), "questions_a_paper": chosen.values}),
            flush=True,
        )
        for claim, run in ((False, "run"), (False, "run"), (True, "claimed")):
            print(json.dumps(measure(folder / run, papers, chosen.values, claim)), flush=True)
        started = time.perf_counter()
        found = state(read_run(folder / "run"))
        shown = {"runs_show_seconds": round(time.perf_counter() - started, 2), "done": found.done, "left": found.left}
        size = len(to_json(replace(next(iter(read_run(folder / "run").results())), file="")))
        print(json.dumps({**shown, "record_bytes": size}))
        shutil.rmtree(folder / "papers")


def fsync_ms(folder: Path) -> float:
    """Median of 200: what the disk itself takes to make 20 kB last."""
    taken = []
    for number in range(200):
        with (folder / f"sync{number}").open("wb") as file:
            file.write(b"\0" * 20_000)
            started = time.perf_counter()
            file.flush()
            os.fsync(file.fileno())
            taken.append(time.perf_counter() - started)
        (folder / f"sync{number}").unlink()
    return round(1e3 * sorted(taken)[100], 3)


if __name__ == "__main__":
    main()

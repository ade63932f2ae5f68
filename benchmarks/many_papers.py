"""Many processes share many papers at one run folder: none is done twice, none is lost.

    python benchmarks/many_papers.py [--papers 10000] [--processes 4]

The papers are tiny texts, their filling asks nothing: what is tried is the loop with its claims, records and logs.
Prints one line of JSON; exit code 1 where a paper was done twice or has no whole record.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from dsx.load import document_id
from dsx.pipeline import Filling
from dsx.run.loop import run_papers
from dsx.store import Claims, open_run, read_run
from dsx.types import Completion, PaperResult, Question, Record, Status, Usage, Value

MANIFEST = {"dsx": "1", "schema": {}, "schema_name": "s", "recipe": {}}
EXPIRY_SECONDS = 600.0


class Silent:
    """Progress that nobody sees."""

    def paper_begins(self, file: str) -> None:
        """Says nothing."""

    def answered(self, usage: Usage) -> None:
        """Says nothing."""

    def paper_ends(self, file: str, outcome: str) -> None:
        """Says nothing."""


def fill(path: Path) -> Filling:
    """One record with the paper's text."""
    yield from ()
    value = Value(path.read_text(), Status.STATED)
    return PaperResult(document_id(path), path.name, (Record(None, "", {"text": value}),))


def answer(questions: Sequence[Question]) -> Iterator[Completion]:
    """There are none."""
    yield from ()


def share(papers: Sequence[Path], run: Path) -> int:
    """What one process does; its exit code."""
    with Claims(run, EXPIRY_SECONDS) as claims:
        summary = run_papers(papers, fill, answer, open_run(run, MANIFEST), Silent(), claims=claims)
    return summary.exit_code


def main() -> int:
    """See the module's docstring."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--papers", type=int, default=10_000)
    parser.add_argument("--processes", type=int, default=4)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder, run = Path(name), Path(name) / "run"
        papers = [folder / f"{number:05}.txt" for number in range(options.papers)]
        for path in papers:
            path.write_text(f"paper {path.stem}")
        open_run(run, MANIFEST)
        started = time.perf_counter()
        children = []
        for _ in range(options.processes):
            children.append(os.fork())
            if children[-1] == 0:
                os._exit(share(papers, run))
        codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
        seconds = time.perf_counter() - started
        stored = Counter(result.file for result in read_run(run).results())
        logs = [[json.loads(line) for line in log.read_text().splitlines()] for log in run.glob("log*.jsonl")]
        done = [Counter(event["file"] for event in log if event["event"] == "paper") for log in logs]
        times = sum(done, Counter[str]())
        twice = sum(count > 1 for count in times.values())
        lost = sum(stored[path.name] != 1 for path in papers)
        report = {"papers": options.papers, "processes": options.processes, "exit_codes": codes, "twice": twice}
        print(
            json.dumps({**report, "lost": lost, "done_by_each": sorted(map(len, done)), "seconds": round(seconds, 1)})
        )
    return int(bool(twice or lost or any(codes) or times.keys() != stored.keys()))


if __name__ == "__main__":
    sys.exit(main())

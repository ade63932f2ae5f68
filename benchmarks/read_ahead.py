"""What reading ahead saves: the same papers, read when their turn comes and while others are answered.

    python benchmarks/read_ahead.py PAPERS [--seconds 6] [--papers 10] [--papers-in-flight 1] [--compute]

An answer takes --seconds a paper: of sleep, as with a model on a GPU or a server; with --compute of matrix products
on all processors, as with a model on the CPU. The files in the folder PAPERS are used again under other ids where there
are fewer than --papers. Without a cache of documents. Prints one line of JSON.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

from dsx.load import DocumentReader, ReadAhead
from dsx.pipeline import Filling
from dsx.plugins import load_plugins
from dsx.run.loop import run_papers
from dsx.run.progress import Silence
from dsx.store import open_run
from dsx.types import Completion, Document, PaperResult, Question, QuestionId, Shown

MANIFEST = {"dsx": "1", "schema": {}, "schema_name": "s", "recipe": {}}


def products(seconds: float) -> Callable[[], None]:
    """What multiplies matrices for so long on processors that do nothing else."""
    import torch

    matrix = torch.rand(1024, 1024)
    matrix @ matrix
    began, count = time.perf_counter(), 0
    while time.perf_counter() - began < 2:
        matrix @ matrix
        count += 1

    def multiply() -> None:
        for _ in range(int(count * seconds / 2)):
            matrix @ matrix

    return multiply


def filling(document: Document) -> Filling:
    """One question."""
    yield [Question(QuestionId(document.id), "", Shown("", (), True), "", "parameters")]
    return PaperResult(document.id, document.file, ())


def seconds_of(papers: Sequence[Path], run: Path, work: Callable[[], None], in_flight: int, ahead: bool) -> float:
    """Of a whole run."""
    plugins = load_plugins()
    reader = DocumentReader(plugins.loader_of, plugins.loaders)

    def answer(questions: Sequence[Question]) -> Iterator[Completion]:
        for question in questions:
            work()
            yield Completion(question.id, "", True)

    documents = ReadAhead(lambda path, reading: reader.read(path, None, reading))
    with closing(documents):
        began = time.perf_counter()
        summary = run_papers(
            papers,
            lambda path: filling(documents.read(path)),
            answer,
            open_run(run, MANIFEST),
            Silence(),
            in_flight=in_flight,
            read_ahead=documents.expect if ahead else lambda paths: None,
        )
        if summary.done != len(papers):
            raise SystemExit("\n".join(summary.lines()))
        return time.perf_counter() - began


def main() -> None:
    """See the module's docstring."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seconds", type=float, default=6)
    parser.add_argument("--papers", type=int, default=10)
    parser.add_argument("--papers-in-flight", type=int, default=1)
    parser.add_argument("--compute", action="store_true")
    options = parser.parse_args()
    files = sorted(options.folder.glob("*.pdf"))
    work = products(options.seconds) if options.compute else lambda: time.sleep(options.seconds)
    with tempfile.TemporaryDirectory() as name:
        papers = [Path(name) / f"{number:03}.pdf" for number in range(options.papers)]
        for number, paper in enumerate(papers):
            paper.write_bytes(files[number % len(files)].read_bytes() + b"\n%" * (number // len(files)))
        began = time.perf_counter()
        work()
        figures = {"papers": len(papers), "in_flight": options.papers_in_flight, "answer": time.perf_counter() - began}
        for ahead in (False, True):
            run = Path(name) / f"run {ahead}"
            figures["ahead" if ahead else "in turn"] = seconds_of(papers, run, work, options.papers_in_flight, ahead)
    print(json.dumps({key: round(value, 2) for key, value in figures.items()}))


if __name__ == "__main__":
    main()

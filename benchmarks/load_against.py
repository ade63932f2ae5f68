"""Processor time of the PDF loader beside that of another checkout, the two taking turns at each paper.

    python benchmarks/load_against.py OTHER_CHECKOUT PDF... [--repeat 5]    # 6c147a3: before tables and hidden text
    python benchmarks/load_against.py OTHER_CHECKOUT PDF... --pages 300     # as one file of so many pages: memory too

Each checkout's loader runs in a process of its own. A paper's time is the least of its repeats: what other programs on
the machine do only adds to it. Prints ms a page of each paper, and of all pages together. With --pages each repeat is a
load as dsx does it, in a subprocess with limits; its start and the writing of the document count too.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from itertools import cycle
from pathlib import Path

import pymupdf

WORKER = """
import sys, time
from pathlib import Path
from dsx.load.pdf import load_pdf
for line in sys.stdin:
    started = time.process_time()
    load_pdf(Path(line.rstrip("\\n")))
    print(time.process_time() - started, flush=True)
"""


CHILD = """
import resource, sys
from pathlib import Path
from dsx.load.isolate import load_in_subprocess
from dsx.plugins import load_plugins
from dsx.types import LoadLimits
load_in_subprocess(Path(sys.argv[1]), "pymupdf", load_plugins().loaders["pymupdf"], LoadLimits(seconds=600))
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(used.ru_utime + used.ru_stime, used.ru_maxrss)
"""


def environment(checkout: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(checkout.resolve())}


def worker(checkout: Path) -> subprocess.Popen[str]:
    """A process that loads the papers named on its stdin and writes the processor seconds of each."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    return subprocess.Popen([sys.executable, "-P", "-c", WORKER], env=environment(checkout), text=True, **pipes)


def seconds(process: subprocess.Popen[str], path: Path) -> float:
    """What one loading of a paper takes."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(f"{path.resolve()}\n")
    process.stdin.flush()
    return float(process.stdout.readline())


def joined(papers: Sequence[Path], pages: int, path: Path) -> None:
    """Writes the papers' pages as one file, over and over until there are so many."""
    with pymupdf.open() as pdf:
        for paper in cycle(papers):
            with pymupdf.open(paper) as part:
                pdf.insert_pdf(part, to_page=pages - len(pdf) - 1)
            if len(pdf) == pages:
                break
        pdf.save(path)


def print_children(checkouts: Mapping[str, Path], path: Path, pages: int, repeat: int) -> None:
    """Time and memory of the loader's subprocess, the checkouts taking turns."""
    runs: dict[str, list[tuple[float, float]]] = {name: [] for name in checkouts}
    for _ in range(repeat):
        for name, checkout in checkouts.items():
            command = [sys.executable, "-P", "-c", CHILD, str(path)]
            ran = subprocess.run(command, env=environment(checkout), text=True, stdout=subprocess.PIPE, check=True)
            taken, peak = map(float, ran.stdout.split())
            runs[name].append((1e3 * taken / pages, peak / 1024))
    print(f"{pages} pages\n| checkout | ms a page | MB at the peak |\n|---|---|---|")
    for name, figures in runs.items():
        print(f"| {name} | {min(figures)[0]:.1f} | {max(peak for _, peak in figures):.0f} |")


def main() -> None:
    """See the module's docstring."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("other", type=Path)
    parser.add_argument("pdfs", type=Path, nargs="+")
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--pages", type=int)
    options = parser.parse_args()
    own = Path(__file__).parents[1]
    if options.pages:
        with tempfile.TemporaryDirectory() as folder:
            joined(options.pdfs, options.pages, path := Path(folder) / "papers.pdf")
            print_children({"other": options.other, "this": own}, path, options.pages, options.repeat)
        return
    processes = worker(options.other), worker(own)
    total, all_pages = [0.0, 0.0], 0
    print("| paper | pages | ms a page, other | ms a page | times |\n|---|---|---|---|---|")
    for path in options.pdfs:
        with pymupdf.open(path) as pdf:
            pages = len(pdf)
        taken = [[seconds(process, path) for process in processes] for _ in range(options.repeat)]
        theirs, ours = (1e3 * min(column) for column in zip(*taken, strict=True))
        times = f"{theirs / pages:.1f} | {ours / pages:.1f} | {ours / theirs:.2f}"
        print(f"| {path.stem} | {pages} | {times} |", flush=True)
        total, all_pages = [total[0] + theirs, total[1] + ours], all_pages + pages
    theirs, ours = (ms / all_pages for ms in total)
    print(f"| all | {all_pages} | {theirs:.1f} | {ours:.1f} | {ours / theirs:.2f} |")
    for process in processes:
        process.communicate()


if __name__ == "__main__":
    main()

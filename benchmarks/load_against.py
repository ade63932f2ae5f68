"""Processor time of the PDF loader beside that of another checkout, the two taking turns at each paper.

    python benchmarks/load_against.py OTHER_CHECKOUT PDF... [--repeat 5]    # 6c147a3: before tables and hidden text

Each checkout's loader runs in a process of its own. A paper's time is the least of its repeats: what other programs on
the machine do only adds to it. Prints ms a page of each paper, and of all pages together.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
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


def worker(checkout: Path) -> subprocess.Popen[str]:
    """A process that loads the papers named on its stdin and writes the processor seconds of each."""
    environment = {**os.environ, "PYTHONPATH": str(checkout.resolve())}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    return subprocess.Popen([sys.executable, "-P", "-c", WORKER], env=environment, text=True, **pipes)


def seconds(process: subprocess.Popen[str], path: Path) -> float:
    """What one loading of a paper takes."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(f"{path.resolve()}\n")
    process.stdin.flush()
    return float(process.stdout.readline())


def main() -> None:
    """See the module's docstring."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("other", type=Path)
    parser.add_argument("pdfs", type=Path, nargs="+")
    parser.add_argument("--repeat", type=int, default=5)
    options = parser.parse_args()
    processes = worker(options.other), worker(Path(__file__).parents[1])
    total, all_pages = [0.0, 0.0], 0
    print("| paper | pages | ms a page, other | ms a page | times |\n|---|---|---|---|---|")
    for path in options.pdfs:
        with pymupdf.open(path) as pdf:
            pages = len(pdf)
        taken = [[seconds(process, path) for process in processes] for _ in range(options.repeat)]
        other, own = (1e3 * min(column) for column in zip(*taken, strict=True))
        print(f"| {path.stem} | {pages} | {other / pages:.1f} | {own / pages:.1f} | {own / other:.2f} |", flush=True)
        total, all_pages = [total[0] + other, total[1] + own], all_pages + pages
    other, own = (ms / all_pages for ms in total)
    print(f"| all | {all_pages} | {other:.1f} | {own:.1f} | {own / other:.2f} |")
    for process in processes:
        process.communicate()


if __name__ == "__main__":
    main()

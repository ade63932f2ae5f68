"""Tables with known truth, read by dsx and by other libraries: how many rows come whole, with every cell in its column.

python benchmarks/tables.py [FOLDER] [--seed N] [--every N] [--all]

FOLDER keeps the PDFs. --seed: of other values and random looks. --every: only every so many-th table. --all: other
libraries, which take seconds a page, read every seventh of them too.

A row is whole where its label and all its cells stand in one row and each cell is under its own heads. Of libraries
that tell no heads it is asked only that the cells stand in one row, in order, empty ones in their places.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from tables_typeset import KnownTable, make_all

from dsx.load.pdf import load_pdf
from dsx.types import Document

Grid = Sequence[Sequence[str | None]]


def plain(text: str | None) -> str:
    """Without white space, signs of superscripts, and differences of dashes."""
    return re.sub(r"[\s^]+", "", (text or "").replace("−", "-").replace("–", "-")).replace("²", "2").lower()


def dsx_rows(path: Path, known: KnownTable, load: Callable[[Path], Document] = load_pdf) -> tuple[int, int, list[str]]:
    """Rows whole, rows in all, and what went wrong."""
    found = [table for table in load(path).tables if table.caption]
    rows = [
        (
            plain(next((cell.row_head for cell in table.cells if cell.row == number and cell.row_head), "")),
            {
                tuple(map(plain, cell.column_heads)): plain(cell.text)
                for cell in table.cells
                if cell.row == number and cell.column
            },
        )
        for table in found
        for number in range(table.head_rows, len(table.rows))
    ]
    whole, wrong, total = 0, [], 0
    for label, cells in known.truth():
        total += 1
        wanted = {tuple(map(plain, heads)): plain(cell) for heads, cell in cells.items()}
        if (plain(label), wanted) in rows:
            whole += 1
            continue
        same = [row for name, row in rows if name == plain(label)]
        values = sorted(wanted.values())
        under = any(sorted(row.values()) == values and row != wanted for row in same)
        wrong.append(f"{path.stem}: {label}: {'WRONG HEAD ' if under else ''}{same[:1]}")
    return whole, total, wrong


def groups_told(path: Path, known: KnownTable) -> tuple[int, int, int]:
    """Rows below a head of rows, those of them that name it, and rows that name what is none of theirs."""
    told = [
        (plain(cell.row_head), tuple(map(plain, cell.row_groups)))
        for table in load_pdf(path).tables
        for row in range(table.head_rows, len(table.rows))
        for cell in [next((cell for cell in table.cells if cell.row == row and cell.row_head), None)]
        if cell is not None
    ]
    wanted = [(plain(label), tuple(map(plain, groups))) for label, groups in known.groups()]
    grouped = [pair for pair in wanted if pair[1]]
    misnamed = sum(bool(pair[1]) for pair in told if pair not in wanted)
    return len(grouped), sum(pair in told for pair in grouped), misnamed


def grid_rows(grids: Sequence[Grid], known: KnownTable) -> tuple[int, int]:
    """Rows whole and rows in all, of a library that gives rows of cells; columns without a word are left out."""
    rows = set()
    for grid in grids:
        used = [
            at for at in range(max(map(len, grid), default=0)) if any(len(row) > at and plain(row[at]) for row in grid)
        ]
        rows |= {tuple(plain(row[at]) if len(row) > at else "" for at in used) for row in grid}
    wanted = [tuple(map(plain, row)) for row in known.rows if len(row) > 1]
    return sum(row in rows for row in wanted), len(wanted)


def others() -> dict[str, Callable[[Path], list[Grid]]]:
    ways: dict[str, Callable[[Path], list[Grid]]] = {}
    import pymupdf

    def by_pymupdf(path: Path, **options: str) -> list[Grid]:
        with pymupdf.open(path) as pdf:
            return [table.extract() for page in pdf for table in page.find_tables(**options).tables]

    ways["pymupdf find_tables"] = by_pymupdf
    ways["pymupdf find_tables, text"] = lambda path: by_pymupdf(path, strategy="text")
    try:
        import pdfplumber

        def by_pdfplumber(path: Path) -> list[Grid]:
            with pdfplumber.open(path) as pdf:
                return [grid for page in pdf.pages for grid in page.extract_tables()]

        ways["pdfplumber"] = by_pdfplumber
    except ImportError:
        pass
    try:
        import camelot

        ways["camelot stream"] = lambda path: [
            table.df.values.tolist() for table in camelot.read_pdf(str(path), pages="all", flavor="stream")
        ]
        ways["camelot network"] = lambda path: [
            table.df.values.tolist() for table in camelot.read_pdf(str(path), pages="all", flavor="network")
        ]
    except ImportError:
        pass
    return ways


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--all", action="store_true")
    arguments = parser.parse_args()
    files = list(make_all(arguments.folder or Path(tempfile.mkdtemp()), arguments.seed, arguments.every))
    whole = total = complete = 0
    wrong: list[str] = []
    started = time.perf_counter()
    for path, known in files:
        good, count, missed = dsx_rows(path, known)
        whole, total, complete = whole + good, total + count, complete + (good == count)
        wrong += missed
    seconds = time.perf_counter() - started
    print(*wrong, sep="\n")
    under = sum("WRONG HEAD" in line for line in wrong)
    print(f"{len(files)} tables, {total} rows; under a wrong head: {under}")
    print("| way | rows whole | tables whole | ms a file |\n|---|---|---|---|")
    print(f"| dsx | {whole / total:.1%} | {complete} | {seconds / len(files) * 1e3:.0f} |", flush=True)
    grouped, named, misnamed = (sum(counts) for counts in zip(*(groups_told(*file) for file in files), strict=True))
    print(f"dsx: {grouped} rows below a head of rows, {named} name it; {misnamed} rows name another\n", flush=True)
    some = files[::7]
    rows = sum(len(list(known.truth())) for _, known in some)
    for name, read in others().items() if arguments.all else ():
        whole = complete = 0
        started = time.perf_counter()
        for path, known in some:
            good, count = grid_rows(read(path), known)
            whole, complete = whole + good, complete + (good == count)
        ms = (time.perf_counter() - started) / len(some) * 1e3
        print(
            f"| {name} (of {len(some)} tables, {rows} rows) | {whole / rows:.1%} | {complete} | {ms:.0f} |", flush=True
        )


if __name__ == "__main__":
    main()

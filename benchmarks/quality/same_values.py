"""How far the same extraction differs between devices, types of numbers and batches.

    python benchmarks/quality/same_values.py FIRST.jsonl OTHER.jsonl …

Each file is a set's predictions by benchmarks/quality/run.py (SET.jsonl or SET.published.jsonl). Printed for each other
file against the first: records of both, cells, the share of cells with equal values, and the largest and the median
difference of confidence where values are equal.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from pathlib import Path
from typing import Any

from verdicts import read_lines

Cells = dict[tuple[str, str | None, str], dict[str, Any]]
"""By file, record and parameter."""


def cells_of(path: Path) -> Cells:
    """All cells of a file of predictions."""
    return {
        (line["file"], line["record"], name): cell
        for line in read_lines(path)
        for name, cell in line["parameters"].items()
    }


def compared(first: Cells, other: Cells) -> str:
    """A line of the table."""
    common = first.keys() & other.keys()
    equal = [key for key in common if first[key].get("value") == other[key].get("value")]
    known = [
        key for key in equal if first[key].get("confidence") is not None and other[key].get("confidence") is not None
    ]
    differences = [abs(first[key]["confidence"] - other[key]["confidence"]) for key in known] or [0.0]
    records = len({key[:2] for key in common}), len({key[:2] for key in first}), len({key[:2] for key in other})
    share = len(equal) / len(common) if common else 0.0
    shown = f"{records[0]:>5} of {records[1]}, {records[2]}{len(common):>8}{share:>9.4f}"
    return f"{shown}{max(differences):>12.2g}{statistics.median(differences):>10.2g}"


def main() -> int:
    """The table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", type=Path, nargs="+")
    files = parser.parse_args().files
    if len(files) < 2:
        parser.error("give two files or more")
    first = cells_of(files[0])
    print(f"records in both   cells   equal   largest     median   (confidences; against {files[0]})")
    for file in files[1:]:
        print(f"{compared(first, cells_of(file))}   {file}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

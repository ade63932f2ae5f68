"""What leaving unsure values blank gives (`dsx export --min-confidence`), by threshold, and with one paper left out.

    python benchmarks/quality/thresholds.py OUT --set motor|participants --gold FOLDER --schema FILE [--precision 0.75]

OUT: what `run.py --min-confidence 0` made. Text stays, as in exports. The last line: each paper by the threshold that
is best on all others (F1; or of those whose precision there is at least so high, the best F1). A value that is left
blank counts as missed where the gold has one and does not take null too.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from verdicts import PAPER, RIGHT, read_lines

from dsx import parameter_set
from dsx.report.unsure import is_text

DUE = ("right", "wrong")
"""Verdicts of values where the gold has one."""
STEPS = tuple(number / 20 for number in range(20))


@dataclass(frozen=True, slots=True)
class Cell:
    """A value that counts, or one that is missed (right: None). confidence: None for what always stays.

    kept_gold, blank_gold: values of the gold beside it where it is kept and where it is left blank.
    """

    paper: str
    right: bool | None
    confidence: float | None
    kept_gold: bool
    blank_gold: bool


def may_be_missing(gold: Path) -> set[tuple[str, str, str]]:
    """Paper, record and parameter of the gold values beside which null is right too."""
    papers = [json.loads(file.read_text("utf-8")) for file in sorted(gold.glob("*.json"))]
    return {
        (paper["name"], label, name)
        for paper in papers
        for record in paper["experiments"]
        for name, value in record["parameters"].items()
        if None in (value.get("alternatives") or ())
        for label in (record["label"], PAPER)
    }


def cells(out: Path, name: str, gold: Path, texts: set[str]) -> list[Cell]:
    """Of the scorer's details. texts: parameters whose values stay."""
    optional = may_be_missing(gold)
    confidences: dict[tuple[str, str | None, str], float | None] = {}
    for line in read_lines(out / f"{name}.jsonl"):
        paper = Path(line["file"]).stem
        for parameter, cell in line["parameters"].items():
            confidences[paper, line["record"], parameter] = cell.get("confidence")
            confidences.setdefault((paper, PAPER, parameter), cell.get("confidence"))
    found = []
    with (out / f"{name}.all.details.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            key = row["paper"], row["predicted_experiment"] or None, row["parameter"]
            if row["verdict"] in RIGHT:
                asked = row["paper"], row["gold_experiment"], row["parameter"]
                is_right, is_due = RIGHT[row["verdict"]], row["verdict"] in DUE and asked not in optional
                sure = None if key[2] in texts else confidences.get(key)
                found.append(Cell(row["paper"], is_right, sure, is_right or is_due, is_due))
            elif row["verdict"] == "missed":
                found.append(Cell(row["paper"], None, None, True, True))
    return found


def figures(counted: Iterable[Cell], least: float) -> tuple[float, float, float]:
    """Precision, recall and F1."""
    return of_counts(counts(counted, least))


def counts(counted: Iterable[Cell], least: float) -> tuple[int, int, int]:
    """Right values, given ones and those that the gold has."""
    right = given = gold = 0
    for cell in counted:
        is_kept = cell.right is not None and (cell.confidence is None or cell.confidence >= least)
        gold += cell.kept_gold if is_kept else cell.blank_gold
        given += is_kept
        right += is_kept and bool(cell.right)
    return right, given, gold


def of_counts(counted: tuple[int, int, int]) -> tuple[float, float, float]:
    """Precision, recall and F1 of right, given and gold values."""
    right, given, gold = counted
    return right / max(given, 1), right / max(gold, 1), 2 * right / max(given + gold, 1)


def best(counted: list[Cell], precision: float) -> float:
    """The threshold with the best F1 of those with at least this precision; the highest one where there is none."""
    rated = [(figures(counted, least), least) for least in STEPS]
    enough = [(f1, -least) for (precise, _, f1), least in rated if precise >= precision]
    return -max(enough)[1] if enough else STEPS[-1]


def main() -> None:
    """A line a threshold, then the papers by thresholds of the others."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--set", required=True, dest="name")
    parser.add_argument("--gold", type=Path, required=True)
    parser.add_argument("--schema", type=Path, required=True)
    parser.add_argument("--precision", type=float, default=0.0)
    options = parser.parse_args()
    parameters = parameter_set(options.schema).root.all_parameters()
    texts = {each.name for each in parameters if is_text(each)}
    found = cells(options.out, options.name, options.gold, texts)
    for least in STEPS[::2]:
        print("from {:.2f}   P {:.3f}  R {:.3f}  F1 {:.3f}".format(least, *figures(found, least)))
    total, chosen = (0, 0, 0), []
    for paper in dict.fromkeys(cell.paper for cell in found):
        others = [cell for cell in found if cell.paper != paper]
        least = best(others, options.precision)
        chosen.append(least)
        own = counts((cell for cell in found if cell.paper == paper), least)
        total = (total[0] + own[0], total[1] + own[1], total[2] + own[2])
    low, high = min(chosen), max(chosen)
    print(
        "left out    P {:.3f}  R {:.3f}  F1 {:.3f}   thresholds {:.2f} to {:.2f}".format(*of_counts(total), low, high)
    )


if __name__ == "__main__":
    main()

"""Whether confidences are probabilities: as they come, by a model's calibration, and fitted leaving one paper out.

    python benchmarks/quality/calibration.py OUT --set motor|participants --schema FILE [--curves calibration.json]

OUT: what benchmarks/quality/run.py made. Values only. What was read off a first page's layout keeps its confidence.
"""

from __future__ import annotations

import argparse
import csv
import json
from pathlib import Path

from reliability import JUDGED, PAPER, Cell, read_lines, reliability

from dsx import parameter_set
from dsx.answers.calibration import Calibration, fit_line
from dsx.fill.front import LAYOUT_IS_RIGHT
from dsx.schema import kind_of

Judged = tuple[str, str, float, bool]
"""Paper, kind of value, confidence, whether it is right."""


def judged(out: Path, name: str, schema: Path) -> list[Judged]:
    """Each judged value of a set."""
    kinds = {each.name: kind_of(each) for each in parameter_set(schema).root.all_parameters()}
    confidences: dict[tuple[str, str | None, str], float] = {}
    for line in read_lines(out / f"{name}.jsonl"):
        for parameter, cell in line["parameters"].items():
            if cell.get("value") is not None and cell.get("confidence") is not None:
                paper = Path(line["file"]).stem
                confidences[paper, line["record"], parameter] = cell["confidence"]
                confidences.setdefault((paper, PAPER, parameter), cell["confidence"])
    with (out / f"{name}.all.details.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    keyed = [((row["paper"], row["predicted_experiment"] or None, row["parameter"]), row["verdict"]) for row in rows]
    return [
        (key[0], kinds[key[2]], confidences[key], JUDGED[verdict])
        for key, verdict in keyed
        if verdict in JUDGED and key in confidences
    ]


def left_out(cells: list[Judged]) -> list[Cell]:
    """Each paper's confidences by a curve that was fitted on the others."""
    calibrated = []
    for paper in dict.fromkeys(cell[0] for cell in cells):
        others = [cell for cell in cells if cell[0] != paper]
        curve = Calibration(curves={"": fit_line([cell[2] for cell in others], [cell[3] for cell in others])})
        calibrated += [(curve.probability("", cell[2]), cell[3]) for cell in cells if cell[0] == paper]
    return calibrated


def main() -> None:
    """One line each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--set", required=True, dest="name")
    parser.add_argument("--schema", type=Path, required=True)
    parser.add_argument("--curves", type=Path)
    options = parser.parse_args()
    cells = judged(options.out, options.name, options.schema)
    tables = {"as it comes": [(chance, right) for _, _, chance, right in cells], "leave one paper out": left_out(cells)}
    if options.curves:
        curves = {kind: tuple(line) for kind, line in json.loads(options.curves.read_text("utf-8"))["curves"].items()}
        calibration = Calibration(curves=curves)
        tables["by its curves"] = [
            (chance if chance == LAYOUT_IS_RIGHT else calibration.probability(kind, chance), right)
            for _, kind, chance, right in cells
        ]
    for title, table in tables.items():
        found = reliability(table)
        sure = "-" if found["precision_sure"] is None else f"{found['precision_sure']:.2f}"
        print(
            f"{title:20} n {found['n']:4} ECE {found['ece']:.3f}  "
            f">=.8: {sure} right, {found['coverage_sure']:.2f} of all"
        )


if __name__ == "__main__":
    main()

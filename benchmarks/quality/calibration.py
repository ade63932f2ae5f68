"""Whether confidences are probabilities: as they come, by a model's calibration, and fitted leaving one paper out.

    python benchmarks/quality/calibration.py OUT --set motor|participants --schema FILE [--curves calibration.json]

OUT: what benchmarks/quality/run.py made. Values only. What was read off a first page's layout keeps its confidence.
ECE: in brackets what so many values would have if these confidences were probabilities, median and 95th percentile.
"""

from __future__ import annotations

import argparse
import random
from dataclasses import replace
from pathlib import Path

from verdicts import judged_values, read_lines

from dsx import parameter_set
from dsx.answers.calibration import Calibration, read_curves
from dsx.evaluation.calibrate import Judged, left_out, reliability
from dsx.fill.front import LAYOUT_IS_RIGHT
from dsx.schema import kind_of

SURE = 0.8
DRAWS = 400


def by_curves(values: list[Judged], calibration: Calibration) -> list[Judged]:
    """The values with the probabilities that a model's curves give."""
    return [
        each
        if each.confidence == LAYOUT_IS_RIGHT
        else replace(each, confidence=calibration.probability(each.kind, each.confidence))
        for each in values
    ]


def if_true(values: list[Judged]) -> tuple[float, float]:
    """Expected calibration error, median and 95th percentile, where each value is right as often as it says."""
    drawing = random.Random(0)
    errors = sorted(
        reliability([replace(each, right=drawing.random() < each.confidence) for each in values]).ece
        for _ in range(DRAWS)
    )
    return errors[DRAWS // 2], errors[DRAWS * 95 // 100]


def main() -> None:
    """One line each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--set", required=True, dest="name")
    parser.add_argument("--schema", type=Path, required=True)
    parser.add_argument("--curves", type=Path)
    options = parser.parse_args()
    kinds = {each.name: kind_of(each) for each in parameter_set(options.schema).root.all_parameters()}
    lines = read_lines(options.out / f"{options.name}.jsonl")
    details = options.out / f"{options.name}.all.details.csv"
    values = judged_values(details, lines, {line["file"]: Path(line["file"]).stem for line in lines}, kinds)
    one_curve = [replace(each, kind="") for each in values]
    tables = {"as it comes": values, "leave one paper out": left_out(one_curve)}
    if options.curves:
        tables["by its curves"] = by_curves(values, Calibration.of(read_curves(options.curves)))
    for title, table in tables.items():
        measured = reliability(table)
        sure = next(part for part in measured.accepted if part.threshold == SURE)
        median, most = if_true(table)
        print(
            f"{title:20} n {measured.count:4} ECE {measured.ece:.3f} ({median:.3f}, {most:.3f})  "
            f">=.8: {sure.precision:.2f} right, {sure.coverage:.2f} of all"
        )


if __name__ == "__main__":
    main()

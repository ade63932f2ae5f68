"""Whether a confidence is a probability: reliability table, expected calibration error, precision above a threshold.

A judged cell is (confidence, right); cells without a value and cells that the gold leaves open are not judged.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

BINS = 10
SURE = 0.8
JUDGED = {"right": True, "wrong": False, "not in paper": False}
PAPER = "(paper)"
"""What the scorers' details say for the record of a parameter that counts once a paper."""

Cell = tuple[float, bool]


def judged_cells(details: Path, predictions: Iterable[Mapping[str, Any]], paper_of: Mapping[str, str]) -> list[Cell]:
    """One cell a judged value. details: the scorer's CSV; paper_of: gold name of each predicted file."""
    confidences: dict[tuple[str, str | None, str], float] = {}
    for line in predictions:
        paper = paper_of[line["file"]]
        for name, cell in line["parameters"].items():
            if cell.get("value") is not None and cell.get("confidence") is not None:
                confidences[paper, line["record"], name] = cell["confidence"]
                confidences.setdefault((paper, PAPER, name), cell["confidence"])
    with details.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    keys = [((row["paper"], row["predicted_experiment"] or None, row["parameter"]), row["verdict"]) for row in rows]
    return [(confidences[key], JUDGED[verdict]) for key, verdict in keys if verdict in JUDGED and key in confidences]


def reliability(cells: Sequence[Cell]) -> dict[str, Any]:
    """ECE with ten equal bins, and the precision and coverage of what is at least `SURE`."""
    bins = []
    for at in range(BINS):
        inside = [cell for cell in cells if min(int(cell[0] * BINS), BINS - 1) == at]
        if inside:
            confidence = sum(chance for chance, _ in inside) / len(inside)
            accuracy = sum(right for _, right in inside) / len(inside)
            bins.append({"from": at / BINS, "n": len(inside), "confidence": confidence, "accuracy": accuracy})
    sure = [right for chance, right in cells if chance >= SURE]
    return {
        "n": len(cells),
        "ece": sum(b["n"] * abs(b["confidence"] - b["accuracy"]) for b in bins) / max(len(cells), 1),
        "bins": bins,
        "precision_sure": sum(sure) / len(sure) if sure else None,
        "coverage_sure": len(sure) / max(len(cells), 1),
    }


def read_lines(path: Path) -> list[dict[str, Any]]:
    """JSON Lines."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]

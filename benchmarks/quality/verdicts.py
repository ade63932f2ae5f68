"""The scorers' verdicts as judged values, for dsx.evaluation: whether a confidence is a probability."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from dsx.evaluation.calibrate import Judged

RIGHT = {"right": True, "wrong": False, "not in paper": False}
"""Other verdicts are of cells without a value, or that the gold leaves open."""
PAPER = "(paper)"
"""What the scorers' details say for the record of a parameter that counts once a paper."""


def judged_values(
    details: Path, predictions: Iterable[Mapping[str, Any]], paper_of: Mapping[str, str], kinds: Mapping[str, str]
) -> list[Judged]:
    """details: the scorer's CSV. paper_of: gold name of each predicted file. kinds: of parameters; "" where unknown."""
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
    return [
        Judged(confidences[key], RIGHT[verdict], kinds.get(key[2], ""), key[0])
        for key, verdict in keys
        if verdict in RIGHT and key in confidences
    ]


def read_lines(path: Path) -> list[dict[str, Any]]:
    """JSON Lines."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]

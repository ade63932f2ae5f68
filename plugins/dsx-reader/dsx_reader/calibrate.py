"""The calibration that is shipped: fitted on the fields that no model is trained on."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from dsx.plugin_api.training import fit_line, fitted_curves
from dsx_reader.evaluate import Judged

MIN_ANSWERS = 60
"""Answers of a kind, for a curve of its own."""


def curves(judged: Sequence[Judged]) -> dict[str, tuple[float, float]]:
    """Slope and intercept by kind of value; null has a curve of its own, "" is for all that have none."""
    by_kind: dict[str, list[Judged]] = {"": [each for each in judged if not each.is_null]}
    for each in judged:
        by_kind.setdefault("null" if each.is_null else each.kind, []).append(each)
    lines = {}
    for kind, some in by_kind.items():
        right = sum(each.is_right for each in some)
        if kind == "records" or (kind and (len(some) < MIN_ANSWERS or min(right, len(some) - right) < 5)):
            continue
        slope, intercept = fit_line([each.confidence for each in some], [each.is_right for each in some])
        lines[kind] = (round(slope, 4), round(intercept, 4))
    return lines


def write(evaluation: Path, out: Path) -> dict[str, tuple[float, float]]:
    """From the answers of an evaluation, to the file that the package and `dsx extract --calibration` read."""
    judged = [Judged(**answer) for answer in json.loads(evaluation.read_text("utf-8"))["answers"]]
    lines = curves(judged)
    about = (
        f"logistic curves over log-odds, fitted on {len(judged)} answers about passages of fields kept out of training"
    )
    out.write_text(fitted_curves(lines, about=about).model_dump_json(indent=1) + "\n", encoding="utf-8")
    return lines

"""What was fitted: how the steps of a decision are weighed, and which probability a confidence means, by model family.

The figures are in calibrations.json, with what they were fitted on. For a family that is not there the weights of
"default" are taken, and its confidences stay as they are (a value is then flagged `uncalibrated`).
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import resources

from dsx.answers.decide import Weights, log_odds

Line = tuple[float, float]
"""Slope and intercept of a logistic curve over log-odds (Platt scaling)."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """weights: by kind of parameter; "" is for every kind that is not there. curves: the same, for confidences."""

    family: str
    by_kind: Mapping[str, Weights] = field(default_factory=dict)
    curves: Mapping[str, Line] = field(default_factory=dict)

    def weights(self, kind: str) -> Weights:
        """For a kind of parameter."""
        return self.by_kind.get(kind) or self.by_kind.get("") or Weights()

    def probability(self, kind: str, confidence: float) -> float:
        """The probability that a value of this confidence is right. Unchanged where nothing was fitted."""
        line = self.curves.get(kind) or self.curves.get("")
        if line is None:
            return confidence
        slope, intercept = line
        return 1 / (1 + math.exp(-(slope * log_odds(confidence) + intercept)))

    @property
    def fitted(self) -> bool:
        """Whether confidences are probabilities."""
        return bool(self.curves)


def calibration_of(family: str | None) -> Calibration:
    """For a model family, as the engine names it."""
    stored = _stored()
    name = family if family is not None and family in stored else "default"
    entry = stored[name]
    return Calibration(
        name,
        {kind: Weights(**weights) for kind, weights in entry.get("weights", {}).items()},
        {kind: (line["slope"], line["intercept"]) for kind, line in entry.get("curves", {}).items()},
    )


@lru_cache(maxsize=1)
def _stored() -> Mapping[str, Mapping[str, dict[str, dict[str, float]]]]:
    text = (resources.files("dsx.answers") / "calibrations.json").read_text("utf-8")
    stored: Mapping[str, Mapping[str, dict[str, dict[str, float]]]] = json.loads(text)
    return stored

"""Which probability a confidence means: a logistic curve for each kind of value, fitted on checked answers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

Line = tuple[float, float]
"""Slope and intercept of a logistic curve over log-odds (Platt scaling)."""
NULL = "null"
"""The kind of "not reported", which has a curve of its own."""
LIMIT = 10.0
"""Log-odds beyond this are taken as this: a confidence of exactly 1 is not certainty."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """curves: by kind of value (`dsx.schema.kind_of`, or null); "" is for every kind that is not there.

    family: what was fitted, for people.
    """

    family: str = ""
    curves: Mapping[str, Line] = field(default_factory=dict)

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


def log_odds(probability: float) -> float:
    """Of a probability, within ±LIMIT."""
    bounded = min(max(probability, 1e-9), 1 - 1e-9)
    return max(-LIMIT, min(LIMIT, math.log(bounded / (1 - bounded))))


def fit_line(confidences: Sequence[float], right: Sequence[bool], steps: int = 50) -> Line:
    """Slope and intercept by Newton's method; a slope below zero becomes zero, so that the curve never falls."""
    import numpy

    odds = numpy.array([log_odds(confidence) for confidence in confidences])
    labels = numpy.array(right, dtype=float)

    def newton(design: numpy.ndarray) -> numpy.ndarray:
        line = numpy.zeros(design.shape[1])
        for _ in range(steps):
            chances = 1 / (1 + numpy.exp(-design @ line))
            curvature = design.T @ (design * (chances * (1 - chances))[:, None]) + 1e-6 * numpy.eye(len(line))
            line += numpy.linalg.solve(curvature, design.T @ (labels - chances))
        return line

    slope, intercept = newton(numpy.stack([odds, numpy.ones_like(odds)], axis=1))
    return (float(slope), float(intercept)) if slope >= 0 else (0.0, float(newton(numpy.ones((len(odds), 1)))[0]))

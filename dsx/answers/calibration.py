"""Which probability a confidence means: a logistic curve for each kind of value, fitted on checked answers."""

from __future__ import annotations

import math
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from dsx.errors import UsageError
from dsx.recipe import Curve, FittedCurves
from dsx.schema import kind_of
from dsx.types import PaperResult, ParameterSet, Record, RecordPath, RecordType, Value

Line = tuple[float, float]
"""Slope and intercept of a logistic curve over log-odds (Platt scaling)."""
NULL = "null"
"""The kind of "not reported", which has a curve of its own."""
ITEM = "choice"
"""The kind of a list's item that was asked alone: true or false."""
LIMIT = 10.0
"""Log-odds beyond this are taken as this: a confidence of exactly 1 is not certainty."""
FAR = 30.0
"""Log-odds of a curve beyond this are taken as this: where few values part clean, the curve is as steep as can be."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """curves: by kind of value (`dsx.schema.kind_of`, or null); "" is for every kind that is not there."""

    curves: Mapping[str, Line] = field(default_factory=dict)

    @classmethod
    def of(cls, fitted: FittedCurves) -> Calibration:
        """The curves of a file."""
        return cls({kind: (curve.slope, curve.intercept) for kind, curve in fitted.curves.items()})

    def probability(self, kind: str, confidence: float) -> float:
        """The probability that a value of this confidence is right. Unchanged where nothing was fitted."""
        line = self.curves.get(kind) or self.curves.get("")
        if line is None:
            return confidence
        slope, intercept = line
        odds = slope * log_odds(confidence) + intercept
        return 1 / (1 + math.exp(-max(-FAR, min(FAR, odds))))

    @property
    def fitted(self) -> bool:
        """Whether confidences are probabilities."""
        return bool(self.curves)


def calibrated(result: PaperResult, calibration: Calibration, parameters: ParameterSet) -> PaperResult:
    """A paper's result with probabilities in place of the confidences of its values; nulls keep theirs."""
    records = (
        calibrated_record(record, _type_at(parameters.root, record.path), calibration) for record in result.records
    )
    return replace(result, records=tuple(records))


def calibrated_record(
    record: Record, record_type: RecordType, calibration: Calibration, unchanged: Container[str] = ()
) -> Record:
    """`calibrated` of one record. unchanged: names of values that keep their confidence."""
    kinds = {parameter.name: kind_of(parameter) for parameter in record_type.parameters}

    def probable(name: str, value: Value) -> Value:
        if name in unchanged or value.confidence is None or value.value is None:
            return value
        confidence = calibration.probability(kinds.get(name, ""), value.confidence)
        return replace(value, confidence=confidence, items=tuple(map(probable_item, value.items)))

    def probable_item(item: Value) -> Value:
        if item.confidence is None:
            return item
        return replace(item, confidence=calibration.probability(ITEM, item.confidence))

    return replace(record, values={name: probable(name, value) for name, value in record.values.items()})


def _type_at(root: RecordType, path: RecordPath) -> RecordType:
    """The type of the records at a path; one without parameters where the set has no such list."""
    for step in path:
        nothing = RecordType(step.list, "", ())
        root = next((child for child in root.children if child.name == step.list), nothing)
    return root


def read_curves(path: Path) -> FittedCurves:
    """Raises UsageError where the file holds no fitted curves."""
    from pydantic import ValidationError

    try:
        return FittedCurves.model_validate_json(path.read_bytes())
    except OSError as problem:
        raise UsageError(f"{path}: {problem.strerror}") from None
    except ValidationError as problem:
        first = problem.errors()[0]
        where = ".".join(map(str, first["loc"]))
        what = f"{where}: {first['msg']}" if where else first["msg"]
        raise UsageError(f"{path} is no calibration ({what}); `dsx eval --calibration` writes one") from None


def fitted_curves(
    curves: Mapping[str, Line], *, about: str, model: str | None = None, stored: bool = False
) -> FittedCurves:
    """What a file of curves holds. stored: fitted on confidences as a run stores them, not as the model gives them."""
    named = {kind: Curve(slope=slope, intercept=intercept) for kind, (slope, intercept) in curves.items()}
    return FittedCurves(about=about, model=model, fitted_on="run" if stored else "model", curves=named)


def check_model(fitted: FittedCurves, model: str | None) -> None:
    """UsageError where the curves are another model's."""
    if fitted.model and model and fitted.model != model:
        raise UsageError(f"--calibration: its curves were fitted on answers of {fitted.model}, not of {model}")


def log_odds(probability: float) -> float:
    """Of a probability, within ±LIMIT."""
    bounded = min(max(probability, 1e-9), 1 - 1e-9)
    return max(-LIMIT, min(LIMIT, math.log(bounded / (1 - bounded))))


def fit_line(confidences: Sequence[float], right: Sequence[bool]) -> Line:
    """Slope and intercept by Newton's method; a slope below zero becomes zero, so that the curve never falls."""
    import numpy

    odds = numpy.array([log_odds(confidence) for confidence in confidences])
    labels = numpy.array(right, dtype=float)

    def newton(design: numpy.ndarray) -> numpy.ndarray:
        line = numpy.zeros(design.shape[1])
        for _ in range(50):
            chances = 1 / (1 + numpy.exp(-numpy.clip(design @ line, -FAR, FAR)))
            curvature = design.T @ (design * (chances * (1 - chances))[:, None]) + 1e-6 * numpy.eye(len(line))
            line += numpy.linalg.solve(curvature, design.T @ (labels - chances))
        return line

    slope, intercept = newton(numpy.stack([odds, numpy.ones_like(odds)], axis=1))
    return (float(slope), float(intercept)) if slope >= 0 else (0.0, float(newton(numpy.ones((len(odds), 1)))[0]))

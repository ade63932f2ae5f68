"""Whether a confidence is a probability: reliability, expected calibration error, a fitted curve, what may be accepted.

A judged value is one that is right or wrong and has a confidence; values that the gold leaves open are not judged.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dsx.answers.calibration import Calibration, Line, fit_line
from dsx.evaluation.judge import Verdict
from dsx.report.columns import columns
from dsx.schema import kind_of
from dsx.types import ParameterSet

if TYPE_CHECKING:
    from dsx.evaluation.score import Judgements

BINS = 10
THRESHOLDS = (0.0, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
MIN_OF_A_KIND = 40
"""From so many judged values, five of them right and five wrong, a kind of parameter has a curve of its own."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A value's confidence, whether it is right, its kind of parameter and its paper."""

    confidence: float
    right: bool
    kind: str
    paper: str


@dataclass(frozen=True, slots=True)
class Bin:
    """The values whose confidence is between `start` and the next bin's: their mean confidence, the share right."""

    start: float
    count: int
    confidence: float
    accuracy: float


@dataclass(frozen=True, slots=True)
class Accepted:
    """What accepting all values from a confidence on gives: the share of them that is right, and of all values."""

    threshold: float
    count: int
    precision: float
    coverage: float


@dataclass(frozen=True, slots=True)
class Reliability:
    """ece: mean distance of confidence and accuracy over ten bins, weighed by values. brier: mean squared error."""

    count: int
    ece: float
    brier: float
    bins: tuple[Bin, ...]
    accepted: tuple[Accepted, ...]


def judged_values(judgements: Judgements, kinds: Mapping[str, str]) -> list[Judged]:
    """kinds: of each column."""
    return [
        Judged(judgement.confidence, judgement.verdict is Verdict.RIGHT, kinds[judgement.column], paper)
        for paper, of_paper in judgements.items()
        for judgement in of_paper
        if judgement.confidence is not None and judgement.value is not None and judgement.verdict is not Verdict.OPEN
    ]


def kinds_of(parameters: ParameterSet) -> dict[str, str]:
    """Kind of parameter by column."""
    return {column.name: kind_of(column.parameter) for column in columns(parameters)}


def reliability(values: Sequence[Judged]) -> Reliability:
    """Of the confidences as they are."""
    by_bin: dict[int, list[Judged]] = {}
    for value in values:
        by_bin.setdefault(min(int(value.confidence * BINS), BINS - 1), []).append(value)
    bins = [
        Bin(number / BINS, len(members), _mean(member.confidence for member in members), _share_right(members))
        for number, members in sorted(by_bin.items())
    ]
    accepted = []
    for threshold in THRESHOLDS:
        above = [value for value in values if value.confidence >= threshold]
        accepted.append(Accepted(threshold, len(above), _share_right(above), len(above) / max(len(values), 1)))
    distances = (part.count * abs(part.confidence - part.accuracy) for part in bins)
    return Reliability(
        len(values),
        sum(distances) / max(len(values), 1),
        _mean((value.confidence - value.right) ** 2 for value in values),
        tuple(bins),
        tuple(accepted),
    )


def fit(values: Sequence[Judged]) -> dict[str, Line]:
    """A logistic curve over log-odds (Platt 1999) of all values, "", and of each kind with enough of them."""
    curves = {"": _curve(values)} if values else {}
    for kind in sorted({value.kind for value in values}):
        of_kind = [value for value in values if value.kind == kind]
        right = sum(value.right for value in of_kind)
        if len(of_kind) >= MIN_OF_A_KIND and 5 <= right <= len(of_kind) - 5:
            curves[kind] = _curve(of_kind)
    return curves


def apply_curves(values: Sequence[Judged], curves: Mapping[str, Line]) -> list[Judged]:
    """The same values with the probabilities that the curves give."""
    calibration = Calibration(curves)
    return [replace(value, confidence=calibration.probability(value.kind, value.confidence)) for value in values]


def left_out(values: Sequence[Judged]) -> list[Judged]:
    """Each value with the probability of curves that were fitted on the other papers."""
    probabilities: list[Judged] = []
    for paper in dict.fromkeys(value.paper for value in values):
        curves = fit([value for value in values if value.paper != paper])
        probabilities += apply_curves([value for value in values if value.paper == paper], curves)
    return probabilities


def _curve(values: Sequence[Judged]) -> Line:
    return fit_line([value.confidence for value in values], [value.right for value in values])


def _share_right(values: Sequence[Judged]) -> float:
    return _mean(value.right for value in values)


def _mean(numbers: Iterable[float]) -> float:
    """0 of nothing."""
    terms = list(numbers)
    return sum(terms) / max(len(terms), 1)

"""Whether a confidence is a probability: reliability, expected calibration error, a fitted curve, what may be accepted.

A judged value is one that is right or wrong and has a confidence; values that the gold leaves open are not judged.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from dsx.answers.calibration import Calibration, Line, fit_line
from dsx.errors import UsageError
from dsx.evaluation.judge import Judgement, Verdict
from dsx.evaluation.score import Judgements
from dsx.report.columns import columns, lists_of, names
from dsx.schema import kind_of
from dsx.types import Json, PaperResult, ParameterSet, Value

if TYPE_CHECKING:
    pass

FORMAT = "dsx-calibration/1"
BINS = 10
THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
LEAST_OF_A_KIND = 40
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
        Judged(each.confidence, each.verdict is Verdict.RIGHT, kinds[each.column], paper)
        for paper, judged in judgements.items()
        for each in judged
        if each.confidence is not None and _is_judged(each)
    ]


def kinds_of(parameters: ParameterSet) -> dict[str, str]:
    """Kind of parameter by column."""
    return {column.name: kind_of(column.parameter) for column in columns(parameters)}


def reliability(values: Sequence[Judged]) -> Reliability:
    """Of the confidences as they are."""
    bins = []
    for at in range(BINS):
        inside = [each for each in values if min(int(each.confidence * BINS), BINS - 1) == at]
        if inside:
            confidence = sum(each.confidence for each in inside) / len(inside)
            bins.append(Bin(at / BINS, len(inside), confidence, sum(each.right for each in inside) / len(inside)))
    count = max(len(values), 1)
    accepted = []
    for threshold in THRESHOLDS:
        sure = [each.right for each in values if each.confidence >= threshold]
        accepted.append(Accepted(threshold, len(sure), sum(sure) / max(len(sure), 1), len(sure) / count))
    return Reliability(
        len(values),
        sum(part.count * abs(part.confidence - part.accuracy) for part in bins) / count,
        sum((each.confidence - each.right) ** 2 for each in values) / count,
        tuple(bins),
        tuple(accepted),
    )


def fit(values: Sequence[Judged]) -> dict[str, Line]:
    """A logistic curve over log-odds (Platt 1999) of all values, "", and of each kind with enough of them."""
    curves = {"": fit_line([each.confidence for each in values], [each.right for each in values])} if values else {}
    for kind in sorted({each.kind for each in values}):
        inside = [each for each in values if each.kind == kind]
        right = sum(each.right for each in inside)
        if len(inside) >= LEAST_OF_A_KIND and 5 <= right <= len(inside) - 5:
            curves[kind] = fit_line([each.confidence for each in inside], [each.right for each in inside])
    return curves


def apply_curves(values: Sequence[Judged], curves: Mapping[str, Line]) -> list[Judged]:
    """The same values with the probabilities that the curves give."""
    calibration = Calibration(curves=curves)
    return [replace(each, confidence=calibration.probability(each.kind, each.confidence)) for each in values]


def left_out(values: Sequence[Judged]) -> list[Judged]:
    """Each value with the probability of curves that were fitted on the other papers."""
    calibrated: list[Judged] = []
    for paper in dict.fromkeys(each.paper for each in values):
        curves = fit([each for each in values if each.paper != paper])
        calibrated += apply_curves([each for each in values if each.paper == paper], curves)
    return calibrated


def write_calibration(path: Path, curves: Mapping[str, Line], about: str) -> None:
    """A file that `read_calibration` reads."""
    from dsx.report.writing import replacing

    lines = {kind: {"slope": slope, "intercept": intercept} for kind, (slope, intercept) in curves.items()}
    with replacing(path, binary=False) as out:
        json.dump({"format": FORMAT, "about": about, "curves": lines}, out, indent=1)
        out.write("\n")


def read_calibration(path: Path) -> Calibration:
    """Raises UsageError where the file holds no fitted curves."""
    try:
        content = json.loads(path.read_bytes())
        if content["format"] != FORMAT:
            raise ValueError(f"its format is {content['format']!r}")
        curves = {kind: (float(line["slope"]), float(line["intercept"])) for kind, line in content["curves"].items()}
    except OSError as problem:
        raise UsageError(f"{path}: {problem.strerror}") from None
    except (ValueError, KeyError, TypeError, AttributeError) as problem:
        raise UsageError(f"{path} is no calibration ({problem}); `dsx eval --calibration` writes one") from None
    return Calibration(curves=curves)


def calibrated(result: PaperResult, calibration: Calibration, parameters: ParameterSet) -> PaperResult:
    """A paper's result with probabilities in place of the confidences of its values; nulls keep theirs."""
    kinds, column_names = kinds_of(parameters), names(columns(parameters))

    def known(value: Value, kind: str) -> Value:
        if value.confidence is None or value.value is None:
            return value
        return replace(value, confidence=calibration.probability(kind, value.confidence))

    records = []
    for record in result.records:
        lists = lists_of(record.path)
        values = {
            name: known(value, kinds.get(column_names.get((lists, name), name), ""))
            for name, value in record.values.items()
        }
        records.append(replace(record, values=values))
    return replace(result, records=tuple(records))


def as_json(reliability: Reliability) -> Json:
    """For `--json`."""
    from dataclasses import asdict

    return asdict(reliability)


def _is_judged(each: Judgement) -> bool:
    return each.value is not None and each.verdict is not Verdict.OPEN


def describe(curves: Mapping[str, Line]) -> Iterable[str]:
    """One line a curve, for people."""
    for kind, (slope, intercept) in curves.items():
        yield f"{kind or 'all kinds'}: slope {slope:.2f}, intercept {intercept:+.2f}"

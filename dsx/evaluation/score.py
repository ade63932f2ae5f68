"""Precision, recall and F1 of parameters and of all, with intervals over papers; two runs compared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy

from dsx.evaluation.judge import Judgement, Verdict

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[numpy.float64]

RESAMPLES = 2000
LEVEL = 0.95
ERRORS = (Verdict.WRONG, Verdict.OTHER_RECORD, Verdict.NOT_IN_PAPER, Verdict.MISSED)
Judgements = Mapping[str, Sequence[Judgement]]
"""By paper."""
Interval = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Score:
    """Counts, and what follows from them. interval: 95 % of F1, of papers drawn again with replacement."""

    right: int = 0
    false_positives: int = 0
    false_negatives: int = 0
    errors: Mapping[str, int] | None = None
    interval: Interval | None = None

    @property
    def precision(self) -> float:
        """Share of the values that are right; 0 without any."""
        return self.right / (self.right + self.false_positives) if self.right else 0.0

    @property
    def recall(self) -> float:
        """Share of the gold values that were found; 0 without any."""
        return self.right / (self.right + self.false_negatives) if self.right else 0.0

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        total = 2 * self.right + self.false_positives + self.false_negatives
        return 2 * self.right / total if self.right else 0.0

    @property
    def judged(self) -> int:
        """How many values there are to be right or wrong about."""
        return self.right + self.false_positives + self.false_negatives


@dataclass(frozen=True, slots=True)
class Scores:
    """parameters: by column. micro: all values together. macro: mean F1 of the parameters that have something to judge.

    quotes: of right values: "right", "elsewhere", "not judged".
    """

    parameters: Mapping[str, Score]
    micro: Score
    macro: float
    macro_interval: Interval | None
    quotes: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Difference:
    """F1 of the second run less that of the first.

    interval, p_value: by the paired bootstrap, two-sided; None where there are not papers enough to draw from.
    """

    f1: float
    interval: Interval | None
    p_value: float | None


def score(judgements: Judgements, resamples: int = RESAMPLES) -> Scores:
    """Scores of all papers. resamples: 0 leaves the intervals out; of one paper there are none."""
    names = list(dict.fromkeys(each.column for judged in judgements.values() for each in judged))
    counts = _counts(judgements, names)
    drawn = _drawn(counts, resamples)
    errors = {name: Counter[str]() for name in names}
    for judged in judgements.values():
        for each in judged:
            if each.verdict in ERRORS:
                errors[each.column][str(each.verdict)] += 1
    totals = counts.sum(axis=0)
    parameters = {
        name: _score(totals[at], errors[name], None if drawn is None else drawn[:, at]) for at, name in enumerate(names)
    }
    everything = Counter[str]()
    for each_errors in errors.values():
        everything += each_errors
    judged_names = [at for at, name in enumerate(names) if parameters[name].judged]
    macro = float(numpy.mean([parameters[names[at]].f1 for at in judged_names])) if judged_names else 0.0
    return Scores(
        parameters,
        _score(totals.sum(axis=0), everything, None if drawn is None else drawn.sum(axis=1)),
        macro,
        None if drawn is None or not judged_names else _interval(_macro(drawn[:, judged_names])),
        _quotes(judgements),
    )


def compare(first: Judgements, second: Judgements, resamples: int = RESAMPLES) -> dict[str, Difference]:
    """Differences of F1 by column, and "micro" and "macro", over the papers that both have; papers are drawn alike."""
    papers = [paper for paper in first if paper in second]
    runs = [{paper: run[paper] for paper in papers} for run in (first, second)]
    names = list(dict.fromkeys(each.column for run in runs for judged in run.values() for each in judged))
    counts = [_counts(run, names) for run in runs]
    drawn = [part for each in counts if (part := _drawn(each, resamples)) is not None]
    totals = [each.sum(axis=0, keepdims=True) for each in counts]
    differences = {
        name: _difference(*(_f1(part[:, at]) for part in totals), *(_f1(part[:, at]) for part in drawn))
        for at, name in enumerate(names)
    }
    used = [at for at in range(len(names)) if any(part[0, at].sum() for part in totals)]
    micro = [_f1(part.sum(axis=1)) for part in (*totals, *drawn)]
    macro = [_macro(part[:, used]) for part in (*totals, *drawn)]
    return {"micro": _difference(*micro), "macro": _difference(*macro), **differences}


def _counts(judgements: Judgements, names: Sequence[str]) -> Floats:
    """[papers, columns, 3]: right, false positives, false negatives."""
    place = {name: at for at, name in enumerate(names)}
    counts = numpy.zeros((len(judgements), len(names), 3))
    for row, judged in enumerate(judgements.values()):
        for each in judged:
            counts[row, place[each.column]] += each.counts
    return counts


def _drawn(counts: Floats, resamples: int) -> Floats | None:
    """[resamples, columns, 3]: sums over papers drawn with replacement; the same papers for the same shape.

    None for one paper: it is all that can be drawn, and says nothing of others.
    """
    papers = len(counts)
    if papers < 2 or not resamples:
        return None
    weights = numpy.random.default_rng(0).multinomial(papers, numpy.full(papers, 1 / papers), size=resamples)
    drawn: Floats = numpy.tensordot(weights, counts, axes=1)
    return drawn


def _f1(counts: Floats) -> Floats:
    """Of counts [..., 3]; 0 where there is nothing."""
    total = 2 * counts[..., 0] + counts[..., 1] + counts[..., 2]
    return 2 * counts[..., 0] / numpy.maximum(total, 1)


def _macro(counts: Floats) -> Floats:
    """Mean F1 over the columns of [..., columns, 3] that have something to judge."""
    used = counts.sum(axis=-1) > 0
    mean: Floats = (_f1(counts) * used).sum(axis=-1) / numpy.maximum(used.sum(axis=-1), 1)
    return mean


def _score(counts: Floats, errors: Counter[str], drawn: Floats | None) -> Score:
    right, false_positives, false_negatives = (int(count) for count in counts)
    interval = None if drawn is None else _interval(_f1(drawn))
    return Score(right, false_positives, false_negatives, dict(errors), interval)


def _interval(values: Floats) -> Interval:
    low, high = numpy.quantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def _difference(first: Floats, second: Floats, *drawn: Floats) -> Difference:
    gain = float(second[0] - first[0])
    if not drawn:
        return Difference(gain, None, None)
    gains = drawn[1] - drawn[0]
    tail = (min((gains <= 0).sum(), (gains >= 0).sum()) + 1) / (len(gains) + 1)
    return Difference(gain, _interval(gains), min(1.0, 2 * float(tail)))


def _quotes(judgements: Judgements) -> dict[str, int]:
    known = {True: "right", False: "elsewhere", None: "not judged"}
    right = (each for judged in judgements.values() for each in judged if each.verdict is Verdict.RIGHT)
    return dict.fromkeys(known.values(), 0) | Counter(known[each.quote_right] for each in right)

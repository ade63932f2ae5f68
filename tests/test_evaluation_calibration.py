"""Calibration and agreement: by hand, and as scikit-learn and krippendorff have them."""

from __future__ import annotations

import json
import math
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import krippendorff
import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, cohen_kappa_score

from dsx.answers.calibration import Calibration, calibrated, fit_line, fitted_curves, read_curves
from dsx.errors import UsageError
from dsx.evaluation import calibrate
from dsx.evaluation.agreement import agreement, cohen_kappa, krippendorff_alpha
from dsx.evaluation.calibrate import Judged
from dsx.evaluation.evaluate import evaluate
from dsx.evaluation.gold import read_gold
from dsx.store import DecisionFile, read_decisions, write_decisions
from dsx.types import Decision, Flag, Json, PaperResult, Record, Status, Value
from tests.export_results import PARAMETERS, TWO_LISTS, record, stored_run

KINDS = ("number", "choice")


def judged(count: int, slope: float = 1.0, intercept: float = 0.0, seed: int = 0) -> list[Judged]:
    """Values of ten papers whose chance to be right follows a logistic curve of their confidence."""
    rng = random.Random(seed)
    values = []
    for at in range(count):
        confidence = rng.uniform(0.05, 0.95)
        odds = slope * math.log(confidence / (1 - confidence)) + intercept
        right = rng.random() < 1 / (1 + math.exp(-odds))
        values.append(Judged(confidence, right, KINDS[at % 2], f"paper {at % 10}"))
    return values


# ---- reliability ----


def test_reliability_by_hand() -> None:
    outcomes = ((0.95, True), (0.85, False), (0.81, True), (0.1, False))
    values = [Judged(confidence, right, "number", "p") for confidence, right in outcomes]
    found = calibrate.reliability(values)
    assert [(part.start, part.count, part.accuracy) for part in found.bins] == [(0.1, 1, 0), (0.8, 2, 0.5), (0.9, 1, 1)]
    assert found.ece == pytest.approx((0.1 + 2 * abs(0.83 - 0.5) + 0.05) / 4)
    accepted = next(part for part in found.accepted if part.threshold == 0.8)
    assert (accepted.count, accepted.precision, accepted.coverage) == (3, pytest.approx(2 / 3), 0.75)
    assert found.brier == pytest.approx(brier_score_loss([v.right for v in values], [v.confidence for v in values]))
    assert calibrate.reliability([]).ece == 0


# ---- what leaving unsure values blank gives ----


def sure(value: Json, confidence: float | None, *flags: Flag) -> Value:
    """A value of this confidence."""
    return Value(value, Status.STATED, confidence, flags=flags)


def counts_from(folder: Path, records: list[Record], **experiment: Json) -> dict[float, tuple[int, int, int]]:
    """Right, too many and missed by threshold; they are those of an evaluation with this threshold."""
    run = stored_run(folder / "run", [PaperResult("a" * 64, "first.pdf", tuple(records))], failed=False)
    (folder / "gold.json").write_text(json.dumps({"pdf": "first.pdf", "experiments": [experiment]}))
    kept = evaluate(run.path, folder / "gold.json", resamples=0).kept_from
    for least, found in kept.items():
        with_it = evaluate(run.path, folder / "gold.json", resamples=0, min_confidence=least)
        assert found == with_it.scores.micro
    return {least: (each.right, each.false_positives, each.false_negatives) for least, each in kept.items()}


def test_the_score_of_what_is_sure_enough_counts_the_rest_as_missed(tmp_path: Path) -> None:
    values = {"n": sure(90, 0.7), "open": sure(True, 0.9), "name": sure("Sleep well", 0.1), "record": sure("x", None)}
    gold = {"n": 90, "open": False, "name": "Sleep well", "arms.n": 3}
    found = counts_from(tmp_path, [record(values)], label="Arm 1", list="arms", parameters=gold)
    assert found[0.0] == (2, 2, 2)
    assert found[0.8] == (1, 2, 3), "text stays, and so does what has no confidence"
    assert found[0.95] == (1, 1, 3)


def test_what_may_be_left_out_is_not_missed_where_it_is_left_blank(tmp_path: Path) -> None:
    values = {"n": sure(90, 0.1), "open": sure(False, 0.5)}
    gold = {"n": {"value": 90, "alternatives": [None]}, "open": False}
    found = counts_from(tmp_path, [record(values)], label="The study", parameters=gold)
    assert (found[0.0], found[0.2], found[0.6]) == ((2, 0, 0), (1, 0, 0), (0, 0, 1))


def test_records_are_matched_by_the_values_that_are_left(tmp_path: Path) -> None:
    """From 0.2 on it is the second one that has a right value left."""
    first = {"n": sure(1, 0.1), "psqi": sure([4.5], 0.1), "dose": sure(3, 0.9)}
    second = {"n": sure(5, 0.1), "dose": sure(2, 0.9)}
    records = [record({}), record(first, "arms", "Low"), record(second, "arms", "High")]
    gold = {"arms.n": 1, "psqi": [4.5], "dose": 2}
    found = counts_from(tmp_path, records, label="Aspirin", list="arms", parameters=gold)
    assert (found[0.0], found[0.2], found[0.95]) == ((2, 3, 1), (1, 1, 2), (0, 0, 3))


def test_what_a_reviewer_accepted_stays_in_an_export_that_is_evaluated(tmp_path: Path) -> None:
    accepted = {"n": sure(90, 0.1, Flag("reviewed", "accept")), "open": sure(False, 0.1)}
    found = counts_from(tmp_path, [record(accepted)], label="The study", parameters={"n": 90, "open": False})
    assert found[0.2] == (1, 0, 1)


# ---- curves ----


@pytest.mark.parametrize(("slope", "intercept"), [(1, 0), (0.4, -1), (2.5, 1)])
def test_the_curve_is_the_logistic_regression_s(slope: float, intercept: float) -> None:
    values = judged(400, slope, intercept)
    line = fit_line([v.confidence for v in values], [v.right for v in values])
    odds = numpy.array([[math.log(v.confidence / (1 - v.confidence))] for v in values])
    theirs = LogisticRegression(C=1e6).fit(odds, [v.right for v in values])
    assert line == pytest.approx((theirs.coef_[0, 0], theirs.intercept_[0]), abs=0.01)


@pytest.mark.parametrize(
    ("confidences", "right"),
    [
        ([0.43893767562560837, 0.38038975163550337, 1.0], [True, False, True]),
        ([0.9998703831015388, 0.2, 0.9999513227809309, 1.0, 1.0], [False, False, False, True, True]),
    ],
)
def test_few_values_that_part_clean_have_a_steep_curve(confidences: list[float], right: list[bool]) -> None:
    curve = Calibration({"": fit_line(confidences, right)})
    probabilities = [curve.probability("", confidence) for confidence in (0.0, *confidences, 1.0)]
    assert all(0 <= probability <= 1 for probability in probabilities)
    assert [probability > 0.5 for probability in probabilities[1:-1]] == right


def test_a_curve_never_falls_and_is_finite() -> None:
    slope, intercept = fit_line([0.9, 0.8, 0.2, 0.1], [False, False, True, True])
    assert slope == 0
    assert intercept == pytest.approx(0, abs=1e-3)
    for line in (fit_line([0.9, 0.1], [True, False]), fit_line([0.5, 0.7], [True, True])):
        assert all(map(math.isfinite, line))
        assert line[0] >= 0


def test_kinds_with_enough_values_have_curves_of_their_own() -> None:
    assert set(calibrate.fit(judged(200))) == {"", "number", "choice"}
    assert set(calibrate.fit(judged(60))) == {""}
    assert calibrate.fit([]) == {}


def test_calibration_of_papers_left_out_lowers_the_error() -> None:
    values = judged(600, slope=0.3, intercept=-1)
    before, after = (calibrate.reliability(each) for each in (values, calibrate.left_out(values)))
    assert after.count == before.count
    assert after.ece < before.ece / 3
    alone = [value for value in values if value.paper == "paper 0"]
    assert calibrate.left_out(alone) == alone


def test_a_calibration_is_written_and_applied_to_values(tmp_path: Path) -> None:
    path = tmp_path / "curves.json"
    path.write_text(fitted_curves({"": (1, 0), "number": (1, -2)}, about="fitted here", stored=True).model_dump_json())
    calibration = Calibration.of(read_curves(path))
    result = calibrated(TWO_LISTS, calibration, PARAMETERS)
    [before, after] = (each.records[0].values for each in (TWO_LISTS, result))
    assert after["n"].confidence == pytest.approx(Calibration({"": (1, -2)}).probability("", 0.9312))
    assert after["name"].confidence == pytest.approx(before["name"].confidence, abs=1e-6)
    [items] = (value.items for each in result.records for value in each.values.values() if value.items)
    assert [item.confidence for item in items] == [pytest.approx(0.9312), pytest.approx(0.5)], "as of a choice"
    assert result.records[2].values["n"] == TWO_LISTS.records[2].values["n"]  # not reported


@pytest.mark.parametrize(
    "content", ["{", "[]", '{"format": "other"}', '{"format": "dsx-calibration/1", "curves": {"": 1}}']
)
def test_a_file_that_is_no_calibration_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "curves.json"
    path.write_text(content)
    with pytest.raises(UsageError, match="is no calibration"):
        read_curves(path)
    with pytest.raises(UsageError, match="No such file"):
        read_curves(tmp_path / "missing.json")


# ---- agreement ----

RATINGS = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abc")), min_size=2, max_size=40)


@given(RATINGS)
def test_kappa_and_alpha_are_those_of_the_known_packages(pairs: list[tuple[str, str]]) -> None:
    first, second = zip(*pairs, strict=True)
    kappa, alpha = cohen_kappa(pairs), krippendorff_alpha(pairs)
    if len({*first, *second}) == 1:
        assert kappa is None
        assert alpha is None
        return
    assert kappa == pytest.approx(cohen_kappa_score(first, second))
    codes = [["abc".index(rating) for rating in ratings] for ratings in (first, second)]
    assert alpha == pytest.approx(krippendorff.alpha(codes, level_of_measurement="nominal"))


def test_alpha_takes_missing_ratings_and_many_annotators() -> None:
    nan = math.nan
    ratings = [[1, 2, 3, 3, 2, 1, 4, 1, 2, nan], [1, 2, 3, 3, 2, 2, 4, 1, 2, 5], [nan, 3, 3, 3, 2, 3, 4, 2, 2, 5]]
    items = [[None if math.isnan(rating) else rating for rating in item] for item in zip(*ratings, strict=True)]
    assert krippendorff_alpha(items) == pytest.approx(krippendorff.alpha(ratings, level_of_measurement="nominal"))


def test_two_annotators_are_compared_by_parameter(tmp_path: Path) -> None:
    def annotate(name: str, *arms: dict[str, Any]) -> Any:
        (tmp_path / name).mkdir()
        items = [
            {"label": label, "list": "arms", "parameters": values} for label, values in zip("ABC", arms, strict=False)
        ]
        (tmp_path / name / "p.json").write_text(json.dumps({"pdf": "p.pdf", "experiments": items}))
        return read_gold(tmp_path / name, PARAMETERS)

    first = annotate("ada", {"n": 9, "arms.n": 40, "dose": 1.0}, {"n": 9, "arms.n": 41, "dose": None})
    second = annotate("ben", {"n": 9, "arms.n": 40.1, "dose": 2.0}, {"n": 9, "arms.n": 50}, {"n": 9, "arms.n": 3})
    measured = agreement(first, second, PARAMETERS)
    counted = {name: (measured[name].count, measured[name].share) for name in ("n", "arms.n", "dose")}
    assert counted == {"n": (1, 1), "arms.n": (3, pytest.approx(1 / 3)), "dose": (2, 0.5)}
    assert measured["n"].kappa is None
    assert measured["arms.n"].kappa == pytest.approx(cohen_kappa_score(["0", "1", "absent"], ["0", "2", "3"]))
    assert measured["all"].count == sum(each.count for name, each in measured.items() if name != "all")


def test_of_decisions_only_what_both_decided_on_is_compared(tmp_path: Path) -> None:
    def decided(name: str, *decisions: tuple[str, str, Any]) -> Any:
        made = tuple(
            Decision("first.pdf", TWO_LISTS.document, record, None, parameter, "correct", value, None, "", "2026-11-01")
            for record, parameter, value in decisions
        )
        write_decisions(tmp_path / f"{name}.json", DecisionFile("run", name, made))
        return read_gold(tmp_path / f"{name}.json", PARAMETERS)

    first = decided("ada", ("arms/Arm 1", "n", 24), ("arms/Arm 2", "dose", 1.0))
    second = decided("ben", ("arms/Arm 1", "n", 25), ("arms/Arm 3", "dose", 1.0), ("", "n", 90))
    measured = agreement(first, second, PARAMETERS)
    counted = {name: (each.count, each.share) for name, each in measured.items()}
    assert counted == {"arms.n": (1, 0), "all": (1, 0)}
    assert agreement(first, decided("eva", ("", "n", 90)), PARAMETERS)["all"].count == 0

    denied = DecisionFile(
        "run",
        "kim",
        tuple(
            replace(each, action="no_record", value=None) for each in read_decisions(tmp_path / "ada.json").decisions
        ),
    )
    write_decisions(tmp_path / "kim.json", denied)
    none = read_gold(tmp_path / "kim.json", PARAMETERS)
    assert [agreement(none, other, PARAMETERS)["all"].share for other in (none, first)] == [1, 0]
    unreported = decided("lea", ("arms/Arm 1", "n", None))
    measured = agreement(none, unreported, PARAMETERS)
    assert (measured["all"].count, measured["all"].share) == (1, 0), "not reported is of a record that there is"

    def added(name: str, label: str, *decisions: tuple[str, Any, Any]) -> Any:
        made = tuple(
            Decision("first.pdf", TWO_LISTS.document, f"arms/{label}", label, parameter, action, value, None, "", "1")
            for parameter, action, value in (("", "add_record", None), *decisions)
        )
        write_decisions(tmp_path / f"{name}.json", DecisionFile("run", name, made))
        return read_gold(tmp_path / f"{name}.json", PARAMETERS)

    one = added("mia", "Study 9", ("n", "correct", 24), ("dose", "correct", 1.0))
    two = added("noa", "Study 9", ("n", "correct", 25), ("dose", "correct", 1.0))
    other_label = added("ole", "Study nine: more", ("n", "correct", 24), ("dose", "not_reported", None))
    for pair, shares in ((two, {"arms.n": 0, "dose": 1}), (other_label, {"arms.n": 1, "dose": 0})):
        measured = agreement(one, pair, PARAMETERS)
        assert {name: each.share for name, each in measured.items() if name != "all"} == shares
    assert agreement(one, first, PARAMETERS)["all"].count == 0, "who does not add a record said nothing of it"
    said_none = (("", "no_record", None), ("n", "no_record", None), ("dose", "no_record", None))
    measured = agreement(one, added("pia", "Study 9", *said_none), PARAMETERS)
    assert (measured["all"].count, measured["all"].share) == (2, 0)

    arms = [{"label": f"Arm {n}", "list": "arms", "parameters": {"arms.n": 24, "dose": 5}} for n in (1, 7)]
    (tmp_path / "gold.json").write_text(json.dumps({"pdf": "first.pdf", "experiments": arms}))
    gold = read_gold(tmp_path / "gold.json", PARAMETERS)
    for measured in (agreement(first, gold, PARAMETERS), agreement(gold, first, PARAMETERS)):
        counted = {name: (each.count, each.share) for name, each in measured.items()}
        assert counted == {"arms.n": (1, 1), "dose": (1, 0), "all": (2, 0.5)}, "what nobody decided is left out"

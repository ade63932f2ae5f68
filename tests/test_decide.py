"""answers/decide.py: from log-probabilities to a decision."""

from __future__ import annotations

import math

import pytest

from dsx.answers.decide import NULL, Weights, averaged, decide, log_odds, normalised, without_habit, yes_probability


def chances(scores: dict[str, float]) -> dict[str, float]:
    return {option: math.exp(score) for option, score in scores.items()}


def test_normalised_probabilities_add_up_to_one() -> None:
    assert sum(chances(normalised({"a": -3.0, "b": -5.0, NULL: -400.0})).values()) == pytest.approx(1)
    assert normalised({}) == {}


def test_equal_options_go_to_the_first_and_never_to_null() -> None:
    assert decide({NULL: -1.0, "b": -1.0, "a": -1.0}, Weights()).option == "b"


def test_the_weight_of_null_moves_the_threshold() -> None:
    scores = {NULL: math.log(0.6), "7": math.log(0.4)}
    assert decide(scores, Weights()).option == NULL
    moved = decide(scores, Weights(null=-1.0))
    assert moved.option == "7"
    assert moved.null == pytest.approx(0.6 * math.exp(-1) / (0.6 * math.exp(-1) + 0.4))


def test_a_habit_of_null_is_taken_out() -> None:
    paper = {NULL: math.log(0.6), "7": math.log(0.4)}
    habit = {NULL: math.log(0.9), "3": math.log(0.1)}
    weights = Weights(prior_null=1.0, prior=0.0)
    ratio = (0.6 / 0.9) / (0.4 / 0.1)
    assert decide(without_habit(paper, habit, weights), weights).null == pytest.approx(ratio / (1 + ratio))
    assert without_habit(paper, habit, Weights(prior_null=0, prior=0)) == pytest.approx(normalised(paper))


def test_a_habit_of_a_choice_is_taken_out() -> None:
    paper = {"gradual": math.log(0.5), "abrupt": math.log(0.4), NULL: math.log(0.1)}
    habit = {"gradual": math.log(0.8), "abrupt": math.log(0.1), NULL: math.log(0.1)}
    decision = decide(without_habit(paper, habit, Weights(prior_null=0.0, prior=1.0)), Weights())
    assert decision.option == "abrupt"


def test_orders_are_averaged_and_an_option_that_one_order_lacks_is_unlikely() -> None:
    both = averaged([{"a": math.log(0.9), "b": math.log(0.1)}, {"a": math.log(0.2), "b": math.log(0.8)}])
    assert chances(both)["a"] == pytest.approx(math.sqrt(0.18) / (math.sqrt(0.18) + math.sqrt(0.08)))
    assert chances(averaged([{"a": 0.0}, {"a": -1.0, "b": -1.0}]))["b"] < 1e-5


def test_yes_is_measured_against_no_alone() -> None:
    assert yes_probability({"yes": math.log(0.02), "no": math.log(0.06)}) == pytest.approx(0.25)
    assert log_odds(0.25) == pytest.approx(math.log(1 / 3))
    assert log_odds(0.0) == -10

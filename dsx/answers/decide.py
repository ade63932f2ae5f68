"""Decide: which option is the answer, from the log-probabilities that a model gave to all of them.

Every step is one function on mappings of option → log-probability, so that a recipe can leave each of them out and a
fit can be done on stored scores. `NULL` is the option that says "not reported".
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

NULL = "null"
FLOOR = -30.0
"""Log-probability of an option that was too unlikely to be measured."""

Scores = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Weights:
    """How the steps are weighed for one kind of parameter; fitted, see `calibration`.

    null: added to the log-probability of null.
    prior_null: share of the habit of answering null that is taken out (0: none, 1: all).
    prior: the same for every other option, where their habits are known.
    place: log-odds for a number that stands where its record is described, and against one where another record is.
    look, look_middle: slope and zero of what a second look's log-odds of "yes" count for.
    """

    null: float = 0.0
    prior_null: float = 0.5
    prior: float = 0.5
    place: float = 1.0
    look: float = 0.5
    look_middle: float = 0.0


@dataclass(frozen=True, slots=True)
class Decision:
    """option: the likeliest. probability: of it; null: of "not reported"; ranked: all options, the likeliest first."""

    option: str
    probability: float
    null: float
    ranked: tuple[tuple[str, float], ...]


def normalised(scores: Scores) -> dict[str, float]:
    """Log-probabilities that add up to one; the order of the options is kept. Empty for no options."""
    if not scores:
        return {}
    highest = max(scores.values())
    if highest == -math.inf:
        return {option: -math.log(len(scores)) for option in scores}
    total = highest + math.log(sum(math.exp(score - highest) for score in scores.values()))
    return {option: score - total for option, score in scores.items()}


def averaged(several: Sequence[Scores]) -> dict[str, float]:
    """The geometric mean of what one question gave in several orders of its options."""
    options = dict.fromkeys(option for scores in several for option in scores)
    each = [normalised(scores) for scores in several]
    return normalised({option: sum(scores.get(option, FLOOR) for scores in each) / len(each) for option in options})


def without_habit(scores: Scores, prior: Scores, weights: Weights) -> dict[str, float]:
    """`scores` divided by a power of what the model answers where it sees no paper (contextual calibration, PMI).

    prior: log-probabilities of the same options without the paper, or of null and a few of them: an option that it
    does not know shares what is left.
    """
    habit = normalised(prior)
    known = {option for option in scores if option in habit and option != NULL}
    corrected = {}
    for option, score in scores.items():
        if option == NULL:
            corrected[option] = score - weights.prior_null * habit.get(NULL, 0.0)
        elif option in known:
            corrected[option] = score - weights.prior * (habit[option] - _reported(habit))
            corrected[option] -= weights.prior_null * _reported(habit)
        else:
            corrected[option] = score - weights.prior_null * _reported(habit)
    return normalised(corrected)


def _reported(habit: Scores) -> float:
    """Log-probability that something is answered, whatever it is."""
    return math.log(max(1e-9, 1 - math.exp(habit[NULL]))) if NULL in habit else 0.0


def shifted(scores: Scores, shifts: Mapping[str, float]) -> dict[str, float]:
    """Log-odds added to options, for what is known of them besides."""
    return normalised({option: score + shifts.get(option, 0.0) for option, score in scores.items()})


def decide(scores: Scores, weights: Weights) -> Decision:
    """The likeliest option after `weights.null` is added to null."""
    return ranked(shifted(scores, {NULL: weights.null}))


def ranked(scores: Scores) -> Decision:
    """The likeliest option. Equal ones: the first, but null last."""
    final = normalised(scores)
    order = {option: place for place, option in enumerate(final)}
    options = sorted(final, key=lambda option: (-round(final[option], 9), option == NULL, order[option]))
    chances = {option: math.exp(final[option]) for option in options}
    return Decision(options[0], chances[options[0]], chances.get(NULL, 0.0), tuple(chances.items()))


def yes_probability(scores: Scores, yes: str = "yes", no: str = "no") -> float:
    """The share of yes among yes and no."""
    both = normalised({option: scores.get(option, FLOOR) for option in (yes, no)})
    return math.exp(both[yes])


def log_odds(probability: float) -> float:
    """Of a probability, kept within ±10."""
    bounded = min(max(probability, 1e-9), 1 - 1e-9)
    return max(-10.0, min(10.0, math.log(bounded / (1 - bounded))))

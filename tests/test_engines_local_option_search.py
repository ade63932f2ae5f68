"""engines/local/option_search.py: the probability of every option, by best-first search over token paths."""

from __future__ import annotations

import itertools
import math
import random

import pytest

from dsx.engines.local.option_search import OptionSearch

pytestmark = pytest.mark.slow


class Bigrams:
    """A made-up model over single characters: the probability of a character depends on the one before."""

    def __init__(self, seed: int) -> None:
        self.draw = random.Random(seed)
        self.table: dict[int, dict[int, float]] = {}

    def after(self, path: tuple[int, ...]) -> dict[int, float]:
        last = path[-1] if path else 0
        if last not in self.table:
            weights = [self.draw.random() ** 3 for _ in range(128)]
            self.table[last] = {token: weight / sum(weights) for token, weight in enumerate(weights)}
        return self.table[last]


def encode(text: str) -> list[int]:
    return [ord(letter) for letter in text]


DIGITS = frozenset(map(ord, "0123456789"))


def run(search: OptionSearch, model: Bigrams) -> int:
    """Answers the search until it knows enough; the number of paths that it asked for."""
    for asked in itertools.count():
        path = search.next_path()
        if path is None:
            return asked
        for length in range(len(path) + 1):
            tokens, ends = search.tokens_after(path[:length])
            chances = model.after(path[:length])
            continued = sum(chances[token] for token in DIGITS - set(tokens)) if ends else 0.0
            search.observe(path[:length], {token: math.log(chances[token]) for token in tokens}, continued)
    raise AssertionError


def exact(options: list[str], model: Bigrams) -> dict[str, float]:
    """By brute force: shares of what may follow; among numbers, likelihoods instead."""
    likelihoods, shares = {}, {}
    for option in options:
        likelihood = share = 0.0
        for at, token in enumerate([*encode(option), None]):
            beginning = option[:at]
            following = {encode(other)[at] for other in options if other.startswith(beginning) and len(other) > at}
            chances = model.after(tuple(encode(beginning)))
            ends = beginning in options
            number = ends and beginning[0].isdigit()
            goes_on = sum(chances[each] for each in following | (DIGITS if number else set()))
            stop = max(1e-9, 1 - goes_on) if ends else 0.0
            if token is None and not following and not number:
                continue  # nothing may follow
            chance = stop if token is None else chances[token]
            likelihood += math.log(chance)
            share += math.log(chance / (sum(chances[each] for each in following) + stop))
        likelihoods[option], shares[option] = likelihood, share
    numbers = [option for option in options if option[0].isdigit()]
    total = math.log(sum(math.exp(likelihoods[option]) for option in numbers) or 1)
    reported = math.log(1 - math.exp(shares["null"]))
    return {
        option: reported + likelihoods[option] - total if option in numbers else shares[option] for option in options
    }


@pytest.mark.parametrize("seed", range(20))
def test_choices_share_what_may_follow(seed: int) -> None:
    options = ["null", '"abrupt"', '"abrupt, then gradual"', '"gradual"', "true", "false"]
    model, search = Bigrams(seed), OptionSearch(options, encode, DIGITS)
    run(search, model)
    assert search.scores() == pytest.approx(exact(options, model), abs=1e-6)
    assert sum(map(math.exp, search.scores().values())) == pytest.approx(1)


@pytest.mark.parametrize("seed", range(20))
def test_every_number_that_may_matter_is_weighed_by_its_likelihood(seed: int) -> None:
    options = ["null", "1", "12", "128", "7", "70 ms", "70 s"]
    model, search = Bigrams(seed), OptionSearch(options, encode, DIGITS)
    run(search, model)
    scores, truth = search.scores(), exact(options, model)
    assert max(scores, key=scores.__getitem__) == max(truth, key=truth.__getitem__)
    for option, score in scores.items():
        assert score == pytest.approx(truth[option], abs=0.02)  # what was not measured is too unlikely to count


def test_many_options_cost_few_paths_where_the_model_is_sure() -> None:
    options = ["null", *map(str, range(1, 400))]
    model = Bigrams(3)
    model.table[0] = {token: 0.95 if token == ord("2") else 0.05 / 127 for token in range(128)}
    model.table[ord("2")] = {token: 0.9 if token == ord("4") else 0.1 / 127 for token in range(128)}
    model.table[ord("4")] = {token: 0.96 if token == ord(" ") else 0.04 / 127 for token in range(128)}
    search = OptionSearch(options, encode, DIGITS)
    assert run(search, model) <= 12
    assert max(search.scores(), key=search.scores().__getitem__) == "24"

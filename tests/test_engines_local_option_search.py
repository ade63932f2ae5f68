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


def exact(option: str, options: list[str], model: Bigrams) -> float:
    score, path = 0.0, ()
    for token in encode(option):
        score += math.log(model.after(path)[token])
        path = (*path, token)
    longer = {encode(other)[len(path)] for other in options if other != option and other.startswith(option)}
    if option[-1].isdigit():
        longer |= DIGITS
    return score + (math.log(1 - sum(model.after(path)[token] for token in longer)) if longer else 0.0)


@pytest.mark.parametrize("seed", range(20))
def test_every_option_that_may_matter_has_its_exact_likelihood(seed: int) -> None:
    options = ["null", "1", "12", "128", "7", "70 ms", "70 s", '"abrupt"', '"abrupt, then gradual"']
    model, search = Bigrams(seed), OptionSearch(options, encode, DIGITS)
    run(search, model)
    scores = search.scores()
    truth = {option: exact(option, options, model) for option in options}
    assert max(scores, key=scores.__getitem__) == max(truth, key=truth.__getitem__)
    for option, score in scores.items():
        assert score == pytest.approx(truth[option], abs=1e-6)
    highest = max(truth.values())
    assert {option for option in options if truth[option] > highest - 5.9} <= set(scores)


def test_many_options_cost_few_paths_where_the_model_is_sure() -> None:
    options = ["null", *map(str, range(1, 400))]
    model = Bigrams(3)
    model.table[0] = {token: 0.95 if token == ord("2") else 0.05 / 127 for token in range(128)}
    model.table[ord("2")] = {token: 0.9 if token == ord("4") else 0.1 / 127 for token in range(128)}
    model.table[ord("4")] = {token: 0.96 if token == ord(" ") else 0.04 / 127 for token in range(128)}
    search = OptionSearch(options, encode, DIGITS)
    assert run(search, model) <= 12
    assert max(search.scores(), key=search.scores().__getitem__) == "24"

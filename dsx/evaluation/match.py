"""Which predicted record is which gold record: by label, then by the assignment that makes most values right."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from dsx.evaluation.assignment import Pair, assign
from dsx.evaluation.compare import words

_COUNTED = "one two three four five six seven eight nine ten"
NUMBER_WORDS = {word: str(number) for number, word in enumerate(_COUNTED.split(), 1)}
_experiment = re.compile(r"(?:(?:experiment|expt?|study) ?)?(\d{1,2})(?![\da-z])")


def match_labels(gold: Sequence[str | None], predicted: Sequence[str | None]) -> list[Pair]:
    """Pairs of equal labels; then of equal numbers ("Exp. 2" and "Experiment two: aims"), where one has each."""
    pairs: list[Pair] = []
    for key in (_words, _number):
        free_gold = [at for at in range(len(gold)) if all(at != pair[0] for pair in pairs)]
        free_predicted = [at for at in range(len(predicted)) if all(at != pair[1] for pair in pairs)]
        gold_keys, predicted_keys = [key(gold[at]) for at in free_gold], [key(predicted[at]) for at in free_predicted]
        for at, label in zip(free_gold, gold_keys, strict=True):
            if label and gold_keys.count(label) == predicted_keys.count(label) == 1:
                pairs.append((at, free_predicted[predicted_keys.index(label)]))
    return pairs


def match(
    gold: Sequence[str | None], predicted: Sequence[str | None], agreement: Callable[[int, int], float]
) -> list[Pair]:
    """Pairs of records, each in one pair at the most. agreement: of two records without a common label."""
    pairs = match_labels(gold, predicted)
    free_gold = [at for at in range(len(gold)) if all(at != pair[0] for pair in pairs)]
    free_predicted = [at for at in range(len(predicted)) if all(at != pair[1] for pair in pairs)]
    gains = [[agreement(row, column) for column in free_predicted] for row in free_gold]
    return sorted([*pairs, *((free_gold[row], free_predicted[column]) for row, column in assign(gains))])


def _words(label: str | None) -> str:
    return " ".join(words(label or ""))


def _number(label: str | None) -> str:
    text = " ".join(NUMBER_WORDS.get(word, word) for word in words(label or ""))
    numbered = _experiment.match(text)
    return numbered[1] if numbered else ""

"""Which predicted record is which gold record: by label, then by the assignment that makes most values right."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence

from dsx.evaluation.compare import words

Pair = tuple[int, int]
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


def assign(gains: Sequence[Sequence[float]]) -> list[Pair]:
    """The assignment of rows to columns, as many as there can be, with the largest sum of gains.

    Shortest augmenting paths (Jonker and Volgenant 1987), O(rows² columns). Of equal sums the earlier columns win.
    """
    if not gains or not gains[0]:
        return []
    if len(gains) > len(gains[0]):
        turned = [list(column) for column in zip(*gains, strict=True)]
        return sorted((row, column) for column, row in assign(turned))
    rows, width = len(gains), len(gains[0])
    row_price, column_price = [0.0] * (rows + 1), [0.0] * (width + 1)
    row_of, before = [0] * (width + 1), [0] * (width + 1)  # counted from 1; 0 is free
    for row in range(1, rows + 1):
        row_of[0], column = row, 0
        distance, visited = [math.inf] * (width + 1), [False] * (width + 1)
        while row_of[column]:
            visited[column] = True
            current, shortest, nearest = row_of[column], math.inf, 0
            for at in range(1, width + 1):
                if visited[at]:
                    continue
                reduced = -gains[current - 1][at - 1] - row_price[current] - column_price[at]
                if reduced < distance[at]:
                    distance[at], before[at] = reduced, column
                if distance[at] < shortest:
                    shortest, nearest = distance[at], at
            for at in range(width + 1):
                if visited[at]:
                    row_price[row_of[at]] += shortest
                    column_price[at] -= shortest
                else:
                    distance[at] -= shortest
            column = nearest
        while column:
            row_of[column] = row_of[before[column]]
            column = before[column]
    return sorted((row_of[column] - 1, column - 1) for column in range(1, width + 1) if row_of[column])


def _words(label: str | None) -> str:
    return " ".join(words(label or ""))


def _number(label: str | None) -> str:
    text = " ".join(NUMBER_WORDS.get(word, word) for word in words(label or ""))
    numbered = _experiment.match(text)
    return numbered[1] if numbered else ""

"""The best assignment of some things to others, each in one pair at the most."""

from __future__ import annotations

import math
from collections.abc import Sequence

Pair = tuple[int, int]
"""A row and its column."""


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

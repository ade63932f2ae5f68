"""Gold that was written before a parameter's unit changed: all its numbers are off from the run's by one factor."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dsx.evaluation.compare import as_number
from dsx.evaluation.judge import Judgement
from dsx.report.columns import columns
from dsx.types import ParameterSet

FEWEST, SHARE = 3, 0.9
"""Different gold numbers that must be off by the factor, and of all pairs that share."""
SPREAD, LEAST = 0.01, 1.5
"""How far factors are from each other at the most, and the factor from 1 at the least."""


def unit_notes(judgements: Iterable[Judgement], parameters: ParameterSet) -> Iterator[str]:
    """A line for each parameter whose gold seems to be in another unit than the parameter set's."""
    units = {column.name: column.parameter.unit for column in columns(parameters) if column.parameter.unit}
    pairs: dict[str, list[tuple[float, float]]] = {}
    for each in judgements:
        gold, value = as_number(each.gold, None), as_number(each.value, None)
        if each.column in units and gold and value:
            pairs.setdefault(each.column, []).append((gold, value))
    for name, of_column in pairs.items():
        factors = sorted(gold / value for gold, value in of_column)
        factor = factors[len(factors) // 2]
        alike = [gold for gold, value in of_column if abs(gold / value - factor) <= SPREAD * abs(factor)]
        is_off = factor > 0 and max(factor, 1 / factor) >= LEAST
        if is_off and len(set(alike)) >= FEWEST and len(alike) >= SHARE * len(of_column):
            times = f"{factor:.4g} times" if factor > 1 else f"1/{1 / factor:.4g} of"
            yield (
                f"{name}: {len(alike)} of {len(of_column)} gold numbers are {times} the run's, which are in "
                f'{units[name]}; if the gold is in another unit, write it beside each: "unit"'
            )

"""A number as it stands in a text."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

Span = tuple[int, int]
Role = Literal["plain", "range_low", "range_high", "mean", "spread", "percent"]


@dataclass(frozen=True, slots=True)
class NumberMention:
    """A number as it stands at `Document.text[start:end]`, its sign included.

    unit: as written; its own, or that of the list, range, table column or heading that it belongs to.
    rate: the unit with how often behind it, "mg daily", where that may belong to it; "" where nothing does.
    kind: a label names a thing (Experiment 2, [12], P300) and counts nothing.
    noun: the thing; also of a value that is a day, a year or a time of day.
    comparator: the sign before it, one of < > ≤ ≥ = ±, or "".
    exact: written as one number, not in words such as "a dozen" or "a third", nor in several numbers.
    parts: of how many numbers it is written: 2 for "7 h 30 min", whose value is 450 and whose unit is min.
    unitless: it can be no amount of a unit that is not written: a sample's size, a factor, a part of a whole, a year.
    counted: what a number stands before, where that can be no amount: "ponds" of "two ponds".
    described: words that say what it counts, in small letters: "healthy" and "girls" of "nine healthy girls".
    sentence: (start, end) of its sentence; of a table, its row.
    """

    value: Decimal
    text: str
    start: int
    end: int
    unit: str | None = None
    kind: Literal["value", "label"] = "value"
    role: Role = "plain"
    comparator: str = ""
    noun: str = ""
    exact: bool = True
    parts: int = 1
    unitless: bool = False
    counted: str = ""
    described: frozenset[str] = frozenset()
    sentence: Span = (0, 0)
    rate: str = ""

    @property
    def units(self) -> tuple[str, ...]:
        """What it may be an amount of: the unit, and the rate."""
        return tuple(unit for unit in (self.unit, self.rate) if unit)


MINUS = "-−–‐‑"
"""Signs of negative numbers, and dashes."""
CONTEXT = 48
"""Characters looked at on either side of a number."""

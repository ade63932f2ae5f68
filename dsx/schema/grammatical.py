"""A leaf's schema as llguidance takes it, where the library's own reading lets through what is not valid.

Numbers are read as doubles, so choices must be exact ones and bounds are drawn inward; dates are held to the calendar.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from typing import Any

FORMATS = {
    "date": 10,
    "time": 24,
    "date-time": 35,
    "duration": 24,
    "email": 60,
    "hostname": 60,
    "ipv4": 15,
    "ipv6": 45,
    "uuid": 36,
}
"""Formats that the grammar enforces, with the maxLength of a text that names none."""
DIGITS, MAGNITUDE = 15, 22
"""What a double holds exactly: so many digits, and powers of ten up to this one."""
SMALLEST_STEP = 1e-6
"""Of a number that names none (multipleOf), so that its digits end."""
MAX_CONTINUATIONS = 500
"""Of a list whose items all differ: ways to go on, over all sets of items that may stand before. A list of any of seven
has 448, and compiles in 25 ms. Lists with more are held to the count of their items only."""
_ROUNDING = {
    "minimum": ROUND_CEILING,
    "exclusiveMinimum": ROUND_CEILING,
    "maximum": ROUND_FLOOR,
    "exclusiveMaximum": ROUND_FLOOR,
}
_LEAP = "([0-9]{2}(0[48]|[2468][048]|[13579][26])|(0[48]|[2468][048]|[13579][26])00)"
_YEAR = "([0-9]{3}[1-9]|[0-9]{2}[1-9]0|[0-9][1-9]00|[1-9]000)"
_DAY = "(0[1-9]|1[0-9]|2[0-8])"
_DATE = f"({_YEAR}-((0[1-9]|1[0-2])-{_DAY}|(0[13-9]|1[0-2])-(29|30)|(0[13578]|1[02])-31)|{_LEAP}-02-29)"
_TIME = "([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])"
_PATTERNS = {"date": f"^{_DATE}$", "time": f"^{_TIME}$", "date-time": f"^{_DATE}T{_TIME}$"}


def for_grammar(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The leaf as llguidance takes it: what is enforced after decoding (uniqueItems, some formats) left out."""
    readable = {key: value for key, value in schema.items() if key != "uniqueItems"}
    if readable.get("format") not in FORMATS:
        readable.pop("format", None)
    for key, rounding in _ROUNDING.items():
        if key in readable:
            readable[key] = inward(readable[key], rounding)
    if readable.get("format") in _PATTERNS and "pattern" not in readable:
        readable["pattern"] = _PATTERNS[readable.pop("format")]
    for key in ("anyOf", "prefixItems"):
        if key in readable:
            readable[key] = [for_grammar(branch) for branch in readable[key]]
    if isinstance(readable.get("items"), Mapping):
        readable["items"] = for_grammar(readable["items"])
    return readable


def few_enough_to_differ(choices: int, min_items: int, max_items: int) -> bool:
    """Whether a grammar can hold that the items of a list, each one of so many choices, all differ."""
    most = min(max_items, choices)
    continuations = sum(math.comb(choices, size) * (choices - size) for size in range(most))
    return min_items <= most and continuations <= MAX_CONTINUATIONS


def differ_by_grammar(schema: Mapping[str, Any]) -> bool:
    """Whether the grammar of a list holds its `uniqueItems`."""
    items = schema.get("items")
    if not schema.get("uniqueItems") or "prefixItems" in schema or not isinstance(items, Mapping):
        return False
    return "enum" in items and few_enough_to_differ(len(items["enum"]), schema["minItems"], schema["maxItems"])


def exact(number: float) -> bool:
    """Whether the number comes through the library as it is: with few digits, and not far from one."""
    decimal = Decimal(str(number)).normalize()
    return len(decimal.as_tuple().digits) <= DIGITS and abs(decimal.adjusted()) <= MAGNITUDE


def inward(number: float, rounding: str) -> float:
    """The number with DIGITS digits, if it has more; rounding: of the decimal module."""
    if exact(number):
        return number
    rounded = Context(prec=DIGITS, rounding=rounding).create_decimal(str(number))
    return int(rounded) if isinstance(number, int) else float(rounded)

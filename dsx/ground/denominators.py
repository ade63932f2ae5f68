"""What amounts of several things have below the line together: "100 kg N and 50 kg P per hectare"."""

from __future__ import annotations

import re

from dsx.ground.mentions import NumberMention
from dsx.units import read_unit

_no_name = (
    r"(?!(?:and|or|per|of|in|at|on|to|for|from|with|was|were|is|are|by|each|every|an?|the|then|than|daily|weekly|monthly"
    r"|yearly|annually|once|twice|only|more|less|times)\b)"
)
_symbol = r"\s[A-Z][A-Za-z0-9]{0,7}(?:-[A-Z]{1,5})?"
_of_word = rf"\sof\s{_no_name}[A-Za-z][a-z0-9]{{0,15}}(?:\s{_no_name}[a-z]{{3,15}})?"
_word = rf"\s{_no_name}[a-z]{{3,15}}(?:\s{_no_name}[a-z]{{3,15}})?"
_and_another = re.compile(
    rf"(?:(?P<symbol>{_symbol})|(?P<of>{_of_word})|(?P<word>{_word}(?!,\s(?!and|or))))(?:,|,?\s(?:and|or|plus)|\s\+)\s"
)
_named = re.compile(rf"[\s-]?(?P<unit>[^\W\d_]{{1,12}})(?:(?P<symbol>{_symbol})|(?P<of>{_of_word})|(?P<word>{_word}))")
_below = re.compile(
    rf"[^\W\d_]{{1,12}}(?:{_symbol}|{_of_word}|{_word})?"
    r"(?P<below>(?:\s?/|\sper\s|\s(?:an?|each|every)\s|\s(?:hourly|daily|weekly|monthly|yearly|annually)$"
    r"|[\s·][^\W\d_]{1,6}\^?\{?[-−–‐‑⁻]).*)"
)
LONGEST = 48
"""Characters between two numbers whose amounts have a denominator together."""


def shared_rate(text: str, left: NumberMention, right: NumberMention) -> str:
    """The left amount's unit over what the right one is counted by, "" where they do not share it.

    Both say of what they are, and in one way: "100 kg N and 50 kg P ha−1", not "2 kg seed and 60 kg N ha−1".
    """
    written = right.rate or right.unit
    if not (left.unit and written) or left.rate or right.start - left.end > LONGEST:
        return ""
    stop = text.find(left.unit, left.end) + len(left.unit)
    first, second = _and_another.fullmatch(text, stop, right.start), _named.match(text, right.end)
    if not (first and second) or first.lastgroup != second.lastgroup:
        return ""
    if first["word"] and left.unit != second["unit"]:
        return ""  # "200 g weight and 5 mg ketamine per kg"
    below = _below.fullmatch(written)
    rate = f"{left.unit}{below['below']}" if below else ""
    unit, given = read_unit(rate), read_unit(written)
    return rate if unit and given and unit.kind == given.kind else ""

"""Which values the machine's quote holds: a correction to one of them may keep it."""

from __future__ import annotations

from collections.abc import Iterator

from dsx.ground.numbers import numbers_in
from dsx.ground.support import support
from dsx.types import Json, Parameter, Status
from dsx.units import convert

LONGEST_QUOTE, MOST_NUMBERS = 2000, 50
"""Characters and numbers of a quote up to which it is looked through."""


def held_values(quote: str, parameter: Parameter) -> list[Json]:
    """The choices and numbers that the quote carries, in the parameter's unit. The page looks for text itself."""
    if len(quote) > LONGEST_QUOTE or (parameter.schema.get("type") == "string" and not parameter.choices):
        return []
    choices = [True, False] if parameter.schema.get("type") == "boolean" else [each.value for each in parameter.choices]
    held: list[Json] = []
    for value in choices or _numbers(quote, parameter):
        if value not in held and support(value, parameter.unit, quote, parameter) in (Status.STATED, Status.DERIVED):
            held.append(value)
    return held


def _numbers(quote: str, parameter: Parameter) -> Iterator[Json]:
    """Each number as it stands, and in the parameter's unit."""
    for mention in numbers_in(quote)[:MOST_NUMBERS]:
        number = float(mention.value)
        yield number
        if mention.unit is not None and parameter.unit is not None:
            try:
                yield float(f"{convert(number, mention.unit, parameter.unit):.12g}")
            except (ValueError, OverflowError):
                continue

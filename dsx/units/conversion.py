"""What a unit measures, and the way from one to another (pint)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from math import prod
from tokenize import TokenError
from typing import Any

from dsx.types import Json
from dsx.units.factors import ONE_LETTER, Factors, factors_at, run_together
from dsx.units.names import ALIASES, ALSO_READ, HOMONYMS, KINDS, OPAQUE

Kind = frozenset[tuple[str, float]]


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit as read. expression: for pint. scale: 0.01 for g/100 g. kind: what it measures.

    Beside pint's dimensions a kind tells angles, shares, ratios of two equals (mg/kg) and counted things from plain
    numbers. Units of one kind convert into each other.
    """

    expression: str
    kind: Kind
    scale: float = 1.0


@lru_cache(maxsize=1024)
def read_unit(written: str) -> Unit | None:
    """The unit that `written` names; None where neither papers' ways nor pint know it."""
    written = written.strip()
    for form in (written, written.rstrip("."), written.lower() if len(written) > 3 else written):
        end, factors = factors_at(form, 0)
        if factors and end == len(form):
            return _unit_of(factors)
    parsed = None if written in HOMONYMS else _parsed(written)
    dimensions = None if parsed is None else _dimensions(parsed)
    return None if dimensions is None else Unit(written, dimensions)


def _unit_of(factors: Factors) -> Unit:
    """The unit of pint's names and their powers."""
    parts: list[tuple[str, float]] = []
    scale = prod(float(name) ** power for name, power in factors if name[0].isdigit())
    for name, power in factors:
        if name[0].isdigit():
            continue
        above, _, below = name.partition("/")
        parts += [(above, power), (below, -power)] if below else [(name, power)]
    if len(parts) > 1:  # a temperature's zero means nothing in a compound
        parts = [(name.replace("degree_", "delta_degree_"), power) for name, power in parts]
    kind: dict[str, float] = {}
    pint_parts = []
    sides: list[str] = []
    for name, power in parts:
        own = next((own for own, names in KINDS.items() if name in names), name if name in OPAQUE else None)
        if own:
            kind[own] = kind.get(own, 0) + power
        if name in OPAQUE:
            continue
        pint_parts.append(f"{name} ** {power:g}")
        dimensions = _registry().Unit(name).dimensionality
        sides += [str(dimensions)] * (power > 0 and bool(dimensions))
        for dimension, exponent in dimensions.items():
            kind[dimension] = kind.get(dimension, 0) + exponent * power
    present = {name: power for name, power in kind.items() if power}
    if not present and sides:
        present = {f"ratio of {' '.join(sorted(sides))}": 1}
    expression = parts[0][0] if len(parts) == 1 and parts[0][1] == 1 else " * ".join(pint_parts)
    expression = "dimensionless" if parts[0][0] in OPAQUE and len(parts) == 1 else expression
    return Unit(expression, frozenset(present.items()), scale)


def _dimensions(unit: Any) -> Kind | None:
    """None for logarithmic units in compounds (dB per decade), whose dimension pint does not know."""
    from pint.errors import PintError

    try:
        found = unit.dimensionality
    except PintError:
        return None
    return frozenset((name, float(power)) for name, power in found.items())


# ---- pint ----


@lru_cache(maxsize=1)
def _registry() -> Any:
    import pint

    registry = pint.UnitRegistry(cache_folder=None)
    for definition in ("ppb = 1e-9", "jansky = 1e-26 * watt / meter ** 2 / hertz", "base_pair = [base_pair]"):
        registry.define(definition)
    registry.define("megapascal_root_meter = megapascal * meter ** 0.5")
    registry.define("kilobase_pair = 1e3 * base_pair")
    registry.define("megabase_pair = 1e6 * base_pair")
    return registry


_RECIPROCAL = (frozenset([("[time]", -1.0)]), frozenset([("[length]", -3.0)]))
"""Of a time, and of a volume."""
_COUNTED_ONCE = frozenset((name, 1.0) for name in OPAQUE)
_PRIMES = {"″": "arcsec", '"': "arcsec", "''": "arcsec", "′": "ft"}
"""Signs of one unit that another one has too."""
_joined = re.compile(r"([^\W\d_]{2,20})\^?\{?(-[1-3])\}?")
_divisor = re.compile(r"[^\W\d_]{1,5}\^?\{?-[1-3]\}?")
_plural_above = re.compile(r"(?<=[a-z]{4})s(?=/)")
_of_what = re.compile(r"\s(?:of\s[A-Za-z][\w ]{0,40}|(?:dry|fresh)\s\w+)(?=/)")
_below = re.compile(r"\.?[\s·]([^\W\d_]{1,4})\^?\{?-(?:1|([23]))\}?")
_READABLE = re.compile(r"(?:1/)?[^\W\d_][\w°%/·*^. ()⁻²³−-]{0,39}|[°%℃℉][A-Za-z]{0,3}")
_TOWER = re.compile(r"\d{3}|(?:\*\*|\^)[^/·* ]*(?:\*\*|\^)")
"""What pint would work on for long: numbers, and powers of powers."""


def _parsed(name: str) -> Any | None:
    """pint's own reading."""
    import pint

    if not _READABLE.fullmatch(name) or _TOWER.search(name):
        return None
    try:
        return _registry().Unit(name)
    except (pint.PintError, ValueError, TypeError, AttributeError, AssertionError):
        return None
    except (SyntaxError, TokenError, LookupError, ArithmeticError):  # pint reads a unit with Python's own tokenizer
        return None


def known_units() -> list[str]:
    """Spellings of units that are read without pint's help."""
    return [form for forms in ALIASES.values() for form in forms] + " ".join(ALSO_READ.values()).split()


@lru_cache(maxsize=256)
def aliases(unit: str) -> tuple[str, ...]:
    """All aliases of units of the kind of `unit`, its own first; just `unit` where it is unknown."""
    known = read_unit(unit)
    listed = [unit]
    if known is None:
        return (unit,)
    for name, forms in ALIASES.items():
        if _unit_of(((name, 1),)).kind == known.kind:
            listed += [alias for alias in forms if alias not in listed]
    return tuple(listed)


def same_unit(written: str, unit: str) -> bool:
    """Whether the two name one unit: equal words, two aliases, or equal sizes of one kind."""
    if _singular(written) == _singular(unit) or _counts_one_thing(written, unit):
        return True
    pair = _of_one_kind(written, unit)
    return pair is not None and (pair[0] == pair[1] or _converted(1, *pair) == 1)


def _counts_one_thing(written: str, unit: str) -> bool:
    """Whether both count one thing by one unit, a thing that is no unit itself: "fish per hour" and "fish/h"."""
    (thing, _, below), (other, _, other_below) = (_singular(each).partition("/") for each in (written, unit))
    return thing == other and bool(below and other_below) and same_unit(below, other_below)


@lru_cache(maxsize=1024)
def _singular(word: str) -> str:
    """Without the plural's s and what it is of, with negative powers as divisions. Symbols of three letters stay."""
    word = _of_what.sub("", _below.sub(r"/\1\2", word.strip().translate(ONE_LETTER).replace(" per ", "/")))
    word = _plural_above.sub("", word)
    return word[:-1].lower() if len(word) > 4 and word.endswith("s") else word.lower() if len(word) > 3 else word


def convert(value: float, written: str | None, unit: str) -> float:
    """`value` in `written` as a number of `unit`. Raises ValueError where the two are not of one kind.

    Unchanged where nothing is written or both are the same.
    """
    if written is None or _singular(written) == _singular(unit):
        return value
    pair = _of_one_kind(written, unit)
    if pair is None:
        raise ValueError(f"{written!r} is no unit of {unit!r}")
    return value if pair[0] == pair[1] else _converted(value, *pair)


def in_unit(value: Json, written: str, unit: str) -> Json:
    """Numbers, and lists of numbers, converted as `convert` does; whole numbers stay whole."""
    if isinstance(value, list):
        return [in_unit(item, written, unit) for item in value]
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    made = convert(value, written, unit)
    return int(made) if isinstance(value, int) and float(made).is_integer() else made


def _of_one_kind(written: str, unit: str) -> tuple[Unit, Unit] | None:
    """Readings of the two that measure one thing. What is counted may be left out: frames/s are Hz, 72/min beats."""
    bare = written.strip()[:1] == "/"
    for target in _readings(unit):
        for source in _readings(written):
            if source.kind == target.kind or (
                target.kind in _RECIPROCAL and source.kind - _COUNTED_ONCE == target.kind
            ):
                return source, target
            if bare and target.kind - _COUNTED_ONCE == source.kind:
                return source, target
    bare = bare or _divisor.fullmatch(written.translate(ONE_LETTER)) is not None
    if bare and "/" in unit.strip()[1:] and read_unit(unit) is None:  # "12/m2" of plants/m2, "€3 kg−1" of €/kg
        return _of_one_kind(written, f"/{_singular(unit).partition('/')[2]}")
    return None


@lru_cache(maxsize=1024)
def _readings(written: str) -> tuple[Unit, ...]:
    """What it may mean, the usual first: "ms−1" is per millisecond or metres per second, ″ inches or arcseconds.

    What is counted below ("ms per word") may be left out.
    """
    units = [read_unit(written), read_unit(_PRIMES.get(written.strip(), ""))]
    if joined := _joined.fullmatch(written.strip().translate(ONE_LETTER)):
        factors = run_together(joined[1], float(joined[2]))
        units.append(_unit_of(factors) if factors else None)
    above, per, below = written.rpartition(" per ")
    if per and read_unit(below) is None:
        units.append(read_unit(_of_what.sub("", f"{above}/")[:-1]))
    return tuple(unit for unit in units if unit)


def _converted(value: float, source: Unit, target: Unit) -> float:
    from pint.errors import PintError

    written = source.expression
    if target.expression.startswith("delta_") and written.startswith("degree_"):
        written = f"delta_{written}"  # "warmer by 3.5 °C" where a difference is asked for
    try:
        quantity = _registry().Quantity(value * source.scale, _registry().Unit(written))
        return float(f"{float(quantity.to(target.expression).magnitude) / target.scale:.12g}")
    except (PintError, OverflowError) as problem:  # logarithmic units in compounds (dB/km) do not convert
        raise ValueError(f"{source.expression!r} does not convert to {target.expression!r}: {problem}") from None

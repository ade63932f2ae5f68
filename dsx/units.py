"""Units as papers write them: which aliases name a unit of the same kind, and the way to the stored unit (pint)."""

from __future__ import annotations

import re
from functools import lru_cache
from tokenize import TokenError
from typing import Any

ALIASES = {
    "degree": ("°", "deg", "degs", "degree", "degrees"),
    "radian": ("rad", "radian", "radians"),
    "millisecond": ("ms", "msec", "millisecond", "milliseconds"),
    "second": ("s", "sec", "secs", "second", "seconds"),
    "minute": ("min", "mins", "minute", "minutes"),
    "hour": ("h", "hr", "hrs", "hour", "hours"),
    "day": ("d", "day", "days"),
    "week": ("week", "weeks"),
    "month": ("month", "months"),
    "year": ("y", "yr", "yrs", "year", "years", "years old"),
    "nanometer": ("nm",),
    "micrometer": ("µm", "μm", "um"),
    "millimeter": ("mm", "millimeters", "millimetres"),
    "centimeter": ("cm", "centimeters", "centimetres"),
    "meter": ("m", "meters", "metres"),
    "kilometer": ("km",),
    "inch": ("in", "inch", "inches"),
    "microgram": ("µg", "μg", "mcg"),
    "milligram": ("mg",),
    "gram": ("g",),
    "kilogram": ("kg",),
    "microliter": ("µL", "μL", "µl", "μl"),
    "milliliter": ("mL", "ml"),
    "liter": ("L", "l"),
    "hertz": ("Hz",),
    "kilohertz": ("kHz",),
    "megahertz": ("MHz",),
    "millivolt": ("mV",),
    "volt": ("V",),
    "milliampere": ("mA",),
    "ampere": ("A",),
    "newton": ("N",),
    "pascal": ("Pa",),
    "kilopascal": ("kPa",),
    "megapascal": ("MPa",),
    "gigapascal": ("GPa",),
    "bar": ("bar",),
    "degree_Celsius": ("°C", "℃", "degrees Celsius", "C"),
    "kelvin": ("K",),
    "degree_Fahrenheit": ("°F", "℉"),
    "percent": ("%", "percent", "per cent"),
    "electron_volt": ("eV",),
    "joule": ("J",),
    "watt": ("W",),
    "milliwatt": ("mW",),
    "millimolar": ("mM",),
    "micromolar": ("µM", "μM"),
}
"""pint's name → aliases. What is not here is read by pint itself."""
_NAMES = {alias: name for name, names in ALIASES.items() for alias in names}


@lru_cache(maxsize=1)
def _registry() -> Any:
    import pint

    return pint.UnitRegistry(cache_folder=None)


_READABLE = re.compile(r"(?:1/)?[^\W\d_][\w°%/·*^. ()⁻²³−-]{0,39}|[°%℃℉][A-Za-z]{0,3}")
_TOWER = re.compile(r"\d{3}|(?:\*\*|\^)[^/·* ]*(?:\*\*|\^)")
"""What pint would work on for long: numbers, and powers of powers."""


@lru_cache(maxsize=1024)
def _unit(written: str) -> Any | None:
    import pint

    name = _NAMES.get(written.strip(), written.strip())
    if not _READABLE.fullmatch(name) or _TOWER.search(name):
        return None
    try:
        return _registry().Unit(name)
    except (pint.PintError, ValueError, TypeError, AttributeError, AssertionError):
        return None
    except (SyntaxError, TokenError, LookupError, ArithmeticError):  # pint reads a unit with Python's own tokenizer
        return None


@lru_cache(maxsize=256)
def aliases(unit: str) -> tuple[str, ...]:
    """All aliases of units of the kind of `unit`, its own first; just `unit` where pint does not know it."""
    own = _unit(unit)
    found = [unit]
    if own is None:
        return (unit,)
    same = [
        name for name in ALIASES if (other := _unit(ALIASES[name][0])) is not None and other.is_compatible_with(own)
    ]
    if own.dimensionless:  # angles, shares and plain counts are one to pint, not to a reader
        angles = {"degree", "radian"}
        mine = _NAMES.get(unit, str(own))
        same = [name for name in same if (name in angles) == (mine in angles)]
    for name in same:
        found += [alias for alias in ALIASES[name] if alias not in found]
    return tuple(found)


def convert(value: float, written: str | None, unit: str) -> float:
    """`value` in `written` as a number of `unit`; ValueError where the two are not of one kind.

    Unchanged where nothing is written or both are the same.
    """
    if written is None or written.strip() == unit or _NAMES.get(written.strip(), written) == _NAMES.get(unit, unit):
        return value
    source, target = _unit(written), _unit(unit)
    if source is None or target is None or not source.is_compatible_with(target):
        raise ValueError(f"{written!r} is no unit of {unit!r}")
    made = float(_registry().Quantity(value, source).to(target).magnitude)
    return float(f"{made:.12g}")

"""Units as papers write them: how a unit is read, what it measures, and the way to the stored unit (pint)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
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
"""pint's name → what an answer may write for it. What is not here is read by pint itself."""
_ALSO_READ = {
    "arcminute": "arcmin arcmins", "arcsecond": "arcsec arcsecs", "millisecond": "msecs", "week": "wk wks",
    "month": "mo mos", "year": "yo", "micrometer": "micron microns", "decimeter": "dm", "deciliter": "dL dl",
    "centiliter": "cL cl", "hectopascal": "hPa", "femtosecond": "fs", "inch": "″ \"", "foot": "ft foot feet",
    "mile": "mi mile miles", "yard": "yd yard yards", "pound": "lb lbs pound pounds", "ounce": "oz ounce ounces",
    "angstrom": "Å angstrom angstroms", "permille": "‰", "ppm": "ppm", "ppb": "ppb", "mmHg": "mmHg", "cmH2O": "cmH2O",
    "atm": "atm", "torr": "Torr torr", "psi": "psi", "decibel": "dB dBA decibel decibels",
    "revolution/minute": "rpm", "beat/minute": "bpm",
    "beat": "beat beats", "breath": "breath breaths", "revolution": "rev revs revolution revolutions", "IU": "IU",
    "hectare": "ha hectare hectares", "acre": "acre acres", "cubic_centimeter": "cc", "frame/second": "fps",
    "pixel": "px pixel pixels", "tonne": "tonne tonnes", "equivalent": "Eq", "milliequivalent": "mEq",
    "cell": "cell cells", "word": "word words", "centimeter": "cm", "kilogram": "Kg KG kgs kilos", "hertz": "hz",
    "bar": "bars", "lux": "lx lux", "kilometer/hour": "kph kmh", "mile/hour": "mph", "kilodalton": "kD",
    "ampere_hour": "Ah", "milliampere_hour": "mAh", "watt_hour": "Wh", "kilowatt_hour": "kWh",
    "kilobyte": "kB KB kilobytes", "megabyte": "MB megabytes", "gigabyte": "GB gigabytes", "terabyte": "TB terabytes",
    "base_pair": "bp", "kilobase_pair": "kb kbp", "CFU": "CFU cfu", "PFU": "PFU pfu", "U": "U", "percent": "pct",
    "degree_Celsius": "Celsius", "kiloyear": "ka kyr", "megayear": "Ma Myr", "frame": "frame frames",
}  # fmt: skip
"""pint's name → what is read for it in a text too, but offered to no answer."""
_PHRASES = {
    r"per\s?cent(?:age)?": "percent", r"mm\s?Hg": "mmHg", r"cm\s?H[2₂]O": "cmH2O",
    r"y(?:ea)?rs?[-\s]?(?:olds?|of\s+age)": "year", r"y\.?\s?/?o\.?": "year",
    r"(?:°|deg(?:ree)?s?)\s?(?:C|[Cc]elsius|centigrade)|oC": "degree_Celsius",
    r"(?:°|deg(?:ree)?s?)\s?(?:F|Fahrenheit)": "degree_Fahrenheit", r"arc\s?min(?:ute)?s?": "arcminute",
    r"arc\s?sec(?:ond)?s?": "arcsecond", r"electron\s?volts?": "electron_volt", r"international\s+units?": "IU",
    r"revolutions\s+per\s+minute|r\.p\.m\.?|r/min": "revolution/minute", r"I\.U\.": "IU",
    r"(?:wt|vol|mol|at|w/w|w/v|v/v)\.?\s?%": "percent", r"per\s?mille": "permille", r"base\s?pairs?": "base_pair",
    r"p\.p\.m\.?|parts\s+per\s+million": "ppm", r"p\.p\.b\.?|parts\s+per\s+billion": "ppb",
    r"cycles?\s?(?:/|per)\s?s(?:ec(?:ond)?)?": "hertz", r"t(?=\s?(?:/\s?(?:ha|yr?|d)|ha-1|yr?-1|d-1))": "tonne",
    r"''": "inch", r"degrees\s+of\s+arc": "degree",
    r"(?:milli|micro|nano|kilo|centi)-(?:seconds?|met(?:er|re)s?|grams?|lit(?:er|re)s?|volts?|amps?)": "",
}  # fmt: skip
"""Patterns of units of several words → pint's name ("": the words joined)."""
_PREFIXES = {"p": "pico", "n": "nano", "μ": "micro", "u": "micro", "m": "milli", "k": "kilo", "M": "mega", "G": "giga"}
_SYMBOLS = {
    "m": "meter", "g": "gram", "s": "second", "A": "ampere", "K": "kelvin", "mol": "mole", "Hz": "hertz",
    "N": "newton", "Pa": "pascal", "J": "joule", "W": "watt", "V": "volt", "Ω": "ohm", "F": "farad", "S": "siemens",
    "T": "tesla", "Bq": "becquerel", "Gy": "gray", "Sv": "sievert", "L": "liter", "l": "liter", "eV": "electron_volt",
    "M": "molar", "cal": "calorie", "bar": "bar", "Da": "dalton", "rad": "radian", "C": "coulomb", "Ohm": "ohm",
    "cd": "candela", "lm": "lumen", "pc": "parsec",
}  # fmt: skip
_NO_UNITS = frozenset(["F", "pm", "MM", "Ms", "Ml", "Gl", "MT", "GN"])
"""Letters for sexes, times of day, titles."""
_PREFIX_NAMES = ("", "pico", "nano", "micro", "milli", "centi", "deci", "kilo", "mega", "giga")
_PREFIXED = (
    "meter second liter gram volt ampere watt hertz newton pascal joule mole molar ohm tesla siemens sievert becquerel"
    " calorie dalton radian kelvin candela"
)
_BRITISH = {"meter": "metre", "liter": "litre", "gram": "gramme", "ampere": "amp"}
_COUNTS = "beat breath IU frame equivalent milliequivalent pixel decibel cell word base_pair kilobase_pair CFU PFU U"
_OPAQUE = frozenset(_COUNTS.split())
"""Kinds of their own, whatever pint says of them."""
_ANGLES = frozenset(["degree", "radian", "milliradian", "microradian", "arcminute", "arcsecond", "revolution"])
_SHARES = frozenset(["percent", "permille", "ppm", "ppb"])
_BYTES = frozenset(["kilobyte", "megabyte", "gigabyte", "terabyte"])
_KINDS = {"angle": _ANGLES, "share": _SHARES, "bytes": _BYTES}
_COUNTED = """point points pp pt count counts dot dots hand hands chain chains rod rods link links grade grades unit
units turn turns barn barns slug slugs cycle cycles stone stones are bit bits B a as at"""
_HOMONYMS = frozenset(_COUNTED.split())
"""Words that count or score things in papers, and that pint takes for lengths, masses and so on."""

Kind = frozenset[tuple[str, float]]


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit as read. expression: for pint. kind: what it measures.

    Beside pint's dimensions a kind tells angles, shares, ratios of two equals (mg/kg) and counted things from plain
    numbers. Units of one kind convert into each other.
    """

    expression: str
    kind: Kind


def _names() -> Iterator[tuple[str, str]]:
    """Each written form of a unit of one word, and pint's name for it."""
    for symbol, base in _SYMBOLS.items():
        yield symbol, base
        for prefix, name in _PREFIXES.items():
            yield prefix + symbol, name + base
    for base in _PREFIXED.split():
        for prefix in _PREFIX_NAMES:
            for written in (base, _BRITISH.get(base, base)):
                yield prefix + written, prefix + base
                yield f"{prefix}{written}s", prefix + base
    for table in (ALIASES, {name: forms.split() for name, forms in _ALSO_READ.items()}):
        for name, forms in table.items():
            for written in forms:
                yield written.replace("µ", "μ"), name


_NAMES = {written: name for written, name in _names() if written not in _NO_UNITS}
_phrase = re.compile("|".join(f"(?P<p{at}>{pattern})(?!\\w)" for at, pattern in enumerate(_PHRASES)))
_factor = re.compile(
    r"(?P<join>\s?/\s?\(?|\s?[·*]\s?|\s+per\s+|\s)?(?P<order>(?:square|sq\.?|cubic)\s+)?"
    r"(?P<name>[^\W\d_]+|°(?:[CF](?![^\W\d_]))?|[%‰″\"℃℉])"
    r"(?:\^?\{?(?P<power>[-+]?[1-9])\}?(?!\d|[.,]\d))?"
)
_substance = re.compile(r"\s(?:photons?|quanta|[A-Z][A-Za-z]{0,3}[₂₃₄2-4]?)(?=\s[^\W\d_]{1,5}-[1-3])")
"""Of what it is: "kg N ha−1", "µmol photons m−2 s−1"."""
_PRODUCTS = {("pascal", "second"), ("newton", "meter"), ("ampere", "hour"), ("watt", "hour"), ("volt", "second")}
"""Units that are multiplied with a blank between them: mPa s, N m, mA h."""
_ONE_LETTER = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺−–‐‑⋅∙×µºº˚∘◦Ω\u2009\u202f\u00a0", "0123456789-+----··*μ°°°°°Ω   ")
LONGEST_UNIT = 48


Factors = tuple[tuple[str, float], ...]


def unit_end(text: str, start: int) -> int:
    """Where the unit ends that begins at `start`; `start` where none does. Case counts: mW is no MW.

    A known unit over a word is one unit too: "g/plant".
    """
    return _factors_at(text, start)[0]


def _factors_at(text: str, start: int) -> tuple[int, Factors | None]:
    """Where the unit at `start` ends, and pint's names and powers in it (None: not all are known)."""
    window = text[start : start + LONGEST_UNIT].translate(_ONE_LETTER)
    factors: list[tuple[str, float]] = []
    end = 0
    if phrase := _phrase.match(window):
        written = list(_PHRASES.values())[int((phrase.lastgroup or "p0")[1:])] or phrase.group().replace("-", "")
        factors.append((_NAMES.get(written, written), 1))
        end = phrase.end()
    elif window[:2] == "1/" or window[:1] == "/":
        end = window.index("/")
    known = True
    nested = False
    while factor := _factor.match(window, end):
        join, name = factor["join"] or "", factor["name"]
        power = 3.0 if (factor["order"] or "")[:1] == "c" else 2.0 if factor["order"] else float(factor["power"] or 1)
        divides = "/" in join or "per" in join
        unit = _NAMES.get(name) or (_NAMES.get(name.lower()) if len(name) > 4 and name.istitle() else None)
        stop = factor.end()
        if (nested or "(" in join) and window[stop : stop + 1] == ")":
            stop += 1
        if end and not join:
            break
        if not factors and end == 0 and (join or unit is None):
            break
        if join and not divides and join.isspace() and (unit is None or not (power < 0 or nested)):
            if substance := _substance.match(window, end):
                end = substance.end()
                continue
            if not (factors and (factors[-1][0].removeprefix("milli").removeprefix("kilo"), unit) in _PRODUCTS):
                break
        if name != "°" and stop < len(window) and (window[stop].isalnum() or window[stop] in "_☉⊙"):
            break
        known = known and unit is not None
        nested = nested or "(" in join
        factors.append((unit or name, -power if divides or (nested and "(" not in join) else power))
        end = stop
    return (start + end if factors else start), (tuple(factors) if factors and known else None)


def is_named(written: str) -> bool:
    """Whether papers' ways of writing units, without pint's, know the whole of `written`."""
    end, factors = _factors_at(written, 0)
    return factors is not None and end == len(written)


@lru_cache(maxsize=1024)
def read_unit(written: str) -> Unit | None:
    """The unit that `written` names; None where neither papers' ways nor pint know it."""
    written = written.strip()
    for form in (written, written.rstrip("."), written.lower() if len(written) > 3 else written):
        end, factors = _factors_at(form, 0)
        if factors and end == len(form):
            return _unit_of(factors)
    parsed = None if written in _HOMONYMS else _parsed(written)
    dimensions = None if parsed is None else _dimensions(parsed)
    return None if dimensions is None else Unit(written, dimensions)


def _unit_of(factors: Factors) -> Unit:
    """The unit of pint's names and their powers."""
    parts: list[tuple[str, float]] = []
    for name, power in factors:
        above, _, below = name.partition("/")
        parts += [(above, power), (below, -power)] if below else [(name, power)]
    if len(parts) > 1:  # a temperature's zero means nothing in a compound
        parts = [(name.replace("degree_", "delta_degree_"), power) for name, power in parts]
    kind: dict[str, float] = {}
    pint_parts = []
    sides: list[str] = []
    for name, power in parts:
        own = next((own for own, names in _KINDS.items() if name in names), name if name in _OPAQUE else None)
        if own:
            kind[own] = kind.get(own, 0) + power
        if name in _OPAQUE:
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
    return Unit(
        "dimensionless" if parts[0][0] in _OPAQUE and len(parts) == 1 else expression, frozenset(present.items())
    )


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
    registry.define("ppb = 1e-9")
    return registry


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
    return [form for forms in ALIASES.values() for form in forms] + " ".join(_ALSO_READ.values()).split()


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
    if _singular(written) == _singular(unit):
        return True
    first, second = read_unit(written), read_unit(unit)
    if first is None or second is None:
        return False
    return first == second or (first.kind == second.kind and _converted(1, first, second) == 1)


def _singular(word: str) -> str:
    """Without the plural's s; symbols of up to three letters are left as they are."""
    word = word.strip().translate(_ONE_LETTER).replace(" per ", "/")
    return word[:-1].lower() if len(word) > 4 and word.endswith("s") else word.lower() if len(word) > 3 else word


def convert(value: float, written: str | None, unit: str) -> float:
    """`value` in `written` as a number of `unit`. Raises ValueError where the two are not of one kind.

    Unchanged where nothing is written or both are the same.
    """
    if written is None or _singular(written) == _singular(unit):
        return value
    source, target = read_unit(written), read_unit(unit)
    if source is None or target is None or source.kind != target.kind:
        raise ValueError(f"{written!r} is no unit of {unit!r}")
    return value if source == target else _converted(value, source, target)


def _converted(value: float, source: Unit, target: Unit) -> float:
    from pint.errors import PintError

    try:
        quantity = _registry().Quantity(value, _registry().Unit(source.expression))
        return float(f"{float(quantity.to(target.expression).magnitude):.12g}")
    except (PintError, OverflowError) as problem:  # logarithmic units in compounds (dB/km) do not convert
        raise ValueError(f"{source.expression!r} does not convert to {target.expression!r}: {problem}") from None

"""Where a unit ends in a text, and which units it is made of: "mg kg−1 d−1", "g of protein per kg", "kgm−3"."""

from __future__ import annotations

import re

from dsx.units.names import NAMES, PHRASES, PREFIX_NAMES
from dsx.units.substances import period_after, substance_end

_phrase = re.compile("|".join(f"(?P<p{at}>{pattern})(?!\\w)" for at, pattern in enumerate(PHRASES)))
_factor = re.compile(
    r"(?P<join>\s?/\s?\(?|\s?[·*]\s?|\.(?=[^\W\d_]{1,4}\^?\{?-[1-3])|\s+per\s+|\s)?(?P<times>(?<=[/\s])(?:10{1,3}|1\.73)\s?)?(?P<order>(?:square|sq\.?|cubic)\s+)?"
    r"(?P<name>[^\W\d_\u3040-\ud7af]+|°(?!Brix|Bx|dH|Plato)(?:[CF](?![^\W\d_]))?|[%‰′″\"℃℉])"
    r"(?:\^?\{?(?P<power>[-+][1-9]|[2-9]|(?<=[a-z][a-z])1)\}?(?!\d|[.,]\d))?"
)
_power_of_ten = re.compile(
    r"(?:[x*]\s?)?10\s?\^?\{?(?P<power>[3-9]|1[0-2])\}?"
    r"(?=\s?/\s?(?:[mμ]?[lL]|mm3)(?!\w)|\s(?:cells?|CFU|cfu|copies)(?:\s?/|\sm)|\s(?:[mμ]?[lL]-1|mm-3)(?!\w))"
)
"""Of a count in a volume: "10^9/L", "× 10⁶ cells/mL"."""
_counted = re.compile(r"[a-z]{2,15}\.?(?=[\s·][^\W\d_]{1,4}-[1-3](?!\d))")
"""Things over a unit: "trees ha−1", "ind. m−2"."""
_next_factor = re.compile(r"[^\W\d_]{1,4}-[1-3](?!\d)")
_united = re.compile(r"\s?([^\W\d_]+)(?![\w-])")
_PRODUCTS = {
    ("pascal", "second"),
    ("newton", "meter"),
    ("newton", "second"),
    ("ampere", "hour"),
    ("watt", "hour"),
    ("volt", "second"),
    ("gray", "meter"),
    ("ohm", "meter"),
    ("joule", "second"),
}
"""Units that are multiplied with a blank or nothing between them: mPa s, N m, mAh."""
ONE_LETTER = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺−–‐‑⋅∙×µºº˚∘◦Ω％٪﹪\u2009\u202f\u00a0", "0123456789-+----··*μ°°°°°Ω%%%   ")
_TIMES = frozenset(["second", "minute", "hour", "day", "week", "month", "year"])
_BELOW = {"a": "year", "annum": "year", "t": "tonne"}
"""Words that are units behind others only."""
LONGEST_UNIT = 72
Factors = tuple[tuple[str, float], ...]
"""pint's names and their powers; a number too, as in "g/100 g"."""


def unit_end(text: str, start: int) -> int:
    """Where the unit ends that begins at `start`; `start` where none does. Case counts: mW is no MW.

    A known unit over a word is one unit too: "g/plant".
    """
    return factors_at(text, start, rates=False)[0]


def rate_end(text: str, start: int) -> int:
    """As `unit_end`, where how often may belong to it: "mg daily", "g of protein per day", "beats a minute"."""
    return factors_at(text, start)[0]


def factors_at(text: str, start: int, rates: bool = True) -> tuple[int, Factors | None]:
    """Where the unit at `start` ends, and pint's names and powers in it (None: not all are known).

    rates: whether it goes on with words that may say how often it was given instead.
    """
    window = text[start : start + LONGEST_UNIT].translate(ONE_LETTER)
    factors, end = _opening(window)
    known = True
    nested = divides = False
    while factor := _factor.match(window, end):
        join, name = factor["join"] or "", factor["name"]
        power = 3.0 if (factor["order"] or "")[:1] == "c" else 2.0 if factor["order"] else float(factor["power"] or 1)
        divides = "/" in join or "per" in join or (divides and join.strip() == "·" and not factor["times"])  # "W/m·K"
        units = _named(name, -power if divides or nested else power, first=not factors)
        stop = factor.end()
        if (nested or "(" in join) and window[stop : stop + 1] == ")":
            stop += 1
        if factor["times"] and not (end and units and (divides or power < 0)):
            break
        if end and not join and not window[end - 1].isdigit():
            break
        if not factors and end == 0 and ((join and window[0] != "/") or not units):
            if not join and (counted := _counted.match(window)):
                factors, end, known = [(counted.group(), 1)], counted.end(), False
                continue
            break
        scaled = len(factors) == 1 and factors[0][0].isdigit() and units  # "× 10⁵ CFU/mL"
        if join and not (divides or scaled) and join.isspace() and (not units or not (power < 0 or nested)):
            if factors and (period := period_after(window, end, factors, rates)):
                end, factors = period[0], [*factors, (NAMES.get(period[1], "year"), -1.0)]
                continue
            if factors and (behind := substance_end(window, end, factors, rates)) > end:
                end = behind
                continue
            if not (factors and units and _multiplied(factors[-1][0], units[0][0])):
                break
        if not factors and power < 0 and units and _opens_range(window, stop, units[0][0]):
            stop, units = factor.start("power"), ((units[0][0], 1.0),)
        goes_on = factor["power"] and _next_factor.match(window, stop)
        if name != "°" and not goes_on and stop < len(window) and _is_word(window[stop]):
            break
        known = known and bool(units)
        nested = nested or "(" in join
        below = divides or (nested and "(" not in join)
        factors += [(unit, -abs(exponent) if below else exponent) for unit, exponent in units or ((name, power),)]
        if factor["times"]:
            factors.append((factor["times"].strip(), -1.0))
        end = stop
    return (start + end if factors else start), (tuple(factors) if factors and known else None)


def _opening(window: str) -> tuple[list[tuple[str, float]], int]:
    """The unit of several words at the beginning, or what stands before a first division; and its end."""
    if phrase := _phrase.match(window):
        written = list(PHRASES.values())[int((phrase.lastgroup or "p0")[1:])] or phrase.group().replace("-", "")
        return [(NAMES.get(written, written), 1)], phrase.end()
    if power := _power_of_ten.match(window):
        return [(str(10 ** int(power["power"])), 1)], power.end()
    return [], window.index("/") if window[:2] == "1/" or window[:1] == "/" else 0


def _is_word(letter: str) -> bool:
    """Whether a unit cannot end before it. Scripts without blanks (from Thai on) may follow at once."""
    return (letter.isalnum() and letter < "\u0e00") or letter in "_☉⊙"


def _named(name: str, power: float, first: bool) -> Factors:
    """pint's names for a factor: one, two without a blank between them where it is the first, else none."""
    unit = NAMES.get(name) or (NAMES.get(name.lower()) if len(name) > 4 and name.istitle() else None)
    if unit is None and power < 0:
        unit = _BELOW.get(name)
    return ((unit, power),) if unit else run_together(name, power) if first else ()


def run_together(letters: str, power: float) -> Factors:
    """Two units without a blank between them: "kgm−3", "Ncm"; empty where there are none."""
    for at in range(len(letters) - 1, 0, -1):
        above, below = NAMES.get(letters[:at]), NAMES.get(letters[at:])
        if above and below and below != "inch" and (power < 0 or (power == 1 and _multiplied(above, below))):
            return (above, 1.0), (below, power)
    return ()


def _multiplied(first: str, second: str) -> bool:
    """Whether the two are multiplied where they stand side by side."""
    return (_bare(first), _bare(second)) in _PRODUCTS


def _bare(name: str) -> str:
    """Without a prefix."""
    return next((name.removeprefix(prefix) for prefix in PREFIX_NAMES[1:] if name.startswith(prefix)), name)


def _opens_range(window: str, stop: int, unit: str) -> bool:
    """Whether what looks like a power begins a range: "125 Hz–4 kHz", "30 s–2 min"."""
    following = _united.match(window, stop)
    name = NAMES.get(following[1], "") if following else ""
    return bool(name) and (_bare(name) == _bare(unit) or {name, unit} <= _TIMES)


def is_named(written: str) -> bool:
    """Whether papers' ways of writing units, without pint's, know the whole of `written`."""
    end, factors = factors_at(written, 0)
    return factors is not None and end == len(written)

"""The unit that a number's own words state, where no `x-unit` is given: "Mean age in years.", "Dose (mg)", `age_years`.

Cautious: a unit that is not seen costs an `x-unit`, a wrong one costs values. Words that name two units state none.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple

from dsx.types import UnitSource
from dsx.units import is_named, same_unit, unit_end

MIN_YEAR = 1000
"""A number whose lower bound is this or more is a year or the like, which has no unit and is not computed."""


def is_year(schema: Mapping[str, Any]) -> bool:
    """Whether a value, or an item of a list, is a year or another whole number that is named and not counted."""
    number = schema["items"] if isinstance(schema.get("items"), Mapping) else schema
    return number.get("type") == "integer" and number.get("minimum", 0) >= MIN_YEAR


_counting = re.compile(
    r"\b(?:numbers? (?:of|\()|how many|counts?|tally|no\. )|(?:^|\W)#|(?:^|[\s,;])n ?(?:[(=,;]|$)", re.IGNORECASE
)
_bound = re.compile(r"\b(?:age|range|minim\w*|maxim\w*|max|least|lowest|shortest|smallest|youngest)\b", re.IGNORECASE)
_temperature = re.compile("temperature", re.IGNORECASE)
_no_amount = re.compile(
    r"\b(?:effect sizes?|hedges|cohen|ratio|statistic|index|p.values?|standardi[sz]ed)\b", re.IGNORECASE
)
_unitless = re.compile(
    r"\b(?:odds|hazards?|risk|rate) ratios?\b|\bcorrelations? (?:of|between|with|coefficients?)\b"
    r"|\bp.values? (?:of|for)\b",
    re.IGNORECASE,
)
_in = re.compile(r"(?P<negated>\b(?:not|than|of|nor|never) )?\b[Ii]n (?=\S)")
_in_brackets = re.compile(r"(?<=\s)[(\[](?P<unit>[^()\[\]]{1,40})[)\]]")
_as_share = re.compile(
    r"(?P<negated>\b(?:not|than|of|nor|never) )?\bas (?:an? )?per(?: ?cent|centages?)\b"
    r"|^(?:the )?per(?:centage|cent| cent)\b",
    re.IGNORECASE,
)
_and_another = re.compile(r"\s*[,;]\s*(?:and |or )?|\s+(?:and|or) ")
_end = re.compile(r"\s*(?:$|[.,;:()\]])")
_name_part = re.compile(r"[A-Z]?[a-z]+\d?|[A-Z]+(?![a-z])\d?|\d+")

_LETTERS = frozenset("shgm")
"""Letters that name a unit where they stand in brackets; N, M, K, d count participants or name statistics."""
_TIMES = frozenset(("year", "month", "week", "day", "hour", "minute", "second"))
"""In the singular they may number something: the year, the week of a visit."""
_OTHER_WORDS = """in feet foot pound pounds cell cells word words beat beats breath breaths rev revs revolution
revolutions Mg ns pg us U bp frame frames kilos"""
_HOMONYMS = frozenset(_OTHER_WORDS.split())
"""Units that are other words too: body parts, currencies, counted things, magnesium, "not significant", pages."""
_COUNTS = frozenset(("n", "num", "number", "numbers", "count", "counts", "nr", "no"))
_STATISTICS = frozenset(("mean", "sd", "median", "min", "max", "se", "sem", "iqr", "lower", "upper", "avg", "average"))
_DURATIONS = frozenset(("duration", "interval", "delay", "period"))
"""What `_min` behind it may be minutes of."""
_IN_NAMES: Mapping[str, str] = {
    "years": "year", "yrs": "yr", "months": "month", "weeks": "week", "days": "day", "hours": "hour", "hrs": "hr",
    "minutes": "minute", "mins": "min", "seconds": "second", "secs": "sec", "sec": "sec", "msec": "msec", "ms": "ms",
    "kg": "kg", "mg": "mg", "mcg": "mcg", "ug": "µg", "km": "km", "cm": "cm", "mm": "mm", "um": "µm", "ml": "mL",
    "khz": "kHz", "hz": "Hz", "mhz": "MHz", "kpa": "kPa", "mpa": "MPa", "gpa": "GPa", "mmhg": "mmHg", "kda": "kDa",
    "kcal": "kcal", "kj": "kJ", "ppm": "ppm", "ppb": "ppb", "rpm": "rpm", "bpm": "bpm", "celsius": "°C",
    "deg": "°", "degrees": "°", "percent": "%", "percentage": "%", "pct": "%",
}  # fmt: skip
_ABOVE: Mapping[str, str] = {
    "kg": "kg", "g": "g", "mg": "mg", "mcg": "mcg", "ug": "µg", "ng": "ng", "pg": "pg", "mmol": "mmol",
    "umol": "µmol", "nmol": "nmol", "km": "km", "cm": "cm", "mm": "mm", "ml": "mL", "kcal": "kcal", "kj": "kJ",
}  # fmt: skip
_BELOW: Mapping[str, str] = {"kg": "kg", "l": "L", "dl": "dL", "ml": "mL", "m2": "m2", "m3": "m3"}
_PERIODS = frozenset(("s", "sec", "second", "min", "minute", "h", "hour", "day", "week", "month", "year"))
"""After "per" alone: `weight_kg_h` may be of the healthy, `dose_mg_min` the least dose."""
_NUMBERED = frozenset(("years", "yrs", "months", "weeks", "days", "hours", "hrs", "minutes", "mins", "seconds", "secs"))
"""Behind a figure they say when: `mortality_30_days`, `weight_12_weeks`."""


class ImpliedUnit(NamedTuple):
    """A unit, and which words of the parameter state it."""

    unit: str
    source: UnitSource


class _Words(NamedTuple):
    """What a parameter says of itself. texts: with what each is; names: of all parameters beside it."""

    name: str
    parts: list[str]
    texts: tuple[tuple[UnitSource, str], ...]
    names: Collection[str]

    def match(self, pattern: re.Pattern[str]) -> bool:
        """Whether any of its texts has the pattern in it."""
        return any(pattern.search(text) for _, text in self.texts)

    def bound(self) -> bool:
        """Whether "min" is no minute: there is a maximum beside it, or the words speak of a bound."""
        return self.match(_bound) or self.has_maximum()

    def has_maximum(self) -> bool:
        """Whether there is a parameter of the same name but for "max" in place of "min"."""
        maximum = re.sub(r"(?i)min(?=[^a-z]*$)", "max", self.name).lower()
        return maximum != self.name.lower() and maximum in map(str.lower, self.names)


def implied_unit(
    name: str, schema: Mapping[str, Any], described: Mapping[str, Any], names: Collection[str]
) -> ImpliedUnit | None:
    """The unit of the parameter `name`; None where its words state none, or two.

    schema: of its value, bounds filled in. described: with its words. names: of all parameters beside it.
    """
    number = schema["items"] if schema.get("type") == "array" and isinstance(schema["items"], Mapping) else schema
    if number.get("type") not in ("number", "integer") or "prefixItems" in schema:
        return None
    items = described.get("items")
    parts = [part.lower() for part in _name_part.findall(name)]
    texts: tuple[tuple[UnitSource, str], ...] = (
        ("description", described.get("description", "")),
        ("description", items.get("description", "") if isinstance(items, Mapping) else ""),
        ("name", " ".join(parts)),
        ("title", described.get("title", "")),
    )
    words = _Words(name, parts, texts, names)
    if number.get("minimum", 0) >= MIN_YEAR or words.match(_counting) or words.match(_unitless):
        return None
    stated = list(_stated(words, number["type"]))
    return stated[0] if stated and all(same_unit(stated[0].unit, other.unit) for other in stated) else None


def _stated(words: _Words, kind: str) -> Iterator[ImpliedUnit]:
    """Each unit that the words surely state. kind: "number" or "integer"."""
    counted = not _COUNTS.isdisjoint(words.parts)
    for source, text in words.texts:
        if source != "name":
            units = (_spelled(unit) for unit in _in_text(text) if _is_sure(unit, words, kind, counted))
            yield from (ImpliedUnit(unit, source) for unit in units)
        elif not counted and (unit := _in_name(words)):
            yield ImpliedUnit(unit, "name")


def _in_text(text: str) -> Iterator[str]:
    """What stands where a unit would: "in years.", "(mg)", "as a percentage"."""
    for match in _in.finditer(text):
        start = len(text) if match["negated"] else match.end()
        while (end := unit_end(text, start)) > start:
            unit, begins, further = text[start:end], start == match.end(), _and_another.match(text, end)
            start = further.end() if further else len(text)
            if not (begins and unit in _LETTERS) and (_end.match(text, end) or unit_end(text, start) > start):
                yield unit
    if any(not match["negated"] for match in _as_share.finditer(text)):
        yield "%"
    for match in _in_brackets.finditer(text):
        yield match["unit"].strip()


def _is_sure(unit: str, words: _Words, kind: str, counted: bool) -> bool:
    """Whether what stands where a unit would is one. counted: by the parameter's name it is a count."""
    if not is_named(unit) or unit in _HOMONYMS:
        return False
    if unit in _LETTERS:
        return kind == "number" and not counted and not words.match(_no_amount)
    if unit in _TIMES:
        return kind == "number"
    if unit == "min":
        return not words.bound()
    if unit in ("°", "deg", "degree", "degrees"):
        return not words.match(_temperature)
    if unit == "%":
        return not counted
    # GA, MW, S/N, N/A, K/L are a gestational age, a weight, a ratio, nothing and a grade
    return unit == "IU" or unit[0] in "°℃℉‰" or (len(unit) > 1 and any(map(str.islower, unit)))


def _in_name(words: _Words) -> str | None:
    """The unit in the last parts of a name: age_years, dose_mg_mean, speed_cm_s, dose_mg_per_kg; percent_female too."""
    stem = list(words.parts)
    while stem and stem[-1] in _STATISTICS:
        stem.pop()
    *stem, last = stem or [""]
    if words.parts[-1:] == ["min"] and (last in _ABOVE or last in _BELOW) and not words.has_maximum():
        return None  # flow_ml_min, vo2_ml_kg_min are per minute, dose_mg_min may be
    if stem and stem[-1].isdigit() and last in _NUMBERED:
        return None
    if stem[-1:] == ["per"]:
        above, below = _ABOVE.get("".join(stem[-2:-1])), last if last in _PERIODS else _BELOW.get(last)
        return f"{above}/{below}" if above and below else None
    above = _ABOVE.get("".join(stem[-1:]))
    below = last if above in ("mm", "cm", "km") and last in ("s", "h") else _BELOW.get(last)
    if above and below:
        return f"{above}/{below}"
    if words.parts[-1:] == ["min"] and last in _DURATIONS:
        return None if words.bound() else "min"
    unit = _IN_NAMES.get(last) if stem else None
    if unit == "°" and words.match(_temperature):
        return None
    return unit or ("%" if _IN_NAMES.get("".join(stem[:1])) == "%" else None)


def _spelled(unit: str) -> str:
    """In the singular; a share as its sign, an age as years."""
    if unit.replace(" ", "") in ("percent", "percentage"):
        return "%"
    if re.fullmatch(r"years? (?:old|of age)", unit):
        return "year"
    return unit[:-1] if len(unit) > 3 and unit.endswith("s") and is_named(unit[:-1]) else unit

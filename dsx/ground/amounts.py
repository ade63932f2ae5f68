"""Amounts that are written with several numbers: "7h30", "7:32 h", "11:30 pm", "52°30′ N", "38+4 weeks"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

TIME, LATITUDE, LONGITUDE = "time", "latitude", "longitude"
PLACES = (LATITUDE, LONGITUDE)
"""Nouns of coordinates."""
_minutes, _seconds = r"[0-5]?\d", r"[0-5]?\d(?:\.\d{1,3})?"
_together = re.compile(
    rf"(?<![\w.,:])(?:(?P<h>\d{{1,3}})(?:h|hrs?|ʰ)(?:\s?(?P<m>{_minutes})(?:m|mins?|ᵐ)(?:\s?(?P<s>{_seconds})(?:s|secs?|ˢ))?"
    rf"|(?P<two>[0-5]\d))|(?P<min>\d{{1,3}})min(?P<sec>{_seconds})s(?:ec)?|(?P<weeks>\d\d)\+(?P<days>[0-6])\s?w(?:ee)?ks?)"
    r"(?![\w:])"
)
_colon = re.compile(
    r"(?<![\w:.,])(?P<first>\d{1,3}):(?P<second>[0-5]\d(?:\.\d{1,2})?)(?::(?P<third>[0-5]\d(?:\.\d{1,3})?))?(?![\w:]|\.\d)"
    r"(?P<unit>\s?[\[(]?(?:h(?:h|rs?|ours?)?|m(?:m|ins?|inutes?))(?::(?:m(?:m|ins?)|s(?:s|ec)?)){0,2}(?![\w:])[\])]?(?P<per>/(?:km|mile|mi|[15]00\s?m)\b)?)?"
)
_half_day = re.compile(
    r"(?<![\w:.,])(?P<hour>1[0-2]|0?[1-9])(?:[:.](?P<minute>[0-5]\d))?\s?"
    r"(?:(?P<half>[ap])(?:m\b|\.\s?m\.)|(?P<half_wide>[AP])M\b|o['’]clock)"
)
_named_time = re.compile(r"\b(?:noon|midday|midnight)\b", re.IGNORECASE)
_clock_before = re.compile(
    r"(?:\b(?:at|from|until|till|between|by|around|before|after|since)\s"
    r"|(?:time|clock|[Oo]nset|[Oo]ffset|[Ww]ak\w{0,6}|[Bb]ed|[Mm]idpoint|[Ss]unrise|[Ss]unset)s?\b[^.;\n\d]{0,20})$"
)
_after_clock = re.compile(r"(?:[ap]\.?m\.?|h)?\s?(?:[,;–—-]|,?\s?(?:and|or|to|until|till))\s?")
_joined = re.compile(r"\s?(?:[,;–—-]|±|\+/-|,?\s?(?:and|or|to))\s?|[\s,]{0,2}\(?(?:±|SDs?|SE|SEM)\s?[=:]?\s?")
_spread = re.compile(r"\s?(?:±|\+/-)\s?|[\s,]{0,2}\(?(?:±|SDs?|SE|SEM)\s?[=:]?\s?")
_degrees = re.compile(
    r"(?:(?<![^\W\d_])(?P<before>[NSEW])\s?)?(?<![\w.,])(?P<degrees>\d{1,3}(?:\.\d{1,8})?)\s?(?:[°º˚◦]|degrees\b|deg\b\.?)"
    r"(?:\s?(?P<minutes>[0-5]?\d(?:\.\d{1,6})?)\s?['’′´](?:\s?(?P<seconds>[0-5]?\d(?:\.\d{1,4})?)\s?(?:[\"”″]|['’′´]{2}))?)?"
    r"(?:\s?(?P<after>[NSEW](?![\w°])|[Nn]orth\b|[Ss]outh\b|[Ee]ast\b|[Ww]est\b))?"
)
_DAY = 24


@dataclass(frozen=True, slots=True)
class Amount:
    """One amount at text[start:end], its units included.

    value: of durations and times of day in their smallest unit, so that it is exact; of angles in degrees.
    noun: "time" of a time of day, "latitude" or "longitude" of a coordinate, or "".
    parts: of how many numbers it is written; of a time of day always two.
    """

    value: Decimal
    unit: str
    start: int
    end: int
    noun: str = ""
    parts: int = 2


def amounts(text: str) -> list[Amount]:
    """In the order of the text, none inside another."""
    every = [*_run_together(text), *_half_days(text), *_with_colons(text), *_angles(text)]
    ordered = sorted(every, key=lambda amount: (amount.start, -amount.end))
    return [each for at, each in enumerate(ordered) if at == 0 or each.start >= ordered[at - 1].end]


def _run_together(text: str) -> Iterator[Amount]:
    for match in _together.finditer(text):
        if match["weeks"]:
            days = 7 * int(match["weeks"]) + int(match["days"])
            yield Amount(Decimal(days), "days", match.start(), match.end())
        else:
            yield _duration(
                match.start(),
                match.end(),
                match["h"],
                match["m"] or match["two"] or match["min"],
                match["s"] or match["sec"],
            )


def _duration(start: int, end: int, hours: str | None, minutes: str, seconds: str | None, noun: str = "") -> Amount:
    total = 60 * int(hours or 0) + int(minutes)
    if seconds is None:
        return Amount(Decimal(total), "min", start, end, noun)
    return Amount(60 * total + Decimal(seconds), "s", start, end, noun)


def _half_days(text: str) -> Iterator[Amount]:
    """ "11:30 pm", "9 a.m.", "6 o'clock", "noon"."""
    for match in _named_time.finditer(text):
        yield Amount(Decimal(0 if match.group().lower() == "midnight" else 720), "min", *match.span(), TIME)
    for match in _half_day.finditer(text):
        hour, half = int(match["hour"]), (match["half"] or match["half_wide"] or "").lower()
        hour = hour % 12 + 12 * (half == "p") if half else hour
        yield _duration(match.start(), match.end(), str(hour), match["minute"] or "0", None, TIME)


def _with_colons(text: str) -> Iterator[Amount]:
    """Durations "7:32 h", "12:45 min", "2:58:30"; times of day "at 23:45". A ratio ("1:30", "16:8 h") is neither."""
    matches = list(_colon.finditer(text))
    units = [(match["unit"] or "").strip(" ([")[:1] for match in matches]
    for at in range(len(matches) - 2, -1, -1):
        if _joined.fullmatch(text, matches[at].end(), matches[at + 1].start()):
            units[at] = units[at] or units[at + 1]
    previous: Amount | None = None
    for match, unit in zip(matches, units, strict=True):
        between = text[previous.end : match.start()] if previous and match.start() - previous.end < 12 else "\n"
        goes_on = previous is not None and previous.noun == TIME and _after_clock.fullmatch(between) is not None
        clock = goes_on or _clock_before.search(text, max(0, match.start() - 40), match.start()) is not None
        if previous and _spread.fullmatch(between):
            clock = False
            unit = unit or ("m" if previous.unit == "s" else "h")
        previous = _with_colon(match, unit, clock, goes_on)
        if previous:
            yield previous


def _with_colon(match: re.Match[str], unit: str, clock: bool, goes_on: bool) -> Amount | None:
    """unit: "h" or "m" of the first part, "" where none is written. clock: what stands before tells a time of day."""
    first, second, third = match["first"], match["second"], match["third"]
    start, end = match.span()
    if "." in second:
        return _duration(start, end, None, first, second) if third is None else None
    if unit == "m" and third is None:
        pace = _duration(start, end, None, first, second)
        return replace(pace, unit=pace.unit + (match["per"] or ""))
    if clock and int(first) < _DAY and (unit != "h" or goes_on or len(first) == len("00")):
        return _duration(start, end, first, second, third, TIME)
    if third or (unit == "h" and int(first) + int(second) != _DAY):
        return _duration(start, end, first, second, third)
    return None


def _angles(text: str) -> Iterator[Amount]:
    """Coordinates, and angles with minutes; a bearing such as N30°E is none."""
    for match in _degrees.finditer(text):
        side = (match["after"] or match["before"] or "")[:1].upper()
        if (match["before"] and match["after"]) or not (side or match["minutes"]):
            continue
        value = Decimal(match["degrees"]) + Decimal(match["minutes"] or 0) / 60 + Decimal(match["seconds"] or 0) / 3600
        noun = {"N": LATITUDE, "S": LATITUDE, "E": LONGITUDE, "W": LONGITUDE}.get(side, "")
        value = round(-value if side in ("S", "W") else value, 12).normalize()
        yield Amount(value, "°", match.start("degrees"), match.end(), noun, 2 if match["minutes"] else 1)

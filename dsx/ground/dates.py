"""Dates: what they are written as, and which of a text's numbers are parts of one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import zip_longest

from dsx.units import unit_end

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_month = (
    r"\b(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?|"
    r"Nov(?:ember)?|Dec(?:ember)?)\b"
)
_day = r"\d{1,2}(?:st|nd|rd|th)?"
_days = rf"{_day}(?:\s?(?:[-–—,&]|to|and|through)\s?{_day}){{0,4}}"
_in_words = re.compile(
    rf"(?:(?<!\d)(?P<year_before>\d{{4}})[\s-])?(?:(?<!\d)(?P<before>{_days})\.?[\s/-]?(?:of\s)?)?(?P<month>{_month})\.?"
    rf"(?:[\s-](?:the\s)?(?P<after>{_days})(?!\d))?(?:[,\s/-]{{1,2}}(?:of\s)?(?P<year>\d{{4}})(?!\d))?",
    re.IGNORECASE,
)
_and_then = re.compile(r"\s?(?:[-–—]|to|and|through|until)\s?")
_day_first = re.compile(r"(?<![\d./-])(\d{1,2})([./-])(\d{1,2})\2(\d{4}|\d\d)(?![./-]?\d)")
_year_first = re.compile(
    r"(?<!\d)(?:(\d{4})([-/.])(\d\d?)\2(\d\d?)|((?:19|20)\d\d)([01]\d)([0-3]\d)|(\d{4})年(\d\d?)月(\d\d?)日)(?!\d)"
)
_month_and_year = re.compile(r"(?<![\d/])(\d{1,2})/(\d{4})(?![/\d])")
_year = re.compile(
    r"\b(?:[Ii]n|[Ss]ince|during|until|spring|summer|autumn|winter|Q[1-4])\s(?P<year>(?:19|20)\d\d)(?=\s?(?:[,.;)–—-]|$|and\b|to\b))"
)
_years = re.compile(r"\((?P<first>(?:19|20)\d\d)[-–](?P<last>(?:19|20)\d\d)(?=[),;])")
_short_years = re.compile(r"(?<![\w./–-])(?P<first>(?:19|20)\d\d)(?:/|[-–])(?P<last>\d\d)(?![\w%°/–-]|[.,]\d)")
_quarter = re.compile(r"(?<![\w.])(?P<year>(?:19|20)\d\d)(?=[ :-]?Q[1-4]\b)")
_day_ends = re.compile(r"\s?(?:[,.;)–—-]|$|(?:to|until|through)\b)")
_iso_date = re.compile(r"(\d{4})-(0[1-9]|1[0-2])(?:-(\d{2}))?")

Date = tuple[int, int, frozenset[int]]
"""Year, month, and its days: of a span both ends, where none is written 0 alone."""

LONGEST_SPAN = 30
"""Years between the two of "1985–99"."""


def is_date(value: str) -> bool:
    """Whether it is written as YYYY-MM-DD or YYYY-MM."""
    return _iso_date.fullmatch(value) is not None


def dated(value: str, quote: str) -> bool:
    """Whether the quote writes the ISO date `value` in another way. 03/05/2019 may be read in two."""
    year, month, day = (int(part or 0) for part in (value + "-0").split("-")[:3])
    return any(written[:2] == (year, month) and (not day or day in written[2]) for written in _dates(quote))


def _dates(text: str) -> Iterator[Date]:
    """Each date of a text. One without a year has that of the date that it is joined to."""
    matches = list(_in_words.finditer(text))
    for match, following in zip_longest(matches, matches[1:]):
        year = match["year"] or match["year_before"]
        if not year and following and _and_then.fullmatch(text, match.end(), following.start()):
            year = following["year"]
        if year:
            days = re.findall(r"\d+", f"{match['before']} {match['after']}")
            yield int(year), _MONTHS.index(match["month"][:3].lower()) + 1, frozenset(map(int, days)) or frozenset([0])
    for first, _, second, last in _day_first.findall(text):
        for month, day in ((int(first), int(second)), (int(second), int(first))):
            yield int(last) if len(last) == 4 else 2000 + int(last), month, frozenset([day])
    for parts in _year_first.findall(text):
        year, month, day = [int(part) for part in parts if part.isdigit()]
        yield year, month, frozenset([day])
    for month, year in _month_and_year.findall(text):
        yield int(year), int(month), frozenset([0])


def calendar_spans(text: str) -> Iterator[tuple[int, int, str]]:
    """Stretches whose numbers are a day or a year, and which: they count nothing."""
    for match in _in_words.finditer(text):
        if match["month"][0].isupper():  # "12 may be"
            yield (*match.span("before"), "day")
            yield (*match.span("year"), "year")
            if match["year"] or _day_ends.match(text, match.end()):  # "In May 12 hens sat"
                yield (*match.span("after"), "day")
    for pattern in (_day_first, _year_first):
        for match in pattern.finditer(text):
            if pattern is _day_first and len(match[4]) == 2:
                continue  # "15/14/16" may be three counts
            for part in re.finditer(r"\d+", match.group()):
                noun = "year" if len(part.group()) == 4 else "day"
                yield match.start() + part.start(), match.start() + part.end(), noun
    for match in _year.finditer(text):
        yield (*match.span("year"), "year")
    for match in _quarter.finditer(text):
        yield (*match.span("year"), "year")
    for match in _short_years.finditer(text):
        later, stop = (int(match["last"]) - int(match["first"])) % 100, match.end() + 1
        if 0 < later <= (1 if "/" in match.group() else LONGEST_SPAN) and unit_end(text, stop) == stop:
            yield (*match.span("first"), "year")
            yield (*match.span("last"), "year")
    for match in _years.finditer(text):
        yield (*match.span("first"), "year")
        yield (*match.span("last"), "year")

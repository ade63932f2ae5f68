"""What a number stands before that it counts, and numbers that say a year: neither is an amount of a unit."""

from __future__ import annotations

import re
from collections.abc import Iterator

from dsx.ground.mentions import CONTEXT
from dsx.ground.numerals import Numeral
from dsx.ground.things import THINGS
from dsx.units import is_named

_plural = re.compile(r"\s([a-z]{3,}(?<![sui])s)\b(?![-/'’]|\s(?:per|an?|each|every)\b)")
_brings = re.compile(
    r"\b(?:of|at|to|from|by|is|was|were|be|about|around|approximately|nearly|almost|least|most|aged?|than|over|under|"
    r"between|for|lasted|equals)\s(?:[\w-]{1,20}\s(?:and|or|to)\s)?$",
    re.IGNORECASE,
)
"""Before an amount, whose unit may be left out."""
_OTHERS = """does whereas perhaps always besides sometimes towards afterwards seems gives shows means remains
units nucleotides bases kilobases megabases residues dioptres diopters colonies turns rotations cycles oscillations
weekdays weekends nights mornings afternoons evenings mths seasons centuries stones corresponds gms
yields leads causes results requires makes takes produces provides represents indicates equals receives needs becomes
exceeds suffices works applies holds includes contains occurs"""
_NO_THINGS = frozenset(_OTHERS.split())
"""What stands after a number word like a plural of things: verbs, adverbs, and amounts that the table lacks."""
_things = re.compile(rf"[^\S\n]({'|'.join(sorted(THINGS))})\b(?![-/'’]|\s(?:per|an?|each|every)\b)")
_word = re.compile(r"(?P<gap>,?[^\S\n])(?P<word>[a-z]{2,20}(?:[-‐‑][a-z]{2,20}){0,2}+)(?![\w/-])")
_NO_ADJECTIVE = """
of in at on to for from by with without as than per and or but nor if when while where which who whose that this these
those the a an all both each every any some no not our their its his her most more fewer less other were was is are be
been had has have did does may can will would times fold hourly daily old after before during until since between among
within over under above below about around via vs versus against into then so because dpi dpf hpi hpf"""
_ENDS = frozenset(_NO_ADJECTIVE.split())
"""What stands in no name of a thing between the number and the noun."""
ADJECTIVES = 4
_age_or_range = re.compile(
    r"(?:\baged?(?:\sof)?\s|\bbetween\s|(?:\d|teen|ty)\s?(?:to\s|and\s|or\s|[-–])\s?)$", re.IGNORECASE
)
"""Before "24 males" where that may be an age, or an end of a range of ages."""
_at_time = re.compile(
    r"\b(?:days?|weeks?|months?|years?|hours?|age)\s(?:[\d.]{1,4}(?:,|\s(?:and|or|to))\s){0,3}$", re.IGNORECASE
)
"""Before a number that says when: "on day 21 mice were killed"."""
_level = re.compile(
    r"\b(?:over|under|above|below|than|exceeding|until|(?:age|temperature|dose|concentration|salinity|depth|distance|yield"
    r"|duration|rate|level|weight|mass|height|pressure|speed|power|intensity|score|value|index)s?\sof)\s$",
    re.IGNORECASE,
)
"""Before an amount that adjectives and a thing follow: "those over 65 hospitalized patients"."""
_UNCHANGED = ("fish", "sheep")
"""Plurals that stand before what is counted as well: "12 fish species"."""
_sign = re.compile(r"[=<>≤≥≈~±×-]\s?$")
_year = r"(?:19|20)\d\d"
_and = r"(?:,\s|,?\s(?:and|or|to|until|till|through)\s|\s?[–-]\s?)"
_before_year = re.compile(
    r"(?:(?P<at>\b(?:in|since|during|until|summer|winter|autumn|spring|years?)\s)|\b(?P<range>from|between)\s"
    rf"|[^\W\d_]\s?(?P<bracket>\()|(?<![\w.,–-])(?={_year}\s?[–-]))(?P<earlier>(?:{_year}{_and}){{0,6}})$",
    re.IGNORECASE,
)
_later_years = re.compile(rf"(?:{_and}{_year}(?!\d|[.,]\d)){{0,6}}")
_after_year = re.compile(
    r"\s?(?:$|[;:)\]\n]|[.,](?!\d))|\s(?:and|or|but|to|in|at|on|the|for|with|we|when|as|by|of|was|were|is|are|they|after"
    r"|before|during|using|an?|from|which|who|that|because|while|under|across|among|both|all|each|only|our|this|these|it|had"
    r"|has|have|did|then|than|onwards?)\b"
)
_onwards = re.compile(r"\son(?:wards?)?\b")


def counted_by(text: str, numeral: Numeral) -> str:
    """The plural after a number, "ponds" of "two ponds"; "" where it may be an amount: "a load of ten gives"."""
    start, end = numeral.start, numeral.end
    digits, before = text[end - 1].isdigit(), text[max(0, start - CONTEXT) : start]
    if digits and _at_time.search(before):
        return ""
    if thing := _things.match(text, end):
        whose = _plural.match(text, thing.end()) if thing[1] in _UNCHANGED else None
        return "" if _age_or_range.search(before) else whose[1] if whose else thing[1]
    is_whole = numeral.value == numeral.value.to_integral_value()
    if is_whole and not (_sign.search(before) or _level.search(before)) and (thing_below := _thing_below(text, end)):
        return "" if _age_or_range.search(before) else thing_below
    whole_word = text[end - 1].isalpha() and is_whole
    if not (whole_word or (digits and text[end : end + 1] != "\n" and not _sign.search(before))):
        return ""
    match = _plural.match(text, end)
    if match is None or match[1] in _NO_THINGS or is_named(match[1]) or is_named(match[1][:-1]):
        return ""
    return "" if _brings.search(before) else match[1]


def _thing_below(text: str, end: int) -> str:
    """The thing after adjectives, "rats" of "12 healthy, adult rats"; "" where none follows."""
    return next((word for word in _described(text, end) if word in THINGS), "")


def things_after(text: str, end: int) -> list[str]:
    """Plurals after the adjectives that follow a number: "rats" of "12 healthy, adult rats"."""
    return [word for word in _described(text, end) if word in THINGS or _is_plural(word)]


def _described(text: str, end: int) -> Iterator[str]:
    """Words that may name what a number before them counts, but for the first. They end with a plural."""
    for at in range(ADJECTIVES + 1):
        match = _word.match(text, end)
        if match is None or (at == 0 and match["gap"][0] == ","):
            return
        if match["word"] == "and" and at:
            end = match.end()
            continue
        if match["word"] in _ENDS:
            return
        if at:
            yield match["word"]
        if _is_plural(match["word"]):
            return
        end = match.end()


def _is_plural(word: str) -> bool:
    return word.endswith("s") and not word.endswith(("ss", "us", "is"))


def is_year(text: str, start: int, end: int) -> bool:
    """Whether the number is said as a year: "in 2011 we", "from 2011 to 2016", "2011–2016", "(2011)"."""
    if end - start != len("2011") or text[start : start + 2] not in ("19", "20"):
        return False
    later = _later_years.match(text, end)
    stop = later.end() if later else end
    before = _before_year.search(text[max(0, start - CONTEXT) : start])
    years = re.findall(_year, f"{before['earlier'] if before else ''}{text[start:stop]}")
    if not _after_year.match(text, stop) or years != sorted(set(years)):
        return False
    if before is None or not (before["at"] or before["range"] or before["bracket"]):
        dashed = before is not None or (
            text[end : end + 1] in ("-", "–") and text[max(0, start - 1) : start] in ("", " ")
        )
        return dashed and len(years) == 2
    if before["bracket"]:
        return text[stop : stop + 1] == ")"
    return bool(before["at"]) or len(years) > 1 or _onwards.match(text, stop) is not None

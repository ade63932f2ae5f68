"""What numbers that stand together give to each other: units, roles, and one value ("7 h 30 min")."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal

from dsx.ground.amounts import PLACES, TIME
from dsx.ground.denominators import shared_rate
from dsx.ground.mentions import CONTEXT, MINUS, NumberMention
from dsx.units import convert, read_unit, unit_end

_or_more = re.compile(r"\s(?:and|or|vs?\.?|versus)\s")
"""Between two numbers of one thing: "12 or 15 newts"."""
_times = re.compile(r"\s?[×x]\s?")
_in_brackets = re.compile(r"[(\[]\s?(?P<unit>[^()\[\]\n\d]{1,20}\d?)[)\]](?:(?!\.\s)[^\d\n]){0,24}$")
_count_and_share = re.compile(r"(?:\b[nN]|\b[Nn]os?\.|[Nn]umber|[Cc]ount)\s?[(\[]%[)\]]")
_level = re.compile(r"[\s-]?(?:CIs?\b|CrI|HDI|PI\b|conf|cred|LOA|limits|pred)")
_LETTERS = frozenset(["A", "C", "M", "T", "Eq"])
"""In brackets names of groups rather than units."""
LONGEST_ROW = 400
HOURS = 12
_UNLIKE = {("plain", "mean"), ("plain", "range_low")}
"""Roles of two numbers of a list that are of one kind by chance only: "n = 12; 4.1 ± 0.3 kg"."""
_range = re.compile(r"-?\s?(?:[-−–‐‑—]|to|through|up\s+to|and|\.\.\.?|…)\s?", re.IGNORECASE)
_listed = re.compile(r"[)\]]?\s?(?:[,;/×x&]|,?\s(?:and|or|vs?\.?|by)|,\s?(?:and|or))\s?[(\[]?", re.IGNORECASE)
_deviation = r"(?:SDs?|s\.d\.|S\.D\.|SE|SEM|sd|st\.?dev\.?|standard\s+(?:deviation|error))"
_spread = re.compile(rf"\s?(?:±|\+/-|\+/−)\s?|\s?\(±\s?|[\s,;(]{{1,3}}{_deviation}\s?[=:]?\s?")
_mean = re.compile(r"(?:\bM|\b[Mm]eans?|\b[Aa]verage|\bx̄|\bAvg\.?)\b[^.\d\n]{0,25}$")
_who = re.compile(r"\s(?:were|was|are|had|have|(?:fe)?males?|(?:wo)?men|girls|boys|smokers)\b")
_in_list = re.compile(r"\d%?\s?[,;]\s?$")
_spread_word = re.compile(rf"\b{_deviation}(?:\s(?:of|was|is))?[\s=:]{{0,3}}$")
_INDEX_SIGNS = ("-", "–", "−", "/", ",", ":", "")
_bracket = re.compile(r"\s?[(\[]")
_between = re.compile(r"\b(?:between|from)\s+$", re.IGNORECASE)
_share_after, _part_of = re.compile(r"\s?[(\[]\s?"), re.compile(r"\s(?:out\s)?of(?:\s(?:the|all))?\s")
_percent_after = re.compile(r"(?:\s?[(\[]|[,;]\s)\d{1,3}(?:\.\d{1,3})?\s?%")
_percent_outside = re.compile(r"[)\]]\s?(?:%|per)")
_next_part = re.compile(r"\s{0,2}(?P<and>and\s)?")
_JOINED_BY_AND = ("month", "minute", "second")
_STEPS = {
    ("year", "month"): 12, ("year", "week"): 52, ("year", "day"): 365, ("month", "week"): 5, ("month", "day"): 31,
    ("week", "day"): 7, ("day", "hour"): 24, ("hour", "minute"): 60, ("minute", "second"): 60, ("foot", "inch"): 12,
    ("pound", "ounce"): 16, ("meter", "centimeter"): 100, ("kilogram", "gram"): 1000,
}  # fmt: skip
"""Units in which one amount is written, and how many of the second make one of the first."""
LONGEST_JOIN = 6


# ---- amounts of several numbers with a unit each ----


def merged(text: str, mentions: Iterable[NumberMention]) -> list[NumberMention]:
    """With "7 h 30 min", "3 years and 6 months" and "5 ft 11 in" as one each."""
    amounts: list[NumberMention] = []
    for mention in mentions:
        if amounts and _continues(text, amounts[-1], mention):
            mention = _sum(text, amounts.pop(), mention)
        amounts.append(mention)
    return amounts


def _continues(text: str, first: NumberMention, second: NumberMention) -> bool:
    """Whether the second counts the next smaller unit, and less than one of the first's."""
    if not (first.unit and second.unit) or "label" in (first.kind, second.kind) or first.noun or second.comparator:
        return False
    stop = first.end if first.parts > 1 else text.find(first.unit, first.end) + len(first.unit)
    join = _next_part.fullmatch(text, stop, second.start) if second.start - stop <= LONGEST_JOIN else None
    if join is None:
        return False
    units = read_unit(first.unit), read_unit(second.unit)
    if not (units[0] and units[1]) or (join["and"] and units[1].expression not in _JOINED_BY_AND):
        return False
    most = _STEPS.get((units[0].expression, units[1].expression))
    return most is not None and 0 <= second.value < most and first.value == first.value.to_integral_value()


def _sum(text: str, first: NumberMention, second: NumberMention) -> NumberMention:
    unit = second.unit or ""
    total = convert(float(first.value), first.unit, unit) + float(second.value)
    end = text.find(unit, second.end) + len(unit)
    return replace(
        first, value=Decimal(f"{total:.12g}"), text=text[first.start : end], end=end, unit=unit, exact=False, parts=2
    )


# ---- neighbours: lists, ranges, means with their spread ----


def linked(text: str, mentions: list[NumberMention]) -> list[NumberMention]:
    """Units, labels and roles given on along lists and ranges."""
    given = list(mentions)
    for at in range(len(given)):
        given[at] = _from_left(text, given[at - 1] if at else None, given[at])
    for at in range(len(given) - 2, -1, -1):
        given[at] = _from_right(text, given[at], given[at + 1])
    return given


def _link(text: str, left: NumberMention, right: NumberMention) -> str:
    """How two numbers that follow each other are joined: "spread", "range", "list" or ""."""
    start = left.end
    if left.unit is not None and (found := text.find(left.unit, left.end, left.end + len(left.unit) + 2)) >= 0:
        start = found + len(left.unit)
    if right.start - start > 24:
        return ""
    between = text[start : right.start]
    if right.comparator == "±" or _spread.fullmatch(between):
        return "spread" if _spread.fullmatch(text[start : right.end - len(_bare(right))]) else ""
    if left.comparator and ("," in between or ";" in between):
        return ""
    if _range.fullmatch(between) and not (
        between.strip().lower() == "and" and not _between.search(text[max(0, left.start - 9) : left.start])
    ):
        return "range"
    if not between and right.text[:1] in MINUS:
        return "range"
    if _bracket.fullmatch(between) and text[right.end : right.end + 1] in ")]":  # "23.4 (3.1) years"
        return "bracket"
    closed = sum(map(between.count, ")]")) == sum(map(between.count, "(["))
    return "list" if closed and _listed.fullmatch(between) else ""


def _from_left(text: str, left: NumberMention | None, right: NumberMention) -> NumberMention:
    if right.kind == "label":
        return right
    before = text[max(0, right.start - CONTEXT) : right.start]
    link = _link(text, left, right) if left else ""
    if left and left.kind == "label" and (_is_index(text, left, right) or (link and _goes_on(text, left, right, link))):
        return replace(right, kind="label", noun=left.noun)
    role = right.role
    if link == "spread" or _spread_word.search(before):
        role = "spread"
    elif link == "range" and left and left.kind == "value":
        role = "range_high"
    elif _mean.search(before) and role == "plain":
        role = "mean"
    if left and (_is_share(text, left, right) or _multiplies(text, left, right)):
        right = replace(right, unitless=True)
    unit = right.unit
    if unit is None and link == "spread" and left:
        unit = left.unit
    if unit is None:
        unit = _unit_before(text, right, before)
        role = "percent" if unit == "%" and role == "plain" else role
    if link == "spread":
        bare = _bare(right)
        right = replace(right, text=bare, start=right.end - len(bare), value=abs(right.value), comparator="")
    return right if (role, unit) == (right.role, right.unit) else replace(right, role=role, unit=unit)


def _unit_before(text: str, mention: NumberMention, before: str) -> str | None:
    """That of "Age (years): 23"; after "n (%)" that of numbers in brackets alone."""
    row = text[max(0, mention.start - LONGEST_ROW) : mention.start].rpartition("\n")[2]
    if "%" in row and _count_and_share.search(row):
        return "%" if text[mention.start - 1 : mention.start] in ("(", "[") else None
    match = _in_brackets.search(before)
    unit = match["unit"].strip() if match else ""
    return unit if whole_unit(unit) and unit not in _LETTERS else None


def _bare(mention: NumberMention) -> str:
    """Its text without signs."""
    return re.sub(r"^[±+/\-−\s]+", "", mention.text)


def _goes_on(text: str, left: NumberMention, right: NumberMention, link: str) -> bool:
    """Whether a label's noun counts for the next number too: "Experiments 1 and 2", "Table 1–3"."""
    if right.unit or not right.text.isdecimal() or left.noun == "year":
        return False
    ended = " and " in text[max(0, left.start - 6) : left.start]
    return bool(left.noun) and (link == "range" or (left.noun.endswith("s") and not ended))


def _is_index(text: str, left: NumberMention, right: NumberMention) -> bool:
    """Whether both belong to one symbol: "AUC0–24", "t1/2", "F2,45"."""
    before = text[left.start - 1 : left.start]
    return (
        (before.isalpha() or before in ("_", "*")) and not right.unit and text[left.end : right.start] in _INDEX_SIGNS
    )


def _from_right(text: str, left: NumberMention, right: NumberMention) -> NumberMention:
    if left.kind == "label" or right.kind == "label" or left.noun:
        return left
    link = _link(text, left, right)
    role = left.role
    if right.role == "spread" and link == "spread" and role == "plain":
        role = "mean"
    elif right.role == "range_high" and link == "range" and role in ("plain", "percent"):
        role = "range_low"
    if right.noun in PLACES and (link == "range" or (link and left.unit == "°")):
        value = -abs(left.value) if right.value < 0 else left.value
        return replace(left, value=value, unit="°", noun=right.noun, role=role)
    if right.noun == TIME and left.unit is None:
        return _hour_before(left, right) if link == "range" else left
    if link == "range" and left.unit == "°" and right.unit in ("°C", "°F"):
        return replace(left, unit=right.unit, role=role)
    if right.counted and not (left.counted or left.unit) and _or_more.fullmatch(text, left.end, right.start):
        left = replace(left, counted=right.counted)
    unit, unitless = left.unit, left.unitless or _is_factor(text, left, right, link)
    if unit is None and right.unit is not None and link and not unitless and _shares_unit(text, left, right, link):
        unit, role = right.unit, "percent" if right.role == "percent" and role == "plain" else role
    rate = right.rate if unit is not left.unit else left.rate or shared_rate(text, left, right)
    changed = (unit, role, unitless, rate) != (left.unit, left.role, left.unitless, left.rate)
    return replace(left, unit=unit, role=role, unitless=unitless, rate=rate) if changed else left


def _hour_before(left: NumberMention, right: NumberMention) -> NumberMention:
    """The 9 of "9–11 a.m." and of "9–5 p.m.": a time of day too."""
    if left.value != left.value.to_integral_value() or not 1 <= left.value <= HOURS:
        return left
    morning = left.value % HOURS * 60
    same_half = morning + (HOURS * 60 if right.value >= HOURS * 60 else 0)
    minutes = same_half if same_half < right.value else morning
    return replace(left, value=minutes, unit="min", noun=TIME, exact=False, parts=2)


def _is_factor(text: str, left: NumberMention, right: NumberMention, link: str) -> bool:
    """Whether the left one counts: the 2 of "2 × 125 mg", the 9 of "9 of 12" and of "9 (75%)"."""
    between = text[left.end : right.start]
    if right.unit and between.isspace():
        return text[right.end : right.end + 1] in ("-", "‐", "‑")  # "two 500-mg pills"
    if link and right.unit and re.search(r"[×x]", between):
        return text[right.end : right.end + 1] in ("-", "‐", "‑") or not (
            _is_side(right.unit) or _is_enclosed(right.unit)
        )
    if _is_share(text, left, right):
        return True
    is_share = right.role == "percent" and not _percent_outside.match(text, right.end)  # not "67.9 (1.9)%"
    return is_share and _share_after.fullmatch(between) is not None


def _multiplies(text: str, left: NumberMention, right: NumberMention) -> bool:
    """Whether the right one says how often: the 3 of "10 mL × 3"."""
    if not left.unit or right.unit or _is_side(left.unit):
        return False
    stop = text.find(left.unit, left.end) + len(left.unit)
    return _times.fullmatch(text, stop, right.start) is not None


def _is_share(text: str, left: NumberMention, right: NumberMention) -> bool:
    """Whether the left one is a part of the right one, "9 of 12", "9/12 (75%)", or they are a ratio, "1:500"."""
    between = text[left.end : right.start]
    if right.unit is not None or any(each.value != each.value.to_integral_value() for each in (left, right)):
        return False
    if between == "/":
        return _percent_after.match(text, right.end) is not None
    if between == ":":
        return 1 in (left.value, right.value)
    return _part_of.fullmatch(between) is not None and left.value < right.value != 100


def _shares_unit(text: str, left: NumberMention, right: NumberMention, link: str) -> bool:
    """Whether the unit after the right one is the left one's too: not of "in 2019, 20 mg", "ratio 0.7; 95% CI"."""
    if link == "list" and (left.role, right.role) in _UNLIKE:
        return False
    if link == "list" and "×" in text[left.end : right.start] and not _is_side(right.unit):
        return False
    if "," in text[left.end : right.start] and len(left.text) == 4 and 1900 <= left.value <= 2099:
        return False
    stop = text.find(right.unit or "", right.end) + len(right.unit or "")
    is_own = right.unit == "%" and text[right.end : stop].strip() == "%"
    if is_own and text[left.end : right.start].strip() in (",", ";") and _who.match(text, stop):
        return _in_list.search(text[max(0, left.start - 4) : left.start]) is not None  # "mean age 45, 52% female"
    return right.role != "percent" or not _level.match(text, stop)


def _is_side(unit: str | None) -> bool:
    """Whether it measures sides: of "10 × 20 cm" both have it."""
    kind = read_unit(unit) if unit else None
    return kind is not None and kind.kind in [{(name, 1)} for name in ("[length]", "angle", "pixel")]


def _is_enclosed(unit: str | None) -> bool:
    """Whether it measures what sides enclose: the sides of "6 × 6 mm²" are in mm."""
    kind = read_unit(unit) if unit else None
    if kind is None or kind.kind not in [{("[length]", power)} for power in (2, 3)]:
        return False
    return re.search("meter|inch|foot", kind.expression) is not None  # no litres, no hectares


def whole_unit(written: str) -> bool:
    """Whether it is a unit and nothing else."""
    return bool(written) and unit_end(written, 0) == len(written)

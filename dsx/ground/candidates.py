"""The values that a parameter can have because they stand in the text: numbers, and what is computed from numbers.

An answer is one of these, so its place is known before it is given.
"""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal

from dsx.ground.amounts import LATITUDE, LONGITUDE, PLACES, TIME
from dsx.ground.mentions import NumberMention
from dsx.ground.money import asks_for, currency_at, is_currency
from dsx.ground.opposites import side
from dsx.ground.things import is_of_another_kind
from dsx.types import Json, Parameter, Shown
from dsx.units import COUNTED_KINDS, convert, is_named, read_unit, same_unit

MAX_OPERANDS = 6
"""Numbers that one computed value is made of."""
_NOUNS = {"exp": "experiment", "expt": "experiment", "fig": "figure", "tab": "table", "eq": "equation", "df": "freedom"}
_NOUNS |= {"vol": "volume", "p": "page", "pp": "page", "nr": "number"}
_raised = re.compile(r"\*\* (?!-)")
_STAGES = ("day", "week", "month")
"""Nouns whose number is an amount of time too: "on day 21"."""
_counting = re.compile(r"(?:n|num|number|count|how many)[\s_]|the (?:total )?number of ", re.IGNORECASE)
_when = re.compile(r"time|clock|onset|offset|bed|wak|rise|sunset|mid(?:sleep|point)|noon|start|end$")
_PLACE_WORDS = {
    LATITUDE: {"lat", "latitude", "latitudes"},
    LONGITUDE: {"lon", "long", "lng", "longitude", "longitudes"},
}
NEAR_OPERANDS = 8
"""Numbers of one sentence that are combined with each other."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A value that the text holds.

    text: how an answer names it, number and unit as the paper writes them, or an expression of such numbers.
    value: in the parameter's unit, before normalisers.
    raw, unit: the number and unit as written; the words of an amount in several numbers ("7 h 30 min"), and no unit.
    mentions: the places where it stands; for a computed value those of its operands, in order.
    """

    text: str
    value: Json
    raw: Json
    unit: str | None
    mentions: tuple[NumberMention, ...]
    computed: bool = False
    unit_assumed: bool = False


def number_candidates(
    mentions: Iterable[NumberMention], parameter: Parameter, shown: Shown, accepts: Callable[[Json], bool]
) -> list[Candidate]:
    """One candidate for each value and unit among the numbers shown, in the order of the text.

    accepts: whether a value, in the parameter's unit, is legal once it is normalised.
    """
    by_text: dict[str, tuple[Candidate, list[NumberMention]]] = {}
    for mention in mentions:
        if not is_asked(mention, parameter) or not _is_shown(mention, shown):
            continue
        if counts_another_kind(mention, parameter) or not _may_be_money(mention, parameter, shown.text):
            continue
        candidate = _candidate(mention, parameter)
        if candidate is None:
            continue
        if candidate.text in by_text:
            by_text[candidate.text][1].append(mention)
        elif accepts(candidate.value):
            by_text[candidate.text] = candidate, [mention]
    return [replace(candidate, mentions=tuple(places)) for candidate, places in by_text.values()]


def opposite_candidates(
    mentions: Iterable[NumberMention], parameter: Parameter, shown: Shown, accepts: Callable[[Json], bool]
) -> list[Candidate]:
    """Numbers shown that count the opposite of what is asked for, where none counts that; such an answer is none."""
    told = [
        (mention, of)
        for mention in mentions
        if is_asked(mention, parameter) and _is_shown(mention, shown) and (of := _side(mention, parameter))
    ]
    if any(of == "own" for _, of in told):
        return []
    by_text: dict[str, tuple[Candidate, list[NumberMention]]] = {}
    for mention, _ in told:
        candidate = _candidate(mention, parameter)
        if candidate is not None and accepts(candidate.value):
            by_text.setdefault(candidate.text, (candidate, []))[1].append(mention)
    return [replace(candidate, mentions=tuple(places)) for candidate, places in by_text.values()]


def computed_candidates(
    mentions: Iterable[NumberMention], shown: Shown, accepts: Callable[[Json], bool]
) -> list[Candidate]:
    """Sums, differences and products of whole numbers that stand in one sentence: "24+26", "40-2", "16*3"."""
    sentences: dict[tuple[int, int], list[NumberMention]] = {}
    for mention in mentions:
        counts = mention.kind == "value" and not (mention.unit or mention.noun) and _whole(mention)
        if counts and _is_shown(mention, shown):
            sentences.setdefault(mention.sentence, []).append(mention)
    by_text: dict[str, Candidate] = {}
    for numbers in sentences.values():
        for sign, operands in _combinations(numbers[:NEAR_OPERANDS]):
            value = _compute(sign, [int(operand.value) for operand in operands])
            text = sign.join(str(int(operand.value)) for operand in operands)
            if text not in by_text and accepts(value):
                by_text[text] = Candidate(text, value, value, None, operands, computed=True)
    return list(by_text.values())


def range_candidates(
    text: str, mentions: Sequence[NumberMention], parameter: Parameter, shown: Shown
) -> list[tuple[int, int]]:
    """Where the shown ranges stand, from the first number to the second.

    "18–34", "18 and 30" after "between", and two numbers alone in brackets, "21 (19; 30)". A range of lengths is left
    out where the parameter's words name years, and no length.
    """
    words = _words(parameter.name, parameter.description)
    kinds = [unit.kind for word in words if is_named(word) and (unit := read_unit(word)) is not None]

    def is_of_a_kind(unit: str | None) -> bool:
        read = read_unit(unit) if unit else None
        return read is None or not kinds or read.kind in kinds

    return [
        (low.start, high.end)
        for low, high in itertools.pairwise(mentions)
        if low.kind == high.kind == "value"
        and ((low.role, high.role) == ("range_low", "range_high") or _are_alone(text, low, high))
        and is_of_a_kind(high.unit)
        and any(passage.start <= low.start and high.end <= passage.end for passage in shown.passages)
    ]


def _are_alone(text: str, low: NumberMention, high: NumberMention) -> bool:
    """Whether two numbers are all that stands in a pair of brackets."""
    around = text[max(0, low.start - 1) : low.start], text[high.end : high.end + 1]
    return around in (("(", ")"), ("[", "]")) and text[low.end : high.start].strip() in (";", ",")


def _combinations(numbers: Sequence[NumberMention]) -> Iterator[tuple[str, tuple[NumberMention, ...]]]:
    for first, second in itertools.combinations(numbers, 2):
        yield "+", (first, second)
        if first.value > 1 and second.value > 1:
            yield "*", (first, second)
        if first.value != second.value:
            yield "-", (first, second) if first.value > second.value else (second, first)
    for length in range(3, min(len(numbers), MAX_OPERANDS) + 1):
        for start in range(len(numbers) - length + 1):
            yield "+", tuple(numbers[start : start + length])


def _compute(sign: str, operands: Sequence[int]) -> int:
    total = operands[0]
    for operand in operands[1:]:
        total = total + operand if sign == "+" else total - operand if sign == "-" else total * operand
    return total


def _candidate(mention: NumberMention, parameter: Parameter) -> Candidate | None:
    number = abs(mention.value) if mention.noun in PLACES and is_unsigned(parameter) else mention.value
    raw = _as_json(number)
    words = mention.text if mention.parts > 1 else None
    if parameter.unit is None:
        if not is_bare(mention, parameter):
            return None  # a length, a time or a percentage is no count
        return Candidate(words or _written(mention), raw, words or raw, None if words else mention.unit, ())
    if mention.unit is None:
        if not _may_lack(mention, parameter.unit):
            return None
        return Candidate(_written(mention), raw, raw, None, (), unit_assumed=True)
    unit = next((unit for unit in mention.units if _converts(unit, parameter.unit)), None)
    if unit is None:
        return None
    value = _as_json(Decimal(str(convert(float(number), unit, parameter.unit))))
    return Candidate(words or _written(replace(mention, unit=unit)), value, words or raw, None if words else unit, ())


def _may_lack(mention: NumberMention, unit: str) -> bool:
    """Whether a number without a unit may be an amount of this one: "24 ponds" are no hectares, "two gallons" gallons.

    Of what is counted ("events", "cells") or per something alone ("1/h") it may: another noun can stand for it there.
    """
    physical = None if mention.unitless or not mention.counted else read_unit(unit)
    above = {name for name, power in physical.kind if power > 0} if physical else set()
    is_per_itself = physical is not None and _raised.search(physical.expression) is not None  # mg/kg/d
    if not (above or is_per_itself) or above & COUNTED_KINDS:
        return not mention.unitless
    return _converts(mention.counted, unit)


def _may_be_money(mention: NumberMention, parameter: Parameter, text: str) -> bool:
    """Whether what is written of money at the number speaks for the parameter: "€200" are no dollars, counts, or mg."""
    unit = parameter.unit
    if unit is not None and is_currency(unit):
        currency = currency_at(text, mention.start, mention.end)
        return asks_for(unit, currency) if currency else not mention.counted
    if mention.unit is not None or (read_unit(unit) is None if unit else not is_count(parameter)):
        return True  # a unit that the tables lack may be money too: "million US dollars"
    currency = currency_at(text, mention.start, mention.end)
    return not currency or (unit is not None and asks_for(unit, currency))  # £200 are pounds


def is_unsigned(parameter: Parameter) -> bool:
    """Whether its values cannot be negative."""
    minimum = parameter.schema.get("minimum", parameter.schema.get("exclusiveMinimum"))
    return isinstance(minimum, int | float) and minimum >= 0


def _written(mention: NumberMention) -> str:
    """The number in digits, and its unit as the paper writes it."""
    digits = f"{mention.value:f}"
    if "." in digits:
        digits = digits.rstrip("0").rstrip(".") or "0"
    unit = mention.unit or ""
    return digits + (unit if unit[:1] in ("%", "°", "") else f" {unit}")


def value_fit(mention: NumberMention, parameter: Parameter) -> int:
    """How well a number may be the parameter's value, by its unit: 0 not, 1 it may be, 2 it has a unit of its kind."""
    schema = parameter.schema.get("items", parameter.schema)
    if not isinstance(schema, Mapping) or schema.get("type") not in ("number", "integer") or mention.kind != "value":
        return 0
    if parameter.unit is None:
        return int(mention.value > 0 and is_bare(mention, parameter))
    if mention.unit is None:
        return int(not mention.unitless)
    return 2 if any(_converts(unit, parameter.unit) for unit in mention.units) else 0


def _converts(written: str, unit: str) -> bool:
    try:
        convert(1.0, written, unit)
    except ValueError:
        return False
    return True


def is_bare(mention: NumberMention, parameter: Parameter) -> bool:
    """Whether it may be a number without a unit: it has none, or one that the parameter counts ("How many weeks").

    Degrees of a latitude or longitude go without saying. In "24 pp took part" pp are people.
    """
    if (
        mention.unit in (None, "pp")
        or mention.unit[0] == "/"
        or mention.noun in PLACES
        or read_unit(mention.unit) is None
    ):
        return True
    return mention.unit.lower().removesuffix("s") + "s" in _words(parameter.name, parameter.description)


@functools.lru_cache(1024)
def _words(name: str, description: str) -> frozenset[str]:
    """Of a parameter. What is counted is in the plural: "visits per week" count no weeks, "second day" no seconds."""
    return frozenset(re.findall(r"[a-z]{3,}", f"{name.replace('_', ' ')} {description}".lower()))


@functools.lru_cache(1024)
def _name_words(*names: str) -> frozenset[str]:
    """Of a parameter's name and synonyms."""
    return frozenset(re.findall(r"[a-z]+", " ".join(names).lower()))


def is_asked(mention: NumberMention, parameter: Parameter) -> bool:
    """Whether a number may be what is asked for, by the thing it belongs to.

    Numbers of figures, tables, references count nothing, unless the parameter asks for such a number. Days, years,
    times of day and coordinates are no counts; days and years no amounts of a unit.
    """
    if mention.noun in (TIME, *PLACES) and mention.kind == "value":
        asked = _is_time_of_day(parameter) if mention.noun == TIME else mention.noun in _coordinates(parameter)
        return asked and not is_count(parameter)
    if mention.unit is None and mention.text and not mention.text[-1].isdigit() and _coordinates(parameter):
        return False  # "two kinds": where something lies is written in digits
    words = _name_words(parameter.name, *parameter.synonyms)
    nouns = {mention.noun, singular := mention.noun.removesuffix("s"), _NOUNS.get(singular, "")} - {""}
    if mention.kind == "label":
        is_stage = singular in _STAGES and parameter.unit is not None and same_unit(singular, parameter.unit)
        return (bool(nouns & words) or is_stage) and not is_count(parameter)
    return not nouns or bool(nouns & words) or not (is_count(parameter) or parameter.unit)


def _side(mention: NumberMention, parameter: Parameter) -> Literal["own", "opposite", ""]:
    """Of what a count or a percentage is of."""
    if not mention.described or not (is_count(parameter) or parameter.unit == "%"):
        return ""
    return side(mention.described, (parameter.name, *parameter.synonyms), parameter.description)


def counts_another_kind(mention: NumberMention, parameter: Parameter) -> bool:
    """Whether it counts what the parameter does not: "104 trials" are no participants, "9 girls" no men."""
    if _side(mention, parameter) == "opposite":
        return True
    if not (mention.counted and is_count(parameter)):
        return False
    asked = _counting.match(parameter.description)
    told = re.findall(r"[a-z]+", parameter.description[asked.end() :].lower().removeprefix("of "))[:4] if asked else ()
    return is_of_another_kind(mention.counted, (parameter.name, *parameter.synonyms), told)


def _is_time_of_day(parameter: Parameter) -> bool:
    """Whether it may be one: it is in hours or minutes, and its words say when, as those of a bedtime do."""
    unit = read_unit(parameter.unit) if parameter.unit else None
    words = _words(" ".join((parameter.name, *parameter.synonyms)), parameter.description)
    return unit is not None and unit.expression in ("hour", "minute") and any(map(_when.search, words))


def _coordinates(parameter: Parameter) -> tuple[str, ...]:
    """Which it may be, by its words, or by its bounds."""
    words = _words(" ".join((parameter.name, *parameter.synonyms)), parameter.description)
    if any(word.startswith("coord") for word in words):
        return PLACES
    named = tuple(place for place, forms in _PLACE_WORDS.items() if words & forms)
    bounds = parameter.schema.get("minimum"), parameter.schema.get("maximum")
    bounded = [place for place, most in ((LATITUDE, 90), (LONGITUDE, 180)) if bounds == (-most, most)]
    return named or tuple(bounded)


def is_count(parameter: Parameter) -> bool:
    """Whether it counts something, as its name or description says: `n_women`, "Number of ...", "How many ..."."""
    return _counting.match(f"{parameter.name} ") is not None or _counting.match(parameter.description) is not None


def _whole(mention: NumberMention) -> bool:
    return mention.value == mention.value.to_integral_value() and mention.value > 0


def _is_shown(mention: NumberMention, shown: Shown) -> bool:
    return any(passage.start <= mention.start and mention.end <= passage.end for passage in shown.passages)


def _as_json(value: Decimal) -> Json:
    return int(value) if value == value.to_integral_value() and abs(value) < 10**15 else float(value)

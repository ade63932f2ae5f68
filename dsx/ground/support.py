"""Whether a quote carries a value: decided by code, not by the model."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import combinations, pairwise
from math import prod

from dsx.ground.amounts import PLACES, TIME, amounts
from dsx.ground.candidates import counts_another_kind, is_asked, is_bare, is_count, is_unsigned
from dsx.ground.counted import things_after
from dsx.ground.dates import dated, is_date
from dsx.ground.labels import label_noun
from dsx.ground.mentions import NumberMention
from dsx.ground.money import asks_for, currency_at, is_currency
from dsx.ground.numbers import numbers_in
from dsx.ground.numerals import as_decimal
from dsx.ground.phrases import polarity, stands, stands_in_order
from dsx.types import Flag, Json, Parameter, Status
from dsx.units import convert, is_named, read_unit, same_unit, unit_end

UNIT_ASSUMED = Flag("unit-assumed")
"""No unit is written at the number, and the parameter's own was taken."""
_WORST = (Status.STATED, Status.DERIVED, Status.INFERRED, Status.UNSUPPORTED)
MAX_NUMBERS = 12
"""Numbers of a quote that are tried as operands."""
_RANGE = re.compile(r"\s*([-−]?[\d.,]+)\s*(?:[-−–‐‑—]|to|and)\s*([-−]?[\d.,]+)\s*(\D{0,20})")
_JOINED = re.compile(r"\s?(?:[,;/–−-]|±|,?\s?(?:to|and|or|through)\b)\s?")
_FUNCTION = """was were is are and or to in on at for from with by as took who which when while during after before the
had have has did that but than per each of a an"""
_FUNCTION_WORDS = frozenset(_FUNCTION.split())
"""What may follow a number without being what it counts."""
_IMPLIED_BY = {
    0: "no none nobody neither",
    1: "single once another sole additional",
    2: "both pair couple twice double doubled duplicate twofold",
    3: "thrice triple tripled triplicate threefold trio",
    4: "quartet quadruple quadruplicate fourfold",
}
_IMPLIED = {word: value for value, words in _IMPLIED_BY.items() for word in words.split()}
_TIMES = {
    "once": 1,
    "twice": 2,
    "three times": 3,
    "thrice": 3,
    "four times": 4,
    "b.i.d": 2,
    "bid": 2,
    "t.i.d": 3,
    "tid": 3,
}
_DAILY = re.compile(
    r"\s(?:(?:(once|twice|thrice|three times|four times)\s)?(?:daily|(?:a|per|each|every)\sday)|([bt]\.?i\.?d)\b)",
    re.IGNORECASE,
)
_PART = re.compile(r"\s?(?:/|\(|(?:out\s)?of\s|in\s)\s?\d")
_RATIO = re.compile(r"\s?(?:/|(?:out\s)?of(?:\sthe)?|in)\s?")
_PART_OF = re.compile(
    r"\bof\s++(?:(?:the|these|all)\s*+)?$|\b(?:of\s(?:whom|which|them)|including|included|among(?:\sthem)?|comprising)\b"
)
_EVENLY = re.compile(r"\b(?:equal|equally|evenly)\b")
_TAKEN_OFF = re.compile(r"\b(?:exclu|withdr|dropp|lost|remov|declin)")
_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)(?::00(?:Z|[+-]\d\d:\d\d)?)?$")
_EACH = re.compile(r"\s(?:an?|each|every)\s")
_LETTERS = re.compile(r"[^\W_]+")
UNIT_IN_WORDS = 10
"""Letters that "per hour" may have more than "/h"."""
_ROMAN = {"II": 2, "III": 3, "IV": 4, "VI": 6, "VII": 7, "VIII": 8, "IX": 9, "XI": 11, "XII": 12}


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a quote says of a value. flags: what was taken for granted."""

    status: Status
    flags: tuple[Flag, ...] = ()


def support(value: Json, unit: str | None, quote: str | None, parameter: Parameter, repaired: bool = False) -> Status:
    """The status alone of `judge`."""
    return judge(value, unit, quote, parameter, repaired).status


def judge(value: Json, unit: str | None, quote: str | None, parameter: Parameter, repaired: bool = False) -> Judgement:
    """What `quote` says of `value` in `unit` (both as written, before any conversion).

    repaired: the answer went through a repair; then a choice that does not stand in its quote is unsupported too.
    """
    if value is None:
        return Judgement(Status.NOT_REPORTED)
    if not quote or not quote.strip():
        return Judgement(Status.UNSUPPORTED)
    judged = _judge(value, unit or None, quote, parameter)
    if repaired and judged.status is Status.INFERRED:
        return Judgement(Status.UNSUPPORTED)
    return judged


def _judge(value: Json, unit: str | None, quote: str, parameter: Parameter) -> Judgement:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        items = [_judge(item, unit, quote, parameter) for item in value]
        worst = max((item.status for item in items), key=_WORST.index, default=Status.INFERRED)
        return Judgement(worst, tuple(dict.fromkeys(flag for item in items for flag in item.flags)))
    if isinstance(value, bool):
        return Judgement(_boolean(value, quote, parameter))
    number = as_decimal(value)
    if number is not None and not (isinstance(value, str) and not value.strip("+-−").replace(".", "").isdigit()):
        judged = _Number(number, unit, quote, parameter).judge()
        if not (isinstance(value, str) and _has_choices(parameter) and judged.status is Status.UNSUPPORTED):
            return judged
        return Judgement(Status.STATED) if _choice(value, quote, parameter) is Status.STATED else judged
    if _has_choices(parameter):
        return Judgement(_choice(value, quote, parameter))
    return Judgement(_text(str(value), quote))


# ---- numbers ----


class _Number:
    """One number against one quote."""

    def __init__(self, value: Decimal, unit: str | None, quote: str, parameter: Parameter) -> None:
        self.value, self.unit, self.quote, self.parameter = value, unit, quote, parameter
        self.mentions = [each for each in (*numbers_in(quote), *_articles(quote)) if is_asked(each, parameter)]

    def judge(self) -> Judgement:
        equal = [mention for mention in self.mentions if self._equals(mention)]
        fits = [(mention, fit) for mention in equal if (fit := self._unit_fit(mention)) is not None]
        if fits:
            mention, fit = min(fits, key=lambda each: (not each[0].exact, each[1]))
            flags = (UNIT_ASSUMED,) if fit else ()
            return Judgement(Status.STATED if mention.exact else Status.DERIVED, flags)
        if any(self._converts(mention) or self._is_share(mention) for mention in self.mentions):
            return Judgement(Status.DERIVED)
        equal = [mention for mention in equal if mention.role != "percent"]
        if not equal and self._computed():
            return Judgement(Status.DERIVED)
        return Judgement(self._implied() if not equal else Status.UNSUPPORTED)

    def _equals(self, mention: NumberMention) -> bool:
        if counts_another_kind(mention, self.parameter):
            return False  # but it may be counted with: the groups of "ten rats per group (three groups)"
        if self.value == mention.value or (not mention.exact and self._rounds(mention.value)):
            return True
        return abs(self.value) == abs(mention.value) and (mention.comparator == "±" or self._unsigned(mention))

    def _unsigned(self, mention: NumberMention) -> bool:
        """Whether −30° may be reported as 30: of angles, and where the sign is dropped anyhow."""
        if mention.noun in PLACES:
            return is_unsigned(self.parameter)
        kind = read_unit(mention.unit) if mention.unit else None
        angle = kind is not None and kind.kind == frozenset([("angle", 1)])
        return self.value > 0 and (angle or "unsigned" in self.parameter.normalisers)

    def _rounds(self, number: Decimal) -> bool:
        """Whether the value is `number`, rounded to the value's own decimals (three digits at least)."""
        digits, exponent = self.value.as_tuple()[1:]
        if not isinstance(exponent, int) or len(digits) < 3:
            return False
        return abs(self.value - number) <= Decimal("0.5000001").scaleb(min(exponent, 0))

    def _unit_fit(self, mention: NumberMention) -> int | None:
        """0: its unit is the one answered or stored. 1: none is written, the stored one may be taken. None: no fit."""
        expected_unit = self.unit or self.parameter.unit
        if expected_unit is None:
            whole = self.parameter.schema.get("type") == "integer" and is_count(self.parameter)
            men = mention.unit in ("m", "M") and self.quote[mention.end : mention.end + 1] not in ("-", "‐", "‑")
            return None if whole and not men and not is_bare(mention, self.parameter) else 0
        if mention.unit is not None:
            daily = same_unit(f"{mention.unit}/day", expected_unit) and self._times_a_day(mention) == 1
            return 0 if daily or any(same_unit(unit, expected_unit) for unit in mention.units) else None
        if self._is_written(mention, expected_unit):
            return 0
        following = self._word_after(mention)
        if read_unit(expected_unit) is None:
            return self._counts(mention, expected_unit, following)
        if same_unit(expected_unit, "%") and _PART.match(self.quote, mention.end):
            return None  # "9 of 12", "9 (75%)"
        assumable = self.unit is None or self.parameter.unit is None or same_unit(self.unit, self.parameter.unit)
        free = not mention.unitless and (
            not following or following == expected_unit == "g" or following.lower() in _FUNCTION_WORDS
        )
        return 1 if assumable and free else None

    def _counts(self, mention: NumberMention, unit: str, following: str) -> int | None:
        """As `_unit_fit`, of a unit that is a word or a currency: "12 events/h", "US$1,250"."""
        if self.quote[: mention.start].rstrip().endswith(f" {unit}"):
            return 0
        if is_currency(unit) and (currency := currency_at(self.quote, mention.start, mention.end)):
            return 0 if asks_for(unit, currency) else None
        if following.lower() in _FUNCTION_WORDS:
            return 1
        if any(same_unit(word, unit) for word in (following, *things_after(self.quote, mention.end)) if word):
            return 0
        return None if following else 1

    def _is_written(self, mention: NumberMention, unit: str) -> bool:
        """Whether a unit that the tables lack stands there as it is asked for: "16 Fr", "3 snails per metre"."""
        if is_named(unit):
            return False
        window = self.quote[mention.end : mention.end + len(unit) + UNIT_IN_WORDS].lstrip(" -\u00a0")
        window = _EACH.sub("/", window)
        return any(same_unit(window[: word.end()], unit) for word in _LETTERS.finditer(window))

    def _word_after(self, mention: NumberMention) -> str:
        """The word that follows the number, or the last number of its list or range; "" at the end of a clause."""
        end = mention.end
        for following in self.mentions:
            if following.start >= end and _JOINED.fullmatch(self.quote, end, following.start):
                end = following.end
        match = re.match(
            r"(?:[^\S\n]|-|\n(?=[a-z]))?(?:[×x]\s?(?=g\b))?([^\W\d_]+|[×′″'’$€£])", self.quote[end : end + 40]
        )
        return match[1] if match else ""

    def _times_a_day(self, mention: NumberMention) -> int:
        """2 for "10 mg twice daily"; 0 where nothing is said."""
        match = _DAILY.match(self.quote, mention.end + 1 + len(mention.unit or ""))
        return _TIMES.get((match[1] or match[2] or "once").lower(), 0) if match else 0

    def _converts(self, mention: NumberMention) -> bool:
        """The value is a quoted number in another unit: 0.08 m for "8 cm"."""
        unit = self.unit or (self.parameter.unit if mention.parts > 1 else None)
        if not unit or not mention.unit:
            return False
        return any(self._is_converted(mention, written, unit) for written in mention.units)

    def _is_converted(self, mention: NumberMention, written: str, unit: str) -> bool:
        try:
            converted = Decimal(str(convert(float(mention.value), written, unit)))
        except (ValueError, OverflowError):
            return False
        if same_unit(written, unit) and not mention.parts > 1:
            return False
        return abs(converted - self.value) <= abs(self.value) * Decimal("1e-6") or self._rounds(converted)

    def _is_share(self, mention: NumberMention) -> bool:
        """A percentage as a share, a share as a percentage, or either of "9 of 12"."""
        expected_unit = self.unit or self.parameter.unit
        percent = expected_unit is not None and same_unit(expected_unit, "%")
        if expected_unit is None and mention.role == "percent":
            return self.value * 100 == mention.value
        if not (percent or expected_unit is None) or mention.unit is not None:
            return False
        share = self.value / 100 if percent else self.value
        if percent and 0 < mention.value <= 1 and (share == mention.value or self._rounds(mention.value * 100)):
            return True
        total = next((each for each in self.mentions if each.start >= mention.end), None)
        if (
            total is None
            or not 0 < mention.value < total.value
            or not _RATIO.fullmatch(self.quote, mention.end, total.start)
        ):
            return False
        ratio = mention.value / total.value
        return share == ratio or self._rounds(ratio * 100 if percent else ratio)

    def _computed(self) -> bool:
        """A sum of numbers in a row or of two, a difference, a product of two or three, a part of a whole."""
        if (self.unit or self.parameter.unit) is not None:
            return self._multiple()
        operands = self._plain()[:MAX_NUMBERS]
        counts = [each for each in operands if each.value == each.value.to_integral_value()]
        listed = [each.value for each in counts]
        runs = (counts[i:j] for i in range(len(counts)) for j in range(i + 2, len(counts) + 1))
        summands = [*runs, *combinations(counts, 2)]
        if any(self.value == sum(each.value for each in part) and not self._overlap(part) for part in summands):
            return True
        if any(self.value == abs(a - b) for a, b in combinations(listed, 2)) and self.value > 0:
            return True
        if any(self.value == listed[0] - sum(listed[1:end]) for end in range(3, len(listed) + 1)):
            return self.value > 0
        if self.value * 2 in listed and 2 in listed and _EVENLY.search(self.quote):
            return True
        factors = [each for each in listed if each > 1]
        if any(self.value == prod(part) for size in (2, 3) for part in combinations(factors, size)):
            return True
        shares = [each.value for each in operands if 0 < each.value < 1]
        shares += [each.value / 100 for each in self.mentions if each.role == "percent"]
        return any(self.value == share * count for share in shares for count in listed)

    def _plain(self) -> list[NumberMention]:
        """The numbers that count: without unit, no end of a range, no mean or spread."""
        return [each for each in self.mentions if each.unit is None and each.role == "plain"]

    def _multiple(self) -> bool:
        """A quoted amount times a count: 120 min for "4 runs of 30 min"."""
        expected_unit = self.unit or ""
        united = [each for each in self.mentions if each.unit and each.role == "plain"]
        amounts = [each.value for each in united if same_unit(each.unit or "", expected_unit)]
        counts = [each.value for each in self._plain() if each.value > 1]
        if any(self.value == amount * count for amount in amounts for count in counts):
            return True
        for each in united:
            times = self._times_a_day(each)
            if times and self.value == each.value * times and same_unit(f"{each.unit}/day", expected_unit):
                return True
        return False

    def _overlap(self, part: Sequence[NumberMention]) -> bool:
        """Whether one is a part of another: "42 adults (21 women)", "of 40, 2", "40, 15 of whom"."""
        for first, second in combinations(part, 2):
            between = self.quote[first.end : second.start]
            inside = between.count("(") > between.count(")") and not _TAKEN_OFF.search(between)
            share = between.strip() == "/" and first.value < second.value and len(part) == 2
            if inside or share or _PART_OF.search(between) or _PART_OF.match(self.quote, second.end + 1):
                return True
            if re.search(r"\b[Oo]f\s+(?:the\s+|these\s+)?$", self.quote[: first.start]):
                return True
        return False

    def _implied(self) -> Status:
        """ "both", "a pair" and "twice" say two; "III" is three."""
        if self.parameter.unit is None and self.unit is None:
            for numeral in re.finditer(r"\b[IVX]{2,4}\b", self.quote):
                noun = label_noun(self.quote, *numeral.span())
                mention = NumberMention(
                    self.value, "", *numeral.span(), kind="value" if noun is None else "label", noun=noun or ""
                )
                if _ROMAN.get(numeral.group()) == self.value and is_asked(mention, self.parameter):
                    return Status.DERIVED
            if any(_IMPLIED.get(word) == self.value for word in re.findall(r"[a-z]+", self.quote.lower())):
                return Status.INFERRED
        return Status.UNSUPPORTED


def _articles(quote: str) -> Iterator[NumberMention]:
    """ "an hour": one of a unit that is written out."""
    for match in re.finditer(r"\b[Aa]n?\s+(?=[a-z]{3})", quote):
        if (end := unit_end(quote, match.end())) > match.end() + 2:
            unit = quote[match.end() : end]
            yield NumberMention(Decimal(1), match.group(), match.start(), match.end(), unit, exact=False)


# ---- choices and texts ----


def _boolean(value: bool, quote: str, parameter: Parameter) -> Status:
    choice = next((choice for choice in parameter.choices if choice.value is value), None)
    if choice and any(polarity(phrase, quote) for phrase in _phrases(choice.description)):
        return Status.STATED
    names = (parameter.name.rpartition(".")[2], *parameter.synonyms)
    return Status.STATED if any(polarity(name, quote) is value for name in names) else Status.INFERRED


def _has_choices(parameter: Parameter) -> bool:
    items = parameter.schema.get("items")
    enums = (parameter.schema.get("enum"), items.get("enum") if isinstance(items, dict) else None)
    return bool(parameter.choices) or any(enums)


def _choice(value: Json, quote: str, parameter: Parameter) -> Status:
    choice = next((choice for choice in parameter.choices if choice.value == value), None)
    phrases = (str(value), *(_phrases(choice.description) if choice else ()))
    named = (phrase for phrase in phrases if stands(phrase, quote))
    return Status.STATED if any(polarity(phrase, quote) is not False for phrase in named) else Status.INFERRED


def _phrases(description: str) -> list[str]:
    """The words for a choice in its description: parts of up to four words between commas, semicolons and brackets."""
    return [part.strip() for part in re.split(r"[,;:()/]| or ", description) if 0 < len(part.split()) <= 4]


def _text(value: str, quote: str) -> Status:
    if stands_in_order(value, quote):
        return Status.STATED
    if is_date(value):
        return Status.DERIVED if dated(value, quote) else Status.UNSUPPORTED
    if clock := _CLOCK.match(value):
        minutes = 60 * int(clock[1]) + int(clock[2])
        told = any(each.noun == TIME and each.unit == "min" and each.value == minutes for each in amounts(quote))
        return Status.DERIVED if told else Status.UNSUPPORTED
    span = _RANGE.fullmatch(value)
    return _range(as_decimal(span[1]), as_decimal(span[2]), quote) if span else Status.UNSUPPORTED


def _range(low: Decimal | None, high: Decimal | None, quote: str) -> Status:
    mentions = [mention for mention in numbers_in(quote) if mention.kind == "value"]
    if any(
        (first.role, second.role) == ("range_low", "range_high") and (first.value, second.value) == (low, high)
        for first, second in pairwise(mentions)
    ):
        return Status.STATED
    written = {mention.value for mention in mentions}
    rising = low is not None and high is not None and low <= high
    return Status.DERIVED if rising and {low, high} <= written else Status.UNSUPPORTED

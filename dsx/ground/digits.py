"""The numbers that stand in a text: digits, words, signs, ranges."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

_ONES = """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
seventeen eighteen nineteen"""
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
UNITS = {word: value for value, word in enumerate(_ONES.split())}
TENS = {word: 10 * value for value, word in enumerate(_TENS.split(), start=2)}
SCALES = {"hundred": 100, "thousand": 1000, "million": 1_000_000}
_WORD = "|".join(sorted([*UNITS, *TENS, *SCALES], key=len, reverse=True))
WORDS = re.compile(rf"\b(?:{_WORD})(?:(?:[\s-]+and)?[\s-]+(?:{_WORD}))*\b", re.IGNORECASE)
MINUS = "-−‐‑–—"
SUPERSCRIPT = re.compile(r"[⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻]+")
DIGITS = re.compile(
    r"(?<![A-Za-z0-9_.·])(?<!\d[\u2009\u202f\u00a0])"
    rf"(?P<sign>±\s?|[{MINUS}]\s?)?"
    r"(?P<number>\d{1,3}(?:[,\u2009\u202f\u00a0]\d{3})+(?!\d)(?:[.·]\d+)?|\d+(?:[.·]\d+)?|[.·]\d+)"
    r"(?P<power>\s?[×x]\s?10\s?\^?(?P<exponent>[⁺⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+|[-−]?\d+)|[eE][-+−]?\d+(?!\w))?"
    r"(?!(?:st|nd|rd|th)\b)"
)


@dataclass(frozen=True, slots=True)
class Number:
    """A number as written at `text[start:end]`. signed: the other sign is carried too ("−30" may be a range's dash)."""

    value: Decimal
    start: int
    end: int
    other_sign: bool = False

    def values(self) -> tuple[Decimal, ...]:
        """All that the mark may mean."""
        return (self.value, -self.value) if self.other_sign else (self.value,)


def numbers(text: str) -> list[Number]:
    """In the order of the text. A superscript is no digit of the number before it; "2nd" and "P300" are no numbers."""
    return sorted([*_digits(text), *_words(text)], key=lambda number: number.start)


def _digits(text: str) -> Iterator[Number]:
    for match in DIGITS.finditer(text):
        digits = re.sub(r"[,\u2009\u202f\u00a0]", "", match["number"]).replace("·", ".")
        value = Decimal(digits) * _power(match)
        sign = (match["sign"] or "").strip()
        parts = bool(sign) and _parts(text, match)
        if sign and sign != "±" and not parts:
            yield Number(-value, match.start(), match.end(), other_sign=True)
        else:
            yield Number(value, match.start(), match.end(), other_sign=sign == "±" and not parts)


def _parts(text: str, match: re.Match[str]) -> bool:
    """Whether the dash parts two things ("18–22", "a – 3"): something stands before it, at its distance from the 3."""
    before = text[: match.start()]
    if match["sign"][-1].isspace():
        before = before.rstrip()
    return bool(re.search(r"[\w%°)]$", before))


def _power(match: re.Match[str]) -> Decimal:
    power = match["power"]
    if not power:
        return Decimal(1)
    written = match["exponent"] or power[1:]
    try:
        exponent = int(unicodedata.normalize("NFKC", written).replace("−", "-"))
    except ValueError:
        return Decimal(1)
    return Decimal(10) ** exponent if abs(exponent) < 30 else Decimal(1)


def _words(text: str) -> Iterator[Number]:
    for match in WORDS.finditer(text):
        words = [word for word in re.split(r"[\s-]+", match.group().lower()) if word != "and"]
        value = words_value(words)
        if value is not None:
            yield Number(Decimal(value), match.start(), match.end())
        else:  # several numbers in a row: "two three"
            for single in re.finditer(_WORD, match.group(), re.IGNORECASE):
                alone = words_value([single.group().lower()])
                if alone is not None:
                    start = match.start() + single.start()
                    yield Number(Decimal(alone), start, start + len(single.group()))


def words_value(words: list[str]) -> int | None:
    """120 for one, hundred, twenty; None where the words are not one number."""
    total = current = 0
    last = 10_000_000
    for word in words:
        if word in SCALES:
            scale = SCALES[word]
            if scale == 100:
                if current > 9:
                    return None
                current = max(current, 1) * 100
            else:
                total, current = total + max(current, 1) * scale, 0
            last = scale
            continue
        value = UNITS.get(word, TENS.get(word, 0))
        if (value and value >= last) or (last < 20 and last != 0) or (20 <= last < 100 and not 0 < value < 10):
            return None
        current += value
        last = value
    return total + current


def as_decimal(value: object) -> Decimal | None:
    """The exact decimal of an int, a float as it prints, or a text that is one number."""
    try:
        number = Decimal(str(value).replace("−", "-").strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() else None

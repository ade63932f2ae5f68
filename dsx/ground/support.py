"""Whether a quote carries a value: decided by code, not by the model."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from decimal import Decimal
from itertools import combinations, pairwise

from dsx.ground.digits import Number, as_decimal, numbers
from dsx.types import Json, Parameter, Status
from dsx.units import ALIASES, convert

WORDS_TOO = ("in", "bar")
"""Units that are rather words where no answer names them: "8 in each group"."""
WORST = (Status.STATED, Status.DERIVED, Status.INFERRED, Status.UNSUPPORTED)
NEGATION = re.compile(
    r"\b(?:no|not|none|never|without|nor|neither|n't|non|absence of|lack of)\b|n[’']t\b", re.IGNORECASE
)
RANGE = re.compile(r"\s*(-?[\d.,]+)\s*(?:-|to|and)\s*(-?[\d.,]+)\s*(\D{0,20})")
BETWEEN = re.compile(r"\s*[^\d\s-]{0,3}\s*(?:-|to|and|through)\s*", re.IGNORECASE)
MOST_NUMBERS = 12
LABEL = re.compile(r"\b(Experiment|Study|Table|Figure|Equation|Appendix|Section)s?\s?$|\b(?:Exp|Fig|Eq|Tab)s?\.\s?$")


def support(value: Json, unit: str | None, quote: str | None, parameter: Parameter, repaired: bool = False) -> Status:
    """What `quote` says of `value` in `unit` (both as written, before any conversion).

    repaired: the answer went through a repair; then a choice that does not stand in its quote is unsupported too.
    """
    if value is None:
        return Status.NOT_REPORTED
    if not quote or not quote.strip():
        return Status.UNSUPPORTED
    status = _support(value, unit, _plain(quote), parameter)
    return Status.UNSUPPORTED if repaired and status is Status.INFERRED else status


def _support(value: Json, unit: str | None, quote: str, parameter: Parameter) -> Status:
    if isinstance(value, list):
        items = [_support(item, unit, quote, parameter) for item in value]
        return max(items, key=WORST.index) if items else Status.INFERRED
    if isinstance(value, dict):
        return _support(list(value.values()), unit, quote, parameter)
    if isinstance(value, bool):
        return _boolean(value, quote, parameter)
    if isinstance(value, int | float):
        return _number(Decimal(str(value)), unit, quote, parameter)
    if _choices(parameter):
        return _choice(value, quote, parameter)
    return _text(str(value), unit, quote, parameter)


# ---- numbers ----


def _number(value: Decimal, unit: str | None, quote: str, parameter: Parameter) -> Status:
    found = [number for number in numbers(quote) if not _labels(number, quote, parameter)]
    carried = [number for number in found if value in number.values()]
    if carried and any(_unit_agrees(number, unit, quote, parameter) for number in carried):
        return Status.STATED
    if unit and _converted(value, unit, found, quote):
        return Status.DERIVED
    if carried or (unit and not _unit_stands(unit, quote)):
        return Status.UNSUPPORTED
    return Status.DERIVED if _derived(value, found, quote) else Status.UNSUPPORTED


def _labels(number: Number, quote: str, parameter: Parameter) -> bool:
    """The 2 of "Experiment 2" counts nothing, unless it is what was asked for."""
    label = LABEL.search(quote, 0, number.start)
    return label is not None and not (label[1] and label[1].lower() in parameter.name.lower())


def _unit_agrees(number: Number, unit: str | None, quote: str, parameter: Parameter) -> bool:
    """The unit as answered stands in the quote; without one, the number must not carry a unit other than stored."""
    if unit:
        return _unit_stands(unit, quote)
    written = _unit_after(number, quote)
    return written is None or parameter.unit is None or same_unit(written, parameter.unit)


def _unit_stands(unit: str, quote: str) -> bool:
    """As written, or in another spelling; after a digit no space is needed ("40ms")."""
    plain = _plain(unit)
    return any(
        re.search(rf"(?<![^\W\d]){re.escape(spelling)}(?![^\W\d])", quote, re.IGNORECASE)
        for spelling in (plain, *_spellings(plain))
    )


def _unit_after(number: Number, quote: str) -> str | None:
    """The known unit right after a number, also where it follows the last number of a list or range."""
    rest = quote[number.end :]
    rest = re.sub(r"^(?:\s*(?:,|and|or|to|-|±|by|x)?\s*(?:and|or)?\s*[-±]?\d[\d.,]*)*", "", rest)
    match = re.match(r"[\s-]?(°|%|per cent|[A-Za-z]+)(?![^\W\d])", rest.lstrip(" "))
    return match[1] if match and match[1] not in WORDS_TOO and _spellings(match[1]) else None


def _spellings(unit: str) -> tuple[str, ...]:
    """How papers write this unit; case counts where it parts two units (mW, MW)."""
    for written in (unit, unit.lower()):
        found = next((spellings for spellings in ALIASES.values() if written in spellings), None)
        if found:
            return found
    return ()


def same_unit(one: str, other: str) -> bool:
    """Two spellings of one unit."""
    one, other = _plain(one), _plain(other)
    return one == other or (_spellings(one) != () and _spellings(one) == _spellings(other)) or _in(1, one, other) == 1


def _converted(value: Decimal, unit: str, found: Sequence[Number], quote: str) -> bool:
    """The value is a quoted number in another unit: 0.08 m for "8 cm"."""
    for number in found:
        written = _unit_after(number, quote)
        for each in number.values() if written else ():
            made = _in(float(each), written or "", _plain(unit))
            if made is not None and abs(made - float(value)) <= 1e-6 * abs(float(value)):
                return True
    return False


def _in(value: float, written: str, unit: str) -> float | None:
    try:
        return convert(value, written, unit)
    except ValueError:
        return None


def _derived(value: Decimal, found: Sequence[Number], quote: str) -> bool:
    """A sum of numbers in a row or of any two, a product of two, or a percentage as a share."""
    listed = [number.value for number in found[:MOST_NUMBERS]]
    runs = (sum(listed[i:j]) for i in range(len(listed)) for j in range(i + 2, len(listed) + 1))
    pairs = list(combinations(listed, 2))
    if value in runs or any(value == a + b for a, b in pairs):
        return True
    if any(value == a * b for a, b in pairs if a > 1 and b > 1):
        return True
    return any(_unit_after(number, quote) == "%" and value * 100 == number.value for number in found)


# ---- choices and texts ----


def _boolean(value: bool, quote: str, parameter: Parameter) -> Status:
    choice = next((choice for choice in parameter.choices if choice.value is value), None)
    if choice and any(_stands(phrase, quote) for phrase in _phrases(choice.description)):
        return Status.STATED
    names = (parameter.name.rpartition(".")[2].replace("_", " "), *parameter.synonyms)
    if any(_stands(name, quote) for name in names) and bool(NEGATION.search(quote)) is not value:
        return Status.STATED
    return Status.INFERRED


def _choices(parameter: Parameter) -> bool:
    items = parameter.schema.get("items")
    enums = (parameter.schema.get("enum"), items.get("enum") if isinstance(items, dict) else None)
    return bool(parameter.choices) or any(enums)


def _choice(value: Json, quote: str, parameter: Parameter) -> Status:
    choice = next((choice for choice in parameter.choices if choice.value == value), None)
    phrases = (str(value), *(_phrases(choice.description) if choice else ()))
    return Status.STATED if any(_stands(phrase, quote) for phrase in phrases) else Status.INFERRED


def _phrases(description: str) -> list[str]:
    """The words for a choice in its description: parts of up to four words between commas, semicolons and brackets."""
    return [part.strip() for part in re.split(r"[,;:()/]| or ", description) if 0 < len(part.split()) <= 4]


def _stands(phrase: str, quote: str) -> bool:
    """As whole words, whatever the case, hyphens or plural."""
    words = re.findall(r"\w+", _plain(phrase).replace("_", " ").casefold())
    if not words:
        return phrase.strip() != "" and phrase.strip() in quote
    pattern = r"\b" + r"[\s-]*".join(re.escape(word) for word in words) + r"(?:e?s)?\b"
    return re.search(pattern, quote.replace("_", " ").casefold()) is not None


def _text(value: str, unit: str | None, quote: str, parameter: Parameter) -> Status:
    plain = _plain(value)
    span = RANGE.fullmatch(plain)
    if span:
        return _range(as_decimal(span[1]), as_decimal(span[2]), quote)
    alone = as_decimal(plain)
    if alone is not None:
        return _number(alone, unit, quote, parameter)
    low, there = _loose(plain), _loose(quote)
    if not low:
        return Status.STATED if plain in quote else Status.UNSUPPORTED
    if f" {low} " in f" {there} ":
        return Status.STATED
    here = {each for number in numbers(quote) for each in number.values()}
    if not all(number.value in here or -number.value in here for number in numbers(plain)):
        return Status.UNSUPPORTED
    words = {word for word in low.split() if not as_decimal(word)}
    return Status.STATED if words <= set(there.split()) else Status.UNSUPPORTED


def _range(low: Decimal | None, high: Decimal | None, quote: str) -> Status:
    found = numbers(quote)
    for first, second in pairwise(found):
        if low in first.values() and high in second.values() and BETWEEN.fullmatch(quote, first.end, second.start):
            return Status.STATED
        # the dash may have been taken as the second number's sign
        if low in first.values() and high in second.values() and not quote[first.end : second.start].strip():
            return Status.STATED
    here = {each for number in found for each in number.values()}
    return Status.DERIVED if low in here and high in here else Status.UNSUPPORTED


def _loose(text: str) -> str:
    return " ".join(re.findall(r"[^\W_]+", text.casefold()))


def _plain(text: str) -> str:
    """One form of dashes, quotes, ligatures and blanks. Superscripts stay apart from the number before them."""
    text = re.sub(r"(?<=\d)(?=[⁰¹²³⁴⁵⁶⁷⁸⁹])(?<!10)", " ^", text)
    keep = re.sub(r"[⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻º½¼¾…]", lambda match: f"\ue000{ord(match.group()):x}\ue001", text)
    keep = keep.replace("\u2009", "\ue002").replace("\u202f", "\ue002").replace("\u00a0", "\ue002")
    plain = unicodedata.normalize("NFKC", keep)
    plain = re.sub(r"\ue000([0-9a-f]+)\ue001", lambda match: chr(int(match[1], 16)), plain)
    plain = re.sub(r"(?<=\d)\ue002(?=\d{3}\b)", "\u2009", plain).replace("\ue002", " ")
    plain = re.sub(r"[−‐‑‒–—―]", "-", plain).replace("º", "°")
    plain = re.sub(r"[‘’‛`´]", "'", plain)
    return re.sub(r"[ \t\r\n]+", " ", re.sub(r"[“”„‟]", '"', plain)).strip()

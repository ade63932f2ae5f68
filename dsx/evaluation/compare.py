"""Whether a value is right: a comparison for each kind of parameter, or the one that `x-compare` names.

number   within 1 % of the gold value (tolerance: the share; within: a distance in the parameter's unit); a year equal
numbers  the same distinct numbers in any order; unsigned where the parameter is
choice   equal once case, blanks and hyphens do not count; synonyms: {choice: [other spellings]}
choices  the same choices in any order
boolean  equal
text     F1 of the words of 0.5 or more (token_f1), or the gold text stands in the value (contains)
texts    as many items, each gold item met by one of its own
exact    equal as text, case and blanks aside
range    the first two numbers, each as a number
doi      equal without resolver and case
names    each name of the gold stands in an item of its own, and no item is left; or all stand in one text
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from dsx.evaluation.assignment import assign
from dsx.ground.numbers import numbers_in
from dsx.schema.implied_units import is_year
from dsx.types import Json, Parameter
from dsx.units import convert, read_unit

Comparison = Callable[[Json, Json], bool]
"""(value, gold value) → whether they are the same. Neither is None."""
TOLERANCE = 0.01
TOKEN_F1 = 0.5
CONTAINED_CHARACTERS = 4
"""A shorter gold text is not looked for inside a value: it would stand in many."""
_ABSENT = "|?|n/a|na|null|unknown|not reported|not_reported|not stated|not specified|unspecified"
ABSENT = frozenset(_ABSENT.split("|"))
"""Words that say that there is no value."""
_number = re.compile(r"[-−+]?\d+(?:[.,]\d+)?")
_thousands = re.compile(r"[-+]?[1-9]\d{0,2},\d{3}")
_quantity = re.compile(r"\s*+[~≈±+]*+\s*+([-−]?\d++(?:[.,]\d++)?+(?:[eE][-+]?\d++)?+)\s*+([^±\n]*+)\s*+(?:±.*)?")


def comparison_kind(schema: Mapping[str, Any]) -> str:
    """The kind of a parameter's values: number, choice, boolean or text; or several of them."""
    if "anyOf" in schema:
        return comparison_kind(schema["anyOf"][0])
    if "enum" in schema:
        return "boolean" if set(map(type, schema["enum"])) == {bool} else "choice"
    if schema.get("type") == "array":
        items = schema.get("items")
        inside = comparison_kind(items) if isinstance(items, Mapping) else "text"
        return {"number": "numbers", "choice": "choices"}.get(inside, "texts")
    return {"integer": "number", "number": "number", "boolean": "boolean"}.get(schema.get("type", ""), "text")


def default_comparison(parameter: Parameter) -> str:
    """By the normaliser that says what the text is, else by the kind."""
    of_text = {"doi": "doi", "span": "range", "surname": "names"}
    return next((of_text[name] for name in parameter.normalisers if name in of_text), comparison_kind(parameter.schema))


def settings_of(parameter: Parameter) -> Mapping[str, Any]:
    """What `x-compare` says; "by" is the comparison's name, said there or not."""
    compare = parameter.compare
    settings: Mapping[str, Any] = {"by": compare} if isinstance(compare, str) else compare
    return {**settings, "by": settings.get("by") or default_comparison(parameter)}


def comparison(parameter: Parameter) -> Comparison:
    """The comparison of a parameter's values."""
    settings = settings_of(parameter)
    by = settings["by"]
    share = 0 if is_year(parameter.schema) else TOLERANCE
    tolerance, within = float(settings.get("tolerance", share)), float(settings.get("within", 0))

    def close(value: Json, gold: Json) -> bool:
        first, second = as_number(value, parameter.unit), as_number(gold, parameter.unit)
        if first is None or second is None:
            return False
        return abs(first - second) <= max(tolerance * abs(second), within, 1e-9)

    spellings = {fold(other): fold(name) for name, others in settings.get("synonyms", {}).items() for other in others}

    def chosen(value: Json) -> str:
        return spellings.get(fold(value), fold(value))

    def text(value: Json, gold: Json) -> bool:
        return same_text(value, gold, settings.get("token_f1", TOKEN_F1), settings.get("contains", True))

    def numbers(value: Json) -> list[float]:
        found = numbers_of(value, parameter.unit)
        return list(map(abs, found)) if "unsigned" in parameter.normalisers else found

    comparisons: dict[str, Comparison] = {
        "number": close,
        "numbers": lambda value, gold: _same_numbers(value, gold, close, numbers),
        "choice": lambda value, gold: chosen(_single(value)) == chosen(gold),
        "choices": lambda value, gold: set(map(chosen, _items(value))) == set(map(chosen, _items(gold))),
        "boolean": lambda value, gold: chosen(value) == chosen(gold),
        "text": lambda value, gold: text(" ".join(map(str, _items(value))), gold),
        "texts": lambda value, gold: _same_items(_items(value), _items(gold), text),
        "exact": lambda value, gold: " ".join(words(value)) == " ".join(words(gold)),
        "range": lambda value, gold: _same_range(value, gold, close, parameter.unit),
        "doi": lambda value, gold: bare_doi(value) == bare_doi(gold),
        "names": _same_names,
    }
    return comparisons[by]


def is_absent(value: Json) -> bool:
    """Whether a value says that there is none."""
    if isinstance(value, list):
        return all(map(is_absent, value))
    return value is None or (isinstance(value, str) and value.strip().lower() in ABSENT)


def fold(value: Json) -> str:
    """A choice's spelling."""
    return re.sub(r"[\s\-/]+", "_", str(value).strip().lower()).strip("_.")


def words(value: Json) -> list[str]:
    """The words of a text without case, accents and marks."""
    plain = unicodedata.normalize("NFKD", str(value))
    return re.findall(r"[^\W_]+", "".join(letter for letter in plain if not unicodedata.combining(letter)).lower())


def token_f1(value: Json, gold: Json) -> float:
    """F1 of the words, each counted as often as it stands."""
    first, second = Counter(words(value)), Counter(words(gold))
    shared = (first & second).total()
    return 2 * shared / (first.total() + second.total()) if shared else 0.0


def same_text(value: Json, gold: Json, min_f1: float, contains: bool) -> bool:
    """Whether the words are the same, or the gold text stands in the value."""
    if token_f1(value, gold) >= min_f1:
        return True
    inner = " ".join(words(gold))
    return contains and len(inner) >= CONTAINED_CHARACTERS and inner in " ".join(words(value))


def as_number(value: Json, unit: str | None) -> float | None:
    """A number, or the number of a text such as "12 mm", in the parameter's unit; None where there is none."""
    try:
        number = _number_of(value, unit)
    except (ValueError, OverflowError):
        return None
    return number if number is not None and math.isfinite(number) else None


def _number_of(value: Json, unit: str | None) -> float | None:
    """Raises ValueError where the unit does not convert, OverflowError of a number that is too large."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value)
    match = _quantity.fullmatch(str(value).strip())
    if match is None:
        return None
    number = _read(match[1])
    written = match[2].rstrip().removesuffix(".")
    if not written or unit is None:
        return number if not written else None
    return float(convert(number, written, unit))


def bare_doi(value: Json) -> str:
    """A DOI without its resolver."""
    return re.sub(r"^(https?://)?(dx\.)?(doi\.org/)?(doi:)?\s*", "", str(value).strip().lower()).rstrip(".")


def _items(value: Json) -> list[Json]:
    return value if isinstance(value, list) else [value]


def _single(value: Json) -> Json:
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def _same_items(values: list[Json], gold: list[Json], equal: Comparison) -> bool:
    """Whether each gold item is met by a value of its own, and no value is left over."""
    if len(values) != len(gold):
        return False
    fits = [[float(equal(value, item)) for value in values] for item in gold]
    return all(fits[row][column] for row, column in assign(fits))


def _same_numbers(value: Json, gold: Json, close: Comparison, numbers: Callable[[Json], list[float]]) -> bool:
    first, second = (_distinct(numbers(part), close) for part in (value, gold))
    return bool(first) and _same_items(first, second, close)


def _distinct(numbers: list[float], close: Comparison) -> list[Json]:
    kept: list[Json] = []
    for number in numbers:
        if not any(close(number, other) for other in kept):
            kept.append(number)
    return kept


def numbers_of(value: Json, unit: str | None) -> list[float]:
    """The numbers of a list or a text: of an item such as "12 mm" in the parameter's unit, of another text all.

    A quantity of another dimension has none.
    """
    found: list[float] = []
    for item in _items(value):
        number = as_number(item, unit)
        if number is not None:
            found.append(number)
        elif unit is None or not _is_quantity(item):
            found += map(_read, _number.findall(str(item)))
    return list(filter(math.isfinite, found))


def _is_quantity(item: Json) -> bool:
    match = _quantity.fullmatch(str(item).strip())
    return match is not None and read_unit(match[2]) is not None


def _read(text: str) -> float:
    """A comma before three digits parts thousands, any other is a point."""
    number = text.replace("−", "-")
    return float(number.replace(",", "" if _thousands.fullmatch(number) else "."))


def _same_range(value: Json, gold: Json, close: Comparison, unit: str | None) -> bool:
    ends = [ends_of_range(part, unit) for part in (value, gold)]
    return len(ends[0]) == len(ends[1]) == 2 and all(map(close, *ends))


def ends_of_range(part: Json, unit: str | None = None) -> list[float]:
    """Of a range as text, or as a list of its two numbers."""
    items = _items(part)
    ends = [as_number(item, unit) for item in items]
    if len(ends) == 2 and None not in ends:
        return [end for end in ends if end is not None]
    return [float(mention.value) for mention in numbers_in("; ".join(map(str, items)))]


def _same_names(value: Json, gold: Json) -> bool:
    if isinstance(value, list):
        return _same_items(value, _items(gold), _names)
    return not re.search(r"\bet al", str(value), re.IGNORECASE) and all(_names(value, name) for name in _items(gold))


def _names(text: Json, name: Json) -> bool:
    return f" {' '.join(words(name))} " in f" {' '.join(words(text))} "

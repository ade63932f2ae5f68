"""Sums of money: which currency is written at a number, and which a parameter asks for."""

from __future__ import annotations

import re

from dsx.units import read_unit

_NAMES = {
    "$": "$ usd us$ dollar dollars aud cad nzd hkd sgd mxn a$ c$",
    "US$": "$ usd us$ dollar dollars",
    "A$": "a$ au$ aud $ dollar dollars",
    "C$": "c$ ca$ cad $ dollar dollars",
    "€": "€ eur euro euros",
    "£": "£ gbp pound pounds",
    "¥": "¥ jpy cny yen",
    "₹": "₹ inr rupee rupees rs",
    "CHF": "chf sfr franc francs",
    "HK$": "hk$ hkd $ dollar dollars",
    "NZ$": "nz$ nzd $ dollar dollars",
    "S$": "s$ sgd $ dollar dollars",
    "R$": "r$ brl real reais",
}
_BY_WORD = {word: names.split() for names in _NAMES.values() for word in names.split() if word[:6] != "dollar"}
_BY_WORD |= dict.fromkeys(("dollar", "dollars"), _NAMES["$"].split())
_CODES = "USD|EUR|GBP|JPY|CNY|INR|AUD|NZD|SEK|NOK|DKK|ZAR|BRL"
"""Those that are no short words of medicine, as CAD and CHF are."""
_signs = rf"[€£¥₹]|\b(?:{_CODES}|Rs\.?)(?![^\W\d])"
_before = re.compile(rf"(?P<sign>(?:US|AU|CA|A|C|NZ|HK|S|R)?\$|{_signs})[\s\u00a0]?$")
_after = re.compile(
    rf"\s?(?:(?P<sign>{_signs})(?!(?<=[A-Z])\s[a-z-]{{3,20}}s\b)|(?P<word>(?:US\s)?dollars?|euros?|pounds\ssterling|yen|rupees?)\b)"
)
"""Not "45 AUD patients", "503 EUR individuals": those abbreviate other things too."""
_formula = re.compile(r"[^\s$]{0,12}\$|[\d., ]{1,30}+\$(?!\d)|\s?[\\^_{=<>+]")
"""What follows a "$" and a number in a formula of TeX."""
CONTEXT = 6


def currency_at(text: str, start: int, end: int) -> frozenset[str]:
    """What the currency is called that stands at the number text[start:end); empty where none does.

    "$" alone may be that of several countries.
    """
    match = _before.search(text[max(0, start - CONTEXT) : start])
    if match and match["sign"][-1] == "$" and _formula.match(text, end):
        return frozenset()
    if match is None and (match := _after.match(text, end)) is None:
        return frozenset()
    word = (match.groupdict().get("word") or match["sign"]).rstrip(".").removeprefix("US ")
    return frozenset(_NAMES[word].split() if word in _NAMES else _BY_WORD.get(word.lower(), [word.lower()]))


def is_currency(unit: str) -> bool:
    """Whether the unit, or what stands above its line, is a currency: "USD", "€/ha"."""
    word = _above(unit)
    is_code = word.isupper() and (word.lower() in _BY_WORD or word in _CODES.split("|"))
    return is_code or (word.lower() in _BY_WORD and read_unit(word) is None)


def asks_for(unit: str, currency: frozenset[str]) -> bool:
    """Whether the unit asks for this currency."""
    return _above(unit).lower() in currency


def _above(unit: str) -> str:
    return unit.partition("/")[0].partition(" per ")[0].strip()

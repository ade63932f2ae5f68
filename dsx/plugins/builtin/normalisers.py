"""Built-in normalisers."""

from __future__ import annotations

import re

from dsx.plugins.hookspecs import hookimpl
from dsx.types import Json, Normaliser, Parameter


def unsigned(value: Json, unit: str | None, parameter: Parameter) -> Json:
    """−30 → 30; in a list each size is kept once, in order."""
    if isinstance(value, list):
        sizes = [unsigned(item, unit, parameter) for item in value]
        return [size for at, size in enumerate(sizes) if size not in sizes[:at]]
    return abs(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def doi(value: Json, unit: str | None, parameter: Parameter) -> Json:
    """https://doi.org/10.1000/X. → 10.1000/X"""
    found = re.search(r"10\.\d{4,9}/\S+", str(value))
    if found is None:
        raise ValueError(f"{value!r} is no DOI")
    return found.group().rstrip(".,;")


def span(value: Json, unit: str | None, parameter: Parameter) -> Json:
    """18.1–22.8 years → 18.1-22.8; 1,200 to 1,500 → 1200-1500; −20 °C to −15 °C → -20 to -15; in a list each item."""
    from dsx.ground.numbers import numbers_in  # units are read by a library that takes a while to import

    if isinstance(value, list):
        return [span(item, unit, parameter) for item in value]
    ends = numbers_in(str(value))
    if len(ends) != 2 or any(end.comparator == "±" or end.role == "spread" for end in ends):
        raise ValueError(f"{value!r} is no range of two numbers")
    between = " to " if any(end.value < 0 for end in ends) else "-"
    return between.join(f"{end.value:f}" for end in ends)


def surname(value: Json, unit: str | None, parameter: Parameter) -> Json:
    """Family names alone, for a name or a list of names: "Ada B. Lovelace" and "Lovelace, A. B." → Lovelace."""
    if isinstance(value, list):
        return [surname(item, unit, parameter) for item in value]
    name = re.sub(r"[\d*†‡§¶]+|\b(PhD|MD|MSc|Jr|Sr)\b\.?", "", str(value)).strip(" ,;")
    if "," in name:
        return name.split(",")[0].strip()
    words = name.split()
    particles = {"van", "von", "de", "der", "den", "del", "della", "di", "da", "la", "le", "ten", "ter", "dos"}
    start = len(words) - 1
    while start > 0 and words[start - 1].lower() in particles:
        start -= 1
    return " ".join(words[max(start, 0) :])


def distinct(value: Json, unit: str | None, parameter: Parameter) -> Json:
    """Each item of a list once, in order."""
    return [item for at, item in enumerate(value) if item not in value[:at]] if isinstance(value, list) else value


@hookimpl
def register_normalisers() -> dict[str, Normaliser]:
    """unsigned, doi, span, surname, distinct."""
    return {
        "unsigned": Normaliser(unsigned, "the size of a number, its sign left out"),
        "doi": Normaliser(doi, "a DOI without its resolver"),
        "span": Normaliser(span, "a range as LOW-HIGH, or LOW to HIGH where one is below 0", takes="range"),
        "distinct": Normaliser(distinct, "each item of a list once"),
        "surname": Normaliser(surname, "family names alone"),
    }

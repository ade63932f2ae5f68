"""ground/normalise.py and the built-in normalisers: a raw value becomes its stored form."""

from __future__ import annotations

import pytest

from dsx.ground.normalise import normalise
from dsx.plugins.builtin.normalisers import distinct, doi, register_normalisers, span, surname, unsigned
from dsx.types import Json, Normaliser, Parameter
from dsx.units import in_unit

LENGTH = Parameter("length", {"type": "number"}, unit="mm")
PLAIN = Parameter("x", {"type": "number"})


@pytest.mark.parametrize(
    ("value", "written", "unit", "expected"),
    [
        (2, "cm", "mm", 20),
        (2.5, "cm", "mm", 25.0),
        (1, "mm", "cm", 0.1),
        ([1, 2.5], "cm", "mm", [10, 25.0]),
        (True, "cm", "mm", True),
        ("2", "cm", "mm", "2"),
        (7, "mm", "mm", 7),
    ],
)
def test_in_unit(value: Json, written: str, unit: str, expected: Json) -> None:
    converted = in_unit(value, written, unit)
    assert converted == expected
    assert type(converted) is type(expected)


def test_the_unit_is_converted_before_the_chain_runs() -> None:
    seen = []

    def step(value: Json, unit: str | None, parameter: Parameter) -> Json:
        seen.append((value, unit, parameter.name))
        return value + 1

    assert normalise(2, "cm", LENGTH, [Normaliser(step), Normaliser(step)]) == 22
    assert seen == [(20, "cm", "length"), (21, "cm", "length")]
    assert normalise(2, None, LENGTH, []) == 2
    assert normalise(2, "cm", PLAIN, []) == 2
    with pytest.raises(ValueError, match="is no unit of"):
        normalise(2, "kg", LENGTH, [])


def test_lists_of_unique_items_keep_each_once_in_order() -> None:
    unique = Parameter("x", {"type": "array", "uniqueItems": True})
    assert normalise([3, 1, 3, 2, 1], None, unique, []) == [3, 1, 2]
    assert normalise([3, 1, 3], None, PLAIN, []) == [3, 1, 3]


@pytest.mark.parametrize(
    ("value", "expected"),
    [(-30, 30), (30, 30), (-2.5, 2.5), ([-30, 30, 15, -15, 0], [30, 15, 0]), (True, True), ("-3", "-3"), (None, None)],
)
def test_unsigned(value: Json, expected: Json) -> None:
    assert unsigned(value, None, PLAIN) == expected
    assert type(unsigned(value, None, PLAIN)) is type(expected)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("https://doi.org/10.1000/moss.7", "10.1000/moss.7"),
        ("doi:10.12345/fern(3)a;", "10.12345/fern(3)a"),
        ("10.1000/moss.7.,", "10.1000/moss.7"),
        ("see 10.123456789/x-1 there", "10.123456789/x-1"),
    ],
)
def test_doi(value: str, expected: str) -> None:
    assert doi(value, None, PLAIN) == expected


@pytest.mark.parametrize("value", ["moss", "10.100/short", "10.1000", 12])
def test_what_is_no_doi(value: Json) -> None:
    with pytest.raises(ValueError, match="is no DOI"):
        doi(value, None, PLAIN)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("18.1–22.8 years", "18.1-22.8"),
        ("from 3 to 9", "3-9"),
        ("3,5 bis 9", "3.5-9"),
        ("18-22", "18-22"),
        ("-20 to -15 °C", "-20 to -15"),
        ("−20 °C and −15", "-20 to -15"),
        ("−5–10 °C", "-5 to 10"),
        ("1,200 to 1,500 g", "1200-1500"),
        ("1990–2000", "1990-2000"),
        ("eighteen to twenty-two", "18-22"),
        ("0.50–1.0", "0.50-1.0"),
    ],
)
def test_span(value: str, expected: str) -> None:
    assert span(value, None, PLAIN) == expected
    assert span([value, value], None, PLAIN) == [expected, expected]


@pytest.mark.parametrize("value", ["18", "1, 2 and 3", "young", 18, "20 ± 5"])
def test_what_is_no_span(value: Json) -> None:
    with pytest.raises(ValueError, match="is no range of two numbers"):
        span(value, None, PLAIN)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Ada B. Moss", "Moss"),
        ("Moss, A. B.", "Moss"),
        ("Jan van der Fern", "van der Fern"),
        ("Maria de la Hoja", "de la Hoja"),
        ("Van Fern", "Van Fern"),
        ("Ada Moss1,*", "Moss"),
        ("Ada Moss†, PhD", "Moss"),
        ("Ada Moss Jr.", "Moss"),
        ("Moss", "Moss"),
        ("", ""),
        (["Ada Moss", "Fern, B."], ["Moss", "Fern"]),
    ],
)
def test_surname(value: Json, expected: Json) -> None:
    assert surname(value, None, PLAIN) == expected


PARTICLES = ["van", "von", "de", "der", "den", "del", "della", "di", "da", "la", "le", "ten", "ter", "dos"]


@pytest.mark.parametrize("particle", PARTICLES)
def test_a_particle_belongs_to_the_surname(particle: str) -> None:
    assert surname(f"Ada {particle} Moss", None, PLAIN) == f"{particle} Moss"


def test_distinct() -> None:
    assert distinct([2, 1, 2], None, PLAIN) == [2, 1]
    assert distinct("aa", None, PLAIN) == "aa"


def test_each_name_is_its_own_step() -> None:
    steps = {name: step.normalise for name, step in register_normalisers().items()}
    assert steps == {"unsigned": unsigned, "doi": doi, "span": span, "surname": surname, "distinct": distinct}

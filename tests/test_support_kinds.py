"""ground/support.py: how papers of many fields write values, kind by kind. Sentences are made up."""

from __future__ import annotations

import pytest

from dsx.ground.support import UNIT_ASSUMED, judge, support
from dsx.types import Choice, Json, Parameter, Status

STATED, DERIVED, INFERRED, UNSUPPORTED = "stated", "derived", "inferred", "unsupported"


def number(name: str, unit: str | None = None, **kwargs: tuple[str, ...]) -> Parameter:
    return Parameter(name, {"type": "number"}, unit=unit, normalisers=kwargs.get("normalisers", ()))


def count(name: str = "n_plants") -> Parameter:
    return Parameter(name, {"type": "integer"})


def choice(*values: Json) -> Parameter:
    return Parameter("kind", {"enum": list(values)})


TEXT = Parameter("text", {"type": "string"})
N = count()

FUNCTION = """was were is are and or to in on at for from with by as took who which when while during after before the
had have has did that but than per each of a an"""
FUNCTION_WORDS = FUNCTION.split()
COUNTS = [
    *(
        (month + 1, f"in {word} beds", DERIVED)
        for month, word in enumerate(["I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII"])
        if len(word) > 1
    ),
    *((number, f"{word} fern", INFERRED) for number, word in [(1, "single"), (1, "once"), (2, "both"), (2, "pair")]),
    *(
        (number, f"{word} fern", INFERRED)
        for number, word in [(2, "couple"), (2, "twice"), (3, "thrice"), (3, "triple")]
    ),
    (3, "both ferns", UNSUPPORTED),
    (12, "ferns: 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12", STATED),
    (24, "2 rooms of 3 beds of 4 ferns", DERIVED),
    (48, "2 rooms of 3 beds of 4 rows of 2 ferns", UNSUPPORTED),
    (120, "2 rooms, 3 beds, 4 rows and 5 ferns", UNSUPPORTED),
    (10, "25% of 40 ferns", DERIVED),
    (9, "5 ferns and 4 (of 20) mosses", DERIVED),
    (0, "4 ferns and 4 mosses", UNSUPPORTED),
    (24, "Of the 20 ferns, 4 died", UNSUPPORTED),
    (24, "20 of these 4 ferns", UNSUPPORTED),
    (4, "2 to 2 ferns", UNSUPPORTED),
    (0, "no zero here", STATED),
    (31, "Thirty-one ferns were cut.", STATED),
    (31, "thirty\u00adone ferns", STATED),
    (1, "thirty-one ferns", UNSUPPORTED),
    (30, "thirty-one ferns", UNSUPPORTED),
    (36, "three dozen bulbs", DERIVED),
    (2048, "2,048 spores", STATED),
    (2048, "2 048 spores", STATED),
    (2048, "2'048 spores", STATED),
    (48, "2,048 spores", UNSUPPORTED),
    (2, "2,048 spores", UNSUPPORTED),
    (12, "N = 30 (12 F, 18 M)", STATED),
    (18, "12F/18M", STATED),
    (30, "12 ferns and 18 mosses", DERIVED),
    (42, "30 ferns (12 of them dry)", UNSUPPORTED),
    (18, "30 ferns (12 of them dry)", DERIVED),
    (27, "Of 30 ferns, 3 died", DERIVED),
    (33, "Of 30 ferns, 3 died", UNSUPPORTED),
    (90, "three beds of 30", DERIVED),
    (360, "4 rooms of 3 beds of 30 ferns", DERIVED),
    (75, "20, 25 and 30 ferns in three beds", DERIVED),
    (30, "15 ferns a bed", UNSUPPORTED),
    (15, "half of the 30 ferns", DERIVED),
    (2, "Both ferns died", INFERRED),
    (1, "a single fern died", INFERRED),
    (2, "watered twice", INFERRED),
    (4, "in IV beds", DERIVED),
    (2, "In Study 2, nine ferns grew", UNSUPPORTED),
    (2, "STUDY 2: nine ferns grew", UNSUPPORTED),
    (3, "Studies 2 and 3 had nine ferns", UNSUPPORTED),
    (5, "Sec. 5 tells of nine ferns", UNSUPPORTED),
    (4, "see Table 4 for nine ferns", UNSUPPORTED),
    (6, "by Eqs. (5) and (6)", UNSUPPORTED),
    (7, "nine ferns [7]", UNSUPPORTED),
    (7, "nine ferns as before7", UNSUPPORTED),
    (2011, "nine ferns (Moss, 2011)", UNSUPPORTED),
    (3, "Week 3: nine ferns", UNSUPPORTED),
    (41, "F(2, 39) = 4.1", UNSUPPORTED),
    (4, "F(2, 39) = 4.1", UNSUPPORTED),
    (450, "the N450 of nine ferns", UNSUPPORTED),
    (2, "the second bed", UNSUPPORTED),
    (1, "no one watered nine ferns", UNSUPPORTED),
    (2, "a two-sided test of nine ferns", UNSUPPORTED),
    (3, "a 3-D scan", UNSUPPORTED),
    (23, "nine of 22.6", UNSUPPORTED),
    (9, "约９株", STATED),
    (24, "二十四名", STATED),
    (60, "n=60,", STATED),
    (60, "~60 ferns", STATED),
    (60, ">60 ferns", STATED),
    (60, "n = 6O", UNSUPPORTED),
]

NUMBERS = [
    *((number("wait", "s"), 5, None, f"after 5 {word} all left", STATED) for word in FUNCTION_WORDS),
    *((number("wait", "s"), 5, None, f"after 5 {word} left", UNSUPPORTED) for word in ["ferns", "Jahre", "kg", "k"]),
    *(
        (number(name), 2, None, f"{written} 2 is here", STATED)
        for name, written in [("experiment", "Exp."), ("figure", "Fig."), ("table", "Tab."), ("equation", "Eq.")]
    ),
    (number("n_experiment"), 2, None, "Experiment 2 is here", UNSUPPORTED),
    (number("number_of_experiment"), 2, None, "Experiment 2 is here", UNSUPPORTED),
    (number("study"), 2, None, "Studies 1 and 2 are here", STATED),
    (number("share"), 0.3, None, "30 of the beds", UNSUPPORTED),
    (number("share"), 0.4, None, "30 % of the beds", UNSUPPORTED),
    (number("share", "%"), 50, "%", "50 beds of wood", UNSUPPORTED),
    (number("share", "%"), 150, "%", "1.5 beds", UNSUPPORTED),
    (number("share", "%"), 100, "%", "1 is all", DERIVED),
    (number("dose", "g"), 120, "g", "3 doses of 40 g", DERIVED),
    (number("dose", "g"), 120, "g", "3 doses of 40 mg", UNSUPPORTED),
    (number("dose", "g"), 0.04, "g", "40 mg", DERIVED),
    (number("dose", "mg"), 1.23, "g", "1234 mg", DERIVED),
    (number("dose", "mg"), 1.2, "g", "1234 mg", UNSUPPORTED),
    (number("dose", "mg"), 1.236, "g", "1234 mg", UNSUPPORTED),
    (number("x"), 0.33, None, "a third of them", UNSUPPORTED),
    (number("x"), 0.333, None, "a third of them", DERIVED),
    (number("p_value"), 0.01, None, "p<0.01", STATED),
    (number("p_value"), 0.0001, None, "p < 10⁻⁴", STATED),
    (number("p_value"), 0.0001, None, "p < 10−4", STATED),
    (number("p_value"), 3e-7, None, "p = 3e-7", STATED),
    (number("r"), 0.3, None, "r = −.30", UNSUPPORTED),
    (number("r"), -0.3, None, "r = −.30", STATED),
    (number("x"), -0.2, None, "95% CI [−0.2–0.5]", STATED),
    (number("x"), 0.5, None, "95% CI [−0.2, 0.5]", STATED),
    (number("x"), 1.6e-19, None, "1.6 × 10⁻¹⁹ C", STATED),
    (number("x"), 1.6, None, "1.6e-19", UNSUPPORTED),
    (number("x"), 4.2e23, None, "4.2 × 1023", UNSUPPORTED),
    (number("x"), 3_200_000, None, "3.2*10^6 spores", STATED),
    (number("x"), 2_000_000, None, "two million spores", STATED),
    (number("x"), 0.75, None, "¾ of them", STATED),
    (number("x"), 0.667, None, "two thirds of them", DERIVED),
    (number("x"), 0.3, None, "30 %", DERIVED),
    (number("share", "%"), 30, "%", "0.3 of the beds", DERIVED),
    (number("share", "%"), 25, "%", "a quarter of the beds", DERIVED),
    (number("share", "%"), 30, "%", "30 per cent", STATED),
    (number("sd", "kg"), -0.3, "kg", "2.4 ± 0.3 kg", UNSUPPORTED),
    (number("mean", "kg"), 2.4, "kg", "2.4 ± 0.3 kg", STATED),
    (number("mean", "kg"), 2.7, "kg", "2.4 ± 0.3 kg", UNSUPPORTED),
    (number("age", "years"), 31, "years", "aged 31 to 60 years", STATED),
    (number("age", "years"), 45.5, "years", "aged 31 to 60 years", UNSUPPORTED),
    (number("age", "years"), 91, "years", "aged 31 to 60 years", UNSUPPORTED),
    (number("age", "years"), 31, "years", "aged 31 to 60", STATED),
    (number("age", "years"), 31, "years", "a 31-year-old tree", STATED),
    (number("age", "years"), 31, "years", "31 y.o.", STATED),
    (number("age", "months"), 30, "months", "2.5 years old", DERIVED),
    (number("age", "years"), 31, "years", "31 Jahre", UNSUPPORTED),
    (number("width", "cm"), 4.5, "cm", "eine Breite von 4,5 cm", STATED),
    (number("width", "cm"), 12, "cm", "12 ferns stood 10 cm apart", UNSUPPORTED),
    (number("width", "cm"), 45, "mm", "4.5 cm", DERIVED),
    (number("width", "cm"), 4.5, "cm", "4.5 mm", UNSUPPORTED),
    (number("width", "cm"), 200, "cm", "10 cm × 20 cm", UNSUPPORTED),
    (number("width", "cm"), 5, "cm", "5 cm/s", UNSUPPORTED),
    (number("width", "cm"), 5, None, "5 cm s−1", UNSUPPORTED),
    (number("width", "m"), 6, "m", "9 ferns (3 f, 6 m)", UNSUPPORTED),
    (number("width", "inch"), 14, "inch", "a 14-in. pot", STATED),
    (number("width", "inch"), 14, "in", "14 ferns in pots", UNSUPPORTED),
    (number("width", "cm"), 35.6, "cm", "a 14-inch pot", DERIVED),
    (number("width", "mm"), 7, "mm", "7 mM", UNSUPPORTED),
    (number("dose", "mg"), 7, None, "7 micrograms", UNSUPPORTED),
    (number("dose", "mg/kg"), 7, "mg/kg", "7 mg kg−1", STATED),
    (number("dose", "mg/kg"), 7, "mg/kg", "7 %", UNSUPPORTED),
    (number("dose", "mg/kg"), 70000, "mg/kg", "7 %", UNSUPPORTED),
    (number("bmi", "kg/m2"), 23.1, "kg/m²", "23.1 kg/m2", STATED),
    (number("density", "g/cm3"), 1.2, "g/cm3", "1.2 g cm−3", STATED),
    (number("density", "kg/m3"), 1200, "kg/m3", "1.2 g/cm3", DERIVED),
    (number("speed", "m/s"), 3, "m/s", "3 m s−1", STATED),
    (number("pressure", "mmHg"), 110, "mmHg", "110 mm Hg", STATED),
    (number("rate", "Hz"), 50, "Hz", "50 MHz", UNSUPPORTED),
    (number("rate", "MHz"), 50, "MHz", "50 mHz", UNSUPPORTED),
    (number("rate", "Hz"), 50, "Hz", "50 deg/s", UNSUPPORTED),
    (number("angle", "deg"), 50, "deg", "50 °C", UNSUPPORTED),
    (number("angle", "deg"), 50, "deg", "50°/s", UNSUPPORTED),
    (number("angle", "deg"), 50, "deg", "tilted by −50°", STATED),
    (number("angle", "deg"), -50, "deg", "tilted by ±50°", STATED),
    (number("shift", "mm", normalisers=("unsigned",)), 5, "mm", "a shift of −5 mm", STATED),
    (number("shift", "mm"), 5, "mm", "a shift of −5 mm", UNSUPPORTED),
    (number("angle", "deg"), 50, "°", "50◦ or 50º", STATED),
    (number("score", "mm"), 8, "mm", "8 points on a scale", UNSUPPORTED),
    (number("score", "points"), 8, "points", "8 points on a scale", STATED),
    (number("score", "points"), 8, "mm", "8 points on a scale", UNSUPPORTED),
    (number("beds", "beds"), 80, "beds", "80 beds", STATED),
    (number("wait", "s"), 5, "s", "5 S", UNSUPPORTED),
    (number("wait", "ms"), 100, "ms", "100 beds after 300 ms", UNSUPPORTED),
    (number("wait", "ms"), 100, "ms", "100, 200 or 300 ms", STATED),
    (number("wait", "s"), 0.2, "s", "100, 200 or 300 ms", DERIVED),
    (number("wait", "h"), 1, "h", "an hour later", DERIVED),
    (number("wait", "h"), 48, "h", "after two days", DERIVED),
    (number("wait", "min"), 90, "min", "3 sessions of 30 min", DERIVED),
    (number("wait", "min"), 30, "min", "a thirty-minute wait", STATED),
    (number("heat", "K"), 300, "K", "300 k", UNSUPPORTED),
    (number("power", "mW"), 5, "mW", "5 MW", UNSUPPORTED),
    (number("mass", "g"), 9, "g", "9 G", UNSUPPORTED),
    (number("volume", "mL"), 9, "mL", "9 millilitres", STATED),
    (number("volume", "l"), 9, "l", "9 ferns, L. Moss", UNSUPPORTED),
    (number("year"), 2011, None, "(Moss, 2011)", STATED),
    (number("experiment"), 2, None, "in Experiment 2", STATED),
    (Parameter("level", {"enum": [1, 2, 3]}), 3, None, "three levels", STATED),
    (Parameter("level", {"enum": [0.5, 1.5]}), 1.5, None, "15 levels", UNSUPPORTED),
]

YEAR = "January February March April May June July August September October November December"
MONTHS = YEAR.split()
TEXTS = [
    *((f"2011-{at:02}-09", f"on 9 {month} 2011", DERIVED) for at, month in enumerate(MONTHS, start=1)),
    *((f"2011-{at:02}-09", f"on {month[:3]}. 9, 2011", DERIVED) for at, month in enumerate(MONTHS, start=1)),
    ("2011-04-10", "9 April 2011", UNSUPPORTED),
    ("2011-04-09", "in April 2011", UNSUPPORTED),
    ("2011-05-09", "09/04/2011", UNSUPPORTED),
    ("2011-04-09", "the 9th of April 2011", DERIVED),
    ("one two three", "one x y two three", UNSUPPORTED),
    ("moss grows here", "moss often quickly grows here", STATED),
    ("moss grows here", "moss here and often and quickly grows here", UNSUPPORTED),
    ("moss grows", "moss never grows", UNSUPPORTED),
    ("±3 mm", "of ±3 mm", STATED),
    ("±3 mm", "of 3 mm", UNSUPPORTED),
    ("3 mm", "of ±3 mm", UNSUPPORTED),
    ("fern_moss", "fern moss", STATED),
    ("*", "a * b", STATED),
    ("*", "a*b", UNSUPPORTED),
    ("Fig. 3", "see Fig. 3", STATED),
    ("p < 0.01", "p > 0.01", UNSUPPORTED),
    ("p < 0.01", "with p < .01", STATED),
    ("F#", "in F++", UNSUPPORTED),
    ("F++", "in F", UNSUPPORTED),
    ("F", "in F++", UNSUPPORTED),
    ("Na+", "Na- ions", UNSUPPORTED),
    ("Na+", "Na+ ions", STATED),
    ("7 mV", "−7 mV", UNSUPPORTED),
    ("-7 mV", "−7 mV", STATED),
    ("7 mV", "17 mV", UNSUPPORTED),
    ("moss eats fern", "fern eats moss", UNSUPPORTED),
    ("30° left", "20° left and 30° right", UNSUPPORTED),
    ("wet soil", "wet and warm soil", STATED),
    ("wet soil", "wet but not soil", UNSUPPORTED),
    ("Ünal", "by Ünal", STATED),
    ("Unal", "by Ünal", UNSUPPORTED),
    ("moss", "mossy", UNSUPPORTED),
    ("fern-like", "a fern like plant", STATED),
    ("10.1000/moss-7", "https://doi.org/10.1000/moss-7", STATED),
    ("10.1000/moss-7", "https://doi.org/10.1000/moss-8", UNSUPPORTED),
    ("https://moss.org", "at moss.org", UNSUPPORTED),
    ("蕨类", "研究了蕨类植物", STATED),
    ("苔藓", "研究了蕨类植物", UNSUPPORTED),
    ("twelve beds", "12 beds", STATED),
    ("12 beds", "13 beds", UNSUPPORTED),
    ("3-9", "from 3 to 9 ferns", STATED),
    ("3-9", "3 ferns, later 9", DERIVED),
    ("3-8", "from 3 to 9 ferns", UNSUPPORTED),
    ("2011-04-09", "9 April 2011", DERIVED),
    ("2011-04-09", "April 9th, 2011", DERIVED),
    ("2011-04", "in April 2011", DERIVED),
    ("2011-04-09", "09/04/2011", DERIVED),
    ("2011-04-09", "April 9, 2012", UNSUPPORTED),
    ("2011-04-09", "on 2011-04-09", STATED),
    ("2011-04-09", "no date", UNSUPPORTED),
    ("%", "5 % moss", STATED),
]

CHOICES = [
    (choice("wet", "dry"), "wet", "wet-grown ferns", STATED),
    (choice("wet", "dry"), "wet", "the wetland", INFERRED),
    (choice("wet", "dry"), "wet", "it was not wet", INFERRED),
    (choice("no", "yes"), "no", "There was no moss", STATED),
    (choice("1", "2"), "2", "two beds", STATED),
    (choice("n/a", "wet"), "n/a", "n/a", STATED),
    (choice("+", "-"), "-", "a well-known sign", INFERRED),
    (choice("+", "-"), "-", "the sign was - here", STATED),
]

WATERED = Parameter("watered", {"type": "boolean"}, synonyms=("irrigation",))
SHADED = Parameter(
    "x", {"type": "boolean"}, choices=(Choice(True, "in the shade; shaded"), Choice(False, "in full sun; unshaded"))
)
BOOLEANS = [
    *(
        (WATERED, False, f"irrigation was {word}", STATED)
        for word in ["absent", "removed", "omitted", "turned off", "refused"]
    ),
    *((WATERED, False, f"{word} irrigation", STATED) for word in ["no", "without", "never", "lack of", "absence of"]),
    *(
        (WATERED, False, f"irrigation {word} given", STATED)
        for word in ["was not", "could not be", "didn't be", "has never been"]
    ),
    (WATERED, True, "no ferns; irrigation was given", STATED),
    (WATERED, False, "no fern of any kind or make had irrigation", INFERRED),
    (WATERED, True, "irrigation, not sun", STATED),
    (WATERED, True, "rewatered", INFERRED),
    (WATERED, None, "irrigation", "not_reported"),
    (WATERED, True, "Ferns were watered.", STATED),
    (WATERED, False, "Ferns were watered.", INFERRED),
    (WATERED, False, "Ferns were not watered.", STATED),
    (WATERED, True, "Ferns were not watered.", INFERRED),
    (WATERED, False, "grown without irrigation", STATED),
    (WATERED, True, "grown without irrigation", INFERRED),
    (WATERED, False, "irrigation was withheld", STATED),
    (WATERED, True, "irrigation was withheld", INFERRED),
    (WATERED, False, "There was no irrigation", STATED),
    (WATERED, False, "Ferns weren’t watered", STATED),
    (WATERED, False, "never watered", STATED),
    (WATERED, True, "irrigation was not prevented", INFERRED),
    (WATERED, False, "irrigation was not prevented", INFERRED),
    (WATERED, False, "Ferns were watered without delay", INFERRED),
    (WATERED, True, "Ferns were watered without delay", STATED),
    (WATERED, False, "watered by those who had not slept", INFERRED),
    (WATERED, True, "ferns grew", INFERRED),
    (SHADED, True, "ferns grew in the shade", STATED),
    (SHADED, False, "ferns grew in full sun", STATED),
    (SHADED, True, "ferns grew in full sun", INFERRED),
]


@pytest.mark.parametrize(("value", "quote", "expected"), COUNTS)
def test_counts(value: int, quote: str, expected: str) -> None:
    assert support(value, None, quote, N) == Status(expected)


@pytest.mark.parametrize(("parameter", "value", "unit", "quote", "expected"), NUMBERS)
def test_numbers_and_units(parameter: Parameter, value: float, unit: str | None, quote: str, expected: str) -> None:
    assert support(value, unit, quote, parameter) == Status(expected)


@pytest.mark.parametrize(("value", "quote", "expected"), TEXTS)
def test_texts(value: str, quote: str, expected: str) -> None:
    assert support(value, None, quote, TEXT) == Status(expected)


@pytest.mark.parametrize(("parameter", "value", "quote", "expected"), CHOICES)
def test_choices(parameter: Parameter, value: Json, quote: str, expected: str) -> None:
    assert support(value, None, quote, parameter) == Status(expected)


@pytest.mark.parametrize(("parameter", "value", "quote", "expected"), BOOLEANS)
def test_booleans(parameter: Parameter, value: bool, quote: str, expected: str) -> None:
    assert support(value, None, quote, parameter) == Status(expected)


def test_an_unwritten_unit_is_taken_and_flagged() -> None:
    age = number("age_mean", "years")
    assert judge(2.4, "years", "mean age 2.4 ± 0.3", age).flags == (UNIT_ASSUMED,)
    assert judge(2.4, None, "mean age 2.4 ± 0.3", age).flags == (UNIT_ASSUMED,)
    assert judge(2.4, "years", "mean age 2.4 ± 0.3 years", age).flags == ()
    assert judge([2.4, 0.3], "years", "mean age 2.4 ± 0.3", age).flags == (UNIT_ASSUMED,)
    assert judge(24, "months", "mean age 24", age).status is Status.UNSUPPORTED
    assert judge(None, None, None, age).status is Status.NOT_REPORTED

"""ground/support.py: values as papers of ten fields write them. One row a kind; sentences are made up."""

from __future__ import annotations

import pytest

from dsx.ground.candidates import number_candidates
from dsx.ground.numbers import numbers_in
from dsx.ground.support import support
from dsx.types import Choice, Json, Parameter, Passage, Shown, Status

STATED, DERIVED, INFERRED, UNSUPPORTED = "stated", "derived", "inferred", "unsupported"
Row = tuple[Json, str, str]

COUNTS: list[Row] = [
    (24, "two groups of twelve newts", DERIVED),
    (24, "n = 12 per group, two groups", DERIVED),
    (14, "28 newts were divided equally between two tanks", DERIVED),
    (55, "40 newts, 15 of whom were pale", UNSUPPORTED),
    (55, "40 newts, of which 15 were pale", UNSUPPORTED),
    (55, "40 newts, including 15 pale ones", UNSUPPORTED),
    (55, "15/40 newts", UNSUPPORTED),
    (30, "12F/18M", DERIVED),
    (45, "n = 15/14/16", DERIVED),
    (25, "40 newts, 15 of whom were pale", DERIVED),
    (95, "100 were caught; 3 fled and 2 died", DERIVED),
    (24, "In the end there were 20 (after excluding 4)", DERIVED),
    (50, "50% of the 100 newts", DERIVED),
    (50, "50% of the newts", UNSUPPORTED),
    (12_000, "12k newts", STATED),
    (24, "two dozens of eggs", DERIVED),
    (0, "None of the newts died", INFERRED),
    (0, "No newts died", INFERRED),
    (3, "counted in triplicate", INFERRED),
    (2, "a twofold rise", INFERRED),
    (1_234_567, "1.234.567 Eier von 3,5 mm", STATED),
    (3, "the newts of Tables 2 & 3", UNSUPPORTED),
    (2, "newts with type 2 scales", UNSUPPORTED),
    (2, "newts of Type II", UNSUPPORTED),
    (3, "a phase III survey of newts", UNSUPPORTED),
    (3, "grade three scales", UNSUPPORTED),
    (25, "each class 25 pupils", STATED),
    (12, "on 12 May 2019", UNSUPPORTED),
    (12, "May 12, 2019", UNSUPPORTED),
    (12, "Of the eggs, 12 may have hatched", STATED),
    (12, "In May 12 newts were caught", STATED),
    (5, "12/05/2019", UNSUPPORTED),
    (2019, "in 2019, 40 newts", UNSUPPORTED),
    (9, "from 9 am to 5 p.m.", UNSUPPORTED),
    (30, "at 12:30", UNSUPPORTED),
    (6, "C57BL/6 mice", UNSUPPORTED),
    (20, "washed in Tween 20", UNSUPPORTED),
    (5, "the 5' end", UNSUPPORTED),
    (38, "t(38) = 2.2", UNSUPPORTED),
    (10, "χ2(1, N = 10) = 4", STATED),
    (1, "χ2(1, N = 10) = 4", UNSUPPORTED),
    (1, "the first one", UNSUPPORTED),
    (2, "two-photon images of newts", UNSUPPORTED),
]
MEASURES: dict[tuple[str, str], list[Row]] = {
    ("age", "years"): [
        (3.5, "3 years and 6 months", DERIVED),
        (3.5, "3 1/2 years", STATED),
        (2, "3 1/2 years", UNSUPPORTED),
        (23.4, "23.4 (3.1) years", STATED),
        (70, "in their 70s", UNSUPPORTED),
        (31, "18- to 31-year-olds", STATED),
    ],
    ("age", "months"): [(42, "3 years 6 months", DERIVED)],
    ("mass", "g"): [
        (2.4, "(2.4 ± 0.3) kg", UNSUPPORTED),
        (2400, "(2.4 ± 0.3) × 10³ g", STATED),
        (300, "(2.4 ± 0.3) × 10³ g", STATED),
        (2.4, "(2.4 ± 0.3) × 10³ g", UNSUPPORTED),
        (250, "2 × 125 g", DERIVED),
        (2, "2 × 125 g", UNSUPPORTED),
    ],
    ("mass", "kg"): [(70, "70 kgs", STATED), (70, "70 Kg", STATED), (69.9, "154 lb", DERIVED)],
    ("share", "%"): [
        (75, "9 of 12 newts", DERIVED),
        (37.5, "15/40 newts", DERIVED),
        (20, "one in five newts", DERIVED),
        (33.3, "a third of the newts", DERIVED),
        (33, "a third of the newts", UNSUPPORTED),
        (45, "45 (50%)", UNSUPPORTED),
        (45, "45 of 90 newts", UNSUPPORTED),
        (12, "12 wt.%", STATED),
        (12, "12 mol %", STATED),
        (4.5, "45 per mille", DERIVED),
        (45, "45 pct", STATED),
    ],
    ("heat", "°C"): [
        (-80, "kept at minus 80 °C", STATED),
        (80, "kept at minus 80 °C", UNSUPPORTED),
        (-80, "kept at – 80 °C", STATED),
        (20, "20°-25°C", STATED),
        (37, "37 oC", STATED),
        (37, "37 degrees celsius", STATED),
    ],
    ("heat", "K"): [(77, "77 Kelvin", STATED), (310.15, "37 °C", DERIVED)],
    ("dose", "mg/day"): [
        (10, "10 mg once daily", STATED),
        (10, "10 mg a day", STATED),
        (20, "10 mg twice daily", DERIVED),
        (20, "10 mg b.i.d.", DERIVED),
        (10, "10 mg twice daily", UNSUPPORTED),
    ],
    ("dose", "mg"): [(10, "10 mg daily", STATED), (10, "10 mg/day", UNSUPPORTED)],
    ("dose", "U/mL"): [(100, "100 U ml−1", STATED)],
    ("dose", "IU"): [(400, "400 I.U.", STATED)],
    ("load", "CFU/mL"): [(1e6, "10⁶ CFU ml−1", STATED)],
    ("load", "cells/well"): [(1e5, "1 × 10⁵ cells per well", STATED)],
    ("area", "cm2"): [(10, "10 sq cm", STATED), (10, "10 square centimetres", STATED), (10, "10 cm", UNSUPPORTED)],
    ("volume", "m3"): [(10, "10 cubic metres", STATED)],
    ("height", "in"): [(71, "5 ft 11 in", DERIVED), (0.25, "1/4 in.", STATED), (4, "1/4 in.", UNSUPPORTED)],
    ("wait", "min"): [(30, "half an hour", DERIVED), (90, "1 h 30 min", DERIVED), (15, "3 × 5 min", DERIVED)],
    ("rate", "Hz"): [(2, "2 Hertz", STATED), (2, "2 cycles per second", STATED), (2, "2 hz", STATED)],
    ("rate", "rpm"): [(3000, "3000 r.p.m.", STATED), (3000, "3000 × g", UNSUPPORTED)],
    ("rate", "fps"): [(30, "30 frames per second", STATED), (30, "30 frames", UNSUPPORTED)],
    ("pull", "g"): [(3000, "3000 × g", STATED)],
    ("viscosity", "mPa s"): [(5, "5 mPa s", STATED), (5, "5 mPa·s", STATED)],
    ("capacity", "mAh/g"): [(150, "150 mA h g−1", STATED), (150, "150 mAh/g", STATED)],
    ("resistance", "kΩ"): [(5, "5 kOhm", STATED)],
    ("field", "T"): [(3, "3 Tesla", STATED), (3, "3 T cells", UNSUPPORTED)],
    ("flux", "µmol m-2 s-1"): [(200, "200 µmol photons m−2 s−1", STATED)],
    ("input", "kg/ha"): [(120, "120 kg N ha−1", STATED)],
    ("yield", "t/ha"): [(5, "5 t ha−1", STATED)],
    ("gas", "ppm"): [(400, "400 parts per million", STATED)],
    ("noise", "dB"): [(65, "65 dBA", STATED)],
    ("light", "lux"): [(300, "300 lx", STATED)],
    ("luminance", "cd/m2"): [(50, "50 candela per square metre", STATED)],
    ("length", "bp"): [(300, "300-bp reads", STATED), (300, "300 base pairs", STATED)],
    ("memory", "GB"): [(16, "16 GB", STATED), (16, "16 MB", UNSUPPORTED)],
    ("gap", "deg"): [(30, "52°30′N", UNSUPPORTED)],
}
BARE: list[Row] = [
    (3e8, "3 x 10**8", STATED),
    (3e-8, "3 × 10–8", STATED),
    (3e-8, "3×10^(-8)", STATED),
    (3, "3×10^(-8)", UNSUPPORTED),
    (2.2e-16, "p < 2.2 × 10$^{-16}$", STATED),
    (1e-9, "10−9 M", STATED),
    (0.001, "p < 0,001", STATED),
    (1234.5, "1.234,5 mm", STATED),
    (7.4, "pH7.4", STATED),
    (0.75, "9 out of 12", DERIVED),
    (-0.5, "a shift of minus 0.5", STATED),
    (768, "1024x768 px", STATED),
]
TEXTS: list[Row] = [
    ("10 mg", "a 10-mg pill", STATED),
    (">= 18", "≥18 years", STATED),
    ("23.4 +/- 3.1", "23.4 ± 3.1", STATED),
    ("β2", "β₂", STATED),
    ("São Tomé", "from Sa\u0303o Tome\u0301", STATED),
    ("C57BL/6", "C57BL/6J mice", UNSUPPORTED),
    ("Tool 3.9", "Tool 3.9.1", UNSUPPORTED),
    ("2.0-1.1", "95% CI 1.1–2.0", UNSUPPORTED),
    ("2019", "05.03.2019", STATED),
    ("7 h 30 min", "7 h 30 min of rest", STATED),
    ("30 min", "7 h 30 min of rest", UNSUPPORTED),
    ("52°30′N", "at 52°30′ N", STATED),
    *(
        ("2019-03-05", date, DERIVED)
        for date in (
            "3/5/19", "05-03-2019", "2019/03/05", "2019.03.05", "20190305", "2019 March 5", "05-MAR-2019",
            "1–5 March 2019", "between 5 March and 7 April 2019", "March 5 to April 7, 2019", "March 5–7, 2019",
            "2019年3月5日", "5/Mar/2019", "March the 5th, 2019",
        )
    ),
    *(("2019-03", date, DERIVED) for date in ("03/2019", "March of 2019", "March and April 2019")),
    *(("2019-03-05", date, UNSUPPORTED) for date in ("15 March 2019", "25.03.2019", "6 March 2019", "March 2019")),
    ("2019-05", "maybe 2019", UNSUPPORTED),
    ("2019-13-05", "05.13.2019", UNSUPPORTED),
]  # fmt: skip
WATERED: list[tuple[str, bool | None]] = [
    ("neither light nor watering was given", False),
    ("watering-free beds", False),
    ("Watering: none", False),
    ("Watering - no", False),
    ("watering: yes", True),
    ("not only watering but also light", True),
    ("beds with and without watering", None),
    ("the effect of watering was not seen", False),
    ("watering did not change growth", None),
    ("watering was not delayed", None),
    ("beds without fences got watering", None),
    ("no significant effect of watering", None),
    ("There was no difference in watering", None),
    ("watering was not provided", False),
    ("unwatering", False),
]


@pytest.mark.parametrize(("value", "quote", "expected"), COUNTS)
def test_counts(value: Json, quote: str, expected: str) -> None:
    assert support(value, None, quote, Parameter("n_newts", {"type": "integer"})) == Status(expected)


@pytest.mark.parametrize(
    ("name", "unit", "value", "quote", "expected"), [(*key, *row) for key, rows in MEASURES.items() for row in rows]
)
def test_measures(name: str, unit: str, value: Json, quote: str, expected: str) -> None:
    assert support(value, unit, quote, Parameter(name, {"type": "number"}, unit=unit)) == Status(expected)


@pytest.mark.parametrize(("value", "quote", "expected"), BARE)
def test_numbers_without_a_unit(value: Json, quote: str, expected: str) -> None:
    assert support(value, None, quote, Parameter("x", {"type": "number"})) == Status(expected)


@pytest.mark.parametrize(("value", "quote", "expected"), TEXTS)
def test_texts_and_dates(value: Json, quote: str, expected: str) -> None:
    assert support(value, None, quote, Parameter("x", {"type": "string"})) == Status(expected)


@pytest.mark.parametrize(("quote", "expected"), WATERED)
def test_what_is_denied_and_of_what(quote: str, expected: bool | None) -> None:
    """None: neither is stated."""
    watering = Parameter("watering", {"type": "boolean"})
    assert [support(value, None, quote, watering) is Status.STATED for value in (True, False)] == [
        expected is True,
        expected is False,
    ]


@pytest.mark.parametrize(
    ("name", "quote", "expected"),
    [
        ("masked", "an unmasked survey", False),
        ("masked", "a nonmasked survey", False),
        ("preregistered", "It was pre-registered", True),
        ("pre_registered", "It was not preregistered", False),
        ("invasive", "non-invasive", False),
    ],
)
def test_prefixes(name: str, quote: str, expected: bool) -> None:
    assert support(expected, None, quote, Parameter(name, {"type": "boolean"})) is Status.STATED
    assert support(not expected, None, quote, Parameter(name, {"type": "boolean"})) is Status.INFERRED


def test_a_choice_of_digits_may_be_a_label() -> None:
    phase = Parameter("x", {"enum": ["2", "3"]}, choices=(Choice("2"), Choice("3")))
    assert support("3", None, "phase 3", phase) is Status.STATED
    assert support("2", None, "15 newts", phase) is Status.UNSUPPORTED


def test_no_candidate_is_refused_as_unsupported() -> None:
    """What an answer may be, by its grammar, is what its quote supports."""
    parameters = [Parameter("n_newts", {"type": "integer"}), Parameter("x", {"type": "number"})]
    parameters += [Parameter(name, {"type": "number"}, unit=unit) for name, unit in MEASURES]
    quotes = [quote for rows in (COUNTS, BARE, *MEASURES.values()) for _, quote, _ in rows]
    for parameter in parameters:
        for quote in quotes:
            shown = Shown(quote, (Passage(0, len(quote)),), True)
            for each in number_candidates(numbers_in(quote), parameter, shown, lambda value: True):
                if not each.unit_assumed:
                    assert support(each.raw, each.unit, quote, parameter) is not Status.UNSUPPORTED, (each, parameter)

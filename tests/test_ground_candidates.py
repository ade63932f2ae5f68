"""ground/candidates.py: which numbers of a sentence are offered for a parameter. Sentences are made up."""

from __future__ import annotations

import math

import pytest

from dsx.ground.amounts import amounts
from dsx.ground.candidates import Candidate, number_candidates, value_fit
from dsx.ground.numbers import numbers_in
from dsx.ground.support import support
from dsx.types import Json, Parameter, Passage, Shown, Status


def candidates(text: str, parameter: Parameter) -> list[Candidate]:
    low, high = (parameter.schema.get(key, other) for key, other in (("minimum", -math.inf), ("maximum", math.inf)))
    shown = Shown(text, (Passage(0, len(text)),), True)

    def accepts(value: Json) -> bool:
        whole = parameter.schema["type"] == "number" or value == int(value)
        return bool(whole and low <= value <= high)

    return number_candidates(numbers_in(text), parameter, shown, accepts)


def offered(text: str, parameter: Parameter) -> list[float]:
    return [each.value for each in candidates(text, parameter)]


BEDTIME = Parameter("bedtime", {"type": "number", "minimum": 0, "maximum": 24}, unit="h")
SLEEP = Parameter("sleep_duration", {"type": "number", "minimum": 0}, unit="h")
RACE = Parameter("race_time", {"type": "number"}, unit="min")
LATITUDE = Parameter("latitude", {"type": "number", "minimum": -90, "maximum": 90}, unit="deg")
LONGITUDE = Parameter("lon", {"type": "number"}, unit="degrees")
DISTANCE = Parameter("distance_north", {"type": "number", "minimum": -90, "maximum": 90}, unit="deg")
SLOPE = Parameter("slope", {"type": "number", "minimum": 0}, unit="deg")
EQUATOR = Parameter("latitude_from_equator", {"type": "number", "minimum": 0}, unit="deg")
NEWTS = Parameter("n_newts", {"type": "integer"})

SEVERAL_NUMBERS: list[tuple[Parameter, str, list[float]]] = [
    (BEDTIME, "Newts hid at 23:45 on most days.", [23.75]),
    (BEDTIME, "They hid at 11:30 pm and came out at 7:15 a.m.", [23.5, 7.25]),
    (BEDTIME, "from 9 am to 12 p.m., at 12:30 am, by 6 o'clock", [9, 12, 0.5, 6]),
    (BEDTIME, "Bedtime: 22:36 ± 0:51", [22.6, 0.85]),
    (BEDTIME, "Fed at 8:00, 12:00 and 16:30.", [8, 12, 16.5]),
    (SLEEP, "hidden at 22:00, they slept 6.5 h", [6.5]),
    (SLEEP, "They slept 7 h 30 min, others 7h30, 7h45min or 7:36 h.", [7.5, 7.5, 7.75, 7.6]),
    (SLEEP, "sleep time was 7:36 ± 0:48 h", [7.6, 0.8]),
    (SLEEP, "light:dark 12:12 h, 16:8 h", [12, 16, 8]),
    (RACE, "It took 1:30 h, 12:45 min or 3:30.6.", [90, 12.75, 3.51]),
    (RACE, "It took 18 min 36 s, 18min36s, two hours and ten minutes or 2:58:30.", [18.6, 18.6, 130, 178.5]),
    (RACE, "three days and 18 min, 2 h, 10 min", [4320, 18, 120, 10]),
    (Parameter("age", {"type": "number"}, unit="years"), "aged 3 years 6 months to 4 years and 3 months", [3.5, 4.25]),
    (Parameter("age", {"type": "number"}, unit="days"), "born at 38+4 weeks, or 27 weeks 3 days", [270, 192]),
    (Parameter("height", {"type": "number"}, unit="in"), "5 ft 11 in tall", [71]),
    (LATITUDE, "Ponds at 52°30′ N, 13°24′ E", [52.5]),
    (LONGITUDE, "Ponds at 52°30′ N, 13°24′ W", [-13.4]),
    (LATITUDE, "from 35–40°S to 12.5 degrees north; N 45° 12′ 36″", [-35, -40, 12.5, 45.21]),
    (DISTANCE, "Ponds at 33.9°S, 18.4°E", [-33.9]),
    (EQUATOR, "Ponds at 33.9°S, 18.4°E", [33.9]),
    (SLOPE, "banks of 12° at 47.1° N, striking N30°E", [12]),
    (LATITUDE, "turned by −5°30′", [-5.5]),
    (LATITUDE, "two kinds of bees, half of them in a pond at 51.4", [51.4]),
    (NEWTS, "Nine newts at 33°S came at 21:30 and 9 pm.", [9]),
]

UNITS: list[tuple[str, str, str, list[float]]] = [
    ("speed", "m/s", "wind of 5 ms−1", [5]),
    ("rate", "1/ms", "a rate of 5 ms−1", [5]),
    ("wait", "ms", "wind of 5 ms−1", []),
    ("light", "W/m2", "under 120 Wm−2", [120]),
    ("flux", "µmol m-2 s-1", "under 120 µmolm−2s−1", [120]),
    ("food", "g/kg", "1.6 g protein per kg, 2 gkg−1", [1.6, 2]),
    ("fat", "g/100 g", "3.5 g/100 g, 4 g of fat per 100 g, 35 g/kg", [3.5, 4, 3.5]),
    ("rate", "mL/min/1.73 m2", "60 mL/min/1.73 m2, 45 ml min−1 1.73 m−2", [60, 45]),
    ("rate", "mm/year", "3 mm a−1, 4 mm/a", [3, 4]),
    ("plants", "plants/ha", "350 plants ha−1", [350]),
    ("tone", "Hz", "from 125 Hz–4 kHz", [125, 4000]),
    ("beam", "arcsec", "a beam of 1.2″ and 12 in", [1.2]),
    ("pull", "N cm", "35 Ncm or 35 N·cm", [35, 35]),
    ("noise", "dB SPL", "65 dB SPL, 60 dB(A), 20 dB HL", [65, 60, 20]),
    ("rise", "percentage points", "by 2.1 percentage points", [2.1]),
    ("heart", "1/min", "142 beats/min", [142]),
    ("film", "Hz", "240 frames per second", [240]),
    ("wait", "ms", "17 ms per newt, 17 ms/newt", [17]),
    ("length", "bp", "a 1.2-kb part, 4.6 Mb in all", [1200, 4_600_000]),
    ("age", "Myr", "4.5 Gyr", [4500]),
    ("share", "%", "35％, ٤٥٪, 12 En%", [35, 45, 12]),
    ("mass", "mg", "２．５ｍｇとした", [2.5]),
    ("mass", "g", "2.0(3) × 10^{3} g", [2000, 300]),
    ("mass", "g", "1.234(5) g", [1.234, 0.005]),
    ("mass", "g", "63.4(11) g", [63.4, 11]),
    ("mass", "g", "(5–10) × 10^3 g", [5000, 10000]),
    ("nitrogen", "kg/ha/yr", "60 and 80 kg of nitrogen per hectare and year, 12 g N m−2 a−1", [60, 80, 120]),
    ("nitrogen", "kg/ha/yr", "90 kg N per hectare annually, 8 g N per square metre each year", [90, 80]),
    ("dose", "mg/kg/d", "5 mg per kg and day, 4 mg/kg b.w./day, 6 mg per kg of body weight daily", [5, 4, 6]),
    ("dose", "mg/kg/d", "3 mg/kg body weight/day, 2 mg kg−1 BW day−1, 9 mg of it per day per kg", [3, 2, 9]),
    ("dose", "mg/kg", "5 mg per kg and 3 mg per kg, 4 mg/kg daily, 6 mg/kg a day later", [5, 3, 4, 6]),
    (
        "dose",
        "mg/kg",
        "5 mg/kg and second dose, 7 mg/kg and minute amounts, 6 mg/kg of soil and year effects",
        [5, 7, 6],
    ),
    ("salt", "g/L", "8 g/L and year to year changes, 9 g/L and day of harvest", [8, 9]),
    (
        "salt",
        "g/L",
        "35 g/L and day length 12 h, 36 g/L and day and night, 37 g/L and second, 38 g/L and h = x",
        [35, 36, 37, 38],
    ),
    (
        "nitrogen",
        "kg/ha/yr",
        "60 kg/ha and year were applied, 70 kg/ha and year applied (80 kg/ha and year)",
        [60, 70, 80],
    ),
    ("dose", "mg/kg/d", "6 mg/kg a day later, 3 mg/kg twice daily, 5 mg per kg and day 3", []),
    ("dose", "mg/d", "20 to 40 mg daily, 10 mg of it each day, 50 mg tablets per day", [20, 40, 10]),
    ("dose", "mg", "20 to 40 mg daily, 10 mg each day", [20, 40, 10]),
    ("uptake", "mL/kg/min", "40 mL of oxygen per kilogram and minute, 3 mL O2 min−1 kg−1", [40, 3]),
    ("heart", "bpm", "72 beats a minute", [72]),
    ("reading", "words/min", "150 words a minute", [150]),
    ("heating", "°C/min", "5 °C per minute, 6 °C a minute", [5, 6]),
    ("footprint", "kg/t", "800 kg of CO2 per tonne of cement, 7 kg CO2-eq per tonne", [800, 7]),
    ("footprint", "g/kWh", "400 g of CO2 equivalent per kWh, 300 g CO2 eq. kWh−1", [400, 300]),
    ("light", "µmol/m2/s", "200 µmol of photons per square metre and second", [200]),
    ("yield", "t/ha", "4.5 t of grain per hectare, 4 t DM ha−1", [4.5, 4]),
    ("rest", "d", "2 m and a day, in 10 min a participant, 30 s a day-long", [10 / 1440, 30 / 86400]),
    ("height", "m", "2 m and a day, 3 m a year-round", [2, 3]),
    ("growth", "m/d", "2 m and a day, 3 m a day-long", []),
    ("wait", "s", "3 × 900 s, n = 12, p < 0.05, pH 7.4, 9 of 12, 9 (75%), 1:50", [900]),
    ("side", "cm", "10 × 20 cm", [10, 20]),
    ("run", "m", "6 × 40-m runs", [40]),
    ("price", "USD", "for 40 in 2019", [40]),
    ("wait", "days", "on day 21, weeks 2 and 3", [21]),
    ("heat", "S", "4   23\nS2   58", [4, 23, 58]),
    ("yield", "Mg/ha", "3.30 v. 3.24 Mg ha−1", [3.3, 3.24]),
    ("load", "V", "190 N (A) vs. 968 mV", [0.968]),
]

COUNTS: list[tuple[str, list[float]]] = [
    ("Sixteen newts (n = 16; 22 months; 4.1 ± 0.3 kg)", [16, 16]),
    ("In the wet group 18 of the newts left.", [18]),
    ("in group 2 and in the group 3", [3]),
    ("After six weeks 18 left; at 6 months 83 were there.", [18, 83]),
    ("They took part (10 pale). Home study. 15 newts", [10, 15]),
    ("44 second-year and 38 third-year newts", [44, 38]),
    ("138 newts (pale: 0) and others (deep, 13) and on", [138, 0, 13]),
    ("Pale, n (%)   16 (62)   2 (7)", [16, 2]),
    ("ratio 0.72; 95% CI; 4.4 v 3.9", []),
    ("AUC0–24, t1/2, F2,45 = 3.1, ICC(2,1) = .8, 2θ, C/5, 18F-FDG of 12 newts", [12]),
    ("1,4-butanediol and C18:1 n-9, 20:5 n-3 of 3 newts on Si(111)", [3]),
    ("NGC 4151, ISO 6892-1:2019, lot 12345, approval 2019-045, cat. no. 3595, 3 newts", [3]),
    ("14,820a newts", [14820]),
    ("Pale   57   23\nSecond   60\n% dry   3   8,800\n7 newts   12\n200", [57, 23, 60, 3, 8800, 7, 12, 200]),
    ("M = 36; 48% of them, in both studies (15 newts)", [36, 15]),
    ("19 d in June", []),
    ("In 2011 newts and (2012) left, 2013–2014", [2011, 2012, 2013, 2014]),
    ("6 × 40-m runs", [6]),
]


@pytest.mark.parametrize(("parameter", "text", "expected"), SEVERAL_NUMBERS)
def test_amounts_of_several_numbers(parameter: Parameter, text: str, expected: list[float]) -> None:
    assert list(dict.fromkeys(offered(text, parameter))) == pytest.approx(list(dict.fromkeys(expected)))


@pytest.mark.parametrize(("name", "unit", "text", "expected"), UNITS)
def test_units(name: str, unit: str, text: str, expected: list[float]) -> None:
    values = dict.fromkeys(offered(text, Parameter(name, {"type": "number"}, unit=unit)))
    assert list(values) == pytest.approx(list(dict.fromkeys(expected)))


@pytest.mark.parametrize(("text", "expected"), COUNTS)
def test_counts(text: str, expected: list[float]) -> None:
    assert offered(text, NEWTS) == list(dict.fromkeys(expected))


def test_what_is_offered_is_supported() -> None:
    """By its words, and as a value in the parameter's unit."""
    cases = [(parameter, text) for parameter, text, _ in SEVERAL_NUMBERS]
    cases += [(Parameter(name, {"type": "number"}, unit=unit), text) for name, unit, text, _ in UNITS]
    for parameter, text in [*cases, *((NEWTS, text) for text, _ in COUNTS)]:
        for each in candidates(text, parameter):
            supports = {Status.STATED, Status.DERIVED}
            assert support(each.raw, each.unit, text, parameter) in supports, (each, parameter)
            assert support(each.value, parameter.unit, text, parameter) in supports, (each, parameter)


def test_several_numbers_are_named_by_their_words() -> None:
    assert [each.raw for each in candidates("from 7 h 30 min to 8 h, or 52°30′ N", SLEEP)] == ["7 h 30 min", 8]
    assert [each.raw for each in candidates("at 52°30′ N and 33.9°S", LATITUDE)] == ["52°30′ N", -33.9]


@pytest.mark.parametrize(
    ("value", "parameter", "text"),
    [
        (7, SLEEP, "7 h 30 min"),
        (0.5, SLEEP, "7 h 30 min"),
        (23, BEDTIME, "at 23:45"),
        (33.9, LATITUDE, "33.9°S"),
        (52, LATITUDE, "52°30′ N"),
        (47.1, SLOPE, "at 47.1° N"),
        (9, SLEEP, "at 9 am"),
    ],
)
def test_parts_and_other_amounts_are_not_supported(value: float, parameter: Parameter, text: str) -> None:
    assert support(value, parameter.unit, text, parameter) is Status.UNSUPPORTED


@pytest.mark.parametrize(
    ("value", "text", "expected"),
    [
        ("23:30", "hidden at 11:30 pm", Status.DERIVED),
        ("23:30:00Z", "hidden at 11:30 pm", Status.DERIVED),
        ("23:30", "hidden at 23:30", Status.STATED),
        ("11:30", "hidden at 11:30 pm", Status.UNSUPPORTED),
        ("12:00", "fed at noon", Status.DERIVED),
        ("00:00", "hidden until midnight", Status.DERIVED),
        ("23:45", "hidden at 11:30 pm", Status.UNSUPPORTED),
        ("07:30", "slept 7 h 30 min", Status.UNSUPPORTED),
    ],
)
def test_times_of_day_as_texts(value: str, text: str, expected: Status) -> None:
    assert support(value, None, text, Parameter("bedtime", {"type": "string", "format": "time"})) is expected


@pytest.mark.parametrize(
    ("unit", "quote", "expected"),
    [
        ("USD", "US$1,250 per newt", Status.STATED),
        ("EUR", "€1,250 a year", Status.STATED),
        ("EUR", "£1,250 a year", Status.UNSUPPORTED),
    ],
)
def test_currencies(unit: str, quote: str, expected: Status) -> None:
    assert support(1250, unit, quote, Parameter("price", {"type": "number"}, unit=unit)) is expected


def test_a_number_that_has_no_unit_fits_no_unit() -> None:
    wait = Parameter("wait", {"type": "number"}, unit="s")
    assert [value_fit(mention, wait) for mention in numbers_in("n = 12 of 900 s or 40")] == [0, 2, 1]


COUNTED: list[tuple[str, str, bool]] = [
    ("Two ponds were sampled", "ha", False),
    ("Twelve rats were fed", "g", False),
    ("2 ponds were sampled", "ha", False),
    ("the 24 animals or plots of the trial from 2011 to 2016", "mg/kg/d", False),
    ("a total of 12 rats", "g", False),
    ("richness rose by 1.8 species", "kg/ha/yr", False),
    ("30 lizards were caught", "°C", False),
    ("aged 24 males", "years", True),
    ("on day 21 tumours and on days 7 and 14 mice", "d", True),
    ("at week 6 animals weighed more", "weeks", True),
    ("18 to 24 males", "years", True),
    ("mean age was 24 (SD 3)", "years", True),
    ("rotations of 30 or 45", "°", True),
    ("a 45 rotation", "°", True),
    ("30 CW", "°", True),
    ("a delay of 200 causes", "ms", True),
    ("amplitudes 5, 10 and 15", "cm", True),
    ("5 gallons of water", "L", True),
    ("24 mls", "mL", True),
    ("12 flashes", "1/min", True),
    ("12 flashes", "Hz", True),
    ("24 animals", "animals", True),
    ("50 trials", "trials", True),
    ("5 neurons were seen", "cells/mL", True),
    ("24\nsites", "ha", True),
    ("in 2011 we began", "kg/ha/yr", False),
    ("since 2011 or in May 2011", "kg/ha/yr", False),
    ("between 2011 and 2016", "kg/ha/yr", False),
    ("The trial, 2011–2016, was large", "kg/ha/yr", False),
    ("the trial (2011) of the years 2009, 2010 and 2011", "kg/ha/yr", False),
    ("from 2011 onwards", "kg/ha/yr", False),
    ("from 1900 to 2050 ms", "ms", True),
    ("delays of 1950 or 2000", "ms", True),
    ("after 2000", "ms", True),
    ("a wait of 2000 (SD 1950)", "ms", True),
    ("two, as ponds go", "ha", True),
    ("five gallons of water", "L", True),
    ("two events of drought", "events", True),
    ("two meals a day", "1/day", True),
    ("twelve flashes per second", "Hz", True),
    ("In total, twelve sites were studied", "ha", False),
    ("the two ponds", "ha", False),
    ("We gave two animals water", "kg", False),
    ("ten units of insulin", "IU", True),
    ("Ten nucleotides were removed", "nt", True),
    ("Ten kilobases were read", "bp", True),
    ("two dioptres", "D", True),
    ("ten nights", "d", True),
    ("ten turns of the wheel", "rev", True),
    ("six mths later", "months", True),
    ("ten colonies grew", "CFU", True),
    ("ten neurons were seen", "cells", True),
    ("ten neurons were seen", "cells/mL", True),
    ("two items", "words", True),
    ("a load of ten gives", "N", True),
    ("An age of eighteen corresponds", "years", True),
    ("a temperature of zero freezes", "°C", True),
    ("aged sixteen girls and boys", "years", True),
    ("a mass between 2 and ten gives", "kg", True),
]


@pytest.mark.parametrize(("text", "unit", "may_be"), COUNTED)
def test_a_number_before_what_it_counts_and_a_year_are_no_amounts_of_a_unit(text: str, unit: str, may_be: bool) -> None:
    parameter = Parameter("amount", {"type": "number"}, unit=unit)
    assert bool(offered(text, parameter)) == may_be


def test_amounts_do_not_overlap() -> None:
    text = "at 11:30 pm, 12h30m49.4s, 45°12′36″N"
    assert [text[each.start : each.end] for each in amounts(text)] == ["11:30 pm", "12h30m49.4s", "45°12′36″N"]


PEOPLE = Parameter("n_total", {"type": "integer"}, description="How many participants took part, all groups together.")
SESSIONS = Parameter("sessions", {"type": "integer"}, description="How many sessions each participant attended.")
GROUPS_OF_PEOPLE = Parameter("n_groups", {"type": "integer"}, description="Number of groups of patients.")
DEATHS = Parameter("n_deaths", {"type": "integer"}, description="Number of deaths.")
SIZE = Parameter("n", {"type": "integer"}, description="Sample size.")
OTHER_KINDS: list[tuple[Parameter, str, list[float]]] = [
    (PEOPLE, "There were 104 trials, done by 24 people (12 men) in 2 groups; n = 23 in the end.", [24, 12, 23]),
    (PEOPLE, "Forty swimmers came for eight sessions; 36 remained.", [40, 36]),
    (PEOPLE, "24 pigs of 6 families, 3 schools", [24, 6]),
    (SESSIONS, "Each of the 24 patients came for 8 sessions, the 12 controls for 6.", [8, 6]),
    (GROUPS_OF_PEOPLE, "3 groups of 12 patients, in 36 visits", [3, 36]),
    (DEATHS, "12 patients died in 4 hospitals.", [12, 4]),
    (SIZE, "104 trials, 24 women", [104, 24]),
    (PEOPLE, "Six out of 36 runs and 20 maps of 18 people were discarded.", [6, 18]),
    (
        Parameter("trials_of_patients", {"type": "integer"}, description="How many trials"),
        "9 patients, 8 trials",
        [9, 8],
    ),
    (Parameter("dose", {"type": "number"}, unit="mg"), "24 patients had 10 mg", [10]),
]


@pytest.mark.parametrize(("parameter", "text", "expected"), OTHER_KINDS)
def test_beings_and_deeds_are_not_counted_for_each_other(
    parameter: Parameter, text: str, expected: list[float]
) -> None:
    assert offered(text, parameter) == expected

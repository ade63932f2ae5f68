"""units.py: how units are read, what they measure, and the way to the stored one."""

from __future__ import annotations

import pytest

from dsx.units import aliases, convert, rate_end, read_unit, same_unit, unit_end


@pytest.mark.parametrize(
    ("written", "unit"),
    [
        ("kg/m2", "kg/m²"),
        ("kg m−2", "kg/m^2"),
        ("g/cm3", "g cm^-3"),
        ("m s−1", "m/s"),
        ("m·s⁻¹", "m/s"),
        ("mg kg−1 d−1", "mg/kg/day"),
        ("mm Hg", "mmHg"),
        ("years old", "year"),
        ("y.o.", "years"),
        ("milli-seconds", "ms"),
        ("µm", "μm"),
        ("microns", "µm"),
        ("º", "deg"),
        ("deg C", "°C"),
        ("per cent", "%"),
        ("in.", "inch"),
        ("metres", "m"),
        ("W/(m K)", "W m−1 K−1"),
        ("N·m", "N m"),
        ("beats per minute", "bpm"),
        ("mmol/L", "mM"),
        ("1/s", "s−1"),
        ("trials", "trial"),
        ("Points", "points"),
    ],
)
def test_two_ways_to_write_one_unit(written: str, unit: str) -> None:
    assert same_unit(written, unit)
    assert convert(7, written, unit) == 7


@pytest.mark.parametrize(
    ("written", "unit"),
    [
        ("MHz", "mHz"), ("mm", "mM"), ("s", "S"), ("g", "G"), ("K", "k"), ("mW", "MW"), ("m", "m/s"), ("°", "°C"),
        ("points", "trials"), ("mg/kg", "ppm"), ("Hz", "bpm"), ("cm", "mm"),
    ],
)  # fmt: skip
def test_units_that_are_not_one(written: str, unit: str) -> None:
    assert not same_unit(written, unit)


@pytest.mark.parametrize(
    ("value", "written", "unit", "expected"),
    [
        (2, "cm", "mm", 20),
        (1.5, "years", "months", 18),
        (3, "°C", "K", 276.15),
        (3.5, "°C", "delta_degC", 3.5),
        (9, "°F", "delta_degC", 5),
        (2, "K", "delta_degC", 2),
        (90, "rpm", "deg/s", 540),
        (1.2, "g/cm3", "kg/m3", 1200),
        (50, "ppm", "%", 0.005),
        (180, "deg", "rad", 3.14159265359),
        (760, "mmHg", "kPa", 101.325014435),
        (72, "beats/min", "beats/s", 1.2),
        (0.1, "m", "mm", 100),
        (5, None, "mm", 5),
        (2, "furlong", "m", 402.336804674),
    ],
)
def test_convert(value: float, written: str | None, unit: str, expected: float) -> None:
    assert convert(value, written, unit) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    ("written", "unit"),
    [
        ("%", "mg/kg"), ("Hz", "deg/s"), ("points", "mm"), ("pt", "mm"), ("mm", "ms"), ("g/plant", "g"),
        ("mm", "trials"), ("beats", "%"), ("counts", "%"), ("rad/s", "Hz"), ("°", "%"), ("mm", "m2"),
    ],
)  # fmt: skip
def test_units_of_two_kinds_do_not_convert(written: str, unit: str) -> None:
    with pytest.raises(ValueError, match="is no unit of"):
        convert(1, written, unit)


@pytest.mark.parametrize(
    "written", ["", "((", "mm)", "years:", "9**9**9**9", "m**9**9**9", "\0", "a(", "m" * 5000, "1", "/"]
)
def test_what_is_no_unit(written: str) -> None:
    assert read_unit(written) is None


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("cm/s and", "cm/s"), ("mg per day", "mg per day"), ("m s−1.", "m s−1"), ("g/plant", "g/plant"),
        ("min. We", "min"), ("h later", "h"), ("m3)", "m3"), ("mmol", "mmol"), ("mouse", ""), ("F/10M", ""),
        ("plants", ""), ("m a", "m"), ("s 3", "s"), ("°/s", "°/s"), ("W/(m K),", "W/(m K)"), ("ms/", "ms"),
        ("years of age", "years of age"),
        ("percentile", ""), ("kg2.5", ""), ("m_1", ""),
    ],
)  # fmt: skip
def test_where_a_unit_ends(text: str, unit: str) -> None:
    assert text[: unit_end(text, 0)] == unit
    assert unit_end("7 " + text, 2) == 2 + len(unit)


def test_what_is_measured_stands_between_the_parts_of_a_unit() -> None:
    assert read_unit("kg of nitrogen per hectare and year") == read_unit("kg/ha/yr")
    assert same_unit("g of dry matter per plant", "g/plant")
    assert same_unit("kWh/(m2 a)", "kWh/m2/yr")
    assert same_unit("mg/kg daily", "mg/kg/d")
    assert convert(5, "g of feed per pot", "g") == 5


@pytest.mark.parametrize(
    ("text", "unit", "rate"),
    [
        ("mg daily", "mg", "mg daily"),
        ("mg/kg of body weight every day,", "mg/kg", "mg/kg of body weight every day"),
        ("g of protein per day", "g", "g of protein per day"),
        ("min a day", "min", "min"),
        ("m and a day", "m", "m"),
        ("mg a day later", "mg", "mg"),
        ("mg a day-long", "mg", "mg"),
        ("mg/kg and day 3", "mg/kg", "mg/kg"),
        ("mg/kg twice daily", "mg/kg", "mg/kg"),
        ("mg every other day", "mg", "mg"),
        ("mg daily injections", "mg", "mg"),
        ("mg tablets per day", "mg", "mg"),
        ("mm soil cores per ha", "mm", "mm"),
        ("kg was given per hectare", "kg", "kg"),
    ],
)
def test_where_a_rate_ends(text: str, unit: str, rate: str) -> None:
    assert text[: unit_end(text, 0)] == unit
    assert text[: rate_end(text, 0)] == rate


def test_an_answer_may_be_given_in_any_unit_of_the_kind() -> None:
    assert aliases("mm")[0] == "mm"
    assert {"cm", "µm", "inches"} < set(aliases("mm"))
    assert len(aliases("mm")) == len(set(aliases("mm")))
    assert not {"ms", "deg", "%"} & set(aliases("mm"))
    assert aliases("%") == ("%", "percent", "per cent")
    assert aliases("trials") == ("trials",)
    assert {"rad", "°"} < set(aliases("deg"))
    assert "Hz" not in aliases("deg/s")


IN_BASE_UNITS = {
    "s": {
        1: "s sec secs second seconds", 1e-3: "ms msec msecs millisecond milliseconds", 60: "min mins minute minutes",
        3600: "h hr hrs hour hours", 86400: "d day days", 604800: "wk wks week weeks", 2629800: "mo mos month months",
        31557600: "y yr yrs year years yo", 1e-6: "µs us microseconds", 1e-9: "ns", 1e-12: "ps", 1e-15: "fs",
    },
    "m": {
        1: "m meter meters metre metres", 1e-9: "nm", 1e-6: "µm μm um micron microns micrometres",
        1e-3: "mm millimeters millimetres", 1e-2: "cm centimeters centimetres", 0.1: "dm decimeter",
        1000: "km kilometers",
        0.0254: "in inch inches ″ \"", 0.3048: "ft foot feet", 0.9144: "yd yard yards", 1609.344: "mi mile miles",
        1e-10: "Å angstrom angstroms",
    },
    "g": {
        1: "g gram grams gramme", 1e-9: "ng", 1e-6: "µg μg mcg", 1e-3: "mg milligrams", 1000: "kg kilograms",
        1e6: "tonne tonnes", 453.59237: "lb lbs pound pounds", 28.349523125: "oz ounce ounces",
    },
    "L": {
        1: "L l liter liters litre litres", 1e-6: "µL μL µl μl", 1e-3: "mL ml milliliter millilitres cc", 0.1: "dL dl",
        0.01: "cL cl",
    },
    "Hz": {1: "Hz hertz", 1e3: "kHz kilohertz", 1e6: "MHz megahertz", 1e9: "GHz", 1e-3: "mHz"},
    "V": {1: "V volt volts", 1e-3: "mV millivolts", 1e-6: "µV", 1e3: "kV"},
    "A": {1: "A ampere amperes amp amps", 1e-3: "mA milliamps", 1e-12: "pA", 1e-9: "nA"},
    "Pa": {
        1: "Pa pascal", 1e3: "kPa kilopascals", 1e6: "MPa", 1e9: "GPa", 1e5: "bar", 100: "hPa mbar", 101325: "atm",
        133.322387415: "mmHg", 98.0665: "cmH2O", 133.322368421: "Torr torr", 6894.75729317: "psi",
    },
    "J": {1: "J joule joules", 1e3: "kJ", 4.184: "cal calorie calories", 4184: "kcal"},
    "W": {1: "W watt watts", 1e-3: "mW milliwatts", 1e6: "MW"},
    "N": {1: "N newton newtons", 1e-3: "mN", 1e3: "kN"},
    "mol": {1: "mol mole moles", 1e-3: "mmol", 1e-6: "µmol"},
    "M": {1: "M molar", 1e-3: "mM millimolar", 1e-6: "µM μM", 1e-9: "nM"},
    "rad": {
        1: "rad radian radians", 0.0174532925199: "° deg degs degree degrees", 0.000290888208666: "arcmin arcmins",
        4.8481368111e-06: "arcsec arcsecs", 6.28318530718: "rev revs revolution revolutions",
    },
    "%": {1: "% percent", 0.1: "‰", 1e-4: "ppm", 1e-7: "ppb"},
    "K": {1: "K kelvin", 274.15: "°C ℃ C", 255.927777778: "°F ℉"},
    "eV": {1: "eV electronvolt electronvolts", 1000: "keV", 1e6: "MeV"},
    "ohm": {1: "Ω ohm ohms", 1e3: "kΩ", 1e6: "MΩ"},
    "T": {1: "T tesla", 1e-3: "mT"},
    "S": {1: "S siemens", 1e-3: "mS"},
    "F": {1e-6: "µF", 1e-12: "pF"},
    "coulomb": {1e-3: "mC", 1e-6: "µC"},
    "Gy": {1: "Gy gray"},
    "Sv": {1e-3: "mSv", 1: "sievert"},
    "Bq": {1: "Bq becquerels", 1e6: "MBq"},
    "Da": {1: "Da dalton daltons", 1000: "kDa"},
    "ha": {1: "ha hectare hectares", 0.404687260987: "acre acres"},
    "beats/min": {1: "bpm"},
    "fps": {1: "fps"},
    "pixels": {1: "px pixel"},
    "breaths/min": {1: "breath/min"},
    "cells/mL": {1: "cell/mL"},
    "words/min": {1: "word/min"},
    "IU/L": {1: "IU/l"},
    "mEq/L": {1: "mEq/l"},
    "Eq/L": {1: "Eq/l"},
    "dB": {1: "dB"},
}  # fmt: skip


@pytest.mark.parametrize(
    ("written", "unit", "size"),
    [
        (written, unit, size)
        for unit, sizes in IN_BASE_UNITS.items()
        for size, forms in sizes.items()
        for written in forms.split()
    ],
)
def test_each_written_form_has_its_size(written: str, unit: str, size: float) -> None:
    assert convert(1, written, unit) == pytest.approx(size, rel=1e-6)
    if unit_end("1 " + written, 2) > 2:
        assert unit_end("1 " + written, 2) == 2 + len(written)


@pytest.mark.parametrize(
    ("phrase", "unit"),
    [
        ("percentage", "%"), ("mm Hg", "mmHg"), ("cm H2O", "cmH2O"), ("years old", "year"), ("year-old", "year"),
        ("years of age", "year"), ("y/o", "year"), ("degrees Celsius", "°C"), ("deg F", "°F"),
        ("arc minutes", "arcmin"), ("arc seconds", "arcsec"), ("electron volts", "eV"), ("international units", "IU"),
        ("revolutions per minute", "rpm"), ("''", "inch"), ("degrees of arc", "deg"), ("micro-litres", "µL"),
    ],
)  # fmt: skip
def test_units_of_several_words(phrase: str, unit: str) -> None:
    assert unit_end(f"1 {phrase},", 2) == 2 + len(phrase)
    assert convert(1, phrase, unit) == 1


def test_every_alias_can_be_offered() -> None:
    every = [alias for unit in IN_BASE_UNITS for alias in aliases(unit)]
    assert all(read_unit(alias) is not None for alias in every)
    assert aliases("s") == (
        "s", "ms", "msec", "millisecond", "milliseconds", "sec", "secs", "second", "seconds", "min", "mins", "minute",
        "minutes", "h", "hr", "hrs", "hour", "hours", "d", "day", "days", "week", "weeks", "month", "months", "y", "yr",
        "yrs", "year", "years", "years old",
    )  # fmt: skip

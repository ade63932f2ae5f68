"""units.py: how units are read, what they measure, and the way to the stored one."""

from __future__ import annotations

import pytest

from dsx.units import aliases, convert, read_unit, same_unit, unit_end


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


def test_an_answer_may_be_given_in_any_unit_of_the_kind() -> None:
    assert aliases("mm")[0] == "mm"
    assert {"cm", "µm", "inches"} < set(aliases("mm"))
    assert len(aliases("mm")) == len(set(aliases("mm")))
    assert not {"ms", "deg", "%"} & set(aliases("mm"))
    assert aliases("%") == ("%", "percent", "per cent")
    assert aliases("trials") == ("trials",)
    assert {"rad", "°"} < set(aliases("deg"))
    assert "Hz" not in aliases("deg/s")

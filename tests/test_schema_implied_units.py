"""The unit that a number's own words state, where no `x-unit` is given."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from pydantic import BaseModel, Field

from dsx.cli.schema import command
from dsx.fill.earlier import changes
from dsx.report.codebook import codebook
from dsx.report.columns import columns
from dsx.schema import check, parameter_set, read, read_fields
from dsx.types import Parameter
from tests.test_fill_placed import COUNT, fill, options

NUMBER, INTEGER = {"type": "number"}, {"type": "integer"}
NUMBERS = {"type": "array", "items": NUMBER}


def asked(name: str, schema: dict[str, Any], **beside: Any) -> Parameter:
    """The parameter `name` of a set."""
    return read({"type": "object", "properties": {name: schema, **beside}}, "test").root.parameters[0]


@pytest.mark.parametrize(
    ("words", "unit"),
    [
        ("Mean age in years.", "year"),
        ("Mean age (in years of age)", "year"),
        ("How long it lasted, in weeks, all phases together.", "week"),
        ("Delay in weeks, not in days.", "week"),
        ("Dose in mg/kg; the first one", "mg/kg"),
        ("Speed in km per hour", "km per hour"),
        ("Share in %.", "%"),
        ("Share of women (%)", "%"),
        ("Women as a percentage of all.", "%"),
        ("Percentage of women", "%"),
        ("Weight [kg], mean", "kg"),
        ("Systolic pressure (mm Hg)", "mm Hg"),
        ("Body mass index (kg/m²)", "kg/m²"),
        ("Dose (IU)", "IU"),
        ("Reaction time (s)", "s"),
        ("Height (m)", "m"),
        ("Duration (min)", "min"),
        ("Angle in degrees", "degree"),
        ("Temperature (°C)", "°C"),
        ("Age (year)", "year"),
    ],
)
def test_a_description_states_a_unit(words: str, unit: str) -> None:
    for schema in (NUMBER, NUMBERS):
        stated = asked("a", {**schema, "description": words})
        assert (stated.unit, stated.unit_source) == (unit, "description")
    assert asked("a", {"type": "array", "items": {**NUMBER, "description": words}}).unit == unit
    assert asked("a", {**NUMBER, "title": words}).unit_source == "title"


@pytest.mark.parametrize(
    "words",
    [
        "Number of participants (N)",
        "Number of weeks (s)",
        "How many were treated, in weeks.",
        "Mean age (M)",
        "Participant(s)",
        "Women, n (%)",
        "No. (%) of women",
        "A proportion from 0 to 1, not as a percentage.",
        "Effect size (g)",
        "Cohen's d (d)",
        "Gestational age (GA)",
        "Molecular weight (MW)",
        "Signal to noise (S/N)",
        "Where it applies (N/A)",
        "Magnesium (Mg)",
        "p value (ns)",
        "Youngest age (min)",
        "Temperature in degrees.",
        "Costs in pounds.",
        "Expression in cells.",
        "Mean score in points.",
        "Delay in hours, minutes or days.",
        "Dose in mg or g.",
        "Change in weight",
        "Time (h) or (min)",
        "Odds ratio of stroke by LDL (mg/dL)",
        "Correlation between age (years) and score",
        "p value of age (years)",
    ],
)
def test_words_that_state_no_unit(words: str) -> None:
    assert asked("a", {**NUMBER, "description": words}).unit is None


UNITS_OF_NAMES = {
    "age_years": "year", "durationWeeks": "week", "dose_mg": "mg", "dose.amount_mg": "mg", "share_pct": "%",
    "percent_female": "%", "duration_min": "min", "speed_cm_s": "cm/s", "bmi_kg_m2": "kg/m2", "temp_celsius": "°C",
    "dose_mg_per_kg": "mg/kg", "dose_mg_per_day": "mg/day", "age_years_min": "year", "weight_kg_mean": "kg",
}  # fmt: skip
NO_UNITS = """n_weeks number_of_weeks weeks age_min publication_year visits_per_week weight_kg_m weight_kg_h torque_nm
temperature_deg per_kg mean age_s min flow_ml_min vo2max_ml_kg_min dose_mg_min mortality_30_days weight_12_weeks"""


@pytest.mark.parametrize(("name", "unit"), [*UNITS_OF_NAMES.items(), *((name, None) for name in NO_UNITS.split())])
def test_a_name_states_a_unit(name: str, unit: str | None) -> None:
    *outer, last = name.split(".")
    schema = {"type": "object", "properties": {last: NUMBER}} if outer else NUMBER
    stated = asked(outer[0] if outer else name, schema)
    assert (stated.name, stated.unit, stated.unit_source) == (name, unit, "name" if unit else "")


def test_a_minimum_beside_a_maximum_is_no_minute() -> None:
    assert asked("durationMin", NUMBER).unit == "min"
    assert asked("durationMin", NUMBER, durationMax=NUMBER).unit is None
    assert asked("duration_min", {**NUMBER, "description": "Shortest duration"}).unit is None
    assert asked("dose_mg_min", NUMBER, dose_mg_max=NUMBER).unit == "mg"


def test_name_and_description_must_agree() -> None:
    assert asked("delay_ms", {**NUMBER, "description": "Delay (milliseconds)"}).unit == "millisecond"
    assert asked("delay_ms", {**NUMBER, "description": "Delay (s)"}).unit is None


def test_whole_numbers_are_counts_until_they_say_more() -> None:
    assert asked("duration_weeks", INTEGER).unit == "week"
    assert asked("women", {**INTEGER, "description": "Share of women (%)"}).unit == "%"
    for name, words in (("n_female", "Women (%)"), ("visit", "Visit (week)"), ("people", "People (m)")):
        stated = asked(name, {**INTEGER, "description": words})
        assert (stated.unit, stated.derive) == (None, True)
    assert asked("when", {**INTEGER, "minimum": 1900, "description": "In years."}).unit is None


@pytest.mark.parametrize("schema", [{"type": "string"}, {"enum": [5, 10]}, {"anyOf": [NUMBER, {"enum": ["none"]}]}])
def test_only_numbers_have_a_unit_by_their_words(schema: dict[str, Any]) -> None:
    assert asked("age_years", {**schema, "description": "Age in years."}).unit is None


def test_it_behaves_as_a_unit_that_is_given() -> None:
    implied = {"type": "object", "properties": {"duration_weeks": {**INTEGER, "description": "How long it lasted."}}}
    given = json.loads(json.dumps(implied))
    given["properties"]["duration_weeks"]["x-unit"] = "week"
    stated = read(implied, "test")
    [duration] = stated.root.parameters
    text = "They trained for 14 days."
    value = fill(text, duration, {"value": 14, "unit": "days", "quote": text})
    assert (value.value, value.raw, value.unit, duration.derive) == (2, 14, "days", False)
    assert options(text, COUNT) == []
    assert list(changes([read(given, "test").root], stated.root)) == [], "nothing is asked again"
    [row] = codebook(columns(stated))
    assert row["unit"] == "week"


def test_null_and_none_switch_it_off() -> None:
    off = {**INTEGER, "description": "Duration in weeks.", "x-unit": None}
    assert (asked("duration_weeks", off).unit, asked("duration_weeks", off).derive) == (None, True)
    assert check({"type": "object", "properties": {"a": off, "b": {"type": "string", "x-unit": None}}}) == []
    parameters = read_fields(
        "age_years: float, weight_kg: float [g], run_min: float [none], delay_ms: float [none]"
    ).root
    assert [parameter.unit for parameter in parameters.parameters] == ["year", "g", None, None]


def test_a_field_of_a_class_states_it_too() -> None:
    class Trial(BaseModel):
        age_mean: float | None = Field(None, description="Mean age in years.")
        dose_mg: float | None = None
        delay_s: float | None = Field(None, description="Delay (s)", json_schema_extra={"x-unit": None})

    stated = parameter_set(Trial, "trial").root.parameters
    assert [(each.unit, each.unit_source) for each in stated] == [("year", "description"), ("mg", "name"), (None, "")]


def test_check_and_show_say_where_it_comes_from(tmp_path: Path) -> None:
    path = tmp_path / "set.json"
    properties = {"age_mean": {**NUMBER, "description": "Mean age in years."}, "dose": {**NUMBER, "x-unit": "mg"}}
    path.write_text(json.dumps({"type": "object", "properties": properties}))
    checked = CliRunner().invoke(command, ["check", str(path)], standalone_mode=False)
    assert checked.output.splitlines() == [
        f"{path}: good",
        f"{path}: /properties/age_mean: unit: year (from its description)",
    ]
    shown = CliRunner().invoke(command, ["show", str(path)], standalone_mode=False).output
    assert "year (from its description)" in shown
    assert shown.count("(from its") == 1

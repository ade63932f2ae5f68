"""Parameter sets: both directions, what is refused and in which words."""

from __future__ import annotations

import io
import json
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from pydantic import BaseModel, Field, ValidationError

from dsx.cli.schema import check_files, export, show_set
from dsx.errors import SchemaError
from dsx.recipe import Recipe
from dsx.schema import check, kind_of, nullable, parameter_set, pydantic_model, read, read_schema
from dsx.schema.checking import ANNOTATIONS
from dsx.schema.describing import describe
from dsx.schema.leaves import REFUSED as REFUSALS
from dsx.schema.values import validator

FOLDER = Path(__file__).parent
BROKEN = FOLDER / "broken_schemas"


class Route(StrEnum):
    """How a drug is given."""

    ORAL = "oral"
    INTRAVENOUS = "intravenous"


class Dose(BaseModel):
    """An amount and how often."""

    amount: float = Field(gt=0, json_schema_extra={"x-unit": "mg", "x-synonyms": ["dosage"]})
    per_day: int | None = Field(None, ge=1, le=24)


class Arm(BaseModel):
    """One arm."""

    drug: str = Field(max_length=40, pattern="^[A-Za-z -]+$")
    route: Route | None = Field(None, description="How it was given.")
    dose: Dose
    later: list[Dose] = []


class Trial(BaseModel):
    """A trial."""

    blinded: bool | None = None
    sites: list[str] | None = Field(None, max_length=3)
    arms: list[Arm] = Field(default_factory=list, json_schema_extra={"x-max-records": 4})


@pytest.fixture
def trial(tmp_path: Path) -> Any:
    """The set of `Trial`, by way of a file."""
    file = tmp_path / "trial.json"
    file.write_text(json.dumps(parameter_set(Trial, "trial").schema), "utf-8")
    return read_schema(file)


def test_a_pydantic_model_by_way_of_a_file_is_the_same_set(trial: Any) -> None:
    assert trial == parameter_set(Trial, "trial")
    assert [parameter.name for parameter in trial.root.parameters] == ["blinded", "sites"]
    [arms] = trial.root.children
    assert arms.max_records == 4
    assert [parameter.name for parameter in arms.parameters] == ["drug", "route", "dose.amount", "dose.per_day"]
    amount = arms.parameters[2]
    assert (amount.unit, amount.synonyms) == ("mg", ("dosage",))
    assert amount.pointer == "/properties/arms/items/properties/dose/properties/amount"
    assert arms.parameters[1].schema == {"enum": ["oral", "intravenous"]}
    assert arms.parameters[1].description == "How it was given."
    assert [child.name for child in arms.children] == ["later"]


RIGHT = {"blinded": True, "sites": ["Lund"], "arms": [{"drug": "A", "route": "oral", "dose": {"amount": 0.3}}]}
WRONG = [
    {"blinded": "yes"},
    {"blinded": 1},
    {"sites": ["a", "b", "c", "d"]},
    {"arms": [{"drug": "A1"}]},
    {"arms": [{"drug": "A", "route": "rectal"}]},
    {"arms": [{"dose": {"amount": 0}}]},
    {"arms": [{"dose": {"per_day": 1.5}}]},
    {"arms": [{"later": [{"per_day": 25}]}]},
    {"arms": [{"dose": 3}]},
    {"arms": {}},
    {"title": "unknown"},
]


def test_the_model_of_the_file_validates_as_the_first_one_does(trial: Any) -> None:
    model = pydantic_model(trial)
    assert json.loads(model.model_validate(RIGHT).model_dump_json(exclude_unset=True)) == RIGHT
    assert model.model_validate({"arms": [{"dose": {"amount": None}}]})  # any leaf may be missing
    for wrong in WRONG:
        with pytest.raises(ValidationError):
            model.model_validate(wrong)


def test_the_model_s_own_schema_is_a_set_again(trial: Any) -> None:
    again = parameter_set(pydantic_model(trial), "trial")
    assert [parameter.schema for parameter in again.root.children[0].parameters] == [
        parameter.schema for parameter in trial.root.children[0].parameters
    ]


def test_each_broken_file_gives_one_precise_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(FOLDER)
    files = [f"broken_schemas/{file.name}" for file in sorted(BROKEN.glob("*.json"))]
    assert len(files) >= 10
    done = CliRunner().invoke(check_files, files, standalone_mode=False)
    assert done.output == (BROKEN / "messages.txt").read_text("utf-8")
    assert done.output.count("\n") == len(files)
    assert [CliRunner().invoke(check_files, [file], standalone_mode=False).return_value for file in files] == [2] * len(
        files
    )


def test_classes_and_sets_of_plugins_are_checked_by_name(tmp_path: Path) -> None:
    (tmp_path / "m.py").write_text("from pydantic import BaseModel\nclass Nap(BaseModel):\n    age_years: float\n")
    done = CliRunner().invoke(check_files, [f"{tmp_path}/m.py:Nap", "motor"], standalone_mode=False)
    assert (done.return_value, done.output.count(": good\n")) == (0, 2)
    assert f"{tmp_path}/m.py:Nap: /properties/age_years: unit: year (from its name)" in done.output
    refused = CliRunner().invoke(check_files, [f"{tmp_path}/m.py"], standalone_mode=False)
    assert f"{tmp_path}/m.py:Trial; there are: Nap" in str(refused.exception)


def one(schema: Any, **beside: Any) -> Any:
    """The schema of the only leaf of a set."""
    return read({"type": "object", "properties": {"a": schema}, **beside}, "test").root.parameters[0].schema


def test_what_stands_beside_a_reference_holds_too() -> None:
    defs = {"n": {"type": "integer", "minimum": 0, "maximum": 9}}
    both = one({"$ref": "#/$defs/n", "maximum": 20, "minimum": 3}, **{"$defs": defs})
    assert both == {"type": "integer", "minimum": 3, "maximum": 9}
    assert one({"allOf": [{"enum": [1, 2, True]}, {"enum": [2, True, 3]}], "type": "integer"}) == {"enum": [2]}
    assert one({"type": ["number", "null"], "anyOf": [{"type": "integer"}, {"type": "string"}], "maximum": 2}) == {
        "type": "integer",
        "maximum": 2,
        "minimum": -(10**15),
    }


def test_a_schema_without_types_is_read_by_its_keywords() -> None:
    assert one({}) == one(True) == {"type": "string", "maxLength": 200}
    assert one({"minimum": 3, "multipleOf": 2}) == {"type": "number", "minimum": 3, "multipleOf": 2, "maximum": 10**15}
    assert one({"maxItems": 2})["type"] == "array"


def test_unknown_keywords_are_ignored_and_kept() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "boolean", "nullable": True, "example": 1}}}
    made = read(schema, "test")
    assert made.root.parameters[0].schema == {"type": "boolean"}
    assert made.schema == schema


REFUSED = {
    "/properties/a/minProperties": {"properties": {"b": {}}, "minProperties": 1},
    "/properties/a/anyOf": {"properties": {"b": {}}, "anyOf": [{"required": ["b"]}, {"required": ["c"]}]},
    "/properties/a/required": {"properties": {"b": {}}, "required": ["c"]},
    "/properties/a/contains": {"type": "array", "items": {"properties": {"b": {}}}, "contains": {"required": ["b"]}},
    "/properties/a/uniqueItems": {"type": "array", "items": {"properties": {"b": {}}}, "uniqueItems": True},
    "/properties/a/properties/b.c": {"properties": {"b.c": {}}},
    "/properties/a/$ref": {"$ref": "#anchor"},
    "/properties/a/$id": {"$id": "other", "type": "string"},
    "/properties/a/allOf/1/pattern": {"allOf": [{"pattern": "a"}, {"pattern": "b"}]},
    "/properties/a": False,
    "/properties/a/type": {"type": "null"},
    "/properties/a/oneOf": {"oneOf": [{"type": "string"}, {"const": "a"}]},
}


@pytest.mark.parametrize("pointer", REFUSED)
def test_nothing_that_changes_what_is_valid_is_passed_over(pointer: str) -> None:
    problems = check({"type": "object", "properties": {"a": REFUSED[pointer]}})
    assert [problem.split(": ")[0] for problem in problems] == [pointer]


def test_every_problem_is_told_at_once() -> None:
    schema = {"type": "object", "properties": {"a": {"not": {}}, "b": {"type": "object"}, "c": {"const": None}}}
    with pytest.raises(SchemaError) as caught:
        read(schema, "test")
    assert len(caught.value.problems) == 3


@pytest.mark.parametrize("other", [{"enum": [None]}, {"type": ["string", "null"]}, {"not": {"type": "object"}}, True])
def test_null_is_valid_for_one_branch_of_one_of(other: Any) -> None:
    schema = nullable({"oneOf": [{"const": None}, {"const": False}, other]})
    assert validator(schema).is_valid(None)


def test_nullable_keeps_every_part_at_its_place() -> None:
    schema = {
        "type": "object",
        "properties": {"a": {"type": "array", "items": {"const": 3}, "minItems": 2}, "b": {"$ref": "#/properties/a"}},
        "allOf": [{"properties": {"c": {"oneOf": [{"type": "string"}, {"type": "integer"}]}}}],
    }
    loose = validator(nullable(schema))
    assert loose.is_valid({"a": None, "b": None, "c": None})
    assert loose.is_valid({"a": [3], "b": [], "c": 1})
    assert not loose.is_valid({"a": [4]})
    assert not loose.is_valid({"c": 1.5})


def test_a_step_is_counted_in_decimals() -> None:
    assert validator({"multipleOf": 0.1}).is_valid(0.3)
    assert not validator({"multipleOf": 0.1}).is_valid(0.35)
    assert validator({"multipleOf": 7}).is_valid(7e300)


SHOWN = {
    "text of at most 200 characters": {},
    "text of at most 9 characters like ^[a-z]+$": {"pattern": "^[a-z]+$", "maxLength": 9},
    "text of at most 10 characters (date)": {"format": "date"},
    "text of at most 200 characters (idn-email) (checked after the answer)": {"format": "idn-email"},
    "whole number of at most 15 digits": {"type": "integer"},
    "number over 0 to 1 with at most 6 decimals": {"type": "number", "exclusiveMinimum": 0, "maximum": 1},
    "number from 0 to 5 in steps of 0.5": {"minimum": 0, "maximum": 5, "multipleOf": 0.5},
    "list of 1 to 8, each text of at most 60 characters": {"type": "array"},
    "list of 1 to 3, each one of a, b, c, all different": {
        "type": "array",
        "items": {"enum": ["a", "b", "c"]},
        "uniqueItems": True,
    },
    "list of 2, each yes or no, all different (checked after the answer)": {
        "items": {"type": "boolean"},
        "minItems": 2,
        "maxItems": 2,
        "uniqueItems": True,
    },
    "whole number to 9 of at most 15 digits or one of n/a, none": {
        "anyOf": [{"type": "integer", "maximum": 9}, {"enum": ["n/a", "none"]}]
    },
    "choice": {"const": 3},
}


@pytest.mark.parametrize("words", SHOWN)
def test_types_and_bounds_are_told_in_words(words: str) -> None:
    assert describe(one(SHOWN[words])) == words


def test_show_tells_all_that_a_researcher_asks() -> None:
    done = CliRunner().invoke(show_set, [str(FOLDER.parent / "schemas" / "trials.json")], standalone_mode=False)
    rows = [[cell.strip() for cell in line.strip("│").split("│")] for line in done.output.splitlines() if "│" in line]
    by_name = {row[0]: row for row in rows}
    assert by_name["dose.amount"][2:] == ["mg", "", "methods", "152", "6"]
    assert by_name["blinding"][3] == "open, single, double, triple"
    assert "[A-Z]" in _shown({"pattern": "^[A-Z]$"})  # no markup
    assert "true, false" in _shown({"type": "boolean", "x-choices": {"true": "in the shade"}}), (
        "as x-choices names them"
    )
    assert "trials / arms (at most 8)" in done.output


@pytest.mark.parametrize(
    ("options", "questions"),
    [
        ("", ["1", "2–4", "5", "6", "7"]),
        ("--per-question 2", ["1", "2–4", "5", "6", "5"]),
        ("--choices together", ["1", "2", "3", "4", "5"]),
        ("--values written", ["1", "2", "3", "4", "5"]),
        ("--values written --per-question 2", ["1", "1", "2", "2", "3"]),
    ],
)
def test_show_numbers_the_questions_as_they_are_asked(options: str, questions: list[str], tmp_path: Path) -> None:
    """A list of choices is a question for each, what is taken from places is asked alone."""
    free = {"type": "string", "x-free": True}
    weeding = {"type": "array", "items": {"enum": ["hand", "herbicide", "mulch"]}}
    asked = {"n": {"type": "integer"}, "weeding": weeding, "notes": free, "site": {"type": "string"}, "remarks": free}
    (tmp_path / "set.json").write_text(json.dumps({"type": "object", "properties": asked}))
    done = CliRunner().invoke(show_set, [str(tmp_path / "set.json"), *options.split()], standalone_mode=False)
    rows = [line.strip("│").split("│") for line in done.output.splitlines() if line.startswith("│")]
    assert [row[-1].strip() for row in rows] == questions
    assert ("asked choice by choice" in done.output) == ("2–4" in questions)


def _shown(schema: Any) -> str:
    from rich.console import Console

    from dsx.report.parameter_table import tables

    console = Console(width=200, record=True, file=io.StringIO())
    for table in tables(read({"type": "object", "properties": {"a": schema}}, "test"), Recipe(schema_name="test")):
        console.print(table)
    return console.export_text()


def test_export_writes_the_schema_with_all_that_stood_in_it(tmp_path: Path) -> None:
    source, target = FOLDER.parent / "schemas" / "materials.json", tmp_path / "again.json"
    CliRunner().invoke(export, [str(source), "-o", str(target)], standalone_mode=False)
    assert json.loads(target.read_text("utf-8")) == json.loads(source.read_text("utf-8"))
    assert read_schema(target).root == read_schema(source).root


def test_the_page_names_every_annotation_and_every_refusal() -> None:
    page = (FOLDER.parent / "docs" / "schema.md").read_text("utf-8")
    assert [key for key in (*ANNOTATIONS, *REFUSALS) if f"`{key}`" not in page] == []


@pytest.mark.parametrize(
    ("schema", "kind"),
    [
        ({"type": "integer"}, "number"),
        ({"type": "number", "x-unit": "mm"}, "number"),
        ({"type": "array", "items": {"type": "number"}}, "numbers"),
        ({"enum": ["a", 3]}, "choice"),
        ({"const": 3}, "choice"),
        ({"type": "boolean"}, "choice"),
        ({"type": "array", "items": {"enum": ["a", "b"]}}, "choices"),
        ({"type": "array", "items": {"type": "boolean"}}, "choices"),
        ({"type": "string"}, "text"),
        ({"type": "array", "items": {"type": "string"}}, "texts"),
        ({"type": "string", "x-free": True}, "free"),
        ({"type": "string", "pattern": "^[a-z]+$"}, "free"),
        ({"type": "string", "format": "date"}, "free"),
        ({"type": "array", "items": {"type": "string", "format": "date"}}, "free"),
        ({"anyOf": [{"type": "integer"}, {"enum": ["none"]}]}, "free"),
        ({"type": "array", "items": {"anyOf": [{"type": "integer"}, {"type": "boolean"}]}}, "free"),
        ({"type": "array", "prefixItems": [{"type": "integer"}], "items": {"type": "integer"}}, "free"),
    ],
)
def test_the_kind_of_a_parameter(schema: dict[str, Any], kind: str) -> None:
    assert kind_of(read({"type": "object", "properties": {"a": schema}}, "test").root.parameters[0]) == kind

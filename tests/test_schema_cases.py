"""`schema check` holds what it calls good: annotations, units, normalisers, unions, choices."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from click.testing import CliRunner
from pydantic import BaseModel, Field

from dsx.cli.schema import command
from dsx.errors import SchemaError
from dsx.schema import check, parameter_set, read, read_schema


def problems(schema: dict[str, Any]) -> list[str]:
    """Of a set with this one parameter."""
    return check({"type": "object", "properties": {"a": schema}})


@pytest.mark.parametrize(
    ("schema", "problem"),
    [
        ({"type": "number", "x-units": "mg"}, "/properties/a/x-units: no annotation of dsx; 'x-unit' is meant?"),
        (
            {"type": "array", "items": {"type": "number", "x-synonym": ["d"]}},
            "items/x-synonym: no annotation of dsx; 'x-",
        ),
        ({"type": "number", "x-zzz": 1}, "x-zzz: no annotation of dsx; there are x-unit, x-synonyms, "),
        ({"type": "number", "x-unit": "milligrams per kilo"}, "no unit 'milligrams per kilo' is known; write it as"),
        ({"type": "number", "x-unit": "milimeters"}, "no unit 'milimeters' is known; 'millimeters' is meant?"),
        ({"type": "string", "x-unit": "mg"}, "/properties/a/x-unit: a unit of something that is no number"),
        ({"type": "array", "items": {"enum": ["b"], "x-unit": "mg"}}, "/x-unit: a unit of something that is no number"),
        *(
            (
                {"type": "number", key: "mg"},
                f"a/{key}: no keyword of JSON Schema, so nothing is held to it; 'x-unit' is",
            )
            for key in ("X-Unit", "x_unit", "xUnit", "unit", "units")
        ),
        *(
            ({"type": "number", key: 1}, f"a/{key}: no keyword of JSON Schema, so nothing is held to it; '{meant}' is")
            for key, meant in {
                "minimun": "minimum",
                "Maximum": "maximum",
                "typ": "type",
                "descripton": "description",
            }.items()
        ),
        ({"enum": ["b"], "x-choices": {"c": "x"}}, "/properties/a/x-choices: 'c' is no choice; there are b"),
        ({"type": "string", "x-choices": {"c": "x"}}, "a/x-choices: 'c' is no choice; it has none: list them as enum"),
    ],
)
def test_a_mistyped_annotation_is_a_problem(schema: dict[str, Any], problem: str) -> None:
    [line] = problems(schema)
    assert problem in line


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "number", "x-unit": "mg/kg"},
        {"type": ["integer", "null"], "x-unit": "years"},
        {"type": "array", "items": {"type": "number"}, "x-unit": "°"},
        {"anyOf": [{"type": "number", "x-unit": "mm"}, {"enum": ["none"]}]},
        {"enum": [5, 10], "x-unit": "mg"},
    ],
)
def test_a_unit_of_numbers_is_good(schema: dict[str, Any]) -> None:
    assert problems(schema) == []


@pytest.mark.parametrize("key", ["note", "example", "nullable", "$comment", "label", "definitions"])
def test_words_for_other_tools_are_passed_over(key: str) -> None:
    assert problems({"type": "number", key: {} if key == "definitions" else "x"}) == []


def test_what_true_and_false_mean_is_kept() -> None:
    shade = {"type": "boolean", "x-choices": {"true": "in the shade", "false": "in full sun"}}
    [parameter] = read({"type": "object", "properties": {"p": shade}}, "t").root.parameters
    assert [(choice.value, choice.description) for choice in parameter.choices] == [
        (True, "in the shade"),
        (False, "in full sun"),
    ]


def test_what_is_nested_too_deeply_and_names_that_cannot_be_shown_are_named(tmp_path: Path) -> None:
    schema: dict[str, Any] = {"type": "number"}
    for _ in range(400):
        schema = {"type": "object", "properties": {"b": schema}}
    assert check(schema) == ["/: nested too deeply to be read; use fewer levels"]
    (tmp_path / "s.json").write_text('{"properties":' * 5000)
    with pytest.raises(SchemaError, match=r"nested too deeply|not JSON"):
        read_schema(tmp_path / "s.json")
    assert "characters that cannot be shown" in check({"type": "object", "properties": {"a\x1b[31m": {}}})[0]


def test_a_class_that_no_json_holds_is_refused_by_name() -> None:
    class Odd(BaseModel):
        done: Callable[[], None]

    with pytest.raises(SchemaError, match="a field that JSON cannot hold"):
        parameter_set(Odd, "odd")
    with pytest.raises(SchemaError, match="is no Pydantic model"):
        parameter_set(int, "int")  # type: ignore[arg-type]


@pytest.mark.parametrize("union", ["anyOf", "oneOf"])
def test_a_union_with_objects_is_refused_with_what_to_write(union: str) -> None:
    fixed = {"type": "object", "properties": {"kind": {"const": "fixed"}, "mg": {"type": "number"}}}
    other = {"type": "object", "properties": {"kind": {"const": "range"}, "low": {"type": "number"}}}
    for branches in ([fixed, other], [{"type": "array", "items": {"type": "string"}}, fixed]):
        [line] = problems({union: branches})
        assert f"/properties/a/{union}: objects as branches of a union" in line
        assert "write one object with the properties of all" in line


def test_a_discriminated_union_of_classes_is_refused_and_a_decimal_is_a_number() -> None:
    class Fixed(BaseModel):
        kind: Literal["fixed"]

    class Ranged(BaseModel):
        kind: Literal["range"]

    class Doses(BaseModel):
        dose: Annotated[Fixed | Ranged, Field(discriminator="kind")]

    class Priced(BaseModel):
        price: Annotated[Decimal, Field(ge=0)] | None = None

    with pytest.raises(SchemaError, match="objects as branches of a union"):
        parameter_set(Doses, "doses")
    [price] = parameter_set(Priced, "priced").root.parameters
    assert (price.schema["type"], price.schema["minimum"]) == ("number", 0)


@pytest.mark.parametrize("in_list", [False, True])
def test_descriptions_of_constants_are_what_the_choices_mean(in_list: bool) -> None:
    schema: dict[str, Any] = {"oneOf": [{"const": "a", "description": "first"}, {"const": "b"}]}
    schema = {"type": "array", "items": schema} if in_list else schema
    [parameter] = read({"type": "object", "properties": {"p": schema}}, "test").root.parameters
    assert [(choice.value, choice.description) for choice in parameter.choices] == [("a", "first"), ("b", "")]


def test_five_thousand_choices_take_no_quadratic_time() -> None:
    started = time.process_time()
    assert problems({"enum": [f"choice {number}" for number in range(5000)]}) == []
    assert time.process_time() - started < 10, "45 s when every choice was compared with every other"


def test_five_thousand_constants_are_read_in_a_second_and_a_wrong_one_is_named() -> None:
    branches: list[Any] = [{"const": f"choice {number}", "description": f"number {number}"} for number in range(5000)]
    started = time.process_time()
    assert problems({"oneOf": branches}) == []
    assert time.process_time() - started < 2, "0.5 s; 3 s when each was held against the schema of schemas"
    branches[4000] = {"const": "choice 4000", "description": 7}
    [line] = problems({"oneOf": branches})
    assert "/oneOf/4000/description: 7 is not of type 'string'" in line


def test_choices_that_are_equal_as_json_are_one() -> None:
    [parameter] = read({"type": "object", "properties": {"p": {"enum": [1, 1.0, True, "1", 1]}}}, "t").root.parameters
    assert [repr(choice.value) for choice in parameter.choices] == ["1", "True", "'1'"]


def test_a_byte_order_mark_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "bom.json"
    path.write_text('{"type": "object", "properties": {"n": {"type": "integer"}}}', encoding="utf-8-sig")
    assert [parameter.name for parameter in read_schema(path).root.parameters] == ["n"]


def test_every_problem_is_said_in_one_go() -> None:
    """What a problem hides is not guessed at: no unit of text is said of a type that nobody knows."""
    schema = {
        "type": "object",
        "properties": {
            "a": {"type": "numbr", "minimun": 3, "x-unit": "milligrm", "minimum": 9, "maximum": 1},
            "b": {"type": "string", "x-unit": "mg", "not": {}, "if": {}, "then": {}},
            "c": {"type": "foo", "x-unit": "mg"},
            "d": 5,
            "e": {"enum": ["p"], "x-choices": {"q": "z"}},
            "f": {
                "type": "array",
                "minItems": "a",
                "items": {"type": "object", "properties": {"n": {"type": "intger"}}},
            },
        },
        "required": ["zz"],
    }
    assert sorted(line.partition(": ")[0].replace("/properties", "") for line in check(schema)) == [
        *("/a", "/a/minimun", "/a/type", "/a/x-unit", "/b/if", "/b/not", "/b/x-unit", "/c/type", "/d", "/e/x-choices"),
        *("/f/items/n/type", "/f/minItems", "/required"),
    ]


@pytest.mark.parametrize(
    ("unit", "meant"),
    [("milligrm", "milligram"), ("miligrams", "milligrams"), ("killometre", "kilometre"), ("secnds", "seconds")],
)
def test_a_unit_that_is_meant_is_the_nearest_whole_name(unit: str, meant: str) -> None:
    assert f"no unit {unit!r} is known; {meant!r} is meant?" in problems({"type": "number", "x-unit": unit})[0]


def test_a_key_that_stands_twice_is_named(tmp_path: Path) -> None:
    path = tmp_path / "set.json"
    path.write_text(
        '{"type": "object", "properties": {"n": {"type": "integer"}, "n": {"type": "string", "type": "null"}}}'
    )
    done = CliRunner().invoke(command, ["check", str(path)], standalone_mode=False)
    assert done.return_value == 2
    rule = "stands twice in one object, of which JSON keeps the last; rename one or leave it out"
    assert done.output.splitlines() == [f"{path}: /: the key 'type' {rule}", f"{path}: /: the key 'n' {rule}"]
    with pytest.raises(SchemaError, match=r"set\.json: /: the key 'type' .*; /: the key 'n' "):
        read_schema(path)


def test_the_command_names_unknown_normalisers(tmp_path: Path) -> None:
    path = tmp_path / "set.json"
    schema = {"type": "array", "items": {"type": "object", "properties": {"a": {"type": "number"}}}}
    schema["items"]["properties"]["a"]["x-normalise"] = ["nope", "unsigned"]  # type: ignore[index]
    path.write_text(json.dumps({"type": "object", "properties": {"arms": schema}}))
    done = CliRunner().invoke(command, ["check", str(path)], standalone_mode=False)
    assert done.return_value == 2
    pointer = "/properties/arms/items/properties/a/x-normalise"
    assert done.output.startswith(f"{path}: {pointer}: no normaliser 'nope'; there are: distinct, doi, ")


@pytest.mark.parametrize(
    ("schema", "good"),
    [
        ({"type": "number"}, False),
        ({"type": ["integer", "null"]}, False),
        ({"type": "boolean"}, False),
        ({"enum": [5, 10]}, False),
        ({"type": "array", "items": {"type": "number"}}, False),
        ({"type": "array", "prefixItems": [{"type": "number"}], "items": False}, False),
        ({"type": "string"}, True),
        ({"enum": ["18-22", "23-30"]}, True),
        ({"anyOf": [{"type": "number"}, {"type": "string"}]}, True),
        ({"type": "array", "items": {"type": "string"}}, True),
        ({"type": "array", "prefixItems": [{"type": "string"}], "items": {"type": "number"}}, True),
        ({}, True),
    ],
)
def test_a_normaliser_of_ranges_needs_text(schema: dict[str, Any], good: bool, tmp_path: Path) -> None:
    path = tmp_path / "set.json"
    path.write_text(json.dumps({"type": "object", "properties": {"a": {**schema, "x-normalise": ["span"]}}}))
    done = CliRunner().invoke(command, ["check", str(path)], standalone_mode=False)
    assert done.return_value == (0 if good else 2), done.output
    if not good:
        where = f"{path}: /properties/a/x-normalise"
        assert done.output == f"{where}: 'span' takes ranges as text, which this cannot be; make it a string\n"

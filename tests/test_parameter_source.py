"""What `--schema` and `--fields` name: Pydantic classes in files and modules, and a set written in one line."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

import dsx
from dsx.cli.extract import parse
from dsx.errors import SchemaError, UnknownName, UsageError
from dsx.plugins import load_plugins
from dsx.run.parameter_source import find_parameters
from dsx.types import ParameterSet

MODEL = """from __future__ import annotations
from pydantic import BaseModel, Field
from words import DOSE

class Arm(BaseModel):
    dose: float | None = Field(None, description=DOSE, json_schema_extra={"x-unit": "mg"})

class Trial(BaseModel):
    n: int | None = None
    arms: list[Arm] = []
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, with a file of classes and a package of the same."""
    package = tmp_path / "mypackage"
    package.mkdir()
    for path in (tmp_path / "model.py", package / "__init__.py"):
        path.write_text(MODEL)
    (tmp_path / "words.py").write_text("DOSE = 'Dose of the drug.'")
    (tmp_path / "broken.py").write_text("1 / 0")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def find(name: str) -> ParameterSet:
    """As the commands do."""
    return find_parameters(name, load_plugins())


@pytest.mark.parametrize("name", ["model.py:Trial", "./model.py:Trial", "mypackage:Trial"])
def test_a_class_is_a_parameter_set(place: Path, name: str) -> None:
    trial = find(name)
    [arms] = trial.root.children
    assert (trial.name, [parameter.name for parameter in trial.root.parameters]) == ("Trial", ["n"])
    assert (arms.parameters[0].description, arms.parameters[0].unit) == ("Dose of the drug.", "mg")
    assert dsx.parameter_set(name) == trial


@pytest.mark.parametrize(
    ("name", "kind", "said"),
    [
        ("model.py:Trail", UnknownName, "no Pydantic class of model.py 'Trail'; there are: Arm, Trial"),
        ("model.py", UsageError, "say which of its classes, like model.py:Trial; there are: Arm, Trial"),
        ("nothere.py:Trial", UsageError, "no file nothere.py"),
        ("nothere.at.all:Trial", UsageError, "cannot be imported: ModuleNotFoundError"),
        ("broken.py:Trial", UsageError, "broken.py cannot be imported: ZeroDivisionError"),
    ],
)
def test_a_class_that_cannot_be_had_is_said(place: Path, name: str, kind: type[Exception], said: str) -> None:
    with pytest.raises(kind, match=said):
        find(name)


def test_a_file_that_is_not_there_has_the_nearest_one_named_first(place: Path) -> None:
    for name in ("grass.json", "soil.json", "moss.json"):
        (place / name).write_text("{}")
    with pytest.raises(UsageError, match=r"^no schema file gras\.json; grass\.json is meant\? there are: "):
        find("gras.json")
    with pytest.raises(UsageError, match=r"^no schema file quartz\.json; there are: "):
        find("quartz.json")


def test_a_set_in_one_line() -> None:
    text = "n_total: int, age_mean: float [year], drug: str, blinding: open|single|double, doses: list[float] [mg]"
    made = find(f"fields: {text}")
    assert [(parameter.name, parameter.unit) for parameter in made.root.parameters] == [
        ("n_total", None),
        ("age_mean", "year"),
        ("drug", None),
        ("blinding", None),
        ("doses", "mg"),
    ]
    kinds = [parameter.schema.get("type", "choice") for parameter in made.root.parameters]
    assert kinds == ["integer", "number", "string", "choice", "array"]
    assert [choice.value for choice in made.root.parameters[3].choices] == ["open", "single", "double"]
    _, recipe, _, _ = parse(["--fields", text, "a.pdf"])
    assert find(recipe.schema_name).schema == made.schema


def test_types_in_one_line_may_have_json_schema_s_names() -> None:
    named = find("fields: a: integer, b: number [mg], c: string, d: boolean, e: list[integer]").schema["properties"]
    assert named == find("fields: a: int, b: float [mg], c: str, d: bool, e: list[int]").schema["properties"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("n: intger", "n: no type 'intger'; 'int' is meant?"),
        ("n: flaot, m: bol", "n: no type 'flaot'; 'float' is meant?; m: no type 'bol'; 'bool' is meant?"),
        ("n: flaot", "n: no type 'flaot'; 'float' is meant?"),
        ("n", "'n' is no `name: type`"),
        ("n: int, n: str", "'n' is there twice"),
        ("n: int [blahs]", "no unit 'blahs' is known"),
        ("n: str [mg]", "a unit of something that is no number"),
        ("", "'' is no `name: type`"),
    ],
)
def test_fields_that_cannot_be_read_are_said(text: str, said: str) -> None:
    with pytest.raises(SchemaError) as problem:
        find(f"fields:{text}")
    assert said in str(problem.value)


@pytest.mark.parametrize(("arguments", "message"), [
    (["a.pdf"], "--schema, or write one with --fields"),
    (["--schema", "motor", "--fields", "n: int", "a.pdf"], "--schema and --fields both name a parameter set"),
])  # fmt: skip
def test_one_parameter_set_is_named(arguments: list[str], message: str) -> None:
    with pytest.raises(click.UsageError, match=message):
        parse(arguments)

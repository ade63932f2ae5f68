"""`dsx recover`: one raw answer, from standard input or a file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import dsx.cli
from dsx.errors import UnknownName, UsageError

SCHEMA = {
    "type": "object",
    "properties": {
        "n_total": {"type": "integer", "minimum": 0, "description": "participants"},
        "age_mean": {"type": "number", "description": "mean age", "x-unit": "year"},
        "sessions": {
            "type": "array",
            "items": {"type": "object", "properties": {"task": {"type": "string", "description": "what was done"}}},
        },
    },
}


@pytest.fixture
def schema(tmp_path: Path) -> str:
    path = tmp_path / "mice.json"
    path.write_text(json.dumps(SCHEMA), "utf-8")
    return str(path)


def recover(schema: str, *arguments: str, text: str | None = None) -> Result:
    return CliRunner().invoke(
        dsx.cli.cli, ["recover", "--schema", schema, *arguments], input=text, standalone_mode=False
    )


def test_a_malformed_answer_from_standard_input(schema: str) -> None:
    text = (
        "Sure!\n{'n_total': {'value': 16, 'quote': 'Sixteen took part'}, "
        "'age_mean': {'value': 8, 'unit': 'years', 'quote': '8 years'},}"
    )
    result = recover(schema, text=text)
    assert result.exception is None
    said = json.loads(result.stdout)
    factor = pytest.approx(0.8**3)
    assert said == {
        "parameters": {
            "n_total": {"value": 16, "quote": "Sixteen took part", "confidence_factor": factor},
            "age_mean": {"value": 8, "unit": "years", "quote": "8 years", "confidence_factor": factor},
        },
        "repairs": ["find-json", "quotes", "trailing-commas"],
    }
    assert "Recovered 2 parameters from malformed JSON (<stdin>: find-json, quotes, trailing-commas)" in result.stderr


def test_a_valid_answer_from_a_file_needs_no_repair(schema: str, tmp_path: Path) -> None:
    file = tmp_path / "answer.txt"
    file.write_text('{"n_total": 16, "task": "reach", "unknown": 3}', "utf-8")
    said = json.loads(recover(schema, str(file)).stdout)
    assert said["parameters"]["n_total"] == {"value": 16, "quote": None, "confidence_factor": 1}
    assert said["parameters"]["task"]["value"] == "reach"
    assert said["repairs"] == []


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("I do not know", "there is no JSON in the text"),
        ('{"n_total": 12', "not JSON"),
        ('{"n_total": "many"}', "does not fit"),
        ('{"n_total": 1, "n_total": 2}', "stands twice"),
        ("", "the text is empty"),
    ],
)
def test_nothing_validates(schema: str, text: str, reason: str) -> None:
    result = recover(schema, text=text)
    assert result.return_value == 1
    assert result.stdout == ""
    assert reason in result.stderr


def test_what_its_quote_does_not_carry_is_said(schema: str) -> None:
    result = recover(schema, text="{'n_total': {'value': 61, 'quote': 'Sixteen took part'}, 'age_mean': 'old'}")
    assert json.loads(result.stdout)["parameters"]["n_total"]["value"] == 61
    assert "n_total: unsupported, its quote does not carry 61" in result.stderr
    assert 'age_mean: "old" does not fit' in result.stderr


def test_a_repaired_value_without_a_quote_is_unsupported(schema: str) -> None:
    result = recover(schema, text="{'n_total': 16, 'task': null}")
    assert json.loads(result.stdout)["parameters"]["n_total"]["value"] == 16
    assert "n_total: unsupported, repaired, and no quote carries 16" in result.stderr
    assert "task: unsupported" not in result.stderr
    assert "unsupported" not in recover(schema, text='{"n_total": 16}').stderr


def test_the_chain_and_the_factor_can_be_chosen(schema: str) -> None:
    text = "{'n_total': 16,}"
    assert recover(schema, "--repairs", "trailing-commas", text=text).return_value == 1
    said = json.loads(recover(schema, "--repairs", "quotes,trailing-commas", "--factor", "0.5", text=text).stdout)
    assert said["parameters"]["n_total"]["confidence_factor"] == 0.25
    assert isinstance(recover(schema, "--repairs", "no-such", text=text).exception, UnknownName)


def test_no_such_schema() -> None:
    assert isinstance(recover("no-such.json", text="{}").exception, UsageError)

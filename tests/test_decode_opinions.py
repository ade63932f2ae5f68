"""Draws and the probabilities of all choices, from the embedded model."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dsx.decode.engine import TransformersEngine
from dsx.decode.opinions import choices
from dsx.parameters import read
from dsx.types import Completion, EngineSettings, Parameter, Passage, Question, Shown

TEXT = "Twelve right-handed adults moved a cursor to one of four targets while it was rotated by 30 degrees."
SCHEMAS: dict[str, dict[str, Any]] = {
    "hand": {"enum": ["right", "left", "mixed"]},
    "rotated": {"type": "boolean"},
    "targets": {"type": "integer", "minimum": 1, "maximum": 8},
    "people": {"type": "integer", "minimum": 1, "maximum": 9999},
}


def questions(per_question: int = 1) -> Iterator[Question]:
    properties = {name: {**schema, "description": f"the {name}"} for name, schema in SCHEMAS.items()}
    parameters = read({"type": "object", "properties": properties}, "small").root.parameters
    for at in range(0, len(parameters), per_question):
        group = parameters[at : at + per_question]
        asked = "Answer in JSON: " + ", ".join(parameter.name for parameter in group)
        shown = Shown(TEXT, (Passage(0, len(TEXT)),), True)
        yield Question(asked, "Read the text.", shown, asked, "parameters", group)


@pytest.fixture(scope="module")
def answers(embedded_folder: str) -> dict[str, Completion]:
    """By parameter, with five draws and all alternatives; one parameter a question, then all in one."""
    assert Path(embedded_folder).is_dir()
    engine = TransformersEngine(
        EngineSettings(model=embedded_folder, samples=5, alternatives=True, options={"dtype": "float32"})
    )
    found = {}
    for per_question in (1, 4):
        asked = list(questions(per_question))
        for completion in engine.answer(asked):
            for name in completion.confidence:
                found[f"{name} of {per_question}"] = completion
    engine.close()
    return found


@pytest.mark.parametrize("name", ["hand of 1", "rotated of 1", "targets of 1", "hand of 4", "rotated of 4"])
def test_probabilities_of_all_choices(answers: dict[str, Completion], name: str) -> None:
    sure = answers[name].confidence[name.split()[0]]
    if sure.value == 1.0 and not sure.alternatives:
        pytest.skip("the model answered null")
    legal = choices(Parameter(name, SCHEMAS[name.split()[0]]))
    assert sorted(map(str, dict(sure.alternatives))) == sorted(map(str, legal))
    total = sum(chance for _, chance in sure.alternatives)
    assert 0.9 < total <= 1 + 1e-4  # a choice may be spelled in other tokens too
    best = sure.alternatives[0]
    assert math.isclose(best[1], sure.value, rel_tol=0.02)


def test_what_has_many_values_has_no_alternatives(answers: dict[str, Completion]) -> None:
    assert answers["people of 1"].confidence["people"].alternatives == ()


def test_agreement_is_a_share_of_the_draws(answers: dict[str, Completion]) -> None:
    shares = [sure.agreement for one in answers.values() for sure in one.confidence.values()]
    assert all(share is not None and share * 5 == round(share * 5) for share in shares)
    assert any(share is not None and share > 0 for share in shares)


@pytest.mark.parametrize("schema", [{"type": "string"}, {"type": "number"}, {"type": "integer", "minimum": 0}])
def test_no_choices_of_open_types(schema: dict[str, Any]) -> None:
    assert choices(Parameter("x", schema)) == []

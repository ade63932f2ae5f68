"""The parameter sets in schemas/ from fields other than motor learning, filled by a model that chooses at random."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from dsx.ask.plan import too_long
from dsx.pipeline import Pipeline
from dsx.plugins import load_plugins
from dsx.recipe import Recipe
from dsx.report.export import to_objects
from dsx.schema import nullable, parameter_set, pydantic_model, read_schema
from dsx.schema.compiling import problems_of_grammar
from dsx.schema.values import validator
from tests.conftest import fill_alone

pytestmark = pytest.mark.slow

SCHEMAS = Path(__file__).parents[1] / "schemas"
TEXTS = {
    "trials": """A double-blind trial of an invented drug
In this parallel trial 240 patients were randomised in two countries, from 3 May 2019.
The drug arm (n = 121) received 5 mg twice daily by mouth for 12 weeks; the placebo arm (n = 119) a tablet alike.
The primary outcome was pain after 12 weeks (p = 0.03); sleep at 0.5 years was secondary.""",
    "materials": """Invented perovskite films
Films of two compositions were spin coated on glass, 320 nm thick.
Sample A was annealed at 100 °C for 10 min in nitrogen at 1 bar, then at 423 K for 1 h in air; sample B at 85 °C only.
The lattice constants were 0.58 and 0.61 nm and the band gaps 1.55 eV and 1.61 eV.""",
}


@pytest.mark.parametrize("name", TEXTS)
def test_a_set_of_another_field_is_filled_and_exported(name: str, random_engine: Any, tmp_path: Path) -> None:
    parameters = read_schema(SCHEMAS / f"{name}.json")
    assert problems_of_grammar(parameters) == too_long(parameters, 512) == []
    paper = tmp_path / "paper.txt"
    paper.write_text(TEXTS[name], "utf-8")
    recipe = Recipe(schema_name=name, engine="random")
    result = fill_alone(Pipeline(recipe, parameters, load_plugins(), random_engine), paper)
    out = io.StringIO()
    to_objects([result], parameters, out)
    [paper_object] = json.loads(out.getvalue())
    made = paper_object["values"]
    assert list(validator(nullable(parameters.schema)).iter_errors(made)) == []
    pydantic_model(parameters).model_validate(made)
    filled = [value.value for record in result.records for value in record.values.values()]
    assert len([value for value in filled if value is not None]) > 3
    asked = {parameter.pointer for question in random_engine.asked for parameter in question.parameters}
    assert asked == {parameter.pointer for parameter in parameters.root.all_parameters()}


def test_the_sets_have_the_shapes_they_stand_for() -> None:
    arms, outcomes = read_schema(SCHEMAS / "trials.json").root.children
    assert (arms.name, outcomes.name, arms.max_records) == ("arms", "outcomes", 8)
    amount = next(parameter for parameter in arms.parameters if parameter.name == "dose.amount")
    assert amount.unit == "mg"
    [samples] = read_schema(SCHEMAS / "materials.json").root.children
    [annealing] = samples.children
    assert [parameter.name for parameter in annealing.parameters] == [
        "temperature",
        "duration",
        "atmosphere",
        "pressure",
    ]


@pytest.mark.parametrize("name", TEXTS)
def test_a_set_is_the_same_by_way_of_pydantic(name: str) -> None:
    parameters = read_schema(SCHEMAS / f"{name}.json")
    again = parameter_set(pydantic_model(parameters), name)
    there = [(parameter.name, parameter.schema) for parameter in parameters.root.all_parameters()]
    assert [(parameter.name, parameter.schema) for parameter in again.root.all_parameters()] == there

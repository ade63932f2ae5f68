"""The parameter set as researchers named it, and the file in schemas/ made from it."""

from __future__ import annotations

import json
from pathlib import Path

import dsx_motor
import jsonschema

from dsx.plugin_api.testing import broken_promises, load_plugins

MOTOR = dsx_motor.register_parameter_sets()["motor"]
NAMES = """n_total population_type age_mean age_sd age_range handedness effector apparatus perturbation_class
perturbation_magnitude_deg perturbation_schedule feedback_type feedback_delay_s number_of_targets target_distance_cm
target_hit_criterion instruction_awareness retention_or_aftereffect_phase number_of_trials_total mechanism_focus"""


def test_the_file_in_schemas_is_this_model() -> None:
    file = Path(__file__).parents[3] / "schemas" / "motor.json"
    assert json.loads(file.read_text()) == json.loads(json.dumps(MOTOR.schema)), "dsx schema export motor -o " + str(
        file
    )


def test_it_has_exactly_the_agreed_names() -> None:
    assert [parameter.name for parameter in MOTOR.root.parameters] == ["title", "authors", "year", "doi"]
    (experiments,) = MOTOR.root.children
    assert [parameter.name for parameter in experiments.parameters] == NAMES.split()
    assert experiments.max_records == 12


def test_it_can_be_asked() -> None:
    installed = load_plugins()
    plugins = installed if "motor" in installed.parameter_sets else load_plugins([("motor", dsx_motor)])
    assert broken_promises(plugins, "motor") == []


def test_every_choice_is_explained_and_every_parameter_described() -> None:
    for parameter in MOTOR.root.all_parameters():
        assert parameter.description.endswith(".")
        assert all(choice.description for choice in parameter.choices), parameter.name
    units = {parameter.name: parameter.unit for parameter in MOTOR.root.all_parameters() if parameter.unit}
    assert units == {
        "age_mean": "year",
        "age_sd": "year",
        "perturbation_magnitude_deg": "°",
        "feedback_delay_s": "s",
        "target_distance_cm": "cm",
    }


def test_its_values_validate_and_others_do_not() -> None:
    validator = jsonschema.Draft202012Validator(MOTOR.schema)
    values = {"n_total": 12, "feedback_type": ["none"], "age_mean": 20.5}
    assert validator.is_valid({"title": "A", "experiments": [values]})
    assert dsx_motor.Motor.model_validate({"experiments": [values]}).experiments[0].n_total == 12
    for wrong in ({"n_total": 0}, {"n_total": "12"}, {"effector": "leg"}):
        assert not validator.is_valid({"experiments": [wrong]}), wrong

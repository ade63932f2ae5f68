"""What is asked: prompts from the parameter set's own words."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dsx.ask import prompt
from dsx.schema import read_schema
from dsx.types import RecordType

ROOT = Path(__file__).parents[1]
MOTOR = read_schema(ROOT / "schemas" / "motor.json")


def test_a_question_says_what_the_parameter_set_says() -> None:
    experiments = MOTOR.root.children[0]
    schedule = next(parameter for parameter in experiments.parameters if parameter.name == "perturbation_schedule")
    assert prompt.parameters([schedule], "Experiment 2", "value-quote") == (
        "perturbation_schedule of Experiment 2: How the perturbation came on."
        " Also called: introduced, onset, ramped, incrementally."
        " Usually found in: methods, procedure of the experiment.\n"
        "One of:\n"
        '- "abrupt": at its full size from one trial to the next\n'
        '- "gradual": grew in small steps over many trials\n'
        '- "mixed": abrupt for some groups or phases and gradual for others\n'
        '- "other": changed at random from trial to trial, or in another way\n'
        'Answer perturbation_schedule of Experiment 2 with {"value":…,"quote":…}, '
        "or with null if the paper does not report it."
    )
    delay = next(parameter for parameter in experiments.parameters if parameter.name == "feedback_delay_s")
    assert prompt.parameters([delay], None, "quote-value").endswith(
        'Answer feedback_delay_s with {"quote":…,"value":…,"unit":…}, or with null if the paper does not report it.'
    )


def test_records_are_asked_for_and_asked_on() -> None:
    asked = prompt.records(MOTOR.root.children[0], None, None)
    assert asked.startswith("Which experiments does this paper itself report? An experiment has participants")
    assert '(for example "Experiment 1")' in asked
    assert 'report, after "Experiment 6"?' in prompt.records(MOTOR.root.children[0], None, "Experiment 6")


def test_engines_without_a_grammar_get_explicit_rules() -> None:
    strict, plain = prompt.system(MOTOR.root, strict=True), prompt.system(MOTOR.root, strict=False)
    assert strict.startswith(plain)
    assert "no code fence" in strict
    assert "no code fence" not in plain
    assert "several experiments" in plain
    assert "several studies" in prompt.system(RecordType("", "", ()), strict=False)


@pytest.mark.parametrize("order", ["value-quote", "quote-value"])
def test_examples_show_the_form_that_the_grammar_has(order: str) -> None:
    turns = prompt.examples(order)
    assert prompt.EXAMPLE_PAPER in turns[0][0]
    answers = [answer for _, answer in turns]
    assert "null" in answers
    first = '{"value":32,' if order == "value-quote" else '{"quote":"Thirty-two seedlings were planted",'
    assert answers[0].startswith(first)
    for _, answer in turns:
        for quote in re.findall(r'"quote":"([^"]+)"', answer):
            assert quote in prompt.EXAMPLE_PAPER

"""What is asked: prompts from the parameter set's own words."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from dsx.ask.default_prompts import default_prompts
from dsx.ask.prompt import Prompts, prompt_sha256
from dsx.schema import read_schema
from dsx.types import Order, Parameter, RecordType

ROOT = Path(__file__).parents[1]
MOTOR = read_schema(ROOT / "schemas" / "motor.json")
NAMES = {"type": "array", "items": {"type": "string"}}
PROMPTS = Prompts(default_prompts(), "value-quote", places=False)


def test_a_question_says_what_the_parameter_set_says() -> None:
    experiments = MOTOR.root.children[0]
    schedule = next(parameter for parameter in experiments.parameters if parameter.name == "perturbation_schedule")
    assert PROMPTS.parameters([schedule], "Experiment 2") == (
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
    assert (
        Prompts(default_prompts(), "quote-value", places=False)
        .parameters([delay], None)
        .endswith(
            'Answer feedback_delay_s with {"quote":…,"value":…,"unit":…}, or with null if the paper does not report it.'
        )
    )


def test_records_are_asked_for_and_asked_on() -> None:
    asked = PROMPTS.records(MOTOR.root.children[0], None, None)
    assert asked.startswith("Which experiments does this paper itself report? An experiment has participants")
    assert '(for example "Experiment 1")' in asked
    assert 'report, after "Experiment 6"?' in PROMPTS.records(MOTOR.root.children[0], None, "Experiment 6")


def test_engines_without_a_grammar_get_explicit_rules() -> None:
    strict, plain = PROMPTS.system(MOTOR.root, strict=True), PROMPTS.system(MOTOR.root, strict=False)
    assert strict.startswith(plain)
    assert "no code fence" in strict
    assert "no code fence" not in plain
    assert "several experiments" in plain
    assert "several studies" in PROMPTS.system(RecordType("", "", ()), strict=False)


@pytest.mark.parametrize("order", ["value-quote", "quote-value"])
def test_examples_show_the_form_that_the_grammar_has(order: Order) -> None:
    turns = Prompts(default_prompts(), order, places=False).examples
    assert default_prompts().example_paper in turns[0][0]
    answers = [answer for _, answer in turns]
    assert "null" in answers
    first = '{"value":32,' if order == "value-quote" else '{"quote":"Thirty-two seedlings were planted 80 mm apart'
    assert answers[0].startswith(first)
    for _, answer in turns:
        for quote in re.findall(r'"quote":"([^"]+)"', answer):
            assert quote in default_prompts().example_paper


def test_words_and_lists_of_numbers_need_no_quote_where_answers_are_taken_from_places() -> None:
    prompts = Prompts(default_prompts(), "value-quote", places=True)
    integers = Parameter("sizes", {"type": "array", "items": {"type": "integer"}})
    for parameter in (Parameter("title", {"type": "string"}), Parameter("names", NAMES), integers):
        assert prompts.parameters([parameter], None).endswith(
            f'Answer {parameter.name} with {{"value":…}}, or with null if the paper does not report it.'
        )
    count = Parameter("n", {"type": "integer"})
    assert 'Answer n with {"value":…,"quote":…}, or' in prompts.parameters([count], None)
    answers = [answer for _, answer in prompts.examples]
    assert '{"value":["Lindqvist","Abara"]}' in answers
    assert '["Study 1","Study 2"]' in answers
    assert '{"value":80,"unit":"mm","quote":"Thirty-two' in "".join(answers)
    listing = prompts.records(RecordType("studies", "", (), min_records=0), None, None)
    assert "a JSON list of their labels" in listing
    assert "or with [] if there is none." in listing
    assert "or with []" not in prompts.records(RecordType("studies", "", ()), None, None)


def test_the_hash_is_of_what_reaches_the_model() -> None:
    default = default_prompts()
    assert prompt_sha256(default) == prompt_sha256(replace(default, description="another"))
    changed = [replace(default, records=default.records + " "), replace(default, examples=default.examples[1:])]
    assert len({prompt_sha256(each) for each in (default, *changed)}) == 3

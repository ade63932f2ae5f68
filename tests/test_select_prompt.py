"""What is shown and asked: the whole paper or likely passages, never references; prompts from the set's own words."""

from __future__ import annotations

import re
from pathlib import Path

import numpy
import pytest

from dsx.ask import prompt
from dsx.ask.select import Selector, readable
from dsx.schema import read_schema
from dsx.types import Document, Page, RecordType, Section

ROOT = Path(__file__).parents[1]


def document(*sections: tuple[str, str]) -> Document:
    """A document of (kind, text) sections."""
    text, made = "", []
    for kind, body in sections:
        made.append(Section(kind.title(), kind, 1, len(text), len(text) + len(body) + 1))
        text += body + "\n"
    empty = numpy.full((len(text), 4), numpy.nan, dtype=numpy.float32)
    pages = (Page(1, 0, len(text), 600, 800),)
    return Document("id", "a", "text", text, pages, tuple(made), (), {}, numpy.ones(len(text), numpy.int32), empty)


FILLER = " ".join(f"Sentence {number} speaks of many other things in the world." for number in range(300))
PAPER = document(
    ("abstract", "We study reaching. Ada Lovelace wrote it."),
    ("introduction", FILLER),
    ("methods", "Forty participants took part. They reached to eight targets. " + FILLER),
    ("references", "Smith (1999). Ninety participants in another study."),
    ("other", "An appendix after the references."),
)


def count(text: str) -> int:
    return len(text.split())


def test_references_are_never_shown() -> None:
    text = Selector(PAPER, count, 10**6, 100).select("participants").text
    assert "Ninety" not in text
    assert "appendix" in text
    assert len(readable(PAPER)) == 2


def test_a_paper_that_fits_is_shown_whole_and_maps_back() -> None:
    selector = Selector(PAPER, count, 10**6, 100)
    shown = selector.select("anything")
    assert shown.whole
    for at in (0, 50, len(shown.text) - 1):
        assert shown.text[at] == PAPER.text[shown.to_document(at)]
    with pytest.raises(IndexError):
        shown.to_document(len(shown.text))


def test_passages_fit_the_budget_and_hold_what_was_asked_for() -> None:
    selector = Selector(PAPER, count, 100, 60)
    shown = selector.select("number of participants, subjects")
    assert not shown.whole
    assert count(shown.text) <= 60
    assert "Forty participants took part." in shown.text
    start = shown.text.index("Forty")
    assert PAPER.text[shown.to_document(start) :].startswith("Forty participants")
    assert "Ada Lovelace" in selector.select("authors", first=True).text


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

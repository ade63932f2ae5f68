"""The singular of a list's name."""

from __future__ import annotations

import pytest

from dsx.ask.prompt import Prompts
from dsx.ask.singular import singular
from dsx.plugins import load_plugins
from dsx.types import RecordType

PLURALS = {
    "experiments": "experiment", "studies": "study", "categories": "category", "ties": "tie", "analyses": "analysis",
    "hypotheses": "hypothesis", "diagnoses": "diagnosis", "doses": "dose", "phases": "phase", "responses": "response",
    "cases": "case", "series": "series", "boxes": "box", "batches": "batch", "dishes": "dish", "classes": "class",
    "sizes": "size", "criteria": "criterion", "stimuli": "stimulus", "target angles": "target angle", "class": "class",
    "apparatus": "apparatus", "basis": "basis", "study": "study", "": "",
}  # fmt: skip


@pytest.mark.parametrize(("plural", "expected"), PLURALS.items())
def test_the_singular_of(plural: str, expected: str) -> None:
    assert singular(plural) == expected


def test_the_question_for_records_names_one_of_them() -> None:
    prompts = Prompts(load_plugins().prompt_sets["default"], "value-quote", places=False)
    assert '"Study 1"' in prompts.records(RecordType("studies", "", ()), None, None)
    assert '"Target angle 1"' in prompts.records(RecordType("target_angles", "", ()), None, None)
    assert "Studie 1" not in str(prompts.examples)

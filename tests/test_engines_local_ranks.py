"""A model that is split over two processes, which on the CPU meet through gloo, gives what it gives in one."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from dsx.engines.local.engine import TransformersEngine
from dsx.errors import MachineError, ModelError, UsageError
from dsx.schema import read
from dsx.types import EngineSettings, Passage, Places, Question, QuestionId, Shown

TEXT = "Twelve adults moved a cursor with the left hand in study"
SCHEMA = {
    "type": "object",
    "properties": {"hand": {"enum": ["right", "left", "both"]}, "people": {"type": "string", "maxLength": 40}},
}
OPTIONS = {"dtype": "float32", "device": "cpu", "cache_gigabytes": "0.01"}
TENSOR = OPTIONS | {"parallel": "tensor", "cards": "2"}


def questions(texts: int = 2) -> list[Question]:
    """Two about each text: one that chooses, one that writes more than the slots it is given at first."""
    asked = []
    for text in range(texts):
        shown = Shown(f"{TEXT} {text}.", (Passage(0, len(TEXT)),), True)
        for parameter in read(SCHEMA, "small").root.parameters:
            key = QuestionId(f"paper {text}", names=(parameter.name,))
            asked.append(Question(key, "Read.", shown, f"Which {parameter.name}?", "parameters", (parameter,)))
    return asked


def answers(folder: str, options: dict[str, str]) -> dict[QuestionId, tuple[str, dict[str, float]]]:
    """The text of each answer, and the confidence in its values."""
    engine = TransformersEngine(EngineSettings(model=folder, max_new_tokens=90, options=options))
    try:
        return {
            each.question_id: (each.text, {name: value.value for name, value in each.confidence.items()})
            for each in engine.answer(questions())
        }
    finally:
        engine.close()


def ranks() -> list[psutil.Process]:
    """The other ranks' processes."""
    return [child for child in psutil.Process().children() if "dsx.engines.local.rank_process" in child.cmdline()]


def test_two_processes_answer_as_one(random_folder: str) -> None:
    alone, split = answers(random_folder, OPTIONS), answers(random_folder, TENSOR)
    assert alone.keys() == split.keys()
    for key, (text, confidence) in alone.items():
        assert split[key][0] == text
        assert split[key][1] == pytest.approx(confidence, abs=1e-4)
    assert not ranks()

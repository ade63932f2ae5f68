"""A model that is split over two processes, which on the CPU meet through gloo, gives what it gives in one."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import psutil
import pytest

from dsx.engines.local.engine import TransformersEngine
from dsx.errors import MachineError, ModelError
from dsx.schema import read
from dsx.types import EngineSettings, Passage, Question, QuestionId, Shown

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


@pytest.fixture
def split(random_folder: str) -> Iterator[TransformersEngine]:
    engine = TransformersEngine(EngineSettings(model=random_folder, max_new_tokens=90, options=TENSOR))
    yield engine
    engine.close()


def test_a_killed_process_ends_the_run_with_one_line_and_no_other_answer(split: TransformersEngine) -> None:
    answering = split.answer(questions(4))
    next(answering)
    [rank] = ranks()
    rank.send_signal(signal.SIGTERM)  # which is the parent's to act on
    assert next(answering)
    rank.kill()
    started = time.monotonic()
    with pytest.raises(MachineError, match=r"the process on cpu has ended \(killed by signal 9\)") as raised:
        list(answering)
    assert raised.value.exit_code == 75
    with pytest.raises(MachineError):
        list(split.answer(questions()))
    assert time.monotonic() - started < 10


def test_no_process_outlives_the_first_one(random_folder: str) -> None:
    program = (
        "import os, sys, psutil\n"
        "from dsx.engines.local.engine import TransformersEngine\n"
        "from dsx.types import EngineSettings\n"
        "engine = TransformersEngine(EngineSettings(model=sys.argv[1], options=eval(sys.argv[2])))\n"
        "print(*(child.pid for child in psutil.Process().children()), flush=True)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program, random_folder, str(TENSOR)], stdout=subprocess.PIPE, text=True
    )
    [pid] = map(int, ended.stdout.split())
    until = time.monotonic() + 10
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < until
        time.sleep(0.1)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"cards": "3"}, "key heads cannot be divided by 3"),
        ({"cards": "1"}, "not so many devices"),
    ],
)
def test_a_model_that_cannot_be_split_is_refused(random_folder: str, options: dict[str, str], reason: str) -> None:
    with pytest.raises(ModelError, match=f"--set parallel=tensor: .*{reason}"):
        TransformersEngine(EngineSettings(model=random_folder, options=TENSOR | options))

"""dsx-reader: each epoch has examples of its own, however they are made, and a stopped training goes on."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from dsx_reader import epochs, sources
from dsx_reader import train as training
from dsx_reader.dataset import batches
from dsx_reader.epochs import Parts
from dsx_reader.setting import Setting
from dsx_reader.sources import Sources
from safetensors.torch import load_file
from transformers import AutoTokenizer

from dsx.plugin_api import UsageError

HERE = Path(__file__).parent


@pytest.fixture
def setting(small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Setting:
    """Of two passages and three compositions an epoch, in parts of two or three."""
    monkeypatch.setattr(epochs, "PART", 3)
    (tmp_path / "data").mkdir()
    for number in (1, 2):
        (tmp_path / "data" / f"hens-{number}.txt").write_bytes((HERE / "hens-1.txt").read_bytes())
    data = Sources((tmp_path / "data",), None, (HERE / "ponds-1.txt",), ("surroundings",), compositions=3)
    return Setting(small, tmp_path / "out", data, 2.0, learning_rate=1e-2, tokens=6000, processes=1)


def made(setting: Setting) -> list[list[dict[str, Any]]]:
    tokenizer = AutoTokenizer.from_pretrained(setting.base)
    with Parts(tokenizer, setting) as parts:
        return [parts.rows(number) for number in range(parts.total)]


def weights(setting: Setting) -> dict[str, Any]:
    tensors: dict[str, Any] = load_file(setting.out / "model" / "model.safetensors")
    return tensors


@pytest.mark.slow
def test_an_epoch_is_the_same_however_it_is_made_and_no_other_is(setting: Setting, tmp_path: Path) -> None:
    parts = made(setting)
    assert len(parts) == 4
    assert all(parts)
    assert made(replace(setting, processes=2)) == parts
    first, second = (json.dumps(parts[at : at + 2]) for at in (0, 2))
    assert first != second
    later = replace(setting, seed=1, sources=replace(setting.sources, seed=1), epochs=1.0)
    assert made(later) == parts[2:]
    kept = replace(setting, examples=tmp_path)
    assert made(kept) == made(kept) == parts
    assert len(list(tmp_path.glob("examples-*.jsonl"))) == 4


def test_annotations_are_drawn_anew_for_each_epoch() -> None:
    material = sources.Material([], [], [{"doc": number} for number in range(100)], [])
    data = Sources((), None, annotation_share=0.3)
    drawn = [{job.origin["doc"] for job in sources.jobs(replace(data, seed=seed), material)} for seed in (0, 0, 1)]
    assert [len(rows) for rows in drawn] == [30, 30, 30]
    assert drawn[0] == drawn[1] != drawn[2]
    assert len(sources.jobs(replace(data, annotation_share=1.0, limit=7), material)) == 7


@pytest.mark.slow
def test_a_stopped_training_goes_on_to_the_same_weights(setting: Setting, monkeypatch: pytest.MonkeyPatch) -> None:
    training.train(setting)
    whole = weights(setting)
    steps = [json.loads(line)["step"] for line in (setting.out / setting.log_file).read_text().splitlines()][-1]
    stopped = replace(setting, out=setting.out.with_name("stopped"), save_minutes=0.0)
    step, left = training.Learner.step, steps - 2

    def some(learner: training.Learner, batch: Sequence[dict[str, Any]], rate: float) -> float:
        nonlocal left
        left -= 1
        if left < 0:
            raise KeyboardInterrupt
        return step(learner, batch, rate)

    monkeypatch.setattr(training.Learner, "step", some)
    with pytest.raises(KeyboardInterrupt):
        training.train(stopped)
    monkeypatch.setattr(training.Learner, "step", step)
    assert training.begun(stopped.out).step == steps - 2
    other = replace(stopped, sources=replace(stopped.sources, seed=5))
    with pytest.raises(UsageError, match="give another --out"):
        training.train(other)
    training.train(stopped)
    assert all(torch.equal(value, whole[name]) for name, value in weights(stopped).items())
    assert {file.name for file in stopped.out.iterdir()} == {"model", stopped.log_file}


def test_data_that_were_changed_are_other_data_wherever_they_lie(setting: Setting, tmp_path: Path) -> None:
    def digest(of: Setting) -> str:
        with Parts(AutoTokenizer.from_pretrained(setting.base), of) as parts:
            return parts.digest

    [folder], before = setting.sources.passages, digest(setting)
    moved = replace(setting, sources=replace(setting.sources, passages=(folder.rename(tmp_path / "moved"),)))
    assert digest(moved) == before
    assert digest(replace(moved, seed=1)) != before
    passage = tmp_path / "moved" / "hens-1.txt"
    passage.write_text(passage.read_text("utf-8").replace("hens", "cocks"), "utf-8")
    assert digest(moved) != before


@pytest.mark.slow
def test_a_training_ends_when_its_time_or_its_epochs_are_over(setting: Setting) -> None:
    tokenizer = AutoTokenizer.from_pretrained(setting.base)
    with Parts(tokenizer, setting) as parts:
        assert (parts.per_epoch, parts.total) == (2, 4)
        assert parts.share(3, 0.5) == 3.5 / 4
    with Parts(tokenizer, replace(setting, epochs=0.75)) as parts:
        assert parts.total == 2
        assert parts.share(1, 0.5) == 1
    training.train(replace(setting, minutes=1e-9))
    assert json.loads((setting.out / setting.log_file).read_text())["step"] == 1


def test_nothing_to_learn_from_says_so(small: Path, tmp_path: Path) -> None:
    assert list(batches([], 100, 0)) == []
    with pytest.raises(UsageError, match="name --passages"):
        training.train(Setting(small, tmp_path / "out", Sources((), None)))


POOL = """
import os, signal
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from dsx_reader.epochs import serve
with ProcessPoolExecutor(1, get_context("fork"), serve) as pool:
    print(pool.submit(os.getpid).result(), flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process that its parent is gone")
def test_processes_that_make_examples_outlive_no_killed_training() -> None:
    killed = subprocess.run([sys.executable, "-c", POOL], stdout=subprocess.PIPE, text=True)
    stat, until = Path(f"/proc/{int(killed.stdout)}/stat"), time.monotonic() + 10
    while stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z":
        assert time.monotonic() < until
        time.sleep(0.05)

"""The cell in README.md is what the embedded reader gives for the sample paper."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
pytestmark = pytest.mark.slow


def dsx(*words: object) -> str:
    """What a command prints."""
    done = subprocess.run(
        [sys.executable, "-m", "dsx", *map(str, words)], cwd=ROOT, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_cell_is_what_comes_out(tmp_path: Path) -> None:
    """In float32, as on cores without bf16 instructions, for which the text before it names the confidence."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    cell = re.search(r'^"target_distance_cm": ({.*?})\n```', text, re.MULTILINE | re.DOTALL)
    confidence = re.search(r"on others the confidence is (0\.\d+)", text)
    assert cell is not None
    assert confidence is not None
    dsx("extract", "--schema", "schemas/motor.json", "examples/papers", "--run", tmp_path, "--set", "dtype=float32")
    lines = map(json.loads, dsx("export", tmp_path, "--format", "jsonl").splitlines())
    (found,) = [line for line in lines if line["record"] == "Experiment 1"]
    got: dict[str, Any] = found["parameters"]["target_distance_cm"]
    wanted: dict[str, Any] = json.loads(cell[1])
    assert got["confidence"] == pytest.approx(float(confidence[1]), abs=0.01)
    assert wanted["confidence"] == pytest.approx(float(confidence[1]), abs=0.03)
    assert {**got, "confidence": None} == {**wanted, "confidence": None}

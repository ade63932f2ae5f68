"""Killed at any instant and resumed, a run ends as one that was never killed: a few of what benchmarks/kill.py does."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

SCRIPT = Path(__file__).parents[1] / "benchmarks" / "kill.py"


def killed(scripted: Any, *arguments: str) -> dict[str, Any]:
    """What benchmarks/kill.py counts."""
    done = subprocess.run(
        [sys.executable, str(SCRIPT), *arguments],
        env=scripted.environment(),
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    counts: dict[str, Any] = json.loads(done.stdout)
    return counts


@pytest.mark.parametrize(("runs", "in_flight"), [(6, 1), (3, 4)])
def test_runs_killed_at_random_instants_end_as_one_that_was_not(runs: int, in_flight: int, scripted: Any) -> None:
    counts = killed(scripted, "--runs", str(runs), "--papers-in-flight", str(in_flight))
    assert counts["equal"] == counts["runs"] == runs
    assert counts["kills"] >= runs
    if in_flight == 1:  # four papers in flight end nearly at once
        assert counts["kills_while"]["between the first and the last paper"] >= 1


def test_updates_killed_at_random_instants_end_as_a_run_from_scratch(scripted: Any) -> None:
    counts = killed(scripted, "--runs", "3", "--update")
    assert counts["equal"] == 3
    assert counts["kills"] >= 3

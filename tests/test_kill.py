"""Killed at any instant and resumed, 60 times of 60, a run ends as one that was never killed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

SCRIPT = Path(__file__).parents[1] / "benchmarks" / "kill.py"


def test_sixty_runs_killed_at_random_instants_end_as_one_that_was_not(scripted: Any) -> None:
    command = [sys.executable, str(SCRIPT), "--runs", "60"]
    done = subprocess.run(command, env=scripted.environment(), capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(done.stdout)
    assert found["equal"] == found["runs"] == 60
    assert found["kills"] >= 60
    assert found["kills_while"]["between the first and the last paper"] >= 10

"""`--processes N`: one command, several processes, one run folder."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from dsx.errors import MAY_PASS, UsageError
from dsx.run.processes import shares

pytestmark = pytest.mark.slow


def test_each_process_gets_its_share_of_the_gpus() -> None:
    assert shares([], 2) == [None, None]
    assert shares(["0", "1"], 2) == ["0", "1"]
    assert shares(["0", "1", "4", "5"], 2) == ["0,1", "4,5"]
    assert shares(["0", "1", "2"], 2) == ["0", "1,2"]
    with pytest.raises(UsageError, match="--processes 3: 2 GPUs are visible"):
        shares(["0", "1"], 3)


def test_two_processes_share_the_papers_and_one_command_says_so(
    scripted: Any, stored: Callable[[Path], dict[str, Any]], tmp_path: Path
) -> None:
    papers = scripted.papers(tmp_path / "papers", 6)
    (papers / "copy.pdf").write_bytes((papers / "p00.pdf").read_bytes())
    assert scripted.run("--run", tmp_path / "alone", papers).returncode == 0
    together = scripted.run("--run", tmp_path / "run", "--processes", "2", papers, SCRIPTED_DELAY="0.02")
    assert together.returncode == 0, together.stderr
    assert stored(tmp_path / "run") == stored(tmp_path / "alone")
    assert "6 papers, shared by process 1, process 2" in together.stderr
    assert sum(line.startswith("[6/6] p0") for line in together.stderr.splitlines()) == 1
    assert "6 done\n" in together.stderr
    assert len(list((tmp_path / "run").glob("log*.jsonl"))) == 2
    again = scripted.run("--run", tmp_path / "run", "--processes", "2", papers)
    assert (again.returncode, "0 done, 6 done earlier" in again.stderr) == (0, True), again.stderr


def test_a_process_that_is_lost_ends_the_run_with_one_line_and_the_same_command_goes_on(
    scripted: Any, stored: Callable[[Path], dict[str, Any]], tmp_path: Path
) -> None:
    papers, run = scripted.papers(tmp_path / "papers", 6), tmp_path / "run"
    parent = scripted.start("--run", run, "--processes", "2", papers, SCRIPTED_DELAY="0.3")
    while not run.is_dir() or len(list(run.glob("log*.jsonl"))) < 2:
        assert parent.poll() is None
        time.sleep(0.05)
    workers = [child for child in psutil.Process(parent.pid).children() if "--worker" in child.cmdline()]
    os.kill(max(workers, key=lambda worker: worker.pid).pid, signal.SIGKILL)
    said = parent.communicate(timeout=120)[1]
    assert parent.returncode == MAY_PASS, said
    (line,) = [line for line in said.splitlines() if "exit code -9" in line]
    assert "the same command goes on" in line
    assert not any(worker.is_running() for worker in workers)
    assert len(stored(run)) < 6
    again = scripted.run("--run", run, "--processes", "2", papers)
    assert again.returncode == 0, again.stderr
    assert len(stored(run)) == 6


def test_a_signal_reaches_all_processes(
    scripted: Any, stored: Callable[[Path], dict[str, Any]], tmp_path: Path
) -> None:
    papers, run = scripted.papers(tmp_path / "papers", 6), tmp_path / "run"
    parent = scripted.start("--run", run, "--processes", "2", "--grace", "0.1", papers, SCRIPTED_DELAY="1")
    while not run.is_dir() or len(list(run.glob("log*.jsonl"))) < 2:
        assert parent.poll() is None
        time.sleep(0.05)
    parent.send_signal(signal.SIGTERM)
    said = parent.communicate(timeout=120)[1]
    assert (parent.returncode, "stopped by SIGTERM, the same command goes on" in said) == (MAY_PASS, True), said
    assert not stored(run)

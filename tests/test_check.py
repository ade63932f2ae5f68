"""`dsx doctor --for-run`: what would cost a job is found before anything is loaded, and said with exit code 2."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click import ClickException
from click.testing import CliRunner

from dsx.cli.doctor import command
from tests.conftest import Scripted

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("arguments", "gpus", "code", "said"),
    [
        ([], "0", 0, "ok  papers  2, all readable"),
        ([], "2", 0, "ok  gpus    2 of 2 visible"),
        ([], "3", 2, "BAD  gpus    2 of 3 visible"),
        (["--schema", "{tmp}/broken.json"], "0", 2, "BAD  schema"),
        (["--engine", "nothere"], "0", 2, "no engine 'nothere'"),
        (["--run", "/proc/run"], "0", 2, "BAD  run"),
        (["{tmp}/nothere"], "0", 2, "BAD  papers  no such file or folder"),
        (["--engine", "transformers", "--model", "/not/here"], "0", 2, "BAD  model"),
        (["--shard", "4/4"], "0", 2, "is not I/N"),
        (["--nothere"], "0", 2, "No such option"),
    ],
)
def test_what_would_cost_the_job(
    scripted: Scripted,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    arguments: list[str],
    gpus: str,
    code: int,
    said: str,
) -> None:
    caplog.set_level("INFO")
    scripted.install(monkeypatch)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    (tmp_path / "broken.json").write_text('{"type": ')
    papers = scripted.papers(tmp_path / "papers", 2)
    given = [argument.format(tmp=tmp_path) for argument in arguments]
    words = scripted.extract("--run", tmp_path / "run", papers, *given)[4:]
    done = CliRunner().invoke(command, ["--for-run", "--gpus", gpus, "--", *words], standalone_mode=False)
    problem = done.exception
    exit_code = getattr(problem, "exit_code", None) if problem else done.return_value
    output = f"{done.output}{problem.format_message() if isinstance(problem, ClickException) else problem}"
    assert exit_code == code, output
    assert said in output
    assert "Loading" not in caplog.text
    assert not (tmp_path / "run").exists()


def test_arguments_without_for_run_are_a_mistake() -> None:
    command = [sys.executable, "-m", "dsx", "doctor", "papers"]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "DSX_PLUGINS": "none"})
    assert (done.returncode, "--for-run" in done.stderr) == (2, True)

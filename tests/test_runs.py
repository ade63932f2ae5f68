"""`dsx runs`: what is done and left is counted right; failures are tried again; runs become one, or say why not."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from dsx.cli.runs import command
from dsx.errors import RunError, UsageError
from dsx.run.history import merge, retry, state
from dsx.store import DecisionFile, add_decisions, open_run, read_reviews, read_run
from dsx.types import Decision, Flag, PaperResult, Record, Status, Value

pytestmark = pytest.mark.slow

MANIFEST = {"dsx": "1", "schema": {}, "schema_name": "s", "recipe": {"order": "value-quote"}}


def paper(number: int, value: int = 0) -> PaperResult:
    """A result."""
    record = Record(None, "", {"n": Value(value, Status.STATED)})
    return PaperResult(f"{number:064x}", f"p{number}.pdf", (record,))


def a_run(path: Path, *results: PaperResult) -> Path:
    """A run folder with results, as the loop leaves it."""
    run = open_run(path, MANIFEST)
    run.log({"event": "start", "papers": 4, "mine": 4})
    for result in results:
        run.save(result)
        run.log({"event": "paper", "document": result.document, "file": result.file, "seconds": 2.0})
    return path


def test_what_is_done_and_left(tmp_path: Path) -> None:
    run = read_run(a_run(tmp_path / "run", paper(1)))
    run.fail("f" * 64, "p9.pdf", "encrypted")
    found = state(run)
    assert (found.done, found.failed, found.left, found.seconds) == (1, {"p9.pdf": "encrypted"}, 2, 2.0)
    assert found.lines() == [
        "1 done, 1 failed, 2 left; 1 process so far",
        "2.0 s a paper; 4 s of one process's work left",
        "failed: p9.pdf: encrypted",
    ]
    run.log({"event": "duplicate", "document": paper(1).document, "file": "copy.pdf", "of": "p1.pdf"})
    assert state(run).left == 1
    assert retry(run) == ["p9.pdf"]
    assert (state(run).failed, state(run).left) == ({}, 2)


def test_papers_in_which_a_value_failed_are_done_again_if_asked(tmp_path: Path) -> None:
    cells = {"a": Value(1, Status.STATED), "b": Value(None, Status.FAILED, flags=(Flag("error", "timed out"),))}
    cut = {"a": Value(None, Status.FAILED, flags=(Flag("truncated"),))}
    half = PaperResult(f"{5:064x}", "half.pdf", (Record(None, "", cells),))
    long = PaperResult(f"{6:064x}", "long.pdf", (Record(None, "", cut),))  # the same again would be cut again
    run = read_run(a_run(tmp_path / "run", paper(1), half, long))
    assert retry(run) == []
    typed = ["retry", str(run.path)]
    assert "no paper failed in" in CliRunner().invoke(command, typed, standalone_mode=False).stderr
    again = CliRunner().invoke(command, [*typed, "--values"], standalone_mode=False)
    assert (again.stdout, again.stderr.startswith("1 paper to be done again: run")) == ("half.pdf\n", True)
    assert [result.file for result in run.results()] == ["long.pdf", "p1.pdf"]


def test_runs_become_one(tmp_path: Path) -> None:
    one, two = a_run(tmp_path / "a", paper(1), paper(2)), a_run(tmp_path / "b", paper(2), paper(3))
    read_run(one).fail(paper(3).document, "p3.pdf", "out of memory")
    merged = merge([one, two], tmp_path / "c")
    assert (merged.done, merged.failed, merged.left) == (3, {}, 1)
    assert [result.file for result in read_run(tmp_path / "c").results()] == ["p1.pdf", "p2.pdf", "p3.pdf"]
    assert sum(event["event"] == "paper" for event in read_run(tmp_path / "c").logs()) == 4
    with pytest.raises(RunError, match="there already"):
        merge([one, two], tmp_path / "c")


def test_runs_that_cannot_become_one(tmp_path: Path) -> None:
    one, two = a_run(tmp_path / "a", paper(1)), a_run(tmp_path / "b", paper(1, value=7))
    with pytest.raises(RunError, match="different answers for one paper"):
        merge([one, two], tmp_path / "c")
    manifest = json.loads((two / "run.json").read_text())
    (two / "run.json").write_text(json.dumps({**manifest, "recipe": {"order": "quote-value"}}))
    with pytest.raises(RunError, match="differ in recipe order"):
        merge([one, two], tmp_path / "c")
    with pytest.raises(RunError, match="no run folder"):
        merge([one, tmp_path], tmp_path / "c")
    with pytest.raises(RunError, match="named twice"):
        merge([one, tmp_path / "b" / ".." / "a"], tmp_path / "c")
    with pytest.raises(RunError, match=r"c is inside .*a; name a folder outside"):
        merge([one, a_run(tmp_path / "d", paper(2))], one / "c")
    (one / "reviews").mkdir()
    (one / "reviews" / "ana.json").write_text("{")
    with pytest.raises(UsageError, match="holds no decisions"):
        merge([one, tmp_path / "d"], tmp_path / "c")
    assert not (tmp_path / "c").exists()
    assert not (one / "c").exists()


def test_reviewers_decisions_become_one(tmp_path: Path) -> None:
    def decided(run: Path, reviewer: str, **at: str) -> None:
        decisions = (Decision("p", "d", "", None, name, "accept", str(run), None, "", day) for name, day in at.items())
        add_decisions(run, DecisionFile("r", reviewer, tuple(decisions)))

    one, two = a_run(tmp_path / "a", paper(1)), a_run(tmp_path / "b", paper(2))
    decided(one, "ana", x="2026-11-02", y="2026-11-02")
    decided(two, "ana", x="2026-11-01", y="2026-11-03", z="2026-11-01")
    decided(two, "ben", x="2026-11-01")
    merge([one, two], tmp_path / "c")
    ana, ben = read_reviews(tmp_path / "c")
    assert (ana.run, ana.reviewer, ben.reviewer) == ("c", "ana", "ben")
    assert {each.parameter: each.value for each in ana.decisions} == {"x": str(one), "y": str(two), "z": str(two)}
    assert len(ben.decisions) == 1


def test_the_commands(scripted: Any, stored: Callable[[Path], dict[str, Any]], tmp_path: Path) -> None:
    papers, run = scripted.papers(tmp_path / "papers", 2), tmp_path / "run"
    (papers / "bad.pdf").write_bytes(b"%PDF-1.7 and no more")
    assert scripted.run("--run", run, papers).returncode == 1
    (failure,) = (run / "failures").iterdir()

    def runs(*arguments: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "dsx", "runs", *map(str, arguments)]
        env = {**os.environ, "DSX_PLUGINS": "none"}
        return subprocess.run(command, capture_output=True, text=True, env=env, cwd=cwd)

    shown = json.loads(runs("show", run, "--json").stdout)
    assert (shown["done"], list(shown["failed"]), shown["left"]) == (2, ["bad.pdf"], 0)
    assert runs("show", run).stdout.startswith("2 done, 1 failed, 0 left")
    (tmp_path / "dsx.toml").write_text('runs = "."')
    newest = runs("show", "--json", cwd=tmp_path)
    assert (json.loads(newest.stdout), newest.stderr) == (shown, "dsx runs show: of run\n")
    assert runs("retry", run).stdout == "bad.pdf\n"
    assert not failure.exists()
    assert runs("show", tmp_path).returncode == 2
    again = scripted.run("--run", run, papers)
    assert (again.returncode, "2 done earlier" in again.stderr, failure.exists()) == (1, True, True)
    shutil.copytree(run, tmp_path / "copy")
    assert runs("merge", run, tmp_path / "copy", "-o", tmp_path / "both").returncode == 0
    assert stored(tmp_path / "both") == stored(run)

"""`--processes N`: one command, several processes, one run folder."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import click
import psutil
import pytest

from dsx.cli.extract import parse
from dsx.errors import MAY_PASS, UsageError
from dsx.load import document_id
from dsx.run.plan import Call, PlannedRun
from dsx.run.processes import Watch, shares
from dsx.run.progress import Silence
from dsx.store import Claims, open_run, schema_sha256
from dsx.types import PaperResult, Record, Status, Value

pytestmark = pytest.mark.slow


def manifest(**schema: str) -> dict[str, Any]:
    """Of a run with this schema."""
    return {"schema": schema, "schema_sha256": schema_sha256(schema), "schema_name": "s", "recipe": {}}


def watch_of(folder: Path, papers: list[Path], call: Call | None = None, **schema: str) -> Watch:
    """What watches the run in `folder`."""
    of_no_matter = cast(Any, None)
    planned = PlannedRun(papers, len(papers), folder, manifest(**schema), *[of_no_matter] * 3, call or Call())
    return Watch(planned)


def workers_of(parent: Any, run: Path) -> list[psutil.Process]:
    """The two processes that `parent` started, as soon as both are at the run."""
    while not run.is_dir() or len(list(run.glob("log*.jsonl"))) < 2:
        assert parent.poll() is None
        time.sleep(0.05)
    children = psutil.Process(parent.pid).children()
    return [child for child in children if f"--worker={run}" in child.cmdline()]


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
    workers = workers_of(parent, run)
    assert all(os.getsid(worker.pid) == worker.pid for worker in workers), "Ctrl-C would reach them twice"
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
    workers_of(parent, run)
    parent.send_signal(signal.SIGTERM)
    said = parent.communicate(timeout=120)[1]
    assert (parent.returncode, "stopped by SIGTERM, the same command goes on" in said) == (MAY_PASS, True), said
    assert not stored(run)


def test_no_process_outlives_the_one_that_started_it_where_that_fails(scripted: Any, tmp_path: Path) -> None:
    papers, run = scripted.papers(tmp_path / "papers", 4), tmp_path / "run"
    parent = scripted.start("--run", run, "--processes", "2", "--grace", "0.1", papers, SCRIPTED_DELAY="1")
    workers = workers_of(parent, run)
    (run / "run.json").write_text("{")
    said = parent.communicate(timeout=120)[1]
    assert (parent.returncode, "run.json is damaged" in said) == (2, True), said
    assert len(workers) == 2
    assert not any(worker.is_running() for worker in workers)


def test_papers_that_others_are_at_are_left_to_them(scripted: Any, tmp_path: Path) -> None:
    papers, run = scripted.papers(tmp_path / "papers", 3), tmp_path / "run"
    (run / "records").mkdir(parents=True)
    with Claims(run) as claims:
        assert claims.take(document_id(papers / "p01.pdf"))
        waits = scripted.run("--run", run, "--processes", "2", "--", papers)
        leaves = scripted.run("--run", run, "--processes", "2", "--leave-to-others", papers)
    assert "2 done, 1 in work in other processes" in waits.stderr, waits.stderr
    assert (waits.returncode, leaves.returncode) == (MAY_PASS, 0), leaves.stderr


def test_every_file_is_named_with_what_became_of_it(tmp_path: Path) -> None:
    papers = [tmp_path / f"{name}.pdf" for name in ("failed", "copy", "crashed", "elsewhere", "gone")]
    for paper, text in zip(papers, "aabc", strict=False):
        paper.write_text(text)
    run = open_run(tmp_path / "run", manifest())
    run.log({"event": "crash", "document": document_id(papers[3]), "reason": "of an earlier call"})
    time.sleep(0.01)
    watch = watch_of(run.path, papers)
    run.fail(document_id(papers[0]), "failed.pdf", "no text")
    time.sleep(0.01)
    run.log({"event": "crash", "document": document_id(papers[2]), "reason": "KeyError: 1"})
    with Claims(run.path):
        summary = watch.summary()
    assert (summary.failed["failed.pdf"], "No such file" in summary.failed["gone.pdf"]) == ("no text", True)
    assert summary.duplicates == {"copy.pdf": "failed.pdf"}
    assert [*summary.crashed] == ["crashed.pdf"]
    assert (summary.elsewhere, summary.left, summary.exit_code) == (1, 0, MAY_PASS)
    assert (watch.summary().elsewhere, watch.summary().left) == (0, 1), "nobody is at it"


def test_an_answer_to_an_earlier_parameter_set_is_read_once(tmp_path: Path) -> None:
    paper = tmp_path / "a.pdf"
    paper.write_text("a")
    document = document_id(paper)
    result = PaperResult(document, "a.pdf", (Record(None, "", {"title": Value("A", Status.STATED)}),))
    open_run(tmp_path / "run", manifest()).save(result)
    watch = watch_of(tmp_path / "run", [paper], Call(update=True), title="new")
    record = tmp_path / "run" / "records" / f"{document}.json"
    written = record.stat().st_mtime_ns
    record.write_text("not read again")
    os.utime(record, ns=(written, written))
    watch.until_all_end([], Silence(), [])
    assert not watch.ended
    open_run(tmp_path / "run", manifest(title="new"), update=True).save(result)
    watch.until_all_end([], Silence(), [])
    assert watch.ended == {document}


def test_a_worker_takes_the_folder_that_was_chosen_for_it() -> None:
    typed = ["--fields", "n: int", "--run", "run", "--force-new", "--processes", "2", "--", "a.pdf"]
    _, _, run, call = parse(["--worker=run-2", *typed])
    assert (run, call.force_new, call.is_worker) == (Path("run-2"), False, True)
    with pytest.raises(click.UsageError, match="leave out --no-claim"):
        parse(["--no-claim", *typed])

"""Signals: the paper in work gets its grace time, nothing is half written, the exit code says "run it again"."""

from __future__ import annotations

import importlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dsx.errors import MAY_PASS
from dsx.load import document_id
from dsx.pipeline import Filling
from dsx.run.loop import run_papers
from dsx.run.progress import Lines
from dsx.run.signals import Stop, Stopped
from dsx.store import open_run
from dsx.types import PaperResult

pytestmark = pytest.mark.slow


def wait_for(said: str, process: subprocess.Popen[str]) -> None:
    """Reads the command's lines up to one with `said`."""
    assert process.stderr is not None
    for line in process.stderr:
        if said in line:
            return
    raise AssertionError(f"it never said {said!r}")


def wait_for_a_question(run: Path) -> None:
    """Until the run's first question is answered."""
    while not any('"question"' in log.read_text() for log in run.glob("log*.jsonl")):
        time.sleep(0.01)


@pytest.mark.parametrize(
    ("number", "grace", "delay", "finished"),
    [
        (signal.SIGUSR1, "60", "0.1", True),
        (signal.SIGTERM, "60", "0.1", True),
        (signal.SIGUSR1, "0.2", "2", False),
        (signal.SIGTERM, "0", "2", False),
    ],
)
def test_a_signal_ends_the_run_after_the_paper_in_work_or_without_it(
    scripted: Any,
    stored: Callable[[Path], dict[str, Any]],
    undisturbed: Callable[[int], dict[str, Any]],
    tmp_path: Path,
    number: int,
    grace: str,
    delay: str,
    finished: bool,
) -> None:
    papers, run = scripted.papers(tmp_path / "papers", 3), tmp_path / "run"
    command = scripted.start("--run", run, "--grace", grace, papers, SCRIPTED_DELAY=delay)
    wait_for("Run folder", command)
    wait_for_a_question(run)
    asked = time.perf_counter()
    command.send_signal(number)
    _, said = command.communicate(timeout=60)
    took = time.perf_counter() - asked
    assert command.returncode == MAY_PASS == 75, said
    assert f"stopped by {signal.Signals(number).name}, the same command goes on" in said
    assert len(stored(run)) == finished
    assert list((run / "failures").iterdir()) == []
    assert list(run.rglob(".tmp-*")) == []
    assert took < (10 if finished else 1.9)
    again = scripted.run("--run", run, papers)
    assert again.returncode == 0, again.stderr
    assert stored(run) == undisturbed(3)


def test_all_papers_in_flight_get_the_grace_time_and_are_left_after_it(
    scripted: Any,
    stored: Callable[[Path], dict[str, Any]],
    undisturbed: Callable[[int], dict[str, Any]],
    tmp_path: Path,
) -> None:
    papers, run = scripted.papers(tmp_path / "papers", 5), tmp_path / "run"
    options = ("--run", run, "--papers-in-flight", "3", papers)
    for grace, delay, done, left in (("0.2", "2", 0, 5), ("60", "0.1", 3, 2)):
        command = scripted.start("--grace", grace, *options, SCRIPTED_DELAY=delay)
        wait_for("Run folder", command)
        wait_for_a_question(run)
        command.send_signal(signal.SIGUSR1)
        _, said = command.communicate(timeout=60)
        assert (command.returncode, f"{left} left; stopped by SIGUSR1" in said) == (MAY_PASS, True), said
        assert len(stored(run)) == done
        for log in run.glob("log*.jsonl"):
            log.unlink()
    again = scripted.run(*options)
    assert again.returncode == 0, again.stderr
    assert stored(run) == undisturbed(5)


def test_a_second_signal_abandons_the_paper_at_once(scripted: Any, tmp_path: Path) -> None:
    run = tmp_path / "run"
    command = scripted.start("--run", run, "--grace", "60", scripted.papers(tmp_path / "papers", 2), SCRIPTED_DELAY="3")
    wait_for("Run folder", command)
    wait_for_a_question(run)
    command.send_signal(signal.SIGUSR1)
    command.send_signal(signal.SIGUSR1)  # the same, twice
    time.sleep(1.1)
    assert command.poll() is None
    command.send_signal(signal.SIGTERM)
    _, said = command.communicate(timeout=2)
    assert (command.returncode, "2 left; stopped by SIGTERM" in said) == (75, True)


def test_before_the_first_paper_a_signal_ends_the_run_at_once() -> None:
    with Stop(60), pytest.raises(Stopped, match="SIGUSR1"):
        signal.raise_signal(signal.SIGUSR1)
    assert signal.getsignal(signal.SIGUSR1) is signal.SIG_DFL


def test_an_import_is_not_cut_short_for_its_lock_would_stay_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = "import time\nuntil = time.monotonic() + 0.3\nwhile time.monotonic() < until:\n    pass\n"
    (tmp_path / "slow_to_import.py").write_text(slow)
    (tmp_path / "never_imported.py").write_text("import time\nwhile True:\n    time.sleep(0.01)\n")
    monkeypatch.syspath_prepend(tmp_path)

    def imports_and_goes_on() -> None:
        importlib.import_module("slow_to_import")
        time.sleep(5)

    threading.Timer(0.1, signal.raise_signal, [signal.SIGTERM]).start()
    with Stop(60), pytest.raises(Stopped, match="SIGTERM"):
        imports_and_goes_on()
    assert "slow_to_import" in sys.modules
    monkeypatch.setattr("dsx.run.signals.LONGEST_IMPORT", 0.2)
    threading.Timer(0.1, signal.raise_signal, [signal.SIGTERM]).start()
    before = time.monotonic()
    with Stop(60), pytest.raises(Stopped, match="SIGTERM"):
        importlib.import_module("never_imported")
    assert time.monotonic() - before < 3


def test_what_is_being_stored_is_stored(tmp_path: Path) -> None:
    with Stop(0) as stop, stop.storing():
        with stop.work():
            pass
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(0.1)  # longer than the grace time
        (tmp_path / "stored").write_text("whole")
        with pytest.raises(Stopped), stop.work():
            time.sleep(2)
    assert (tmp_path / "stored").read_text() == "whole"


@pytest.mark.parametrize(("count", "left", "code"), [(1, 0, 0), (3, 2, 75)])
def test_a_signal_in_the_last_paper_stops_nothing(tmp_path: Path, count: int, left: int, code: int) -> None:
    files = [tmp_path / f"{number}.pdf" for number in range(count)]
    for file in files:
        file.write_text(file.name)

    def fill(path: Path) -> Filling:
        signal.raise_signal(signal.SIGUSR1)
        yield from ()
        return PaperResult(document_id(path), path.name, ())

    folder = open_run(tmp_path / "run", {"dsx": "1", "schema": {}, "schema_name": "s"})
    with Stop(60) as stop:
        summary = run_papers(files, fill, lambda questions: (), folder, Lines(count), stop=stop)
    assert (summary.done, summary.left, summary.exit_code) == (1, left, code)
    assert bool(summary.stopped) == bool(left)


@pytest.mark.parametrize(("count", "left", "code"), [(1, 0, 0), (3, 2, 130)])
def test_an_interrupt_that_a_destructor_loses_ends_the_run_after_the_paper(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int, left: int, code: int
) -> None:
    class Destroyed:
        def __del__(self) -> None:
            signal.raise_signal(signal.SIGINT)

    files = [tmp_path / f"{number}.pdf" for number in range(count)]
    for file in files:
        file.write_text(file.name)

    def fill(path: Path) -> Filling:
        Destroyed()
        yield from ()
        return PaperResult(document_id(path), path.name, ())

    lost = list[type[BaseException]]()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
    monkeypatch.setattr("sys.unraisablehook", lambda raised: lost.append(raised.exc_type))
    folder = open_run(tmp_path / "run", {"dsx": "1", "schema": {}, "schema_name": "s"})
    with Stop(60) as stop:
        summary = run_papers(files, fill, lambda questions: (), folder, Lines(count), stop=stop)
    assert lost == [KeyboardInterrupt]
    assert (summary.done, summary.left, summary.exit_code) == (1, left, code)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler

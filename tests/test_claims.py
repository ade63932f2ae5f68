"""Claims: one process a paper, taken over when its process is gone or silent, let go by one that was only slow."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dsx.errors import MAY_PASS
from dsx.store.claims import Claims

pytestmark = pytest.mark.slow

PAPER = "a" * 64


def test_one_has_it_until_it_gives_it_back(tmp_path: Path) -> None:
    with Claims(tmp_path) as one, Claims(tmp_path) as two:
        assert one.take(PAPER)
        assert one.held(PAPER)
        assert not two.take(PAPER)
        assert two.take("b" * 64)
        assert one.take("c" * 64)
        one.release(PAPER)
        assert two.take(PAPER)
        assert (two.held("b" * 64), one.held(PAPER), one.held("c" * 64)) == (True, False, True)
    assert list((tmp_path / "claims").iterdir()) == []


def test_a_dead_process_s_claim_is_free_at_once(tmp_path: Path) -> None:
    code = "import os, pathlib, sys; from dsx.store.claims import Claims; "
    code += f"assert Claims(pathlib.Path(sys.argv[1])).take({PAPER!r}); os._exit(0)"
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True)
    assert len(list((tmp_path / "claims").iterdir())) == 1
    with Claims(tmp_path) as mine:
        assert mine.take(PAPER)
        assert mine.held(PAPER)
    assert list((tmp_path / "claims").iterdir()) == []


def test_another_host_s_claim_is_free_when_its_heart_stands_still(tmp_path: Path) -> None:
    mine = Claims(tmp_path, expiry=60)
    claim = tmp_path / "claims" / f"{PAPER}.0.json"
    claim.write_text(json.dumps({"host": "far", "place": "another kernel", "process": 1, "started": 0}))
    assert not mine.take(PAPER)
    os.utime(claim, (time.time() - 61, time.time() - 61))
    assert mine.take(PAPER)


def test_the_heart_beats_and_a_slow_one_sees_that_it_lost(tmp_path: Path) -> None:
    with Claims(tmp_path, expiry=0.6) as beating:
        assert beating.take(PAPER)
        silent = Claims(tmp_path, expiry=0.6)  # its heart never starts
        assert silent.take("b" * 64)
        time.sleep(0.9)
        other = Claims(tmp_path, expiry=0.6)
        assert not other.take(PAPER)
        assert other.take("b" * 64)
        assert not silent.held("b" * 64)
        assert other.held("b" * 64)


def test_of_many_who_find_it_stale_one_wins(tmp_path: Path) -> None:
    for attempt in range(20):
        document = f"{attempt:064x}"
        Claims(tmp_path).folder.joinpath(f"{document}.0.json").write_text('{"place": "gone", "process": 1}')
        os.utime(tmp_path / "claims" / f"{document}.0.json", (0, 0))
        everyone, won = [Claims(tmp_path) for _ in range(6)], list[bool]()
        threads = [
            threading.Thread(target=lambda one=one, document=document, won=won: won.append(one.take(document)))
            for one in everyone
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sum(won) == 1


def test_processes_killed_and_restarted_do_each_paper_once(
    scripted: Any,
    stored: Callable[[Path], dict[str, Any]],
    undisturbed: Callable[[int], dict[str, Any]],
    tmp_path: Path,
) -> None:
    papers, run = scripted.papers(tmp_path / "papers", 12), tmp_path / "run"
    draw = random.Random(4)

    def start() -> subprocess.Popen[str]:
        return scripted.start("--run", run, "--claim", "--papers-in-flight", "2", papers, SCRIPTED_DELAY="0.1")

    def in_work() -> int | None:
        """A process whose last event is an answered question."""
        for at, process in enumerate(running):
            for log in run.glob(f"log-*-{process.pid}.jsonl"):
                if '"event": "question"' in log.read_text().rpartition("\n{")[2]:
                    return at
        return None

    running = [start() for _ in range(4)]
    while (at := in_work()) is None:
        time.sleep(0.01)
    for _ in range(6):
        running[at].kill()
        running[at].communicate()
        running[at] = start()
        time.sleep(draw.uniform(0.05, 0.5))
        at = draw.randrange(4)
    said = [process.communicate(timeout=120)[1] for process in running]
    assert {process.returncode for process in running} - {MAY_PASS} == {0}, said  # papers were in work in another one
    last = scripted.run("--run", run, "--claim", papers)  # whom the last kill hit was restarted, so nothing is left
    assert "12 done earlier" in last.stderr
    assert stored(run) == undisturbed(12)
    logs = [[json.loads(line) for line in log.read_text().splitlines()] for log in run.glob("log*.jsonl")]
    assert any(log[-1]["event"] == "question" for log in logs), "no kill hit a paper in work"
    times = Counter(event["file"] for log in logs for event in log if event["event"] == "paper")
    assert set(times) <= set(stored(run))
    assert max(times.values()) == 1

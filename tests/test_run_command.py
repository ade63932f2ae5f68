"""`dsx extract` as a run: whole processes with the scripted engine; shards, other folders, resuming."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any


def test_the_scripted_engine_gives_the_same_records_each_time(
    scripted: Any, stored: Callable[[Path], dict[str, Any]], tmp_path: Path
) -> None:
    papers = scripted.papers(tmp_path / "papers", 3)
    for run in ("a", "b"):
        done = scripted.run("--run", tmp_path / run, papers)
        assert done.returncode == 0, done.stderr
    assert set(stored(tmp_path / "a")) == {"p00.pdf", "p01.pdf", "p02.pdf"}
    assert stored(tmp_path / "a") == stored(tmp_path / "b")
    _, *records = stored(tmp_path / "a")["p00.pdf"]["records"]
    assert [record["label"] for record in records] == ["Experiment 1", "Experiment 2"]
    again = scripted.run("--run", tmp_path / "a", papers)
    assert (again.returncode, "3 done earlier" in again.stderr) == (0, True)

"""`dsx extract` as a run: whole processes with the scripted engine; shards, other folders, resuming."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dsx.errors import UsageError
from dsx.run.papers import Shard

pytestmark = pytest.mark.slow


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
    assert "Loading" not in again.stderr, "a model was loaded for nothing"
    more = scripted.run("--run", tmp_path / "a", scripted.papers(tmp_path / "papers", 4))
    assert (more.returncode, "1 done, 3 done earlier" in more.stderr) == (0, True)


def test_shards_share_a_folder_and_take_each_paper_once(
    scripted: Any, stored: Callable[[Path], dict[str, Any]], tmp_path: Path
) -> None:
    papers = scripted.papers(tmp_path / "papers", 5)
    (papers / "copy.pdf").write_bytes((papers / "p00.pdf").read_bytes())
    assert scripted.run("--run", tmp_path / "whole", papers).returncode == 0
    started = [scripted.start("--run", tmp_path / "run", "--shard", f"{index}/3", papers) for index in range(3)]
    said = [process.communicate(timeout=120)[1] for process in started]
    assert [process.returncode for process in started] == [0, 0, 0], said
    assert sum("the same content as" in line for text in said for line in text.splitlines() if "[" in line) == 1
    assert {**stored(tmp_path / "run")} == {**stored(tmp_path / "whole")}
    done = [event for log in (tmp_path / "run").glob("log*.jsonl") for event in log.read_text().splitlines()]
    assert sum('"event": "paper"' in event for event in done) == 5


@pytest.mark.parametrize("shard", ["4/4", "0", "1/0", "-1/4", "a/b", "1/", "0/4/2", "", "²/4"])
def test_a_shard_that_is_none_is_a_usage_error(scripted: Any, tmp_path: Path, shard: str) -> None:
    with pytest.raises(UsageError, match="is not I/N"):
        Shard.read(shard)
    if shard in ("4/4", ""):
        done = scripted.run("--run", tmp_path / "run", "--shard", shard, scripted.papers(tmp_path / "papers", 1))
        assert (done.returncode, "is not I/N" in done.stderr) == (2, True)
        assert not (tmp_path / "run").exists()


def test_a_shard_without_papers_loads_no_model(scripted: Any, tmp_path: Path) -> None:
    papers = scripted.papers(tmp_path / "papers", 1)
    said = [scripted.run("--run", tmp_path / f"run{index}", "--shard", f"{index}/2", papers) for index in range(2)]
    assert [done.returncode for done in said] == [0, 0]
    assert sorted("Loading" in done.stderr for done in said) == [False, True]


def test_another_recipe_is_refused_or_gets_another_folder(scripted: Any, tmp_path: Path) -> None:
    papers, run = scripted.papers(tmp_path / "papers", 1), tmp_path / "run"
    assert scripted.run("--run", run, papers).returncode == 0
    other = scripted.run("--run", run, "--order", "quote-value", papers)
    assert (other.returncode, "recipe order (value-quote, now quote-value)" in other.stderr) == (2, True)
    for said in ("1 done", "1 done earlier"):  # the second call finds the folder that the first made
        new = scripted.run("--run", run, "--order", "quote-value", "--force-new", papers)
        assert (new.returncode, said in new.stderr) == (0, True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["papers", "run", "run-2"]


def test_a_dry_run_shows_the_papers_of_its_shard_and_goes_on_past_broken_ones(scripted: Any, tmp_path: Path) -> None:
    papers = scripted.papers(tmp_path / "papers", 3)
    (papers / "a-broken.pdf").write_bytes(b"%PDF-1.7 nothing")
    shown = [scripted.run("--dry-run", "--shard", f"{shard}/2", papers) for shard in (0, 1)]
    names = [line.removeprefix("# ") for each in shown for line in each.stdout.splitlines() if line.endswith(".pdf")]
    assert sorted(names) == ["a-broken.pdf", "p00.pdf", "p01.pdf", "p02.pdf"]
    assert sorted(each.returncode for each in shown) == [0, 1]
    assert sum("failed: not a readable PDF" in each.stdout for each in shown) == 1

"""docs/library.md as it stands, with the scripted engine; and what a data frame holds."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import dsx
from dsx.store import open_run
from dsx.types import PaperResult, Record, RecordStep, Status, Value
from tests.conftest import SMALL, Scripted

ROOT = Path(__file__).parents[1]


@pytest.mark.slow
def test_the_page_runs(scripted: Scripted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scripted.install(monkeypatch)
    monkeypatch.chdir(tmp_path)
    scripted.papers(tmp_path / "papers", 2)
    page = (ROOT / "docs" / "library.md").read_text("utf-8")
    code = "\n".join(re.findall(r"```python\n(.*?)```", page, re.DOTALL))
    names: dict[str, object] = {"__name__": "page"}
    code = code.replace('model="Qwen/Qwen3-32B"', 'engine="scripted"')
    exec(compile(code, "library.md", "exec", dont_inherit=True), names)
    table = names["table"]
    assert list(table["file"]) == ["p00.pdf", "p00.pdf", "p01.pdf", "p01.pdf"]  # type: ignore[index]
    assert Path("study.csv").read_text("utf-8").startswith("file,document,list,record,title,title.status")


def test_a_data_frame_has_types_and_failed_papers(tmp_path: Path) -> None:
    path = tmp_path / "run"
    run = open_run(path, {"schema": SMALL, "schema_name": "small"})
    step = (RecordStep("experiments", "Experiment 1"),)
    records = (
        Record(None, "", {"title": Value("A", Status.STATED, 0.9)}),
        Record("Experiment 1", "experiments", {"targets": Value(8, Status.STATED, 0.5)}, None, step),
    )
    run.save(PaperResult("a" * 64, "a.pdf", records))
    run.fail("b" * 64, "b.pdf", "encrypted")
    stored = dsx.open_run(path)
    wide = stored.frame(evidence=True)
    assert list(wide["file"]) == ["a.pdf", "b.pdf"]
    assert (str(wide["targets"].dtype), wide["targets"][0], wide["targets"].isna()[1]) == ("Int64", 8, True)
    assert (wide["title.status"][0], wide["failed"][1]) == ("stated", "encrypted")
    long = stored.frame(long=True)
    assert set(long["parameter"].dropna()) == {"title", "targets"}

"""docs/library.md as it stands, with the scripted engine; and what a data frame holds."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import dsx
from dsx.store import open_run
from dsx.types import Json, PaperResult, Record, RecordStep, Status, Value
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
    types = {
        name: str(wide[name].dtype) for name in ("title.confidence", "title.page", "title.quote", "record", "failed")
    }
    assert list(types.values()) == ["Float64", "Int64", "string", "string", "string"]
    long = stored.frame(long=True)
    assert [str(long[name].dtype) for name in ("value", "number", "page")] == ["string", "Float64", "Int64"]
    assert set(long["parameter"].dropna()) == {"title", "targets"}


@pytest.mark.parametrize(
    ("schema", "value", "dtype"),
    [
        ({"type": "number"}, 8, "Float64"),
        ({"type": "integer"}, 8, "Int64"),
        ({"type": "boolean"}, True, "boolean"),
        ({"type": "string"}, "a", "string"),
        ({"enum": ["a", "b"]}, "b", "string"),
        ({"enum": [1, 2]}, 2, "Int64"),
        ({"enum": [0.5, 1]}, 1, "Float64"),
        ({"enum": [1, "none"]}, 1, "object"),
        ({"anyOf": [{"type": "number"}, {"type": "string"}]}, 8, "object"),
        ({"type": "array", "items": {"type": "number"}}, [8, 9], "object"),
    ],
)
def test_the_types_of_columns_are_those_of_the_schema_whatever_the_values(
    schema: dict[str, object], value: Json, dtype: str, tmp_path: Path
) -> None:
    run = open_run(tmp_path / "run", {"schema": {"type": "object", "properties": {"a": schema}}, "schema_name": "one"})
    assert str(dsx.open_run(run.path).frame()["a"].dtype) == dtype, "without any row"
    for number, each in enumerate((None, value)):
        status = Status.NOT_REPORTED if each is None else Status.STATED
        records = (Record(None, "", {"a": Value(each, status)}),)
        run.save(PaperResult(str(number) * 64, f"{number}.pdf", records))
        column = dsx.open_run(run.path).frame()["a"]
        assert str(column.dtype) == dtype
    assert column[1] == value
    assert column.isna()[0]

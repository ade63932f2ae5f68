"""Two papers whose files have one name: exports, the review page and evaluations tell them apart by their folders."""

from __future__ import annotations

import csv
import json
import sqlite3
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

import dsx
from dsx.errors import UsageError
from dsx.evaluation.evaluate import evaluate
from dsx.evaluation.papers import finder
from dsx.plugins import load_plugins
from dsx.review import open_review
from dsx.run.export import ExportChoices, export_run
from dsx.store import RunFolder, open_run
from dsx.store.apart import told_apart
from dsx.types import Evidence, PaperResult, Record, Status, Value

SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}}
FIRST, SECOND, OTHER, BROKEN = ("a" * 64, "b" * 64, "c" * 64, "d" * 64)


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    """Two papers called paper.pdf with different numbers, one of another name, and a failed one called paper.pdf."""
    run = open_run(tmp_path / "run", {"dsx": "1", "schema": SCHEMA, "schema_name": "s", "recipe": {"schema_name": "s"}})
    for document, folder, file, n in (
        (FIRST, "2019/mice", "paper.pdf", 4),
        (SECOND, "2020/mice", "paper.pdf", 5),
        (OTHER, "2019/rats", "other.pdf", 6),
    ):
        value = Value(n, Status.STATED, 0.9, Evidence(f"n = {n}", 1, 0, 5, (), 1))
        run.save(PaperResult(document, file, (Record(None, "", {"n": value}),)))
        run.log({"event": "paper", "document": document, "file": file, "path": f"/papers/{folder}/{file}"})
    run.fail(BROKEN, "paper.pdf", "the file is encrypted", path="/papers/new/paper.pdf")
    return run


NAMES = {4: "2019/mice/paper.pdf", 5: "2020/mice/paper.pdf", 6: "other.pdf"}


def exported(run: RunFolder, name: str) -> Path:
    """An export of the run, beside it."""
    path = run.path.parent / name
    export_run(run, path, ExportChoices(), load_plugins().exporters, StringIO())
    return path


def test_every_export_names_the_folders_that_tell_papers_apart(run: RunFolder) -> None:
    lines = [json.loads(line) for line in exported(run, "x.jsonl").read_text().splitlines()]
    assert {each["parameters"]["n"]["value"]: each["file"] for each in lines if "failed" not in each} == NAMES
    assert [each["file"] for each in lines if "failed" in each] == ["papers/new/paper.pdf"]
    assert [each["document"] for each in lines] == [OTHER, FIRST, SECOND, BROKEN]
    objects = json.loads(exported(run, "x.json").read_text())
    assert {each["values"]["n"]: each["file"] for each in objects[:3]} == NAMES
    with exported(run, "x.csv").open() as file:
        assert {int(row["n"]): row["file"] for row in csv.DictReader(file) if row["n"]} == NAMES
    with sqlite3.connect(exported(run, "x.sqlite")) as database:
        assert dict(database.execute("select n, file from paper")) == NAMES
    table = pytest.importorskip("pyarrow.parquet").read_table(exported(run, "x.parquet")).to_pylist()
    assert {row["n"]: row["file"] for row in table if row["n"]} == NAMES
    book = pytest.importorskip("openpyxl").load_workbook(exported(run, "x.xlsx"))
    header, *rows = book["records"].iter_rows(values_only=True)
    found = {row[header.index("n")]: row[header.index("file")] for row in rows}
    assert {n: file for n, file in found.items() if n} == NAMES
    link = book["values"].cell(3, [cell.value for cell in book["values"][1]].index("link") + 1).value
    assert "2019/mice/paper.pdf#page=1" in link


def test_an_export_that_is_read_back_is_judged_by_the_folders(run: RunFolder, tmp_path: Path) -> None:
    gold = tmp_path / "gold"
    gold.mkdir()
    for n, file in ((4, "2019/mice/paper.pdf"), (5, "papers/2020/mice/paper.pdf"), (6, "elsewhere/Other.PDF")):
        content = {"pdf": file, "experiments": [{"parameters": {"n": n}}]}
        (gold / f"{n}.json").write_text(json.dumps(content))
    evaluation = dsx.evaluate(run.path, gold)
    assert (evaluation.scores.micro.f1, evaluation.missing, evaluation.unjudged) == (1, (), ())
    again = evaluate(exported(run, "x.jsonl"), gold, parameter_set=dsx.parameter_set(SCHEMA))
    assert again.scores.micro.f1 == 1


def test_gold_that_may_be_of_several_papers_is_refused_with_a_way_out(run: RunFolder, tmp_path: Path) -> None:
    gold = tmp_path / "paper.json"
    content: dict[str, Any] = {"pdf": "paper.pdf", "experiments": [{"parameters": {"n": 5}}]}
    gold.write_text(json.dumps(content))
    with pytest.raises(UsageError, match=r'paper.pdf may be 2019/mice/paper.pdf or .* "pdf": "2019/mice/paper.pdf"'):
        dsx.evaluate(run.path, gold)
    gold.write_text(json.dumps({**content, "document": SECOND}))
    evaluation = dsx.evaluate(run.path, gold)
    assert (evaluation.scores.micro.f1, evaluation.unjudged) == (1, ("other.pdf", "2019/mice/paper.pdf"))
    gold.write_text(json.dumps({**content, "pdf": "2021/mice/paper.pdf"}))
    assert dsx.evaluate(run.path, gold).missing == ("paper",), "none is of this folder"


def test_the_review_page_names_them_apart_and_finds_each(tmp_path: Path, run: RunFolder) -> None:
    data = open_review(run.path).data()
    assert sorted(paper["file"] for paper in data["papers"]) == sorted([*NAMES.values(), "papers/new/paper.pdf"])


def test_as_few_folders_as_tell_papers_apart() -> None:
    def named(**paths: str) -> dict[str, str]:
        return told_apart(dict.fromkeys((*paths, "unknown"), "p.pdf"), lambda: paths)

    assert named(x="/a/p.pdf", y="/b/p.pdf") == {"x": "a/p.pdf", "y": "b/p.pdf"}
    assert named(x="/a/m/p.pdf", y="/b/m/p.pdf", z="/b/k/p.pdf") == {
        "x": "a/m/p.pdf",
        "y": "b/m/p.pdf",
        "z": "b/k/p.pdf",
    }
    assert named(x="/p.pdf", y="/b/p.pdf") == {"x": "p.pdf", "y": "b/p.pdf"}
    assert named(x="/a/\x1b\n/p.pdf") == {"x": "\ufffd /p.pdf"}
    changed = {"x": "/a/p.pdf", "y": "/a/p.pdf"}
    assert told_apart(dict.fromkeys(changed, "p.pdf"), lambda: changed) == {}, "one file, which was changed"

    def never() -> dict[str, str]:
        raise AssertionError("logs are read only where names are the same")

    assert told_apart({"x": "p.pdf", "y": "q.pdf"}, never) == {}


def test_a_paper_is_found_by_its_document_first() -> None:
    papers = [PaperResult(FIRST, "p.pdf", ()), PaperResult(SECOND, "p.pdf", ()), PaperResult(OTHER, "q.pdf", ())]
    find = finder(papers)
    assert find(PaperResult(SECOND, "q.pdf", ())) is papers[1]
    assert find(PaperResult("", "Q.html", ())) is papers[2]
    assert find(PaperResult("", "r.pdf", ())) is None
    with pytest.raises(UsageError, match=f'"document": "{FIRST}", into the gold'):
        find(PaperResult("", "p.pdf", ()))

"""A run on disk: whole files or none, the same bytes for the same result, and no run in another's folder."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from dsx.errors import AnotherRun, MachineError, RunError
from dsx.store import atomic, compare, from_json, open_run, probe, read_run, to_json
from dsx.store.serial import seal
from dsx.types import Evidence, Flag, PaperResult, Record, RecordStep, Status, Value

EVIDENCE = Evidence("Forty participants", 2, 10, 28, ((1.0, 2.0, 3.0, 4.0),), 1)
STATED = Value(
    40, Status.STATED, 0.93, EVIDENCE, 40, None, (Flag("repair", "quotes"), Flag("not-normalised", "no unit: of kg"))
)
RESULT = PaperResult(
    "d" * 64,
    "a.pdf",
    (
        Record(None, "", {"title": Value("A − ü", Status.STATED, 0.5)}),
        Record("Experiment 1", "experiments", {"n": STATED}, EVIDENCE, (RecordStep("experiments", "Experiment 1"),)),
        Record(
            "Experiment 2",
            "experiments",
            {"n": Value(None, Status.NOT_REPORTED, 0.8)},
            None,
            (RecordStep("experiments", "2"),),
        ),
    ),
    ("shown in passages",),
)
MANIFEST = {"dsx": "1", "schema": {"type": "object"}, "schema_name": "s", "recipe": {"order": "value-quote"}}


def test_a_result_comes_back_as_it_was() -> None:
    data = to_json(RESULT)
    assert from_json(data) == RESULT
    assert to_json(from_json(data)) == data
    for damaged in (data[: len(data) // 2], b"[1]", b'{"records": [{"path": []}]}'):
        with pytest.raises(ValueError, match="no stored result"):
            from_json(damaged)


def test_paths_and_flags_are_short_in_a_file() -> None:
    stored = json.loads(to_json(RESULT))
    assert stored["records"][1]["path"] == ["experiments", "Experiment 1"]
    assert stored["records"][1]["values"]["n"]["flags"] == ["repair:quotes", "not-normalised: no unit: of kg"]
    del stored["sha256"]
    with pytest.raises(ValueError, match="no checksum"):
        from_json(json.dumps(stored).encode())


def test_items_of_a_list_are_stored_where_there_are_any() -> None:
    items = (replace(STATED, value="a"), Value("b", Status.INFERRED, 0.5, EVIDENCE))
    listed = Value(["a", "b"], Status.INFERRED, 0.4, EVIDENCE, ["a", "b"], items=items)
    result = PaperResult("d" * 64, "a.pdf", (Record(None, "", {"ways": listed, "n": STATED}),))
    data = to_json(result)
    assert from_json(data) == result
    content = json.loads(data)
    stored = content["records"][0]["values"]
    assert stored["ways"]["items"][0]["flags"] == ["repair:quotes", "not-normalised: no unit: of kg"]
    assert list(stored["n"]) == ["value", "status", "confidence", "evidence", "raw", "unit", "flags", "sure"]
    assert "items" not in stored["ways"]["items"][0]
    del stored["ways"]["items"], content["sha256"]
    as_before = from_json(seal(json.dumps(content).encode()))
    assert as_before.records[0].values["ways"] == replace(listed, items=())


def test_a_run_goes_on_where_it_was(tmp_path: Path) -> None:
    run = open_run(tmp_path / "run", MANIFEST)
    run.fail(RESULT.document, "a.pdf", "encrypted", "Traceback …")
    assert run.failed(RESULT.document) == {"document": RESULT.document, "file": "a.pdf", "reason": "encrypted"}
    run.save(RESULT)
    again = open_run(tmp_path / "run", MANIFEST)
    assert again.done(RESULT.document)
    assert again.failed(RESULT.document) is None
    assert list(again.results()) == [RESULT]
    assert again.failures() == []
    assert [event["traceback"] for event in again.logs() if event["event"] == "failure"] == ["Traceback …"]
    assert read_run(tmp_path / "run").manifest == MANIFEST


def test_another_run_is_refused_and_what_differs_is_named(tmp_path: Path) -> None:
    engine = {"engine": "transformers", "model": "small", "fingerprint": "1", "device": "cuda:0"}
    open_run(tmp_path / "run", {**MANIFEST, "engine": engine})
    open_run(tmp_path / "run", {**MANIFEST, "engine": {**engine, "device": "cpu"}})
    for change, said in (
        ({"dsx": "2"}, r"dsx \(1, now 2\)"),
        ({"schema": {}}, "another schema;"),
        ({"recipe": {"order": "quote-value"}}, r"recipe order \(value-quote, now quote-value\)"),
        ({"engine": {**engine, "model": "large"}}, r"engine model \(small, now large\)"),
    ):
        with pytest.raises(RunError, match=said):
            open_run(tmp_path / "run", {**MANIFEST, "engine": engine, **change})
    here, there = ({"recipe": {"options": {"base_url": url, "rows": "8"}}} for url in ("http://n1:1", "http://n2:1"))
    assert compare(here, there) == []
    more, less = ({"recipe": {"options": options}} for options in ({}, {"cache_gigabytes": "2"}))
    assert compare(more, less) == []
    assert compare({"dsx": "1"}, {"recipe": {}}) == ["recipe (null, now {})"]


def test_other_plugins_are_named_by_what_became_of_them_and_with_a_way_out(tmp_path: Path) -> None:
    manifest = {**MANIFEST, "plugins": {"dsx-class": "0.1", "dsx-units": "0.1"}}
    open_run(tmp_path / "run", manifest)
    changes = "dsx-class 0.1 is missing, dsx-new 0.3 is new, dsx-units 0.1 is now 0.2"
    with pytest.raises(AnotherRun, match=rf"another set of plugins \({changes}\); install .*DSX_PLUGINS.*--force-new"):
        open_run(tmp_path / "run", {**manifest, "plugins": {"dsx-units": "0.2", "dsx-new": "0.3"}})


def test_folders_that_cannot_hold_a_run(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("")
    for folder, said in (
        (tmp_path / "file" / "run", "is a file"),
        (tmp_path / "mine", "other files"),
    ):
        with pytest.raises(RunError, match=said):
            probe(folder, MANIFEST)
    with pytest.raises(MachineError, match="cannot be written"):
        probe(Path("/proc/nothere"), MANIFEST)
    probe(tmp_path / "new" / "run", MANIFEST)
    assert not (tmp_path / "new").exists()
    with pytest.raises(RunError, match="no run folder"):
        read_run(tmp_path)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "no JSON object"),
        ("[1]", "no JSON object"),
        ("{}", "no schema and no schema_name"),
        ('{"schema": {}}', "no schema_name"),
        ('{"schema": {}, "schema_name": "s", "schema_sha256": "0"}', "changed after it was written"),
    ],
)
def test_a_damaged_manifest_says_what_is_wrong_and_what_to_do(tmp_path: Path, content: str, said: str) -> None:
    (tmp_path / "run.json").write_text(content)
    for use in (read_run, lambda folder: probe(folder, MANIFEST), lambda folder: open_run(folder, MANIFEST)):
        with pytest.raises(RunError, match=rf"run\.json is damaged \(.*{said}\); put back a copy of it, or .*--run"):
            use(tmp_path)


def test_what_a_kill_leaves_is_never_read(tmp_path: Path) -> None:
    run = open_run(tmp_path / "run", MANIFEST)
    run.save(RESULT)
    (tmp_path / "run" / "records" / f"{atomic.TEMPORARY}host-1-abc").write_bytes(b'{"half')
    run.log({"event": "question"})
    with next((tmp_path / "run").glob("log*.jsonl")).open("a") as log:
        log.write('{"event": "ques')
    assert [result.file for result in run.results()] == ["a.pdf"]
    assert [event["event"] for event in run.logs()] == ["question"]


def test_one_creates_and_the_other_reads(tmp_path: Path) -> None:
    assert atomic.create(tmp_path / "x", b"first")
    assert not atomic.create(tmp_path / "x", b"second")
    atomic.write(tmp_path / "x", json.dumps({"third": 3}).encode())
    assert json.loads((tmp_path / "x").read_bytes()) == {"third": 3}
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def test_a_run_does_not_go_on_with_another_prompt_or_other_code(tmp_path: Path) -> None:
    manifest = {**MANIFEST, "prompt_sha256": "a" * 64, "code_sha256": {"answers": "b", "ask": "c"}}
    open_run(tmp_path / "run", manifest)
    open_run(tmp_path / "run", manifest)
    for changed, named in (
        ({"prompt_sha256": "d" * 64}, "another text of the prompt set; "),
        ({"code_sha256": {"answers": "e", "ask": "c"}}, r"another code of dsx \(answers\); "),
    ):
        with pytest.raises(AnotherRun, match=named):
            open_run(tmp_path / "run", {**manifest, **changed})


def test_a_result_that_changes_while_a_run_is_exported_is_an_error_of_one_line(tmp_path: Path) -> None:
    run = open_run(tmp_path / "run", MANIFEST)
    run.save(RESULT)
    results = run.results()
    (path,) = (tmp_path / "run" / "records").glob("*.json")
    path.write_bytes(path.read_bytes().replace(b"a.pdf", b"b.pdf"))
    with pytest.raises(RunError, match="changed after it was written"):
        list(results)

"""`dsx export`: the format from the file's name, files that may not be written over, decisions, codebooks."""

from __future__ import annotations

import csv
import gc
import json
import os
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import dsx
from dsx.cli.export import command
from dsx.errors import DsxError, MachineError, PluginError, UsageError
from dsx.evaluation.gold import read_gold
from dsx.plugins import load_plugins
from dsx.plugins.registry import Registry
from dsx.report.codebook import write_codebook
from dsx.report.reading import read_export
from dsx.run.export import ExportChoices, export_run
from dsx.schema import read
from dsx.store import DecisionFile, RunFolder, asked_of, write_decisions
from dsx.types import NO_OPTIONS, Decision, Exporter, PaperResult, ParameterSet, Quote, Status, Value
from tests.export_results import ODD, PARAMETERS, RESULTS, TWO_LISTS, stored_run

SUFFIXES = ("jsonl", "json", "csv", "xlsx", "sqlite", "db", "parquet")


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    """A run of two papers and a failed one."""
    return stored_run(tmp_path / "run")


def export(run: RunFolder, output: Path | None = None, **choices: Any) -> tuple[str, list[str]]:
    """What went to stdout, and the notes."""
    stdout = StringIO()
    notes = export_run(run, output, ExportChoices(**choices), load_plugins().exporters, stdout)
    return stdout.getvalue(), notes


# ---- where it is written ----


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_the_format_follows_from_the_file_s_name_and_an_export_may_be_written_again(
    run: RunFolder, tmp_path: Path, suffix: str
) -> None:
    target = tmp_path / f"x.{suffix}"
    export(run, target)
    first = target.read_bytes()
    export(run, target)
    assert len(target.read_bytes()) == len(first)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run", target.name]
    assert target.stat().st_mode & 0o777 == 0o666 & ~_umask()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("content", [b"%PDF-1.7 a paper", b"PK\x03\x04 a zip", b"SQLite format 3\0" + b"x" * 100])
def test_what_is_no_export_is_not_written_over(run: RunFolder, tmp_path: Path, suffix: str, content: bytes) -> None:
    target = tmp_path / f"x.{suffix}"
    target.write_bytes(content)
    with pytest.raises(UsageError, match="no export of this format"):
        export(run, target)
    assert target.read_bytes() == content
    export(run, target, force=True)
    assert target.read_bytes() != content


def test_a_workbook_and_a_parquet_file_of_other_programs_stay(run: RunFolder, tmp_path: Path) -> None:
    import openpyxl
    import pyarrow
    import pyarrow.parquet

    book, frame = tmp_path / "x.xlsx", tmp_path / "x.parquet"
    openpyxl.Workbook().save(book)
    pyarrow.parquet.write_table(pyarrow.table({"a": [1]}), frame)
    for target in (book, frame):
        with pytest.raises(UsageError, match="no export"):
            export(run, target)


@pytest.mark.parametrize(
    ("place", "why"),
    [
        ("run/run.json", "part of the run folder"),
        ("run/log-host-1.jsonl", "part of the run folder"),
        (f"run/records/{'a' * 64}.json", "part of the run folder"),
        ("run", "is a folder"),
        ("missing/x.csv", "is no folder"),
    ],
)
@pytest.mark.parametrize("force", [False, True])
def test_a_run_and_folders_are_never_written_over(
    run: RunFolder, tmp_path: Path, place: str, why: str, force: bool
) -> None:
    target = tmp_path / place
    before = target.read_bytes() if target.is_file() else None
    with pytest.raises(UsageError, match=why):
        export(run, target, format="json", force=force)
    assert (target.read_bytes() if target.is_file() else None) == before


def test_an_export_may_stand_in_the_run_folder(run: RunFolder) -> None:
    export(run, run.path / "table.csv")
    assert (run.path / "table.csv").is_file()


def test_a_link_stays_a_link(run: RunFolder, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    link = tmp_path / "x.csv"
    link.symlink_to(tmp_path / "elsewhere" / "y.csv")
    export(run, link)
    assert link.is_symlink()
    assert (tmp_path / "elsewhere" / "y.csv").read_text().startswith("file,")


def test_a_device_is_written_itself(run: RunFolder) -> None:
    export(run, Path("/dev/null"), format="csv")
    assert Path("/dev/null").is_char_device()


def test_a_full_disk_is_the_machine_s_trouble(run: RunFolder) -> None:
    with pytest.raises(MachineError, match="/dev/full: No space left on device; make room"):
        export(run, Path("/dev/full"), format="csv")


def test_a_failed_export_leaves_the_old_file(run: RunFolder, tmp_path: Path) -> None:
    def half(results: Sequence[PaperResult], parameters: ParameterSet, out: Any) -> None:
        out.write("half")
        raise KeyError("no such value")

    exporters: Registry[Exporter] = Registry("exporter")
    exporters.add("half", Exporter(half, suffixes=(".txt",), is_own=lambda path: True), "mine")
    target = tmp_path / "x.txt"
    target.write_text("whole")
    with pytest.raises(PluginError, match="no such value"):
        export_run(run, target, ExportChoices(), exporters, StringIO())
    assert target.read_text() == "whole"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run", "x.txt"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_named(run: RunFolder, tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o500)
    with pytest.raises(DsxError, match=r"x\.csv cannot be written \(Permission denied\)"):
        export(run, closed / "x.csv")


# ---- what a person chooses ----


@pytest.mark.parametrize(
    ("choices", "why"),
    [
        ({"format": "xlsx"}, "--format xlsx writes a file"),
        ({"codebook": True}, "--codebook writes a file"),
        ({"format": "json", "long": True}, "--long is not for --format json, but for csv, parquet"),
        ({"format": "jsonl", "excel": True}, "--excel is not for --format jsonl, but for csv"),
        ({"format": "csv", "papers": Path(__file__).parent}, "--papers is not for --format csv, but for xlsx"),
        ({"format": "csv", "papers": Path("nope")}, "--papers nope: there is no such folder"),
        ({"format": "spss"}, "no exporter 'spss'; there are: csv, json"),
    ],
)
def test_options_that_do_not_fit_are_refused(run: RunFolder, choices: dict[str, Any], why: str) -> None:
    with pytest.raises(UsageError, match=why):
        export(run, **choices)


def test_an_unknown_suffix_lists_those_there_are(run: RunFolder, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no format is written to \.sav files; use \.jsonl"):
        export(run, tmp_path / "x.sav")


def test_stdout_gets_lines_of_json_and_the_failed_are_named(run: RunFolder) -> None:
    text, notes = export(run)
    *lines, failed = map(json.loads, text.splitlines())
    assert (len(lines), notes) == (5, [])
    assert all("failed" not in line for line in lines)
    assert failed == {
        "file": "broken.pdf",
        "document": "c" * 64,
        "record": None,
        "path": "",
        "parameters": {},
        "failed": "the file is encrypted",
    }
    assert export(run, format="csv")[1] == []
    table = export(run, format="table")[1]
    assert table == [
        "1 paper failed and --format table does not say so; these do: jsonl, json, csv, xlsx, sqlite, parquet"
    ]


def test_the_command_takes_all_of_it(run: RunFolder, tmp_path: Path) -> None:
    target = tmp_path / "x.csv"
    arguments = [str(run.path), "-o", str(target), "--long", "--excel", "--codebook"]
    result = CliRunner().invoke(command, arguments, catch_exceptions=False)
    assert (result.exit_code, result.output) == (0, "")
    assert [result.file for result in read_export(target, PARAMETERS)] == [ODD.file, "first.pdf"]
    assert (tmp_path / "x.codebook.csv").is_file()


def test_the_library_exports_too(run: RunFolder, tmp_path: Path) -> None:
    dsx.open_run(run.path).export(tmp_path / "x.csv", evidence=True)
    header = (tmp_path / "x.csv").read_text().splitlines()[0]
    assert "n.status,n.confidence,n.quote,n.page" in header
    with pytest.raises(UsageError, match="no choice 'evidenc' of an export; there are: format, long, evidence, excel"):
        dsx.open_run(run.path).frame(evidenc=True)
    with pytest.raises(DsxError, match="part of the run folder"):
        dsx.open_run(run.path).export(run.path / "run.json", format="json")


# ---- decisions ----


def decided(parameter: str, record: str, action: Any, value: Any, document: str = TWO_LISTS.document) -> Decision:
    """One reviewer's decision."""
    quote = Quote("words of the page", 2) if action == "correct" else None
    at = "2026-11-01T10:00:00+00:00"
    return Decision("first.pdf", document, record, None, parameter, action, value, quote, "", at)


@pytest.mark.parametrize("source", ["ada.json", "."])
def test_decisions_are_applied_and_the_machine_s_value_stands_beside(
    run: RunFolder, tmp_path: Path, source: str
) -> None:
    decisions = (
        decided("n", "arms/Arm 2", "correct", 41),
        decided("dose", "arms/Arm 1", "not_reported", None),
        decided("n", "arms/Arm 9", "correct", 1),
    )
    write_decisions(tmp_path / "ada.json", DecisionFile("run", "ada", decisions))
    _, notes = export(run, tmp_path / "x.csv", decisions=(tmp_path / source,), evidence=True)
    with (tmp_path / "x.csv").open() as file:
        rows = {row["record"]: row for row in csv.DictReader(file)}
    second = rows["Arm 2"]
    assert (second["arms.n"], second["arms.n.quote"], second["arms.n.machine"]) == ("41", "words of the page", "")
    first = rows["Arm 1 / Week~8"]
    assert (first["dose"], first["dose.status"], first["dose.machine"]) == ("", "not_reported", "-2.5")
    assert (first["n"], first["n.machine"]) == ("90", "")
    assert notes == ["decisions about values that the run does not have: 1, the first: first.pdf n"]


def added_arm() -> tuple[Decision, ...]:
    """What adds a record to the first paper, with one of its values."""
    return decided("", "arms/Arm 7", "add_record", None), decided("n", "arms/Arm 7", "correct", 12)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_an_added_record_is_in_every_format(run: RunFolder, tmp_path: Path, suffix: str) -> None:
    write_decisions(tmp_path / "ada.json", DecisionFile("run", "ada", added_arm()))
    _, notes = export(run, tmp_path / f"x.{suffix}", decisions=(tmp_path / "ada.json",))
    assert notes == [note for note in notes if "decisions" not in note]
    said = '"n": 12' if suffix == "json" else "Arm 7"  # the schema's own shape has no labels
    assert said in _unpacked(tmp_path / f"x.{suffix}")


def _unpacked(path: Path) -> str:
    """What an export says, in some form."""
    if path.suffix == ".parquet":
        return str(pytest.importorskip("pyarrow.parquet").read_table(path).to_pylist())
    if path.suffix == ".xlsx":
        with zipfile.ZipFile(path) as book:
            return b"".join(map(book.read, book.namelist())).decode()
    return path.read_bytes().decode(errors="replace")


def test_an_added_record_has_a_row_that_says_what_nobody_decided(run: RunFolder, tmp_path: Path) -> None:
    write_decisions(tmp_path / "ada.json", DecisionFile("run", "ada", added_arm()))
    export(run, tmp_path / "x.csv", decisions=(tmp_path / "ada.json",), evidence=True)
    with (tmp_path / "x.csv").open() as file:
        rows = {row["record"]: row for row in csv.DictReader(file) if row["file"] == "first.pdf"}
    row = rows["Arm 7"]
    assert list(rows).index("Arm 7") > list(rows).index("Arm 2")
    assert (row["arms.n"], row["arms.n.quote"], row["n"]) == ("12", "words of the page", "90")
    assert (row["dose"], row["dose.status"]) == ("", "failed")
    assert "dose (reviewed: add_record, undecided)" in row["failed"]
    export(run, tmp_path / "x.jsonl", decisions=(tmp_path / "ada.json",))
    lines = map(json.loads, (tmp_path / "x.jsonl").read_text().splitlines())
    [cells] = [line["parameters"] for line in lines if line["record"] == "Arm 7"]
    assert cells["arms.n"]["flags"] == ["reviewed: add_record", "reviewed: correct"]
    assert "machine" not in cells["arms.n"]


def test_decisions_of_before_a_change_are_the_reviewers_values_converted_or_named(
    run: RunFolder, tmp_path: Path
) -> None:
    dose, psqi = PARAMETERS.root.children[0].parameters[2:4]
    n = next(each for each in PARAMETERS.root.children[0].parameters if each.name == "n")
    decisions = (
        replace(decided("n", "arms/Arm 1", "accept", 39), asked=asked_of(n)),
        decided("n", "arms/Arm 2", "accept", 8),
        replace(decided("dose", "arms/Arm 1", "correct", 0.002), asked=replace(asked_of(dose), unit="g")),
        replace(decided("psqi", "arms/Arm 1", "correct", [1]), asked=replace(asked_of(psqi), values="other")),
    )
    path = tmp_path / "ada.json"
    write_decisions(path, DecisionFile("run", "ada", decisions))
    _, notes = export(run, tmp_path / "x.jsonl", decisions=(path,))
    rows = map(json.loads, (tmp_path / "x.jsonl").read_text().splitlines())
    arm = next(row for row in rows if row["path"].startswith("arms/Arm 1"))
    values = {name: (part["value"], part["flags"]) for name, part in arm["parameters"].items()}
    assert values["arms.n"] == (39, ["reviewed: correct"])
    assert values["dose"] == (2, ["reviewed: correct"])
    assert values["psqi"] == ([8, 4.5], [])
    [note] = notes
    assert note.startswith("decisions left out: 2, the first: first.pdf n (")
    write_decisions(path, DecisionFile(run.path.name, "ada", decisions))
    [paper] = read_gold(path, PARAMETERS, run.results(), run.path)
    assert [record.label for record in paper.records["arms",]] == ["Arm 1"], "as in the export"
    [of_another] = read_gold(path, PARAMETERS, run.results(), tmp_path / "another")
    assert of_another.records["arms",][1].values["n"].value == 8, "the run that was judged may be wrong"
    gold = paper.records["arms",][0].values
    assert [(gold[name].value, gold[name].doubtful) for name in ("n", "dose", "psqi")] == [
        (39, False),
        (2, False),
        (None, True),
    ]


@pytest.mark.parametrize("several", [False, True])
def test_the_library_takes_files_by_their_names(run: RunFolder, tmp_path: Path, several: bool) -> None:
    path = tmp_path / "ada.json"
    write_decisions(path, DecisionFile("run", "ada", (decided("n", "arms/Arm 2", "correct", 41),)))
    files = [str(path)] if several else str(path)
    (tmp_path / "papers").mkdir()
    dsx.open_run(run.path).export(tmp_path / "x.xlsx", decisions=files, papers=str(tmp_path / "papers"))
    frame = dsx.open_run(run.path).frame(decisions=files)
    assert 41 in set(frame["arms.n"].dropna())


# ---- codebook ----


@pytest.mark.parametrize(("place", "described"), [("study/data", "study"), ("study", "study")])
def test_the_codebook_and_psych_ds_describe_every_column(
    run: RunFolder, tmp_path: Path, place: str, described: str
) -> None:
    folder = tmp_path / place
    folder.mkdir(parents=True)
    assert export(run, folder / "study-trials_data.csv", evidence=True, codebook=True)[1] == []
    with (folder / "study-trials_data.csv").open() as file:
        header = next(csv.reader(file))
    description = json.loads((tmp_path / described / "dataset_description.json").read_text())
    assert {"@context", "@type", "name", "description", "variableMeasured"} <= set(description)
    assert [variable["name"] for variable in description["variableMeasured"]] == header
    assert all(variable["description"] for variable in description["variableMeasured"])
    with (folder / "study-trials_data.codebook.csv").open() as file:
        book = {row["column"]: row for row in csv.DictReader(file)}
    assert (book["psqi"]["type"], book["dose"]["unit"], book["kind"]["type"]) == ("list of number", "mg", "choice")
    assert json.loads(book["kind"]["choices"]) == {"primary": "", "other": ""}
    assert (book["n"]["minimum"], book["n"]["maximum"]) == ("0", ""), "the bound that dsx sets is not the user's"
    notes = export(run, folder / "trials.csv", evidence=True, codebook=True)[1]
    assert notes == (["Psych-DS wants trials.csv named like study-trials_data.csv"] if place != described else [])


def test_negative_bounds_are_numbers_in_the_codebook(tmp_path: Path) -> None:
    latitude = {"type": "number", "minimum": -90, "maximum": 90, "description": "-x"}
    parameters = read({"type": "object", "properties": {"lat": latitude}}, "x")
    write_codebook(parameters, NO_OPTIONS, tmp_path / "x.csv")
    with (tmp_path / "x.codebook.csv").open() as file:
        [row] = csv.DictReader(file)
    assert (row["minimum"], row["maximum"], row["description"]) == ("-90", "90", "'-x")


@pytest.mark.parametrize(
    ("name", "content"),
    [("dataset_description.json", '{"name": "mine"}'), ("x.codebook.csv", "name,meaning\nn,mine\n")],
)
def test_another_program_s_files_stay(run: RunFolder, tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(UsageError, match=f"{name} is not dsx's"):
        export(run, tmp_path / "x.csv", codebook=True)
    assert (tmp_path / name).read_text() == content
    (tmp_path / name).unlink()
    for _ in range(2):
        export(run, tmp_path / "x.csv", codebook=True)


def test_results_are_read_one_at_a_time_and_by_file_name(run: RunFolder) -> None:
    results = run.results()
    assert [result.file for result in results] == sorted(result.file for result in RESULTS)
    assert (len(results), results[0], results[-1:]) == (2, next(iter(results)), [TWO_LISTS])


def test_an_export_leaves_the_garbage_collector_as_it_was(tmp_path: Path) -> None:
    before = gc.get_freeze_count()
    export_run(stored_run(tmp_path), tmp_path / "table.csv", ExportChoices(), load_plugins().exporters, StringIO())
    assert gc.get_freeze_count() <= before


# ---- values that are not sure enough ----


def values_of(result: PaperResult) -> list[tuple[tuple[Any, ...], Value]]:
    """All values with their places."""
    return [
        ((result.document, record.path, name), value)
        for record in result.records
        for name, value in record.values.items()
    ]


@pytest.mark.parametrize("suffix", ["jsonl", "csv", "xlsx", "sqlite"])
def test_values_that_are_less_sure_are_left_blank_and_said_to_be(run: RunFolder, tmp_path: Path, suffix: str) -> None:
    target = tmp_path / f"x.{suffix}"
    export(run, target, min_confidence=0.94, long=suffix == "csv")
    stored = {slot: value for result in run.results() for slot, value in values_of(result)}
    exported = {slot: value for result in read_export(target, PARAMETERS) for slot, value in values_of(result)}
    texts = {"name", "record", "tools"}
    unsure = {
        slot
        for slot, value in stored.items()
        if value.value is not None and (value.confidence or 1) < 0.94 and slot[-1] not in texts
    }
    assert unsure
    for slot, value in stored.items():
        if slot in unsure:
            assert (exported[slot].value, exported[slot].status) == (None, Status.FAILED)
            assert exported[slot].flags[-1].kind == "below-confidence"
        else:
            assert exported[slot].value == value.value


def test_a_plain_table_says_which_value_was_not_sure_enough(run: RunFolder, tmp_path: Path) -> None:
    export(run, tmp_path / "x.csv", min_confidence=0.95)
    rows = list(csv.DictReader(StringIO((tmp_path / "x.csv").read_text())))
    assert any("n (below-confidence: 90)" in row["failed"] for row in rows)
    assert not any(row["n"] for row in rows)


def test_by_default_values_are_left_blank_below_a_fifth(tmp_path: Path) -> None:
    root, *rest = TWO_LISTS.records
    values = {
        **root.values,
        "n": replace(root.values["n"], confidence=0.199),
        "name": replace(root.values["name"], confidence=0.2),
    }
    result = replace(TWO_LISTS, records=(replace(root, values=values), *rest))
    unsure = stored_run(tmp_path / "unsure", [result], failed=False)
    lines, notes = export(unsure)
    cells = json.loads(lines.splitlines()[0])["parameters"]
    assert (cells["n"]["value"], cells["n"]["status"], cells["n"]["confidence"]) == (None, "failed", 0.199)
    assert (cells["n"]["flags"], cells["n"]["quote"]) == (["below-confidence: 90"], "as it stands there")
    assert cells["name"]["value"] == "Sleep well"
    assert notes == ["1 value less sure than 0.2 left blank; --min-confidence 0 writes all"]
    assert export(unsure, min_confidence=0.0)[1] == []


@pytest.mark.parametrize(("action", "value"), [("correct", 91), ("accept", 90)])
def test_what_a_reviewer_decided_stays_whatever_the_machine_s_confidence(
    run: RunFolder, tmp_path: Path, action: str, value: int
) -> None:
    decision = replace(decided("n", "", action, value), asked=asked_of(PARAMETERS.root.parameters[1]))
    write_decisions(tmp_path / "ada.json", DecisionFile("run", "ada", (decision,)))
    lines, notes = export(run, decisions=(tmp_path / "ada.json",), min_confidence=1.0)
    [cell, *_] = [
        line["parameters"]["n"] for line in map(json.loads, lines.splitlines()) if line["file"] == "first.pdf"
    ]
    assert cell["value"] == value
    assert notes == ["9 values less sure than 1 left blank; --min-confidence 0 writes all"]


@pytest.mark.parametrize("least", [float("nan"), 20, -0.1])
def test_what_is_no_probability_is_refused_and_nothing_is_written(run: RunFolder, tmp_path: Path, least: float) -> None:
    with pytest.raises(UsageError, match="--min-confidence takes a number from 0 to 1, not"):
        export(run, tmp_path / "x.csv", min_confidence=least)
    with pytest.raises(UsageError, match="--min-confidence takes"):
        dsx.open_run(run.path).frame(min_confidence=least)
    with pytest.raises(UsageError, match="--min-confidence takes"):
        dsx.evaluate(run.path, tmp_path, min_confidence=least)
    assert not (tmp_path / "x.csv").exists()

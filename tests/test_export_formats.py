"""Every format keeps each value at its place; what is read back is what was written."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow.parquet
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dsx.errors import UsageError
from dsx.report.cells import LONG, cell_without_boxes, neutral, plain_text
from dsx.report.columns import columns
from dsx.report.csv_export import to_csv
from dsx.report.export import to_jsonl, to_objects
from dsx.report.parquet_export import to_parquet
from dsx.report.reading import read_export
from dsx.report.sqlite_export import to_sqlite
from dsx.report.xlsx_export import to_xlsx
from dsx.report.xlsx_file import Workbook, column_letters
from dsx.schema import nullable, read
from dsx.schema.values import validator
from dsx.types import ExportOptions, Failure, PaperResult, Record, Status, Value, record_key
from tests.export_results import ABSENT, ODD, PARAMETERS, RESULTS, TRIAL, TWO_LISTS, record, stated

LONG_OPTIONS = ExportOptions(long=True, failures=(Failure("c" * 64, "broken.pdf", "the file is encrypted"),))
WRITERS: dict[str, Callable[..., None]] = {"jsonl": to_jsonl, "csv": to_csv, "xlsx": to_xlsx, "sqlite": to_sqlite}
Slot = tuple[str, str, str]


def slots(results: list[PaperResult]) -> dict[Slot, dict[str, Any]]:
    """Every value that is stored, as exports have it."""
    return {
        (result.document, record_key(each.path), name): cell_without_boxes(value)
        for result in results
        for each in result.records
        for name, value in each.values.items()
    }


def written(name: str, path: Path, results: list[PaperResult], options: ExportOptions = LONG_OPTIONS) -> Path:
    """The results exported to a file."""
    target = path / f"export.{name}"
    binary = name in ("xlsx", "sqlite")
    mode, encoding, newline = ("wb", None, None) if binary else ("w", "utf-8", "")
    with target.open(mode, encoding=encoding, newline=newline) as out:
        WRITERS[name](results, PARAMETERS, out, options)
    return target


def csv_rows(text: str) -> list[dict[str, str]]:
    """Rows of a CSV by column."""
    return list(csv.DictReader(io.StringIO(text)))


def exported_csv(results: list[PaperResult], **options: Any) -> str:
    """The CSV's text."""
    out = io.StringIO()
    to_csv(results, PARAMETERS, out, ExportOptions(**options))
    return out.getvalue()


# ---- nothing vanishes ----


@pytest.mark.parametrize("name", list(WRITERS))
def test_what_is_read_back_is_what_was_written(name: str, tmp_path: Path) -> None:
    back = read_export(written(name, tmp_path, RESULTS), PARAMETERS)
    expected = slots(RESULTS)
    if name == "xlsx":  # no cell of a workbook holds an escape character
        slot = (ODD.document, "", "name")
        expected[slot]["quote"] = expected[slot]["quote"].replace("\x1b", "�")
    assert slots(back) == expected
    assert [result.file for result in back] == [result.file for result in RESULTS]


def test_names_of_several_levels_each_have_a_column() -> None:
    assert [column.name for column in columns(PARAMETERS)] == [
        *("name", "n", "open", "record", "arms.name", "arms.n", "dose", "psqi"),
        *("arms.visits.n", "tools", "outcomes.name", "p", "kind"),
    ]


@pytest.mark.parametrize(
    ("paper", "below", "expected"),
    [
        ({"n": {"type": "integer"}}, {"m": {"type": "integer"}}, ["n", "m"]),
        ({"a": {"type": "number"}}, {"a": {"type": "number"}}, ["a", "arms.a"]),
        (
            {"dose": {"type": "object", "properties": {"unit": {"type": "string"}}}},
            {"dose": {"type": "number"}},
            ["dose.unit", "arms.dose"],
        ),
        ({"record": {"type": "string"}}, {"file": {"type": "string"}}, ["record_", "file_"]),
    ],
)
def test_no_two_columns_have_one_name(paper: Any, below: Any, expected: list[str]) -> None:
    items = {"type": "object", "properties": below}
    schema = {"type": "object", "properties": {**paper, "arms": {"type": "array", "items": items}}}
    table = columns(read(schema, "x"), reserved=("file", "record"))
    assert [column.name for column in table] == expected


def test_lines_of_json_keep_the_agreed_names_and_add_the_path() -> None:
    out = io.StringIO()
    to_jsonl(RESULTS, PARAMETERS, out)
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [line["record"] for line in lines] == ["Arm 2", "Arm 1 / Week 4 / 5", "Arm 1 / Week~8", "Primary", None]
    week = lines[1]
    assert week["path"] == "arms/Arm 1/visits/Week 4 ~1 5"
    values = {name: week["parameters"][name]["value"] for name in ("n", "arms.n", "arms.visits.n", "name", "arms.name")}
    assert values == {"n": 90, "arms.n": 40, "arms.visits.n": 39, "name": "Sleep well", "arms.name": "low"}
    assert lines[3]["parameters"]["outcomes.name"]["value"] == "PSQI"


def test_objects_carry_their_file_and_have_the_schema_s_shape() -> None:
    out = io.StringIO()
    to_objects(RESULTS, PARAMETERS, out)
    papers = json.loads(out.getvalue())
    assert [(paper["file"], paper["document"]) for paper in papers] == [(r.file, r.document) for r in RESULTS]
    first = papers[0]["values"]
    assert (first["n"], first["arms"][0]["n"], first["arms"][0]["visits"][1]["n"]) == (90, 40, 38)
    for paper in papers:
        assert list(validator(nullable(TRIAL)).iter_errors(paper["values"])) == []
    empty = io.StringIO()
    to_objects([], PARAMETERS, empty)
    assert json.loads(empty.getvalue()) == []


def test_objects_of_a_failed_paper_say_why_and_keep_the_shape() -> None:
    out = io.StringIO()
    to_objects(RESULTS, PARAMETERS, out, LONG_OPTIONS)
    *papers, failed = json.loads(out.getvalue())
    assert [paper.get("failed") for paper in papers] == [None, None]
    assert (failed["file"], failed["document"], failed["failed"]) == ("broken.pdf", "c" * 64, "the file is encrypted")
    assert (failed["values"]["n"], failed["values"]["arms"]) == (None, [])
    assert list(validator(nullable(TRIAL)).iter_errors(failed["values"])) == []


# ---- csv ----


def test_csv_tells_failed_not_reported_and_does_not_apply_apart() -> None:
    rows = csv_rows(exported_csv(RESULTS, evidence=True, failures=LONG_OPTIONS.failures))
    by_record = {(row["file"], row["record"]): row for row in rows}
    arm = by_record["first.pdf", "Arm 2"]
    assert (arm["arms.n"], arm["arms.n.status"], arm["dose.status"], arm["p.status"]) == (
        *("", "not_reported", "failed"),
        "does_not_apply",
    )
    assert arm["failed"] == "dose (error: connection refused)"
    assert (arm["n"], arm["n.quote"], arm["n.page"], arm["n.confidence"]) == ("90", "as it stands there", "4", "0.9312")
    assert by_record["broken.pdf", ""]["failed"] == "the file is encrypted"
    plain = csv_rows(exported_csv(RESULTS, failures=LONG_OPTIONS.failures))
    assert {row["list"] for row in plain} == {"arms", "arms/visits", "outcomes", ""}
    assert next(row for row in plain if row["record"] == "Arm 2")["failed"] == arm["failed"]
    assert plain[-1]["failed"] == "the file is encrypted"


def test_csv_lists_are_json() -> None:
    rows = csv_rows(exported_csv(RESULTS))
    assert json.loads(rows[1]["psqi"]) == [8, 4.5]
    assert json.loads(rows[1]["tools"]) == ["a; b", 'c "d"']


def test_csv_has_no_formula_and_numbers_stay_numbers() -> None:
    for options in ({}, {"evidence": True}, {"long": True}):
        for row in csv.reader(io.StringIO(exported_csv(RESULTS, **options))):
            for text in row:
                assert not text.startswith(("=", "+", "@", "\t", "\r")), text
                assert not text.startswith("-") or float(text) < 0
    assert csv_rows(exported_csv(RESULTS))[1]["dose"] == "-2.5"
    assert csv_rows(exported_csv([ODD]))[0]["record_"] == "'+1"


@given(st.text())
def test_a_neutralised_text_comes_back(text: str) -> None:
    assert plain_text(neutral(text)) == text


def test_csv_for_excel_has_a_byte_order_mark_and_its_line_ends() -> None:
    text = exported_csv(RESULTS, excel=True)
    assert text.startswith("\ufefffile,document,list,record,")
    assert text.split("\n")[0].endswith("\r")
    assert not exported_csv(RESULTS).startswith("\ufeff")


def test_a_decided_value_has_the_machine_s_beside_it(tmp_path: Path) -> None:
    slot = (TWO_LISTS.document, "arms/Arm 2", "n")
    options = ExportOptions(evidence=True, machine={slot: stated(41)})
    out = io.StringIO()
    to_csv(RESULTS, PARAMETERS, out, options)
    row = next(row for row in csv_rows(out.getvalue()) if row["record"] == "Arm 2")
    assert (row["arms.n"], row["arms.n.machine"], row["n.machine"]) == ("", "41", "")
    lines = io.StringIO()
    to_jsonl(RESULTS, PARAMETERS, lines, options)
    exported = json.loads(lines.getvalue().splitlines()[0])["parameters"]
    assert exported["arms.n"]["machine"] == {"value": 41, "status": "stated", "confidence": 0.9312}
    assert "machine" not in exported["n"]
    with closing(sqlite3.connect(written("sqlite", tmp_path, RESULTS, options))) as connection:
        stored = connection.execute("select parameter, machine from cells where machine is not null").fetchall()
    assert [(name, json.loads(machine)["value"]) for name, machine in stored] == [("arms.n", 41)]


# ---- sqlite ----


@pytest.fixture
def database(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """The results as a database."""
    with closing(sqlite3.connect(written("sqlite", tmp_path, RESULTS))) as connection:
        yield connection


def test_sqlite_has_keys_that_hold(database: sqlite3.Connection) -> None:
    assert database.execute("pragma foreign_key_check").fetchall() == []
    assert database.execute("pragma integrity_check").fetchone() == ("ok",)
    tables = {name for (name,) in database.execute("select name from sqlite_master where type = 'table'")}
    assert {"papers", "records", "values", "evidence", "parameters"} <= tables
    parent = "select p.label from records r join records p on r.parent = p.id where r.label = 'Week~8'"
    assert database.execute(parent).fetchone() == ("Arm 1",)


def test_sqlite_has_a_view_a_list(database: sqlite3.Connection) -> None:
    database.row_factory = sqlite3.Row
    arms = [dict(row) for row in database.execute("select * from arms order by record")]
    assert arms[0] == {"file": "first.pdf", "record": "Arm 1", "name": "low", "n": 40, "dose": -2.5, "psqi": "[8,4.5]"}
    paper = dict(database.execute("select * from paper where file = 'first.pdf'").fetchone())
    assert (paper["n"], paper["record"], paper["record_"]) == (90, "kept", None)
    assert database.execute('select count(*) from "arms.visits"').fetchone()[0] == 2
    failures = {tuple(row)[0::4] for row in database.execute("select * from failures")}
    assert failures == {("first.pdf", '["error: connection refused"]'), ("broken.pdf", "the file is encrypted")}


def test_sqlite_finds_words_without_their_accents(tmp_path: Path) -> None:
    result = replace(ODD, records=(record({"name": stated("A naïve Ä", "words of a page")}),))
    with closing(sqlite3.connect(written("sqlite", tmp_path, [TWO_LISTS, result]))) as connection:
        search = "select parameter from search where search match ?"
        assert connection.execute(search, ("naive",)).fetchall() == [("name",)]
        assert connection.execute(search, ("quote:words",)).fetchall() == [("name",)]


# ---- parquet ----


def test_parquet_has_the_schema_s_types() -> None:
    out = io.BytesIO()
    to_parquet(RESULTS, PARAMETERS, out, ExportOptions(evidence=True, failures=LONG_OPTIONS.failures))
    table = pyarrow.parquet.read_table(io.BytesIO(out.getvalue()))
    kinds = {field.name: str(field.type) for field in table.schema}
    assert {name: kinds[name] for name in ("n", "open", "dose", "psqi", "tools", "kind", "n.page")} == {
        "n": "int64",
        "open": "bool",
        "dose": "double",
        "psqi": "list<element: double>",
        "tools": "list<element: string>",
        "kind": "string",
        "n.page": "int64",
    }
    rows = table.to_pylist()
    assert rows[1]["psqi"] == [8, 4.5]
    assert rows[0]["open"] is False
    assert rows[-1]["failed"] == "the file is encrypted"


def test_parquet_long_has_a_row_a_value() -> None:
    out = io.BytesIO()
    to_parquet(RESULTS, PARAMETERS, out, LONG_OPTIONS)
    table = pyarrow.parquet.read_table(io.BytesIO(out.getvalue()))
    assert table.column_names == list(LONG)
    assert table.num_rows == len(slots(RESULTS)) + 1


def test_parquet_writes_values_of_several_types_as_text() -> None:
    parameters = read({"type": "object", "properties": {"x": {"type": ["integer", "string"]}}}, "x")
    results = [PaperResult(c, c, (Record(None, "", {"x": v}),)) for c, v in (("1", stated(3)), ("2", stated("few")))]
    out = io.BytesIO()
    to_parquet(results, parameters, out)
    assert pyarrow.parquet.read_table(io.BytesIO(out.getvalue())).column("x").to_pylist() == ["3", "few"]


# ---- xlsx ----


def test_xlsx_has_four_sheets_and_links_to_pages(tmp_path: Path) -> None:
    path = written("xlsx", tmp_path, RESULTS, replace(LONG_OPTIONS, papers="../papers/"))
    book = openpyxl.load_workbook(path)
    assert book.sheetnames == ["records", "values", "codebook", "failures"]
    values = list(book["values"].iter_rows(values_only=True))
    link = values[0].index("link")
    assert values[1][link] == '=HYPERLINK("../papers/first.pdf#page=4","p. 4")'
    odd = next(row for row in values if row[0] == ODD.file)
    assert odd[link].startswith('=HYPERLINK("../papers/%3Dcmd%7C%27%20/C%20calc%27%21A0.pdf#page=4"')
    failures = [row[4] for row in book["failures"].iter_rows(values_only=True)]
    assert failures == ["reason", '["error: connection refused"]', "the file is encrypted"]
    codebook = {row[0]: row for row in book["codebook"].iter_rows(values_only=True)}
    assert codebook["dose"][1:4] == ("arms", "number", "mg")
    assert codebook["n"][6] == '["sample size"]'


def test_two_workbooks_of_one_run_are_equal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = written("xlsx", tmp_path, RESULTS).read_bytes()
    monkeypatch.setattr("time.time", lambda: 2_000_000_000.0)
    assert written("xlsx", tmp_path, RESULTS).read_bytes() == first


def test_xlsx_text_is_no_formula_and_fits_a_cell(tmp_path: Path) -> None:
    result = PaperResult(
        "d", "d.pdf", (record({"name": stated("=1+1", "w" * 2_000_000), "n": stated(3), "open": ABSENT}),)
    )
    book = openpyxl.load_workbook(written("xlsx", tmp_path, [result]))
    header, first, *_ = book["values"].iter_rows()
    cells = {head.value: cell for head, cell in zip(header, first, strict=True)}
    assert (cells["value"].value, cells["value"].data_type) == ("=1+1", "s")
    assert len(cells["quote"].value) <= 32_767
    assert cells["quote"].value.endswith("[cut: 2000000 characters]")


def test_xlsx_columns_have_letters() -> None:
    assert [column_letters(number) for number in (1, 26, 27, 702, 703)] == ["A", "Z", "AA", "ZZ", "AAA"]


def test_xlsx_refuses_more_rows_than_a_sheet_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dsx.report.xlsx_file.MAX_ROWS", 2)
    with Workbook("x") as book:
        sheet = book.sheet("values", ["a"], [10])
        sheet.append(["1"])
        with pytest.raises(UsageError, match="sqlite or parquet"):
            sheet.append(["2"])


def test_xlsx_parts_are_xml(tmp_path: Path) -> None:
    from lxml import etree

    with zipfile.ZipFile(written("xlsx", tmp_path, RESULTS)) as package:
        names = package.namelist()
        for name in names:
            etree.fromstring(package.read(name))
    assert {"[Content_Types].xml", "_rels/.rels", "xl/workbook.xml", "docProps/core.xml"} <= set(names)


# ---- reading back ----


SCALARS = {
    "name": st.text(max_size=30),
    "n": st.integers(0, 10**15),
    "open": st.booleans(),
    "record": st.text(min_size=1, max_size=5),
}


@given(st.fixed_dictionaries({name: st.none() | values for name, values in SCALARS.items()}), st.text(min_size=1))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@pytest.mark.parametrize("name", ["jsonl", "csv", "sqlite"])
def test_any_value_is_read_back(name: str, tmp_path: Path, values: dict[str, Any], quote: str) -> None:
    def storable(text: Any) -> Any:
        return text.encode("utf-8", "replace").decode().replace("\0", "0") if isinstance(text, str) else text

    filled = {
        key: ABSENT if value is None else stated(storable(value), storable(quote)) for key, value in values.items()
    }
    results = [PaperResult("e" * 64, "e.pdf", (record(filled),))]
    assert slots(read_export(written(name, tmp_path, results), PARAMETERS)) == slots(results)


@pytest.mark.parametrize(("name", "why"), [("x.pdf", "read back are"), ("x.csv", "--long"), ("x.jsonl", "no export")])
def test_files_that_cannot_be_read_back_say_why(name: str, why: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text("a,b\n1,2\n")
    with pytest.raises(UsageError, match=why):
        read_export(path, PARAMETERS)


def test_a_value_s_agreement_is_read_back(tmp_path: Path) -> None:
    from dsx.types import Confidence

    value = Value(3, Status.STATED, 0.5, sure=Confidence(0.9, 0.9, agreement=0.75))
    results = [PaperResult("f", "f.pdf", (record({"n": value}),))]
    [back] = read_export(written("csv", tmp_path, results), PARAMETERS)
    sure = back.records[0].values["n"].sure
    assert sure is not None
    assert sure.agreement == 0.75


def test_a_cell_has_the_keys_of_what_there_is_to_say() -> None:
    """docs/exports.md, Keys of a cell."""
    assert cell_without_boxes(Value(None, Status.NOT_REPORTED)) == {"value": None, "status": "not_reported"}
    everything = cell_without_boxes(stated(3)).keys()
    assert everything == {"value", "status", "confidence", "quote", "page", "raw", "unit", "flags"}
    assert everything - cell_without_boxes(replace(stated(3), confidence=None)).keys() == {"confidence"}

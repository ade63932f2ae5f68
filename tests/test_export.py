"""Results for other programs: the agreed JSON Lines, a CSV, objects in the schema's own shape, a table for people."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from dsx.report.csv_export import to_csv
from dsx.report.export import is_json_export, is_jsonl_export, to_jsonl, to_objects, to_table
from dsx.report.unsure import without_unsure
from dsx.schema import nullable, read
from dsx.schema.values import validator
from dsx.types import Evidence, ExportOptions, Flag, PaperResult, Record, RecordStep, Status, Value

NUMBERS = {"type": "array", "items": {"type": "number"}}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["title", "experiments"],
    "properties": {
        "title": {"type": "string"},
        "experiments": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["n"],
                "properties": {
                    "n": {"type": "integer"},
                    "targets": {
                        "type": "object",
                        "properties": {"angles": {"type": "array", "items": {"type": "number"}}},
                    },
                    "phases": {
                        "type": "array",
                        "items": {"type": "object", "properties": {"trials": {"type": "integer"}}},
                    },
                },
            },
        },
    },
}
PARAMETERS = read(SCHEMA, "test")
EVIDENCE = Evidence("Forty participants", 4, 5, 23, ((1.234, 2, 3, 4),), 2)
ABSENT = Value(None, Status.NOT_REPORTED, 0.88)


def experiment(label: str, n: Value, angles: Value) -> Record:
    """A record of the list."""
    return Record(label, "experiments", {"n": n, "targets.angles": angles}, None, (RecordStep("experiments", label),))


RESULT = PaperResult(
    "id",
    "a.pdf",
    (
        Record(None, "", {"title": Value("On cursors", Status.STATED, 0.5, EVIDENCE)}),
        experiment("E1", Value(40, Status.STATED, 0.93, EVIDENCE, 40), Value([0, 4.5], Status.DERIVED, 0.4, EVIDENCE)),
        experiment("E2", ABSENT, Value(None, Status.FAILED, flags=(Flag("truncated"),))),
        Record(
            "p1",
            "phases",
            {"trials": Value(12, Status.STATED)},
            None,
            (RecordStep("experiments", "E1"), RecordStep("phases", "p1")),
        ),
        Record("p2", "phases", {"trials": ABSENT}, None, (RecordStep("experiments", "E1"), RecordStep("phases", "p2"))),
    ),
)
PLAIN = PaperResult("id2", "b.pdf", (Record(None, "", {"title": ABSENT}),))


def test_json_lines_have_one_line_a_record_with_what_belongs_to_the_paper_on_each() -> None:
    out = io.StringIO()
    to_jsonl([RESULT, PLAIN], PARAMETERS, out)
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [(line["file"], line["document"], line["record"]) for line in lines] == [
        ("a.pdf", "id", "E2"),
        ("a.pdf", "id", "E1 / p1"),
        ("a.pdf", "id", "E1 / p2"),
        ("b.pdf", "id2", None),
    ]
    assert lines[0]["parameters"]["title"]["value"] == "On cursors"
    assert lines[0]["parameters"]["n"] == {"value": None, "status": "not_reported", "confidence": 0.88}
    assert lines[0]["parameters"]["targets.angles"] == {"value": None, "status": "failed", "flags": ["truncated"]}
    assert lines[1]["parameters"]["n"] == {
        "value": 40,
        "status": "stated",
        "confidence": 0.93,
        "quote": "Forty participants",
        "page": 4,
        "boxes": [[1.23, 2, 3, 4]],
        "raw": 40,
        "unit": None,
        "flags": [],
    }


def test_items_of_a_list_stand_in_its_cell_and_in_a_column_of_long_forms() -> None:
    two = Value(4.5, Status.INFERRED, 0.31234, None, flags=(Flag("ocr"),))
    listed = Value([0, 4.5], Status.INFERRED, 0.4, EVIDENCE, items=(Value(0, Status.STATED, 0.93, EVIDENCE), two))
    result = PaperResult("id", "a.pdf", (Record(None, "", {}), experiment("E1", ABSENT, listed)))
    out = io.StringIO()
    to_jsonl([result], PARAMETERS, out)
    cells = json.loads(out.getvalue())["parameters"]
    quoted = {"quote": "Forty participants", "page": 4, "flags": [], "boxes": [[1.23, 2, 3, 4]]}
    assert cells["targets.angles"]["items"] == [
        {"value": 0, "status": "stated", "confidence": 0.93, **quoted},
        {"value": 4.5, "status": "inferred", "confidence": 0.3123, "flags": ["ocr"]},
    ]
    assert "items" not in cells["n"]
    table = io.StringIO()
    to_csv([result], PARAMETERS, table, ExportOptions(long=True))
    rows = list(csv.DictReader(io.StringIO(table.getvalue())))
    shown = io.StringIO()
    elsewhere = replace(two, evidence=replace(EVIDENCE, page=11))
    of_pages = {"targets.angles": replace(listed, items=(*listed.items, elsewhere))}
    to_table([PaperResult("id", "a.pdf", (Record(None, "", of_pages),))], PARAMETERS, shown)
    assert "p. 4, 11" in shown.getvalue()
    assert list(rows[0])[-1] == "items", "behind the columns that were there before"
    assert [json.loads(row["items"] or "null") for row in rows] == [None, cells["targets.angles"]["items"]]


def test_objects_have_the_schema_s_own_shape() -> None:
    out = io.StringIO()
    to_objects([RESULT, PLAIN], PARAMETERS, out)
    papers = json.loads(out.getvalue())
    assert [(paper["file"], paper["document"]) for paper in papers] == [("a.pdf", "id"), ("b.pdf", "id2")]
    one, other = (paper["values"] for paper in papers)
    assert one == {
        "title": "On cursors",
        "experiments": [
            {"n": 40, "targets": {"angles": [0, 4.5]}, "phases": [{"trials": 12}, {"trials": None}]},
            {"n": None, "targets": {"angles": None}, "phases": []},
        ],
    }
    for made in (one, other):
        assert list(validator(nullable(SCHEMA)).iter_errors(made)) == []
    assert not validator(SCHEMA).is_valid(other)


def test_csv_has_a_column_a_parameter() -> None:
    out = io.StringIO()
    to_csv([RESULT, PLAIN], PARAMETERS, out)
    rows = list(csv.DictReader(io.StringIO(out.getvalue())))
    assert [row["record"] for row in rows] == ["E2", "E1 / p1", "E1 / p2", ""]
    assert rows[1]["n"] == "40"
    assert rows[1]["targets.angles"] == "[0,4.5]"
    assert rows[3]["title"] == ""


def test_the_table_shows_values_pages_and_gaps() -> None:
    out = io.StringIO()
    to_table([RESULT], PARAMETERS, out)
    for text in ("a.pdf", "E2", "On cursors", "p. 4", "failed", "–"):
        assert text in out.getvalue()


def test_the_table_calls_what_is_left_blank_unsure() -> None:
    out = io.StringIO()
    to_table([without_unsure(RESULT, 0.6, PARAMETERS)], PARAMETERS, out)
    assert out.getvalue().count("unsure") == 2  # at each phase of the experiment
    assert "unsure (p. 4, 0.40)" in out.getvalue()
    assert "On cursors (p. 4, 0.50, stated)" in out.getvalue(), "text stays"
    assert "40 (p. 4, 0.93, stated)" in out.getvalue()


def test_an_export_that_begins_with_a_long_name_is_known_as_one(tmp_path: Path) -> None:
    line = json.dumps({"file": "é" * 120 + ".pdf", "document": "0", "record": None, "parameters": {}})
    for name, text, is_own in (("a.jsonl", line, is_jsonl_export), ("a.json", f"[\n{line}\n]", is_json_export)):
        (tmp_path / name).write_text(text)
        assert is_own(tmp_path / name)
        (tmp_path / name).write_text(text.replace('"file"', '"paper"'))
        assert not is_own(tmp_path / name)

"""Decisions of reviewers: files of them, and what they make of a run's results."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dsx.errors import UsageError
from dsx.schema import read
from dsx.store import (
    DecisionFile,
    agree,
    apply_decisions,
    read_decisions,
    read_reviews,
    review_path,
    settle,
    write_decisions,
)
from dsx.types import (
    Decision,
    Evidence,
    PaperResult,
    Quote,
    Record,
    RecordStep,
    Status,
    Value,
    record_key,
    record_path,
)

SET = read(
    {
        "type": "object",
        "properties": {
            "title": {"type": "string", "maxLength": 100},
            "arms": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {
                        "n": {"type": "integer", "minimum": 1, "maximum": 500},
                        "doses": {
                            "type": "array",
                            "items": {"type": "object", "properties": {"mg": {"type": "number", "minimum": 0}}},
                        },
                    },
                },
            },
        },
    },
    "trial",
)
ARM = (RecordStep("arms", "A/B ~ C"),)
DOSE = (*ARM, RecordStep("doses", "high"))
EVIDENCE = Evidence("40 people", 2, 10, 19, ((1.0, 2.0, 3.0, 4.0),), 1)
RESULT = PaperResult(
    "d1",
    "p.pdf",
    (
        Record(None, "", {"title": Value("Of mice", Status.STATED, 0.9)}),
        Record("A/B ~ C", "arms", {"n": Value(40, Status.STATED, 0.8, EVIDENCE, "40")}, None, ARM),
        Record("high", "doses", {"mg": Value(None, Status.NOT_REPORTED, 0.6)}, None, DOSE),
    ),
)


def decision(parameter: str, action: Any, value: Any, path: Any = ARM, **more: Any) -> Decision:
    """One about a record of the paper above."""
    label = path[-1].label if path else None
    part: dict[str, Any] = {"quote": None, "note": "", "at": "2026-11-28T10:00:00Z", "reviewer": "ana", **more}
    return Decision("p.pdf", "d1", record_key(path), label, parameter, action, value, **part)


def file(*decisions: Decision, reviewer: str = "ana") -> DecisionFile:
    """As one reviewer's."""
    return DecisionFile("motor", reviewer, tuple(replace(each, reviewer=reviewer) for each in decisions))


@pytest.mark.parametrize("path", [(), ARM, DOSE, (RecordStep("a", ""),)])
def test_a_records_key_is_read_back(path: Any) -> None:
    assert record_path(record_key(path)) == path


def test_a_file_is_read_as_it_was_written(tmp_path: Path) -> None:
    quote = Quote("forty-two", 3, ((1.0, 2.0, 3.0, 4.0),))
    written = file(decision("n", "correct", 42, quote=quote), decision("title", "accept", "Of mice", ()))
    path = review_path(tmp_path, "ana")
    write_decisions(path, written)
    assert read_decisions(path) == written
    assert read_reviews(tmp_path) == [written]
    plain = json.loads(path.read_text())
    assert plain["format"] == "dsx-decisions/1"
    assert plain["decisions"][0]["record"] == "arms/A~1B ~0 C"
    assert "reviewer" not in plain["decisions"][0]


def test_the_last_decision_of_a_reviewer_counts(tmp_path: Path) -> None:
    write_decisions(tmp_path / "x.json", file(decision("n", "accept", 40), decision("n", "correct", 41)))
    assert [each.value for each in read_decisions(tmp_path / "x.json").decisions] == [41]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "the file: Invalid JSON"),
        (b"[]", "the file: Input should be an object"),
        (b'{"format": "other", "run": "r", "reviewer": "a"}', "format: Input should be 'dsx-decisions/1'"),
        (
            json.dumps({"run": "r", "reviewer": "a", "decisions": [{"paper": 3}]}).encode(),
            "decisions.0.paper: Input should be a valid string",
        ),
    ],
)
def test_a_damaged_file_is_one_line_that_names_the_place(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "d.json"
    path.write_bytes(content)
    with pytest.raises(UsageError) as problem:
        read_decisions(path)
    assert says in str(problem.value)
    assert "\n" not in str(problem.value)


def test_a_reviewers_name_is_no_path(tmp_path: Path) -> None:
    for name in ("", "../x", "a/b", ".hidden", "x" * 61):
        with pytest.raises(UsageError, match="letters, digits"):
            review_path(tmp_path, name)


def test_applied_decisions_leave_the_machines_values_beside() -> None:
    quote = Quote("forty-two people", 3)
    settled = settle(
        [
            file(
                decision("n", "correct", 42, quote=quote),
                decision("title", "not_reported", None, ()),
                decision("mg", "accept", None, DOSE),
                decision("gone", "accept", 1),
            )
        ]
    )
    reviewed = apply_decisions(RESULT, settled, SET)
    title, n, mg = (next(iter(record.values.values())) for record in reviewed.result.records)
    assert (title.value, title.status) == (None, "not_reported")
    assert (n.value, n.status, n.confidence) == (42, "stated", None)
    assert n.evidence is not None
    assert (n.evidence.quote, n.evidence.page, n.evidence.boxes) == ("forty-two people", 3, ())
    assert (mg.value, mg.confidence) == (None, 0.6)
    assert [flag.detail for value in (title, n, mg) for flag in value.flags] == ["not_reported", "correct", "accept"]
    assert reviewed.machine["d1", record_key(ARM), "n"] == RESULT.records[1].values["n"]
    assert [each.parameter for each in reviewed.unmatched] == ["gone"]


def test_an_accepted_value_keeps_its_quote_or_takes_the_reviewers() -> None:
    kept = apply_decisions(RESULT, settle([file(decision("n", "accept", 40))]), SET)
    assert kept.result.records[1].values["n"].evidence == EVIDENCE
    same = file(decision("n", "accept", 40, quote=Quote("40 people", 2)))
    assert apply_decisions(RESULT, settle([same]), SET).result.records[1].values["n"].evidence == EVIDENCE
    other = file(decision("n", "accept", 40, quote=Quote("n = 40", 5)))
    evidence = apply_decisions(RESULT, settle([other]), SET).result.records[1].values["n"].evidence
    assert evidence is not None
    assert (evidence.quote, evidence.page) == ("n = 40", 5)


def test_a_corrected_value_that_does_not_fit_is_refused_by_name() -> None:
    with pytest.raises(UsageError, match=r"p\.pdf A/B ~ C n: 501 by ana does not fit"):
        apply_decisions(RESULT, settle([file(decision("n", "correct", 501))]), SET)


def test_the_latest_of_several_reviewers_counts_and_differences_show() -> None:
    first = file(decision("n", "correct", 41, at="2026-11-28T12:00:00Z"))
    second = file(decision("n", "accept", 40), decision("title", "accept", "Of mice", ()), reviewer="ben")
    settled = settle([first, second])
    assert [each.reviewer for each in settled["d1", record_key(ARM), "n"]] == ["ben", "ana"]
    assert not agree(settled["d1", record_key(ARM), "n"])
    assert agree(settled["d1", "", "title"])
    assert apply_decisions(RESULT, settled, SET).result.records[1].values["n"].value == 41

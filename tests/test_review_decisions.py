"""Decisions of reviewers: files of them, and what they make of a run's results."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dsx.errors import UsageError
from dsx.schema import read
from dsx.store import (
    DecisionFile,
    add_decisions,
    agree,
    apply_decisions,
    asked_of,
    joined,
    read_decisions,
    read_reviews,
    restate,
    review_path,
    settle,
    write_decisions,
)
from dsx.store.claims import sole_writer
from dsx.types import (
    Asked,
    Decision,
    Evidence,
    Json,
    PaperResult,
    ParameterSet,
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


def test_what_is_not_reported_has_no_value(tmp_path: Path) -> None:
    write_decisions(tmp_path / "x.json", file(decision("n", "not_reported", 40)))
    assert [each.value for each in read_decisions(tmp_path / "x.json").decisions] == [None]


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
        *((f"[{number}]".encode(), "is no number of JSON") for number in ("NaN", "-Infinity", "1e999")),
    ],
)
def test_a_damaged_file_is_one_line_that_names_the_place(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "d.json"
    if "number" in says:
        write_decisions(path, file(decision("n", "correct", "X")))
        content = path.read_bytes().replace(b'"X"', content)
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


def test_a_number_that_json_does_not_have_fits_no_parameter() -> None:
    for number in (float("nan"), float("inf")):
        with pytest.raises(UsageError, match="does not fit"):
            apply_decisions(RESULT, settle([file(decision("mg", "correct", number, DOSE))]), SET)


@pytest.mark.parametrize(
    ("accepted", "machine", "expected"),
    [
        (40, Value(42, Status.STATED, 0.8, EVIDENCE), (40, "stated", None, "correct")),
        (40, Value(None, Status.NOT_REPORTED, 0.8), (40, "stated", None, "correct")),
        (40, Value(None, Status.FAILED), (40, "stated", None, "correct")),
        (None, Value(42, Status.STATED, 0.8, EVIDENCE), (None, "not_reported", None, "not_reported")),
        (None, Value(None, Status.FAILED), (None, "not_reported", None, "not_reported")),
        (1, Value(True, Status.STATED, 0.8), (1, "stated", None, "correct")),
        (40.0, Value(40, Status.STATED, 0.8), (40, "stated", 0.8, "accept")),
    ],
)
def test_an_accepted_value_that_is_not_the_machines_any_more_is_the_reviewers(
    accepted: Json, machine: Value, expected: tuple[Any, ...]
) -> None:
    result = replace(RESULT, records=(Record("A/B ~ C", "arms", {"n": machine}, None, ARM),))
    asked = asked_of(SET.root.children[0].parameters[0])
    accept = file(decision("n", "accept", accepted, quote=Quote("forty", 3), asked=asked))
    [record] = apply_decisions(result, settle([accept]), SET).result.records
    n = record.values["n"]
    assert (n.value, n.status, n.confidence, n.flags[-1].detail) == expected
    quote = None if n.evidence is None else n.evidence.quote
    assert quote == (None if n.value is None else "forty")


NOTHING_STORED = dict[str, PaperResult]().get


def durations(**schema: Any) -> ParameterSet:
    """A set that asks for one value."""
    return read({"type": "object", "properties": {"time": schema}}, "trial")


def told(before: ParameterSet, action: Any, value: Json, after: ParameterSet) -> Json:
    """What a decision on `before` is in terms of `after`; "stale" where it is left out."""
    made = decision("time", action, value, (), asked=asked_of(before.root.parameters[0]))
    [current], stale = restate([file(made)], after, NOTHING_STORED)
    return "stale" if stale else current.decisions[0].value


MINUTES = durations(type="number", minimum=0, maximum=5000, **{"x-unit": "min"})
SECONDS = durations(type="number", minimum=0, maximum=5000, **{"x-unit": "s"})
COUNT = durations(type="integer", minimum=0, maximum=5000)
AB, ABC = durations(enum=["a", "b"]), durations(enum=["a", "b", "c"])


@pytest.mark.parametrize(
    ("before", "action", "value", "after", "expected"),
    [
        (MINUTES, "correct", 36, SECONDS, 2160),
        (MINUTES, "accept", 1.5, SECONDS, 90.0),
        (MINUTES, "not_reported", None, SECONDS, None),
        (MINUTES, "correct", None, SECONDS, "stale"),
        (MINUTES, "correct", 600, SECONDS, "stale"),  # 36,000 s are not legal
        (MINUTES, "correct", 36, durations(type="number", **{"x-unit": "mm"}), "stale"),
        (MINUTES, "not_reported", None, durations(type="number", **{"x-unit": "mm"}), "stale"),
        (durations(type="number"), "correct", 3.5, COUNT, "stale"),
        (durations(type="number"), "correct", 3.0, COUNT, 3.0),
        (MINUTES, "correct", 36, COUNT, "stale"),
        (COUNT, "correct", 36, MINUTES, "stale"),
        (COUNT, "correct", 36, durations(type="number", minimum=1, description="How many"), 36),
        (COUNT, "accept", 36, durations(type="integer", minimum=0, maximum=20), "stale"),
        (COUNT, "correct", 36, durations(type="string"), "stale"),
        (AB, "correct", "a", durations(enum=["b", "a"]), "a"),
        (AB, "correct", "a", ABC, "stale"),
        (AB, "correct", "a", durations(enum=["a", "b"], **{"x-choices": {"a": "one"}}), "stale"),
        (
            durations(type="array", items={"type": "number"}, **{"x-unit": "min"}),
            "correct",
            [1, 2.5],
            durations(type="array", items={"type": "number"}, **{"x-unit": "s"}),
            [60, 150.0],
        ),
    ],
)
def test_a_decision_follows_its_parameter_or_is_left_out(
    before: ParameterSet, action: Any, value: Json, after: ParameterSet, expected: Json
) -> None:
    assert told(before, action, value, after) == expected


def test_a_decision_says_what_was_asked_and_one_that_does_not_is_about_today(tmp_path: Path) -> None:
    asked = asked_of(MINUTES.root.parameters[0])
    written = file(decision("time", "correct", 36, (), asked=asked), decision("n", "correct", 3))
    write_decisions(tmp_path / "ana.json", written)
    first, second = json.loads((tmp_path / "ana.json").read_text())["decisions"]
    assert first["asked"] == {"unit": "min", "values": asked.values}
    assert "asked" not in second
    assert read_decisions(tmp_path / "ana.json") == written
    before = file(decision("time", "correct", 36, ()))
    assert restate([before], SECONDS, NOTHING_STORED) == ([before], [])
    assert asked_of(COUNT.root.parameters[0]) == Asked(None, asked.values)


def test_no_decision_is_lost_that_another_writes_at_the_same_time(tmp_path: Path) -> None:
    (tmp_path / "run.json").touch()
    code = (
        "import sys; from pathlib import Path; from dsx.store import *; from dsx.types import Decision\n"
        "for n in range(20):\n"
        " one = Decision('p', 'd', '', None, f'{sys.argv[2]}{n}', 'accept', 1, None, '', '2026')\n"
        " add_decisions(Path(sys.argv[1]), DecisionFile('r', 'ana b.c', (one,)))\n"
    )
    writers = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path), name]) for name in "xy"]
    assert [writer.wait(60) for writer in writers] == [0, 0]
    assert len(read_decisions(review_path(tmp_path, "ana b.c")).decisions) == 40
    undone = [("d", "", f"x{n}") for n in range(20)]
    add_decisions(tmp_path, DecisionFile("r", "ana b.c"), undone)
    assert {each.parameter[0] for each in read_decisions(review_path(tmp_path, "ana b.c")).decisions} == {"y"}
    assert [path.name for path in (tmp_path / "reviews").iterdir()] == ["ana b.c.json"]


@pytest.mark.parametrize(
    ("accepted", "machine", "expected"),
    [
        (8, Value(480, Status.STATED, 0.8), "stale"),
        (8, Value(None, Status.FAILED), "stale"),
        (480.0, Value(480, Status.STATED, 0.8), (480, "stated", "accept")),
        (None, Value(480, Status.STATED, 0.8), (480, "stated", "accept")),
        (None, Value(None, Status.FAILED), (None, "failed", "accept")),
        (None, Value(None, Status.NOT_REPORTED), (None, "not_reported", "accept")),
    ],
)
def test_what_was_accepted_without_what_was_asked_is_the_machines_value_or_left_out(
    accepted: Json, machine: Value, expected: Any
) -> None:
    result = PaperResult("d1", "p.pdf", (Record(None, "", {"time": machine}),))
    files, stale = restate([file(decision("time", "accept", accepted, ()))], SECONDS, {"d1": result}.get)
    assert (expected == "stale") == bool(stale)
    if not stale:
        time = apply_decisions(result, settle(files), SECONDS).result.records[0].values["time"]
        assert (time.value, time.status, time.flags[-1].detail) == expected


def test_who_may_write_decisions_alone_may_save(tmp_path: Path) -> None:
    (tmp_path / "claims").write_text("no folder")
    made = file(decision("n", "correct", 41))
    with sole_writer(review_path(tmp_path, "ben")):
        assert read_reviews(tmp_path) == []
        add_decisions(tmp_path, made)
        assert len(list((tmp_path / "reviews").iterdir())) == 2
        assert read_reviews(tmp_path) == [made]
    (tmp_path / "reviews").chmod(0o777)
    tmp_path.chmod(0o555)
    try:
        add_decisions(tmp_path, made)
    finally:
        tmp_path.chmod(0o755)
    assert [path.name for path in (tmp_path / "reviews").iterdir()] == ["ana.json"]


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ("2026-11-28T10:00:00+02:00", "2026-11-28T09:00:00Z"),
        ("2026-11-28T10:00:00Z", "2026-11-28T10:00:00.500Z"),
        ("2026-11-28T10:00:00", "2026-11-28T10:00:01Z"),
        ("yesterday", "2026-11-28"),
        ("a", "b"),
        ("0001-01-01T00:00:00+10:00", "0001-01-01"),
    ],
)
def test_the_later_decision_is_told_by_time_and_not_by_text(earlier: str, later: str) -> None:
    first, second = file(decision("n", "correct", 1, at=earlier)), file(decision("n", "correct", 2, at=later))
    for files in ([first, second], [second, first]):
        assert [each.value for each in joined(files)[0].decisions] == [2]
    of_two = [replace(second, reviewer="ben", decisions=(replace(second.decisions[0], reviewer="ben"),)), first]
    assert [each.value for each in settle(of_two)["d1", record_key(ARM), "n"]] == [1, 2]


def test_what_is_no_record_is_left_out_with_the_records_below_it() -> None:
    none = decision("n", "no_record", None)
    reviewed = apply_decisions(RESULT, settle([file(none, decision("mg", "correct", 3, DOSE))]), SET)
    assert ([record.path for record in reviewed.result.records], reviewed.unmatched) == ([()], ())
    paper = apply_decisions(RESULT, settle([file(decision("title", "no_record", None, ()))]), SET)
    assert paper.result == RESULT, "the paper is one"


def test_a_record_with_a_value_is_one() -> None:
    none = file(decision("n", "no_record", None, at="2026-11-02"), decision("size", "no_record", None, at="2026-11-02"))
    earlier, later = (file(decision("n", "correct", 41, at=f"2026-11-0{day}"), reviewer="ben") for day in (1, 3))
    assert len(apply_decisions(RESULT, settle([none, earlier]), SET).result.records) == 1, "the latest counts"
    reviewed = apply_decisions(RESULT, settle([none, later]), SET)
    assert [record.path for record in reviewed.result.records] == [(), ARM, DOSE]
    assert reviewed.result.records[1].values["n"].value == 41
    assert reviewed.unmatched == ()


def test_a_record_with_a_value_below_it_is_one() -> None:
    none = file(decision("n", "no_record", None), decision("mg", "no_record", None, DOSE))
    times = ("2026-11-28T11:59:00+02:00", "2026-11-28T09:01:00-01:00")
    earlier, later = (file(decision("mg", "correct", 3, DOSE, at=at), reviewer="ben") for at in times)
    assert len(apply_decisions(RESULT, settle([none, earlier]), SET).result.records) == 1
    reviewed = apply_decisions(RESULT, settle([none, later]), SET)
    assert [record.path for record in reviewed.result.records] == [(), ARM, DOSE]
    assert reviewed.result.records[2].values["mg"].value == 3


def test_that_there_is_no_such_record_outlives_changes_of_its_parameters(tmp_path: Path) -> None:
    none = file(decision("n", "no_record", 40, asked=Asked("mm", "other")))
    write_decisions(tmp_path / "x.json", none)
    (current,), stale = restate([read_decisions(tmp_path / "x.json")], SET, lambda _: RESULT)
    assert ([each.value for each in current.decisions], stale) == ([None], [])


# ---- records that reviewers added ----

ADDED_ARM = (RecordStep("arms", "B"),)
NEW_DOSE = (*ADDED_ARM, RecordStep("doses", "low"))


def added(path: Any, **more: Any) -> Decision:
    """That there is a record at a path."""
    return decision("", "add_record", None, path, **more)


def test_an_added_record_stands_behind_its_list_with_what_was_decided_on_it() -> None:
    quote = Quote("arm B", 3, ((1.0, 2.0, 3.0, 4.0),))
    made = file(added(ADDED_ARM, quote=quote), decision("n", "correct", 12, ADDED_ARM, quote=Quote("Twelve", 3)))
    reviewed = apply_decisions(RESULT, settle([made]), SET)
    assert [record.path for record in reviewed.result.records] == [(), ARM, DOSE, ADDED_ARM]
    record = reviewed.result.records[-1]
    assert (record.label, record.type, record.evidence) == ("B", "arms", Evidence("arm B", 3, 0, 0, quote.boxes, 0))
    value = record.values["n"]
    assert (value.value, value.status, value.evidence and value.evidence.quote) == (12, "stated", "Twelve")
    assert [flag.detail for flag in value.flags] == ["add_record", "correct"]
    assert reviewed.machine == {}, "the run stored nothing there"
    assert (len(reviewed.decisions), reviewed.unmatched) == (2, ())


def test_what_nobody_decided_on_in_an_added_record_has_no_answer() -> None:
    [*_, record] = apply_decisions(RESULT, settle([file(added(ADDED_ARM))]), SET).result.records
    assert record.values["n"].status == "failed"
    assert [flag.kind for flag in record.values["n"].flags] == ["reviewed", "undecided"]
    absent = file(added(ADDED_ARM), decision("n", "not_reported", None, ADDED_ARM))
    [*_, record] = apply_decisions(RESULT, settle([absent]), SET).result.records
    assert record.values["n"].status == "not_reported"


def test_a_record_is_added_below_an_added_one_and_below_the_run_s() -> None:
    other_dose = (*ARM, RecordStep("doses", "middle"))
    made = file(added(NEW_DOSE), added(ADDED_ARM), added(other_dose), decision("mg", "correct", 3, NEW_DOSE))
    reviewed = apply_decisions(RESULT, settle([made]), SET)
    assert [each.path for each in reviewed.result.records] == [(), ARM, DOSE, other_dose, ADDED_ARM, NEW_DOSE]
    assert reviewed.result.records[-1].values["mg"].value == 3


def test_an_added_record_without_a_place_is_left_over() -> None:
    for path in (NEW_DOSE, (RecordStep("sites", "Rome"),)):
        reviewed = apply_decisions(RESULT, settle([file(added(path), decision("mg", "correct", 3, path))]), SET)
        assert (reviewed.result, len(reviewed.unmatched)) == (RESULT, 2)


def test_an_added_record_that_the_run_has_by_now_is_the_run_s() -> None:
    made = file(added(ARM), decision("n", "correct", 41))
    reviewed = apply_decisions(RESULT, settle([made]), SET)
    assert len(reviewed.result.records) == len(RESULT.records)
    assert [flag.detail for flag in reviewed.result.records[1].values["n"].flags] == ["correct"]
    assert (len(reviewed.machine), reviewed.unmatched) == (1, ())


def test_another_reviewer_may_deny_an_added_record() -> None:
    ana = file(added(ADDED_ARM, at="2026-11-01"), decision("n", "correct", 12, ADDED_ARM, at="2026-11-01"))
    none = (decision(name, "no_record", None, ADDED_ARM, at="2026-11-02", reviewer="ben") for name in ("", "n"))
    ben = file(*none, reviewer="ben")
    assert apply_decisions(RESULT, settle([ana, ben]), SET).result == RESULT, "the latest counts"
    again = file(added(ADDED_ARM, at="2026-11-01"), decision("n", "correct", 13, ADDED_ARM, at="2026-11-03"))
    reviewed = apply_decisions(RESULT, settle([again, ben]), SET)
    assert [each.values["n"].value for each in reviewed.result.records if each.path == ADDED_ARM] == [13]


def test_a_file_with_an_added_record_is_read_as_it_was_written(tmp_path: Path) -> None:
    made = file(added(ADDED_ARM, quote=Quote("arm B", 3)), decision("n", "correct", 12, ADDED_ARM))
    write_decisions(tmp_path / "ana.json", made)
    assert read_decisions(tmp_path / "ana.json") == made
    assert "asked" not in json.loads((tmp_path / "ana.json").read_text())["decisions"][0]
    for odd in (decision("n", "add_record", None), added(()), added((RecordStep("arms", " "),))):
        write_decisions(tmp_path / "odd.json", file(odd))
        with pytest.raises(UsageError, match="names no record, or a parameter; add the record again"):
            read_decisions(tmp_path / "odd.json")


def test_a_value_of_an_added_record_is_legal_and_follows_its_unit() -> None:
    with pytest.raises(UsageError, match=r"p.pdf B n: 501 by ana does not fit"):
        apply_decisions(RESULT, settle([file(added(ADDED_ARM), decision("n", "correct", 501, ADDED_ARM))]), SET)
    stale = file(added(ADDED_ARM), decision("n", "correct", 12, ADDED_ARM, asked=Asked("mm", "other")))
    (current,), left_out = restate([stale], SET, lambda _: RESULT)
    assert ([each.action for each in current.decisions], len(left_out)) == (["add_record"], 1)

"""Results that tests of exports and evaluation share: lists in lists, names that stand at several levels, odd text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dsx.schema import read
from dsx.store import RunFolder, open_run
from dsx.types import Evidence, Flag, Json, PaperResult, ParameterSet, Record, RecordStep, Status, Value


def records_of(**properties: Json) -> dict[str, Json]:
    """The schema of a list of records."""
    return {"type": "array", "items": {"type": "object", "properties": properties}}


TEXT, COUNT, NUMBER = {"type": "string"}, {"type": "integer"}, {"type": "number"}
TRIAL: dict[str, Any] = {
    "title": "trial",
    "type": "object",
    "properties": {
        "name": {"type": "string", "maxLength": 5000, "description": "Name of the study"},
        "n": {"type": "integer", "minimum": 0, "x-synonyms": ["sample size"]},
        "open": {"type": "boolean"},
        "record": TEXT,
        "arms": records_of(
            name=TEXT,
            n=COUNT,
            dose={"type": "number", "x-unit": "mg"},
            psqi={"type": "array", "items": NUMBER},
            visits=records_of(n=COUNT, tools={"type": "array", "items": TEXT}),
        ),
        "outcomes": records_of(name=TEXT, p=NUMBER, kind={"enum": ["primary", "other"]}),
    },
}
PARAMETERS: ParameterSet = read(TRIAL, "trial")
ABSENT = Value(None, Status.NOT_REPORTED, 0.88)
FAILED = Value(None, Status.FAILED, flags=(Flag("error", "connection refused"),))


def stated(value: Json, quote: str = "as it stands there", page: int = 4, **more: Any) -> Value:
    """A value with evidence."""
    evidence = Evidence(quote, page, 5, 5 + len(quote), ((1.25, 2, 3, 4), (1, 5, 3, 7)), 1)
    return Value(value, Status.STATED, 0.9312, evidence, more.pop("raw", value), **more)


def record(values: dict[str, Value], *steps: str) -> Record:
    """A record at the path (list, label, list, label, …)."""
    path = tuple(RecordStep(*step) for step in zip(steps[::2], steps[1::2], strict=True))
    return Record(steps[-1] if steps else None, steps[-2] if steps else "", values, None, path)


ITEMS = (stated("a; b", "a; b stands here", 2, raw=None), Value('c "d"', Status.INFERRED, 0.5, stated(0).evidence))
"""Of a list whose items each have evidence of their own."""
TWO_LISTS = PaperResult(
    "a" * 64,
    "first.pdf",
    (
        record({"name": stated("Sleep well"), "n": stated(90), "open": stated(False), "record": stated("kept")}),
        record(
            {"name": stated("low"), "n": stated(40), "dose": stated(-2.5, unit="mg"), "psqi": stated([8, 4.5])},
            "arms",
            "Arm 1",
        ),
        record({"name": stated("high"), "n": ABSENT, "dose": FAILED, "psqi": ABSENT}, "arms", "Arm 2"),
        record(
            {"n": stated(39), "tools": stated(["a; b", 'c "d"'], items=ITEMS)},
            *("arms", "Arm 1", "visits", "Week 4 / 5"),
        ),
        record({"n": stated(38), "tools": ABSENT}, "arms", "Arm 1", "visits", "Week~8"),
        record({"name": stated("PSQI"), "p": stated(0.04), "kind": stated("primary")}, "outcomes", "Primary"),
    ),
)
ODD = PaperResult(
    "b" * 64,
    "=cmd|' /C calc'!A0.pdf",
    (
        record(
            {
                "name": stated("=HYPERLINK(\"http://x\")\nof two lines, “quoted”", "'tis -- a\tquote\x1b[31m"),
                "n": Value(0, Status.DERIVED, 0.5, stated(0).evidence, "none", flags=(Flag("same-as", "E1"),)),
                "open": ABSENT,
                "record": stated("+1"),
            }
        ),
    ),
)  # fmt: skip
RESULTS = [TWO_LISTS, ODD]


def stored_run(folder: Path, results: list[PaperResult] = RESULTS, failed: bool = True, **manifest: Json) -> RunFolder:
    """A run folder that holds the results, and the failure of another paper."""
    run = open_run(folder, {"schema": TRIAL, "schema_name": "trial", **manifest})
    for result in results:
        run.save(result)
    if failed:
        run.fail("c" * 64, "broken.pdf", "the file is encrypted")
    return run

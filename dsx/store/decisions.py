"""Files of decisions: what reviewers decided about a run's values, applied to its results or taken as gold.

    {"format": "dsx-decisions/1", "run": NAME, "reviewer": NAME, "decisions": [{"paper", "document", "record", "label",
     "parameter", "action", "value", "quote": {"text", "page", "boxes"?} | null, "note", "at", "asked"?: {"unit",
     "values"}}]}

The last decision of a reviewer about a value counts. docs/review.md says what each field is.
"""

from __future__ import annotations

import dataclasses
import json
import math
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from dsx.errors import UsageError
from dsx.schema import validates
from dsx.store import atomic
from dsx.store.added import ADDED, record_type_at, with_added
from dsx.store.claims import sole_writer
from dsx.types import (
    Decision,
    Evidence,
    Flag,
    Json,
    PaperResult,
    Parameter,
    ParameterSet,
    Quote,
    Record,
    RecordPath,
    RecordType,
    Slot,
    Status,
    Value,
    record_key,
    record_path,
)

if TYPE_CHECKING:
    from pydantic import TypeAdapter

FOLDER = "reviews"
"""Below a run folder: one file a reviewer."""
_name = re.compile(r"\w[\w .@-]{0,59}")


@dataclass(frozen=True, slots=True)
class DecisionFile:
    """One reviewer's decisions about one run. `decisions` come out with the reviewer's name in each."""

    run: str
    reviewer: str
    decisions: tuple[Decision, ...] = ()
    format: Literal["dsx-decisions/1"] = "dsx-decisions/1"


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A paper's result as reviewers left it.

    result: their values, each flagged `reviewed: ACTION`, without what they say is no record and with the records
    that they added. machine: what the run stored for the values decided on. decisions: those applied. unmatched: those
    about records or parameters that the result does not have.
    """

    result: PaperResult
    machine: Mapping[Slot, Value] = field(default_factory=dict)
    decisions: Mapping[Slot, Decision] = field(default_factory=dict)
    unmatched: tuple[Decision, ...] = ()


@lru_cache(maxsize=1)
def _adapter() -> TypeAdapter[DecisionFile]:
    from pydantic import TypeAdapter

    return TypeAdapter(DecisionFile)


def review_path(run: Path, reviewer: str) -> Path:
    """Where a reviewer's decisions are kept in a run folder. UsageError where the name cannot be a file's."""
    if not _name.fullmatch(reviewer):
        raise UsageError(f"reviewer {reviewer!r}: letters, digits, blanks and . @ - _ only, at most 60")
    return run / FOLDER / f"{reviewer}.json"


def parse_decisions(content: bytes, where: str) -> DecisionFile:
    """The decisions in a file's content, the last of each value. where: names the file in the UsageError.

    NaN and infinity are no JSON, and no values. What is not reported, or is about a record, has no value there.
    """
    from pydantic import ValidationError

    try:
        file = _adapter().validate_json(content)
        for decision in file.decisions:
            record_path(decision.record)
    except ValidationError as problem:
        first = problem.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the file"
        raise UsageError(
            f"{where} holds no decisions: {place}: {first['msg']}; save them again from the page"
        ) from None
    except ValueError:
        raise UsageError(f"{where}: {decision.record!r} is no record's path; save the decisions again") from None
    if (number := _no_number(dataclasses.asdict(file))) is not None:
        raise UsageError(f"{where} holds no decisions: {number} is no number of JSON; decide on that value again")
    if (odd := next(filter(_adds_no_record, file.decisions), None)) is not None:
        raise UsageError(f"{where}: add_record of {odd.record!r} names no record, or a parameter; add the record again")
    named = (
        dataclasses.replace(decision, reviewer=file.reviewer, value=None)
        if decision.action in ("not_reported", "no_record", "add_record")
        else dataclasses.replace(decision, reviewer=file.reviewer)
        for decision in file.decisions
    )
    return dataclasses.replace(file, decisions=tuple({decision.slot: decision for decision in named}.values()))


def _adds_no_record(decision: Decision) -> bool:
    """Whether it adds what cannot be a record: a paper, what has no label, a parameter."""
    path = record_path(decision.record)
    return decision.action == "add_record" and (bool(decision.parameter) or not path or not path[-1].label.strip())


def _no_number(part: Json) -> float | None:
    """A number that JSON does not have, anywhere in `part`."""
    if isinstance(part, float):
        return None if math.isfinite(part) else part
    if isinstance(part, str) or not isinstance(part, Collection):
        return None
    inner = part.values() if isinstance(part, Mapping) else part
    return next((number for each in inner if (number := _no_number(each)) is not None), None)


def read_decisions(path: Path) -> DecisionFile:
    """A file of decisions. UsageError, one line, where it is missing or damaged."""
    try:
        content = path.read_bytes()
    except OSError as problem:
        raise UsageError(f"{path}: {problem.strerror}; save the decisions from the review page") from None
    return parse_decisions(content, str(path))


def read_reviews(run: Path) -> list[DecisionFile]:
    """All reviewers' decisions in a run folder, by name."""
    return [read_decisions(path) for path in sorted((run / FOLDER).glob("*.json"))]


def to_plain(file: DecisionFile) -> dict[str, Json]:
    """The JSON object of a file."""
    plain = dataclasses.asdict(file)
    decisions = plain["decisions"]
    for decision in decisions:
        del decision["reviewer"]
        if decision["asked"] is None:
            del decision["asked"]
    return {"format": file.format, "run": file.run, "reviewer": file.reviewer, "decisions": decisions}


def write_decisions(path: Path, file: DecisionFile) -> None:
    """Whole or not at all, whatever happens. UsageError where the folder cannot be written."""
    try:
        path.parent.mkdir(exist_ok=True)
        atomic.write(path, (json.dumps(to_plain(file), ensure_ascii=False, indent=1) + "\n").encode())
        atomic.sync_folder(path.parent)
    except OSError as problem:
        raise UsageError(f"{path} cannot be written ({problem.strerror}); make room or choose another place") from None


def add_decisions(run: Path, file: DecisionFile, undone: Iterable[Slot] = ()) -> None:
    """Puts decisions into a reviewer's file in a run folder, and takes those about `undone` out.

    None is lost that other processes put there at the same time.
    """
    path = review_path(run, file.reviewer)
    with sole_writer(path):
        known = read_decisions(path).decisions if path.exists() else ()
        by_slot = {decision.slot: decision for decision in (*known, *file.decisions)}
        for slot in undone:
            by_slot.pop(slot, None)
        write_decisions(path, dataclasses.replace(file, decisions=tuple(by_slot.values())))


def joined(files: Iterable[DecisionFile]) -> list[DecisionFile]:
    """One file a reviewer: of several decisions on a value the latest."""
    by_reviewer: dict[str, list[DecisionFile]] = {}
    for file in files:
        by_reviewer.setdefault(file.reviewer, []).append(file)
    return [_joined(of_reviewer) for of_reviewer in by_reviewer.values()]


def _joined(files: Sequence[DecisionFile]) -> DecisionFile:
    decisions = sorted((each for file in files for each in file.decisions), key=_time)
    by_slot = {decision.slot: decision for decision in decisions}
    return dataclasses.replace(files[0], decisions=tuple(by_slot.values()))


def _time(decision: Decision) -> tuple[bool, datetime, str]:
    """By this decisions are sorted, the latest last; what is no time comes first, as text. Without a zone it is UTC."""
    try:
        at = datetime.fromisoformat(decision.at)
    except ValueError:
        return False, datetime.min.replace(tzinfo=UTC), decision.at
    return True, at if at.tzinfo else at.replace(tzinfo=UTC), ""


def settle(files: Iterable[DecisionFile]) -> dict[Slot, tuple[Decision, ...]]:
    """Each value's decisions, one a reviewer, the latest last: that one counts where reviewers differ."""
    of_reviewer = {(*decision.slot, decision.reviewer): decision for file in files for decision in file.decisions}
    settled: dict[Slot, tuple[Decision, ...]] = {}
    for decision in sorted(of_reviewer.values(), key=_time):
        settled[decision.slot] = (*settled.get(decision.slot, ()), decision)
    return settled


def agree(decisions: Sequence[Decision]) -> bool:
    """Whether reviewers came to one value, or all say that there is no such record."""
    denied = {decision.action == "no_record" for decision in decisions}
    return len(denied) == 1 and all(same(decision.value, decisions[0].value) for decision in decisions)


def absent_records(document: str, settled: Mapping[Slot, tuple[Decision, ...]]) -> frozenset[RecordPath]:
    """What is no record of a document: the latest decision on each of its values says so, and no later one on a record
    below it says otherwise. The paper is one."""
    latest = [decisions[-1] for slot, decisions in settled.items() if slot[0] == document]
    denied = {record_path(each.record): _time(each) for each in latest if each.action == "no_record"}
    for each in latest:
        if each.action != "no_record":
            path = record_path(each.record)
            denied.pop(path, None)
            for depth in range(1, len(path)):
                if path[:depth] in denied and denied[path[:depth]] < _time(each):
                    del denied[path[:depth]]
    return frozenset(denied.keys() - {()})


def apply_decisions(
    result: PaperResult, settled: Mapping[Slot, tuple[Decision, ...]], parameters: ParameterSet
) -> Reviewed:
    """A paper's result with the decided values in place of the machine's.

    To accept what is not the machine's value, or not any more, is to correct the machine's to it. A corrected value's
    confidence is None, its status stated with a quote and unsupported without one.
    Raises UsageError for a corrected value that its parameter's schema refuses.
    """
    absent = absent_records(result.document, settled)
    left = _standing(result.document, settled, absent)
    machine, applied, records = dict[Slot, Value](), dict[Slot, Decision](), list[Record]()
    added = {record_path(slot[1]): left.pop(slot) for slot, each in [*left.items()] if each.action == "add_record"}
    all_records, misplaced = with_added(result, added, parameters)
    for path, adding in added.items():
        (left if path in misplaced else applied)[adding.slot] = adding
    stored = {record.path for record in result.records}
    for record in all_records:
        if _is_absent(record.path, absent):
            continue
        asked = {parameter.name: parameter for parameter in parameters_at(parameters.root, record.path)}
        values = dict(record.values)
        for name, value in record.values.items():
            decision = left.pop((result.document, record_key(record.path), name), None)
            if decision is not None:
                decision = _beside(decision, value)
                applied[decision.slot] = decision
                machine |= {decision.slot: value} if record.path in stored else {}
                values[name] = _decided(value, decision, asked.get(name))
        records.append(dataclasses.replace(record, values=values))
    return Reviewed(dataclasses.replace(result, records=tuple(records)), machine, applied, tuple(left.values()))


def _is_absent(path: RecordPath, absent: Collection[RecordPath]) -> bool:
    """Whether a record, or one above it, is none."""
    return any(path[:depth] in absent for depth in range(1, len(path) + 1))


def _standing(
    document: str, settled: Mapping[Slot, tuple[Decision, ...]], absent: Collection[RecordPath]
) -> dict[Slot, Decision]:
    """A paper's decisions on the values of its records, the latest of each; no_record is void where there is one."""
    standing: dict[Slot, Decision] = {}
    for slot, decisions in settled.items():
        if slot[0] == document and not _is_absent(record_path(slot[1]), absent):
            valid = [decision for decision in decisions if decision.action != "no_record"]
            if valid:
                standing[slot] = valid[-1]
    return standing


def parameters_at(root: RecordType, path: RecordPath) -> tuple[Parameter, ...]:
    """What is asked of the record at `path`; () where the parameter set has no such list."""
    kind = record_type_at(root, path)
    return () if kind is None else kind.parameters


def accepts_any(decision: Decision) -> bool:
    """Whether it accepts what the machine says without saying what that is."""
    return decision.action == "accept" and decision.value is None and decision.asked is None


def _beside(decision: Decision, machine: Value) -> Decision:
    """What a decision comes to beside the machine's value as it is now."""
    if decision.action != "accept" or accepts_any(decision):
        return decision
    if machine.status is not Status.FAILED and same(decision.value, machine.value):
        return decision
    return dataclasses.replace(decision, action="not_reported" if decision.value is None else "correct")


def same(one: Json, other: Json) -> bool:
    """Whether two JSON values are equal: 36 and 36.0 are, 1 and true are not."""
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(same(part, other[key]) for key, part in one.items())
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


def _decided(value: Value, decision: Decision, parameter: Parameter | None) -> Value:
    reviewed = Flag("reviewed", decision.action)
    added = tuple(flag for flag in value.flags if flag == ADDED)
    evidence = _evidence(value.evidence, decision.quote)
    if decision.action == "accept":
        return dataclasses.replace(value, evidence=evidence or value.evidence, flags=(*value.flags, reviewed))
    if decision.action == "not_reported":
        return Value(None, Status.NOT_REPORTED, flags=(*added, reviewed))
    if parameter is None or not validates(parameter, decision.value):
        shown = json.dumps(decision.value, ensure_ascii=False)[:60]
        where = " ".join(filter(None, (decision.paper, decision.label, decision.parameter)))
        raise UsageError(f"{where}: {shown} by {decision.reviewer} does not fit the parameter set; decide on it again")
    status = Status.UNSUPPORTED if decision.quote is None else Status.STATED
    return Value(decision.value, status, None, evidence, decision.value, flags=(*added, reviewed))


def _evidence(machine: Evidence | None, quote: Quote | None) -> Evidence | None:
    """The reviewer's quote. One that is not the machine's has no place in the document's text: start and end are 0."""
    if quote is None or (machine is not None and (machine.quote, machine.page) == (quote.text, quote.page)):
        return machine if quote is not None else None
    return Evidence(quote.text, quote.page, 0, 0, quote.boxes, 0)

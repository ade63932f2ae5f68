"""What a validator of a user's class refuses is a failed value with its message; all else of the paper stays."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import pytest
from pydantic import BaseModel, field_validator, model_validator

import dsx
from dsx.errors import UsageError
from dsx.schema import parameter_set, validated
from dsx.store import open_run
from dsx.types import Evidence, Flag, PaperResult, Record, RecordStep, Status, Value

QUOTE = Evidence("They had 7 targets", 1, 0, 18, (), 1)


class Dose(BaseModel):
    amount: float | None = None
    per_day: int | None = None

    @model_validator(mode="after")
    def adds_up(self) -> Dose:
        if (self.amount or 0) * (self.per_day or 0) > 100:
            raise ValueError("more than 100 a day")
        return self


class Arm(BaseModel):
    targets: int | None = None
    posture: Literal["seated"] | int | None = None
    words: list[str] | None = None
    dose: Dose | None = None

    @field_validator("targets")
    @classmethod
    def is_even(cls, value: int | None) -> int | None:
        if value is not None and value % 2:
            raise ValueError(f"{value} is odd")
        return value

    @field_validator("words")
    @classmethod
    def is_short(cls, value: list[str] | None) -> list[str] | None:
        if len(value or ()) > 2:
            raise ValueError("too many words")
        return value


class Study(BaseModel):
    title: str | None = None
    total: int | None = None
    arms: list[Arm] = []

    @model_validator(mode="after")
    def counts_them(self) -> Study:
        if self.total is not None and self.total < sum(arm.targets or 0 for arm in self.arms):
            raise ValueError("fewer in total than in the arms")
        return self


def stated(value: Any) -> Value:
    return Value(value, Status.STATED, 0.9, QUOTE, value)


def result(title: str = "A", total: int | None = None, **second: Any) -> PaperResult:
    """A paper with two arms; the first has all values in order."""
    arms = [{"targets": 8, "posture": "seated", "words": ["a"], "dose.amount": 2.0, "dose.per_day": 1}]
    arms.append({**arms[0], **second})
    records = [Record(None, "", {"title": stated(title), "total": stated(total)})]
    for label, values in zip("ab", arms, strict=True):
        cells = {name: stated(value) for name, value in values.items()}
        records.append(Record(label, "arms", cells, None, (RecordStep("arms", label),)))
    return PaperResult("a" * 64, "a.pdf", tuple(records))


def refused(before: PaperResult) -> tuple[dict[str, str], Study]:
    """The values that failed, with why, and the object; all others are as they were."""
    after, study = validated(before, parameter_set(Study, "Study"), Study)
    reasons = {}
    for old, new in zip(before.records, after.records, strict=True):
        for name, value in new.values.items():
            if value != old.values[name]:
                assert (value.value, value.status, value.raw, value.evidence) == (
                    None,
                    Status.FAILED,
                    old.values[name].raw,
                    QUOTE,
                )
                (flag,) = value.flags
                assert flag.kind == "refused"
                reasons[f"{new.label or ''}.{name}"] = flag.detail
    return reasons, study


def test_a_field_s_validator_costs_its_value() -> None:
    reasons, study = refused(result(targets=7, words=["a", "b", "c"]))
    assert reasons == {"b.targets": "7 is odd", "b.words": "too many words"}
    assert study.arms[1] == Arm(posture="seated", dose=Dose(amount=2, per_day=1))
    assert study.arms[0].targets == 8
    assert refused(result())[0] == {}


def test_branches_of_a_union_refuse_one_value() -> None:
    reasons, _ = refused(result(posture="lying"))
    assert list(reasons) == ["b.posture"]


def test_a_model_s_validator_costs_the_values_that_it_sees() -> None:
    reasons, study = refused(result(**{"dose.amount": 60.0, "dose.per_day": 2}))
    assert reasons == dict.fromkeys(["b.dose.amount", "b.dose.per_day"], "more than 100 a day")
    assert study.arms[1].targets == 8
    reasons, study = refused(result(total=3))
    assert reasons == dict.fromkeys([".title", ".total"], "fewer in total than in the arms")
    assert [arm.targets for arm in study.arms] == [8, 8]


def test_where_it_still_refuses_values_below_go_too() -> None:
    class Strict(Study):
        @model_validator(mode="after")
        def has_no_targets(self) -> Strict:
            if any(arm.targets for arm in self.arms):
                raise ValueError("no targets")
            return self

    after, study = validated(result(), parameter_set(Strict, "Study"), Strict)
    assert study == Strict(arms=[Arm(dose=Dose()), Arm(dose=Dose())])
    values = [value for record in after.records for name, value in record.values.items() if name != "total"]
    assert {value.status for value in values} == {Status.FAILED}

    class Never(Study):
        @model_validator(mode="after")
        def never(self) -> Never:
            raise ValueError("never")

    with pytest.raises(UsageError, match=r"a\.pdf: Never refuses it even without values: never"):
        validated(result(), parameter_set(Never, "Study"), Never)


def test_a_run_its_frame_and_its_exports_agree(tmp_path: Path) -> None:
    parameters = parameter_set(Study, "Study")
    folder = open_run(tmp_path / "run", {"schema": dict(parameters.schema), "schema_name": "Study"})
    folder.save(result(targets=7))
    run = dsx.open_run(tmp_path / "run", Study)
    (paper,) = run
    assert [arm.targets for arm in paper.values.arms] == [8, None]
    value = paper.value("targets", "b")
    assert (value.status, value.flags, value.evidence) == (Status.FAILED, (Flag("refused", "7 is odd"),), QUOTE)
    assert list(run.frame(evidence=True)["targets.status"]) == ["stated", "failed"]
    run.export(tmp_path / "table.jsonl")
    assert '"refused: 7 is odd"' in (tmp_path / "table.jsonl").read_text()
    assert list(dsx.open_run(tmp_path / "run").frame()["targets"]) == [8, 7], "as the paper has it"


def test_a_paper_that_is_refused_as_it_is_is_a_failure_and_the_others_go_on(tmp_path: Path) -> None:
    class OneArm(Study):
        @model_validator(mode="after")
        def has_one_arm(self) -> OneArm:
            if len(self.arms) > 1:
                raise ValueError("two arms")
            return self

    parameters = parameter_set(OneArm, "Study")
    folder = open_run(tmp_path / "run", {"schema": dict(parameters.schema), "schema_name": "Study"})
    folder.save(result())
    folder.save(replace(result(), document="b" * 64, file="b.pdf", records=result().records[:2]))
    run = dsx.open_run(tmp_path / "run", OneArm)
    assert [paper.file for paper in run] == ["b.pdf"]
    assert run.failures == {"a.pdf": "OneArm refuses it even without values: two arms"}
    with pytest.raises(UsageError, match=r"a\.pdf: OneArm refuses it"):
        run.frame()

"""One raw answer on its own, outside of a run: what `dsx recover` prints."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dsx.recover import confidence_factor, recover
from dsx.recover.read import Validates
from dsx.types import Answer, Completion, Json, Parameter, Question, QuestionId, Repair, Shown, Status

Supports = Callable[[Json, str | None, str | None, Parameter, bool], Status]


@dataclass(frozen=True, slots=True)
class Raw:
    """A raw answer, the name of its document, and the factor on confidence of one repair."""

    text: str
    document: str
    factor: float


@dataclass(frozen=True, slots=True)
class RawOutcome:
    """What the answer says, which repairs fired, and a line for each parameter not answered or not supported."""

    parameters: dict[str, Json]
    repairs: list[str]
    problems: list[str]


def recover_raw(
    raw: Raw,
    parameters: Sequence[Parameter],
    repairs: Sequence[tuple[str, Repair]],
    validates: Validates,
    supports: Supports,
) -> RawOutcome:
    """Of `parameters`, those are asked for that the text has as keys; where it has none, the only one that it fits."""

    def answers_to(asked: Sequence[Parameter]) -> list[Answer]:
        question = Question(QuestionId(raw.document), "", Shown("", (), True), "", "parameters", tuple(asked))
        completion = Completion(question.id, raw.text, constrained=False)
        return recover(completion, question, repairs, validates, raw.document)

    asked = [parameter for parameter in parameters if _has_key(raw.text, parameter.name.rpartition(".")[2])]
    if not asked:
        asked = [parameter for parameter in parameters if answers_to([parameter])[0].error is None]
    if len(asked) > 1 and not _has_key(raw.text, asked[0].name.rpartition(".")[2]):
        names = ", ".join(parameter.name for parameter in asked)
        return RawOutcome({}, [], [f"the answer names no parameter, and may be that of {names}"])
    asked = asked or list(parameters)
    answers = answers_to(asked)
    shown = {answer.parameter: _shown(answer, raw.factor) for answer in answers if answer.error is None}
    fired = list(dict.fromkeys(name for answer in answers if answer.error is None for name in answer.repairs))
    failed = [answer for answer in answers if answer.error is not None]
    reasons = {str(answer.error) for answer in failed}
    if not shown and len(reasons) == 1:
        return RawOutcome({}, [], [reasons.pop()])
    problems = [f"{answer.parameter}: {answer.error}" for answer in failed]
    for answer, parameter in zip(answers, asked, strict=True):
        status = supports(answer.value, answer.unit, answer.quote, parameter, bool(answer.repairs))
        if answer.error is None and status is Status.UNSUPPORTED and (answer.quote or answer.repairs):
            why = "its quote does not carry" if answer.quote else "repaired, and no quote carries"
            problems.append(f"{answer.parameter}: unsupported, {why} {answer.value!r}")
    return RawOutcome(shown, fired, problems)


def _has_key(text: str, name: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(name)}[\"'”’\\]{{0,3}}\s{{0,20}}:", text, re.I) is not None


def _shown(answer: Answer, factor: float) -> Json:
    shown = {"value": answer.value, "quote": answer.quote}
    if answer.unit is not None:
        shown["unit"] = answer.unit
    return shown | {"confidence_factor": round(confidence_factor(answer.repairs, factor), 12)}

"""What in a value asks for a person's eyes, the gravest first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from dsx.answers.limits import MIN_CONFIDENCE
from dsx.types import Flag, Status, Value

LOW, VERY_LOW = 0.7, 0.4
"""Confidences below which a value is pointed out. They order the list and decide nothing."""

_BY_STATUS = {
    Status.FAILED: ("failed", 8, "No answer could be kept."),
    Status.UNSUPPORTED: ("unsupported", 7, "The quote does not carry this value."),
    Status.DERIVED: ("derived", 3, "Computed from numbers of the quote."),
    Status.INFERRED: ("inferred", 1, "Inferred: the quote does not name this choice."),
}
_BY_FLAG = {
    "truncated": ("truncated", 6, "The answer was cut off at the cap of tokens"),
    "timed out": ("failed", 8, "The engine took too long"),
    "error": ("failed", 8, "The engine failed"),
    "quote-not-found": ("unsupported", 7, "The quote was not found in the paper"),
    "not-normalised": ("failed", 8, "The answer could not be brought to the stored form"),
    "invalid-after-normalising": ("failed", 8, "The answer did not fit the parameter set"),
    "hidden-text": ("hidden text", 5, "The quote holds text that the page does not show"),
    "unit-assumed": ("unit assumed", 3, "No unit was written; the parameter's own was assumed"),
    "of-the-opposite": ("of the opposite", 2, "The model named a number of the opposite of what is asked for"),
    "repair": ("repaired", 2, "The answer was malformed and had to be repaired"),
    "ocr": ("scanned", 2, "The words were read from a picture of the page"),
}


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a person should look. kind: what the page filters by. weight: 1…8, the larger the sooner."""

    kind: str
    weight: int
    text: str


def reasons(value: Value) -> list[Reason]:
    """By weight, one of a kind; [] for a value that nothing speaks against."""
    heaviest: dict[str, Reason] = {}
    for reason in sorted(_all(value), key=lambda reason: -reason.weight):
        heaviest.setdefault(reason.kind, reason)
    return list(heaviest.values())


def _all(value: Value) -> Iterator[Reason]:
    for flag in value.flags:
        if flag.kind in _BY_FLAG:
            kind, weight, text = _BY_FLAG[flag.kind]
            yield Reason(kind, weight, f"{text}{_detail(flag)}.")
    if value.status in _BY_STATUS:
        yield Reason(*_BY_STATUS[value.status])
    agreement = None if value.sure is None else value.sure.agreement
    if agreement is not None and agreement < 1:
        yield Reason(
            "disagreement", 5 if agreement < LOW else 3, f"{100 * agreement:.0f} % of the drawn answers say this."
        )
    if value.confidence is not None and value.confidence < LOW and value.status is not Status.FAILED:
        what = "that the paper does not say it" if value.value is None else "of the value"
        weight = 4 if value.confidence < VERY_LOW else 2
        text = f"The model is {100 * value.confidence:.0f} % sure {what}."
        if value.value is not None and value.confidence < MIN_CONFIDENCE:
            text += " A table has it only once it is decided on."
        yield Reason("low confidence", weight, text)


def _detail(flag: Flag) -> str:
    return f" ({flag.detail})" if flag.detail else ""

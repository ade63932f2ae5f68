"""Review: what a person decided about a value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from dsx.types.document import Box, Json
from dsx.types.question import RecordPath, RecordStep

Action = Literal["accept", "correct", "not_reported", "no_record", "add_record"]
"""accept: the machine's value is right. correct: `Decision.value` is. not_reported: the paper does not say it.

no_record: there is no such record, said of each of its values, and of an added record itself.
add_record: there is such a record, which the run did not list; said of the record itself.
"""

Slot = tuple[str, str, str]
"""Document, record as `record_key` writes it, parameter: the place of a value; parameter "": of a record itself."""


@dataclass(frozen=True, slots=True)
class Quote:
    """Words of a page that carry a value. boxes: one a line of print; () where they are not known."""

    text: str
    page: int
    boxes: tuple[Box, ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """What a parameter asked for when it was decided on: by this a value that means another thing today is told.

    unit: of the value. values: a digest of its type and choices.
    """

    unit: str | None
    values: str


@dataclass(frozen=True, slots=True)
class Decision:
    """What one reviewer decided about one value, or about a record that was added.

    paper: the file's name. record: as `record_key` writes it. label: the record's; None for the paper itself.
    parameter: "" with add_record. value: the right one; None with the actions not_reported, no_record and add_record.
    quote: the words that carry the value, or name the added record; or None.
    at: ISO 8601 with the time zone. reviewer: stands in the head of a file of decisions. asked: None: what is today.
    """

    paper: str
    document: str
    record: str
    label: str | None
    parameter: str
    action: Action
    value: Json
    quote: Quote | None
    note: str
    at: str
    reviewer: str = ""
    asked: Asked | None = None

    @property
    def slot(self) -> Slot:
        """Where the value stands."""
        return self.document, self.record, self.parameter


def record_key(path: RecordPath) -> str:
    """A record's path as one string, "experiments/Experiment 1"; "" for the paper itself.

    In names and labels "~" is written "~0" and "/" is written "~1", as in a JSON pointer (RFC 6901).
    """
    parts = (part for step in path for part in (step.list, step.label))
    return "/".join(part.replace("~", "~0").replace("/", "~1") for part in parts)


def record_path(key: str) -> RecordPath:
    """The path that `record_key` wrote. ValueError where it did not."""
    parts = [part.replace("~1", "/").replace("~0", "~") for part in key.split("/")] if key else []
    return tuple(RecordStep(*step) for step in zip(parts[::2], parts[1::2], strict=True))

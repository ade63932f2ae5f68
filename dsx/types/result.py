"""Ground and normalise: what is kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from dsx.types.answer import Confidence
from dsx.types.document import Box, Json
from dsx.types.question import RecordPath


class Status(StrEnum):
    """What the quote says of the value."""

    STATED = "stated"  # it stands there
    DERIVED = "derived"  # computed from quoted numbers
    INFERRED = "inferred"  # a choice whose word or synonym is not in the quote
    UNSUPPORTED = "unsupported"  # a number or text that the quote does not carry
    NOT_REPORTED = "not_reported"  # no value
    FAILED = "failed"  # no answer; `flags` say why


@dataclass(frozen=True, slots=True)
class Evidence:
    """Where a quote stands. start, end: of `Document.text`; boxes: one a line of print, all on `page`."""

    quote: str
    page: int
    start: int
    end: int
    boxes: tuple[Box, ...]
    occurrences: int


@dataclass(frozen=True, slots=True)
class Flag:
    """A named event on a value's way: repair, error, truncated, quote-not-found, not-normalised, unit-assumed, …"""

    kind: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Value:
    """One cell of the table.

    confidence: (1 − p(null)) × the value's probability (of null: p(null)), lowered for each repair; not calibrated.
    sure: what it is made of, as the engine gave it. raw: the value as it was written, before units and spellings.
    items: of a list whose items were asked one by one, each as in `raw`, with its own status, confidence and evidence;
    the list's evidence is that of one of them.
    """

    value: Json
    status: Status
    confidence: float | None = None
    evidence: Evidence | None = None
    raw: Json = None
    unit: str | None = None
    flags: tuple[Flag, ...] = ()
    sure: Confidence | None = None
    items: tuple[Value, ...] = ()

    @property
    def quotes(self) -> list[Evidence]:
        """All evidence: its own, then that of its items."""
        return [each.evidence for each in (self, *self.items) if each.evidence is not None]


@dataclass(frozen=True, slots=True)
class Record:
    """One record of a paper; the paper's own has path ()."""

    label: str | None
    type: str
    values: Mapping[str, Value]
    evidence: Evidence | None = None
    path: RecordPath = ()


@dataclass(frozen=True, slots=True)
class PaperResult:
    """All that is kept of one paper. The first record is the paper's own, its label None."""

    document: str
    file: str
    records: tuple[Record, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Failure:
    """A paper that has no result, and why."""

    document: str
    file: str
    reason: str

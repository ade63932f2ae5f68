"""What was typed after `dsx bench`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Options:
    """As typed. One of shape and model is named."""

    shape: str | None = None
    model: str | None = None
    random_weights: bool = False
    work: str = "placed"
    papers: int = 4
    tokens: int = 10_000
    records: float = 2.4
    papers_in_flight: int = 1
    predict: int = 100
    engines: tuple[str, ...] = ()
    attention: str = "auto"
    quantize: str = "none"
    options: Mapping[str, str] = field(default_factory=dict)
    memory_budget: str | None = None
    keep: Path | None = None

    @property
    def warm_up_papers(self) -> int:
        """Short papers before those that are timed: as many as will be in flight, so that batches are as large."""
        return min(self.papers, self.papers_in_flight)

    @property
    def is_random(self) -> bool:
        """Whether no weights are read."""
        return self.random_weights or self.shape is not None

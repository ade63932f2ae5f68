"""What a training is told: its model, its data, and for how long."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from dsx_reader.sources import Sources

EPOCHS = 4.0
"""By default. Each has examples of its own."""


@dataclass(frozen=True, slots=True)
class Setting:
    """base: a model's folder. out: where the trained model goes, and the log and what a stopped training resumes from.

    epochs, minutes: whichever is over first ends it. rank: of the adapter; 0: all weights where the model is small.
    tokens: of a batch. processes: that make examples; None: as many as there are cores. compiled: on a GPU the model is
    compiled, where that works. examples: a folder where they are kept for other trainings on the same; None: nowhere.
    left_out: names of checked papers that nothing is learnt from.
    """

    base: Path
    out: Path
    sources: Sources
    epochs: float = EPOCHS
    minutes: float = 60.0
    learning_rate: float = 4e-4
    tokens: int = 40_000
    rank: int = 0
    processes: int | None = None
    seed: int = 0
    compiled: bool = True
    save_minutes: float = 5.0
    log_file: str = "training.jsonl"
    examples: Path | None = None
    left_out: tuple[str, ...] = ()

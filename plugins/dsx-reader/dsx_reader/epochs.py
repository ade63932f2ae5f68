"""The examples of a training: each epoch has its own, made by other processes, in parts, while training goes on."""

from __future__ import annotations

import ctypes
import hashlib
import json
import logging
import math
import multiprocessing
import os
import signal
import sys
import time
from collections import Counter
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any

from dsx.plugin_api import UsageError
from dsx_reader.dataset import LONGEST, end_token
from dsx_reader.papers import SOURCE
from dsx_reader.setting import Setting
from dsx_reader.sources import (
    Encoder,
    Job,
    Material,
    Sources,
    drawing,
    jobs,
    material_of,
    with_share,
)

log = logging.getLogger("dsx.reader")
PART = 2000
"""Documents of a part, about: training begins when the first is made."""
AHEAD = 2
"""Parts that are made before they are wanted."""
CHUNK = 8
"""Documents that a process makes at once."""
NICENESS = 10
"""Of the processes that make examples: training goes before them."""
PR_SET_PDEATHSIG = 1
"""Of linux/prctl.h: the signal that a process gets when its parent dies."""


class Parts:
    """The encoded examples of all epochs, in parts that are counted through.

    What is in a part follows from sources, seed and number alone. Processes are forks: `begin` before a GPU is used.
    """

    def __init__(self, tokenizer: Any, setting: Setting) -> None:
        self._setting, self._tokenizer, self._end = setting, tokenizer, end_token(tokenizer)
        self._material = material_of(setting.sources)
        self.per_epoch = max(1, round(len(self._jobs(0)) / PART))
        self.total = math.ceil(self.per_epoch * setting.epochs)
        self._planned: tuple[int, list[Job]] = (-1, [])
        self._making: dict[int, list[Future[list[str]]]] = {}
        self._counts, self._tokens, self._read = Counter[str](), 0, 0
        self._pool = ProcessPoolExecutor(
            setting.processes or cores(),
            multiprocessing.get_context("fork"),
            _start,
            (tokenizer, setting.sources, self._material),
        )

    def __enter__(self) -> Parts:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(cancel_futures=True)

    @cached_property
    def digest(self) -> str:
        """Of what decides which examples and batches there are."""
        setting = self._setting
        told = (str(setting.base), *drawing(setting.sources), setting.tokens, setting.seed)
        return hashlib.sha256(repr(told).encode()).hexdigest()

    def share(self, number: int, within: float) -> float:
        """Of all epochs, that is over where so much of a part is."""
        return (number + within) / (self.per_epoch * self._setting.epochs)

    def seed(self, number: int) -> int:
        """Of a part's batches."""
        epoch, at = divmod(number, self.per_epoch)
        return (self._setting.seed + epoch) * 1000 + at

    def begin(self, number: int) -> None:
        """Has a part made, and some after it."""
        for each in range(number, min(self.total, number + 1 + AHEAD)):
            kept = self._kept(each)
            if each not in self._making and not (kept and kept.is_file()):
                made = self._jobs_of(each)
                chunks = [made[at : at + CHUNK] for at in range(0, len(made), CHUNK)]
                self._making[each] = [self._pool.submit(_encoded, chunk) for chunk in chunks]

    def rows(self, number: int) -> list[dict[str, Any]]:
        """The examples of a part; an end token closes each answer. Raises UsageError where an epoch has none."""
        self.begin(number)
        setting, left_out = self._setting, {SOURCE + name for name in self._setting.left_out}
        rows = []
        for line in self._lines(number):
            row = json.loads(line)
            row["answer"].append(self._end)
            row["weights"].append(1.0)
            if len(row["prompt"]) + len(row["answer"]) <= LONGEST and row["source"] not in left_out:
                rows.append(row)
        if setting.sources.share:
            rows = with_share(rows, setting.sources.share, self.seed(number))
        self._count(number, rows)
        return rows

    def _lines(self, number: int) -> list[str]:
        """Of a part, as it was made or is kept."""
        kept, started = self._kept(number), time.monotonic()
        if kept and kept.is_file():
            return kept.read_text("utf-8").splitlines()
        lines = [line for made in self._making.pop(number) for line in made.result()]
        if (waited := time.monotonic() - started) > 1:
            log.info("Waited %.0f s for examples", waited)
        if kept:
            making = kept.with_suffix(".making")
            making.write_text("".join(f"{line}\n" for line in lines), "utf-8")
            making.rename(kept)
        return lines

    def _kept(self, number: int) -> Path | None:
        """Where several trainings share examples, the file of a part's."""
        folder = self._setting.examples
        return folder / f"examples-{self.digest[:12]}-{number}.jsonl" if folder else None

    def _jobs(self, epoch: int) -> list[Job]:
        sources = self._setting.sources
        return jobs(replace(sources, seed=sources.seed + epoch), self._material)

    def _jobs_of(self, number: int) -> list[Job]:
        epoch, at = divmod(number, self.per_epoch)
        if self._planned[0] != epoch:
            self._planned = (epoch, self._jobs(epoch))
        return self._planned[1][at :: self.per_epoch]

    def _count(self, number: int, rows: list[dict[str, Any]]) -> None:
        """Tells what an epoch has once all its parts were read."""
        self._counts.update(row["source"] for row in rows)
        self._tokens += sum(len(row["prompt"]) + len(row["answer"]) for row in rows)
        self._read += 1
        epoch, at = divmod(number + 1, self.per_epoch)
        if at and number + 1 < self.total:
            return
        if not self._counts:
            raise UsageError("there are no examples; name --passages, or --from-run and --gold")
        if self._read == self.per_epoch:
            log.info("Epoch %d: %d examples, %d tokens", epoch, self._counts.total(), self._tokens)
            for paper in self._setting.sources.papers if epoch == 1 else ():
                made = self._counts[SOURCE + paper.name]
                log.info("%s: %d examples of %d checked values", paper.name, made, len(paper.values))
        self._counts, self._tokens, self._read = Counter(), 0, 0


def cores() -> int:
    """That this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


# ---- in the other processes ----


def serve() -> None:
    """Training goes before this process, which ends with the one that it was forked from, even where that is killed."""
    os.nice(NICENESS)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


_encoder: Encoder | None = None


def _start(tokenizer: Any, sources: Sources, material: Material) -> None:
    global _encoder
    serve()
    _encoder = Encoder(tokenizer, sources, material)


def _encoded(chunk: list[Job]) -> list[str]:
    assert _encoder is not None
    return [json.dumps(row, separators=(",", ":")) for job in chunk for row in _encoder.encoded(job)]

"""The decode loop: many rows, each with its own grammar, length and end, on few shared prefixes.

A row is one question. Its forced tokens (those that the grammar leaves no choice about) cost no forward pass: they ride
in the row's next one. Rows that end leave their places to rows that wait. A row that fails, fails alone.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence

from dsx.engines.local.attention.kv_cache import Prefix
from dsx.engines.local.attention.model_runner import Forward
from dsx.engines.local.batches import batches, groups
from dsx.engines.local.sampler import Chooser
from dsx.engines.local.scheduler import Scheduler, out_of_memory
from dsx.engines.local.sequence import Row


class Loop:
    """Decodes rows.

    null_tokens: ids of the tokens that begin or are the word null.
    prefix_of: the prefilled prefix for a row's prefix tokens, and how many of them were in the cache.
    max_rows: rows at once; half as many when memory runs out, twice as many again at each later `run`.
    """

    def __init__(
        self,
        forward: Forward,
        vocabulary: int,
        null_tokens: Sequence[int],
        prefix_of: Callable[[Sequence[int]], tuple[Prefix, int]],
        max_rows: int,
        report: Callable[[str], None] = lambda line: None,
    ) -> None:
        self.forward, self.prefix_of, self.report = forward, prefix_of, report
        self.max_rows = self.rows = max_rows
        self.choose = Chooser(vocabulary, null_tokens)

    def run(self, rows: Iterable[Row]) -> Iterator[Row]:
        """The rows as they end; each has `done` and its `out`, or an `error`."""
        at_once = min(2 * self.rows, self.max_rows)
        scheduler = Scheduler(rows, self.forward.pool, self.prefix_of, at_once, self.report)
        try:
            while scheduler.waiting or scheduler.active:
                yield from scheduler.admit()
                yield from scheduler.leave()  # an answer may be forced whole
                low = len(scheduler.active) // 2 if scheduler.waiting else 0
                while len(scheduler.active) > low:
                    yield from self._steps(scheduler, low)
        finally:
            self.rows = scheduler.most
            scheduler.close()

    def _steps(self, scheduler: Scheduler, low: int) -> list[Row]:
        """Steps until a row ends, or few enough are left. The model is its own again while others have the rows."""
        ended = list[Row]()
        try:
            with self.forward:
                while len(scheduler.active) > low and not ended:
                    scheduler.widen()
                    self._step(scheduler.active)
                    ended += scheduler.leave()
        except (MemoryError, RuntimeError) as problem:
            if not out_of_memory(problem):
                raise
            ended += scheduler.shrink()
        return ended

    def _step(self, active: Sequence[Row]) -> None:
        """One forward pass for every row (several where whole questions come in), one chosen token each."""
        for rows in batches(active):
            started = time.perf_counter()
            pending, starts, seen = zip(*((row.pending, row.first, row.seen) for row in rows), strict=True)
            logits = self.forward.step(pending, starts, seen, list(groups(rows)))
            for row in rows:
                row.seen, row.pending = row.seen + len(row.pending), []
            held = self.choose(rows, logits)
            took = time.perf_counter() - started
            for row in rows:
                row.passes += 1 / len(rows)
                row.ms_model += (took - held) * 1e3 / len(rows)
                row.ms_grammar += held * 1e3 / len(rows)

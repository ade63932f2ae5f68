"""The decode loop: many rows, each with its own grammar, length and end, on few shared prefixes.

A row is one question. Its forced tokens (those that the grammar leaves no choice about) cost no forward pass: they ride
in the row's next one. Rows that end leave their places to rows that wait. A row that fails, fails alone.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence

import torch

from dsx.decode.batch import batches, groups
from dsx.decode.choose import Chooser
from dsx.decode.passes.forward import Forward
from dsx.decode.passes.pool import PoolFull, Prefix
from dsx.decode.row import Row

ANSWER = 64
"""Places that a row takes for its answer at first; twice as many where it is longer."""


class Loop:
    """Decodes rows.

    null_tokens: ids of the tokens that begin or are the word null.
    prefix_of: the prefilled prefix for a row's prefix tokens, and how many of them were in the cache.
    max_rows: rows at once; halved, for good, when memory runs out.
    spell: the bytes of a token; needed for rows that have a target.
    """

    def __init__(
        self,
        forward: Forward,
        vocabulary: int,
        null_tokens: Sequence[int],
        prefix_of: Callable[[Sequence[int]], tuple[Prefix, int]],
        max_rows: int,
        report: Callable[[str], None] = lambda line: None,
        spell: Callable[[int], bytes] = lambda token: b"",
    ) -> None:
        self.forward, self.prefix_of, self.pool = forward, prefix_of, forward.pool
        self.max_rows, self.report = max_rows, report
        self.choose = Chooser(vocabulary, null_tokens, spell)

    def run(self, rows: Iterable[Row]) -> Iterator[Row]:
        """The rows as they end; each has `done` and its `out`, or an `error`."""
        waiting, active = deque(rows), list[Row]()
        try:
            while waiting or active:
                try:
                    yield from self._admit(waiting, active)
                    yield from self._leave(active)  # an answer may be forced whole
                    with self.forward:
                        low = len(active) // 2 if waiting else 0
                        while len(active) > low:
                            self._step(active)
                            yield from self._leave(active)
                except (torch.OutOfMemoryError, MemoryError, RuntimeError) as problem:
                    if not _out_of_memory(problem):
                        raise
                    yield from self._shrink(active, waiting)
        finally:
            for row in active:
                self._release(row)

    def _admit(self, waiting: deque[Row], active: list[Row]) -> Iterator[Row]:
        """Rows come in as long as there is room for their keys; one that has none although it is alone has failed."""
        while waiting and len(active) < self.max_rows:
            row = waiting[0]
            try:
                prefix, row.reused = self.prefix_of(row.prefix_tokens)
                row.hold(prefix)
                row.begin(self.pool.take(len(row.suffix) + ANSWER, high=True))
            except PoolFull as problem:
                self._release(row)
                if active:
                    break
                row.error = f"{problem}; use --set cache_gigabytes=…, or --set passage_tokens=…"
                yield waiting.popleft()
                continue
            active.append(waiting.popleft())
        active.sort(key=lambda row: id(row.prefix))  # rows of one prefix stand together

    def _step(self, active: list[Row]) -> None:
        """One forward pass for every row (several where whole questions come in), one chosen token each."""
        for some in batches(active):
            started = time.perf_counter()
            for row in some:
                self._widen(row)
            pending, starts, seen = zip(*((row.pending, row.first, row.seen) for row in some), strict=True)
            logits = self.forward.step(pending, starts, seen, list(groups(some)))
            for row in some:
                row.seen, row.pending = row.seen + len(row.pending), []
            held = self.choose(some, logits)
            took = time.perf_counter() - started
            for row in some:
                row.passes += 1 / len(some)
                row.ms_model += (took - held) * 1e3 / len(some)
                row.ms_grammar += held * 1e3 / len(some)

    def _widen(self, row: Row) -> None:
        """More places where its answer is longer than they are. Raises PoolFull."""
        needed = row.seen + len(row.pending)
        if row.span is not None and needed > row.span.places:
            wider = self.pool.take(2 * needed, high=True)
            self.pool.move(row.span, wider, row.seen)
            row.span = wider

    def _leave(self, active: list[Row]) -> Iterator[Row]:
        for row in list(active):
            if not row.done and row.error is None and len(row.out) >= row.cap:
                row.truncated = row.done = True
            if row.done or row.error is not None:
                active.remove(row)
                self._release(row)
                yield row

    def _release(self, row: Row) -> None:
        row.hold(None)
        if row.span is not None:
            self.pool.give_back(row.span)
            row.span = None

    def _shrink(self, active: list[Row], waiting: deque[Row]) -> Iterator[Row]:
        """Memory ran out: all begin again, half as many at once; a row that fails alone is named as failed."""
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        count, unfinished = max(len(active), 1), list(active)
        active.clear()
        for row in unfinished or [waiting[0]]:
            self._release(row)
        if count == 1:
            row = unfinished.pop() if unfinished else waiting.popleft()
            row.error = "out of memory with one row; use a smaller model, --quantize, or --set passage_tokens=…"
            yield row
        self.max_rows = max(1, count // 2)
        self.report(f"out of memory with {count} rows; going on with {self.max_rows}")
        waiting.extendleft(reversed(unfinished))


def _out_of_memory(problem: BaseException) -> bool:
    return isinstance(problem, (torch.OutOfMemoryError, MemoryError)) or "allocate memory" in str(problem)

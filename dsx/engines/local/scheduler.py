"""Who is decoded now and who waits: rows get a prefix and places of the pool, and give them back when they leave."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence

import torch

from dsx.engines.local.attention.kv_cache import Pool, PoolFull, Prefix
from dsx.engines.local.sequence import Row

ANSWER = 64
"""Places that a row takes for its answer at first; twice as many where it is longer."""
LESS = "use a smaller model, --quantize, --set cache_gigabytes=… or --set passage_tokens=…"


class Scheduler:
    """The rows of one run.

    prefix_of: the prefilled prefix for a row's prefix tokens, and how many of them were in the cache.
    most: rows at once; halved when memory runs out.
    active: rows that are decoded, those of one prefix together; waiting: in the order in which they come in.
    """

    def __init__(
        self,
        rows: Iterable[Row],
        pool: Pool,
        prefix_of: Callable[[Sequence[int]], tuple[Prefix, int]],
        most: int,
        report: Callable[[str], None],
    ) -> None:
        self.waiting, self.active = deque(rows), list[Row]()
        self._pool, self._prefix_of, self._report = pool, prefix_of, report
        self.most = most

    def admit(self) -> Iterator[Row]:
        """Rows come in as long as there is room for them. Gives those that have failed, for want of memory, alone."""
        while self.waiting and len(self.active) < self.most:
            row, started = self.waiting[0], time.perf_counter()
            try:
                prefix, reused = self._prefix_of(row.prefix_tokens)
                row.hold(prefix)
                row.begin(self._pool.take(row.places or len(row.suffix) + ANSWER, high=True))
            except BaseException as problem:
                self._release(row)
                if not out_of_memory(problem):
                    raise
                if self.active:
                    break  # when some have left there is more room
                yield from self._refuse(problem)
                continue
            row.reused = reused if row.reused is None else row.reused
            took = (time.perf_counter() - started) * 1e3
            row.ms_model, row.ms_prefill = row.ms_model + took, row.ms_prefill + took
            self.active.append(self.waiting.popleft())
        first = {id(row.prefix): at for at, row in reversed(list(enumerate(self.active)))}
        self.active.sort(key=lambda row: first[id(row.prefix)])  # by the order in which they came, not by address

    def widen(self) -> None:
        """More places for rows whose answers are longer than theirs; one that gets none begins again later."""
        for row in list(self.active):
            needed = row.seen + len(row.pending)
            if row.span is None or needed <= row.span.places:
                continue
            row.places = max(needed, min(2 * needed, len(row.suffix) + row.cap + ANSWER))
            try:
                row.span = self._pool.moved(row.span, row.places, row.seen)
            except PoolFull:
                self.active.remove(row)
                self._release(row)
                self.waiting.appendleft(row)

    def leave(self) -> Iterator[Row]:
        """The rows that have ended, their places given back."""
        for row in list(self.active):
            if not row.done and row.error is None and len(row.out) >= row.cap:
                row.truncated = row.done = True
            if row.done or row.error is not None:
                self.active.remove(row)
                self._release(row)
                yield row

    def shrink(self) -> Iterator[Row]:
        """Memory ran out in a pass: all begin again, half as many at once. Gives one that fails alone a second time."""
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        rows = list(self.active)
        self.close()
        if len(rows) > 1:
            self.most = max(1, min(self.most, len(rows)) // 2)
            self._report(f"out of memory with {len(rows)} rows; going on with {self.most}")
        elif rows[0].alone:
            rows[0].error = f"out of memory with one row; {LESS}"
            yield rows.pop()
        else:
            rows[0].alone = True
        self.waiting.extendleft(reversed(rows))

    def close(self) -> None:
        """Nobody is decoded any more."""
        for row in self.active:
            self._release(row)
        self.active.clear()

    def _refuse(self, problem: BaseException) -> Iterator[Row]:
        """There is no memory for the first row although it is alone, nor for others on a text that cannot be read."""
        first, full = self.waiting[0], isinstance(problem, PoolFull)
        reason = str(problem) if full else "out of memory while its text was read"
        for row in list(self.waiting):
            if row is first or (not full and row.prefix_tokens == first.prefix_tokens):
                self.waiting.remove(row)
                row.error = f"{reason}; {LESS}"
                yield row

    def _release(self, row: Row) -> None:
        row.hold(None)
        if row.span is not None:
            self._pool.give_back(row.span)
            row.span = None


def out_of_memory(problem: BaseException) -> bool:
    """Whether memory ran out: a GPU's, cuBLAS's and the CPU's (torch says so in words), or the pool's."""
    said = str(problem)
    kinds = (torch.OutOfMemoryError, MemoryError)
    return isinstance(problem, kinds) or "allocate memory" in said or "ALLOC_FAILED" in said

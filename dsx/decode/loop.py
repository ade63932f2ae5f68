"""The decode loop: many rows, each with its own grammar, length and end, on few shared prefixes.

A row is one question. Its forced tokens (those that the grammar leaves no choice about) cost no forward pass: they ride
in the row's next one. Rows that end leave their slot to rows that wait. A row that fails, fails alone.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence

import torch
from transformers import PreTrainedModel

from dsx.decode.attention import Pass, forward, shared_prefix_attention
from dsx.decode.cache import Prefix, Tails
from dsx.decode.choose import Chooser
from dsx.decode.row import Row

PASS_TOKENS = 2048
"""Most packed tokens of one pass of rows that bring a whole question."""
FRESH = 24
"""A row with more new tokens than this goes through a pass with its like: tails are padded to the longest row."""


class Loop:
    """Decodes rows with `model`.

    null_tokens: ids of the tokens that begin or are the word null.
    prefix_of: the prefilled prefix for a row's prefix tokens, and how many of them were in the cache.
    max_rows: rows at once; halved, for good, when memory runs out.
    spell: the bytes of a token; needed for rows that have a target.
    """

    def __init__(
        self,
        model: PreTrainedModel,
        vocabulary: int,
        null_tokens: Sequence[int],
        prefix_of: Callable[[Sequence[int]], tuple[Prefix, int]],
        max_rows: int,
        report: Callable[[str], None] = lambda line: None,
        spell: Callable[[int], bytes] = lambda token: b"",
    ) -> None:
        self.model, self.vocabulary, self.prefix_of = model, vocabulary, prefix_of
        self.max_rows, self.report = max_rows, report
        self.choose = Chooser(vocabulary, null_tokens, spell)

    def run(self, rows: Iterable[Row]) -> Iterator[Row]:
        """The rows as they end; each has `done` and its `out`, or an `error`."""
        waiting, active, tails = deque(rows), list[Row](), None
        while waiting or active:
            try:
                tails = self._admit(waiting, active, tails)
                yield from self._leave(active, tails)  # an answer may be forced whole
                with shared_prefix_attention(self.model) as attend:
                    low = len(active) // 2 if waiting else 0
                    while len(active) > low:
                        self._step(active, tails, attend)
                        yield from self._leave(active, tails)
            except (torch.OutOfMemoryError, MemoryError, RuntimeError) as problem:
                if not _out_of_memory(problem):
                    raise
                tails = None
                yield from self._shrink(active, waiting)

    def _admit(self, waiting: deque[Row], active: list[Row], tails: Tails | None) -> Tails:
        while waiting and len(active) < self.max_rows:
            row = waiting[0]
            row.prefix, row.reused = self.prefix_of(row.prefix_tokens)
            if tails is None:
                tails = Tails(row.prefix, self.max_rows, 256)
            row.begin(tails.take())
            active.append(waiting.popleft())
        assert tails is not None
        active.sort(key=lambda row: id(row.prefix))  # rows of one prefix stand together
        return tails

    def _step(self, active: list[Row], tails: Tails, attend: Callable[[Pass], None]) -> None:
        """One forward pass for every row (several where whole questions come in), one chosen token each."""
        tails.grow(max(row.seen + len(row.pending) for row in active))
        for some in _batches(active):
            started = time.perf_counter()
            with torch.inference_mode():
                logits = self._forward(some, tails, attend)
                modelled = time.perf_counter()
                self.choose(some, logits)
            ended = time.perf_counter()
            for row in some:
                row.passes += 1 / len(some)
                row.ms_model += (modelled - started) * 1e3 / len(some)
                row.ms_grammar += (ended - modelled) * 1e3 / len(some)

    def _forward(self, rows: Sequence[Row], tails: Tails, attend: Callable[[Pass], None]) -> torch.Tensor:
        """Logits after each row's last pending token, float32 [R, vocabulary]."""
        step = Pass(
            tails,
            [row.slot for row in rows],
            [row.seen for row in rows],
            [len(row.pending) for row in rows],
            list(_groups(rows)),
        )
        logits = forward(self.model, attend, step, [token for row in rows for token in row.pending])
        for row in rows:
            row.seen += len(row.pending)
            row.pending = []
        return logits[:, : self.vocabulary].float()

    def _leave(self, active: list[Row], tails: Tails) -> Iterator[Row]:
        for row in list(active):
            if not row.done and row.error is None and len(row.out) >= row.cap:
                row.truncated = row.done = True
            if row.done or row.error is not None:
                active.remove(row)
                tails.give_back(row.slot)
                row.prefix = None
                yield row

    def _shrink(self, active: list[Row], waiting: deque[Row]) -> Iterator[Row]:
        """Memory ran out: all begin again, half as many at once; a row that fails alone is named as failed."""
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        count, unfinished = max(len(active), 1), list(active)
        active.clear()
        if count == 1:
            row = unfinished.pop() if unfinished else waiting.popleft()
            row.error = "out of memory with one row; use a smaller model, --quantize, or --set passage_tokens=…"
            yield row
        self.max_rows = max(1, count // 2)
        self.report(f"out of memory with {count} rows; going on with {self.max_rows}")
        waiting.extendleft(reversed(unfinished))


def _groups(rows: Sequence[Row]) -> Iterator[tuple[Prefix, int, int]]:
    first = 0
    for end in range(1, len(rows) + 1):
        if end == len(rows) or rows[end].prefix is not rows[first].prefix:
            prefix = rows[first].prefix
            assert prefix is not None
            yield prefix, first, end
            first = end


def _batches(rows: Sequence[Row]) -> list[list[Row]]:
    """Rows that go on, together; rows that bring a whole question, some at a time."""
    batches = [[row for row in rows if len(row.pending) <= FRESH]]
    filled = PASS_TOKENS
    for row in rows:
        if len(row.pending) > FRESH:
            if filled + len(row.pending) > PASS_TOKENS:
                batches.append([])
                filled = 0
            batches[-1].append(row)
            filled += len(row.pending)
    return [batch for batch in batches if batch]


def _out_of_memory(problem: BaseException) -> bool:
    return isinstance(problem, (torch.OutOfMemoryError, MemoryError)) or "allocate memory" in str(problem)

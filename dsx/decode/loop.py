"""The decode loop: many rows, each with its own grammar, length and end, on few shared prefixes.

A row is one question. Its forced tokens (those that the grammar leaves no choice about) cost no forward pass: they ride
in the row's next one. Rows that end leave their slot to rows that wait. A row that fails, fails alone.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import llguidance
import llguidance.numpy
import numpy
import torch
from transformers import PreTrainedModel

from dsx.decode.attention import Pass, shared_prefix_attention
from dsx.decode.cache import PassThrough, Prefix, Tails

PASS_TOKENS = 2048
"""Most packed tokens of one pass of rows that bring a whole question."""
FRESH = 24
"""A row with more new tokens than this goes through a pass with its like: tails are padded to the longest row."""


@dataclass(slots=True)
class Sampled:
    """A token that was chosen. at: its index in `Row.out`; both probabilities are under the grammar's mask."""

    at: int
    log_probability: float
    null: float


@dataclass(slots=True, eq=False)
class Row:
    """One answer in the making.

    cap: most tokens of the answer; one that needs more is truncated.
    generator: draws the tokens where it is given; otherwise the likeliest is taken.
    target: the answer is led to begin with these bytes, and ends there; its probabilities are the model's own.
    reused: tokens of the prefix that were in the cache.
    out: the answer's tokens; pending: those that the model has not seen yet.
    """

    key: str
    prefix_tokens: Sequence[int]
    suffix: Sequence[int]
    grammar: llguidance.LLMatcher
    cap: int
    seed: int | None = None
    target: bytes | None = None
    prefix: Prefix | None = None
    reused: int = 0
    matcher: llguidance.LLMatcher | None = None
    generator: torch.Generator | None = None
    slot: int = -1
    seen: int = 0
    pending: list[int] = field(default_factory=list)
    out: list[int] = field(default_factory=list)
    sampled: list[Sampled] = field(default_factory=list)
    passes: float = 0.0
    ms_model: float = 0.0
    ms_grammar: float = 0.0
    truncated: bool = False
    done: bool = False
    error: str | None = None

    def begin(self, slot: int) -> None:
        """From the start, in `slot`."""
        self.slot, self.seen, self.out, self.sampled = slot, 0, [], []
        self.matcher = self.grammar.deep_copy()
        self.generator = None if self.seed is None else torch.Generator().manual_seed(self.seed)
        self.pending = list(self.suffix)
        self._extend(self.matcher.compute_ff_tokens())

    def take(self, token: int) -> None:
        """The chosen token and all that it forces; marks the row done where the grammar ends or refuses."""
        matcher = self.matcher
        assert matcher is not None
        if not matcher.consume_token(token):
            self.error = f"the grammar refused a token: {matcher.get_error() or token}"
            return
        self.out.append(token)
        self.pending.append(token)
        if not matcher.is_stopped():
            self._extend(matcher.compute_ff_tokens())
        self.done = matcher.is_stopped()

    def _extend(self, forced: list[int]) -> None:
        assert self.matcher is not None
        self.matcher.consume_tokens(forced)
        if self.matcher.is_error():
            self.error = f"grammar: {self.matcher.get_error()}"
            return
        self.out += forced
        self.pending += forced
        self.done = self.matcher.is_stopped()


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
        self.null_tokens = torch.tensor(list(null_tokens), dtype=torch.long)
        self.max_rows, self.report, self.spell = max_rows, report, spell
        self.executor = llguidance.LLExecutor()

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
                self._choose(some, logits)
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
        attend(step)
        device = self.model.device
        logits = self.model(
            input_ids=torch.tensor([[token for row in rows for token in row.pending]], device=device),
            position_ids=step.positions(device),
            past_key_values=PassThrough(),
            use_cache=True,
            logits_to_keep=step.last(device),
        ).logits[0, :, : self.vocabulary]
        for row in rows:
            row.seen += len(row.pending)
            row.pending = []
        return logits.float()

    def _choose(self, rows: Sequence[Row], logits: torch.Tensor) -> None:
        mask = llguidance.numpy.allocate_token_bitmask(len(rows), self.vocabulary)
        matchers = [(row.matcher, index) for index, row in enumerate(rows)]
        llguidance.numpy.fill_next_token_bitmask_par(self.executor, matchers, mask)
        bits = numpy.unpackbits(mask.view(numpy.uint8), axis=1, bitorder="little")
        legal = torch.from_numpy(bits[:, : self.vocabulary]).to(logits.device).bool()
        healthy = ~logits.isnan().any(-1)
        masked = logits.masked_fill(~legal, float("-inf"))
        total = masked.logsumexp(-1)
        drawn = masked.argmax(-1)
        for index, row in enumerate(rows):
            if row.generator is not None and healthy[index]:
                chances = masked[index].softmax(-1).cpu()
                drawn[index] = torch.multinomial(chances, 1, generator=row.generator).item()
            elif row.target is not None:
                drawn[index] = self._led(row, masked[index])
        log_probability = (masked.gather(1, drawn[:, None])[:, 0] - total).tolist()
        null = (masked[:, self.null_tokens.to(masked.device)].logsumexp(-1) - total).exp().tolist()
        sound = (healthy & total.isfinite()).tolist()
        for row, token, chance, absent, good in zip(rows, drawn.tolist(), log_probability, null, sound, strict=True):
            if not good:
                row.error = "the model's output is not a number"
                continue
            row.sampled.append(Sampled(len(row.out), chance, absent))
            row.take(token)

    def _led(self, row: Row, masked: torch.Tensor) -> int:
        """The likeliest legal token that goes on toward the row's target; the likeliest of all where none does."""
        assert row.target is not None
        rest = row.target[len(b"".join(map(self.spell, row.out))) :]
        fitting = [
            token
            for token in masked.isfinite().nonzero()[:, 0].tolist()
            if (spelled := self.spell(token)) and (rest.startswith(spelled) or spelled.startswith(rest))
        ]
        return max(fitting, key=lambda token: float(masked[token]), default=int(masked.argmax()))

    def _leave(self, active: list[Row], tails: Tails) -> Iterator[Row]:
        for row in list(active):
            if row.target is not None and sum(len(self.spell(token)) for token in row.out) >= len(row.target):
                row.done = True
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

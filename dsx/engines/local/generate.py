"""The decode loop: many sequences, each with its own grammar, length and end, on few shared prefixes.

A sequence is one question. Tokens that its grammar leaves no choice about are forced: they cost no forward pass but go
into the sequence's next one. Sequences that finish leave their slots to those that wait. One that fails, fails alone.
"""

from __future__ import annotations

import time
from collections import abc

from dsx.engines.local.attention.kv_cache import CachedPrefix
from dsx.engines.local.attention.model_runner import ModelRunner
from dsx.engines.local.batches import batches, prefix_groups
from dsx.engines.local.sampler import Sampler
from dsx.engines.local.scheduler import Scheduler, out_of_memory
from dsx.engines.local.sequence import Sequence


class DecodeLoop:
    """Generates sequences.

    null_tokens: see `Sampler`.
    get_prefix: the prefilled prefix for a sequence's prefix tokens, and how many of them were in the cache.
    max_sequences: at once. max_running: half as many when memory runs out, twice as many again at each later `run`.
    """

    def __init__(
        self,
        runner: ModelRunner,
        vocabulary: int,
        null_tokens: abc.Sequence[int],
        get_prefix: abc.Callable[[abc.Sequence[int]], tuple[CachedPrefix, int]],
        max_sequences: int,
        report: abc.Callable[[str], None] = lambda line: None,
    ) -> None:
        self.runner, self.get_prefix, self.report = runner, get_prefix, report
        self.max_sequences = self.max_running = max_sequences
        self.sampler = Sampler(vocabulary, null_tokens)

    def run(self, sequences: abc.Iterable[Sequence]) -> abc.Iterator[Sequence]:
        """The sequences as they end: each is `finished` and has its `output_tokens`, or has an `error`."""
        max_running = min(2 * self.max_running, self.max_sequences)
        scheduler = Scheduler(sequences, self.runner.kv_cache, self.get_prefix, max_running, self.report)
        try:
            while scheduler.waiting or scheduler.running:
                yield from scheduler.schedule()
                yield from scheduler.take_finished()  # an answer may be forced whole
                low = len(scheduler.running) // 2 if scheduler.waiting else 0
                while len(scheduler.running) > low:
                    yield from self._steps(scheduler, low)
        finally:
            self.max_running = scheduler.max_running
            scheduler.close()

    def _steps(self, scheduler: Scheduler, low: int) -> list[Sequence]:
        """Steps until a sequence ends, or few enough run. The model has its own attention again while a caller acts."""
        ended = list[Sequence]()
        try:
            with self.runner:
                while len(scheduler.running) > low and not ended:
                    scheduler.extend()
                    self.step(scheduler.running)
                    ended += scheduler.take_finished()
        except (MemoryError, RuntimeError) as problem:
            if not out_of_memory(problem):
                raise
            ended += scheduler.preempt_all()
        return ended

    def step(self, running: abc.Sequence[Sequence]) -> None:
        """One sampled token for each sequence, in one forward pass, or several where whole questions come in."""
        for batch in batches(running):
            started = time.perf_counter()
            logits = self.runner.forward(
                [seq.pending_tokens for seq in batch],
                [seq.slots.start for seq in batch if seq.slots is not None],
                [seq.num_computed_tokens for seq in batch],
                list(prefix_groups(batch)),
            )
            for seq in batch:
                seq.num_computed_tokens += len(seq.pending_tokens)
                seq.pending_tokens = []
            sampling = self.sampler(batch, logits)
            took = time.perf_counter() - started
            for seq in batch:
                seq.forward_passes += 1 / len(batch)
                seq.ms_model += (took - sampling) * 1e3 / len(batch)
                seq.ms_grammar += sampling * 1e3 / len(batch)

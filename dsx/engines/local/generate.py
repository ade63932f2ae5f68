"""The decode loop: many sequences, each with its own grammar, length and end, on few shared prefixes.

A sequence is one question. Tokens that its grammar leaves no choice about are forced: they cost no forward pass but go
into the sequence's next one. Sequences that finish leave their slots to those that wait. One that fails, fails alone.
"""

from __future__ import annotations

import time
from collections import abc

import torch

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
    max_prompt_tokens: of whole questions that come into one pass.
    keeps_texts: see `Scheduler`.
    max_sequences: at once. max_running: half as many when memory runs out, twice as many again at each later `run`.
    """

    def __init__(
        self,
        runner: ModelRunner,
        vocabulary: int,
        null_tokens: abc.Sequence[int],
        get_prefix: abc.Callable[[abc.Sequence[int]], tuple[CachedPrefix, int]],
        max_sequences: int,
        max_prompt_tokens: int = 2048,
        report: abc.Callable[[str], None] = lambda line: None,
        keeps_texts: bool = False,
    ) -> None:
        self.runner, self.get_prefix, self.report = runner, get_prefix, report
        self.max_prompt_tokens = max_prompt_tokens
        self.max_sequences = self.max_running = max_sequences
        self.keeps_texts = keeps_texts
        self.sampler = Sampler(vocabulary, null_tokens)

    def run(self, sequences: abc.Iterable[Sequence]) -> abc.Iterator[Sequence]:
        """The sequences as they end: each is `finished` and has its `output_tokens`, or has an `error`."""
        max_running = min(2 * self.max_running, self.max_sequences)
        kv_cache, prefix = self.runner.kv_cache, self.get_prefix
        scheduler = Scheduler(sequences, kv_cache, prefix, max_running, self.report, self.keeps_texts)
        try:
            while scheduler.has_waiting or scheduler.running:
                yield from scheduler.schedule()
                yield from scheduler.take_finished()  # an answer may be forced whole
                low = len(scheduler.running) // 2 if scheduler.has_waiting else 0
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
                    if scheduler.running:  # the only one may have got no slots
                        self.step(scheduler.running)
                    ended += scheduler.take_finished()
        except (MemoryError, RuntimeError) as problem:
            if not out_of_memory(problem):
                raise
            ended += scheduler.preempt_all()
        return ended

    def step(self, running: abc.Sequence[Sequence]) -> None:
        """One sampled token for each sequence, in one forward pass, or several where whole questions come in.

        All passes are launched before one is waited for: where the layers are on two GPUs, both have work.
        """
        started, passes, logits = time.perf_counter(), batches(running, self.max_prompt_tokens), list[torch.Tensor]()
        for batch in passes:
            of_batch = self.runner.forward(
                [seq.pending_tokens for seq in batch],
                [seq.slots.start for seq in batch if seq.slots is not None],
                [seq.num_computed_tokens for seq in batch],
                list(prefix_groups(batch)),
            )
            logits.append(of_batch.clone() if len(passes) > 1 else of_batch)  # a graph's are overwritten by the next
        in_order = [seq for batch in passes for seq in batch]
        work = [len(seq.pending_tokens) + seq.num_prefilled_tokens * of_batch.is_cuda for seq in in_order]
        for seq in in_order:
            seq.num_computed_tokens += len(seq.pending_tokens)
            seq.pending_tokens = []
        sampling = self.sampler(in_order, torch.cat(logits) if len(passes) > 1 else of_batch)
        self.runner.kv_cache.confirm()
        took = time.perf_counter() - started - sampling
        for seq, tokens in zip(in_order, work, strict=True):
            prefilled = seq.num_prefilled_tokens * of_batch.is_cuda
            seq.forward_passes += len(passes) / len(in_order)
            seq.ms_model += took * 1e3 * tokens / sum(work)
            seq.ms_prefill += took * 1e3 * prefilled / sum(work)
            seq.ms_grammar += sampling * 1e3 / len(in_order)
            seq.num_prefilled_tokens, seq.failed_alone = 0, False

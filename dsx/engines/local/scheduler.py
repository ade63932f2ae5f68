"""Which sequences run now and which wait: each is given a prefix and slots, and frees them."""

from __future__ import annotations

import itertools
import time
from collections import abc, deque
from contextlib import suppress

import torch

from dsx.engines.local.attention.kv_cache import CachedPrefix, KVCache, OutOfSlots
from dsx.engines.local.sequence import Sequence
from dsx.terminal import counted

ANSWER_SLOTS = 64
"""Slots for a sequence's answer at first. Twice as many where it is longer."""
LITTLE_MORE = 16
"""Where there are not twice as many. With fewer at a time an answer would be copied at each token."""
ANSWERS_SHARE = 1 / 20
"""Of all slots, for answers, where more would take the place of a text, which later questions are about too. It is some
90 sequences beside 18 papers on one H200. A text of 10,000 tokens takes as long to read again as 40 such steps."""
USE_LESS = "use a smaller model, --quantize, --set cache_gigabytes=… or --passage-tokens …"


class Scheduler:
    """The sequences of one run.

    sequences: taken one by one, when there is room for more: what makes them may work while a GPU reads texts.
    get_prefix: the prefilled prefix for a sequence's prefix tokens, and how many of them were in the cache.
    max_running: sequences at once. It is halved when memory runs out.
    keeps_texts: answers leave slots to texts, by `ANSWERS_SHARE`. What is cached then decides what runs together.
    running: those of one prefix stand together. waiting: in the order in which they came.
    """

    def __init__(
        self,
        sequences: abc.Iterable[Sequence],
        kv_cache: KVCache,
        get_prefix: abc.Callable[[abc.Sequence[int]], tuple[CachedPrefix, int]],
        max_running: int,
        report: abc.Callable[[str], None],
        keeps_texts: bool = False,
    ) -> None:
        self._source, self.waiting, self.running = iter(sequences), deque[Sequence](), list[Sequence]()
        self._unreadable: dict[tuple[int, ...], str] = {}
        self.max_running = max_running
        self._kv_cache, self._get_prefix, self._report = kv_cache, get_prefix, report
        self._keeps_texts = keeps_texts

    @property
    def has_waiting(self) -> bool:
        """Whether there are sequences that do not run yet."""
        if not self.waiting:
            self.waiting.extend(itertools.islice(self._source, 1))
        return bool(self.waiting)

    def schedule(self) -> abc.Iterator[Sequence]:
        """Waiting sequences start to run as long as there are slots. Gives those that fail for want of memory."""
        while len(self.running) < self.max_running and self.has_waiting:
            seq, started = self.waiting[0], time.perf_counter()
            if (reason := self._unreadable.get(tuple(seq.prefix_tokens))) is not None:
                seq.error = reason
                yield self.waiting.popleft()
                continue
            length = seq.num_reserved_slots or len(seq.suffix_tokens) + ANSWER_SLOTS
            if self._keeps_texts and self.running and self._takes_place_of_text(seq, length):
                break
            try:
                prefix, num_cached_tokens = self._get_prefix(seq.prefix_tokens)
                seq.attach(prefix)
                seq.start(self._kv_cache.allocate(length, from_top=True))
            except BaseException as problem:
                self._release(seq)
                if not out_of_memory(problem):
                    raise
                if self.running:
                    break  # when some have finished there is more memory
                yield from self._refuse(problem)
                continue
            seq.num_prefilled_tokens = prefix.length - num_cached_tokens
            seq.num_cached_tokens = num_cached_tokens if seq.num_cached_tokens is None else seq.num_cached_tokens
            took = (time.perf_counter() - started) * 1e3
            seq.ms_model, seq.ms_prefill = seq.ms_model + took, seq.ms_prefill + took
            self.running.append(self.waiting.popleft())
        first = {id(seq.prefix): at for at, seq in reversed(list(enumerate(self.running)))}
        self.running.sort(key=lambda seq: first[id(seq.prefix)])  # by the order in which they came, not by address

    def extend(self) -> None:
        """More slots for sequences that outgrow theirs. One that gets none is preempted: it goes on later."""
        for seq in list(self.running):
            needed = seq.num_computed_tokens + len(seq.pending_tokens)
            if seq.slots is None or needed <= seq.slots.length:
                continue
            longest = len(seq.suffix_tokens) + seq.max_tokens + LITTLE_MORE
            for slots in (max(needed, min(2 * needed, longest)), needed + LITTLE_MORE):
                with suppress(OutOfSlots):
                    seq.slots = self._kv_cache.reallocate(seq.slots, slots, seq.num_computed_tokens)
                    break
            else:
                seq.num_reserved_slots = needed + LITTLE_MORE
                self.running.remove(seq)
                self._release(seq)
                self.waiting.appendleft(seq)

    def take_finished(self) -> abc.Iterator[Sequence]:
        """The sequences that have ended. Their slots are freed."""
        for seq in list(self.running):
            if not seq.finished and seq.error is None and len(seq.output_tokens) >= seq.max_tokens:
                seq.truncated = seq.finished = True
            if seq.finished or seq.error is not None:
                self.running.remove(seq)
                self._release(seq)
                yield seq

    def preempt_all(self) -> abc.Iterator[Sequence]:
        """Memory ran out in a pass: all go on, half as many at once. Gives one that fails alone a second time."""
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        preempted = list(self.running)
        self.close()
        if len(preempted) > 1:
            self.max_running = max(1, min(self.max_running, len(preempted)) // 2)
            self._report(f"out of memory with {counted(len(preempted), 'sequence')}; going on with {self.max_running}")
        elif preempted[0].failed_alone:
            preempted[0].error = f"out of memory with one sequence; {USE_LESS}"
            yield preempted.pop()
        else:
            preempted[0].failed_alone = True
        self.waiting.extendleft(reversed(preempted))

    def close(self) -> None:
        """Nothing runs any more."""
        for seq in self.running:
            self._release(seq)
        self.running.clear()

    def _takes_place_of_text(self, seq: Sequence, length: int) -> bool:
        """Whether so many slots more for answers evict a text, or leave no room for another that would fit."""
        taken = sum(other.slots.length for other in self.running if other.slots is not None)
        free, text_length = self._kv_cache.num_free_slots, len(seq.prefix_tokens)
        if taken + length <= ANSWERS_SHARE * self._kv_cache.num_slots:
            return False
        return free < length or free - length < text_length <= free + taken

    def _refuse(self, problem: BaseException) -> abc.Iterator[Sequence]:
        """There is no memory for the first sequence, which is alone. Others on a text that cannot be read fail too."""
        seq, no_slots = self.waiting.popleft(), isinstance(problem, OutOfSlots)
        seq.error = f"{problem if no_slots else 'out of memory while its text was read'}; {USE_LESS}"
        if not no_slots:
            self._unreadable[tuple(seq.prefix_tokens)] = seq.error
        yield seq

    def _release(self, seq: Sequence) -> None:
        seq.attach(None)
        if seq.slots is not None:
            self._kv_cache.free(seq.slots)
            seq.slots = None


def out_of_memory(problem: BaseException) -> bool:
    """Whether memory ran out: a GPU's, cuBLAS's and the CPU's (torch says so in words), or the KV cache's slots.

    Where others use the same GPU, CUDA's own error comes: an AcceleratorError that is no OutOfMemoryError.
    """
    kinds = (torch.OutOfMemoryError, MemoryError)
    signs = ("out of memory", "allocate memory", "ALLOC_FAILED")
    return isinstance(problem, kinds) or any(sign in str(problem) for sign in signs)

"""A rank of a model that is split over several GPUs, other than the first: `python -m … SOCKET PARENT`.

It is started by `Ranks`, told what to load, and then which passes to run, until the socket is closed. Signals are the
parent's to act on. It ends when the parent has ended.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from multiprocessing.connection import Connection

import torch
import transformers

from dsx.engines.local.attention.kv_cache import CachedPrefix, KVCache, SlotRange
from dsx.engines.local.attention.model_runner import ModelRunner
from dsx.engines.local.attention.packing import PrefixGroup
from dsx.engines.local.load_rank import (
    SETTLE_SECONDS,
    LoadedRank,
    all_agree,
    has_settled,
    join_group,
    load_rank,
    local_rank,
)
from dsx.engines.local.memory import hold_to_budget
from dsx.engines.local.prefix_cache import read_prefix
from dsx.engines.local.scheduler import out_of_memory
from dsx.errors import DsxError, MachineError

PARENT_SECONDS = 0.5
"""Between two looks at whether the parent is there."""


class Commands:
    """What rank 0 runs, run on this rank's part. Each method is a command of `KVCache.together`."""

    def __init__(self, loaded: LoadedRank, kv_cache: KVCache) -> None:
        self._model, self._kv_cache, self._device = loaded.model, kv_cache, str(loaded.layers[0].device)
        self._runner, self._decoding = ModelRunner(loaded.model, kv_cache), ExitStack()
        self._is_decoding = False

    def prefill(self, tokens: Sequence[int], slots: SlotRange, start: CachedPrefix | None, chunk_tokens: int) -> None:
        """By the model's own attention."""
        self._decoding.close()
        self._is_decoding = False
        read_prefix(self._model, self._kv_cache, tokens, slots, start, chunk_tokens)

    def forward(
        self,
        tokens: Sequence[Sequence[int]],
        tail_starts: Sequence[int],
        num_computed_tokens: Sequence[int],
        prefix_groups: Sequence[PrefixGroup],
    ) -> None:
        """By this package's attention."""
        if not self._is_decoding:
            self._decoding.enter_context(self._runner)
            self._is_decoding = True
        self._runner.forward(tokens, tail_starts, num_computed_tokens, prefix_groups)

    def copy(self, source: SlotRange, target: SlotRange, used: int) -> None:
        """Keys and values that get a longer range."""
        self._kv_cache.copy(source, target, used)

    def settle(self) -> None:
        """Waits for the GPU. Memory has run out somewhere: what is not needed is freed."""
        if not has_settled(self._device):
            raise TimeoutError("out of memory on another GPU in the middle of what all compute together")
        if self._device != "cpu":
            torch.cuda.empty_cache()


def run(connection: Connection) -> None:
    """Loads, then runs passes until the other end is closed."""
    job, rank, device, meeting = connection.recv()
    if device == "cpu":
        torch.set_num_threads(max(1, torch.get_num_threads() // job.cards))
    connection.send(None)
    join_group(rank, job.cards, device, meeting)
    with local_rank(rank):
        loaded = load_rank(job, device)
    connection.send(loaded.plans)
    if job.keeps_budget:
        hold_to_budget(loaded.plans)
    kv_cache = KVCache(loaded.layers, connection.recv())
    kv_cache.all_agree = all_agree
    commands = Commands(loaded, kv_cache)
    connection.send(None)
    while True:
        command, *arguments = connection.recv()
        failure = None
        try:
            getattr(commands, command)(*arguments)
        except (MemoryError, RuntimeError) as problem:
            if device == "cpu" or not out_of_memory(problem) or not has_settled(device):
                raise
            failure = f"{device}: {str(problem).strip().splitlines()[0]}"
        connection.send(failure)
        if failure is not None and not connection.poll(2 * SETTLE_SECONDS):
            raise MachineError(f"{failure}, in the middle of what all compute together")


def main() -> None:
    """Signals reach the parent. This process ends with the socket, or the parent."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1):
        signal.signal(number, signal.SIG_IGN)
    socket, parent = map(int, sys.argv[1:])
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    transformers.utils.logging.disable_progress_bar()
    transformers.utils.logging.set_verbosity_error()
    try:
        run(Connection(socket))
    except (EOFError, ConnectionError):
        os._exit(0)
    except Exception as problem:
        print(f"{type(problem).__name__}: {' '.join(str(problem).split())}", file=sys.stderr, flush=True)
        os._exit(problem.exit_code if isinstance(problem, DsxError) else 1)  # without waiting for NCCL


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(PARENT_SECONDS)
    os._exit(1)


if __name__ == "__main__":
    main()

"""The other ranks of a model that is split over several GPUs: processes that run the passes which this one runs.

This process is rank 0. It alone has questions, grammars, the allocator of slots and the sampler. Before it runs a pass
it tells the others which, through a socket each, and they run it on their parts. Each then says how that ended, so that
all go on from the same state after memory has run out on one.

A rank that ends by itself ends the run: what waits for it in NCCL is aborted, and MachineError names its GPU.
"""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import IO, Any

import torch

from dsx.engines.local.attention.kv_cache import KVCache
from dsx.engines.local.load_rank import LoadedRank, LoadJob, all_agree, has_settled, join_group, load_rank, local_rank
from dsx.engines.local.memory import MemoryPlan
from dsx.engines.local.scheduler import out_of_memory
from dsx.errors import MAY_PASS, DsxError, MachineError, ModelError

log = logging.getLogger("dsx.engines.local")
PATIENCE_SECONDS = 30.0
"""For the other ranks after a failed pass, and for their processes to end; longer than SETTLE_SECONDS."""
SETTLE = "settle"
"""The command that is no pass: wait for the GPU, and free what its allocator holds without need."""


@dataclass(frozen=True, slots=True, eq=False)
class Rank:
    """Another process. errors: what it writes to stderr."""

    device: str
    process: subprocess.Popen[bytes]
    connection: Connection
    errors: IO[bytes]

    def reason(self) -> str:
        """Why it has ended: its last line."""
        self.errors.seek(0)
        lines = self.errors.read().decode("utf-8", "replace").strip().splitlines()
        code = self.process.returncode
        return f"killed by signal {-code}" if code < 0 else lines[-1].strip() if lines else f"exit code {code}"


class Ranks:
    """The ranks beside this one, where there are any. devices: all ranks', this one's first. start: a rank's process.

    Raises MachineError, as each of its methods does, where one is lost.
    """

    def __init__(self, job: LoadJob, devices: Sequence[str], start: Callable[[str], Rank] | None = None) -> None:
        self._job, self._device, self._ranks = job, devices[0], list[Rank]()
        self._lost, self._failure = threading.Event(), ""
        self._closing, self._is_waiting, self._out_of_step = False, False, True
        self._folder: str | None = None
        if len(devices) == 1:
            return
        try:
            self._begin(devices, start or start_rank)
        except BaseException:
            self.close()
            raise

    def _begin(self, devices: Sequence[str], start: Callable[[str], Rank]) -> None:
        self._folder = tempfile.mkdtemp(prefix="dsx-ranks-")
        meeting = Path(self._folder) / "meeting"
        for number, device in enumerate(devices[1:], 1):
            self._ranks.append(start(device))
            self._ranks[-1].connection.send((self._job, number, device, meeting))
        for rank in self._ranks:
            threading.Thread(target=self._watch, args=(rank,), name=f"dsx-{rank.device}", daemon=True).start()
        with self._may_lose():
            self._replies()  # all are there: in the group a wait for one that is not would not end
            join_group(0, len(devices), self._device, meeting)
        self.confirm()

    def load(self) -> tuple[LoadedRank, list[MemoryPlan]]:
        """This rank's part of the model, and the memory plans of all ranks. Raises ModelError."""
        with self._may_lose(), local_rank(0) if self._ranks else nullcontext():
            loaded = load_rank(self._job, self._device)
            plans = [*loaded.plans, *(plan for plans in self._replies() for plan in plans)]
        self.confirm()
        return loaded, plans

    def share(self, kv_cache: KVCache) -> None:
        """From now on the others have as many slots, and do what is done with these."""
        if not self._ranks:
            return
        with self._may_lose():
            self._send(kv_cache.num_slots)
            self._replies()
        self.confirm()
        self._out_of_step = False
        kv_cache.together, kv_cache.all_agree, kv_cache.confirm = self.together, all_agree, self.confirm

    @contextmanager
    def together(self, command: str, *arguments: Any) -> Iterator[None]:
        """The others run this pass while the block does. See `rank_process.Commands`.

        Raises torch.OutOfMemoryError where memory has run out on another. What the GPUs were given is done then.
        """
        with self._may_lose():
            if self._out_of_step:
                raise MachineError("the GPUs' processes are not at the same pass after an error; run the same command")
            self._out_of_step = True
            self._send((command, *arguments))
            try:
                yield
            except (MemoryError, RuntimeError) as problem:
                if out_of_memory(problem):
                    self._settle()
                raise
            failed = [reason for reason in self._replies() if reason]
            if failed:
                self._settle(replied=True)
                raise torch.OutOfMemoryError(f"out of memory: {failed[0]}")
            self._out_of_step = False

    def confirm(self) -> None:
        """What the passes have computed is whole: no rank was lost."""
        self._is_waiting = False
        if self._lost.is_set():
            raise MachineError(self._failure)

    def close(self) -> None:
        """Ends the other processes, and the group. CUDA graphs that hold its passes must be gone."""
        self._closing = True
        for rank in self._ranks:
            rank.connection.close()
            if self._out_of_step or self._lost.is_set():
                rank.process.kill()
        for rank in self._ranks:
            try:
                rank.process.wait(PATIENCE_SECONDS)
            except subprocess.TimeoutExpired:
                rank.process.kill()
                rank.process.wait()
            rank.errors.close()
        if self._ranks and not self._lost.is_set():
            self._leave_group().join(PATIENCE_SECONDS)
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    @contextmanager
    def _may_lose(self) -> Iterator[None]:
        """What is raised in this block because a rank is lost becomes MachineError. `confirm` ends the wait.

        A loader may have made a ModelError of it: that stands only where the other rank too says that it is the model.
        """
        self.confirm()
        self._is_waiting = True
        try:
            yield
        except MachineError:
            raise
        except Exception as problem:
            patience = 2 if self._ranks and not out_of_memory(problem) else 0  # its end may be seen a little later
            if self._lost.wait(patience) and not (isinstance(problem, DsxError) and self._is_models_fault()):
                raise MachineError(self._failure) from problem
            raise

    def _is_models_fault(self) -> bool:
        """Whether a rank has ended by itself with what dsx says of a model."""
        return any(rank.process.poll() == ModelError.exit_code for rank in self._ranks)

    def _send(self, message: Any) -> None:
        for rank in self._ranks:
            rank.connection.send(message)

    def _replies(self, patience: float | None = None) -> list[Any]:
        """One of each. patience: seconds. Raises TimeoutError."""
        replies = []
        for rank in self._ranks:
            if not rank.connection.poll(patience):
                raise TimeoutError(f"{rank.device} does not answer")
            replies.append(rank.connection.recv())
        return replies

    def _settle(self, replied: bool = False) -> None:
        """After memory ran out in a pass: goes on where all ranks came equally far. Else raises MachineError."""
        message = "out of memory on one GPU in the middle of what all compute together; run the same command"
        try:
            settled = has_settled(self._device)
            if not replied:
                self._replies(PATIENCE_SECONDS)
            self._send((SETTLE,))
            self._replies(PATIENCE_SECONDS)
        except TimeoutError:
            settled = False
        if not settled:
            raise MachineError(message)
        self._out_of_step = False

    def _watch(self, rank: Rank) -> None:
        """In a thread: waits for the end of the process. If this one hangs for it all the same, it ends here."""
        rank.process.wait()
        if self._closing or self._lost.is_set():
            return
        self._failure = f"the process on {rank.device} has ended ({rank.reason()}); see to it and run the same command"
        self._out_of_step = True
        self._lost.set()
        self._leave_group()  # then this process goes on, with nonsense, to where it sees what is lost
        for _ in range(int(PATIENCE_SECONDS)):
            if not self._is_waiting or self._closing:
                return
            time.sleep(1)
        log.error(self._failure)
        os._exit(MAY_PASS)

    def _leave_group(self) -> threading.Thread:
        """In a thread, for NCCL may wait for graphs or ranks that are not there. What waits in NCCL goes on."""
        leaving = threading.Thread(target=_leave, args=(self._out_of_step,), name="dsx-leaving", daemon=True)
        leaving.start()
        return leaving


def _leave(out_of_step: bool) -> None:
    with suppress(Exception):  # of a group that is broken or gone
        if out_of_step and torch.distributed.get_backend() == "nccl":
            torch.distributed.distributed_c10d._abort_process_group()  # of all groups; no public function is
        else:
            torch.distributed.destroy_process_group()


def start_rank(device: str) -> Rank:
    """Its process, which waits to be told what to load."""
    ours, theirs = Pipe()
    errors = tempfile.TemporaryFile()  # noqa: SIM115 (closed with the rank)
    module = "dsx.engines.local.rank_process"  # -P: no module of the current folder is taken for another
    command = [sys.executable, "-P", "-m", module, str(theirs.fileno()), str(os.getpid())]
    paths = os.pathsep.join(str(Path(entry).absolute()) for entry in sys.path)
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=errors,
            stderr=errors,
            pass_fds=[theirs.fileno()],
            env={**os.environ, "PYTHONPATH": paths},
            start_new_session=True,  # Ctrl-C is for this process alone
        )
    finally:
        theirs.close()
    return Rank(device, process, ours, errors)

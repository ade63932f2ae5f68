"""Who is at which paper: `claims/<document>.<n>.json`, so that many processes share one folder and none waits.

A claim is taken over when its process is gone, or when its heartbeat (the file's time of change) is older than the
expiry. Taking over makes the next number rather than removing the claim, so that of two who find it stale one wins. A
process that was only slow sees the higher number before it stores, and lets its result go.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

import psutil

from dsx.errors import PASSING, MachineError, UsageError
from dsx.store import atomic
from dsx.types import Json

PROCESS = "process-"
"""How the claim begins by which a process says that it is there at all."""
EXPIRY_SECONDS = 120.0
WRITING = ".writing"
"""How the claim ends by which a process says that it writes a file of the same folder."""
BEATS = 6
"""Heartbeats in the expiry."""
PATIENCE_SECONDS, WAIT_SECONDS = 30.0, 0.01
"""How long a writer waits for others, and between two looks; what is written takes milliseconds."""


class Claims:
    """This process's claims in a run folder; a `with` block keeps the heart beating, and gives all back at its end.

    Times are compared as the folder's file system gives them, so hosts whose clocks differ agree.
    """

    def __init__(
        self, run: Path, expiry: float = EXPIRY_SECONDS, folder: str = "claims", suffix: str = ".json"
    ) -> None:
        self.folder, self.expiry, self.suffix = run / folder, expiry, suffix
        self._place = _place()
        self._claims: dict[str, Path] = {}
        self._end = threading.Event()
        self._heart = threading.Thread(target=self._beat, name="dsx-claims", daemon=True)
        try:
            self.folder.mkdir(exist_ok=True)
            atomic.sweep(self.folder)
        except OSError as problem:
            raise self._trouble(problem) from None

    def __enter__(self) -> Claims:
        self.take(f"{PROCESS}{uuid.uuid4().hex[:12]}")
        self._heart.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._end.set()
        self._heart.join()
        for document in list(self._claims):
            self.release(document)

    def take(self, document: str) -> bool:
        """Claims a paper; False: another process has it. Look again whether it is done once you have it."""
        try:
            while True:
                latest = self._latest(document)
                if latest >= 0 and not self._stale(self._path(document, latest)):
                    return False
                claim = self._path(document, latest + 1)
                if atomic.create(claim, self._owner(), lasting=False):
                    self._claims[document] = claim
                    return True
        except OSError as problem:
            raise self._trouble(problem) from None

    def others(self, here: bool = False) -> int:
        """How many processes but this one are at the run now; here: on this machine."""
        count = 0
        for claim in set(self.folder.glob(f"{PROCESS}*.0{self.suffix}")).difference(self._claims.values()):
            owner = _owner_of(claim)
            place = owner.get("place") if isinstance(owner, dict) else None
            count += (place == self._place or not here) and not self._stale(claim)
        return count

    def documents(self) -> set[str]:
        """The papers that any process is at, or was when it died."""
        return {claim.name.split(".")[0] for claim in self.folder.glob(f"*{self.suffix}")}

    def held(self, document: str) -> bool:
        """Whether the claim is still this process's: nobody found it stale and took it over."""
        return self._path(document, self._latest(document)) == self._claims.get(document)

    def release(self, document: str) -> None:
        """Gives the claim back, with those that it took over."""
        claim = self._claims.pop(document, None)
        for number in range(int(claim.name.split(".")[1]) + 1 if claim else 0):
            with contextlib.suppress(OSError):
                self._path(document, number).unlink()

    def _path(self, document: str, number: int) -> Path:
        return self.folder / f"{document}.{number}{self.suffix}"

    def _trouble(self, problem: OSError) -> MachineError:
        passes = problem.errno in PASSING
        return MachineError(f"{self.folder}: {problem.strerror}; see to it and run the same command", passes)

    def _latest(self, document: str) -> int:
        numbers = (path.name.split(".")[1] for path in self.folder.glob(f"{document}.*{self.suffix}"))
        return max((int(number) for number in numbers if number.isascii() and number.isdecimal()), default=-1)

    def _owner(self) -> bytes:
        started = psutil.Process().create_time()
        return json.dumps(
            {"host": socket.gethostname(), "place": self._place, "process": os.getpid(), "started": started}
        ).encode()

    def _stale(self, claim: Path) -> bool:
        try:
            beaten, content = claim.stat().st_mtime, claim.read_bytes()
        except FileNotFoundError:
            return False  # just given back; the next look shows
        return _is_gone(_owner_in(content), self._place) or self._now() - beaten > self.expiry

    def _now(self) -> float:
        clock = self.folder / f"{atomic.TEMPORARY}clock-{socket.gethostname()}-{os.getpid()}-{id(self)}"
        clock.touch()
        now = clock.stat().st_mtime
        clock.unlink()
        return now

    def _beat(self) -> None:
        while not self._end.wait(self.expiry / BEATS):
            for claim in list(self._claims.values()):
                with contextlib.suppress(OSError):  # given back meanwhile, or the disk is full: the claim expires
                    os.utime(claim)


@contextlib.contextmanager
def sole_writer(path: Path) -> Iterator[None]:
    """While the block runs, no other thread or process that asks for `path` is in one; they wait for each other.

    The claim stands beside the file, for who may write there may write nowhere else in the run. UsageError where it
    takes too long.
    """
    folder, name = path.parent, hashlib.sha256(path.name.encode()).hexdigest()[:16]
    claims, end = Claims(folder.parent, folder=folder.name, suffix=WRITING), time.monotonic() + PATIENCE_SECONDS
    while not claims.take(name):
        if time.monotonic() > end:
            raise UsageError(f"{path} is being written by another process ({claims.folder}); try again")
        time.sleep(WAIT_SECONDS)
    try:
        yield
    finally:
        claims.release(name)


def _place() -> str:
    """The kernel and the process namespace in which this process's number means something; unique where unknown."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return f"{socket.gethostname()} {os.getpid()} {time.time_ns()}"


def _owner_of(claim: Path) -> Json:
    """What a claim says of its process; None where it says nothing that can be read, or is gone."""
    try:
        return _owner_in(claim.read_bytes())
    except FileNotFoundError:
        return None


def _owner_in(content: bytes) -> Json:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


def _is_gone(owner: Json, place: str) -> bool:
    """Whether an owner, as its claim names it, was a process of this place and is no more.

    A claim that cannot be read was cut by a power cut, for it is written before it is put in its place.
    """
    if not isinstance(owner, dict):
        return True
    if owner.get("place") != place:
        return False
    process, started = owner.get("process"), owner.get("started")
    if not (isinstance(process, int) and isinstance(started, int | float) and 0 < process < 2**31):
        return False
    try:
        running = psutil.Process(process)
        return abs(running.create_time() - started) >= 1 or running.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True

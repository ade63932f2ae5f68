"""Who is at which paper: `claims/<document>.<n>.json`, so that many processes share one folder and none waits.

A claim is taken over when its process is gone, or when its heartbeat (the file's time of change) is older than the
expiry. Taking over makes the next number rather than removing the claim, so that of two who find it stale one wins. A
process that was only slow sees the higher number before it stores, and lets its result go.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import threading
import time
from pathlib import Path
from types import TracebackType

import psutil

from dsx.errors import RunError
from dsx.store import atomic

EXPIRY_SECONDS = 120.0
BEATS = 6
"""Heartbeats in the expiry."""


class Claims:
    """This process's claims in a run folder; a `with` block keeps the heart beating, and gives all back at its end.

    Times are compared as the folder's file system gives them, so hosts whose clocks differ agree.
    """

    def __init__(self, run: Path, expiry: float = EXPIRY_SECONDS) -> None:
        self.folder, self.expiry = run / "claims", expiry
        self._place = _place()
        self._claims: dict[str, Path] = {}
        self._end = threading.Event()
        self._heart = threading.Thread(target=self._beat, name="dsx-claims", daemon=True)
        try:
            self.folder.mkdir(exist_ok=True)
            atomic.sweep(self.folder)
        except OSError as problem:
            raise RunError(
                f"{self.folder} cannot be written ({problem.strerror}); make room or leave --claim"
            ) from None

    def __enter__(self) -> Claims:
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
            raise RunError(f"{self.folder}: {problem.strerror}; make room and run the same command") from None

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
        return self.folder / f"{document}.{number}.json"

    def _latest(self, document: str) -> int:
        return max((int(path.name.split(".")[1]) for path in self.folder.glob(f"{document}.*.json")), default=-1)

    def _owner(self) -> bytes:
        started = psutil.Process().create_time()
        return json.dumps(
            {"host": socket.gethostname(), "place": self._place, "process": os.getpid(), "started": started}
        ).encode()

    def _stale(self, claim: Path) -> bool:
        try:
            owner = json.loads(claim.read_bytes())
            beaten = claim.stat().st_mtime
        except FileNotFoundError:
            return False  # just given back; the next look shows
        except ValueError:
            owner = {}
        if owner.get("place") == self._place and not _alive(owner["process"], owner["started"]):
            return True
        return self._now() - beaten > self.expiry

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


def _place() -> str:
    """The kernel and the process namespace in which this process's number means something; unique where unknown."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return f"{socket.gethostname()} {os.getpid()} {time.time_ns()}"


def _alive(process: int, started: float) -> bool:
    try:
        owner = psutil.Process(process)
        return abs(owner.create_time() - started) < 1 and owner.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False

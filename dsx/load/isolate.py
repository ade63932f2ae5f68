"""Each load runs in a subprocess with limits: a crash, a hang or a bomb costs this file, never the run."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from dsx.errors import LoadError
from dsx.load.identity import document_id
from dsx.load.keep import read_document, write_document
from dsx.types import Document, Loader

UNREADABLE = (ValueError, KeyError, TypeError, OSError, EOFError, zipfile.BadZipFile)


def load_document(
    path: Path, loader_name: str, loader: Loader, *, seconds: float, megabytes: int, cache: Path | None = None
) -> Document:
    """Loads `path` in a subprocess, or takes it from the cache.

    seconds: limit of both wall clock and CPU time. megabytes: limit of the address space.
    cache: a folder that many processes may share; its files are named by content, loader and loader version.
    Raises LoadError, whose one line says what to do.
    """
    identity = document_id(path)
    if path.stat().st_size == 0:
        raise LoadError(f"{path.name}: the file is empty; fetch it again")
    kept = cache / f"{identity}-{_safe(loader_name)}-{_safe(loader.version)}.npz" if cache else None
    if kept is not None and kept.exists():
        try:
            return _renamed(read_document(kept), path)
        except UNREADABLE:
            kept.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(prefix="dsx-load-") as folder:
        job: dict[str, object] = {
            "path": str(path.resolve()),
            "loader": loader_name,
            "reference": _reference(loader),
            "result": str(Path(folder) / "document.npz"),
            "seconds": seconds,
            "megabytes": megabytes,
        }
        _run(job, Path(folder), path.name)
        try:
            document = read_document(Path(str(job["result"])))
        except UNREADABLE as problem:
            raise LoadError(f"{path.name}: loader {loader_name!r} left no document ({problem}); report it") from None
    if kept is not None:
        write_document(document, kept)
    return document


def _run(job: dict[str, object], folder: Path, name: str) -> None:
    seconds, megabytes = float(str(job["seconds"])), job["megabytes"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "TMPDIR": str(folder)}
    with (folder / "stderr").open("wb") as stderr:
        process = subprocess.Popen(
            [sys.executable, "-m", "dsx.load.child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            env=environment,
            start_new_session=True,
        )
        try:
            told, _ = process.communicate(json.dumps(job).encode(), timeout=seconds + START_SECONDS)
        except subprocess.TimeoutExpired:
            raise LoadError(f"{name}: not read after {seconds:g} s; raise the limit (load_seconds)") from None
        finally:
            _kill(process)
    if process.returncode == 0:
        return
    lines = told.decode("utf-8", "replace").strip().splitlines()
    if process.returncode == REFUSED and lines:
        raise LoadError(f"{name}: {lines[-1]}")
    if -process.returncode in (signal.SIGXCPU, signal.SIGALRM):
        raise LoadError(f"{name}: not read after {seconds:g} s; raise the limit (load_seconds)")
    last = (folder / "stderr").read_text("utf-8", "replace").strip().splitlines()[-1:] or ["no message"]
    if "MemoryError" in last[0] or "malloc" in last[0]:
        raise LoadError(f"{name}: needs more than {megabytes} MB; raise the limit (load_megabytes)")
    if process.returncode < 0:
        how = signal.Signals(-process.returncode).name
        raise LoadError(f"{name}: the loader crashed ({how}); try another one with --loader")
    raise LoadError(f"{name}: the loader failed ({last[0]}); try another one with --loader")


REFUSED = 3
"""Exit status of a child that says why on its stdout."""

START_SECONDS = 10.0
"""Grace for the interpreter's start; the child counts its own wall clock from where it reads the file."""


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Ends the child and all it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _reference(loader: Loader) -> dict[str, str] | None:
    """Where the child finds the loader's function; None: by its name among the plugins."""
    module, name = getattr(loader.load, "__module__", None), getattr(loader.load, "__qualname__", "<")
    if module is None or "<" in name:
        return None
    file = getattr(sys.modules.get(module), "__file__", None) or ""
    return {"module": module, "name": name, "file": file}


def _safe(name: str) -> str:
    return "".join(letter if letter.isalnum() or letter in "._" else "_" for letter in name)


def _renamed(document: Document, path: Path) -> Document:
    import dataclasses

    return document if document.file == path.name else dataclasses.replace(document, file=path.name)

"""Each load runs in a subprocess with limits: a crash, a hang or a bomb costs this file, never the run."""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import importlib
import importlib.util
import json
import os
import pickle
import signal
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from dsx.errors import LoadError
from dsx.load.identity import document_id
from dsx.load.keep import read_document, write_document
from dsx.types import Document, Loader, LoadLimits

UNREADABLE = (ValueError, KeyError, TypeError, OSError, EOFError, zipfile.BadZipFile)


def load_in_subprocess(
    path: Path, loader_name: str, loader: Loader, limits: LoadLimits, cache: Path | None = None
) -> Document:
    """Loads `path` in a subprocess, or takes it from the cache.

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
            "function": reference(loader),
            "result": str(Path(folder) / "document.npz"),
            **dataclasses.asdict(limits),
        }
        _run(job, Path(folder), path.name, limits)
        try:
            document = read_document(Path(str(job["result"])))
        except UNREADABLE as problem:
            raise LoadError(f"{path.name}: loader {loader_name!r} left no document ({problem}); report it") from None
    if kept is not None:
        write_document(document, kept)
    return document


def _run(job: dict[str, object], folder: Path, name: str, limits: LoadLimits) -> None:
    seconds, megabytes = limits.seconds, limits.megabytes
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


def reference(loader: Loader) -> dict[str, str]:
    """How the child finds the loader's function: by module, name and file, or pickled where no name leads to it.

    Raises LoadError for a function that cannot be pickled either, such as a closure over an open file.
    """
    module, name = getattr(loader.load, "__module__", None) or "", getattr(loader.load, "__qualname__", "<")
    function: object = sys.modules.get(module)
    file = getattr(function, "__file__", None) or ""
    for part in name.split("."):
        function = getattr(function, part, None)
    if function is loader.load and module != "__main__":
        return {"module": module, "name": name, "file": file}
    import cloudpickle

    try:
        return {"pickle": base64.b64encode(cloudpickle.dumps(loader.load)).decode()}
    except (pickle.PicklingError, TypeError, AttributeError, RecursionError) as problem:
        raise LoadError(f"the loader cannot be sent to a subprocess ({problem}); make it a plain function") from None


def function_of(reference: Mapping[str, str]) -> Callable[[Path], Document]:
    """The function that `reference` names, in the child."""
    if "pickle" in reference:
        pickled: Callable[[Path], Document] = pickle.loads(base64.b64decode(reference["pickle"]))
        return pickled
    try:
        found: Any = importlib.import_module(reference["module"])
    except ImportError:
        specification = importlib.util.spec_from_file_location(reference["module"], reference["file"])
        if specification is None or specification.loader is None:
            raise
        found = importlib.util.module_from_spec(specification)
        sys.modules[reference["module"]] = found
        specification.loader.exec_module(found)
    for part in reference["name"].split("."):
        found = getattr(found, part)
    function: Callable[[Path], Document] = found
    return function


def _safe(name: str) -> str:
    return "".join(letter if letter.isalnum() or letter in "._" else "_" for letter in name)


def _renamed(document: Document, path: Path) -> Document:
    return document if document.file == path.name else dataclasses.replace(document, file=path.name)

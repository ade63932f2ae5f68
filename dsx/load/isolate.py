"""Each load runs in a subprocess with limits: a crash, a hang or a bomb costs this file, never the run."""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import importlib
import importlib.util
import json
import logging
import os
import pickle
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dsx.errors import LoadError, MachineError, machine_error
from dsx.load.cache import DocumentCache
from dsx.load.identity import document_id, file_name
from dsx.load.keep import read_document
from dsx.types import DAMAGED, Document, Loader, LoadLimits

REFUSED, MACHINE = 3, 4
"""Exit statuses of a child that says why on its stdout: it is the file's fault, or the machine's."""
START_SECONDS = 10.0
"""Grace for the interpreter's start; the child counts its own wall clock from where it reads the file."""
NOTE = "note: "
"""How a line of the child's begins that is worth a warning, and no reason why there is no document."""

log = logging.getLogger("dsx.load")


@dataclass(slots=True)
class Reading:
    """One load, for who wants its document in another thread. warn: takes the loader's warnings."""

    warn: Callable[[str], None] = log.warning
    process: subprocess.Popen[bytes] | None = None
    abandoned: bool = False

    def abandon(self) -> None:
        """Nobody wants the document any more: ends the subprocess, now or as soon as it is started."""
        self.abandoned = True
        if self.process is not None and self.process.returncode is None:
            _kill(self.process)


def load_in_subprocess(
    path: Path,
    name: str,
    loader: Loader,
    limits: LoadLimits,
    cache: DocumentCache | None = None,
    reading: Reading | None = None,
) -> Document:
    """Loads `path` in a subprocess, or takes it from the cache. name: of the loader.

    Raises LoadError, whose one line says what to do; MachineError where the machine has no room for it.
    """
    identity = document_id(path)
    if path.stat().st_size == 0:
        raise LoadError(f"{file_name(path)}: the file is empty; fetch it again")
    suffix = _safe(path.suffix.lower())[:20]  # what kind of file it is may be judged by it
    key = f"{identity}-{_safe(name)}-{_safe(loader.version)}{suffix}"
    document = cache.get(key, identity) if cache else None
    if document is None:
        document = _load(path, name, loader, limits, reading or Reading())
        if document.id != identity:
            raise LoadError(f"{file_name(path)}: it was changed while it was read; run the same command again")
        if cache:
            cache.put(key, document)
    if problem := document.metadata.get(DAMAGED):  # said in every run, whether it was cached or not
        (reading or Reading()).warn(f"{file_name(path)}: {problem}")
    return dataclasses.replace(document, file=file_name(path))


def _load(path: Path, name: str, loader: Loader, limits: LoadLimits, reading: Reading) -> Document:
    try:
        with tempfile.TemporaryDirectory(prefix="dsx-load-", ignore_cleanup_errors=True) as folder:
            job: dict[str, object] = {
                "path": str(_utf8_path(path, Path(folder))),
                "function": reference(loader),
                "result": str(Path(folder) / "document"),
                **dataclasses.asdict(limits),
            }
            _run(job, Path(folder), file_name(path), limits, reading)
            return read_document(Path(str(job["result"])))
    except OSError as problem:
        raise machine_error(problem, f"the temporary folder {tempfile.gettempdir()}") or MachineError(
            f"no loader can be started ({problem}); set TMPDIR to a folder that can be written"
        ) from None
    except ValueError as problem:
        raise LoadError(f"{file_name(path)}: loader {name!r} left no document ({problem}); report it") from None


def _utf8_path(path: Path, folder: Path) -> Path:
    """The file's path; a link to it in `folder` where libraries could not open it for its name."""
    path = path.absolute()
    try:
        str(path).encode()
    except UnicodeEncodeError:
        link = folder / f"paper{path.suffix.encode('utf-8', 'replace').decode()}"
        link.symlink_to(path)
        return link
    return path


def _run(job: dict[str, object], folder: Path, name: str, limits: LoadLimits, reading: Reading) -> None:
    """Raises LoadError or MachineError where the child leaves no document."""
    paths = [str(Path(entry).absolute()) for entry in sys.path]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "TMPDIR": str(folder)}
    with (folder / "stderr").open("wb") as stderr:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "dsx.load.child"],  # -P: no module of the current folder is taken for dsx's
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            env={**environment, "PYTHONPATH": os.pathsep.join(paths)},
            start_new_session=True,
        )
        try:
            reading.process = process
            if reading.abandoned:
                raise LoadError(f"{name}: not wanted any more")
            told, _ = process.communicate(json.dumps(job).encode(), timeout=limits.seconds + START_SECONDS)
        except subprocess.TimeoutExpired:
            raise LoadError(f"{name}: not read after {limits.seconds:g} s; raise the limit (--load-seconds)") from None
        finally:
            _kill(process)
    lines = told.decode("utf-8", "replace").strip().splitlines()
    for line in lines:
        if line.startswith(NOTE):
            reading.warn(f"{name}: {line.removeprefix(NOTE)}")
    if process.returncode:
        error = (folder / "stderr").read_text("utf-8", "replace").strip().splitlines()[-1:] or ["no message"]
        raise _reason(process.returncode, lines[-1:] or error, name, limits)
    if not (folder / "document").is_file():
        raise LoadError(f"{name}: the loader ended the process; try another one with --loader")


def _reason(status: int, said: Sequence[str], name: str, limits: LoadLimits) -> LoadError | MachineError:
    """Why the child of this exit status left no document. said: its last line."""
    memory = memory_limit()
    if status == MACHINE:
        return MachineError(said[-1])
    if status == REFUSED:
        return LoadError(f"{name}: {said[-1]}")
    if -status in (signal.SIGXCPU, signal.SIGALRM):
        return LoadError(f"{name}: not read after {limits.seconds:g} s; raise the limit (--load-seconds)")
    if memory is not None and memory < limits.megabytes << 20:
        return MachineError(
            f"{name}: no loader runs in the {memory >> 20} MB that ulimit -v leaves ({said[-1]}); raise it, "
            f"for a loader may take {limits.megabytes} MB"
        )
    if "MemoryError" in said[-1] or "malloc" in said[-1]:
        return LoadError(f"{name}: needs more than {limits.megabytes} MB; raise the limit (--load-megabytes)")
    if status < 0:
        how = signal.Signals(-status).name
        return LoadError(f"{name}: the loader crashed ({how}); try another one with --loader")
    return LoadError(f"{name}: the loader failed ({said[-1]}); try another one with --loader")


def memory_limit() -> int | None:
    """Bytes of address space that this process may have (ulimit -v); None without a limit."""
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    return None if hard == resource.RLIM_INFINITY else hard


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

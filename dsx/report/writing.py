"""Where an export is written: beside its place and then renamed, and never over what is not an export."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from dsx.errors import ClosedPipe, DsxError, UsageError, machine_error
from dsx.store import is_run
from dsx.types import Exporter, ExportOptions, PaperResult, ParameterSet

PARTS_OF_RUN = ("run.json", "records", "failures", "claims", "reviews")


def export_to(
    path: Path,
    exporter: Exporter,
    results: Sequence[PaperResult],
    parameters: ParameterSet,
    options: ExportOptions,
    force: bool = False,
) -> None:
    """Writes an export. Where it fails, what stood at `path` stands there still.

    force: over a file that is no export. UsageError where `path` may not be written.
    """
    check_target(path, exporter, force)
    with replacing(path, exporter.binary) as out:
        exporter.write(results, parameters, out, options)


def check_target(path: Path, exporter: Exporter, force: bool = False) -> None:
    """UsageError as `check_place`, and for an existing file that is no export."""
    check_place(path)
    if not force and is_foreign(path, exporter.is_own):
        raise UsageError(f"{path} is there and no export of this format; choose another name, or give --force")


def check_file(path: Path, option: str, kind: str, is_own: Callable[[Path], bool]) -> None:
    """UsageError as `check_place`, and for an existing file that is not of the kind. kind: in words."""
    check_place(path, option)
    if is_foreign(path, is_own):
        raise UsageError(f"{path} is there and no {kind}; choose another with {option}")


def check_place(path: Path, option: str = "-o") -> None:
    """UsageError for a folder, a part of a run folder, and a missing folder. option: by which the file was named."""
    if path.is_dir():
        raise UsageError(f"{path} is a folder; name a file in it with {option}")
    if not path.absolute().parent.is_dir():
        raise UsageError(f"{path.parent} is no folder; make it, or choose another with {option}")
    run = next((folder for folder in list(path.resolve().parents)[:2] if is_run(folder)), None)
    if run is not None and _holds(path.resolve().relative_to(run).parts[0]):
        raise UsageError(f"{path} is a part of the run folder {run}; choose another with {option}")


@contextmanager
def replacing(path: Path, binary: bool) -> Iterator[IO[Any]]:
    """A file to write, which takes the place of `path` when the block ends well. A device or pipe is written itself."""
    if path.exists() and not path.is_file():
        with path.open("wb" if binary else "w", encoding=None if binary else "utf-8") as device:
            yield device
        return
    target = path.resolve()
    mode, encoding, newline = ("wb", None, None) if binary else ("w", "utf-8", "")
    handle, name = tempfile.mkstemp(prefix=f".{target.name[:40]}-", dir=target.parent)
    try:
        with open(handle, mode, encoding=encoding, newline=newline) as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
        os.chmod(name, target.stat().st_mode & 0o777 if target.exists() else 0o666 & ~_umask())
        os.replace(name, target)
    except BaseException:
        with suppress(OSError):
            os.unlink(name)
        raise


@contextmanager
def text_file(path: Path, option: str) -> Iterator[IO[str]]:
    """`replacing` for text. What keeps the file from being written is raised as `unwritten`."""
    try:
        with replacing(path, binary=False) as out:
            yield out
    except OSError as problem:
        raise unwritten(problem, path, option) from None


def unwritten(problem: OSError, path: Path, option: str = "-o") -> DsxError:
    """What kept the file from being written, said of `path`: MachineError, ClosedPipe, or another UsageError."""
    kind = ClosedPipe if isinstance(problem, BrokenPipeError) else UsageError
    refusal = kind(f"{path}: {problem.strerror or problem}; choose another with {option}")
    return machine_error(problem, path) or refusal


def is_foreign(path: Path, is_own: Callable[[Path], bool] | None) -> bool:
    """Whether a file with something in it is there, and not one of ours."""
    if not path.is_file() or not path.stat().st_size:
        return False
    try:
        return is_own is None or not is_own(path)
    except (OSError, ValueError):
        return True


def _holds(name: str) -> bool:
    """Whether a run folder keeps something of its own under this name."""
    return name in PARTS_OF_RUN or (name.startswith("log") and name.endswith(".jsonl"))


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask

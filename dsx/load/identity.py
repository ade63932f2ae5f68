"""What makes a file the same file: its content."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

from dsx.errors import PASSING, LoadError, machine_error
from dsx.terminal import REPLACEMENT, printable


def document_id(path: Path) -> str:
    """SHA-256 of the file's content, 64 hexadecimal digits.

    Raises LoadError where it cannot be read, MachineError where the disk fails.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # opening a pipe would wait for who writes into it
            raise LoadError(f"{path}: no file, but a pipe, folder or device; name a file")
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as problem:
        if problem.errno in PASSING and (trouble := machine_error(problem, path)):
            raise trouble from None
        raise LoadError(f"{path}: {problem.strerror or problem}; check that it is a file you may read") from problem


def reason_of(problem: Exception, path: Path) -> str:
    """Why a paper failed, on one line, without the name of its file, which messages begin with."""
    reason = str(problem)
    for name in (str(path), path.name, file_name(path)):
        reason = reason.removeprefix(f"{name}: ")
    return " ".join(reason.split())


def file_name(path: Path) -> str:
    """The file's name as text that can be shown: what is no UTF-8 in it (old archives), or a control, is replaced."""
    return printable(os.fsencode(path.name).decode("utf-8", "replace").replace("\n", REPLACEMENT))

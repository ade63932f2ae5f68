"""What makes a file the same file: its content."""

from __future__ import annotations

import hashlib
from pathlib import Path

from dsx.errors import LoadError


def document_id(path: Path) -> str:
    """SHA-256 of the file's content, 64 hexadecimal digits. Raises LoadError where it cannot be read."""
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as problem:
        raise LoadError(f"{path}: {problem.strerror or problem}; check that it is a file you may read") from problem

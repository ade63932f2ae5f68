"""Files that are there whole or not at all, whatever instant the process is killed at, on local disks and on NFS."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import time
import uuid
from pathlib import Path

TEMPORARY = ".tmp-"
"""How the names of temporary files begin; nothing ever reads them."""

WITHOUT_LINKS = (errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK)
"""What os.link raises on file systems that have none, such as exFAT and some of FUSE."""
STALE_SECONDS = 24 * 3600


def write(path: Path, content: bytes) -> None:
    """Puts `content` at `path`, in place of what is there. OSError: nothing has changed at `path`.

    Whole whatever happens; that it lasts through a power cut is sure after the folder's next `sync_folder`.
    """
    temporary = _temporary(path, content)
    try:
        os.replace(temporary, path)
    except BaseException:
        _remove(temporary)
        raise


def create(path: Path, content: bytes, lasting: bool = True) -> bool:
    """Puts `content` at `path` if nothing is there; False: another process was first. OSError: nothing was made.

    lasting: through a power cut.
    """
    temporary = _temporary(path, content, lasting)
    try:
        os.link(temporary, path)
    except FileExistsError:
        return False
    except OSError as problem:
        if problem.errno not in WITHOUT_LINKS:
            raise
        return _create_open(path, content)
    finally:
        _remove(temporary)
    if lasting:
        sync_folder(path.parent)
    return True


def _create_open(path: Path, content: bytes) -> bool:
    """`create` on a file system without hard links, where a kill may leave a part of the file."""
    try:
        with path.open("xb") as file:
            file.write(content)
    except FileExistsError:
        return False
    return True


def sync_folder(folder: Path) -> None:
    """Makes a rename in `folder` last through a power cut, where the file system lets folders be synced."""
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        return
    try:
        with contextlib.suppress(OSError):  # some network file systems refuse
            os.fsync(handle)
    finally:
        os.close(handle)


def sweep(folder: Path) -> None:
    """Removes the temporary files that killed processes left a day ago or earlier (younger ones may be in use)."""
    before = time.time() - STALE_SECONDS
    for path in folder.glob(f"{TEMPORARY}*"):
        with contextlib.suppress(OSError):
            if path.stat().st_mtime < before:
                path.unlink()


def _temporary(path: Path, content: bytes, synced: bool = True) -> Path:
    """A file beside `path`, of a name that no other process on any host takes."""
    temporary = path.parent / f"{TEMPORARY}{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:12]}"
    try:
        with temporary.open("xb") as file:
            file.write(content)
            file.flush()
            if synced:
                os.fsync(file.fileno())
    except BaseException:
        _remove(temporary)
        raise
    return temporary


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink()

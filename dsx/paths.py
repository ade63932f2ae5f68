"""The folders of this user that dsx writes into, beside run folders."""

from __future__ import annotations

import os
from pathlib import Path

from dsx.settings import read_settings


def cache_folder() -> Path:
    """DSX_CACHE, the cache of dsx.toml, or the user's cache folder.

    Without a home, a folder of the user's own below the temporary one.
    """
    import platformdirs

    if chosen := os.environ.get("DSX_CACHE"):
        return Path(chosen)
    if configured := read_settings().cache:
        return configured
    folder = Path(platformdirs.user_cache_dir("dsx"))
    if folder.is_absolute() and not str(folder).startswith("~"):
        return folder
    import tempfile

    return Path(tempfile.gettempdir()) / f"dsx-{os.getuid()}"


def other_cache() -> str:
    """How to have the cache in another folder, for a message: where its name comes from is where to change it."""
    settings = read_settings()
    if os.environ.get("DSX_CACHE") or settings.cache is None:
        return "set DSX_CACHE to a folder of your own"
    return f"let cache in {' or '.join(map(str, settings.files))} be a folder of your own"


def private_folder(folder: Path) -> Path:
    """`folder`, made where it is not there, for this user alone. OSError where it cannot be, or is another user's.

    What lies in a cache is believed, so nobody else may put something there.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    state = folder.stat()
    if state.st_uid != os.getuid():
        raise PermissionError(1, f"it belongs to user {state.st_uid}", str(folder))
    if state.st_mode & 0o022:
        folder.chmod(0o700)
    return folder


def document_cache() -> Path | None:
    """Where loaded documents are kept; None where DSX_NO_CACHE is set."""
    return None if os.environ.get("DSX_NO_CACHE") else cache_folder() / "documents"


def model_cache() -> Path:
    """Where models are kept that dsx itself fetches or converts."""
    return cache_folder() / "models"

"""The folders of this user that dsx writes into, beside run folders."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder() -> Path:
    """DSX_CACHE, or the user's cache folder."""
    import platformdirs

    return Path(os.environ.get("DSX_CACHE") or platformdirs.user_cache_dir("dsx"))


def document_cache() -> Path | None:
    """Where loaded documents are kept; None where DSX_NO_CACHE is set."""
    return None if os.environ.get("DSX_NO_CACHE") else cache_folder() / "documents"


def model_cache() -> Path:
    """Where models are kept that dsx itself fetches or converts."""
    return cache_folder() / "models"

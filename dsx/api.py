"""The public functions, as `import dsx` gives them."""

from __future__ import annotations

from pathlib import Path

from dsx.load import DocumentReader
from dsx.paths import document_cache
from dsx.plugins import load_plugins
from dsx.types import Document, LoadLimits


def load_document(path: Path | str, *, loader: str | None = None, limits: LoadLimits | None = None) -> Document:
    """What dsx reads in a file: text in reading order, with the page and box of each character.

    loader: the name of one (`dsx plugins list`); None: judged by the file's content. Raises LoadError.
    """
    plugins = load_plugins()
    reader = DocumentReader(plugins.find_loader, plugins.loaders, limits or LoadLimits(), document_cache())
    return reader.read(Path(path), loader)

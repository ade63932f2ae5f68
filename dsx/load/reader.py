"""One way to load a path, for runs, `dsx show` and notebooks alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from dsx.load.cache import DocumentCache
from dsx.load.isolate import Reading, load_in_subprocess
from dsx.types import Document, Loader, LoadLimits

DEFAULT_LIMITS = LoadLimits()


@dataclass(frozen=True, slots=True)
class DocumentReader:
    """Reads documents.

    loader_of: (name, loader) for a path; it judges nothing of the file's content, which only the subprocess reads.
    """

    loader_of: Callable[[Path], tuple[str, Loader]]
    loaders: Mapping[str, Loader]
    limits: LoadLimits = DEFAULT_LIMITS
    cache: DocumentCache | None = None

    def read(self, path: Path, loader: str | None = None, reading: Reading | None = None) -> Document:
        """The document of a file, by the loader of this name or the one that takes such files. Raises LoadError."""
        name, chosen = self.loader_of(path) if loader is None else (loader, self.loaders[loader])
        return load_in_subprocess(path, name, chosen, self.limits, self.cache, reading)

"""One way to load a path, for runs, `dsx show` and notebooks alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from dsx.errors import LoadError
from dsx.load.isolate import load_in_subprocess
from dsx.types import Document, Loader, LoadLimits

DEFAULT_LIMITS = LoadLimits()


@dataclass(frozen=True, slots=True)
class DocumentReader:
    """Reads documents. find_loader: path → name among `loaders`, or None. cache: see `load_in_subprocess`."""

    find_loader: Callable[[Path], str | None]
    loaders: Mapping[str, Loader]
    limits: LoadLimits = DEFAULT_LIMITS
    cache: Path | None = None

    def read(self, path: Path, loader: str | None = None) -> Document:
        """The document of a file, by the loader of this name or the one that takes such files. Raises LoadError."""
        name = loader or self.find_loader(path)
        if name is None:
            raise LoadError(f"{path.name}: no loader takes this kind of file; name one with --loader")
        return load_in_subprocess(path, name, self.loaders[name], self.limits, self.cache)

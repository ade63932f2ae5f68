"""Documents that were loaded once, for all runs of a user. A cache that cannot be used costs one warning and no run."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from pathlib import Path

from dsx.load.keep import read_document, write_document
from dsx.paths import document_cache, other_cache, private_folder
from dsx.types import Document

log = logging.getLogger("dsx.load")


@dataclass(slots=True)
class DocumentCache:
    """A folder that many processes may share; its files are named by what decides a document."""

    folder: Path
    _warned: set[str] = field(default_factory=set)

    def get(self, key: str, document_id: str) -> Document | None:
        """The document of this id; None where it is not there. An entry that is damaged or another's is removed."""
        path = self.folder / f"{key}.npz"
        try:
            private_folder(self.folder)
            document = read_document(path)
        except FileNotFoundError:
            return None
        except OSError as problem:
            self._warn("read", problem)
            return None
        except ValueError:
            document = None
        if document is None or document.id != document_id:
            try:
                path.unlink(missing_ok=True)
            except OSError as problem:
                self._warn("written", problem)
            return None
        return document

    def by_any_loader(self, document_id: str) -> Document | None:
        """The document of this id, whose file may be gone; None where it is not there."""
        keys = (path.stem for path in sorted(self.folder.glob(f"{document_id}-*.npz")))
        return next(filter(None, (self.get(key, document_id) for key in keys)), None)

    def put(self, key: str, document: Document) -> None:
        """Keeps a document."""
        try:
            private_folder(self.folder)
            write_document(document, self.folder / f"{key}.npz")
        except OSError as problem:
            self._warn("written", problem)

    def _warn(self, what: str, problem: OSError) -> None:
        if not self._warned:
            self._warned.add(what)
            reason = problem.strerror or problem
            text = "%s cannot be %s (%s): going on without the cache of documents; %s to have one"
            log.warning(text, self.folder, what, reason, other_cache())


def open_cache() -> DocumentCache | None:
    """This user's; None where DSX_NO_CACHE is set."""
    folder = document_cache()
    return DocumentCache(folder) if folder else None

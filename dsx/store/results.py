"""The results of a run as a sequence that reads a paper's file when it comes to it: memory holds one at a time."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import overload

from dsx.store.serial import from_json
from dsx.types import PaperResult

log = logging.getLogger("dsx.store")


def result_of(content: bytes, document: str) -> PaperResult:
    """The stored result of a document; ValueError where it is none, was changed, or is another's."""
    result = from_json(content)
    if result.document != document:
        raise ValueError("it is another paper's")
    return result


class StoredResults(Sequence[PaperResult]):
    """The results in a folder, by file name. change: what each becomes on its way, such as a reviewed one.

    Files that are damaged are named in the log and left out.
    """

    def __init__(self, folder: Path, change: Callable[[PaperResult], PaperResult] | None = None) -> None:
        named = []
        for path in folder.glob("*.json"):
            try:
                named.append((result_of(path.read_bytes(), path.stem).file, path.name, path))
            except (ValueError, OSError) as problem:
                log.warning("%s is damaged (%s) and left out; the run's command does its paper again", path, problem)
        self._paths = [path for _, _, path in sorted(named)]
        self._change = change

    def __len__(self) -> int:
        return len(self._paths)

    @overload
    def __getitem__(self, index: int) -> PaperResult: ...
    @overload
    def __getitem__(self, index: slice) -> list[PaperResult]: ...
    def __getitem__(self, index: int | slice) -> PaperResult | list[PaperResult]:
        paths = self._paths[index]
        return self._read(paths) if isinstance(paths, Path) else [self._read(path) for path in paths]

    def __iter__(self) -> Iterator[PaperResult]:
        return map(self._read, self._paths)

    def _read(self, path: Path) -> PaperResult:
        result = result_of(path.read_bytes(), path.stem)
        return result if self._change is None else self._change(result)

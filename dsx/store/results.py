"""The results of a run as a sequence that reads a paper's file when it comes to it: memory holds one at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import overload

from dsx.store.serial import from_json
from dsx.types import PaperResult

HEAD_BYTES = 2048
"""A stored result begins with the document's id and the file's name, which is all that sorting takes."""


class StoredResults(Sequence[PaperResult]):
    """The results in a folder, by file name. change: what each becomes on its way, such as a reviewed one."""

    def __init__(self, folder: Path, change: Callable[[PaperResult], PaperResult] | None = None) -> None:
        self._paths = sorted(folder.glob("*.json"), key=lambda path: (_file_name(path), path.name))
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
        result = from_json(path.read_bytes())
        return result if self._change is None else self._change(result)


def _file_name(path: Path) -> str:
    import pydantic_core

    with path.open("rb") as file:
        head = pydantic_core.from_json(file.read(HEAD_BYTES), allow_partial="trailing-strings")
    return str(head["file"])

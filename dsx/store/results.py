"""The results of a run as a sequence that reads a paper's file when it comes to it: memory holds one at a time."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import overload

from dsx.errors import RunError
from dsx.store.serial import head, with_schema
from dsx.types import PaperResult

log = logging.getLogger("dsx.store")
ANOTHERS = "it is another paper's"


def result_of(content: bytes, document: str) -> tuple[PaperResult, str]:
    """The stored result of a document, and its schema's SHA-256; ValueError where it is none, was changed, or is
    another's."""
    result, schema = with_schema(content)
    if result.document != document:
        raise ValueError(ANOTHERS)
    return result, schema


class StoredResults(Sequence[PaperResult]):
    """The results in a folder, by file name. change: what each becomes on its way, such as a reviewed one.

    files: document → file name, as stored. told_apart: of these, those that have a name to be told apart by.

    is_current: whether answers to a parameter set, by its schema's SHA-256, are among them. Files that are damaged are
    named in the log and left out. Reading one raises RunError where it has changed since, or is of another version.
    """

    def __init__(
        self,
        folder: Path,
        is_current: Callable[[str], bool],
        change: Callable[[PaperResult], PaperResult] | None = None,
        told_apart: Callable[[Mapping[str, str]], Mapping[str, str]] = lambda files: {},
    ) -> None:
        named = []
        for path in folder.glob("*.json"):
            try:
                document, file, schema = head(path.read_bytes())
                if document != path.stem:
                    raise ValueError(ANOTHERS)
                named += [(file, path.name, path)] if is_current(schema) else []
            except (ValueError, KeyError, OSError) as problem:
                log.warning("%s is damaged (%s) and left out; the run's command does its paper again", path, problem)
        self._paths = [path for _, _, path in sorted(named)]
        self._change = change
        self.files = {path.stem: file for file, _, path in named}
        self._told_apart = told_apart

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

    @cached_property
    def _names(self) -> Mapping[str, str]:
        return self._told_apart(self.files)

    def _read(self, path: Path) -> PaperResult:
        try:
            result, _ = result_of(path.read_bytes(), path.stem)
        except (ValueError, OSError) as problem:
            raise RunError(f"{path}: {problem}; it was changed a moment ago, or is of another version of dsx") from None
        result = replace(result, file=self._names.get(result.document, result.file))
        return result if self._change is None else self._change(result)

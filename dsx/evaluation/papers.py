"""Which paper is which: by its document, else by its file's name and the folders that tell two of a name apart."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from pathlib import PurePath
from typing import Protocol, TypeVar

from dsx.errors import UsageError


class Named(Protocol):
    """What is known of a paper. file: its file's name, with folders before it or without."""

    @property
    def file(self) -> str: ...
    @property
    def document(self) -> str | None: ...


Paper = TypeVar("Paper", bound=Named)


def stem(file: str) -> str:
    """A paper's file name without folders, case and suffix, by which gold and results find each other."""
    name = unicodedata.normalize("NFKC", PurePath(file).name).lower()
    return re.sub(r"(\.ocr)?(\.(pdf|md|txt|xml|nxml|html?))?$", "", name)


def finder(papers: Iterable[Paper]) -> Callable[[Named], Paper | None]:
    """Finds a paper among `papers`. It raises UsageError where its name may be that of several."""
    by_document: dict[str | None, Paper] = {}
    by_stem: dict[str, list[Paper]] = {}
    for paper in papers:
        by_document[paper.document] = paper
        by_stem.setdefault(stem(paper.file), []).append(paper)

    def find(wanted: Named) -> Paper | None:
        if wanted.document and wanted.document in by_document:
            return by_document[wanted.document]
        of_name = [each for each in by_stem.get(stem(wanted.file), ()) if _in_one_folder(each.file, wanted.file)]
        if len(of_name) > 1:
            raise UsageError(_several(wanted, of_name))
        return of_name[0] if of_name else None

    return find


def _several(wanted: Named, papers: list[Paper]) -> str:
    files, first = {each.file for each in papers}, papers[0]
    if len(files) < len(papers):
        way_out = f'its document, as in "document": "{first.document}"'
    else:
        way_out = f'the folder too, as in "pdf": "{first.file}"'
    return f"{wanted.file} may be {' or '.join(sorted(files))} ({len(papers)} papers); write {way_out}, into the gold"


def _in_one_folder(one: str, other: str) -> bool:
    """Whether the innermost folders of two files are the same, of which either may have none."""
    pairs = zip(reversed(_folders(one)), reversed(_folders(other)), strict=False)
    return all(first == second for first, second in pairs)


def _folders(file: str) -> tuple[str, ...]:
    return PurePath(unicodedata.normalize("NFKC", file).lower()).parts[:-1]

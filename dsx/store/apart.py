"""Papers of one file name are told apart by the folders that they were read from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import PurePath

from dsx.terminal import printable_line


def told_apart(files: Mapping[str, str], paths: Callable[[], Mapping[str, str]]) -> dict[str, str]:
    """What papers are called whose file's name is another's too: "a/paper.pdf", with as few folders as tell them apart.

    files: document → file name. paths: document → where it was read from, asked for only where names are the same.
    Papers whose place is not known, or that were read from one place (the file was changed), keep their name.
    """
    count = Counter(files.values())
    groups: dict[str, list[str]] = {}
    for document, file in files.items():
        if count[file] > 1:
            groups.setdefault(file, []).append(document)
    known = paths() if groups else {}
    names: dict[str, str] = {}
    for file, documents in groups.items():
        folders = {each: PurePath(known[each]).parent.parts[1:] for each in documents if each in known}
        if len(set(folders.values())) == 1 and len(folders) == len(documents):
            continue
        depth = _depth(set(folders.values()))
        for document, parts in folders.items():
            names[document] = "/".join((*map(printable_line, parts[-depth:]), file))
    return names


def _depth(folders: set[tuple[str, ...]]) -> int:
    """How many of the innermost folders tell all of them apart; 1 for a single one."""
    deepest = max(map(len, folders), default=0)
    enough = (depth for depth in range(1, deepest + 1) if len({each[-depth:] for each in folders}) == len(folders))
    return next(enough, 1)

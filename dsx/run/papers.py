"""Which files a process takes: folders become their PDFs, a shard its part of them."""

from __future__ import annotations

import logging
import os
import stat
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dsx.errors import LoadError, PaperError, UsageError, short
from dsx.load import document_id
from dsx.terminal import counted

log = logging.getLogger("dsx.run")

APPLE_DOUBLE = "._"
"""How files begin in which macOS keeps what other systems' disks cannot hold of a file of the same name."""

OF_PAPERS = (".pdf", ".html", ".htm", ".xml", ".nxml", ".tex")
"""Suffixes of what is no list of files."""
OTHER_KINDS = "name HTML, Markdown, text and JATS files themselves, and save other kinds (.docx) as PDF"
LONGEST_PATH = 4096


@dataclass(frozen=True, slots=True)
class Shard:
    """The papers whose content hash falls to `index` (0-based) of `of`; a paper falls to one shard whoever asks."""

    index: int = 0
    of: int = 1

    @classmethod
    def read(cls, text: str) -> Shard:
        """From "I/N". Raises UsageError."""
        index, slash, of = text.partition("/")
        digits = index.isascii() and index.isdecimal() and of.isascii() and of.isdecimal()
        if not (slash and digits and len(text) < 20 and 0 <= int(index) < int(of)):
            raise UsageError(f"--shard: {text!r} is not I/N with I from 0 to N-1, as in 0/4, 1/4, 2/4, 3/4")
        return cls(int(index), int(of))

    def takes(self, document: str) -> bool:
        """Whether the document of this id is this shard's."""
        return int(document[:16], 16) % self.of == self.index

    def choose(self, papers: Sequence[Path], document_id: Callable[[Path], str]) -> list[Path]:
        """This shard's papers, in order; one that cannot be read is shard 0's, to be reported once."""
        if self.of == 1:
            return list(papers)
        chosen = []
        for path in papers:
            try:
                takes = self.takes(document_id(path))
            except PaperError:
                takes = self.index == 0
            if takes:
                chosen.append(path)
        return chosen


WHOLE = Shard()


@dataclass(slots=True)
class Collection:
    """Files in order, and what was passed over: path → why; files of other kinds by suffix."""

    files: list[Path] = field(default_factory=list)
    skipped: dict[Path, str] = field(default_factory=dict)
    others: Counter[str] = field(default_factory=Counter)

    def lines(self) -> Iterator[str]:
        """What was passed over, for a person."""
        yield from (f"passed over: {path} ({why})" for path, why in self.skipped.items())
        if self.others:
            kinds = ", ".join(f"{count} {suffix or 'without suffix'}" for suffix, count in self.others.most_common(8))
            files = counted(self.others.total(), "file that is no PDF", "files that are no PDFs")
            yield f"passed over: {files} ({kinds}); {OTHER_KINDS}"


def as_paths(papers: object) -> list[Path]:
    """One path, or several. UsageError, by the name of the Python argument, for what is none."""
    one_or_several = [papers] if isinstance(papers, str | os.PathLike) or not isinstance(papers, Iterable) else papers
    paths = []
    for paper in one_or_several:
        if not isinstance(paper, str | os.PathLike):
            raise UsageError(f"papers: {short(paper)} is no file or folder; give a path, or a list of paths")
        paths.append(Path(paper))
    if not paths:
        raise UsageError("papers: the list is empty; give files, or folders of PDFs")
    return paths


def collect(paths: Sequence[Path], recursive: bool = True) -> list[Path]:
    """Folders become their PDFs, by name, those of their subfolders included; files stay.

    What is passed over is named in the log. UsageError for what is missing or a folder without PDFs.
    """
    collection = Collection()
    for path in paths:
        try:
            mode = path.stat().st_mode
        except OSError as problem:
            leads = "; it is a link that leads nowhere" if path.is_symlink() else ""
            raise UsageError(f"no such file or folder: {path} ({problem.strerror}){leads}") from None
        if stat.S_ISDIR(mode):
            before = len(collection.files)
            _search(path, recursive, collection)
            if len(collection.files) == before:
                for line in collection.lines():
                    log.info(line)
                raise UsageError(f"no PDFs in {path}, and a folder is searched for these alone; {OTHER_KINDS}")
        elif stat.S_ISREG(mode):
            if _lists_files(path):
                raise UsageError(
                    f"{path} lists files and is no paper; name the files: $(cat {path}) in the shell, "
                    f"or xargs -d '\\n' -a {path} dsx extract … where names have blanks"
                )
            collection.files.append(path)
        else:
            raise UsageError(f"{path} is no file, but a pipe or device")
    for line in collection.lines():
        log.info(line)
    return list(dict.fromkeys(collection.files))


def _lists_files(path: Path) -> bool:
    """Whether every line that is not blank is the path of a file that is there."""
    if path.suffix.lower() in OF_PAPERS:
        return False
    is_list = False
    try:
        with path.open("rb") as file:
            while line := file.readline(LONGEST_PATH):
                if name := os.fsdecode(line.strip()):
                    is_list = os.path.isfile(name)
                    if not is_list:
                        return False
    except OSError:  # said when it is loaded
        return False
    return is_list


def _search(folder: Path, recursive: bool, collection: Collection) -> None:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as problem:
        collection.skipped[folder] = problem.strerror or "it cannot be read"
        return
    subfolders = []
    for entry in entries:
        path = folder / entry.name
        try:
            if entry.is_dir(follow_symlinks=False):
                subfolders.append(path)
                continue
            is_file, is_folder = entry.is_file(), entry.is_dir()
        except OSError as problem:  # a link in a circle
            collection.skipped[path] = problem.strerror or "it cannot be read"
            continue
        if is_folder:
            collection.skipped[path] = "a link to a folder"
        elif path.suffix.lower() != ".pdf":
            collection.others[path.suffix.lower()] += 1
        elif not is_file:
            collection.skipped[path] = "a link that leads nowhere" if entry.is_symlink() else "a pipe or device"
        elif entry.name.startswith(APPLE_DOUBLE):
            collection.skipped[path] = "macOS's notes about another file"
        else:
            collection.files.append(path)
    for subfolder in subfolders:
        if not recursive:
            collection.skipped[subfolder] = "a subfolder, --no-recursive"
        elif subfolder.name.startswith("."):
            collection.skipped[subfolder] = "a hidden folder"
        else:
            _search(subfolder, recursive, collection)


def none_readable(papers: Sequence[Path]) -> UsageError:
    """The error where no paper can be read, with the reason of the first."""
    try:
        document_id(papers[0])
    except LoadError as problem:
        return UsageError(f"none of these papers can be read; the first: {problem}")
    return UsageError(f"{papers[0]} was changed a moment ago; run the same command again")


def readable_id(path: Path) -> str | None:
    """The document's id; None for a file that cannot be read. The run loop names that file."""
    try:
        return document_id(path)
    except LoadError:
        return None

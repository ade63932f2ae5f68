"""Which files a process takes: folders become their PDFs, a shard its part of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from dsx.errors import PaperError, UsageError


@dataclass(frozen=True, slots=True)
class Shard:
    """The papers whose content hash falls to `index` (0-based) of `of`; a paper falls to one shard whoever asks."""

    index: int = 0
    of: int = 1

    @classmethod
    def read(cls, text: str) -> Shard:
        """From "I/N". Raises UsageError."""
        index, slash, of = text.partition("/")
        if not (slash and index.isdecimal() and of.isdecimal() and 0 <= int(index) < int(of)):
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


def collect(paths: Sequence[Path]) -> list[Path]:
    """Folders become their PDFs, by name; files stay. UsageError for what is missing or a folder without PDFs."""
    files: list[Path] = []
    for path in paths:
        if path.is_dir():
            pdfs = sorted(file for file in path.iterdir() if file.suffix.lower() == ".pdf" and file.is_file())
            if not pdfs:
                raise UsageError(f"no PDFs in {path}; name files of other kinds themselves")
            files += pdfs
        elif path.is_file():
            files.append(path)
        else:
            raise UsageError(f"no such file or folder: {path}")
    return list(dict.fromkeys(files))

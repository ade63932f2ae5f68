"""A larger model's answers on texts that nobody annotated: their file, and which of them a smaller one learns from."""

from __future__ import annotations

import gzip
import itertools
import json
import random
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from dsx.plugin_api import Question, QuestionId, Shown, UsageError
from dsx_reader.examples import Example

SOURCE = "labelled:"
"""Before the source of a text."""
SURE = 0.5
"""A value is learnt from this probability on, that of being reported times its own."""
DOUBTFUL = 0.3
"""Null is learnt up to this probability that something is reported."""
NULLS = 0.5
"""Share of null among the answers of an epoch, at most."""
MADE_WITH = "made with"
"""The key of a file's first line: what decided its labels."""


@dataclass(frozen=True, slots=True)
class Label:
    """An answer, with all that was shown and asked. text: number of the text among those of its file.

    reported: 1 − p(null). value: probability of the value that was given.
    """

    text: int
    source: str
    system: str
    shown: str
    prompt: str
    answer: str
    reported: float
    value: float

    @property
    def is_null(self) -> bool:
        """Whether nothing is reported."""
        return self.answer == "null"

    @property
    def is_sure(self) -> bool:
        """Whether it is to be learnt from."""
        return self.reported <= DOUBTFUL if self.is_null else self.reported * self.value >= SURE


def read_labels(file: Path) -> Iterator[Label]:
    """All that are whole: the end of a file may be missing. Raises UsageError."""
    try:
        with gzip.open(file, "rt", encoding="utf-8") as lines:
            for line in lines:
                row = json.loads(line)
                if MADE_WITH not in row:
                    yield Label(**row)
    except (EOFError, zlib.error):
        return
    except (OSError, ValueError, TypeError) as problem:
        raise UsageError(f"{file} holds no labels as `dsx-reader label` writes them: {problem}") from None


@contextmanager
def going_on(file: Path, deciding: Mapping[str, Any]) -> Iterator[set[int]]:
    """The texts of a file, which is written anew without an end that is missing; no other process goes on in it.

    deciding: all that decides its labels, by what a person calls it. Raises UsageError where it was other for those of
    the file, or nothing can be written there.
    """
    making, lock = file.with_suffix(".making"), file.with_suffix(".lock")
    with ExitStack() as held:
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            _claim(held.enter_context(lock.open("ab")), file)
            held.callback(lock.unlink, missing_ok=True)
            _check_same(file, deciding)
            labels = list(read_labels(file)) if file.exists() else []
            making.write_bytes(_piece([{MADE_WITH: deciding}]) + written(labels))
            making.rename(file)
        except OSError as problem:
            raise UsageError(f"--out {file}: {problem.strerror}") from None
        yield {label.text for label in labels}


def _claim(opened: IO[bytes], file: Path) -> None:
    """Until it is closed, or the process ends: those that it has forked may outlive it, and hold nothing."""
    import fcntl

    try:
        fcntl.lockf(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        raise UsageError(f"another process writes to {file}; name another --out") from None


def _check_same(file: Path, deciding: Mapping[str, Any]) -> None:
    """UsageError where a file is not one of these labels; what has no label yet may become one."""
    if not file.exists() or (file.is_file() and not file.stat().st_size):
        return
    try:
        with gzip.open(file, "rt", encoding="utf-8") as lines:
            made_with = json.loads(lines.readline())[MADE_WITH]
            other = [name for name in deciding if made_with.get(name) != deciding[name]]
    except (OSError, EOFError, zlib.error, ValueError, TypeError, LookupError, AttributeError):
        raise UsageError(f"{file} does not say what `dsx-reader label` made it with; name another --out") from None
    if other and any(True for _ in read_labels(file)):
        raise UsageError(f"{file} holds labels of other {', other '.join(other)}; name another --out")


def written(labels: Iterable[Label]) -> bytes:
    """Some labels as a piece of a file: pieces that follow each other are one."""
    return _piece(map(asdict, labels))


def _piece(rows: Iterable[Mapping[str, Any]]) -> bytes:
    lines = (json.dumps(row, ensure_ascii=False, separators=(",", ":")) for row in rows)
    return gzip.compress("".join(f"{line}\n" for line in lines).encode(), 6)


def learnt(files: Sequence[Path]) -> list[list[Label]]:
    """Those that are sure, by text. Raises UsageError of a file without any labels."""
    texts = list[list[Label]]()
    for file in files:
        labels = read_labels(file)
        if (first := next(labels, None)) is None:
            raise UsageError(f"{file} holds no labels; leave it out, or let `dsx-reader label` go on with it")
        sure = sorted((each for each in itertools.chain([first], labels) if each.is_sure), key=lambda each: each.text)
        texts += [list(of_text) for _, of_text in itertools.groupby(sure, key=lambda each: each.text)]
    return texts


def drawn(texts: Sequence[Sequence[Label]], rng: random.Random) -> list[list[Label]]:
    """Without so many of the nulls that they are no more than their share; texts of which nothing is left are not."""
    nulls = [(at, number) for at, text in enumerate(texts) for number, label in enumerate(text) if label.is_null]
    values = sum(map(len, texts)) - len(nulls)
    kept = set(rng.sample(nulls, min(len(nulls), round(values * NULLS / (1 - NULLS)))))
    left = (
        [label for number, label in enumerate(text) if not label.is_null or (at, number) in kept]
        for at, text in enumerate(texts)
    )
    return [text for text in left if text]


def example_of(label: Label) -> Example:
    """The question as it was asked, with the answer."""
    shown = Shown(label.shown, (), whole=False)
    question = Question(QuestionId(""), label.system, shown, label.prompt, "parameters")
    return Example(question, label.answer, SOURCE + label.source)

"""A larger model's answers on texts that nobody annotated: their file, and which of them a smaller one learns from."""

from __future__ import annotations

import gzip
import itertools
import json
import random
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

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
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        try:
            for line in lines:
                yield Label(**json.loads(line))
        except (EOFError, zlib.error):
            return
        except (OSError, ValueError, TypeError) as problem:
            raise UsageError(f"{file} holds no labels as `dsx-reader label` writes them: {problem}") from None


def written(labels: Iterable[Label]) -> bytes:
    """Some labels as a piece of a file: pieces that follow each other are one."""
    lines = (json.dumps(asdict(label), ensure_ascii=False, separators=(",", ":")) for label in labels)
    return gzip.compress("".join(f"{line}\n" for line in lines).encode(), 6)


def learnt(files: Sequence[Path]) -> list[list[Label]]:
    """Those that are sure, by text."""
    return [
        list(of_text)
        for file in files
        for _, of_text in itertools.groupby(
            sorted((label for label in read_labels(file) if label.is_sure), key=lambda label: label.text),
            key=lambda label: label.text,
        )
    ]


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

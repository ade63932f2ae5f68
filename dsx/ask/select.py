"""Select: the whole paper where it fits (measured best), else the passages that a question is likely to need.

Reference lists are never shown: they name other people's methods.
"""

from __future__ import annotations

import itertools
import logging
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from dsx.text import sentences
from dsx.types import PASSAGE_BREAK, Document, Passage, Shown

HIDDEN_SECTIONS = ("references",)
LIKELY_SECTIONS = {"methods": 1.5, "participants": 1.5, "apparatus": 1.5, "procedure": 1.5, "experiment": 1.4}
"""Factors on a sentence's score by the kind of the section it stands in; all others count 1."""
NEIGHBOURS = 1
"""Sentences shown on each side of one that was chosen."""

_word = re.compile(r"[^\W_]+")


def readable(document: Document) -> list[Passage]:
    """The document without the sections that are never shown."""
    passages, at = [], 0
    for section in sorted(document.sections, key=lambda section: section.start):
        if section.kind in HIDDEN_SECTIONS and section.start >= at:
            passages.append(Passage(at, section.start))
            at = section.end
    passages.append(Passage(at, len(document.text)))
    return [trimmed for passage in passages if (trimmed := _trim(document.text, passage)).start < trimmed.end]


def show(document: Document, passages: list[Passage], whole: bool) -> Shown:
    """The passages as one text."""
    text = PASSAGE_BREAK.join(document.text[passage.start : passage.end] for passage in passages)
    return Shown(text, tuple(passages), whole)


@dataclass(slots=True)
class Selector:
    """Chooses what to show of one document.

    count: tokens of a text; whole_tokens: the paper goes in whole up to this many; passage_tokens: else this many a
    question.
    """

    document: Document
    count: Callable[[str], int]
    whole_tokens: int
    passage_tokens: int
    _whole: Shown | None = None
    _sentences: list[Passage] = field(default_factory=list)
    _ranker: Any = None

    def __post_init__(self) -> None:
        everything = show(self.document, readable(self.document), whole=True)
        if self.count(everything.text) <= self.whole_tokens:
            self._whole = everything
            return
        self._sentences = [
            Passage(*span)
            for passage in everything.passages
            for span in sentences(self.document.text, passage.start, passage.end)
        ]
        self._ranker = _ranker([_words(self.document.text[part.start : part.end]) for part in self._sentences])

    @property
    def whole(self) -> bool:
        """Whether every question sees the whole paper."""
        return self._whole is not None

    def select(self, query: str, first: bool = False) -> Shown:
        """What to show for a question whose words are `query`; first: begin with the paper's first lines."""
        if self._whole is not None:
            return self._whole
        chosen: set[int] = set()
        spent = 0
        for index in [*self._opening(first), *self._ranked(query)]:
            for near in range(max(0, index - NEIGHBOURS), min(len(self._sentences), index + NEIGHBOURS + 1)):
                if near in chosen:
                    continue
                cost = self.count(self._text(near))
                if spent + cost > self.passage_tokens:
                    return self._shown(chosen)
                chosen.add(near)
                spent += cost
        return self._shown(chosen)

    def _opening(self, first: bool) -> Iterator[int]:
        spent = 0
        for index in range(len(self._sentences)) if first else ():
            spent += self.count(self._text(index))
            if spent > self.passage_tokens * 2 // 3:
                return
            yield index

    def _ranked(self, query: str) -> list[int]:
        """Indices of sentences, best first, by BM25 and the section they stand in."""
        known = [word for word in _words(query) if word in self._ranker.vocab_dict]
        scores = self._ranker.get_scores(known) if known else [0.0] * len(self._sentences)
        weighted = [score * self._likely(at) for score, at in zip(scores, self._sentences, strict=True)]
        return sorted(range(len(weighted)), key=lambda index: (-weighted[index], index))

    def _likely(self, sentence: Passage) -> float:
        kinds = [s.kind for s in self.document.sections if s.start <= sentence.start < s.end]
        return max((LIKELY_SECTIONS.get(kind, 1.0) for kind in kinds), default=1.0)

    def _text(self, index: int) -> str:
        return self.document.text[self._sentences[index].start : self._sentences[index].end]

    def _shown(self, chosen: set[int]) -> Shown:
        passages: list[Passage] = []
        for index in sorted(chosen):
            sentence = self._sentences[index]
            if passages and self.document.text[passages[-1].end : sentence.start].strip(" ") == "":
                passages[-1] = Passage(passages[-1].start, sentence.end)
            else:
                passages.append(sentence)
        return show(self.document, passages, whole=False)


class SentenceIndex:
    """The sentences of what may be shown, ranked for a query by BM25 and the section that they stand in."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self.spans = [
            span for passage in readable(document) for span in sentences(document.text, passage.start, passage.end)
        ]
        self._ranker = _ranker([_words(document.text[slice(*span)]) for span in self.spans]) if self.spans else None

    def best(self, query: str, shown: Shown, count: int) -> list[tuple[int, int]]:
        """The `count` sentences of what is shown that answer the query best, (start, end) in the document."""
        if self._ranker is None:
            return []
        known = [word for word in _words(query) if word in self._ranker.vocab_dict]
        scores = self._ranker.get_scores(known) if known else [0.0] * len(self.spans)
        ranked = sorted(range(len(self.spans)), key=lambda at: (-scores[at] * self._likely(at), at))
        inside = (self.spans[at] for at in ranked if scores[at] > 0 and _is_shown(self.spans[at], shown))
        return list(itertools.islice(inside, count))

    def _likely(self, at: int) -> float:
        return likelihood_of_section(self._document, self.spans[at][0])


def likelihood_of_section(document: Document, offset: int) -> float:
    """The factor of the likeliest section in which a character stands."""
    kinds = [section.kind for section in document.sections if section.start <= offset < section.end]
    return max((LIKELY_SECTIONS.get(kind, 1.0) for kind in kinds), default=1.0)


def _is_shown(span: tuple[int, int], shown: Shown) -> bool:
    return any(passage.start <= span[0] and span[1] <= passage.end for passage in shown.passages)


def _ranker(sentences: list[list[str]]) -> Any:
    import bm25s

    logging.getLogger("bm25s").setLevel(logging.WARNING)
    ranker = bm25s.BM25()
    ranker.index(sentences, show_progress=False)
    return ranker


def _words(text: str) -> list[str]:
    return [_stem(word) for word in _word.findall(text.lower())]


def _stem(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def _trim(text: str, passage: Passage) -> Passage:
    start, end = passage.start, passage.end
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return Passage(start, end)

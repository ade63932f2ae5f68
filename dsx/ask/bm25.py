"""BM25 of pieces of a paper, by the stems of their words."""

from __future__ import annotations

import functools
import logging
import re
import sys
import unicodedata
from collections.abc import Sequence
from typing import Any

from dsx.text import UNSPACED

WORD = re.compile(rf"[^\W_{UNSPACED}]+|(?P<unspaced>[{UNSPACED}]+)")


class BM25:
    """An index of pieces, each given by its stems."""

    def __init__(self, pieces: Sequence[Sequence[str]]) -> None:
        self._count = len(pieces)
        self._index = _indexed(pieces) if any(pieces) else None

    def scores(self, texts: Sequence[tuple[str, float]]) -> list[float]:
        """Of each piece for a query of texts with weights; 0 for all where none of its words is known."""
        totals = [0.0] * self._count
        if self._index is None:
            return totals
        stopwords = _library().stopwords.STOPWORDS_EN
        weights: dict[str, float] = {}
        for text, weight in texts:
            for stem in stems(text):
                if stem in self._index.vocab_dict and stem not in stopwords:
                    weights[stem] = weights.get(stem, 0.0) + weight
        for stem, weight in weights.items():
            scores = self._index.get_scores([stem])
            totals = [total + weight * float(score) for total, score in zip(totals, scores, strict=True)]
        return totals


def stems(text: str) -> list[str]:
    """Stems of its words; of scripts that part no words, each two letters that follow each other."""
    terms: list[str] = []
    for match in WORD.finditer(unicodedata.normalize("NFC", text).lower()):
        word = match.group()
        terms += [word[at : at + 2] for at in range(max(1, len(word) - 1))] if match["unspaced"] else [_stem(word)]
    return terms


@functools.lru_cache(100_000)
def _stem(word: str) -> str:
    return str(_stemmer().stemWord(word))


@functools.cache
def _stemmer() -> Any:
    import snowballstemmer

    return snowballstemmer.stemmer("english")


def _indexed(pieces: Sequence[Sequence[str]]) -> Any:
    library = _library()
    logging.getLogger("bm25s").setLevel(logging.WARNING)
    index = library.BM25()
    index.index(pieces, show_progress=False)
    return index


def _library() -> Any:
    """bm25s without JAX: it imports that where it is installed, and JAX takes 75 % of a GPU's memory."""
    if "bm25s" not in sys.modules:
        names = ("jax", "jax.lax")
        before = {name: sys.modules[name] for name in names if name in sys.modules}
        sys.modules.update(dict.fromkeys(names))  # type: ignore[arg-type]  # None: such an import fails
        try:
            import bm25s
        finally:
            for name in names:
                del sys.modules[name]
            sys.modules.update(before)
    import bm25s

    return bm25s

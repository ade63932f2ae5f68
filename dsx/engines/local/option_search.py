"""The exact probability of every legal answer of a question, by a search over the token paths that spell them.

The log-likelihood of an option is the sum of its tokens' log-probabilities over the whole vocabulary, not under a mask:
where the model wants a number that does not stand in the paper, no number that begins like it is rewarded for that.
Paths are measured best first. What cannot come near the best option is left out.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

MARGIN = 6.0
"""An option whose log-likelihood is at most this much below the best one's is measured (a 400th of its probability)."""
MOST_PATHS = 24
"""Paths that are measured for one question."""


@dataclass(slots=True)
class _Node:
    """Token paths with one beginning. bound: its log-likelihood; a path through it is at most as likely."""

    children: dict[int, _Node] = field(default_factory=dict)
    option: int | None = None
    bound: float | None = None
    stops: float | None = None


class OptionSearch:
    """Scores the options of one question.

    options: the legal answers. encode: text → token ids, without control tokens.
    continuations: ids of tokens that would go on a number, so that 12 is not likely where 128 is meant.
    """

    def __init__(
        self,
        options: Sequence[str],
        encode: Callable[[str], Sequence[int]],
        continuations: frozenset[int] = frozenset(),
    ) -> None:
        self.options = tuple(options)
        self.paths = [tuple(encode(option)) for option in self.options]
        self._continuations = continuations
        self._numeric = [option[-1:].isdigit() for option in self.options]
        self._root = _Node()
        self._measured: set[tuple[int, ...]] = set()
        for number, path in enumerate(self.paths):
            node = self._root
            for token in path:
                node = node.children.setdefault(token, _Node())
            if node.option is None:
                node.option = number
        self._root.bound = 0.0

    def tokens_after(self, path: Sequence[int]) -> tuple[list[int], bool]:
        """The tokens whose log-probability after `path` is needed, and whether a number ends here."""
        node = self._at(path)
        ends = node.option is not None and self._numeric[node.option]
        return list(node.children), ends

    def observe(self, path: Sequence[int], log_probabilities: Mapping[int, float], continued: float) -> None:
        """What the model gave after `path`. continued: probability that a number goes on, children not counted."""
        node = self._at(path)
        assert node.bound is not None
        for token, child in node.children.items():
            child.bound = node.bound + log_probabilities[token]
        goes_on = continued + sum(math.exp(log_probabilities[token]) for token in node.children)
        node.stops = node.bound + math.log(max(1e-9, 1 - goes_on))
        self._measured.add(tuple(path))

    def next_path(self) -> tuple[int, ...] | None:
        """The token path to be measured next, whole; None where enough is known."""
        if () not in self._measured:
            return ()
        if len(self._measured) > MOST_PATHS * 8:
            return None
        best = max((score for score in self._complete().values()), default=-math.inf)
        bounds = ((self._open_bound(number), -number) for number in range(len(self.paths)))
        opened = [(bound, order) for bound, order in bounds if bound is not None]
        if not opened:
            return None
        bound, order = max(opened)
        return self.paths[-order] if bound > best - MARGIN else None

    def scores(self) -> dict[str, float]:
        """Log-likelihood by option; those that were not measured are left out."""
        return {self.options[number]: score for number, score in self._complete().items()}

    def _open_bound(self, number: int) -> float | None:
        """The highest log-likelihood that an option may still have; None where it is known."""
        node, bound = self._root, 0.0
        for token in self.paths[number]:
            node = node.children[token]
            if node.bound is None:
                return bound
            bound = node.bound
        return None if self._score(node) is not None else bound

    def _score(self, node: _Node) -> float | None:
        """Of the option that ends at `node`: a leaf that is no number needs nothing after it."""
        if node.bound is None or node.option is None:
            return None
        if not node.children and not self._numeric[node.option]:
            return node.bound
        return node.stops

    def _complete(self) -> dict[int, float]:
        complete = {}
        for number, path in enumerate(self.paths):
            score = self._score(self._at(path))
            if score is not None:
                complete[number] = score
        return complete

    def _at(self, path: Sequence[int]) -> _Node:
        node = self._root
        for token in path:
            node = node.children[token]
        return node

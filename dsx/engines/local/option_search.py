"""The exact probability of every legal answer of a question, by a search over the token paths that spell them.

At each token of a path the model's probabilities of the tokens that may follow are set in proportion to each other, as
under a grammar; so "right" is not unlikely only because the model would rather write "right-handed". Numbers are the
exception: among them the plain likelihood counts, for where the model wants 128, and only 12 stands in the paper, 12 is
not what it means. Paths are measured best first; numbers that cannot come near the best one are left out.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

MARGIN = 6.0
"""A number whose log-likelihood is at most this much below the best one's is measured (a 400th of its probability)."""
MAX_PATHS = 48
"""Paths that are measured for one question."""
NULL = "null"


@dataclass(slots=True)
class _Node:
    """Token paths with one beginning.

    option: the one that ends here. example: one that goes through here. likelihood: of the path, over the whole
    vocabulary. share: of the path, where only what may follow counts. stop: the same two where the option ends here.
    """

    children: dict[int, _Node] = field(default_factory=dict)
    option: int | None = None
    example: int = 0
    likelihood: float | None = None
    share: float = 0.0
    stop: tuple[float, float] | None = None


class OptionSearch:
    """Scores the options of one question.

    options: the legal answers. encode: text → token ids, without control tokens.
    continuations: ids of tokens that would go on a number.
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
        self._root = _Node(likelihood=0.0)
        self._num_paths = 0
        for number, path in enumerate(self.paths):
            node = self._root
            for token in path:
                node = node.children.setdefault(token, _Node(example=number))
            if node.option is None:
                node.option = number

    def tokens_after(self, path: Sequence[int]) -> tuple[list[int], bool]:
        """The tokens whose log-probability after `path` is needed, and whether a number ends here."""
        node = self._at(path)
        return list(node.children), node.option is not None and _is_number(self.options[node.option])

    def observe(self, path: Sequence[int], log_probabilities: Mapping[int, float], continued: float) -> None:
        """What the model gave after `path`. continued: probability that a number goes on, children not counted."""
        node = self._at(path)
        if node.likelihood is None or node.stop is not None:
            return
        following = sum(math.exp(log_probabilities[token]) for token in node.children)
        ends = max(1e-9, 1 - continued - following) if node.option is not None else 0.0
        legal = math.log(max(following + ends, 1e-300))
        for token, child in node.children.items():
            child.likelihood = node.likelihood + log_probabilities[token]
            child.share = node.share + log_probabilities[token] - legal
        if node.option is not None:
            node.stop = (node.likelihood + math.log(ends), node.share + math.log(ends) - legal)
        else:
            node.stop = (-math.inf, -math.inf)

    def next_path(self) -> tuple[int, ...] | None:
        """The token path to be measured next, whole; None where enough is known."""
        if self._root.stop is None:
            return ()
        self._num_paths += 1
        if self._num_paths > MAX_PATHS:
            return None
        best = max((likelihood for _, likelihood, _ in self._complete()), default=-math.inf)
        frontier = [(node.likelihood or 0.0, -node.example) for node in self._frontier(self._root)]
        chosen = max(frontier, default=None)
        if chosen is None:
            return None
        likelihood, example = chosen
        if _is_number(self.options[-example]) and likelihood < best - MARGIN:
            return None
        return self.paths[-example]

    def scores(self) -> dict[str, float]:
        """Log-probability by option; they add up to at most one. Those that were not measured are left out.

        What is not null shares what null leaves: numbers by their likelihoods, others by their shares.
        """
        complete = {self.options[number]: (likelihood, share) for number, likelihood, share in self._complete()}
        numbers = {option: likelihood for option, (likelihood, _) in complete.items() if _is_number(option)}
        total = _log_sum(numbers.values())
        null = complete[NULL][1] if NULL in complete else -math.inf
        reported = math.log(max(1e-12, 1 - math.exp(null)))
        return {
            option: reported + likelihood - total if option in numbers else share
            for option, (likelihood, share) in complete.items()
        }

    def _frontier(self, node: _Node) -> Iterator[_Node]:
        """The beginnings of paths that are known up to a token whose followers are not."""
        for child in node.children.values():
            if child.stop is not None:
                yield from self._frontier(child)
            elif not self._is_complete(child):
                yield child

    def _is_complete(self, node: _Node) -> bool:
        """Whether the option that ends here needs no measurement: nothing legal follows, and it is no number."""
        return node.option is not None and not node.children and not _is_number(self.options[node.option])

    def _complete(self) -> Iterator[tuple[int, float, float]]:
        """(option, likelihood, share) of all that were measured."""
        nodes = [self._root]
        while nodes:
            node = nodes.pop()
            if node.option is not None and node.likelihood is not None:
                if self._is_complete(node):
                    yield node.option, node.likelihood, node.share
                elif node.stop is not None:
                    yield node.option, *node.stop
            if node.stop is not None:
                nodes.extend(node.children.values())

    def _at(self, path: Sequence[int]) -> _Node:
        node = self._root
        for token in path:
            node = node.children[token]
        return node


def _is_number(option: str) -> bool:
    return option[:1].isdigit() or (option[:1] in ("-", "−") and option[1:2].isdigit())


def _log_sum(values: Iterable[float]) -> float:
    """The logarithm of the sum of exponentials; 0 for no values."""
    numbers = list(values)
    highest = max(numbers, default=-math.inf)
    if highest == -math.inf:
        return 0.0
    return highest + math.log(sum(math.exp(value - highest) for value in numbers))

"""A question whose answer is one of some options: a sequence that measures them, and how logits are read for it."""

from __future__ import annotations

import math
from collections import abc
from dataclasses import dataclass, field

import torch

from dsx.engines.local.attention.kv_cache import SlotRange
from dsx.engines.local.option_search import OptionSearch
from dsx.engines.local.sequence import Sequence


@dataclass(slots=True, eq=False)
class OptionSequence(Sequence):
    """Reads the question, then one token path after the other from the answer's start, over the last one's slots.

    new_search: a search that knows nothing yet. path: the one that is pending, or was read last.
    """

    new_search: abc.Callable[[], OptionSearch] = field(kw_only=True)
    search: OptionSearch = field(init=False)
    path: tuple[int, ...] = ()
    num_scored_tokens: int = 0

    @property
    def num_logits(self) -> int:
        return max(1, len(self.path))

    def measured_lengths(self) -> range:
        """The lengths of the beginnings of `path` after which the logits come: the whole question's first."""
        return range(1, len(self.path) + 1) if self.path else range(1)

    def start(self, slots: SlotRange) -> None:
        """Reads the question anew, with keys and values in `slots`."""
        self.slots, self.num_computed_tokens, self.path = slots, 0, ()
        self.search = self.new_search()
        self.pending_tokens = list(self.suffix_tokens)

    def advance(self) -> None:
        """Goes on with the next path, or is finished."""
        path = self.search.next_path()
        if path is None:
            self.finished = True
            return
        self.path, self.num_computed_tokens = path, len(self.suffix_tokens)
        self.pending_tokens = list(path)
        self.num_scored_tokens += len(path)


def score(sequences: abc.Sequence[OptionSequence], logits: torch.Tensor, continuations: torch.Tensor) -> None:
    """Each sequence's search takes what the model gave after its path, and goes on.

    logits: float32, the rows of all sequences one after the other, [sum of num_logits, vocabulary].
    continuations: ids of the tokens that go on a number, int64 [C].
    """
    log_probabilities = logits.log_softmax(-1)
    are_numbers = (~logits.isnan().any(-1)).tolist()
    continued = log_probabilities[:, continuations.to(logits.device)].exp().sum(-1).tolist()
    going_on = frozenset(continuations.tolist())
    steps = [(seq, seq.path[:length]) for seq in sequences for length in seq.measured_lengths()]
    children = [seq.search.tokens_after(path)[0] for seq, path in steps]
    rows = [row for row, tokens in enumerate(children) for _ in tokens]
    values = iter(log_probabilities[rows, [token for tokens in children for token in tokens]].tolist() if rows else ())
    for row, (seq, path) in enumerate(steps):
        after = {token: next(values) for token in children[row]}
        if not are_numbers[row]:
            seq.error = "the model's output is not a number"
            continue
        _, number_ends = seq.search.tokens_after(path)
        known = sum(math.exp(after[token]) for token in after if token in going_on)
        seq.search.observe(path, after, max(0.0, continued[row] - known) if number_ends else 0.0)
    for seq in sequences:
        if seq.error is None:
            seq.advance()

"""One answer in the making: its tokens, its grammar's matcher, and what was measured on the way."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field

import llguidance
import torch

from dsx.engines.local.attention.kv_cache import Prefix, Span

Target = Callable[[Sequence[int], Mapping[int, float]], int | None]
"""See `Row`."""


@dataclass(slots=True)
class Sampled:
    """A token that was chosen. at: its index in `Row.out`; both probabilities are under the grammar's mask."""

    at: int
    log_probability: float
    null: float


@dataclass(slots=True, eq=False)
class Row:
    """One answer in the making.

    cap: most tokens of the answer; one that needs more is truncated.
    generator: draws the tokens where it is given; otherwise the likeliest is taken.
    target: says the next token where it is given, from the tokens so far and the log-probability of each legal one;
        None ends the answer.
    reused: tokens of the prefix that were in the cache.
    span: the pool's places for the keys of its question and answer; seen: how many of them are written; places: how
        many it needs, where that is known. alone: memory ran out with this row and no other.
    ms_model, ms_grammar: its share of passes and masks; its prefix's prefill (ms_prefill too) and the making of its
        grammar included.
    out: the answer's tokens; pending: those that the model has not seen yet.
    """

    key: Hashable
    prefix_tokens: Sequence[int]
    suffix: Sequence[int]
    grammar: llguidance.LLMatcher
    cap: int
    seed: int | None = None
    target: Target | None = None
    prefix: Prefix | None = None
    reused: int | None = None
    matcher: llguidance.LLMatcher | None = None
    generator: torch.Generator | None = None
    span: Span | None = None
    places: int = 0
    alone: bool = False
    seen: int = 0
    pending: list[int] = field(default_factory=list)
    out: list[int] = field(default_factory=list)
    sampled: list[Sampled] = field(default_factory=list)
    passes: float = 0.0
    ms_model: float = 0.0
    ms_grammar: float = 0.0
    ms_prefill: float = 0.0
    truncated: bool = False
    done: bool = False
    error: str | None = None

    @property
    def first(self) -> int:
        """The pool's place of its first token."""
        assert self.span is not None
        return self.span.start

    def hold(self, prefix: Prefix | None) -> None:
        """Attends to this prefix, which is not forgotten as long; None: to none any more."""
        if prefix is not None:
            prefix.users += 1
        if self.prefix is not None:
            self.prefix.users -= 1
        self.prefix = prefix

    def begin(self, span: Span) -> None:
        """From the start, its keys in `span`."""
        self.span, self.seen, self.out, self.sampled = span, 0, [], []
        self.matcher = self.grammar.deep_copy()
        self.generator = None if self.seed is None else torch.Generator().manual_seed(self.seed)
        self.pending = list(self.suffix)
        self._extend(self.matcher.compute_ff_tokens())

    def take(self, token: int) -> None:
        """The chosen token and all that it forces; marks the row done where the grammar ends or refuses."""
        matcher = self.matcher
        assert matcher is not None
        if not matcher.consume_token(token):
            self.error = f"the grammar refused a token: {matcher.get_error() or token}"
            return
        self.out.append(token)
        self.pending.append(token)
        if not matcher.is_stopped():
            self._extend(matcher.compute_ff_tokens())
        self.done = not self.failed() and matcher.is_stopped()

    def _extend(self, forced: list[int]) -> None:
        assert self.matcher is not None
        self.matcher.consume_tokens(forced)
        if self.failed():
            return
        self.out += forced
        self.pending += forced
        self.done = self.matcher.is_stopped()

    def failed(self) -> bool:
        """Whether the grammar's matcher has given up; then `error` says why. It would pass for one that has ended."""
        if self.error is None and self.matcher is not None and self.matcher.is_error():
            self.error = "grammar: " + " ".join(self.matcher.get_error().split())
        return self.error is not None

"""One answer that is being generated: its tokens, its grammar's matcher, and what was measured on the way."""

from __future__ import annotations

from collections import abc
from dataclasses import dataclass, field

import llguidance
import torch

from dsx.engines.local.attention.kv_cache import CachedPrefix, SlotRange

TokenPolicy = abc.Callable[[abc.Sequence[int], abc.Mapping[int, float]], int | None]
"""(the output tokens, the log-probability of each legal next token) → the next token. None ends the answer."""


TokenCorrection = abc.Callable[[abc.Sequence[int]], abc.Mapping[int, float]]
"""The output tokens → what is added to the logits of some next tokens."""


@dataclass(slots=True)
class SampledToken:
    """A token that the model chose. index: in `Sequence.output_tokens`. Both probabilities are under the grammar."""

    index: int
    log_probability: float
    p_null: float


@dataclass(slots=True, eq=False)
class Sequence:
    """One answer that is being generated. The likeliest tokens are taken unless a seed or a policy is given.

    suffix_tokens: the question, which comes after the prefix. grammar: a matcher at the answer's start.
    max_tokens: of the answer. One that needs more is truncated.
    seed: tokens are drawn with it. policy: it chooses the tokens. correction: of the logits.
    num_cached_tokens: tokens of the prefix that were in the prefix cache.
    num_prefilled_tokens: tokens of the prefix that a GPU may still be reading. 0 after the next pass.
    slots: for the keys and values of question and answer. num_computed_tokens: how many of them are written.
    num_reserved_slots: how many are needed, where that is known. failed_alone: memory ran out in its last pass, alone.
    ms_model, ms_grammar: its share of forward passes and masks, with the prefill of its prefix (ms_prefill too) and the
        compiling of its grammar.
    pending_tokens: those that the model has not read yet.
    """

    key: abc.Hashable
    prefix_tokens: abc.Sequence[int]
    suffix_tokens: abc.Sequence[int]
    grammar: llguidance.LLMatcher
    max_tokens: int
    seed: int | None = None
    policy: TokenPolicy | None = None
    correction: TokenCorrection | None = None
    prefix: CachedPrefix | None = None
    num_cached_tokens: int | None = None
    num_prefilled_tokens: int = 0
    matcher: llguidance.LLMatcher | None = None
    generator: torch.Generator | None = None
    slots: SlotRange | None = None
    num_reserved_slots: int = 0
    failed_alone: bool = False
    num_computed_tokens: int = 0
    pending_tokens: list[int] = field(default_factory=list)
    output_tokens: list[int] = field(default_factory=list)
    sampled: list[SampledToken] = field(default_factory=list)
    forward_passes: float = 0.0
    ms_model: float = 0.0
    ms_grammar: float = 0.0
    ms_prefill: float = 0.0
    truncated: bool = False
    finished: bool = False
    error: str | None = None

    @property
    def num_forced_tokens(self) -> int:
        """Output tokens that the grammar left no choice about."""
        return len(self.output_tokens) - len(self.sampled)

    def correction_after(self, tokens: abc.Sequence[int]) -> TokenCorrection | None:
        """That of a sequence whose question ends with the first tokens of this one's answer."""
        correction = self.correction
        return None if correction is None else lambda output_tokens: correction([*tokens, *output_tokens])

    def attach(self, prefix: CachedPrefix | None) -> None:
        """Attends to this prefix, which is not evicted meanwhile. None: to none any more."""
        if prefix is not None:
            prefix.ref_count += 1
        if self.prefix is not None:
            self.prefix.ref_count -= 1
        self.prefix = prefix

    def start(self, slots: SlotRange) -> None:
        """Generates, with keys and values in `slots`; one that was preempted goes on after its output tokens."""
        self.slots, self.num_computed_tokens = slots, 0
        self.pending_tokens = [*self.suffix_tokens, *self.output_tokens]
        if self.seed is not None:
            self.generator = torch.Generator().manual_seed(self.seed)
            for _ in self.sampled:  # memory may have run out after one more number was drawn
                draw(self.generator)
        if self.matcher is None:
            self.matcher = self.grammar.deep_copy()
            self._append_forced(self.matcher)

    def append_token(self, token: int) -> None:
        """The chosen token and all that it forces. The sequence is finished where the grammar ends or refuses."""
        matcher = self.matcher
        assert matcher is not None
        if not matcher.consume_token(token):
            self.error = f"the grammar refused a token: {matcher.get_error() or token}"
            return
        self.output_tokens.append(token)
        self.pending_tokens.append(token)
        if not matcher.is_stopped():
            self._append_forced(matcher)
        self.finished = not self.has_failed() and matcher.is_stopped()

    def _append_forced(self, matcher: llguidance.LLMatcher) -> None:
        forced = matcher.compute_ff_tokens()
        matcher.consume_tokens(forced)
        if self.has_failed():
            return
        self.output_tokens += forced
        self.pending_tokens += forced
        self.finished = matcher.is_stopped()

    def has_failed(self) -> bool:
        """Whether there is an `error`. A matcher that has given up is one: it would pass for one that has ended."""
        if self.error is None and self.matcher is not None and self.matcher.is_error():
            self.error = "grammar: " + " ".join(self.matcher.get_error().split())
        return self.error is not None


def draw(generator: torch.Generator) -> float:
    """A number of 0…1 for one sampled token. It is drawn on the CPU, so that a seed draws alike everywhere."""
    return float(torch.rand((), dtype=torch.float64, generator=generator))

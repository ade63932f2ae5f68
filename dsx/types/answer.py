"""Decode and recover: what the model wrote, and what it answered with that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from dsx.types.document import Json
from dsx.types.question import QuestionId


@dataclass(frozen=True, slots=True)
class Confidence:
    """How sure the model was, from its logits under the grammar; each in 0…1.

    reported: 1 − p(null), where null and a value were both legal.
    value: probability of the chosen value's tokens, null set aside.
    alternatives: (value, probability) of the whole set of choices, where it was asked for.
    agreement: share of the drawn answers that say the same value, where some were drawn.
    """

    reported: float
    value: float
    alternatives: tuple[tuple[Json, float], ...] = ()
    agreement: float | None = None

    def of_null(self) -> Confidence:
        """Where the chosen value means null: its probability is null's too."""
        return replace(self, reported=self.reported * (1 - self.value), value=1.0)


@dataclass(frozen=True, slots=True)
class Usage:
    """What a question cost. A batch's forward pass is shared out over its rows, so passes are fractions.

    ms_model: the prefill that this question was the first to need, ms_prefill, included.
    """

    tokens_prompt: int = 0
    tokens_reused: int = 0
    tokens_sampled: int = 0
    tokens_forced: int = 0
    forward_passes: float = 0.0
    ms_model: float = 0.0
    ms_grammar: float = 0.0
    ms_prefill: float = 0.0


@dataclass(frozen=True, slots=True)
class Completion:
    """What an engine wrote in answer to a question.

    constrained: a grammar held every token, so the text needs no recovery.
    truncated: the cap came first; the text is then the grammar's shortest answer and says nothing.
    error: why there is no text.
    """

    question_id: QuestionId
    text: str
    constrained: bool
    truncated: bool = False
    confidence: Mapping[str, Confidence] = field(default_factory=dict)
    usage: Usage = Usage()
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """One parameter's answer, parsed and valid: `value` is None (not reported) or fits the parameter's schema.

    repairs: names of the repairs that fired on the text, in order.
    error: why there is no answer; then `value` is None and says nothing.
    """

    parameter: str
    value: Json
    unit: str | None = None
    quote: str | None = None
    confidence: Confidence | None = None
    repairs: tuple[str, ...] = ()
    truncated: bool = False
    error: str | None = None

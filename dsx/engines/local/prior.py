"""What a model chooses without a text, and its choices without that: contextual calibration, token by token.

A small model has favourites among a parameter's choices, whatever the paper says. p(choice | text) is divided by
p(choice | no text) to the power of a weight (Zhao et al. 2021, arXiv:2102.09690; Holtzman et al. 2021,
arXiv:2104.08315). Each token that decides between choices is weighed so where the answer comes to it.
"""

from __future__ import annotations

import logging
from collections import abc
from dataclasses import dataclass, replace

from dsx.engines.local.choice_scores import choices, spellings
from dsx.engines.local.sequence import Sequence, TokenCorrection
from dsx.types import Places, Question, Shown

log = logging.getLogger("dsx.engines.local")
NO_QUOTE = Places("chosen", ('"-"',))
"""Where there is no text, there is one thing to cite."""
OPENING, CLOSING = '{"value":', ',"quote":'
MAX_CHOICES = 100
"""A parameter with more is asked as it is: each of its choices would take a sequence."""


@dataclass(frozen=True, slots=True)
class Prior:
    """steps: answer's tokens so far → log-probability, without a text, of each token that goes on to a choice.

    weight: 0…1. Other spellings of a choice are not weighed: both of their probabilities are next to nothing, and the
    quotient of two such is noise.
    """

    steps: abc.Mapping[tuple[int, ...], abc.Mapping[int, float]]
    weight: float

    def correction(self, output_tokens: abc.Sequence[int]) -> dict[int, float]:
        """What is added to the logits of the next token."""
        known = self.steps.get(tuple(output_tokens), {})
        return {token: -self.weight * log_probability for token, log_probability in known.items()}


class Priors:
    """The priors of a run's questions, each measured once.

    known: by system prompt and prior prompt. weight: see `Prior`.
    sequence: of a question, or None where it cannot be asked. run: generates sequences. token_bytes: of a token.
    """

    def __init__(
        self,
        weight: float,
        sequence: abc.Callable[[Question], Sequence | None],
        run: abc.Callable[[abc.Sequence[Sequence]], abc.Iterable[Sequence]],
        token_bytes: abc.Callable[[int], bytes],
    ) -> None:
        self.weight, self.sequence, self.run, self.token_bytes = weight, sequence, run, token_bytes
        self.known: dict[tuple[str, str], Prior | None] = {}

    def correction(self, question: Question) -> TokenCorrection | None:
        """By the question's prior. None where it has none, or it cannot be measured.

        The sequences of one question are a batch of their own: the same question has the same prior in every run.
        """
        if not self.weight or question.prior_prompt is None:
            return None
        key = question.system, question.prior_prompt
        if key not in self.known:
            self.known[key] = self._measure(replace(question, prompt=question.prior_prompt))
        prior = self.known[key]
        return None if prior is None else prior.correction

    def _measure(self, question: Question) -> Prior | None:
        legal = choices(question.parameters[0])
        asked = self.sequence(replace(question, shown=Shown("", (), True), places=NO_QUOTE, record=None))
        if asked is None or not 1 < len(legal) <= MAX_CHOICES:
            return None
        prompt = [*asked.prefix_tokens, *asked.suffix_tokens]
        paths = [
            SpelledPath(f"{OPENING}{text}{CLOSING}".encode(), self.token_bytes)
            for choice in legal
            for text in sorted(spellings(choice))
        ]
        sequences = [
            Sequence(
                (asked.key, at), prompt[:-1], prompt[-1:], asked.grammar.deep_copy(), asked.max_tokens, policy=path
            )
            for at, path in enumerate(paths)
        ]
        failed = [seq.error for seq in self.run(sequences) if seq.error is not None]
        if failed:
            name = question.parameters[0].name
            log.warning("%s: the prior cannot be measured (%s); its choices are not weighed", name, failed[0])
            return None
        steps: dict[tuple[int, ...], dict[int, float]] = {}
        for path in paths:
            for tokens, (token, log_probability) in path.steps.items():
                steps.setdefault(tokens, {})[token] = log_probability
        return Prior(steps, self.weight)


class SpelledPath:
    """A policy: the likeliest token that goes on spelling a text. It ends where the text is spelled.

    steps: answer's tokens so far → the next one and its log-probability, after null or not was decided.
    """

    def __init__(self, text: bytes, token_bytes: abc.Callable[[int], bytes]) -> None:
        self.text, self.token_bytes = text, token_bytes
        self.steps: dict[tuple[int, ...], tuple[int, float]] = {}

    def __call__(self, output_tokens: abc.Sequence[int], legal: abc.Mapping[int, float]) -> int | None:
        """See `TokenPolicy`."""
        written = b"".join(map(self.token_bytes, output_tokens))
        if len(written) >= len(self.text):
            return None
        token = max((token for token in legal if self._spells(written, token)), key=legal.__getitem__, default=None)
        if written and token is not None:
            self.steps[tuple(output_tokens)] = token, legal[token]
        return token

    def _spells(self, written: bytes, token: int) -> bool:
        longer = written + self.token_bytes(token)
        return longer.startswith(self.text) or self.text.startswith(longer)

"""The choice of each row's next token under its grammar's mask, with the probabilities that confidence is made of."""

from __future__ import annotations

import time
from collections.abc import Sequence

import llguidance
import llguidance.numpy
import numpy
import torch

from dsx.engines.local.sequence import Row, Sampled


class Chooser:
    """Chooses for many rows at once: the likeliest legal token, one drawn, or the one that the row's target says.

    null_tokens: ids of the tokens that begin or are the word null.
    """

    def __init__(self, vocabulary: int, null_tokens: Sequence[int]) -> None:
        self.vocabulary = vocabulary
        self.null_tokens = torch.tensor(list(null_tokens), dtype=torch.long)
        self.executor = llguidance.LLExecutor()

    def __call__(self, rows: Sequence[Row], logits: torch.Tensor) -> float:
        """Each row takes its token. logits: [rows, at least the vocabulary]; a row of which some are no numbers fails.

        Returns the seconds that grammar and choice took; those in which a GPU was waited for are the model's. The masks
        are made while it works.
        """
        started = time.perf_counter()
        mask = llguidance.numpy.allocate_token_bitmask(len(rows), self.vocabulary)
        matchers = [(row.matcher, index) for index, row in enumerate(rows)]
        llguidance.numpy.fill_next_token_bitmask_par(self.executor, matchers, mask)
        filled = time.perf_counter()
        if logits.is_cuda:
            torch.cuda.synchronize(logits.device)
        waited = time.perf_counter() - filled
        found = self._choose(rows, logits[:, : self.vocabulary].float(), mask)
        for row, (token, chance, absent, sound) in zip(rows, found, strict=True):
            if row.failed():  # a mask that could not be made lets the end through, and nothing else
                continue
            if not sound:
                row.error = "the model's output is not a number"
                continue
            if row.done:  # its target wants no more
                continue
            row.sampled.append(Sampled(len(row.out), chance, absent))
            row.take(int(token))
        return time.perf_counter() - started - waited

    def _choose(self, rows: Sequence[Row], logits: torch.Tensor, mask: numpy.ndarray) -> list[list[float]]:
        """For each row its token, the token's log-probability, p(null), and whether all is sound."""
        if self.null_tokens.device != logits.device:
            self.null_tokens = self.null_tokens.to(logits.device)
        healthy = ~logits.isnan().any(-1)
        masked = logits.masked_fill(~self._legal(mask, logits.device), float("-inf"))
        total = masked.logsumexp(-1)
        drawn = masked.argmax(-1)
        for index, row in enumerate(rows):
            if row.generator is not None and healthy[index]:
                chances = masked[index].softmax(-1).cpu()
                drawn[index] = torch.multinomial(chances, 1, generator=row.generator).item()
            elif row.target is not None and healthy[index]:
                token = self._led(row, masked[index] - total[index])
                row.done = token is None
                drawn[index] = drawn[index] if token is None else token
        chance = masked.gather(1, drawn[:, None])[:, 0] - total
        null = (masked[:, self.null_tokens].logsumexp(-1) - total).exp()
        found = torch.stack([part.double() for part in (drawn, chance, null, healthy & total.isfinite())], 1)
        chosen: list[list[float]] = found.tolist()
        return chosen

    def _legal(self, mask: numpy.ndarray, device: torch.device) -> torch.Tensor:
        """A bit mask, int32 [rows, words of 32 tokens], as booleans there, [rows, vocabulary]."""
        if device.type == "cpu":
            bits = numpy.unpackbits(mask.view(numpy.uint8), axis=1, bitorder="little")
            return torch.from_numpy(bits[:, : self.vocabulary]).bool()
        words = torch.from_numpy(mask).to(device)[..., None]
        legal = (words >> torch.arange(32, dtype=torch.int32, device=device)) & 1
        return legal.flatten(1)[:, : self.vocabulary].bool()

    def _led(self, row: Row, chances: torch.Tensor) -> int | None:
        """What the row's target says to a row of log-probabilities of all tokens, −∞ for those that are not legal."""
        assert row.target is not None
        legal = chances.isfinite().nonzero()[:, 0]
        return row.target(row.out, dict(zip(legal.tolist(), chances[legal].tolist(), strict=True)))

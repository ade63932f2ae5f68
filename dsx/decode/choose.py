"""The choice of each row's next token under its grammar's mask, with the probabilities that confidence is made of."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import llguidance
import llguidance.numpy
import numpy
import torch

from dsx.decode.row import Row, Sampled


class Chooser:
    """Chooses for many rows at once: the likeliest legal token, one drawn, or the way to the row's target.

    null_tokens: ids of the tokens that begin or are the word null.
    spell: the bytes of a token; needed for rows that have a target.
    """

    def __init__(self, vocabulary: int, null_tokens: Sequence[int], spell: Callable[[int], bytes]) -> None:
        self.vocabulary, self.spell = vocabulary, spell
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
            row.sampled.append(Sampled(len(row.out), chance, absent))
            row.take(int(token))
            if row.target is not None and len(self._spelled(row)) >= len(row.target):
                row.done = True
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
            elif row.target is not None:
                drawn[index] = self._led(row, masked[index])
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

    def _led(self, row: Row, masked: torch.Tensor) -> int:
        """The likeliest legal token that goes on toward the row's target; the likeliest of all where none does."""
        assert row.target is not None
        rest = row.target[len(self._spelled(row)) :]
        fitting = [
            token
            for token in masked.isfinite().nonzero()[:, 0].tolist()
            if (spelled := self.spell(token)) and (rest.startswith(spelled) or spelled.startswith(rest))
        ]
        return max(fitting, key=lambda token: float(masked[token]), default=int(masked.argmax()))

    def _spelled(self, row: Row) -> bytes:
        return b"".join(map(self.spell, row.out))

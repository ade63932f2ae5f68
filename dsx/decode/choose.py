"""The choice of each row's next token under its grammar's mask, with the probabilities that confidence is made of."""

from __future__ import annotations

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

    def __call__(self, rows: Sequence[Row], logits: torch.Tensor) -> None:
        """Each row takes its token. logits: [rows, vocabulary], float32; a row of which some are not numbers fails."""
        mask = llguidance.numpy.allocate_token_bitmask(len(rows), self.vocabulary)
        matchers = [(row.matcher, index) for index, row in enumerate(rows)]
        llguidance.numpy.fill_next_token_bitmask_par(self.executor, matchers, mask)
        bits = numpy.unpackbits(mask.view(numpy.uint8), axis=1, bitorder="little")
        legal = torch.from_numpy(bits[:, : self.vocabulary]).to(logits.device).bool()
        healthy = ~logits.isnan().any(-1)
        masked = logits.masked_fill(~legal, float("-inf"))
        total = masked.logsumexp(-1)
        drawn = masked.argmax(-1)
        for index, row in enumerate(rows):
            if row.generator is not None and healthy[index]:
                chances = masked[index].softmax(-1).cpu()
                drawn[index] = torch.multinomial(chances, 1, generator=row.generator).item()
            elif row.target is not None:
                drawn[index] = self._led(row, masked[index])
        log_probability = (masked.gather(1, drawn[:, None])[:, 0] - total).tolist()
        null = (masked[:, self.null_tokens.to(masked.device)].logsumexp(-1) - total).exp().tolist()
        sound = (healthy & total.isfinite()).tolist()
        for row, token, chance, absent, good in zip(rows, drawn.tolist(), log_probability, null, sound, strict=True):
            if not good:
                row.error = "the model's output is not a number"
                continue
            row.sampled.append(Sampled(len(row.out), chance, absent))
            row.take(token)
            if row.target is not None and len(self._spelled(row)) >= len(row.target):
                row.done = True

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

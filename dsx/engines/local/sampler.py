"""The next token of each sequence under its grammar's mask, with the probabilities that confidence is made of."""

from __future__ import annotations

import time
from collections import abc

import llguidance
import llguidance.numpy
import numpy
import torch

from dsx.engines.local.sequence import SampledToken, Sequence, TokenPolicy


class Sampler:
    """Samples for many sequences at once: the likeliest legal token, one drawn, or the one that a policy chooses.

    Of equally likely tokens the one with the lowest id is taken.

    null_tokens: ids of the tokens that begin or are the word null.
    """

    def __init__(self, vocabulary: int, null_tokens: abc.Sequence[int]) -> None:
        self.vocabulary = vocabulary
        self.null_tokens = torch.tensor(list(null_tokens), dtype=torch.long)
        self.executor = llguidance.LLExecutor()

    def __call__(self, sequences: abc.Sequence[Sequence], logits: torch.Tensor) -> float:
        """Appends a token to each sequence. One whose logits are not all numbers fails.

        logits: [sequences, at least the vocabulary]. Returns the seconds that masks and sampling took. Those in which a
        GPU was waited for are the model's: the masks are computed while it works.
        """
        started = time.perf_counter()
        bitmask = llguidance.numpy.allocate_token_bitmask(len(sequences), self.vocabulary)
        matchers = [(seq.matcher, index) for index, seq in enumerate(sequences)]
        llguidance.numpy.fill_next_token_bitmask_par(self.executor, matchers, bitmask)
        masks_ready = time.perf_counter()
        if logits.is_cuda:
            torch.cuda.synchronize(logits.device)
        waited = time.perf_counter() - masks_ready
        samples = self._sample(sequences, logits[:, : self.vocabulary].float(), bitmask)
        for seq, (token, log_probability, p_null, finite) in zip(sequences, samples, strict=True):
            if seq.has_failed():  # a mask that could not be computed lets the end through, and nothing else
                continue
            if not finite:
                seq.error = "the model's output is not a number"
                continue
            if seq.finished:  # by its policy
                continue
            seq.sampled.append(SampledToken(len(seq.output_tokens), log_probability, p_null))
            seq.append_token(int(token))
        return time.perf_counter() - started - waited

    def _sample(
        self, sequences: abc.Sequence[Sequence], logits: torch.Tensor, bitmask: numpy.ndarray
    ) -> list[list[float]]:
        """For each sequence the token, its log-probability, p(null), and whether all its logits are finite (0 or 1)."""
        if self.null_tokens.device != logits.device:
            self.null_tokens = self.null_tokens.to(logits.device)
        are_numbers = ~logits.isnan().any(-1)
        masked = logits.masked_fill(~self._legal(bitmask, logits.device), float("-inf"))
        for index, seq in enumerate(sequences):
            if seq.correction is not None and (added := seq.correction(seq.output_tokens)):
                masked[index, list(added)] += torch.tensor(list(added.values()), device=masked.device)
        total = masked.logsumexp(-1)
        tokens = masked.argmax(-1)
        generators = {index: seq.generator for index, seq in enumerate(sequences) if seq.generator is not None}
        if generators:
            tokens[list(generators)] = _drawn(masked[list(generators)], list(generators.values()))
        for index, seq in enumerate(sequences):
            if seq.generator is None and seq.policy is not None and are_numbers[index]:
                token = _by_policy(seq.policy, seq.output_tokens, masked[index] - total[index])
                seq.finished = token is None
                tokens[index] = tokens[index] if token is None else token
        log_probabilities = masked.gather(1, tokens[:, None])[:, 0] - total
        p_null = (masked[:, self.null_tokens].logsumexp(-1) - total).exp()
        columns = (tokens, log_probabilities, p_null, are_numbers & total.isfinite())
        samples: list[list[float]] = torch.stack([column.double() for column in columns], 1).tolist()
        return samples

    def _legal(self, bitmask: numpy.ndarray, device: torch.device) -> torch.Tensor:
        """A bit mask, int32 [sequences, words of 32 tokens], as booleans there, [sequences, vocabulary]."""
        if device.type == "cpu":
            bits = numpy.unpackbits(bitmask.view(numpy.uint8), axis=1, bitorder="little")
            return torch.from_numpy(bits[:, : self.vocabulary]).bool()
        words = torch.from_numpy(bitmask).to(device)[..., None]
        legal = (words >> torch.arange(32, dtype=torch.int32, device=device)) & 1
        return legal.flatten(1)[:, : self.vocabulary].bool()


def _drawn(masked: torch.Tensor, generators: abc.Sequence[torch.Generator]) -> torch.Tensor:
    """A token for each row of logits, [rows, vocabulary], drawn on the CPU so that a seed draws alike everywhere.

    Only what is legal is brought there. A row without numbers, which fails, gets the first token.
    """
    probabilities = masked.softmax(-1).nan_to_num(0.0)
    rows, tokens = probabilities.nonzero(as_tuple=True)
    counts = rows.bincount(minlength=len(generators)).tolist()
    legal, weights = tokens.cpu().split(counts), probabilities[rows, tokens].cpu().split(counts)
    drawn = [
        int(row_tokens[torch.multinomial(row_weights, 1, generator=generator)]) if len(row_tokens) else 0
        for row_tokens, row_weights, generator in zip(legal, weights, generators, strict=True)
    ]
    return torch.tensor(drawn, device=masked.device)


def _by_policy(policy: TokenPolicy, output_tokens: abc.Sequence[int], log_probabilities: torch.Tensor) -> int | None:
    """log_probabilities: of all tokens, [vocabulary], −∞ for those that are not legal."""
    legal = log_probabilities.isfinite().nonzero()[:, 0]
    return policy(output_tokens, dict(zip(legal.tolist(), log_probabilities[legal].tolist(), strict=True)))

"""The next token of each sequence under its grammar's mask, with the probabilities that confidence is made of."""

from __future__ import annotations

import time
from collections import abc

import llguidance
import llguidance.numpy
import numpy
import torch

from dsx.engines.local.attention.packing import sent
from dsx.engines.local.sequence import SampledToken, Sequence, TokenPolicy, draw


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

        logits: [sequences, at least the vocabulary]. Returns the seconds that masks and tokens took. Those in which a
        GPU was waited for are the model's: masks are computed while it works, and what is done with the logits is in
        its queue before it has them.
        """
        started = time.perf_counter()
        bitmask = llguidance.numpy.allocate_token_bitmask(len(sequences), self.vocabulary)
        matchers = [(seq.matcher, index) for index, seq in enumerate(sequences)]
        llguidance.numpy.fill_next_token_bitmask_par(self.executor, matchers, bitmask)
        sampled = self._sample(sequences, logits[:, : self.vocabulary].float(), bitmask)
        queued = time.perf_counter()
        samples: list[list[float]] = sampled.tolist()
        waited = time.perf_counter() - queued
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
        return time.perf_counter() - started - waited * logits.is_cuda

    def _sample(self, sequences: abc.Sequence[Sequence], logits: torch.Tensor, bitmask: numpy.ndarray) -> torch.Tensor:
        """For each sequence the token, its log-probability, p(null), and whether all its logits are finite (0 or 1).

        Where no policy chooses, nothing here waits for a GPU.
        """
        if self.null_tokens.device != logits.device:
            self.null_tokens = self.null_tokens.to(logits.device)
        are_numbers = ~logits.isnan().any(-1)
        masked = logits.masked_fill(~self._legal(bitmask, logits.device), float("-inf"))
        _correct(sequences, masked)
        total = masked.logsumexp(-1)
        tokens = masked.argmax(-1)
        generators = {index: seq.generator for index, seq in enumerate(sequences) if seq.generator is not None}
        if generators:
            rows = _sent(list(generators), torch.long, logits.device)
            tokens[rows] = _drawn(masked[rows], list(generators.values()))
        for index, seq in enumerate(sequences):
            if seq.generator is None and seq.policy is not None and are_numbers[index]:
                token = _by_policy(seq.policy, seq.output_tokens, masked[index] - total[index])
                seq.finished = token is None
                tokens[index] = tokens[index] if token is None else token
        log_probabilities = masked.gather(1, tokens[:, None])[:, 0] - total
        p_null = (masked[:, self.null_tokens].logsumexp(-1) - total).exp()
        columns = (tokens, log_probabilities, p_null, are_numbers & total.isfinite())
        return torch.stack([column.double() for column in columns], 1)

    def _legal(self, bitmask: numpy.ndarray, device: torch.device) -> torch.Tensor:
        """A bit mask, int32 [sequences, words of 32 tokens], as booleans there, [sequences, vocabulary]."""
        if device.type == "cpu":
            bits = numpy.unpackbits(bitmask.view(numpy.uint8), axis=1, bitorder="little")
            return torch.from_numpy(bits[:, : self.vocabulary]).bool()
        words = sent(bitmask, device)[..., None]
        legal = (words >> torch.arange(32, dtype=torch.int32, device=device)) & 1
        return legal.flatten(1)[:, : self.vocabulary].bool()


def _sent(numbers: abc.Sequence[float], dtype: torch.dtype, device: torch.device) -> torch.Tensor:
    return sent(torch.tensor(numbers, dtype=dtype), device)


def _correct(sequences: abc.Sequence[Sequence], masked: torch.Tensor) -> None:
    """Adds each sequence's correction to its logits, those of all sequences at once."""
    rows, tokens, added = list[int](), list[int](), list[float]()
    for index, seq in enumerate(sequences):
        if seq.correction is not None and (correction := seq.correction(seq.output_tokens)):
            rows += [index] * len(correction)
            tokens += correction.keys()
            added += correction.values()
    if rows:
        places = _sent(rows, torch.long, masked.device), _sent(tokens, torch.long, masked.device)
        masked[places] += _sent(added, masked.dtype, masked.device)


def _drawn(masked: torch.Tensor, generators: abc.Sequence[torch.Generator]) -> torch.Tensor:
    """A token for each row of logits, [rows, vocabulary]: where a number of the row's generator falls.

    A row without numbers, which fails, gets the first token.
    """
    drawn = [draw(generator) for generator in generators]
    cumulated = masked.softmax(-1).nan_to_num(0.0).double().cumsum(-1)
    threshold = _sent(drawn, torch.float64, masked.device)[:, None] * cumulated[:, -1:]
    tokens = (cumulated <= threshold).sum(-1)
    return tokens.where(cumulated[:, -1] > 0, 0).clamp(max=masked.shape[1] - 1)


def _by_policy(policy: TokenPolicy, output_tokens: abc.Sequence[int], log_probabilities: torch.Tensor) -> int | None:
    """log_probabilities: of all tokens, [vocabulary], −∞ for those that are not legal."""
    legal = log_probabilities.isfinite().nonzero()[:, 0]
    return policy(output_tokens, dict(zip(legal.tolist(), log_probabilities[legal].tolist(), strict=True)))

"""Which sequences go through one forward pass together, and which of them share a prefix."""

from __future__ import annotations

from collections import abc

from dsx.engines.local.attention.packing import PrefixGroup
from dsx.engines.local.sequence import Sequence

MAX_DECODE_TOKENS = 24
"""A sequence with more new tokens than this goes through a pass with its like."""


def prefix_groups(sequences: abc.Sequence[Sequence]) -> abc.Iterator[PrefixGroup]:
    """The groups of sequences that share a prefix. They stand side by side."""
    start = 0
    for end in range(1, len(sequences) + 1):
        if end == len(sequences) or sequences[end].prefix is not sequences[start].prefix:
            prefix = sequences[start].prefix
            assert prefix is not None
            yield PrefixGroup(prefix, start, end)
            start = end


def batches(sequences: abc.Sequence[Sequence], max_prompt_tokens: int) -> list[list[Sequence]]:
    """Those that go on, all together. Those that bring a whole question, as many as have so many tokens at a time."""
    batches = [[seq for seq in sequences if len(seq.pending_tokens) <= MAX_DECODE_TOKENS]]
    num_tokens = max_prompt_tokens
    for seq in sequences:
        if len(seq.pending_tokens) > MAX_DECODE_TOKENS:
            if num_tokens + len(seq.pending_tokens) > max_prompt_tokens:
                batches.append([])
                num_tokens = 0
            batches[-1].append(seq)
            num_tokens += len(seq.pending_tokens)
    return [batch for batch in batches if batch]

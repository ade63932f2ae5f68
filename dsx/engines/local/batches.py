"""Which rows go through one forward pass together, and which of them share a prefix."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dsx.engines.local.attention.kv_cache import Prefix
from dsx.engines.local.sequence import Row

PASS_TOKENS = 2048
"""Most packed tokens of one pass of rows that bring a whole question."""
FRESH = 24
"""A row with more new tokens than this goes through a pass with its like."""


def groups(rows: Sequence[Row]) -> Iterator[tuple[Prefix, int, int]]:
    """(prefix, first row, end row) of rows that stand together by prefix."""
    first = 0
    for end in range(1, len(rows) + 1):
        if end == len(rows) or rows[end].prefix is not rows[first].prefix:
            prefix = rows[first].prefix
            assert prefix is not None
            yield prefix, first, end
            first = end


def batches(rows: Sequence[Row]) -> list[list[Row]]:
    """Rows that go on, together; rows that bring a whole question, some at a time."""
    batches = [[row for row in rows if len(row.pending) <= FRESH]]
    filled = PASS_TOKENS
    for row in rows:
        if len(row.pending) > FRESH:
            if filled + len(row.pending) > PASS_TOKENS:
                batches.append([])
                filled = 0
            batches[-1].append(row)
            filled += len(row.pending)
    return [batch for batch in batches if batch]

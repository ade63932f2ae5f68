"""Whether a tokenizer's tokens spell the bytes that the grammar's library takes them for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from dsx.errors import ModelError

SAMPLES = (
    'In Experiment 1, 24 people (12 women) took part.\n{"value": 3.5, "quote": "two\\tcups"}',
    "naïve – 5 ± 0.3 µm, 90°",
)


class Spells(Protocol):
    """Tokens → bytes, as llguidance has them."""

    def decode_bytes(self, tokens: list[int]) -> bytes:
        """The bytes of tokens."""
        ...


def check_round_trip(encode: Callable[[str], Sequence[int]], spells: Spells, unknown: int | None, name: str) -> None:
    """Raises ModelError where text does not come back from its tokens; each answer would break its grammar.

    unknown: the token for what the vocabulary lacks; a sample that needs it shows nothing.
    """
    for sample in SAMPLES:
        tokens = list(encode(sample))
        spelled = spells.decode_bytes(tokens)
        if unknown not in tokens and spelled.strip() != sample.encode():
            raise ModelError(
                f"{name}: its tokenizer spells {sample[:20]!r} as {spelled[:30]!r}; it was converted badly: take the "
                "model's own tokenizer files"
            )

"""What examples end with, how long they may be, and their batches."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from dsx.plugin_api import UsageError

LONGEST = 3000
"""Tokens of a prompt and its answer; longer ones are left out."""
ROUNDED = 64
"""Padded lengths are multiples of it, so that few shapes occur."""


def tokenizer_in(folder: Path) -> Any:
    """Of the model in a folder. Raises UsageError where there is none."""
    from transformers import AutoTokenizer

    try:
        return AutoTokenizer.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError) as problem:
        why = " ".join(str(problem).split())
        raise UsageError(f"{folder} is no folder of a model with its tokenizer: {why}") from None


def check_bytes(tokenizer: Any) -> None:
    """Raises ValueError where a text does not come back from its tokens: answers would then be held to another text."""
    import llguidance.hf

    text = "Experiment 1 wére 24 ± 3.1° (n = 12)\nnext"
    tokens = tokenizer(text, add_special_tokens=False)["input_ids"]
    words = llguidance.hf.from_tokenizer(tokenizer)
    if b"".join(words.decode_bytes([token]) for token in tokens).decode("utf-8") != text:
        raise ValueError("the tokenizer's bytes are not its text; take the tokenizer files of the original model")


def end_token(tokenizer: Any) -> int:
    """What ends an answer: the end of a turn where the model has turns."""
    turn: list[int] = tokenizer("<|im_end|>", add_special_tokens=False)["input_ids"]
    return turn[0] if len(turn) == 1 else int(tokenizer.eos_token_id)


def rounded(length: int) -> int:
    """Up to the next padded length."""
    return math.ceil(length / ROUNDED) * ROUNDED


def batches(rows: Sequence[dict[str, Any]], tokens: int, seed: int) -> Iterator[list[int]]:
    """Indices of rows of like length, at most so many tokens a padded batch, in an order that the seed decides."""
    rng = random.Random(seed)
    lengths = [len(row["prompt"]) + len(row["answer"]) for row in rows]
    order = sorted(range(len(rows)), key=lambda index: lengths[index] + rng.random() * 60)
    padded: list[list[int]] = []
    batch: list[int] = []
    longest = 0
    for index in order:
        longest = max(longest, rounded(lengths[index]))
        if batch and longest * (len(batch) + 1) > tokens:
            padded.append(batch)
            batch, longest = [], rounded(lengths[index])
        batch.append(index)
    if batch:
        padded.append(batch)
    rng.shuffle(padded)
    return iter(padded)

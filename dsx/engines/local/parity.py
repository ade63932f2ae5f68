"""A model's first pass through the loop's attention, beside its own: a model that would be read wrongly is refused."""

from __future__ import annotations

import torch
from transformers import PreTrainedModel

from dsx.engines.local.attention.kv_cache import Pool
from dsx.engines.local.attention.model_runner import Forward
from dsx.engines.local.prefix_cache import layer_shapes, prefill
from dsx.errors import ModelError

TOKENS, PREFIX = 24, 16
APART = 0.05
"""Most relative difference of the logits. Rounding in bf16 makes some 0.01; another attention makes more than 0.1."""


def try_out(model: PreTrainedModel, name: str) -> None:
    """Raises ModelError where the model has layers that keep no keys and values, or gives other logits."""
    tokens = [token * 7 % 211 + 3 for token in range(TOKENS)]
    with torch.inference_mode():
        wanted = model(input_ids=torch.tensor([tokens], device=model.device), use_cache=False).logits[0, -1].float()
    try:
        pool = Pool(layer_shapes(model), 2 * TOKENS)
        prefix = prefill(model, pool, tokens[:PREFIX])
        forward = Forward(model, pool, use_graphs=False)
        with forward:
            got = forward.step([tokens[PREFIX:]], [pool.take(TOKENS - PREFIX).start], [0], [(prefix, 0, 1)])[0].float()
    except torch.OutOfMemoryError:
        raise
    except (AttributeError, TypeError, ValueError, IndexError, KeyError, RuntimeError) as problem:
        raise _refusal(name, f"{type(problem).__name__}: {problem}") from problem
    apart = float((got - wanted).norm() / wanted.norm())
    if not apart < APART:
        raise _refusal(name, f"its logits are {apart:.0%} off")


def _refusal(name: str, reason: str) -> ModelError:
    first = reason.strip().splitlines()[0]
    return ModelError(
        f"{name}: the engine 'transformers' cannot share a prefix with this kind of model ({first}); "
        "serve it and use --engine server"
    )

"""The memory plan: what weights, activations and CUDA graphs take of the budget, and what is left for keys and values.

It is computed for each device, logged, and kept: the KV cache gets what is left, and on a GPU the allocator refuses
more than the budget. Where a pass needs more than was planned, it fails, and is done again in smaller parts.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from transformers import PreTrainedConfig, PreTrainedModel

from dsx.engines.budget import MemoryBudget
from dsx.engines.local.attention.cuda_graphs import BUCKET_TOKENS, MAX_SEQUENCES
from dsx.engines.local.attention.kv_cache import KVCache, LayerShape
from dsx.errors import ModelError

log = logging.getLogger("dsx.engines.local")
GPU_SHARE, CPU_SHARE = 0.9, 0.25
"""Of what is free, where no budget is given. The CPU's memory is other programs' too."""
TEXT_TOKENS = 16_384
"""A text for which activations are planned. While it is read its keys and values are there twice."""
GRAPH_LOGITS = 16
"""Bytes of CUDA graphs for each of their logits: what they give, a rank's part, all parts, and these put together."""
MIN_KV_TOKENS = 2048
"""With room for fewer tokens no paper could be read."""


CPU_ROWS, GPU_ROWS = 32, 256
CPU_CHUNK, GPU_CHUNK, EAGER_CHUNK = 2048, 8192, 1024
"""Tokens of a prefill at once: on the CPU, on a GPU, and there with eager attention, which writes out all scores. The
more, the fewer of them need a mask. The fewer, the less memory for activations."""
LONG_CHUNK, MANY_KV_TOKENS = 16384, 131_072
"""On a GPU, where so many keys and values have room beside so long a chunk: most papers are one chunk then, which takes
the host half as many launches (benchmarks/gpu/README.md)."""

CPU_QUESTIONS, GPU_QUESTIONS = 2048, 4096
"""Tokens of whole questions that come into one pass. On a GPU less than a prefill's chunk, for which memory is planned;
other numbers were not measured there."""


@dataclass(frozen=True, slots=True)
class Passes:
    """How the model is run. rows: sequences at once. captured: as CUDA graphs. chunk_tokens: of a prefill at once.

    question_tokens: of whole questions in one pass.
    """

    rows: int = 256
    chunk_tokens: int = 8192
    attention: str = "sdpa"
    captured: bool = False
    question_tokens: int = 2048


def passes_on(device: str, attention: str, rows: int) -> Passes:
    """On "cpu" or a GPU. rows: 0 for as many as do there."""
    if device == "cpu":
        return Passes(rows or CPU_ROWS, CPU_CHUNK, attention, question_tokens=CPU_QUESTIONS)
    chunk = EAGER_CHUNK if attention == "eager" else GPU_CHUNK
    return Passes(rows or GPU_ROWS, chunk, attention, captured=True, question_tokens=GPU_QUESTIONS)


def with_plans(
    passes: Passes,
    plan_for: Callable[[Passes], list[MemoryPlan]],
    all_agree: Callable[[bool], bool] = bool,
) -> tuple[Passes, list[MemoryPlan]]:
    """The passes and their memory; in chunks of LONG_CHUNK where MANY_KV_TOKENS have room beside them on each device.

    all_agree: whether all ranks say so, for they read a text in the same chunks. Each rank is asked, whatever it has.
    """
    longer = replace(passes, chunk_tokens=LONG_CHUNK)
    plans = plan_for(longer)
    has_room = passes.chunk_tokens == GPU_CHUNK and min(plan.kv_tokens for plan in plans) >= MANY_KV_TOKENS
    return (longer, plans) if all_agree(has_room) else (passes, plan_for(passes))


@dataclass(frozen=True, slots=True)
class MemoryPlan:
    """Of one device, in bytes. kv_tokens: whose keys and values there is room for."""

    device: str
    free: int
    budget: int
    weights: int
    activations: int
    graphs: int
    kv_cache: int
    kv_tokens: int

    def __str__(self) -> str:
        """For a person, in GiB."""
        parts = {"weights": self.weights, "activations": self.activations, "graphs": self.graphs}
        sizes = ", ".join(f"{name} {size / 2**30:.2f}" for name, size in parts.items() if size)
        return (
            f"{self.device}: {self.budget / 2**30:.2f} of {self.free / 2**30:.2f} GiB free: {sizes}, keys and values "
            f"{max(self.kv_cache, 0) / 2**30:.2f} ({max(self.kv_tokens, 0):,} tokens)"
        )


def free_memory(device: str) -> dict[str, int]:
    """Bytes that are free, by device: of each GPU where they share the layers ("cuda")."""
    if device == "cpu":
        import psutil

        return {"cpu": int(psutil.virtual_memory().available)}
    names = [f"cuda:{card}" for card in range(torch.cuda.device_count())] if device == "cuda" else [device]
    return {name: int(torch.cuda.mem_get_info(name)[0]) for name in names}


def kv_token_bytes(config: PreTrainedConfig) -> int:
    """Keys and values of one token in all layers, in 16 bits, as the configuration says."""
    text = config.get_text_config()
    _, key_heads, size = heads_of(text)
    return int(2 * 2 * text.num_hidden_layers * key_heads * size)


def heads_of(text: PreTrainedConfig) -> tuple[int, int, int]:
    """Query heads of a layer, its key heads, and the size of a head."""
    heads = int(text.num_attention_heads)
    size = getattr(text, "head_dim", None) or text.hidden_size // heads
    return heads, int(getattr(text, "num_key_value_heads", None) or heads), int(size)


def inner_features(text: PreTrainedConfig) -> int:
    """Of a layer's feed-forward part; of the largest. Four times the hidden size where the model does not say."""
    said = getattr(text, "intermediate_size", None) or 4 * text.hidden_size
    return int(max(said) if isinstance(said, list | tuple) else said)


def plan(
    device: str,
    free: int,
    budget: MemoryBudget | None,
    weights: int,
    kv_token_bytes: int,
    config: PreTrainedConfig,
    element_bytes: int,
    passes: Passes,
    cards: int = 1,
) -> MemoryPlan:
    """Of one device. kv_token_bytes: of the layers that are there. element_bytes: of an activation.

    cards: GPUs that each layer is split over.
    """
    budget = budget or MemoryBudget(CPU_SHARE if device == "cpu" else GPU_SHARE)
    text = config.get_text_config()
    all_heads, _, head_size = heads_of(text)
    heads, inner = all_heads // cards, inner_features(text) // cards
    tokens = min(TEXT_TOKENS, int(getattr(text, "max_position_embeddings", TEXT_TOKENS)))
    chunk = min(passes.chunk_tokens, tokens)
    token_bytes = element_bytes * (6 * text.hidden_size + 3 * inner + 4 * heads * head_size)
    scores = heads * chunk * tokens * (4 + element_bytes) if passes.attention == "eager" else 0
    summed = 4 * chunk * element_bytes * text.hidden_size if cards > 1 else 0  # what GPUs send each other
    repeated = 2 * tokens * heads * head_size * element_bytes + chunk * tokens
    activations = chunk * token_bytes + tokens * kv_token_bytes + summed + (scores or repeated)
    graphs = GRAPH_LOGITS * MAX_SEQUENCES * text.vocab_size + 2 * BUCKET_TOKENS[-1] * token_bytes
    graphs = graphs if passes.captured else 0
    left = budget.of(free) - weights - activations - graphs
    return MemoryPlan(
        device, free, budget.of(free), weights, activations, graphs, left, int(left // max(kv_token_bytes, 1))
    )


def plan_unloaded(
    config: PreTrainedConfig,
    weights: int,
    free: Mapping[str, int],
    budget: MemoryBudget | None,
    passes: Passes,
    cards: int = 1,
) -> list[MemoryPlan]:
    """Of each device, before the model is loaded: its weights (bytes) and layers in equal shares, in 16 bits.

    free: bytes by device. cards: see `plan`; 1: the layers are shared out to the devices.
    """
    token_bytes = kv_token_bytes(config) // len(free)
    return [
        plan(device, nbytes, budget, weights // len(free), token_bytes, config, 2, passes, cards)
        for device, nbytes in free.items()
    ]


def plan_loaded(
    model: PreTrainedModel,
    layers: Sequence[LayerShape],
    free: Mapping[str, int],
    budget: MemoryBudget | None,
    passes: Passes,
    cards: int = 1,
) -> list[MemoryPlan]:
    """Of each device that has layers. free: bytes before the model was loaded. cards: see `plan`."""
    weights: dict[str, int] = {}
    for tensor in map(local, (*model.parameters(), *model.buffers())):
        weights[str(tensor.device)] = weights.get(str(tensor.device), 0) + tensor.nbytes
    kv_bytes: dict[str, int] = {}
    for layer in layers:
        kv_bytes[str(layer.device)] = kv_bytes.get(str(layer.device), 0) + layer.nbytes
    element_bytes = layers[0].dtype.itemsize
    return [
        plan(
            device,
            free.get(device) or free_memory(device)[device],
            budget,
            weights.get(device, 0),
            token_bytes,
            model.config,
            element_bytes,
            passes,
            cards,
        )
        for device, token_bytes in kv_bytes.items()
    ]


def local(tensor: torch.Tensor) -> torch.Tensor:
    """What this process has of a tensor that may be split over several GPUs."""
    part: torch.Tensor = getattr(tensor, "to_local", lambda: tensor)()
    return part


def allocate_kv_cache(
    layers: Sequence[LayerShape], plans: Sequence[MemoryPlan], cache_bytes: float, cards: int = 1
) -> KVCache:
    """By the plans, or of `cache_bytes` (0: as planned). Logs the plans, and holds a GPU's allocator to its budget.

    Raises ModelError where there is no room.
    """
    slots = min(plan.kv_tokens for plan in plans)
    if cache_bytes:
        slots = max(int(cache_bytes / (cards * sum(layer.nbytes for layer in layers))), 2)
    elif slots < MIN_KV_TOKENS:
        raise ModelError(
            f"no room for keys and values ({'; '.join(map(str, plans))}); use a smaller model, --quantize, or a larger "
            "--memory-budget"
        )
    for each in () if cache_bytes else plans:
        log.info("Memory of %s", each)
    if not cache_bytes:
        hold_to_budget([plan for plan in plans if plan.device in {str(layer.device) for layer in layers}])
    try:
        return KVCache(layers, slots)
    except (RuntimeError, MemoryError):
        raise ModelError(
            f"there is not so much memory here: keys and values of {slots:,} tokens; use a smaller --memory-budget"
        ) from None


def hold_to_budget(plans: Sequence[MemoryPlan]) -> None:
    """The allocator of this process refuses more on these GPUs."""
    for each in plans:
        if each.device.startswith("cuda"):
            total = torch.cuda.mem_get_info(each.device)[1]
            torch.cuda.set_per_process_memory_fraction(min(each.budget / total, 1.0), each.device)

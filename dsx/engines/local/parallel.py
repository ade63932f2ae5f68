"""How a model uses several GPUs of one machine: each layer split over all of them, or each layer on one of them.

tensor: every GPU has a part of each layer (its key heads with their keys and values), and all work at once. For each
    GPU there is a process (`ranks`).
layers: accelerate puts the layers on the GPUs in turn, which then wait for each other. One process.
"""

from __future__ import annotations

import logging
from typing import Literal

import torch
from transformers import MODEL_FOR_CAUSAL_LM_MAPPING, PreTrainedConfig

from dsx.engines.local.load_model import load_config
from dsx.engines.local.memory import inner_features
from dsx.engines.local.model_files import ModelFiles
from dsx.errors import ModelError

log = logging.getLogger("dsx.engines.local")
Parallel = Literal["auto", "tensor", "layers"]
SPLIT_STYLES = {
    "colwise",
    "rowwise",
    "colwise_gather_output",
    "embedding_rowwise",
    "embedding_colwise",
    "replicated_with_grad_allreduce",
}
"""Of transformers' plans. After these each process has a share of the heads, as its KV cache has, and whole logits."""


def cards_for(parallel: Parallel, cards: int, device: str, files: ModelFiles, quantize: str) -> int:
    """How many GPUs each layer is split over. 1: it is not. On the CPU: how many processes.

    cards: 0 for all that torch sees. Raises ModelError where "tensor" is wanted and cannot be.
    """
    if device != "cuda" and parallel != "tensor":
        return 1
    cards = cards or (torch.cuda.device_count() if device == "cuda" else 1)
    if parallel == "layers" or (parallel == "auto" and cards == 1):
        return 1
    reason = obstacle(load_config(files), files, quantize, device, cards)
    if reason is None:
        log.info("Each layer is split over %d %s", cards, "GPUs" if device == "cuda" else "processes")
        return cards
    if parallel == "tensor":
        raise ModelError(f"--set parallel=tensor: {reason}")
    log.info("The layers are shared out to %d GPUs, which is slower than to split each layer: %s", cards, reason)
    return 1


def obstacle(config: PreTrainedConfig, files: ModelFiles, quantize: str, device: str, cards: int) -> str | None:
    """Why each layer of the model cannot be split over so many GPUs."""
    text = config.get_text_config()
    kind = MODEL_FOR_CAUSAL_LM_MAPPING.get(type(config), None)
    styles = {
        *(getattr(text, "base_model_tp_plan", None) or {}).values(),
        *(getattr(kind, "_tp_plan", None) or {}).values(),
    }
    heads = getattr(text, "num_key_value_heads", None) or text.num_attention_heads
    sizes = {"key heads": heads, "inner features": inner_features(text), "tokens of its vocabulary": text.vocab_size}
    if device not in ("cpu", "cuda"):
        return f"--set device={device} is one GPU"
    if cards == 1 or (device == "cuda" and cards > torch.cuda.device_count()):
        return f"--set cards={cards} is not a number of GPUs that there are"
    if quantize != "none" or files.gguf:
        return "quantized weights are not split"
    if not styles or not styles <= SPLIT_STYLES:
        return f"transformers has no plan for {config.model_type} that serves here"
    for name, size in sizes.items():
        if size % cards:
            return f"its {size} {name} cannot be divided by {cards}"
    if not torch.distributed.is_available() or (device == "cuda" and not torch.distributed.is_nccl_available()):
        return "this torch has no NCCL"
    if torch.distributed.is_initialized():
        return "this process is one of a torch.distributed group already"
    return None

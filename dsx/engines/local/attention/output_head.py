"""The language-model head's product in float32: logits that are not rounded to the 16 bits of the weights.

In bf16 a logit of 20 stands on a grid of 0.125, and the probabilities of null and of choices on a coarse one with it.
Here the 16-bit hidden states and weights are multiplied and summed in float32, and the result stays float32. What a
model does to its logits afterwards (a soft cap, a scale) is done in float32 then, too. On an H100 it costs nothing:
Qwen3-32B's head takes 0.52 ms for 1 to 24 rows, and 0.62 instead of 0.59 ms for 256 (torch 2.11, in a CUDA graph).
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from transformers import PreTrainedModel

log = logging.getLogger("dsx.engines.local")
CHUNK_BYTES = 1 << 20
"""Float32 copies of weights at once, where no kernel takes 16-bit matrices and gives float32: little enough for a CPU's
cache, and next to nothing beside a model. Measured on one core without bf16 instructions, SmolLM2-135M's head: 32 rows
173 ms, in chunks of 4 MiB 311 ms, by torch's own bf16 product 644 ms; one row 83, 64 and 33 ms."""


def head_of_16_bits(model: PreTrainedModel) -> torch.nn.Linear | None:
    """The model's head where its logits would be rounded to 16 bits. None where they are the model's own to give."""
    head = model.get_output_embeddings()
    if type(head) is not torch.nn.Linear or head.weight.is_meta or (is_split(head.weight) and head.bias is not None):
        log.debug("The head is a %s; its logits are taken as they are", type(head).__name__)
        return None
    return head if head.weight.dtype in (torch.bfloat16, torch.float16) else None


@contextmanager
def float32_output(head: torch.nn.Linear) -> Iterator[None]:
    """While this lasts the head gives float32."""
    replaced = head.__dict__.get("forward")  # accelerate's, on several devices: it would move what is in place already
    head.forward = functools.partial(_head_forward, head)  # type: ignore[method-assign]
    try:
        yield
    finally:
        del head.forward
        if replaced is not None:
            head.forward = replaced  # type: ignore[method-assign]


def _head_forward(head: torch.nn.Linear, hidden: torch.Tensor) -> torch.Tensor:
    if is_split(head.weight):
        weight: Any = head.weight
        return _gathered(float32_product(hidden, weight.to_local()), weight.device_mesh.get_group())
    logits = float32_product(hidden.to(head.weight.device), head.weight)
    return logits if head.bias is None else logits + head.bias.float()


def is_split(weight: torch.Tensor) -> bool:
    """Whether each of several GPUs has a part of it."""
    return hasattr(weight, "device_mesh")


def _gathered(logits: torch.Tensor, group: torch.distributed.ProcessGroup) -> torch.Tensor:
    """Each rank's share of the vocabulary, [..., V / ranks], put together: [..., V]."""
    parts = logits.new_empty(group.size() * logits.shape[0], *logits.shape[1:])  # side by side: gloo stacks none
    older = torch.distributed.all_gather_into_tensor  # its name up to torch 2.12
    getattr(torch.distributed, "all_gather_single", older)(parts, logits, group)
    return parts.view(group.size(), *logits.shape).movedim(0, -2).flatten(-2)


def float32_product(hidden: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """hidden [..., D], weight [V, D], both 16-bit → [..., V], float32."""
    rows = hidden.flatten(0, -2)
    if hidden.dtype == weight.dtype and _has_float32_output(weight.device, weight.dtype):
        logits = torch.mm(rows, weight.t(), out_dtype=torch.float32)
    else:
        rows, size = rows.float(), max(1, CHUNK_BYTES // (4 * weight.shape[1]))
        logits = torch.cat([rows @ chunk.float().t() for chunk in weight.split(size)], 1)
    return logits.view(*hidden.shape[:-1], len(weight))


@functools.cache
def _has_float32_output(device: torch.device, dtype: torch.dtype) -> bool:
    """Whether torch multiplies 16-bit matrices there with a float32 result. It does on CUDA since torch 2.8."""
    sample = torch.zeros(16, 16, dtype=dtype, device=device)
    try:
        return bool(torch.mm(sample, sample, out_dtype=torch.float32).dtype == torch.float32)
    except (RuntimeError, TypeError, NotImplementedError):
        return False

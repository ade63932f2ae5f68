"""Attention of many sequences to shared prefixes and to their own short tails: the seam to transformers.

A forward pass takes N packed tokens of R sequences, [1, N]: none is padded in the linear layers. The sequences of one
prefix attend to its keys together, so that a prefix is read once a pass, not once a sequence, and without a mask, so
that a flash kernel serves. (This is shared-prefix attention, also called cascade attention.) Each tail is a sequence's
own. The two are merged by log-sum-exp, which is exact.

`flash_backend` does it on CUDA. `torch_backend` does it elsewhere, and for sliding windows and capped scores.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import torch
from transformers import AttentionInterface

from dsx.engines.local.attention import flash_backend, torch_backend
from dsx.engines.local.attention.kv_cache import KVCache
from dsx.engines.local.attention.packing import AttentionMetadata, ForwardBatch
from dsx.engines.local.attention.torch_backend import AttentionSpec

ATTENTION = "dsx_shared_prefix"
"""The name of this package's attention among transformers' attention implementations."""


class Batch(Protocol):
    """What attention needs of a batch: a `ForwardBatch`, or a `cuda_graphs.GraphBatch`, which serves many of them."""

    kv_cache: KVCache
    use_flash: bool
    flash_only: bool

    @property
    def max_seq_len(self) -> int:
        """Tokens of the longest sequence."""
        ...

    def metadata(self, device: torch.device) -> AttentionMetadata:
        """All indices there."""
        ...


def attend(
    batch: Batch, layer: int, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, spec: AttentionSpec
) -> torch.Tensor:
    """query [1, H, N, D], key and value [1, K, N, D] (rotated) → [1, N, H, D]. Writes the new keys into their slots."""
    metadata = batch.metadata(query.device)
    keys, values = batch.kv_cache.keys[layer], batch.kv_cache.values[layer]
    keys[metadata.slot_mapping] = key[0].transpose(0, 1)
    values[metadata.slot_mapping] = value[0].transpose(0, 1)
    window = spec.sliding_window
    batch.flash_only &= window is None
    if (
        batch.use_flash
        and flash_backend.supports(spec, keys, values)
        and (window is None or batch.max_seq_len <= window)
    ):
        output = flash_backend.attend(metadata, query, keys, values, spec)
    else:
        assert isinstance(batch, ForwardBatch), "graphs are captured of batches that the flash backend supports"
        batch.flash_only = False
        output = torch_backend.attend(batch, layer, query, spec)
    return output.to(query.dtype).unsqueeze(0)


_batches: list[Batch] = []


def _interface(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    scaling: float | None = None,
    sliding_window: int | None = None,
    softcap: float | None = None,
    s_aux: torch.Tensor | None = None,
    **_: Any,
) -> tuple[torch.Tensor, None]:
    scale = scaling if scaling is not None else query.shape[-1] ** -0.5
    layer: Any = module.layer_idx
    return attend(_batches[-1], layer, query, key, value, AttentionSpec(scale, sliding_window, softcap, s_aux)), None


AttentionInterface.register(ATTENTION, _interface)


@contextmanager
def attending(batch: Batch) -> Iterator[None]:
    """While this lasts, a model whose attention is `ATTENTION` attends as the batch says."""
    _batches.append(batch)
    try:
        yield
    finally:
        _batches.pop()

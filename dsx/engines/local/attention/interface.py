"""Attention of many rows to their shared prefixes and to their own short tails: the seam to transformers.

A forward pass takes N packed tokens of R rows, [1, N]: no row is padded in the linear layers. The rows of one prefix
attend to its keys and values together, so that a prefix is read once a step, not once a row, and without a mask, so
that a flash kernel serves; each row's tail is its own; the two are merged by log-sum-exp, which is exact. `varlen` does
it on CUDA, `plain` elsewhere and for sliding windows and capped scores, which are models' own kinds of attention.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import torch
from transformers import AttentionInterface

from dsx.engines.local.attention import flash_backend as varlen
from dsx.engines.local.attention import torch_backend as plain
from dsx.engines.local.attention.kv_cache import Pool
from dsx.engines.local.attention.packing import Layout, Pass
from dsx.engines.local.attention.torch_backend import Kind

NAME = "dsx_shared_prefix"


class Step(Protocol):
    """What attention needs to know of a pass: see `Pass`, and `graphs.Fixed`, which is used again for other rows."""

    pool: Pool
    fused: bool
    uniform: bool

    @property
    def longest(self) -> int:
        """Tokens of the longest sequence."""
        ...

    def layout(self, device: torch.device) -> Layout:
        """All indices there."""
        ...


def attend(
    step: Step, layer: int, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, kind: Kind
) -> torch.Tensor:
    """query [1, H, N, D], key and value [1, K, N, D] (rotated) → [1, N, H, D]. Writes the new keys into the pool."""
    layout = step.layout(query.device)
    keys, values = step.pool.keys[layer], step.pool.values[layer]
    keys[layout.places] = key[0].transpose(0, 1)
    values[layout.places] = value[0].transpose(0, 1)
    step.uniform &= kind.window is None
    if step.fused and varlen.fits(kind, keys, values) and (kind.window is None or step.longest <= kind.window):
        output = varlen.attend(layout, query, keys, values, kind)
    else:
        assert isinstance(step, Pass), "a fixed pass is made of what the kernel fits only"
        step.uniform = False
        output = plain.attend(step, layer, query, kind)
    return output.to(query.dtype).unsqueeze(0)


_current: list[Step] = []


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
    layer: int = module.layer_idx
    return attend(_current[-1], layer, query, key, value, Kind(scale, sliding_window, softcap, s_aux)), None


AttentionInterface.register(NAME, _interface)


@contextmanager
def attending(step: Step) -> Iterator[None]:
    """While this lasts, a model whose attention is `NAME` attends as the pass says."""
    _current.append(step)
    try:
        yield
    finally:
        _current.pop()

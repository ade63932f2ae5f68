"""FlashAttention 4 (the package flash-attn-4): reads texts and whole questions twice as fast as 2 on a Hopper GPU.

It compiles its kernels when they are first called, some seconds each. Texts are read by transformers' use of it. Here
it attends the prefixes of passes that have many tokens, where it was chosen (docs/decisions/0050).
"""

from __future__ import annotations

import importlib.metadata
import warnings

import torch

from dsx.engines.local.attention import triton_backend
from dsx.engines.local.attention.packing import VarlenIndices

NAME = "flash_attention_4"
"""Among transformers' attention implementations."""
MIN_QUERIES = 129
"""Of the longest entry, as the kernel is told: for fewer it would compile another one."""
chosen: list[bool] = []
"""Not empty: it attends the prefixes of large passes."""


def is_quicker(device: str) -> bool:
    """Whether it is installed, and the model's layers are on one GPU of the kind on which it was measured."""
    if not device.startswith("cuda") or not is_installed():
        return False
    spread = device == "cuda" and torch.cuda.device_count() > 1
    return not spread and torch.cuda.get_device_capability(device) == triton_backend.HOPPER


def is_installed() -> bool:
    """Its package is there. flash-attn 2 brings some of its files too, which do not work by themselves."""
    try:
        importlib.metadata.version("flash-attn-4")
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def try_it(device: str, dtype: torch.dtype, heads: int = 1, key_heads: int = 1, size: int = 64) -> None:
    """Compiles the kernel that reads texts, and runs it. Raises RuntimeError, whatever it raises itself."""
    # of an argument that these kernels are not given
    warnings.filterwarnings("ignore", "Argument aux_data", UserWarning)
    count = MIN_QUERIES
    query, key, value = (torch.zeros(count, n, size, dtype=dtype, device=device) for n in (heads, key_heads, key_heads))
    starts = torch.tensor([0, count], dtype=torch.int32, device=device)
    try:
        from flash_attn.cute import flash_attn_varlen_func

        flash_attn_varlen_func(
            query,
            key,
            value,
            cu_seqlens_q=starts,
            cu_seqlens_k=starts,
            max_seqlen_q=count,
            max_seqlen_k=count,
            causal=True,
        )
    except Exception as problem:
        raise RuntimeError(str(problem) or type(problem).__name__) from problem


def serves(num_tokens: int) -> bool:
    """Whether it attends the prefixes of a pass of so many tokens. CUDA graphs have fewer."""
    return bool(chosen) and num_tokens > triton_backend.MAX_TOKENS


def varlen(
    queries: torch.Tensor,
    keys: torch.Tensor,
    values: torch.Tensor,
    indices: VarlenIndices,
    max_query_len: int,
    scale: float,
) -> tuple[torch.Tensor, torch.Tensor]:
    """queries [Q, K, D], keys and values [slots, K, D] → output [Q, K, D], log-sum-exp float32 [K, Q]."""
    from flash_attn.cute import flash_attn_varlen_func

    query_starts, key_starts, key_counts = indices
    output, sums, *_ = flash_attn_varlen_func(
        queries, keys, values,
        cu_seqlens_q=query_starts, cu_seqlens_k=key_starts, seqused_k=key_counts,
        max_seqlen_q=max(max_query_len, MIN_QUERIES), max_seqlen_k=keys.shape[0],
        softmax_scale=scale, return_lse=True,
    )  # fmt: skip
    return output, sums

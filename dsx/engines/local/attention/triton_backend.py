"""Shared-prefix attention of decode steps by `decode_kernels`, where triton, a GPU and a C compiler are.

It takes the passes that have few tokens: those of whole questions stay with FlashAttention. Off unless it was chosen,
which is the default where it was measured to be quicker (docs/decisions/0044).
"""

from __future__ import annotations

import importlib.util
import logging
import math
import time
from dataclasses import dataclass, replace
from typing import Any

import torch

from dsx.engines.local.attention.packing import FEW_PREFIXES, AttentionMetadata, GraphBucket
from dsx.engines.local.attention.torch_backend import AttentionSpec

log = logging.getLogger("dsx.engines.local")
MAX_TOKENS = 512
"""Of a pass: as many as the largest CUDA graph has."""
MAX_DIFFERENCE = 0.01
"""Most relative difference to plain operations in float32. Rounding in bf16 makes some 0.003."""
SIZES = (16, 32, 64, 128, 256)
"""Of a head: powers of 2."""
ROWS = (16, 32, 64, 128)
"""Of a tile: those that `rows_of` gives."""
HOPPER = (9, 0)
"""The compute capability of H100 and H200. The kernels were timed on an H200 alone."""
LOG2_E = math.log2(math.e)


@dataclass(frozen=True, slots=True)
class Tiles:
    """How the kernels are laid out. columns: keys of a block. stages: blocks on their way at once. warps: of a program.

    rows: queries of a tile of prefixes; 0 for as many as the queries of a prefix probably are.
    """

    columns: int = 64
    stages: int = 3
    warps: int = 4
    rows: int = 0


DEFAULT = Tiles()
chosen: list[Tiles] = []
"""The tiles that are used; none: FlashAttention serves all passes."""


def choose(tiles: Tiles | None) -> None:
    """From now on decode steps are attended by these kernels, or not."""
    chosen[:] = [] if tiles is None else [tiles]


def serves(metadata: AttentionMetadata, spec: AttentionSpec, heads: int, keys: torch.Tensor) -> bool:
    """Whether these kernels do this pass; spec has been looked at by `flash_backend.supports`."""
    few = bool(chosen) and len(metadata.input_ids) <= MAX_TOKENS and heads // keys.shape[1] <= min(SIZES)
    return few and spec.sinks is None and keys.shape[2] in SIZES


def rows_of(num_tokens: int, num_prefixes: int, group: int) -> int:
    """Queries of a tile: a power of 2, as many as a prefix's sequences probably have. More are read in turns."""
    prefixes = min(num_prefixes, FEW_PREFIXES // 2 if num_prefixes <= FEW_PREFIXES + 1 else 2 * FEW_PREFIXES)
    return min(ROWS[-1], max(ROWS[0], 1 << math.ceil(math.log2(max(num_tokens * group / prefixes, 1)))))


def attend(
    metadata: AttentionMetadata,
    query: torch.Tensor,
    keys: torch.Tensor,
    values: torch.Tensor,
    spec: AttentionSpec,
    tiles: Tiles | None = None,
) -> torch.Tensor:
    """query [1, H, N, D], keys and values [slots, K, D] → [N, H, D], in the type of the query."""
    from dsx.engines.local.attention import decode_kernels

    heads, count, size = query.shape[1:]
    key_heads, splits, tiles = keys.shape[1], metadata.num_splits, tiles or (chosen or [DEFAULT])[0]
    group, entries = heads // key_heads, len(metadata.prefix_key_counts)
    query = query if query.stride(3) == 1 else query.contiguous()
    parts = query.new_empty(splits * count, heads, size, dtype=torch.float32)
    sums = query.new_empty(splits * count, heads, dtype=torch.float32)
    output = query.new_empty(count, heads, size)
    assert keys.stride() == values.stride()
    assert keys.stride(1) == size
    strides = query.stride(1), query.stride(2), keys.stride(0)
    scale = spec.scale * LOG2_E
    fixed: dict[str, Any] = {"GROUP": group, "HEADS": heads, "SIZE": size, "COLUMNS": tiles.columns}
    rows = tiles.rows or rows_of(count, entries // splits, group)
    with torch.cuda.device_of(query):  # Triton launches on the current one
        decode_kernels.read_prefixes[entries, key_heads](
            query, keys, values, metadata.prefix_query_starts, metadata.prefix_key_starts, metadata.prefix_key_counts,
            parts, sums, scale, count, entries // splits, *strides, **fixed, ROWS=rows,
            num_warps=tiles.warps, num_stages=tiles.stages,
        )  # fmt: skip
        decode_kernels.read_tails[count, key_heads](
            query, keys, values, metadata.tail_key_starts, metadata.tail_key_counts,
            parts, sums, output, scale, count, splits, *strides, **fixed, ROWS=min(SIZES), num_warps=4, num_stages=2,
        )  # fmt: skip
    return output


def is_quicker(device: torch.device) -> bool:
    """Whether there is triton, and a GPU on which these kernels were measured to be quicker than FlashAttention."""
    if device.type != "cuda" or importlib.util.find_spec("triton") is None:
        return False
    return torch.cuda.get_device_capability(device) == HOPPER


def enable(device: torch.device, dtype: torch.dtype, heads: int, key_heads: int, size: int) -> str | None:
    """Chooses the kernels where they run and their results are right. Gives the reason where not.

    Tiles of each height are tried: all that a run can need is compiled now, and none lacks shared memory later.
    """
    choose(None)
    if device.type != "cuda":
        return f"no kernels for {device.type}"
    if size not in SIZES or heads % key_heads or heads // key_heads > min(SIZES):
        return f"no kernels for {heads} heads of size {size} on {key_heads} key heads"
    started = time.perf_counter()
    try:
        each = (replace(DEFAULT, rows=rows) for rows in ROWS)
        differences = [error(device, dtype, heads, key_heads, size, tiles) for tiles in each]
    except Exception as problem:  # whatever a compiler raises, FlashAttention does it as well
        return _first_line(problem)
    for difference in differences:
        if not difference < MAX_DIFFERENCE:
            return f"their results are {difference:.2%} off"
    log.info("Compiled and tried this package's kernels in %.0f s", time.perf_counter() - started)
    choose(DEFAULT)
    return None


def _first_line(problem: Exception) -> str:
    """What went wrong. Triton's compiler first shows the place and the source, and says what it is at the end."""
    lines = [line.strip() for line in str(problem).splitlines() if line.strip()] or ["no reason given"]
    said = lines[-1] if lines[0].startswith("at ") else lines[0]
    return f"{type(problem).__name__}: {said}"


def error(
    device: torch.device, dtype: torch.dtype, heads: int, key_heads: int, size: int, tiles: Tiles = DEFAULT
) -> float:
    """Relative difference to plain operations in float32: two prefixes, splits without keys, tails, padding tokens."""
    random = torch.Generator(device).manual_seed(0)
    shapes = ((1, heads, 8, size), (1000, key_heads, size), (1000, key_heads, size))
    query, keys, values = (torch.randn(shape, generator=random, device=device).to(dtype) for shape in shapes)
    metadata, seen = _sample(device)
    got = attend(metadata, query, keys, values, AttentionSpec(size**-0.5), tiles)[: len(seen)].float()
    expected = []
    for token, slots in enumerate(seen):
        read, asking = torch.tensor(slots, device=device), query[0, :, token].float().unflatten(0, (key_heads, -1))
        scores = torch.einsum("kgd,skd->kgs", asking, keys[read].float()) * size**-0.5
        expected.append(torch.einsum("kgs,skd->kgd", scores.softmax(-1), values[read].float()).flatten(0, 1))
    wanted = torch.stack(expected)
    return float((got - wanted).norm() / wanted.norm())


def _sample(device: torch.device) -> tuple[AttentionMetadata, list[list[int]]]:
    """Six tokens on prefixes of 700 and 5 slots in 8 splits, and two of padding; which slots each of the six reads."""
    prefixes, tokens, splits = ((10, 700, 0, 4), (720, 5, 4, 6)), (3, 1, 130, 64, 2, 1), 8
    bucket = GraphBucket(8, 8, 3, splits)
    query_starts, key_starts, key_counts = [], [], []
    for split in range(splits):
        for start, length, first, _ in (*prefixes, (0, 0, 6, 8)):
            size = -(-length // splits)
            offset = min(split * size, length)
            query_starts.append(split * 8 + first)
            key_starts.append(start + offset)
            key_counts.append(min(size, length - offset))
    tails = [740, 745, 750, 881, 950, 953]
    parts = [[0] * 8] * 4
    parts += [
        list(range(9)),
        [*tails, 0, 0, 0],
        [*tokens, 0, 0],
        [*query_starts, splits * 8],
        [*key_starts, 0],
        key_counts,
    ]
    packed = torch.tensor([number for part in parts for number in part], device=device)
    of_prefix = [prefixes[0]] * 4 + [prefixes[1]] * 2
    seen = [
        [*range(start, start + length), *range(tail, tail + count)]
        for (start, length, _, _), tail, count in zip(of_prefix, tails, tokens, strict=True)
    ]
    return AttentionMetadata.unpack(packed, bucket, 4), seen

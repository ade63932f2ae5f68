"""A decode step of Qwen3-32B's shape, random weights, line by line: which kernels it is, and how long nothing runs.

Attention by FlashAttention and by this package's own kernels (`triton_backend`), in one process: each layer's attention
alone, whole steps by the loop itself (masks and Python included), and the kernels of ten steps by torch's profiler.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from typing import Any

import decode
import llguidance
import torch

from dsx.engines.local.attention import flash_backend, triton_backend
from dsx.engines.local.attention.interface import attend
from dsx.engines.local.attention.kv_cache import CachedPrefix, KVCache
from dsx.engines.local.attention.model_runner import ModelRunner
from dsx.engines.local.attention.packing import ForwardBatch, PrefixGroup
from dsx.engines.local.attention.torch_backend import AttentionSpec
from dsx.engines.local.attention.triton_backend import Tiles
from dsx.engines.local.fused import fuse
from dsx.engines.local.prefix_cache import layer_shapes

TRIED = Tiles(64, 3, 4), Tiles(128, 2, 4), Tiles(128, 3, 8), Tiles(64, 4, 8)
KINDS = {
    "attention": r"flash|read_prefixes|read_tails",
    "matrix products": r"nvjet|gemm|cutlass|splitK|gemv",
    "fused": r"^triton_",
    "copies": r"(?i)memcpy|memset",
    "sampling and other small kernels": "",
}
Say = Callable[..., None]


def measure(layers: int, say: Say) -> None:
    """All of it."""
    device = torch.device("cuda:0")
    model, words = decode.make_model(layers, 1), llguidance.LLTokenizer(llguidance.TokenizerWrapper(decode.Alphabet()))
    with torch.inference_mode():
        say(
            part="not fused",
            reason=fuse(model, flash_backend.merge),
            flash=flash_backend.unavailable_reason(device, torch.bfloat16),
        )
        kv_cache = KVCache(layer_shapes(model), 18 * 10_000 + 54 * 400 + 1000)
        prefixes = decode.random_prefixes(kv_cache, 18, 10_000)
        best = attention_alone(kv_cache, prefixes, say)
        for name, tiles in (("flash", None), ("own kernels", best)):
            if name != "flash" and tiles is None:
                continue
            triton_backend.choose(tiles)
            said: list[str] = []
            runner = ModelRunner(model, kv_cache, said.append)
            for rows, count in ((54, 18), (1, 1), (18, 6)):
                figures = decode.time_steps(runner, words, prefixes[:count], rows)
                say(part="step", attention=name, **figures, said=said)
                if rows == 54:
                    profile(runner, words, prefixes[:count], rows, figures["ms_step"], say, name)
            runner.forget_graphs()


def attention_alone(kv_cache: KVCache, prefixes: Sequence[CachedPrefix], say: Say) -> Tiles | None:
    """µs a layer, of FlashAttention and of each layout of our own; gives the quickest at 54 rows that is right."""
    best: tuple[float, Tiles] | None = None
    for tiles in (None, *TRIED):
        triton_backend.choose(tiles)
        line: dict[str, Any] = {"tiles": None if tiles is None else repr(tiles)}
        try:
            if tiles is not None:
                line["error"] = triton_backend.error(kv_cache.keys[0].device, torch.bfloat16, 64, 8, 128, tiles)
            else:
                line["error"] = decode.check_attention("cuda:0")
            line["us_54"], line["us_1"] = (time_attention(kv_cache, prefixes, rows) for rows in (54, 1))
            line["us_256"] = time_attention(kv_cache, prefixes, 252)
            right = tiles is not None and line["error"] < triton_backend.MAX_DIFFERENCE
            if tiles is not None and right and (best is None or line["us_54"] < best[0]):
                best = line["us_54"], tiles
        except Exception as problem:
            line["problem"] = f"{type(problem).__name__}: {str(problem)[:300]}"
        say(part="attention of one layer", **line)
    return None if best is None else best[1]


def time_attention(kv_cache: KVCache, prefixes: Sequence[CachedPrefix], rows: int) -> float:
    """By a CUDA graph over all layers, so that nothing is still in the cache of the chip."""
    used = prefixes[: min(rows, len(prefixes))]
    each, device = rows // len(used), kv_cache.keys[0].device
    slots = [kv_cache.allocate(256, from_top=True) for _ in range(rows)] if rows <= 54 else []
    starts = [slot.start for slot in slots] or [prefixes[-1].slots.start] * rows
    groups = [PrefixGroup(prefix, each * at, each * at + each) for at, prefix in enumerate(used)]
    batch = ForwardBatch(kv_cache, [5] * rows, starts, [220] * rows, [1] * rows, groups, use_flash=True)
    query = torch.randn(1, rows, 64, 128, device=device).bfloat16().transpose(1, 2)
    key, value = (torch.randn(1, rows, 8, 128, device=device).bfloat16().transpose(1, 2) for _ in range(2))

    def layers() -> None:
        for layer in range(len(kv_cache.keys)):
            attend(batch, layer, query, key, value, AttentionSpec(128**-0.5))

    layers()
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        layers()
    graph.replay()
    torch.cuda.synchronize()
    started = time.perf_counter()
    for _ in range(5):
        graph.replay()
    torch.cuda.synchronize()
    for slot in slots:
        kv_cache.free(slot)
    return round((time.perf_counter() - started) / 5 / len(kv_cache.keys) * 1e6, 1)


def profile(
    runner: ModelRunner, words: Any, prefixes: Sequence[CachedPrefix], rows: int, ms_step: float, say: Say, name: str
) -> None:
    """Ten steps of the loop: GPU milliseconds a step by kernel and by kind, and how long of a step nothing runs."""
    from torch.profiler import ProfilerActivity
    from torch.profiler import profile as profiled

    seen = profiled(activities=[ProfilerActivity.CUDA])
    steps, forward = iter(range(10_000)), runner.forward

    def watched(*given: Any) -> Any:
        at = next(steps)
        if at in (30, 40):
            torch.cuda.synchronize()
            (seen.start if at == 30 else seen.stop)()
        return forward(*given)

    runner.forward = watched  # type: ignore[method-assign]
    try:
        decode.time_steps(runner, words, prefixes, rows)
    finally:
        runner.forward = forward  # type: ignore[method-assign]
    events = sorted(seen.key_averages(), key=lambda event: -event.device_time_total)
    kinds = dict.fromkeys(KINDS, 0.0)
    for event in events:
        kinds[next(kind for kind, names in KINDS.items() if re.search(names, event.key))] += (
            event.device_time_total / 1e4
        )
    kinds = {kind: round(spent, 2) for kind, spent in kinds.items()}
    idle = round(ms_step - sum(kinds.values()), 2)
    say(part="kernels of a step", attention=name, rows=rows, ms_step=ms_step, ms_of=kinds, ms_idle=idle)
    table = [[event.key[:70], event.count / 10, round(event.device_time_total / 1e4, 3)] for event in events[:40]]
    say(part="kernel table: name, launches, ms a step", attention=name, rows=rows, kernels=table)

"""Reading a text with Qwen3-32B's shape, random weights: by each attention, whole and one layer's kernels alone.

Each line stands by itself: what fails says so in `problem`, and the next is measured all the same.
"""

from __future__ import annotations

import functools
import itertools
import time
from collections.abc import Callable, Sequence
from typing import Any

import decode
import torch

from dsx.engines.local.attention import flash4, flash_backend
from dsx.engines.local.attention.kv_cache import KVCache
from dsx.engines.local.attention.packing import VarlenIndices
from dsx.engines.local.load_model import try_attention
from dsx.engines.local.memory import EAGER_CHUNK, GPU_CHUNK
from dsx.engines.local.prefix_cache import layer_shapes, prefill

DEVICE = "cuda:0"
HEADS, KEY_HEADS, SIZE = 64, 8, 128
FIRST = 2048, 8192, 10_240
"""Tokens of a text with no keys before it."""
LATER = (2304, 8192), (8192, 8192), (8192, 1437)
"""Tokens of a chunk, and before it. cuDNN's causal mask does not serve these. A run's chunks are of this kind, for its
texts go on from the cached instructions and examples."""
REPEATS = 10
QUESTION_TOKENS, TEXTS = 4096, [10_000, 11_000, 9_000, 10_500]
"""Of the questions of a pass, and of the texts that they are about."""
FLASH, FLASH4, CUDNN = "flash_attention_2", "flash_attention_4", "cudnn"
EACH = "sdpa", FLASH, FLASH4, "eager"
Say = Callable[..., None]


def whole(layers: int, lengths: Sequence[int], say: Say) -> None:
    """Seconds by each attention, and how far the last layer's values differ from sdpa's."""
    model = decode.make_model(layers, 1)
    kv_cache = KVCache(layer_shapes(model), 2 * max(lengths) + 2)
    for length in lengths:
        tokens, kept = torch.randint(1000, 100_000, (length,)).tolist(), None
        for name in EACH:
            line: dict[str, Any] = {"attention": name, "tokens": length, "layers": layers}
            try:
                try_attention(name, DEVICE, torch.bfloat16)
                model.set_attn_implementation(name)
                with torch.inference_mode():
                    values = timed(model, kv_cache, tokens, EAGER_CHUNK if name == "eager" else GPU_CHUNK, line)
                kept = values if name == "sdpa" else kept
                if kept is not None:
                    line["difference_to_sdpa"] = float((values - kept).norm() / kept.norm())
            except Exception as problem:
                line["problem"] = first_line(problem)
            say(part="attention", **line)


def timed(model: Any, kv_cache: KVCache, tokens: list[int], chunk_tokens: int, line: dict[str, Any]) -> torch.Tensor:
    """The last layer's values. The line gets the seconds of the first time, when kernels are planned, and after."""
    values = torch.empty(0)
    for name in ("first_seconds", "seconds"):
        torch.cuda.synchronize()
        started = time.perf_counter()
        prefix = prefill(model, kv_cache, tokens, chunk_tokens=chunk_tokens)
        torch.cuda.synchronize()
        line[name] = time.perf_counter() - started
        values = kv_cache.values[-1][prefix.slots.first(len(tokens))].float()
        kv_cache.free(prefix.slots)
    return values


def kernels(say: Say) -> None:
    """Milliseconds of one layer's attention to a text or chunk, and how far cuDNN's differs from FlashAttention 2's."""
    versions = {"torch": torch.__version__, "cudnn": torch.backends.cudnn.version()}
    say(part="prefill_kernels", **versions, card=torch.cuda.get_device_name(DEVICE))
    with torch.inference_mode():
        questions(say)
        for count in FIRST:
            compared(count, 0, (FLASH, FLASH4, CUDNN), say)
        for count, earlier in LATER:
            compared(count, earlier, (FLASH, FLASH4), say)


def questions(say: Say) -> None:
    """Milliseconds of one layer's attention of whole questions to their texts, by both kernels for entries anywhere."""
    random = torch.Generator(DEVICE).manual_seed(0)
    count, group, texts = QUESTION_TOKENS, HEADS // KEY_HEADS, len(TEXTS)
    shapes = (count * group, KEY_HEADS, SIZE), *[(sum(TEXTS), KEY_HEADS, SIZE)] * 2
    states = [torch.randn(shape, generator=random, device=DEVICE).to(torch.bfloat16) for shape in shapes]
    starts = [0, *itertools.accumulate(TEXTS)]
    numbers = [at * count * group // texts for at in range(texts + 1)], [*reversed(starts[:-1]), 0], TEXTS[::-1]
    indices = VarlenIndices(*(torch.tensor(part, dtype=torch.int32, device=DEVICE) for part in numbers))
    first = None
    for name, kernel in ((FLASH, flash_backend.flash_varlen), (FLASH4, flash4.varlen)):
        line: dict[str, Any] = {"attention": name, "tokens": count, "texts": texts}
        try:
            line["wrong"] = flash_backend.problem_of(kernel, torch.device(DEVICE), torch.bfloat16, SIZE)
            call = functools.partial(kernel, *states, indices, count * group // texts, SIZE**-0.5)
            output, sums = call()
            first = first or (output.float(), sums)
            line["relative"] = float((output.float() - first[0]).norm() / first[0].norm())
            line["sums_apart"] = float((sums - first[1]).abs().max())
            line["ms"] = milliseconds(call)
        except Exception as problem:
            line["problem"] = first_line(problem)
        say(part="questions", **line)


def compared(count: int, earlier: int, names: Sequence[str], say: Say) -> None:
    """Milliseconds of each, and how far the others' results differ from the first one's."""
    first, *others = [(name, attended(name, count, earlier, say)) for name in names]
    for name, other in others:
        if first[1] is not None and other is not None:
            difference = (first[1].float() - other.float()).norm() / first[1].float().norm()
            line = {"attention": name, "tokens": count, "before": earlier, "relative": float(difference)}
            say(part="prefill_kernels", **line)


def attended(name: str, count: int, earlier: int, say: Say) -> torch.Tensor | None:
    """[1, N, H, D] by this kernel, of random states that are the same for both; None where it fails."""
    random = torch.Generator(DEVICE).manual_seed(0)
    shapes = (1, count, HEADS, SIZE), *[(1, KEY_HEADS, earlier + count, SIZE)] * 2
    query, keys, values = (torch.randn(shape, generator=random, device=DEVICE).to(torch.bfloat16) for shape in shapes)
    attend = {FLASH: by_flash, FLASH4: by_flash4, CUDNN: by_cudnn}[name]
    line: dict[str, Any] = {"attention": name, "tokens": count, "before": earlier}
    result = None
    try:
        started = time.perf_counter()
        result = attend(query, keys, values)
        torch.cuda.synchronize()
        line["first_ms"] = (time.perf_counter() - started) * 1e3
        line["ms"] = milliseconds(lambda: attend(query, keys, values))
        pairs = count * earlier + count * (count + 1) / 2
        line["tflops"] = 4 * pairs * HEADS * SIZE / line["ms"] / 1e9
    except Exception as problem:
        line["problem"] = first_line(problem)
    say(part="prefill_kernels", **line)
    return result


def by_flash(query: torch.Tensor, keys: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
    """query [1, N, H, D], keys and values [1, K, T, D] → [1, N, H, D]. The last query sees the last key."""
    from flash_attn import flash_attn_func

    read = (tensor.transpose(1, 2) for tensor in (keys, values))
    result: torch.Tensor = flash_attn_func(query, *read, softmax_scale=SIZE**-0.5, causal=True)
    return result


def by_flash4(query: torch.Tensor, keys: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
    """The same."""
    from flash_attn.cute import flash_attn_func

    read = (tensor.transpose(1, 2) for tensor in (keys, values))
    result: torch.Tensor
    result, *_ = flash_attn_func(query, *read, softmax_scale=SIZE**-0.5, causal=True)
    return result


def by_cudnn(query: torch.Tensor, keys: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
    """The same where no keys come before. Key heads that query heads share are not copied."""
    result: torch.Tensor
    result, *_ = torch.ops.aten._scaled_dot_product_cudnn_attention(
        query.transpose(1, 2), keys, values, None, True, 0.0, True, False, scale=SIZE**-0.5
    )
    return result.transpose(1, 2)


def milliseconds(call: Callable[[], object]) -> float:
    """Of one call, by the GPU's clock."""
    begun, ended = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    call()
    begun.record()
    for _ in range(REPEATS):
        call()
    ended.record()
    torch.cuda.synchronize()
    elapsed: float = begun.elapsed_time(ended)
    return elapsed / REPEATS


def first_line(problem: Exception) -> str:
    """Of what it says."""
    return f"{type(problem).__name__}: {(str(problem).strip().splitlines() or [''])[0]}"[:300]

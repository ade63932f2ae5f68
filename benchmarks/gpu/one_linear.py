"""A layer's matrix products in bf16 and in 8 bits of floating point (e4m3), by the rows that are read at once.

    python benchmarks/gpu/one_linear.py

The weights are Qwen3-32B's shapes, drawn, with a scale a row; each row of the input has its own, found when it is read
(a Triton kernel, or torchao's plain operations where torchao is installed). Seconds of all of a layer's products: the
GPU's own, from replays of a CUDA graph. One line of JSON for each number of rows; difference: of results, relative.
"""

from __future__ import annotations

import json
from collections.abc import Callable

import torch
import triton
import triton.language as tl

SHAPES = {"qkv": (10_240, 5120), "out": (5120, 8192), "gate and up": (51_200, 5120), "down": (5120, 25_600)}
"""Rows and columns of the weights of a layer."""
ROWS = (1, 16, 54, 256, 2048, 8192, 16_384)
LARGEST = 448.0
"""Of e4m3."""


@triton.jit
def _rounded(values, rounded, scales, columns, largest: tl.constexpr, block: tl.constexpr):  # type: ignore[no-untyped-def]
    row, most = tl.program_id(0).to(tl.int64), 0.0
    for start in range(0, columns, block):
        at = start + tl.arange(0, block)
        part = tl.load(values + row * columns + at, mask=at < columns, other=0.0).to(tl.float32)
        most = tl.maximum(most, tl.max(tl.abs(part)))
    scale = tl.maximum(most / largest, 1e-12)
    tl.store(scales + row, scale)
    for start in range(0, columns, block):
        at = start + tl.arange(0, block)
        part = tl.load(values + row * columns + at, mask=at < columns, other=0.0).to(tl.float32)
        tl.store(rounded + row * columns + at, (part / scale).to(tl.float8e4nv), mask=at < columns)


def rounded(values: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """values: [rows, columns]. Gives them in e4m3 and their scales, [rows, 1]."""
    rows, columns = values.shape
    out = torch.empty_like(values, dtype=torch.float8_e4m3fn)
    scales = values.new_empty(rows, 1, dtype=torch.float32)
    _rounded[(rows,)](values, out, scales, columns, LARGEST, min(triton.next_power_of_2(columns), 8192), num_warps=8)
    return out, scales


def in_eight_bits(weight: torch.Tensor) -> Callable[[torch.Tensor], torch.Tensor]:
    """The product with a weight that is rounded once."""
    stored, scale = rounded(weight)

    def product(rows: torch.Tensor) -> torch.Tensor:
        read, scales = rounded(rows)
        out: torch.Tensor = torch._scaled_mm(read, stored.t(), scales, scale.t(), out_dtype=torch.bfloat16)
        return out

    return product


def by_torchao(weight: torch.Tensor) -> Callable[[torch.Tensor], torch.Tensor] | None:
    """The same by torchao. None where it is not installed."""
    try:
        from torchao.quantization import Float8DynamicActivationFloat8WeightConfig, PerRow, quantize_
    except ImportError:
        return None
    linear = torch.nn.Linear(weight.shape[1], weight.shape[0], bias=False, device="meta")
    linear.weight = torch.nn.Parameter(weight.clone(), requires_grad=False)
    quantize_(linear, Float8DynamicActivationFloat8WeightConfig(granularity=PerRow()))
    return linear


def seconds_of(call: Callable[[], object], times: int = 20) -> float:
    """Of one call, by replays of its CUDA graph."""
    call()
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        call()
    graph.replay()
    begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
    begin.record()
    for _ in range(times):
        graph.replay()
    end.record()
    torch.cuda.synchronize()
    return begin.elapsed_time(end) / times / 1e3


@torch.inference_mode()
def main() -> None:
    """All rows."""
    torch.manual_seed(0)
    for rows in ROWS:
        sums, difference = dict.fromkeys(("bf16", "e4m3", "torchao"), 0.0), 0.0
        for out, columns in SHAPES.values():
            weight = torch.randn(out, columns, device="cuda", dtype=torch.bfloat16) * 0.02
            read = torch.randn(rows, columns, device="cuda", dtype=torch.bfloat16)
            ways = {"bf16": lambda x, w=weight: x @ w.t(), "e4m3": in_eight_bits(weight), "torchao": by_torchao(weight)}
            exact = ways["bf16"](read).float()
            difference = max(difference, float((ways["e4m3"](read).float() - exact).norm() / exact.norm()))
            del exact
            for name, way in ways.items():
                if way is not None:
                    sums[name] += seconds_of(lambda way=way, read=read: way(read), 20 if rows < 2048 else 5)
            torch.cuda.empty_cache()
        seconds = {name: value or None for name, value in sums.items()}
        print(json.dumps({"rows": rows, **seconds, "difference": difference}), flush=True)


if __name__ == "__main__":
    main()

"""The model's passes with each layer split over the cards (transformers' tp_plan), by this package's own runner.

    torchrun --nproc-per-node 2 benchmarks/gpu/tensor_parallel.py SHAPE [--rows 54] [--prefixes 18] [--tokens 10000]
    torchrun --nproc-per-node 2 benchmarks/gpu/tensor_parallel.py FOLDER --check

SHAPE: a shape of `dsx bench`, with random weights; or a folder, with random weights if it holds none. Every process
runs the same passes on its part of each layer, and all have the logits. Prints one line of JSON: seconds of a prefill
of 8,192 tokens, milliseconds a decode step, bytes a card.
--check: of a model's folder, in float32, the relative difference of the logits to those of one process. That works on
the CPU too, with gloo. NCCL's multicast is switched off by NCCL_NVLS_ENABLE=0.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import torch
import torch.distributed
from transformers import MODEL_FOR_CAUSAL_LM_MAPPING, AutoConfig, AutoModelForCausalLM
from transformers.distributed import DistributedConfig

from dsx.engines.local.attention.kv_cache import KVCache
from dsx.engines.local.attention.model_runner import ModelRunner
from dsx.engines.local.attention.packing import PrefixGroup
from dsx.engines.local.prefix_cache import layer_shapes, prefill
from dsx.engines.local.shapes import write_shape

STEPS = 30


def load(model: str, dtype: torch.dtype) -> Any:
    """The part of the model that this process has."""
    split: dict[str, Any] = {"distributed_config": DistributedConfig(tp_plan="auto"), "attn_implementation": "sdpa"}
    if Path(model).is_dir():
        if list(Path(model).glob("*.safetensors")):
            return AutoModelForCausalLM.from_pretrained(model, dtype=dtype, **split)
        config = AutoConfig.from_pretrained(model)
    else:
        with tempfile.TemporaryDirectory() as folder:
            write_shape(model, Path(folder))
            config = AutoConfig.from_pretrained(folder)
    kind = MODEL_FOR_CAUSAL_LM_MAPPING[type(config)]
    torch.manual_seed(0)
    return kind.from_pretrained(None, config=config, state_dict={}, dtype=dtype, **split)


def logits(model: Any) -> torch.Tensor:
    """Of three sequences on one prefix, by the runner."""
    tokens = [at * 7 % 200 + 3 for at in range(48)]
    kv_cache = KVCache(layer_shapes(model), 256)
    prefix = prefill(model, kv_cache, tokens[:32])
    tails = [kv_cache.allocate(16) for _ in range(3)]
    runner = ModelRunner(model, kv_cache, use_graphs=False)
    with runner:
        return runner.forward(
            [tokens[32 : 40 + at] for at in range(3)],
            [tail.start for tail in tails],
            [0] * 3,
            [PrefixGroup(prefix, 0, 3)],
        )


def check(model: str) -> dict[str, Any]:
    """The difference to one process's logits, relative to their norm; and the key heads that this process has."""
    part = load(model, torch.float32).eval()
    parallel = logits(part)
    alone = AutoModelForCausalLM.from_pretrained(model, dtype=torch.float32, attn_implementation="sdpa").eval()
    expected = logits(alone.to(parallel.device))
    difference = float((parallel - expected).norm() / expected.norm())
    return {"difference": difference, "key_heads": layer_shapes(part)[0].heads, "of": layer_shapes(alone)[0].heads}


def wait() -> None:
    """Until the GPU, if there is one, has done what it was given."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def speed(model: str, rows: int, prefixes: int, tokens: int) -> dict[str, Any]:
    """Of random keys and values, as decode passes find them."""
    loaded = load(model, torch.bfloat16).eval()
    layers = layer_shapes(loaded)
    kv_cache = KVCache(layers, prefixes * (tokens + 1) + rows * 256 + 8193)
    seconds = []
    for _ in range(3):
        wait()
        started = time.perf_counter()
        prefix = prefill(loaded, kv_cache, [at % 1000 for at in range(8192)], chunk_tokens=8192)
        wait()
        seconds.append(time.perf_counter() - started)
        kv_cache.free(prefix.slots)
    texts = [prefill(loaded, kv_cache, [at + 5] * tokens, chunk_tokens=8192) for at in range(prefixes)]
    tails = [kv_cache.allocate(256, from_top=True) for _ in range(rows)]
    ends = [rows * (at + 1) // prefixes for at in range(prefixes)]
    groups = [PrefixGroup(text, start, end) for text, start, end in zip(texts, [0, *ends], ends, strict=False)]
    runner, steps = ModelRunner(loaded, kv_cache, report=print), []
    with runner:
        for step in range(STEPS):
            wait()
            started = time.perf_counter()
            runner.forward([[7]] * rows, [tail.start for tail in tails], [step] * rows, groups)
            wait()
            steps.append(1e3 * (time.perf_counter() - started))
    return {
        "prefill_8192_s": min(seconds),
        "ms_step": statistics.median(steps[STEPS // 2 :]),
        "graphs": len(runner.captured_graphs),
        "peak_bytes": torch.cuda.max_memory_allocated() if torch.cuda.is_available() else None,
    }


def main() -> int:
    """See the module's docstring."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--rows", type=int, default=54)
    parser.add_argument("--prefixes", type=int, default=18)
    parser.add_argument("--tokens", type=int, default=10_000)
    options = parser.parse_args()
    if options.check:
        figures = check(options.model)
    else:
        figures = speed(options.model, options.rows, options.prefixes, options.tokens)
    if int(os.environ.get("RANK", "0")) == 0:
        cards = torch.distributed.get_world_size() if torch.distributed.is_initialized() else 1
        print(json.dumps({"cards": cards, **vars(options), **figures}), flush=True)
    return int(options.check and figures["difference"] > 1e-4)


if __name__ == "__main__":
    sys.exit(main())

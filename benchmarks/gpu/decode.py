"""The decode loop on a GPU, with Qwen3-32B's shape and random weights: prefill, milliseconds a step, peak memory.

    python benchmarks/gpu/decode.py [--layers 64] [--cards 1] [--out decode.json]

Needs one GPU of 141 GB, or two of 80, for all 64 layers and 18 prefixes of 10,000 tokens. The vocabulary is made up:
151,936 tokens of which the grammar uses the single letters and digits. The grammar is a long free string, so that no
sequence ends. What is timed is `dsx.engines.local.generate.DecodeLoop` itself, masks and Python included, by
CUDA graphs, with small operations fused and not.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections import abc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import llguidance
import torch
from accelerate import dispatch_model
from transformers import AutoModelForCausalLM, Qwen3Config
from transformers.utils import is_flash_attn_2_available

from dsx.engines.local.attention import flash_backend
from dsx.engines.local.attention.interface import attend
from dsx.engines.local.attention.kv_cache import CachedPrefix, KVCache, LayerShape
from dsx.engines.local.attention.model_runner import ModelRunner
from dsx.engines.local.attention.packing import ForwardBatch, PrefixGroup
from dsx.engines.local.attention.torch_backend import AttentionSpec
from dsx.engines.local.fused import fuse
from dsx.engines.local.generate import DecodeLoop
from dsx.engines.local.prefix_cache import layer_shapes, prefill
from dsx.engines.local.sequence import Sequence

VOCABULARY = 151_936
GRAMMAR = 'start: /[a-z0-9 ]{2000,4000}/ "."'


class Alphabet:
    """A vocabulary of bytes, and names nobody writes for the rest."""

    def __init__(self) -> None:
        self.eos_token_id = self.bos_token_id = 0
        self.special_token_ids = list(range(300))
        names = [f"<|{n}|>".encode() for n in range(300)] + [bytes([n]) for n in range(256)]
        self.tokens = names + [f"~{n}".encode() for n in range(len(names), VOCABULARY)]

    def __call__(self, text: str | bytes) -> list[int]:
        return [300 + byte for byte in (text.encode() if isinstance(text, str) else text)]


def make_model(layers: int, cards: int) -> Any:
    """Random weights in bf16, made on the device, or layer by layer on several as `device_map="auto"` has them."""
    config = Qwen3Config(
        vocab_size=VOCABULARY,
        hidden_size=5120,
        intermediate_size=25600,
        num_hidden_layers=layers,
        num_attention_heads=64,
        num_key_value_heads=8,
        head_dim=128,
        max_position_embeddings=40960,
        tie_word_embeddings=False,
        dtype=torch.bfloat16,
    )
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config, attn_implementation="sdpa", dtype=torch.bfloat16)
    last = cards - 1
    places: dict[str, int] = {"model.embed_tokens": 0, "model.rotary_emb": 0, "model.norm": last, "lm_head": last}
    places |= {f"model.layers.{at}": at * cards // layers for at in range(layers)}
    for name, card in places.items():
        model.get_submodule(name).to_empty(device=f"cuda:{card}")
    with torch.no_grad():
        for name, weight in model.named_parameters():
            weight.fill_(1.0) if "norm" in name else weight.normal_(0, 0.02)
    for module in model.modules():
        if hasattr(module, "inv_freq"):
            steps = torch.arange(0, 128, 2, dtype=torch.float32, device="cuda:0") / 128
            module.inv_freq = module.original_inv_freq = 1.0 / 10_000**steps
    return (model if cards == 1 else dispatch_model(model, places)).eval()


def random_prefixes(kv_cache: KVCache, count: int, length: int) -> list[CachedPrefix]:
    """Keys and values as a prefill would leave them, drawn at random."""
    made = [CachedPrefix(length, kv_cache.allocate(length)) for _ in range(count)]
    for prefix in made:
        for kept in (*kv_cache.keys, *kv_cache.values):
            kept[prefix.slots.first(length)].normal_()
    return made


def time_prefill(model: Any, kv_cache: KVCache, length: int, chunk: int, begun: int = 0) -> float:
    """Seconds, median of three after one to warm up. begun: tokens that are there already, as the questions' rules."""
    tokens = torch.randint(1000, VOCABULARY, (length,)).tolist()
    start = prefill(model, kv_cache, tokens[:begun], chunk_tokens=chunk) if begun else None
    seconds = []
    for _ in range(4):
        torch.cuda.synchronize()
        started = time.perf_counter()
        made = prefill(model, kv_cache, tokens, start, chunk_tokens=chunk)
        torch.cuda.synchronize()
        seconds.append(time.perf_counter() - started)
        kv_cache.free(made.slots)
    if start is not None:
        kv_cache.free(start.slots)
    return round(statistics.median(seconds[1:]), 3)


def gigabytes(count: Callable[[int], int]) -> float:
    """Of all cards."""
    return round(sum(map(count, range(torch.cuda.device_count()))) / 1e9, 1)


def time_steps(
    runner: ModelRunner, words: Any, prefixes: abc.Sequence[CachedPrefix], sequences: int, cap: int = 60
) -> dict[str, Any]:
    """Milliseconds a step over whole runs of the loop, the first pass (the questions) apart; masks, choice and all."""
    by_token = {(at,): prefix for at, prefix in enumerate(prefixes)}
    matcher = llguidance.LLMatcher(words, llguidance.LLMatcher.grammar_from_lark(GRAMMAR))
    assert not matcher.is_error(), matcher.get_error()
    for card in range(torch.cuda.device_count()):
        torch.cuda.reset_peak_memory_stats(card)
    loop = DecodeLoop(runner, VOCABULARY, [0], lambda tokens: (by_token[tuple(tokens)], 0), sequences)
    steps: list[float] = []
    step = loop.step

    def timed(*given: Any) -> None:
        torch.cuda.synchronize()
        started = time.perf_counter()
        step(*given)
        torch.cuda.synchronize()
        steps.append((time.perf_counter() - started) * 1e3)

    loop.step = timed  # type: ignore[method-assign]
    asked = [
        Sequence(str(at), (at % len(prefixes),), torch.randint(1000, VOCABULARY, (200,)).tolist(), matcher, cap)
        for at in range(sequences)
    ]
    done = list(loop.run(asked))
    assert {sequence.error for sequence in done} == {None}
    return {
        "rows": sequences,
        "prefixes": len(prefixes),
        "ms_questions": round(steps[0], 1),
        "ms_step": round(statistics.median(steps[6:]), 2),
        "ms_slowest_steps": [round(each, 1) for each in sorted(steps[1:])[-3:]],
        "ms_grammar_and_choice": round(sum(sequence.ms_grammar for sequence in done) / len(steps), 2),
        "peak_gb": gigabytes(torch.cuda.max_memory_allocated),
    }


def check_attention(device: str) -> float:
    """Relative error of the shared-prefix attention in bf16 against float64, over sequences of two prefixes."""
    torch.manual_seed(0)
    kv_cache = KVCache([LayerShape(8, 128, 128, torch.bfloat16, torch.device(device))], 2000)
    for kept in (*kv_cache.keys, *kv_cache.values):
        kept.normal_()
    prefixes = [CachedPrefix(n, kv_cache.allocate(n)) for n in (700, 512)]
    seen, counts = [20, 5, 9, 0], [1, 3, 2, 4]
    starts = [kv_cache.allocate(64, from_top=True).start for _ in seen]
    query = torch.randn(1, 64, sum(counts), 128, device=device).bfloat16()
    key, value = (torch.randn(1, 8, sum(counts), 128, device=device).bfloat16() for _ in range(2))
    groups = [PrefixGroup(prefixes[0], 0, 2), PrefixGroup(prefixes[1], 2, 4)]
    step = ForwardBatch(kv_cache, [0] * sum(counts), starts, seen, counts, groups, use_flash=True)
    got, wanted, at = attend(step, 0, query, key, value, AttentionSpec(128**-0.5))[0], [], 0
    for sequence, count in enumerate(counts):
        here, own = prefixes[sequence // 2].slots.first(prefixes[sequence // 2].length), starts[sequence]
        keys, values = (
            torch.cat([kept[0][here], kept[0][own : own + seen[sequence] + count]]).double().repeat_interleave(8, 1)
            for kept in (kv_cache.keys, kv_cache.values)
        )
        scores = torch.einsum("hqd,khd->hqk", query[0, :, at : at + count].double(), keys) * 128**-0.5
        sees = torch.ones(count, len(keys), dtype=torch.bool, device=device).tril(len(keys) - count)
        wanted.append(torch.einsum("hqk,khd->qhd", scores.masked_fill(~sees, float("-inf")).softmax(-1), values))
        at += count
    reference = torch.cat(wanted)
    return float((got.double() - reference).norm() / reference.norm())


def main() -> None:
    """Prints a line a measurement and writes them all."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--layers", type=int, default=64)
    arguments.add_argument("--cards", type=int, default=1)
    arguments.add_argument("--out", type=Path, default=Path("decode.json"))
    given = arguments.parse_args()
    figures: dict[str, Any] = {"gpu": torch.cuda.get_device_name(), "cards": given.cards, "torch": torch.__version__}
    figures["layers"] = given.layers

    def note(name: str, value: Any) -> None:
        figures[name] = value
        print(name, json.dumps(value), flush=True)
        given.out.write_text(json.dumps(figures, indent=1) + "\n")

    note("kernel", flash_backend.unavailable_reason(torch.device("cuda:0"), torch.bfloat16) or "varlen")
    note("attention_relative_error", round(check_attention("cuda:0"), 5))
    model = make_model(given.layers, given.cards)
    words = llguidance.LLTokenizer(llguidance.TokenizerWrapper(Alphabet()))
    note("weights_gb", gigabytes(torch.cuda.memory_allocated))
    with torch.inference_mode():
        kv_cache = KVCache(layer_shapes(model), 18 * 10_000 + 54 * 400 + 1000)
        note("pool_gb", round(sum(kept.nbytes for kept in (*kv_cache.keys, *kv_cache.values)) / 1e9, 1))
        for attention in ("sdpa", *(["flash_attention_2"] if is_flash_attn_2_available() else [])):
            model.set_attn_implementation(attention)
            note(f"prefill_8192_s {attention}", {at: time_prefill(model, kv_cache, 8192, at) for at in (2048, 8192)})
            begun = {at: time_prefill(model, kv_cache, 8192, at, 1000) for at in (2048, 8192)}
            note(f"prefill_8192_of_which_1000_are_there_s {attention}", begun)
        model.set_attn_implementation("sdpa")
        said: list[str] = []
        prefixes = random_prefixes(kv_cache, 18, 10_000)
        for name in ("graphs", "fused, graphs"):
            if name != "graphs":
                started = time.perf_counter()
                note("not fused", fuse(model, flash_backend.merge))
                note("compile_s", round(time.perf_counter() - started, 1))
            runner = ModelRunner(model, kv_cache, said.append)
            note(f"{name}: one_row", time_steps(runner, words, prefixes[:1], 1))
            note(f"{name}: rows_18_on_6_prefixes", time_steps(runner, words, prefixes[:6], 18))
            note(f"{name}: rows_54_on_18_prefixes", time_steps(runner, words, prefixes, 54))
        note("reports", said)
        if given.cards == 1:
            profile(ModelRunner(model, kv_cache, use_graphs=False), prefixes, note)
        kv_cache.free(prefixes[-1].slots)
        for attention in ("sdpa", *(["flash_attention_2"] if is_flash_attn_2_available() else [])):
            model.set_attn_implementation(attention)
            note(f"fused, prefill_8192_s {attention}", time_prefill(model, kv_cache, 8192, 8192))


def profile(runner: ModelRunner, prefixes: abc.Sequence[CachedPrefix], note: Any) -> None:
    """GPU time of one step of 54 sequences by kernel: how much of the step is the host's."""
    from torch.profiler import ProfilerActivity
    from torch.profiler import profile as profiled

    starts = [runner.kv_cache.allocate(256, from_top=True).start for _ in range(3 * len(prefixes))]
    tokens = torch.randint(1000, VOCABULARY, (len(starts), 1)).tolist()
    groups = [PrefixGroup(prefix, 3 * at, 3 * at + 3) for at, prefix in enumerate(prefixes)]
    with runner:
        runner.forward(tokens, starts, [220] * len(starts), groups)
        torch.cuda.synchronize()
        with profiled(activities=[ProfilerActivity.CUDA]) as seen:
            runner.forward(tokens, starts, [220] * len(starts), groups)
            torch.cuda.synchronize()
    events = sorted(seen.key_averages(), key=lambda event: -event.device_time_total)
    note("gpu_ms_of_a_54_row_step", round(sum(event.device_time_total for event in events) / 1e3, 1))
    note("kernels", [[event.key[:60], event.count, round(event.device_time_total / 1e3, 2)] for event in events[:14]])


if __name__ == "__main__":
    main()

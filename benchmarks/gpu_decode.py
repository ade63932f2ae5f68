"""The decode loop on a GPU, with Qwen3-32B's shape and random weights: prefill, milliseconds a step, peak memory.

    python benchmarks/gpu_decode.py [--layers 64] [--out gpu_decode.json]

Needs one GPU of 141 GB for all 64 layers and 18 prefixes of 10,000 tokens. The vocabulary is made up: 151,936 tokens of
which the grammar uses the single letters and digits; the grammar is a long free string, so that rows do not end. What
is timed is `dsx.decode.loop.Loop` itself, masks and Python included: no CUDA graph, no compiled kernels.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import llguidance
import torch
from transformers import AutoModelForCausalLM, Qwen3Config

from dsx.decode.attention import Kind, Pass, attend, shared_prefix_attention
from dsx.decode.cache import PassThrough, Prefix, Tails, prefill
from dsx.decode.loop import Loop
from dsx.decode.row import Row

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


def make_model(layers: int, device: str) -> Any:
    """Random weights in bf16, made on the device."""
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
    model = model.to_empty(device=device)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            weight.fill_(1.0) if "norm" in name else weight.normal_(0, 0.02)
    for module in model.modules():
        if hasattr(module, "inv_freq"):
            steps = torch.arange(0, 128, 2, dtype=torch.float32, device=device) / 128
            module.inv_freq = module.original_inv_freq = 1.0 / 10_000**steps
    return model.eval()


def random_prefix(model: Any, length: int) -> Prefix:
    """Keys and values as a prefill would leave them, drawn at random."""
    shape = (8, length, 128)
    layers = model.config.num_hidden_layers
    made = [[torch.randn(shape, dtype=torch.bfloat16, device=model.device) for _ in range(layers)] for _ in range(2)]
    return Prefix(length, tuple(made[0]), tuple(made[1]))


def time_prefill(model: Any, length: int) -> float:
    """Seconds, median of three after one to warm up."""
    tokens = torch.randint(1000, VOCABULARY, (length,)).tolist()
    seconds = []
    for _ in range(4):
        torch.cuda.synchronize()
        started = time.perf_counter()
        prefill(model, tokens)
        torch.cuda.synchronize()
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds[1:])


def time_steps(model: Any, words: Any, prefixes: Sequence[Prefix], rows: int, cap: int = 40) -> dict[str, float]:
    """Milliseconds a step over whole runs of the loop, the first pass (the questions) apart."""
    by_token = {(at,): prefix for at, prefix in enumerate(prefixes)}
    matcher = llguidance.LLMatcher(words, llguidance.LLMatcher.grammar_from_lark(GRAMMAR))
    assert not matcher.is_error(), matcher.get_error()
    torch.cuda.reset_peak_memory_stats()
    loop = Loop(model, VOCABULARY, [0], lambda tokens: (by_token[tuple(tokens)], 0), rows)
    steps: list[float] = []
    step = loop._step

    def timed(*given: Any) -> None:
        torch.cuda.synchronize()
        started = time.perf_counter()
        step(*given)
        torch.cuda.synchronize()
        steps.append((time.perf_counter() - started) * 1e3)

    loop._step = timed  # type: ignore[method-assign]
    asked = [
        Row(str(at), (at % len(prefixes),), torch.randint(1000, VOCABULARY, (200,)).tolist(), matcher, cap)
        for at in range(rows)
    ]
    done = list(loop.run(asked))
    assert {row.error for row in done} == {None}
    grammar = sum(row.ms_grammar for row in done) / len(steps)
    return {
        "rows": rows,
        "prefixes": len(prefixes),
        "ms_questions": round(steps[0], 1),
        "ms_step": round(statistics.median(steps[4:]), 2),
        "ms_grammar_and_choice": round(grammar, 2),
        "peak_gb": round(torch.cuda.max_memory_allocated() / 1e9, 1),
    }


def check_attention(device: str) -> float:
    """Relative error of the shared-prefix attention in bf16 against float64, over rows of two prefixes."""
    torch.manual_seed(0)
    prefixes = [Prefix(n, *((torch.randn(8, n, 128, device=device).bfloat16(),) for _ in range(2))) for n in (700, 512)]
    tails = Tails(prefixes[0], 4, 64)
    starts, counts = [20, 5, 9, 0], [1, 3, 2, 4]
    for tensor in (tails.keys[0], tails.values[0]):
        tensor.normal_()
    old = [(tails.keys[0][s, :, :n].clone(), tails.values[0][s, :, :n].clone()) for s, n in enumerate(starts)]
    query = torch.randn(1, 64, sum(counts), 128, device=device).bfloat16()
    key, value = (torch.randn(1, 8, sum(counts), 128, device=device).bfloat16() for _ in range(2))
    step = Pass(tails, [0, 1, 2, 3], starts, counts, [(prefixes[0], 0, 2), (prefixes[1], 2, 4)])
    got, wanted, at = attend(step, 0, query, key, value, Kind(128**-0.5))[0], [], 0
    for row, count in enumerate(counts):
        here = slice(at, at + count)
        keys = torch.cat([prefixes[row // 2].keys[0], old[row][0], key[0, :, here]], 1).double().repeat_interleave(8, 0)
        values = torch.cat([prefixes[row // 2].values[0], old[row][1], value[0, :, here]], 1)
        scores = query[0, :, here].double() @ keys.transpose(1, 2) * 128**-0.5
        seen = torch.ones(count, keys.shape[1], dtype=torch.bool, device=device).tril(keys.shape[1] - count)
        weights = scores.masked_fill(~seen, float("-inf")).softmax(-1)
        wanted.append((weights @ values.double().repeat_interleave(8, 0)).transpose(0, 1))
        at += count
    reference = torch.cat(wanted)
    return float((got.double() - reference).norm() / reference.norm())


def main() -> None:
    """Prints a line a measurement and writes them all."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--layers", type=int, default=64)
    arguments.add_argument("--out", type=Path, default=Path("gpu_decode.json"))
    given = arguments.parse_args()
    figures: dict[str, Any] = {"gpu": torch.cuda.get_device_name(), "torch": torch.__version__, "layers": given.layers}

    def note(name: str, value: Any) -> None:
        figures[name] = value
        print(name, json.dumps(value), flush=True)
        given.out.write_text(json.dumps(figures, indent=1) + "\n")

    note("attention_relative_error", round(check_attention("cuda"), 5))
    model = make_model(given.layers, "cuda")
    words = llguidance.LLTokenizer(llguidance.TokenizerWrapper(Alphabet()))
    note("weights_gb", round(torch.cuda.memory_allocated() / 1e9, 1))
    with torch.inference_mode():
        note("prefill_8192_s", round(time_prefill(model, 8192), 3))
        note("one_row", time_steps(model, words, [random_prefix(model, 8192)], 1))
        torch.cuda.empty_cache()
        prefixes = [random_prefix(model, 10_000) for _ in range(18)]
        note("rows_54_on_18_prefixes", time_steps(model, words, prefixes, 54))
        note("rows_18_on_6_prefixes", time_steps(model, words, prefixes[:6], 18))
    profile(model, words, prefixes, note)


def profile(model: Any, words: Any, prefixes: Sequence[Prefix], note: Any) -> None:
    """GPU time of one step of 54 rows by kernel: how much of the step is the host's."""
    from torch.profiler import ProfilerActivity
    from torch.profiler import profile as profiled

    tails = Tails(prefixes[0], 54, 256)
    step = Pass(
        tails,
        list(range(54)),
        [220] * 54,
        [1] * 54,
        [(prefix, 3 * at, 3 * at + 3) for at, prefix in enumerate(prefixes)],
    )

    ids = torch.randint(1000, VOCABULARY, (1, 54), device="cuda")
    with torch.inference_mode(), shared_prefix_attention(model) as give:
        give(step)

        def run() -> None:
            model(
                input_ids=ids,
                position_ids=step.positions(ids.device),
                past_key_values=PassThrough(),
                use_cache=True,
                logits_to_keep=step.last(ids.device),
            )

        run()
        torch.cuda.synchronize()
        with profiled(activities=[ProfilerActivity.CUDA]) as seen:
            run()
            torch.cuda.synchronize()
    events = sorted(seen.key_averages(), key=lambda event: -event.device_time_total)
    note("gpu_ms_of_a_54_row_step", round(sum(event.device_time_total for event in events) / 1e3, 1))
    note("kernels", [[event.key[:60], event.count, round(event.device_time_total / 1e3, 2)] for event in events[:10]])


if __name__ == "__main__":
    main()

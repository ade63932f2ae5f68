"""Where the GPU's time goes at work A: seconds and launches of each kernel, and how long none ran.

    python benchmarks/gpu/profile_work.py [--shape qwen3-32b] [--papers 6] [--tokens 10000]

The papers are done twice; the second time torch.profiler records the GPU's activity alone.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import one_card
import torch
from torch.profiler import ProfilerActivity, profile

from dsx.run.threads import prepare

KERNELS = 28
"""That are shown."""


def busy(spans: Sequence[tuple[float, float]]) -> float:
    """How long at least one of the spans lasted."""
    total = end = 0.0
    for first, last in sorted(spans):
        total += max(last - max(first, end), 0.0)
        end = max(end, last)
    return total


def main() -> None:
    """See the module's docstring."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shape", default="qwen3-32b")
    parser.add_argument("--papers", type=int, default=6)
    parser.add_argument("--tokens", type=int, default=10_000)
    given = parser.parse_args()
    given = argparse.Namespace(**vars(given), engine="transformers", rows=0, dtype="auto", set=[], attention="auto")
    prepare(None)
    with tempfile.TemporaryDirectory() as name, one_card.bench(given, Path(name)) as (made, _):
        one_card.timed(made, Path(name), given.papers, given.papers)
        with profile(activities=[ProfilerActivity.CUDA]) as recorded:
            started = time.perf_counter()
            one_card.timed(made, Path(name), given.papers, given.papers)
            torch.cuda.synchronize()
            print(f"{time.perf_counter() - started:.1f} s by the clock")
    seconds, launches, spans = Counter[str](), Counter[str](), list[tuple[float, float]]()
    for event in recorded.events():
        if event.device_type.name == "CUDA":
            seconds[event.name] += event.time_range.elapsed_us() / 1e6
            launches[event.name] += 1
            spans.append((event.time_range.start / 1e6, event.time_range.end / 1e6))
    all_of_it = max(last for _, last in spans) - min(first for first, _ in spans)
    print(f"kernels of {sum(seconds.values()):.1f} s; one or more ran for {busy(spans):.1f} of {all_of_it:.1f} s")
    for name, took in seconds.most_common(KERNELS):
        print(f"{took:8.3f} s {launches[name]:7d} {name[:110]}")


if __name__ == "__main__":
    main()

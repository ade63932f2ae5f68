"""Work A by the clock: what the thread that drives the GPUs does, and between which passes its GPU has nothing to do.

    python benchmarks/gpu/timeline.py [--shape qwen3-32b] [--papers 18] [--tokens 10000] [--runs 2] [--raw FILE]

Prints lines of JSON. host: seconds of each kind of work, without those of what it calls that is a kind itself. gpu: of
texts and of questions from a pass's start to its end, by CUDA events, and of the gaps between passes, by what the host
was at in them. idle: the longest gaps. --runs: the last is recorded. --raw: all spans. --set KEY=VALUE: of the engine.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import one_card
import torch

from dsx.engines.local.scheduler import Scheduler
from dsx.pipeline import Pipeline
from dsx.run.batch import PaperInFlight
from dsx.run.threads import prepare

Span = tuple[str, float, float]
"""What, from when, until when; seconds of `time.perf_counter`."""


class Recorder:
    """Spans of the calls that it wraps. passes: those of the GPU, as pairs of events."""

    def __init__(self) -> None:
        self.spans: list[tuple[str, float, float, float]] = []
        self.passes: list[tuple[str, torch.cuda.Event, torch.cuda.Event]] = []
        self._inner: list[float] = []

    def wrap(self, owner: Any, name: str, kind: str, gpu: bool = False) -> None:
        """From now on each call of `owner.name` is a span of this kind, and with `gpu` a pass."""
        called: Callable[..., Any] = getattr(owner, name)

        def recorded(*arguments: Any, **named: Any) -> Any:
            events = [torch.cuda.Event(enable_timing=True) for _ in range(2 * gpu)]
            for event in events[:1]:
                event.record()
            self._inner.append(0.0)
            started = time.perf_counter()
            try:
                return called(*arguments, **named)
            finally:
                ended = time.perf_counter()
                inner = self._inner.pop()
                if self._inner:
                    self._inner[-1] += ended - started
                self.spans.append((kind, started, ended, ended - started - inner))
                if events:
                    events[1].record()
                    self.passes.append((kind, events[0], events[1]))

        setattr(owner, name, recorded)


def report(recorder: Recorder, began: float, base: torch.cuda.Event, raw: Path | None) -> None:
    """The lines of JSON."""
    torch.cuda.synchronize()
    until = time.perf_counter()
    own = Counter[str]()
    for kind, _, _, seconds in recorder.spans:
        own[kind] += seconds
    own["other"] = until - began - sum(own.values())
    print(json.dumps({"host": {kind: round(seconds, 2) for kind, seconds in own.most_common()}}))
    passes = [
        (kind, base.elapsed_time(first) / 1e3, base.elapsed_time(last) / 1e3) for kind, first, last in recorder.passes
    ]
    spans = [(kind, first - began, last - began) for kind, first, last, _ in recorder.spans]
    gpu, gaps, at = Counter[str](), list[Span](), 0.0
    for kind, first, last in sorted(passes, key=lambda each: each[1]):
        if first > at:
            gaps.append((at_work(spans, at, first), at, first))
        gpu[kind] += max(last - max(first, at), 0.0)
        at = max(at, last)
    gaps.append((at_work(spans, at, until - began), at, until - began))
    for doing, first, last in gaps:
        gpu[f"gap: {doing}"] += last - first
    print(json.dumps({"gpu": {kind: round(seconds, 2) for kind, seconds in gpu.most_common()}, "all": until - began}))
    for doing, first, last in sorted(gaps, key=lambda gap: gap[1] - gap[2])[:12]:
        print(json.dumps({"idle": round(last - first, 3), "from": round(first, 2), "host": doing}))
    if raw is not None:
        raw.write_text(json.dumps({"host": spans, "gpu": passes}), "utf-8")


def at_work(spans: list[Span], first: float, last: float) -> str:
    """The innermost kind that lasted longest in between."""
    seconds = Counter[str]()
    for kind, start, end in spans:
        inside = min(end, last) - max(start, first)
        if inside > 0:
            seconds[kind] += inside / (1 + 0.01 * (end - start))  # of two that span the gap, the shorter one
    return max(seconds, key=lambda kind: seconds[kind]) if seconds else "other"


def main() -> None:
    """See the module's docstring."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shape", default="qwen3-32b")
    parser.add_argument("--papers", type=int, default=18)
    parser.add_argument("--tokens", type=int, default=10_000)
    parser.add_argument("--set", nargs="*", default=[], type=one_card.pair, metavar="KEY=VALUE")
    parser.add_argument("--attention", default="auto")
    parser.add_argument("--raw", type=Path)
    parser.add_argument("--runs", type=int, default=2)
    given = parser.parse_args()
    work = argparse.Namespace(**vars(given), engine="transformers", rows=0, dtype="auto")
    prepare(None)
    with tempfile.TemporaryDirectory() as name, one_card.bench(work, Path(name)) as (made, _):
        engine: Any = made.engine
        for _ in range(given.runs - 1):
            plain, _ = one_card.timed(made, Path(name), given.papers, given.papers)
            print(json.dumps({"seconds, nothing recorded": plain.seconds}), flush=True)
        recorder = Recorder()
        recorder.wrap(engine.prefixes, "_compute", "text", gpu=True)
        recorder.wrap(engine.loop.runner, "forward", "pass", gpu=True)
        recorder.wrap(engine.loop, "sampler", "sampler")
        getter = SimpleNamespace(call=Scheduler.has_waiting.fget)
        recorder.wrap(getter, "call", "sequences made")
        Scheduler.has_waiting = property(lambda waiting: getter.call(waiting))  # type: ignore[assignment, method-assign]
        recorder.wrap(Pipeline, "load", "load")
        recorder.wrap(PaperInFlight, "begin", "begin")
        recorder.wrap(PaperInFlight, "take", "take")
        torch.cuda.synchronize()
        base = torch.cuda.Event(enable_timing=True)
        base.record()
        began = time.perf_counter()
        measured, _ = one_card.timed(made, Path(name), given.papers, given.papers)
        report(recorder, began, base, given.raw)
        print(json.dumps({"seconds, recorded": measured.seconds}))


if __name__ == "__main__":
    main()

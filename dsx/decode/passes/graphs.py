"""CUDA graphs of decode passes: launched as one, a step waits for the GPU and no longer for Python.

A graph is captured for a room (so many tokens, so many prefixes) when a pass of that size comes for the second time,
and replayed with other numbers for every pass that fits into it. What a graph gives is held against the pass without
one before it is used. Measured in benchmarks/gpu_decode.json.
"""

from __future__ import annotations

import bisect
from collections.abc import Callable
from dataclasses import dataclass

import torch

from dsx.decode.passes.packing import FEW_PREFIXES, Layout, Pass, Room, parts_for
from dsx.decode.passes.pool import Pool

TOKENS = (1, 2, 4, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512)
"""Sizes of the graphs. Sixteen at most, times two by the number of prefixes; each takes the memory of its logits."""
MOST_PREFIXES = 4 * FEW_PREFIXES
APART = 0.05
"""Most relative difference of the logits, as in `trial`."""


@dataclass(slots=True, eq=False)
class Fixed:
    """A pass whose numbers are replaced while everything else stays; see `attention.Step`."""

    pool: Pool
    indices: Layout
    fused: bool = True
    uniform: bool = True
    longest: int = 0

    def layout(self, device: torch.device) -> Layout:
        """On the one device that there is."""
        return self.indices


@dataclass(frozen=True, slots=True, eq=False)
class Graph:
    """numbers: read by the graph; logits: written by it, [rows of the room, vocabulary]."""

    graph: torch.cuda.CUDAGraph
    numbers: torch.Tensor
    logits: torch.Tensor


class Graphs:
    """Runs passes, by a graph where there is one.

    run: the pass without a graph. report: takes a line about why there are no graphs.
    """

    def __init__(self, run: Callable[[Pass | Fixed], torch.Tensor], pool: Pool, report: Callable[[str], None]) -> None:
        self._run, self._pool, self._report = run, pool, report
        self._graphs: dict[Room, Graph | None] = {}
        self._on = True

    @property
    def made(self) -> list[Graph]:
        """Those that have been captured."""
        return [graph for graph in self._graphs.values() if graph is not None]

    def run(self, step: Pass) -> torch.Tensor:
        """Logits, [R, vocabulary]; valid until the next call."""
        room = room_for(step) if self._on else None
        if room is None:
            return self._run(step)
        graph = self._graphs.get(room)
        if graph is not None:
            graph.numbers.copy_(torch.from_numpy(step.numbers(room)))
            graph.graph.replay()
            return graph.logits[: len(step.counts)]
        logits = self._run(step)
        if not step.uniform:
            self._off("the model has layers that need plain operations")
        elif room not in self._graphs:
            self._graphs[room] = None  # met once
        else:
            self._capture(step, room, logits)
        return logits

    def _capture(self, step: Pass, room: Room, logits: torch.Tensor) -> None:
        try:
            made = self._captured(step, room)
        except RuntimeError as problem:  # a model that waits for the GPU inside, or no memory left
            self._off((str(problem).strip().splitlines() or [type(problem).__name__])[0])
            return
        made.graph.replay()
        apart = (made.logits[: len(logits)].float() - logits.float()).norm() / logits.float().norm()
        if not bool(logits.isfinite().all()):
            return  # nothing to hold it against
        if not float(apart) < APART:
            self._off(f"its logits are {float(apart):.0%} off")
            return
        self._graphs[room] = made

    def _captured(self, step: Pass, room: Room) -> Graph:
        device = self._pool.keys[0].device
        numbers = torch.from_numpy(step.numbers(room)).to(device)

        def run() -> torch.Tensor:
            return self._run(Fixed(self._pool, Layout.read(numbers, room, room.tokens)))

        aside = torch.cuda.Stream(device)
        aside.wait_stream(torch.cuda.current_stream(device))
        with torch.cuda.stream(aside):
            run()
        torch.cuda.current_stream(device).wait_stream(aside)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            logits = run()
        return Graph(graph, numbers, logits)

    def _off(self, reason: str) -> None:
        self._on = False
        self._graphs.clear()
        self._report(f"no CUDA graphs: {reason}")


def room_for(step: Pass) -> Room | None:
    """The smallest room that the pass fits into, with a prefix to spare; None where it is too large."""
    at, prefixes = bisect.bisect_left(TOKENS, len(step.tokens)), len(step.groups)
    if at == len(TOKENS) or prefixes > MOST_PREFIXES:
        return None
    most = FEW_PREFIXES if prefixes <= FEW_PREFIXES else MOST_PREFIXES
    return Room(TOKENS[at], TOKENS[at], most + 1, parts_for(TOKENS[at], most))

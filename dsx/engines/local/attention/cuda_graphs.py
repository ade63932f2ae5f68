"""CUDA graphs of decode passes: launched as one, a step waits for the GPU and no longer for Python.

A graph is captured for a room (so many tokens, so many prefixes) when a pass of that size comes for the second time,
and replayed with other numbers for every pass that fits into it. What a graph gives is held against the pass without
one before it is used. Measured in benchmarks/gpu_decode.json.
"""

from __future__ import annotations

import bisect
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

import torch

from dsx.engines.local.attention.kv_cache import Pool
from dsx.engines.local.attention.packing import FEW_PREFIXES, Layout, Pass, Room, parts_for

TOKENS = (1, 2, 4, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512)
"""Sizes of the graphs: sixteen at most, times two by the number of prefixes. Each keeps the memory it works in."""
MOST_PREFIXES = 4 * FEW_PREFIXES
APART = 0.05
"""Most relative difference of the logits, as in `trial`."""


@dataclass(slots=True, eq=False)
class Fixed:
    """A pass whose numbers are replaced while everything else stays; see `attention.Step`."""

    pool: Pool
    numbers: torch.Tensor
    room: Room
    fused: bool = True
    uniform: bool = True
    longest: int = 0
    _layouts: dict[torch.device, Layout] = field(default_factory=dict)

    def layout(self, device: torch.device) -> Layout:
        """Its indices there; on a further card, a copy that the graph makes."""
        if device not in self._layouts:
            self._layouts[device] = Layout.read(self.numbers.to(device), self.room, self.room.tokens)
        return self._layouts[device]


@dataclass(frozen=True, slots=True, eq=False)
class Graph:
    """numbers: read by the graph; logits: written by it, [rows of the room, vocabulary].

    memory: of the cards but the first, what the graph works in.
    """

    graph: torch.cuda.CUDAGraph
    numbers: torch.Tensor
    logits: torch.Tensor
    memory: Sequence[torch.cuda.MemPool]


class Graphs:
    """Runs passes, by a graph where there is one.

    run: the pass without a graph. first: the card that the model's input goes to, and its logits come from.
    report: takes a line about why there are no graphs.
    """

    def __init__(
        self,
        run: Callable[[Pass | Fixed], torch.Tensor],
        pool: Pool,
        first: torch.device,
        report: Callable[[str], None],
    ) -> None:
        self._run, self._pool, self._first, self._report = run, pool, first, report
        self._others = sorted({keys.device for keys in pool.keys} - {first}, key=str)
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
            self._replay(graph, step, room)
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
        self._replay(made, step, room)
        apart = (made.logits[: len(logits)].float() - logits.float()).norm() / logits.float().norm()
        if not bool(logits.isfinite().all()):
            return  # nothing to hold it against
        if not float(apart) < APART:
            self._off(f"its logits are {float(apart):.0%} off")
            return
        self._graphs[room] = made

    def _replay(self, graph: Graph, step: Pass, room: Room) -> None:
        graph.numbers.copy_(torch.from_numpy(step.numbers(room)))
        for device in self._others:  # what is under way there comes first
            torch.cuda.current_stream(self._first).wait_stream(torch.cuda.current_stream(device))
        graph.graph.replay()

    def _captured(self, step: Pass, room: Room) -> Graph:
        """On several cards their streams join the capture of the first one's, and leave it at the end."""
        numbers = torch.from_numpy(step.numbers(room)).to(self._first)
        graph, memory = torch.cuda.CUDAGraph(), [torch.cuda.MemPool() for _ in self._others]
        stream, streams = torch.cuda.Stream(self._first), [torch.cuda.Stream(device) for device in self._others]

        def run() -> torch.Tensor:
            for other in streams:
                other.wait_stream(stream)
            logits = self._run(Fixed(self._pool, numbers, room))
            for other in streams:
                stream.wait_stream(other)
            return logits

        for device in (self._first, *self._others):
            torch.cuda.synchronize(device)
        with ExitStack() as inside:
            inside.enter_context(torch.cuda.device(self._first))
            for other, kept in zip(streams, memory, strict=True):
                inside.enter_context(torch.cuda.stream(other))
                inside.enter_context(torch.cuda.use_mem_pool(kept, other.device))
            with torch.cuda.stream(stream):
                run()
            stream.synchronize()
            with torch.cuda.graph(graph, stream=stream, capture_error_mode="relaxed" if streams else "global"):
                logits = run()
        return Graph(graph, numbers, logits, memory)

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

"""CUDA graphs of decode passes: launched as one, a pass waits for the GPU and no longer for Python.

A graph is captured for a bucket (so many tokens, so many prefixes) when a batch of that size comes for the second time.
It is replayed with other indices for every batch that fits into the bucket. Before it is used, its logits are compared
with those of the pass without a graph. Measured in benchmarks/gpu/decode.json.
"""

from __future__ import annotations

import bisect
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

import torch

from dsx.engines.local.attention.kv_cache import KVCache
from dsx.engines.local.attention.packing import (
    FEW_PREFIXES,
    AttentionMetadata,
    ForwardBatch,
    GraphBucket,
    num_splits_for,
)

BUCKET_TOKENS = (1, 2, 4, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512)
"""Sizes of the graphs: sixteen at most, times two by the number of prefixes. Each keeps the memory it works in."""
MAX_PREFIXES = 4 * FEW_PREFIXES
MAX_DIFFERENCE = 0.05
"""Most relative difference of the logits, as in `parity`."""


@dataclass(slots=True, eq=False)
class GraphBatch:
    """A batch whose indices are replaced while everything else stays. See `interface.Batch`."""

    kv_cache: KVCache
    packed: torch.Tensor
    bucket: GraphBucket
    use_flash: bool = True
    flash_only: bool = True
    max_seq_len: int = 0
    _metadata: dict[torch.device, AttentionMetadata] = field(default_factory=dict)

    def metadata(self, device: torch.device) -> AttentionMetadata:
        """Its indices there. On a further device they are a copy that the graph makes."""
        if device not in self._metadata:
            packed = self.packed.to(device)
            self._metadata[device] = AttentionMetadata.unpack(packed, self.bucket, self.bucket.num_tokens)
        return self._metadata[device]


@dataclass(frozen=True, slots=True, eq=False)
class CapturedGraph:
    """packed: the indices, read by the graph. logits: written by it, [sequences of the bucket, vocabulary].

    memory: what the graph works in, on all devices but the first.
    """

    graph: torch.cuda.CUDAGraph
    packed: torch.Tensor
    logits: torch.Tensor
    memory: Sequence[torch.cuda.MemPool]


class CudaGraphs:
    """Runs passes, by a graph where there is one.

    run: the pass without a graph. input_device: the one that the model's input goes to, and its logits come from.
    report: takes a line about why there are no graphs.
    """

    def __init__(
        self,
        run: Callable[[ForwardBatch | GraphBatch], torch.Tensor],
        kv_cache: KVCache,
        input_device: torch.device,
        report: Callable[[str], None],
    ) -> None:
        self._run, self._kv_cache, self._input_device, self._report = run, kv_cache, input_device, report
        self._other_devices = sorted({keys.device for keys in kv_cache.keys} - {input_device}, key=str)
        self._graphs: dict[GraphBucket, CapturedGraph | None] = {}
        self._enabled = True

    @property
    def captured(self) -> list[CapturedGraph]:
        """Those that there are."""
        return [graph for graph in self._graphs.values() if graph is not None]

    def run(self, batch: ForwardBatch) -> torch.Tensor:
        """Logits, [R, vocabulary]. They are valid until the next call."""
        bucket = bucket_for(batch) if self._enabled else None
        if bucket is None:
            return self._run(batch)
        graph = self._graphs.get(bucket)
        if graph is not None:
            self._replay(graph, batch, bucket)
            return graph.logits[: len(batch.num_new_tokens)]
        logits = self._run(batch)
        if not batch.flash_only:
            self._disable("the model has layers that need plain operations")
        elif bucket not in self._graphs:
            self._graphs[bucket] = None  # seen once
        else:
            self._add(batch, bucket, logits)
        return logits

    def _add(self, batch: ForwardBatch, bucket: GraphBucket, logits: torch.Tensor) -> None:
        try:
            graph = self._capture(batch, bucket)
        except RuntimeError as problem:  # a model that waits for the GPU inside, or no memory left
            self._disable((str(problem).strip().splitlines() or [type(problem).__name__])[0])
            return
        self._replay(graph, batch, bucket)
        expected = logits.float()
        difference = (graph.logits[: len(logits)].float() - expected).norm() / expected.norm()
        if not bool(logits.isfinite().all()):
            return  # nothing to compare with
        if not float(difference) < MAX_DIFFERENCE:
            self._disable(f"its logits are {float(difference):.0%} off")
            return
        self._graphs[bucket] = graph

    def _replay(self, graph: CapturedGraph, batch: ForwardBatch, bucket: GraphBucket) -> None:
        graph.packed.copy_(torch.from_numpy(batch.packed(bucket)))
        for device in self._other_devices:  # what is under way there comes first
            torch.cuda.current_stream(self._input_device).wait_stream(torch.cuda.current_stream(device))
        graph.graph.replay()

    def _capture(self, batch: ForwardBatch, bucket: GraphBucket) -> CapturedGraph:
        """On several devices their streams join the capture of the first one's, and leave it at the end."""
        packed = torch.from_numpy(batch.packed(bucket)).to(self._input_device)
        graph, memory = torch.cuda.CUDAGraph(), [torch.cuda.MemPool() for _ in self._other_devices]
        stream = torch.cuda.Stream(self._input_device)
        other_streams = [torch.cuda.Stream(device) for device in self._other_devices]

        def run() -> torch.Tensor:
            for other in other_streams:
                other.wait_stream(stream)
            logits = self._run(GraphBatch(self._kv_cache, packed, bucket))
            for other in other_streams:
                stream.wait_stream(other)
            return logits

        for device in (self._input_device, *self._other_devices):
            torch.cuda.synchronize(device)
        with ExitStack() as contexts:
            contexts.enter_context(torch.cuda.device(self._input_device))
            for other, pool in zip(other_streams, memory, strict=True):
                contexts.enter_context(torch.cuda.stream(other))
                contexts.enter_context(torch.cuda.use_mem_pool(pool, other.device))
            with torch.cuda.stream(stream):
                run()
            stream.synchronize()
            mode = "relaxed" if other_streams else "global"
            with torch.cuda.graph(graph, stream=stream, capture_error_mode=mode):
                logits = run()
        return CapturedGraph(graph, packed, logits, memory)

    def _disable(self, reason: str) -> None:
        self._enabled = False
        self._graphs.clear()
        self._report(f"no CUDA graphs: {reason}")


def bucket_for(batch: ForwardBatch) -> GraphBucket | None:
    """The smallest bucket that the batch fits into, with a prefix to spare. None where it is too large."""
    at, num_prefixes = bisect.bisect_left(BUCKET_TOKENS, len(batch.input_ids)), len(batch.prefix_groups)
    if at == len(BUCKET_TOKENS) or num_prefixes > MAX_PREFIXES:
        return None
    num_tokens, prefixes = BUCKET_TOKENS[at], FEW_PREFIXES if num_prefixes <= FEW_PREFIXES else MAX_PREFIXES
    return GraphBucket(num_tokens, num_tokens, prefixes + 1, num_splits_for(num_tokens, prefixes))

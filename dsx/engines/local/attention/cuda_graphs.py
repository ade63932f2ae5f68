"""CUDA graphs of decode passes: launched as one, a pass waits for the GPU and no longer for Python.

A graph is captured for a bucket (so many tokens, so many prefixes) when a batch of that size comes for the second time.
It is replayed with other indices for every batch that fits into the bucket. Before it is used, its logits are compared
with those of the same pass without a graph. Measured in benchmarks/gpu/decode.json.
"""

from __future__ import annotations

import bisect
from collections.abc import Callable
from dataclasses import dataclass

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
MAX_DIFFERENCE = 0.01
"""Most relative difference of the logits: the kernels and their shapes are the same."""


@dataclass(slots=True, eq=False)
class GraphBatch:
    """A batch whose indices are replaced while everything else stays. See `interface.Batch`."""

    kv_cache: KVCache
    packed: torch.Tensor
    bucket: GraphBucket
    use_flash: bool = True
    flash_only: bool = True
    max_seq_len: int = 0
    _metadata: AttentionMetadata | None = None

    def metadata(self, device: torch.device) -> AttentionMetadata:
        """Its indices, on the one device that there is."""
        if self._metadata is None:
            self._metadata = AttentionMetadata.unpack(self.packed, self.bucket, self.bucket.num_tokens)
        return self._metadata


@dataclass(frozen=True, slots=True, eq=False)
class CapturedGraph:
    """packed: the indices, read by the graph. logits: written by it, [sequences of the bucket, vocabulary]."""

    graph: torch.cuda.CUDAGraph
    packed: torch.Tensor
    logits: torch.Tensor


class CudaGraphs:
    """Runs passes on one GPU, by a graph where there is one.

    run: the pass without a graph. report: takes a line about why there are no graphs.
    """

    def __init__(
        self,
        run: Callable[[ForwardBatch | GraphBatch], torch.Tensor],
        kv_cache: KVCache,
        report: Callable[[str], None],
    ) -> None:
        self._run, self._kv_cache, self._report = run, kv_cache, report
        self._device = kv_cache.keys[0].device
        self._graphs: dict[GraphBucket, CapturedGraph | None] = {}
        self._enabled = True

    @property
    def captured(self) -> list[CapturedGraph]:
        """Those that there are."""
        return [graph for graph in self._graphs.values() if graph is not None]

    def clear(self) -> None:
        """Forgets them."""
        self._graphs.clear()

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
            self._add(batch, bucket)
        return logits

    def _add(self, batch: ForwardBatch, bucket: GraphBucket) -> None:
        reason = ""
        try:
            graph, logits = self._capture(batch, bucket)
        except RuntimeError as problem:  # a model that waits for the GPU inside, or no memory left
            reason = (str(problem).strip().splitlines() or [type(problem).__name__])[0]
        if not self._kv_cache.all_agree(not reason):
            self._disable(reason or "one could not be captured on another GPU")
            return
        self._replay(graph, batch, bucket)
        count = len(batch.num_new_tokens)
        expected = logits[:count].float()
        difference = (graph.logits[:count].float() - expected).norm() / expected.norm()
        if not bool(expected.isfinite().all()):
            return  # nothing to compare with
        if not float(difference) < MAX_DIFFERENCE:
            self._disable(f"its logits are {float(difference):.0%} off")
            return
        self._graphs[bucket] = graph

    def _replay(self, graph: CapturedGraph, batch: ForwardBatch, bucket: GraphBucket) -> None:
        graph.packed.copy_(torch.from_numpy(batch.packed(bucket)))
        graph.graph.replay()

    def _capture(self, batch: ForwardBatch, bucket: GraphBucket) -> tuple[CapturedGraph, torch.Tensor]:
        """The graph, and the logits of the pass that is captured, without it."""
        packed = torch.from_numpy(batch.packed(bucket)).to(self._device)
        graph, stream = torch.cuda.CUDAGraph(), torch.cuda.Stream(self._device)
        torch.cuda.synchronize(self._device)
        with torch.cuda.device(self._device):
            with torch.cuda.stream(stream):
                expected = self._run(GraphBatch(self._kv_cache, packed, bucket)).clone()
            stream.synchronize()
            with torch.cuda.graph(graph, stream=stream):
                logits = self._run(GraphBatch(self._kv_cache, packed, bucket))
        return CapturedGraph(graph, packed, logits), expected

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

"""CUDA graphs of decode passes: launched as one, a pass waits for the GPU and no longer for Python.

There is a graph for each bucket (so many tokens, so many prefixes), captured while the model is loaded. It is replayed
with other indices for every batch that fits into the bucket. Before it is used, its logits are compared with those of
the same pass without a graph. All graphs work in the same memory, since no two are replayed at once. Measured in
benchmarks/gpu/decode.json.
"""

from __future__ import annotations

import bisect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch.cuda import CUDAGraph

from dsx.engines.local.attention.kv_cache import CachedPrefix, KVCache, SlotRange
from dsx.engines.local.attention.packing import (
    FEW_PREFIXES,
    AttentionMetadata,
    ForwardBatch,
    GraphBucket,
    PrefixGroup,
    num_splits_for,
    sent,
)

BUCKET_TOKENS = (1, 2, 4, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512)
"""Sizes of the graphs, each for few prefixes and for many."""
MAX_SEQUENCES = 256
"""Of a pass by a graph: rows of logits."""
MAX_PREFIXES = 4 * FEW_PREFIXES
Pass = tuple[Sequence[Sequence[int]], Sequence[int], Sequence[int], Sequence[PrefixGroup]]
"""The arguments of `ModelRunner.forward`."""
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

    graph: CUDAGraph
    packed: torch.Tensor
    logits: torch.Tensor


class GraphMemory(NamedTuple):
    """What all graphs share: the allocator's pool, whose memory is one stream's, and the logits that each writes."""

    pool: Any
    stream: torch.cuda.Stream
    logits: torch.Tensor


class CudaGraphs:
    """Runs passes on one GPU, by a graph where there is one; a bucket that has none gets it at its first pass.

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
        self._graphs: dict[GraphBucket, CapturedGraph] = {}
        self._memory: GraphMemory | None = None
        self.enabled = True

    @property
    def captured(self) -> list[CapturedGraph]:
        """Those that there are."""
        return list(self._graphs.values())

    def clear(self) -> None:
        """Forgets them."""
        self._graphs.clear()
        self._memory = None

    def run(self, batch: ForwardBatch) -> torch.Tensor:
        """Logits, [R, vocabulary]. They are valid until the next call."""
        bucket = bucket_for(batch) if self.enabled else None
        if bucket is None:
            return self._run(batch)
        graph = self._graphs.get(bucket)
        if graph is not None:
            self._replay(graph, batch, bucket)
            return graph.logits[: len(batch.num_new_tokens)]
        logits = self._run(batch)
        if batch.flash_only:
            self._add(batch, bucket, logits)
        else:
            self._disable("the model has layers that need plain operations")
        return logits

    def _add(self, batch: ForwardBatch, bucket: GraphBucket, like: torch.Tensor) -> None:
        """like: logits of such a pass. All ranks come to the same decisions: their later passes meet too."""
        if self._memory is None and not self._kv_cache.all_agree(self._allocate(like)):
            self._disable("no memory left")
            return
        reason = ""
        try:
            graph, expected = self._capture(batch, bucket)
        except RuntimeError as problem:  # a model that waits for the GPU inside, or no memory left
            reason = (str(problem).strip().splitlines() or [type(problem).__name__])[0]
        if not self._kv_cache.all_agree(not reason):
            self._disable(reason or "one could not be captured on another GPU")
            return
        self._replay(graph, batch, bucket)
        if not self._kv_cache.all_agree(bool(expected.isfinite().all())):
            return  # nothing to compare with
        difference = float((graph.logits[: len(expected)].float() - expected.float()).norm() / expected.float().norm())
        if not self._kv_cache.all_agree(difference < MAX_DIFFERENCE):
            is_here = not difference < MAX_DIFFERENCE
            self._disable(f"its logits are {difference:.0%} off" if is_here else "another GPU's logits are off")
            return
        self._graphs[bucket] = graph

    def _replay(self, graph: CapturedGraph, batch: ForwardBatch, bucket: GraphBucket) -> None:
        graph.packed.copy_(sent(batch.packed(bucket), self._device))
        graph.graph.replay()

    def _allocate(self, like: torch.Tensor) -> bool:
        """What all graphs share. False where there is no memory for it."""
        try:
            logits = like.new_empty(MAX_SEQUENCES, like.shape[1])
        except torch.OutOfMemoryError:
            return False
        self._memory = GraphMemory(torch.cuda.graph_pool_handle(), torch.cuda.Stream(self._device), logits)
        return True

    def _capture(self, batch: ForwardBatch, bucket: GraphBucket) -> tuple[CapturedGraph, torch.Tensor]:
        """The graph, and the logits of the pass that is captured, without it."""
        assert self._memory is not None
        pool, stream, logits = self._memory
        packed, logits, graph = sent(batch.packed(bucket), self._device), logits[: bucket.num_sequences], CUDAGraph()
        torch.cuda.synchronize(self._device)
        before = torch.cuda.current_stream(self._device)
        try:
            with torch.cuda.device(self._device):
                with torch.cuda.stream(stream):
                    tried = self._run(GraphBatch(self._kv_cache, packed, bucket))
                    expected = tried[: len(batch.num_new_tokens)].clone()
                stream.synchronize()
                with torch.cuda.graph(graph, pool=pool, stream=stream):
                    logits.copy_(self._run(GraphBatch(self._kv_cache, packed, bucket)))
        finally:
            torch.cuda.set_stream(before)  # a capture that fails leaves its own
        return CapturedGraph(graph, packed, logits), expected

    def _disable(self, reason: str) -> None:
        self.enabled = False
        self.clear()
        self._report(f"no CUDA graphs: {reason}")


def bucket_for(batch: ForwardBatch) -> GraphBucket | None:
    """The smallest bucket that the batch fits into, with a prefix to spare. None where it is too large."""
    at, num_prefixes = bisect.bisect_left(BUCKET_TOKENS, len(batch.input_ids)), len(batch.prefix_groups)
    too_many = num_prefixes > MAX_PREFIXES or len(batch.num_new_tokens) > MAX_SEQUENCES
    if at == len(BUCKET_TOKENS) or too_many:
        return None
    num_tokens, prefixes = BUCKET_TOKENS[at], FEW_PREFIXES if num_prefixes <= FEW_PREFIXES else MAX_PREFIXES
    sequences, splits = min(num_tokens, MAX_SEQUENCES), num_splits_for(num_tokens, prefixes)
    return GraphBucket(num_tokens, sequences, prefixes + 1, splits)


def passes_of_each_bucket(prefix: CachedPrefix, tail: SlotRange) -> Iterator[Pass]:
    """A pass for each graph that there can be, the largest first: its memory does for the others.

    tail: as many slots as the largest has tokens.
    """
    for tokens in reversed(BUCKET_TOKENS):
        for count in (1, FEW_PREFIXES + 1):  # sequences, and as many prefixes
            if count <= tokens:
                new = [[1] * (tokens - count + 1), *[[1]] * (count - 1)]
                groups = [PrefixGroup(prefix, at, at + 1) for at in range(count)]
                yield new, [tail.start] * count, [0] * count, groups

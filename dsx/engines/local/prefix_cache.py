"""Prefixes: prefilled once, and cached for later questions while there are slots."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy
import torch
from transformers import DynamicCache, PreTrainedModel

from dsx.engines.local.attention.kv_cache import CachedPrefix, KVCache, LayerShape, OutOfSlots, SlotRange
from dsx.engines.local.attention.packing import sent


def layer_shapes(model: PreTrainedModel) -> list[LayerShape]:
    """What each layer keeps of a token. The model reads one to find out."""
    cache = DynamicCache()
    with torch.inference_mode():
        model(input_ids=torch.tensor([[3]], device=model.device), past_key_values=cache, use_cache=True)
    return LayerShape.of(cache)


def prefill(
    model: PreTrainedModel,
    kv_cache: KVCache,
    tokens: Sequence[int],
    start: CachedPrefix | None = None,
    chunk_tokens: int = 2048,
) -> CachedPrefix:
    """Runs `tokens` through the model, in chunks, so that the memory of activations is bounded.

    start: a prefix that `tokens` begin with. Only what comes after it is run. Raises OutOfSlots.
    """
    slots = kv_cache.allocate(len(tokens))
    try:
        with kv_cache.together("prefill", tokens, slots, start, chunk_tokens):
            read_prefix(model, kv_cache, tokens, slots, start, chunk_tokens)
    except BaseException:
        kv_cache.free(slots)
        raise
    return CachedPrefix(len(tokens), slots)


def read_prefix(
    model: PreTrainedModel,
    kv_cache: KVCache,
    tokens: Sequence[int],
    slots: SlotRange,
    start: CachedPrefix | None,
    chunk_tokens: int,
) -> None:
    """The same into these slots."""
    cache = DynamicCache()  # without the model's config: layers with a sliding window keep all, to be gone on from
    num_computed_tokens = 0 if start is None else start.length
    if start is not None:
        for layer, (keys, values) in enumerate(zip(kv_cache.keys, kv_cache.values, strict=True)):
            cached = start.slots.first(num_computed_tokens)
            cache.update(keys[cached].transpose(0, 1)[None], values[cached].transpose(0, 1)[None], layer)
    ids = sent(numpy.array([tokens]), model.device)
    with torch.inference_mode():
        for at in range(num_computed_tokens, ids.shape[1], chunk_tokens):
            chunk = ids[:, at : at + chunk_tokens]
            lengths = _lengths(model, chunk.shape[1], at + chunk.shape[1])
            model(input_ids=chunk, past_key_values=cache, use_cache=True, logits_to_keep=1, **lengths)
    _store(cache, kv_cache, slots)


def _lengths(model: PreTrainedModel, queries: int, keys: int) -> dict[str, Any]:
    """For FlashAttention: how many. transformers would look at the positions, and wait for the GPU, in each layer."""
    if not model.config._attn_implementation.startswith("flash_attention"):
        return {}
    query_starts, key_starts = (sent(numpy.array([0, count], numpy.int32), model.device) for count in (queries, keys))
    starts = {"cu_seq_lens_q": query_starts, "cu_seq_lens_k": key_starts}
    return starts | {"max_length_q": queries, "max_length_k": keys}


def _store(cache: DynamicCache, kv_cache: KVCache, slots: SlotRange) -> None:
    """Copies a transformers cache's keys and values into the slots, and lets go of each layer at once."""
    for keys, values, layer in zip(kv_cache.keys, kv_cache.values, cache.layers, strict=True):
        written = slots.first(layer.keys.shape[2])
        keys[written] = layer.keys[0].transpose(0, 1)
        values[written] = layer.values[0].transpose(0, 1)
        layer.keys = layer.values = None


class PrefixCache:
    """Prefixes by their tokens. When there are no free slots, the least recently used one is evicted.

    A new prefix goes on from the longest cached one that it begins with.
    compute: prefills tokens, going on from a prefix where one is given.
    min_share: the share of a text that a cached prefix must be for that.
    """

    def __init__(
        self,
        kv_cache: KVCache,
        compute: Callable[[Sequence[int], CachedPrefix | None], CachedPrefix],
        min_share: float = 0.0,
    ) -> None:
        self._kv_cache, self._compute, self._min_share = kv_cache, compute, min_share
        self._cached: OrderedDict[tuple[int, ...], CachedPrefix] = OrderedDict()
        kv_cache.evict = self._evict

    def __len__(self) -> int:
        return len(self._cached)

    def __contains__(self, tokens: Sequence[int]) -> bool:
        return tuple(tokens) in self._cached

    def get(self, tokens: Sequence[int]) -> tuple[CachedPrefix, int]:
        """The prefix of `tokens`, and how many of them were in the cache. Raises OutOfSlots."""
        key = tuple(tokens)
        if key in self._cached:
            self._cached.move_to_end(key)
            return self._cached[key], len(key)
        start = max((cached for cached in self._cached if key[: len(cached)] == cached), key=len, default=None)
        if start is None or len(start) < self._min_share * len(key):
            prefix, num_cached_tokens = self._compute(key, None), 0
        else:
            self._cached.move_to_end(start)
            try:
                with _in_use(self._cached[start]) as beginning:
                    prefix, num_cached_tokens = self._compute(key, beginning), beginning.length
            except OutOfSlots:  # not enough for both
                prefix, num_cached_tokens = self._compute(key, None), 0
        self._cached[key] = prefix
        return prefix, num_cached_tokens

    def clear(self) -> None:
        """Evicts all prefixes that no sequence attends to."""
        while self._evict():
            pass

    def _evict(self) -> bool:
        for key, prefix in self._cached.items():
            if not prefix.ref_count:
                self._kv_cache.free(self._cached.pop(key).slots)
                return True
        return False


@contextmanager
def _in_use(prefix: CachedPrefix) -> Iterator[CachedPrefix]:
    """The prefix is not evicted while this lasts."""
    prefix.ref_count += 1
    try:
        yield prefix
    finally:
        prefix.ref_count -= 1

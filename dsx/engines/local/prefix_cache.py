"""Prefixes: prefilled once, and kept for later questions while there is room."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from transformers import DynamicCache, PreTrainedModel

from dsx.engines.local.attention.kv_cache import LayerShape, Pool, PoolFull, Prefix, Span


def layer_shapes(model: PreTrainedModel) -> list[LayerShape]:
    """What each layer keeps of a token, found by asking the model to read one."""
    cache = DynamicCache()
    with torch.inference_mode():
        model(input_ids=torch.tensor([[3]], device=model.device), past_key_values=cache, use_cache=True)
    return LayerShape.of(cache)


def prefill(
    model: PreTrainedModel, pool: Pool, tokens: Sequence[int], start: Prefix | None = None, chunk: int = 2048
) -> Prefix:
    """Runs `tokens` through the model, `chunk` at a time, so that the memory of activations is bounded.

    start: a prefix that `tokens` begin with; only what comes after it is run. Raises PoolFull.
    """
    span = pool.take(len(tokens))
    try:
        cache = DynamicCache()  # without the model's config: layers with a window keep all, so that one can go on
        done = 0 if start is None else start.length
        if start is not None:
            for at, (keys, values) in enumerate(zip(pool.keys, pool.values, strict=True)):
                here = start.span.first(done)
                cache.update(keys[here].transpose(0, 1)[None], values[here].transpose(0, 1)[None], at)
        ids = torch.tensor([list(tokens)], device=model.device)
        with torch.inference_mode():
            for at in range(done, ids.shape[1], chunk):
                model(input_ids=ids[:, at : at + chunk], past_key_values=cache, use_cache=True, logits_to_keep=1)
        _keep(cache, pool, span)
    except BaseException:
        pool.give_back(span)
        raise
    return Prefix(len(tokens), span)


def _keep(cache: Any, pool: Pool, span: Span) -> None:
    """Copies a cache's keys and values into the span, layer by layer; each is let go at once."""
    for keys, values, layer in zip(pool.keys, pool.values, cache.layers, strict=True):
        here = span.first(layer.keys.shape[2])
        keys[here] = layer.keys[0].transpose(0, 1)
        values[here] = layer.values[0].transpose(0, 1)
        layer.keys = layer.values = None


class PrefixCache:
    """Prefixes by the hash of their tokens. When the pool is full, the one that was asked for longest ago is forgotten.

    A new prefix goes on from the longest kept one that it begins with.
    fill: prefills tokens, going on from a prefix where one is given.
    least: the share of a text that a kept prefix must be for that.
    """

    def __init__(self, pool: Pool, fill: Callable[[Sequence[int], Prefix | None], Prefix], least: float = 0.0) -> None:
        self._pool, self._fill, self._least = pool, fill, least
        self._kept: OrderedDict[tuple[int, ...], Prefix] = OrderedDict()
        pool.forget = self._forget

    def get(self, tokens: Sequence[int]) -> tuple[Prefix, int]:
        """The prefix of `tokens`, and how many of them were in the cache. Raises PoolFull."""
        key = tuple(tokens)
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key], len(key)
        start = max((kept for kept in self._kept if key[: len(kept)] == kept), key=len, default=None)
        if start is None or len(start) < self._least * len(key):
            prefix, reused = self._fill(key, None), 0
        else:
            self._kept.move_to_end(start)
            try:
                with _used(self._kept[start]) as begun:
                    prefix, reused = self._fill(key, begun), begun.length
            except PoolFull:  # there is no room for both
                prefix, reused = self._fill(key, None), 0
        self._kept[key] = prefix
        return prefix, reused

    def clear(self) -> None:
        """Forgets all prefixes that no row attends to."""
        while self._forget():
            pass

    def _forget(self) -> bool:
        for key, prefix in self._kept.items():
            if not prefix.users:
                self._pool.give_back(self._kept.pop(key).span)
                return True
        return False


@contextmanager
def _used(prefix: Prefix) -> Iterator[Prefix]:
    """The prefix has one more user while this lasts."""
    prefix.users += 1
    try:
        yield prefix
    finally:
        prefix.users -= 1

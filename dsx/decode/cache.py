"""Keys and values: of prefixes, kept for later questions under a byte budget, and of rows, in slots that are reused."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from transformers import DynamicCache, PreTrainedModel


@dataclass(frozen=True, slots=True, eq=False)
class Prefix:
    """A prefilled text. keys, values: one tensor a layer, [key heads, length, head size], on the layer's device."""

    length: int
    keys: tuple[torch.Tensor, ...]
    values: tuple[torch.Tensor, ...]

    @property
    def nbytes(self) -> int:
        """Bytes of all keys and values."""
        return sum(tensor.nbytes for tensor in (*self.keys, *self.values))


def prefill(model: PreTrainedModel, tokens: Sequence[int], start: Prefix | None = None, chunk: int = 2048) -> Prefix:
    """Runs `tokens` through the model, `chunk` at a time, so that the memory of activations is bounded.

    start: a prefix that `tokens` begin with; only what comes after it is run.
    """
    cache = (
        DynamicCache()
    )  # without the model's config: layers with a window keep all, so that a prefix can be gone on from
    done = 0
    if start is not None:
        done = start.length
        for layer, (keys, values) in enumerate(zip(start.keys, start.values, strict=True)):
            cache.update(keys.unsqueeze(0), values.unsqueeze(0), layer)
    ids = torch.tensor([list(tokens)], device=model.device)
    with torch.inference_mode():
        for at in range(done, ids.shape[1], chunk):
            model(input_ids=ids[:, at : at + chunk], past_key_values=cache, use_cache=True, logits_to_keep=1)
    return Prefix(
        len(tokens),
        tuple(layer.keys[0].contiguous() for layer in cache.layers),
        tuple(layer.values[0].contiguous() for layer in cache.layers),
    )


class PrefixCache:
    """Prefixes by their tokens; the least recently used go first when `budget` bytes are passed.

    A new prefix goes on from the longest kept one that it begins with. One whose rows are still being decoded lives on
    with its rows, whatever the budget says.
    """

    def __init__(self, fill: Callable[[Sequence[int], Prefix | None], Prefix], budget: int) -> None:
        self._fill = fill
        self.budget = budget
        self._kept: OrderedDict[tuple[int, ...], Prefix] = OrderedDict()

    def get(self, tokens: Sequence[int]) -> tuple[Prefix, int]:
        """The prefix of `tokens`, and how many of them were in the cache already."""
        key = tuple(tokens)
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key], len(key)
        start = max((kept for kept in self._kept if key[: len(kept)] == kept), key=len, default=None)
        if start is not None:
            self._kept.move_to_end(start)
        prefix = self._fill(key, self._kept[start] if start is not None else None)
        self._kept[key] = prefix
        while len(self._kept) > 1 and sum(kept.nbytes for kept in self._kept.values()) > self.budget:
            self._kept.popitem(last=False)
        return prefix, len(start) if start is not None else 0

    def clear(self) -> None:
        """Forgets all prefixes."""
        self._kept.clear()


class Tails:
    """Keys and values of rows after their prefix: one tensor a layer, [slots, key heads, places, head size].

    Slots are taken and given back; places grow by doubling, up to what the longest row needs. What no row has written
    is zero: a place that is masked has weight 0, and 0 × NaN would still be NaN.
    """

    def __init__(self, like: Prefix, slots: int, places: int) -> None:
        self.keys = [key.new_zeros(slots, key.shape[0], places, key.shape[2]) for key in like.keys]
        self.values = [value.new_zeros(slots, value.shape[0], places, value.shape[2]) for value in like.values]
        self.places = places
        self._free = list(range(slots))[::-1]

    @classmethod
    def empty(cls) -> Tails:
        """No layers, no slots."""
        return cls(Prefix(0, (), ()), 0, 0)

    def take(self) -> int:
        """A free slot; IndexError where there is none."""
        return self._free.pop()

    def give_back(self, slot: int) -> None:
        """The row in `slot` has ended."""
        self._free.append(slot)

    def grow(self, places: int) -> None:
        """Makes room for rows of `places` tokens; what is there stays. Raises torch's out-of-memory errors."""
        if places <= self.places:
            return
        self.places = max(places, 2 * self.places)
        for tensors in (self.keys, self.values):
            for layer, tensor in enumerate(tensors):
                wider = tensor.new_zeros((*tensor.shape[:2], self.places, tensor.shape[3]))
                wider[:, :, : tensor.shape[2]] = tensor
                tensors[layer] = wider


class PassThrough:
    """Stands where a model expects its cache; the attention function of `dsx.decode.attention` keeps the keys."""

    is_compileable = False
    layers: Iterable[Any] = ()

    def update(self, keys: torch.Tensor, values: torch.Tensor, *_: Any, **__: Any) -> tuple[torch.Tensor, torch.Tensor]:
        """The new keys and values, as they are."""
        return keys, values

    def get_seq_length(self, *_: Any, **__: Any) -> int:
        """0: positions are given, not counted here."""
        return 0

    def get_mask_sizes(self, *_: Any, **__: Any) -> tuple[int, int]:
        """No mask is made."""
        return 1, 0

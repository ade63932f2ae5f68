"""A forward pass of many rows, packed without padding: which tokens, at which places of the pool, seeing what.

All indices of a pass are one array of integers (`Pass.numbers`), which goes to a device in one copy and is read there
as a `Layout`. With room to spare (`Room`) the array has a fixed length, whatever the rows: so one CUDA graph serves
all passes that fit into it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy
import torch

from dsx.engines.local.attention.kv_cache import Pool, Prefix

PARTS, FEW_PREFIXES, MANY_TOKENS = 16, 8, 128
"""A prefix is read in this many parts at once, so that all of a GPU's multiprocessors have something to read; in fewer
where there are more prefixes or tokens than these. Measured on an H100, µs a layer of 8 key heads, prefixes of 10,000
tokens, by parts 1, 2, 4, 8, 16, 32: one prefix 283, 148, 78, 43, 25, 24; six 291, 158, 124, 114, 108, 121; eighteen
472, 393, 329, 312, 324, 358 (floor, from 3 TB/s: 14, 82, 246)."""


def parts_for(tokens: int, prefixes: int) -> int:
    """In how many parts the prefixes of a pass are read."""
    most = PARTS if prefixes <= FEW_PREFIXES else PARTS // 2
    return max(1, most // (1 + tokens // MANY_TOKENS))


Sequences = tuple[torch.Tensor, torch.Tensor, torch.Tensor]
"""Where queries begin, where keys begin, how many keys: see `Layout`."""


@dataclass(frozen=True, slots=True)
class Room:
    """How many tokens, rows and prefixes a pass has room for; parts: in which a prefix is read."""

    tokens: int
    rows: int
    prefixes: int
    parts: int


@dataclass(slots=True, eq=False)
class Layout:
    """A pass's indices on a device, for N tokens, R rows, P prefixes, S parts of each.

    most: tokens of the rows of one prefix, at most.
    ids, positions, places: int64 [N], the tokens, where they stand in their sequences, where their keys go.
    last: int64 [R], each row's last token.
    Sequences as FlashAttention's kernel for variable lengths takes them, int32: where the queries of each begin, where
    its keys begin (both one more than there are sequences), how many keys. Of the tails, N: each token asks its row's
    tail up to itself. Of the prefixes, S·P: all first parts, all second parts, …, each asked by all tokens of its rows,
    so each token S times.
    """

    parts: int
    most: int
    ids: torch.Tensor
    positions: torch.Tensor
    places: torch.Tensor
    last: torch.Tensor
    tail_queries: torch.Tensor
    tail_starts: torch.Tensor
    tail_lengths: torch.Tensor
    prefix_queries: torch.Tensor
    prefix_starts: torch.Tensor
    prefix_lengths: torch.Tensor
    _grouped: dict[int, tuple[Sequences, Sequences]] = field(default_factory=dict)

    @classmethod
    def read(cls, numbers: torch.Tensor, room: Room, most: int) -> Layout:
        """From `Pass.numbers`, on its device."""
        sizes = _sizes(room)
        ids, positions, places, last, rest = numbers.split([*sizes[:4], sum(sizes[4:])])
        return cls(room.parts, most, ids, positions, places, last, *rest.int().split(sizes[4:]))

    def sequences(self, group: int) -> tuple[Sequences, Sequences]:
        """Tails and prefixes, where each token asks with `group` query heads of each key head. Made once a pass."""
        if group not in self._grouped:
            self._grouped[group] = (
                (self.tail_queries * group, self.tail_starts, self.tail_lengths),
                (self.prefix_queries * group, self.prefix_starts, self.prefix_lengths),
            )
        return self._grouped[group]


def _sizes(room: Room) -> list[int]:
    tokens, parts = room.tokens, room.parts * room.prefixes
    return [tokens, tokens, tokens, room.rows, tokens + 1, tokens + 1, tokens, parts + 1, parts + 1, parts]


@dataclass(slots=True, eq=False)
class Pass:
    """One forward pass.

    tokens: of all rows, one row after the other; rows with the same prefix stand together.
    starts: first place of each row's tail, length R; seen: tokens that its tail has already; counts: its new ones.
    groups: (prefix, first row, end row), in row order.
    fused: CUDA's kernel for variable lengths may be used. uniform: it was, in all layers, whatever the lengths.
    """

    pool: Pool
    tokens: Sequence[int]
    starts: Sequence[int]
    seen: Sequence[int]
    counts: Sequence[int]
    groups: Sequence[tuple[Prefix, int, int]]
    fused: bool = False
    uniform: bool = True
    _layouts: dict[torch.device, Layout] = field(default_factory=dict)
    _padded: dict[torch.device, Padded] = field(default_factory=dict)

    @property
    def longest(self) -> int:
        """Tokens of the longest sequence, prefix and new ones included."""
        return int((self._before() + self.seen + self.counts).max())

    @property
    def room(self) -> Room:
        """Just enough."""
        tokens, prefixes = len(self.tokens), len(self.groups)
        return Room(tokens, len(self.counts), prefixes, parts_for(tokens, prefixes))

    def layout(self, device: torch.device) -> Layout:
        """Its indices there; copied once for all layers of the device."""
        if device not in self._layouts:
            numbers = torch.from_numpy(self.numbers(self.room)).to(device)
            most = max(sum(self.counts[first:end]) for _, first, end in self.groups)
            self._layouts[device] = Layout.read(numbers, self.room, most)
        return self._layouts[device]

    def padded(self, device: torch.device) -> Padded:
        """The same for kernels that take padded tails."""
        if device not in self._padded:
            self._padded[device] = Padded.of(self, device)
        return self._padded[device]

    def numbers(self, room: Room) -> numpy.ndarray:
        """All indices, int64, in the order of `Layout`'s fields.

        Where there is room to spare, the tokens that nobody asked for see nothing, a further prefix of no keys among
        it, and their keys go to place 0.
        """
        counts, seen, starts = numpy.array(self.counts), numpy.array(self.seen), numpy.array(self.starts)
        ends = counts.cumsum()
        row = numpy.repeat(numpy.arange(len(counts)), counts)
        place = seen[row] + numpy.arange(ends[-1]) - (ends - counts)[row]
        spare = room.tokens - int(ends[-1])

        def padded(given: numpy.ndarray, size: int, fill: int = 0) -> numpy.ndarray:
            return numpy.pad(given, (0, size - len(given)), constant_values=fill)

        first = numpy.array([int(ends[at - 1]) if at else 0 for _, at, _ in self.groups])
        part_starts, part_lengths = self._parts(room)
        part_queries = padded(numpy.append(first, ends[-1])[: room.prefixes], room.prefixes, room.tokens)
        part_queries = part_queries + numpy.arange(room.parts)[:, None] * room.tokens
        arrays = [
            padded(numpy.array(self.tokens), room.tokens),
            padded(self._before()[row] + place, room.tokens),
            padded(starts[row] + place, room.tokens),
            padded(ends - 1, room.rows),
            numpy.arange(room.tokens + 1),
            padded(starts[row], room.tokens + 1),
            padded(place + 1, room.tokens),
            numpy.append(part_queries, room.parts * room.tokens),
            numpy.append(part_starts, 0),
            part_lengths.ravel(),
        ]
        assert room.rows >= len(counts)
        assert not spare or room.prefixes > len(first)
        return numpy.concatenate(arrays).astype(numpy.int64)

    def _parts(self, room: Room) -> tuple[numpy.ndarray, numpy.ndarray]:
        """Where each part of each prefix begins, and how many tokens it has; [S, P] each."""
        lengths = numpy.zeros(room.prefixes, numpy.int64)
        starts = numpy.zeros(room.prefixes, numpy.int64)
        for at, (prefix, _, _) in enumerate(self.groups):
            lengths[at], starts[at] = prefix.length, prefix.span.start
        each = -(-lengths // room.parts)
        begin = numpy.minimum(numpy.arange(room.parts)[:, None] * each, lengths)
        return starts + begin, numpy.minimum(each, lengths - begin)

    def _before(self) -> numpy.ndarray:
        """Tokens of each row's prefix, [R]."""
        return numpy.array([prefix.length for prefix, first, end in self.groups for _ in range(end - first)])


@dataclass(slots=True, eq=False)
class Padded:
    """Tails as wide as the widest: W new tokens, T tokens.

    row, column, place: int64 [N], each token's row, its column among the row's new ones, its place in the tail.
    kept: int64 [R, T], places of the pool; starts: int64 [R].
    """

    row: torch.Tensor
    column: torch.Tensor
    place: torch.Tensor
    kept: torch.Tensor
    starts: torch.Tensor
    width: int
    _hidden: dict[int | None, torch.Tensor] = field(default_factory=dict)

    @classmethod
    def of(cls, step: Pass, device: torch.device) -> Padded:
        """Made on the CPU; a place that a row has not written yet is given as its first one, so that it is a number."""
        counts, seen = torch.tensor(step.counts), torch.tensor(step.seen)
        row = torch.repeat_interleave(torch.arange(len(counts)), counts)
        column = torch.cat([torch.arange(count) for count in step.counts])
        at = torch.arange(int((seen + counts).max()))
        kept = torch.tensor(step.starts)[:, None] + at.where(at < (seen + counts)[:, None], 0)
        made = (row, column, seen[row] + column, kept, seen)
        row, column, place, kept, starts = (index.to(device) for index in made)
        return cls(row, column, place, kept, starts, int(counts.max()))

    def hidden(self, window: int | None) -> torch.Tensor:
        """Which places of its tail a row's new token may not see: [R, W, T]. Made once for all layers."""
        if window not in self._hidden:
            device = self.starts.device
            at = self.starts[:, None] + torch.arange(self.width, device=device)
            self._hidden[window] = out_of_sight(at, torch.arange(self.kept.shape[1], device=device), window)
        return self._hidden[window]


def out_of_sight(at: torch.Tensor, keys: torch.Tensor, window: int | None) -> torch.Tensor:
    """Whether a query at `at` [...] may not see the key at `keys` [T]: it comes later, or has left the window."""
    hidden = keys > at[..., None]
    return hidden if window is None else hidden | (keys <= at[..., None] - window)

"""Shared-prefix attention of decode steps in two kernels of our own, in Triton's language.

The first reads each split of each prefix once, for the queries of all its sequences, in a tile that is as high as they
are many. The second reads each token's own tail and merges it with the splits. Neither copies queries, and nothing but
the splits' results, which are float32, is written in between. Import it where triton is: `triton_backend` does.

Triton compiles a kernel anew, which takes a second, where an argument becomes 1, or becomes a multiple of 16 or none,
addresses included. Counts differ from pass to pass, and with them where in the array of indices each tensor begins: so
these arguments are not looked at. Strides are, for wide loads depend on them, but they do not change.
"""

from __future__ import annotations

import triton
import triton.language as tl


@triton.jit
def attend_block(queries, peak, total, summed, keys, values, slot, size, seen, scale):
    """One block of keys: the greatest score so far, the sum of weights, and the weighted values, all by powers of 2."""
    key = tl.load(keys + slot[None, :] + size[:, None], mask=seen[None, :], other=0.0)
    scores = tl.dot(queries, key, input_precision="ieee") * scale
    scores = tl.where(seen[None, :], scores, float("-inf"))
    higher = tl.maximum(peak, tl.max(scores, 1))
    weights = tl.exp2(scores - higher[:, None])
    shrunk = tl.exp2(peak - higher)
    value = tl.load(values + slot[:, None] + size[None, :], mask=seen[:, None], other=0.0)
    summed = tl.dot(weights.to(value.dtype), value, summed * shrunk[:, None], input_precision="ieee")
    return higher, total * shrunk + tl.sum(weights, 1), summed


@triton.jit(do_not_specialize=["query_starts", "key_starts", "key_counts", "num_tokens", "num_prefixes"])
def read_prefixes(
    query, keys, values, query_starts, key_starts, key_counts, parts, sums,
    scale, num_tokens, num_prefixes, head_stride, token_stride, slot_stride,
    GROUP: tl.constexpr, HEADS: tl.constexpr, SIZE: tl.constexpr, ROWS: tl.constexpr, COLUMNS: tl.constexpr,
):  # fmt: skip
    """A split of a prefix and a key head: parts [S·N, H, D] and log-sum-exp (of powers of 2) [S·N, H], float32."""
    entry, key_head = tl.program_id(0), tl.program_id(1)
    first, end = tl.load(query_starts + entry), tl.load(query_starts + entry + 1)
    key_start, count = tl.load(key_starts + entry).to(tl.int64), tl.load(key_counts + entry)
    size, columns = tl.arange(0, SIZE), tl.arange(0, COLUMNS)
    for done in range(0, (end - first) * GROUP, ROWS):
        row = done + tl.arange(0, ROWS)
        asks, head, token = row < (end - first) * GROUP, key_head * GROUP + row % GROUP, first + row // GROUP
        at = (token - entry // num_prefixes * num_tokens).to(tl.int64) * token_stride + head * head_stride
        queries = tl.load(query + at[:, None] + size[None, :], mask=asks[:, None], other=0.0)
        peak = tl.full([ROWS], float("-inf"), tl.float32)
        total, summed = tl.zeros([ROWS], tl.float32), tl.zeros([ROWS, SIZE], tl.float32)
        for start in range(0, count, COLUMNS):
            slot = (key_start + start + columns) * slot_stride + key_head * SIZE
            peak, total, summed = attend_block(
                queries, peak, total, summed, keys, values, slot, size, start + columns < count, scale
            )
        result = token.to(tl.int64) * HEADS + head
        tl.store(sums + result, peak + tl.log2(total), mask=asks)
        if count > 0:
            tl.store(parts + result[:, None] * SIZE + size[None, :], summed / total[:, None], mask=asks[:, None])


@triton.jit(do_not_specialize=["key_starts", "key_counts", "num_tokens", "num_splits"])
def read_tails(
    query, keys, values, key_starts, key_counts, parts, sums, output,
    scale, num_tokens, num_splits, head_stride, token_stride, slot_stride,
    GROUP: tl.constexpr, HEADS: tl.constexpr, SIZE: tl.constexpr, ROWS: tl.constexpr, COLUMNS: tl.constexpr,
):  # fmt: skip
    """A token and a key head: output [N, H, D], of its tail and the splits of its prefix. 0 where there are no keys."""
    token, key_head = tl.program_id(0), tl.program_id(1)
    key_start, count = tl.load(key_starts + token).to(tl.int64), tl.load(key_counts + token)
    size, columns, row = tl.arange(0, SIZE), tl.arange(0, COLUMNS), tl.arange(0, ROWS)
    asks, head = row < GROUP, key_head * GROUP + row
    at = token.to(tl.int64) * token_stride + head * head_stride
    queries = tl.load(query + at[:, None] + size[None, :], mask=asks[:, None], other=0.0)
    peak = tl.full([ROWS], float("-inf"), tl.float32)
    total, summed = tl.zeros([ROWS], tl.float32), tl.zeros([ROWS, SIZE], tl.float32)
    for start in range(0, count, COLUMNS):
        slot = (key_start + start + columns) * slot_stride + key_head * SIZE
        peak, total, summed = attend_block(
            queries, peak, total, summed, keys, values, slot, size, start + columns < count, scale
        )
    for split in range(num_splits):
        result = (split * num_tokens + token).to(tl.int64) * HEADS + head
        part_sum = tl.load(sums + result, mask=asks, other=float("-inf"))
        is_empty = part_sum == float("-inf")
        higher = tl.maximum(peak, part_sum)
        base = tl.where(higher == float("-inf"), 0.0, higher)
        weight, shrunk = tl.exp2(part_sum - base), tl.exp2(peak - base)
        there = asks & (is_empty == 0)
        part = tl.load(parts + result[:, None] * SIZE + size[None, :], mask=there[:, None], other=0.0)
        summed = summed * shrunk[:, None] + part * weight[:, None]
        peak, total = higher, total * shrunk + weight
    summed = tl.where((total == 0)[:, None], 0.0, summed / total[:, None])
    written = token.to(tl.int64) * HEADS + head
    tl.store(output + written[:, None] * SIZE + size[None, :], summed.to(output.dtype.element_ty), mask=asks[:, None])

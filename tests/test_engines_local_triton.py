"""This package's own attention kernels. In Triton's interpreter where there is no GPU; skipped without triton."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys

import pytest
import torch

from dsx.engines.local.attention import triton_backend
from dsx.engines.local.attention.torch_backend import AttentionSpec
from dsx.engines.local.attention.triton_backend import Tiles, rows_of

ERROR = """
import torch
from dsx.engines.local.attention.triton_backend import Tiles, error
device = "cuda:0" if torch.cuda.is_available() else "cpu"
for tiles in (Tiles(64), Tiles(128, rows=16)):
    print(error(torch.device(device), torch.float16, 8, 1, 64, tiles))
"""


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("triton") is None, reason="no triton here")
def test_the_kernels_give_what_plain_operations_give() -> None:
    interpreted = {} if torch.cuda.is_available() else {"TRITON_INTERPRET": "1"}
    environment = {**os.environ, **interpreted}
    ran = subprocess.run([sys.executable, "-c", ERROR], capture_output=True, text=True, env=environment)
    assert ran.returncode == 0, ran.stderr
    assert all(float(line) < 0.001 for line in ran.stdout.split())


def test_they_are_used_where_they_were_chosen_and_can() -> None:
    metadata, _ = triton_backend._sample(torch.device("cpu"))
    keys = torch.empty(10, 2, 128)
    plain, with_sinks = AttentionSpec(1.0), AttentionSpec(1.0, sinks=torch.zeros(16))
    assert not triton_backend.serves(metadata, plain, 16, keys), "not chosen"
    triton_backend.choose(Tiles())
    try:
        assert triton_backend.serves(metadata, plain, 16, keys)
        assert not triton_backend.serves(metadata, with_sinks, 16, keys)
        assert not triton_backend.serves(metadata, plain, 64, keys), "32 heads on a key head"
        assert not triton_backend.serves(metadata, plain, 16, torch.empty(10, 2, 96)), "a size that is no power of 2"
        metadata.input_ids = torch.zeros(513, dtype=torch.long)
        assert not triton_backend.serves(metadata, plain, 16, keys), "whole questions"
    finally:
        triton_backend.choose(None)


def test_without_a_gpu_they_are_not_chosen() -> None:
    assert triton_backend.enable(torch.device("cpu"), torch.float32, 16, 2, 128) == "no kernels for cpu"
    assert not triton_backend.chosen


@pytest.mark.parametrize(
    ("tokens", "prefixes", "rows"), [(1, 9, 16), (64, 33, 32), (256, 33, 128), (64, 9, 128), (16, 33, 16)]
)
def test_a_tile_is_as_high_as_the_queries_of_a_prefix(tokens: int, prefixes: int, rows: int) -> None:
    assert rows_of(tokens, prefixes, 8) == rows

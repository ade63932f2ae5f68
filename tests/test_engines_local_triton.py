"""This package's own attention kernels. In Triton's interpreter where there is no GPU; skipped without triton."""

from __future__ import annotations

import ast
import importlib.util
import math
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal

import pytest
import torch

from dsx.engines.local import load_rank
from dsx.engines.local.attention import triton_backend
from dsx.engines.local.attention.kv_cache import LayerShape
from dsx.engines.local.attention.torch_backend import AttentionSpec
from dsx.engines.local.attention.triton_backend import Tiles, rows_of
from dsx.engines.local.load_rank import LoadJob
from dsx.engines.local.model_files import ModelFiles
from dsx.errors import ModelError
from dsx.types import EngineSettings

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


@pytest.fixture
def on_a_gpu(monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Has a rank choose kernels on a made-up GPU, and gives what the log says of it."""

    def choose(error: Callable[..., float], check_parity: Callable[..., None] = lambda *_: None) -> str:
        lines: list[str] = []
        monkeypatch.setattr(triton_backend, "error", error)
        monkeypatch.setattr(load_rank, "check_parity", check_parity)
        monkeypatch.setattr(load_rank.log, "info", lambda line, *given: lines.append(line % given))
        monkeypatch.setattr(load_rank.flash_backend, "unavailable_reason", lambda *_: None)
        model = SimpleNamespace(config=SimpleNamespace(get_text_config=lambda: SimpleNamespace(num_attention_heads=16)))
        layer = LayerShape(2, 128, 128, torch.bfloat16, torch.device("cuda:0"))
        load_rank._choose_kernels(job("own"), model, layer)  # type: ignore[arg-type]
        (said,) = [line for line in lines if line.startswith("Decode steps")]
        return said

    monkeypatch.setattr(triton_backend, "chosen", [])
    return choose


def job(kernels: Literal["auto", "flash", "own"], cards: int = 1) -> LoadJob:
    """What a rank is to load."""
    files = ModelFiles("none", Path())
    return LoadJob(files, EngineSettings(), torch.bfloat16, True, False, 1, cards, kernels=kernels)


def test_tiles_of_all_heights_are_compiled_and_tried_before_they_are_used(on_a_gpu: Callable[..., str]) -> None:
    tried = []

    def error(*given: Any) -> float:
        tried.append(given[-1].rows)
        return 0.002

    assert on_a_gpu(error) == "Decode steps are attended by this package's kernels"
    assert triton_backend.chosen == [triton_backend.DEFAULT]
    assert set(tried) == {rows_of(tokens, prefixes, 8) for tokens in range(1, 513) for prefixes in range(1, 40)}


class CompilationError(Exception):
    """As Triton's, whose first lines are the place and the source."""


@pytest.mark.parametrize(
    ("problem", "said"),
    [
        (ModuleNotFoundError("No module named 'triton'"), "ModuleNotFoundError: No module named 'triton'"),
        (RuntimeError("Failed to find C compiler.\nSet CC."), "RuntimeError: Failed to find C compiler."),
        (CompilationError("at 5:13:\n  x = y\n      ^\ny is not defined\n"), "CompilationError: y is not defined"),
        (ValueError(), "ValueError: no reason given"),
        (0.5, "their results are 50.00% off"),
        (math.nan, "their results are nan% off"),
    ],
)
def test_kernels_that_fail_are_not_used_and_a_line_says_why(
    on_a_gpu: Callable[..., str], problem: Exception | float, said: str
) -> None:
    def error(*given: Any) -> float:
        """The tallest tiles fail: they alone lack shared memory on some GPUs."""
        if given[-1].rows < 128:
            return 0.002
        if isinstance(problem, Exception):
            raise problem
        return problem

    assert on_a_gpu(error) == f"Decode steps are not attended by this package's kernels: {said}"
    assert not triton_backend.chosen


def test_a_model_that_fails_the_parity_check_with_them_goes_on_without(on_a_gpu: Callable[..., str]) -> None:
    def check_parity(*_: Any) -> None:
        assert triton_backend.chosen
        raise ModelError("none: cannot share a prefix; serve it and use --engine server")

    said = "Decode steps are not attended by this package's kernels: with them the model gives other logits"
    assert on_a_gpu(lambda *_: 0.002, check_parity) == said
    assert not triton_backend.chosen


@pytest.mark.parametrize(
    ("capability", "has_triton", "devices", "cards", "used"),
    [
        ((9, 0), True, ["cuda:0"] * 2, 1, True),
        ((9, 0), True, ["cuda:0"] * 2, 2, True),
        ((9, 0), True, ["cuda:0", "cuda:1"], 1, False),
        ((9, 0), False, ["cuda:0"], 1, False),
        ((9, 0), True, ["cpu"], 1, False),
        ((8, 0), True, ["cuda:0"], 1, False),
        ((10, 0), True, ["cuda:0"], 1, False),
    ],
)
def test_by_themselves_they_are_tried_where_they_were_measured(
    monkeypatch: pytest.MonkeyPatch,
    capability: tuple[int, int],
    has_triton: bool,
    devices: list[str],
    cards: int,
    used: bool,
) -> None:
    """That is: on Hopper GPUs with triton, each with all layers or a part of each. Nothing is said elsewhere."""
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: capability)
    monkeypatch.setattr(triton_backend.importlib.util, "find_spec", lambda name: name if has_triton else None)
    of_layers = [torch.device(device) for device in devices]
    assert load_rank.wants_own_kernels(job("auto", cards), of_layers) == used
    assert load_rank.wants_own_kernels(job("own", cards), of_layers)
    assert not load_rank.wants_own_kernels(job("flash", cards), of_layers)


def test_without_a_gpu_they_are_not_chosen() -> None:
    assert triton_backend.enable(torch.device("cpu"), torch.float32, 16, 2, 128) == "no kernels for cpu"
    assert not triton_backend.chosen


def test_no_argument_that_changes_from_pass_to_pass_has_a_kernel_compiled_anew() -> None:
    source = Path(triton_backend.__file__).with_name("decode_kernels.py").read_text("utf-8")
    kernels = [node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef) and "read_" in node.name]
    always = {"query", "keys", "values", "parts", "sums", "output", "scale"}
    always |= {"head_stride", "token_stride", "slot_stride"}
    for kernel in kernels:
        (decorator,) = kernel.decorator_list
        assert isinstance(decorator, ast.Call)
        (unseen,) = [ast.literal_eval(keyword.value) for keyword in decorator.keywords]
        arguments = {argument.arg for argument in kernel.args.args if argument.annotation is None}
        assert arguments - set(unseen) <= always
        assert not set(unseen) & always, "wide loads depend on them"
    assert [kernel.name for kernel in kernels] == ["read_prefixes", "read_tails"]


@pytest.mark.parametrize(
    ("tokens", "prefixes", "rows"), [(1, 9, 16), (64, 33, 32), (256, 33, 128), (64, 9, 128), (16, 33, 16)]
)
def test_a_tile_is_as_high_as_the_queries_of_a_prefix(tokens: int, prefixes: int, rows: int) -> None:
    assert rows_of(tokens, prefixes, 8) == rows

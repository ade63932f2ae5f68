"""FlashAttention 4, by a kernel of the same form in plain operations: there is no GPU here."""

from __future__ import annotations

import importlib.metadata
import re
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
import torch

from dsx.doctor import Finding, _flash_attention
from dsx.engines.local import load_model, load_rank
from dsx.engines.local.attention import flash4, flash_backend, triton_backend
from dsx.engines.local.attention.kv_cache import CachedPrefix, KVCache, LayerShape
from dsx.engines.local.attention.packing import ForwardBatch, PrefixGroup, VarlenIndices
from dsx.engines.local.attention.torch_backend import AttentionSpec
from dsx.engines.local.load_model import load, load_config, try_attention
from dsx.engines.local.model_files import find
from dsx.types import EngineSettings

CPU = torch.device("cpu")


def entries(
    queries: torch.Tensor, keys: torch.Tensor, values: torch.Tensor, indices: VarlenIndices, _: int, scale: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """As `flash_backend.flash_varlen`, by plain operations; an entry without keys has a sum of minus infinity."""
    begin, starts, lengths = (part.tolist() for part in indices)
    output, sums = torch.zeros_like(queries), torch.full((queries.shape[1], len(queries)), float("-inf"))
    for at, length in enumerate(lengths):
        asking, read = slice(begin[at], begin[at + 1]), slice(starts[at], starts[at] + length)
        if length:
            scores = torch.einsum("qhd,khd->hqk", queries[asking].float(), keys[read].float()) * scale
            sums[:, asking] = scores.logsumexp(-1)
            output[asking] = torch.einsum("hqk,khd->qhd", scores.softmax(-1), values[read].float()).to(output.dtype)
    return output, sums


@pytest.fixture
def package(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """A module flash_attn.cute. Gives what its function was told by name."""
    told: list[dict[str, Any]] = []

    def varlen(queries: torch.Tensor, keys: torch.Tensor, values: torch.Tensor, **named: Any) -> tuple[Any, ...]:
        told.append(named)
        indices = VarlenIndices(named["cu_seqlens_q"], named["cu_seqlens_k"], named["seqused_k"])
        return (*entries(queries, keys, values, indices, 0, named["softmax_scale"]), None)

    cute = ModuleType("flash_attn.cute")
    cute.flash_attn_varlen_func = varlen  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "flash_attn", ModuleType("flash_attn"))
    monkeypatch.setitem(sys.modules, "flash_attn.cute", cute)
    monkeypatch.setattr(flash4, "chosen", [])
    return told


def test_entries_may_stand_anywhere(package: list[dict[str, Any]]) -> None:
    assert flash_backend.problem_of(flash4.varlen, CPU, torch.float32, 128) is None
    assert package[-1]["max_seqlen_q"] == flash4.MIN_QUERIES, "for fewer queries another kernel would be compiled"
    assert package[-1]["return_lse"]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda output, sums: (output + 1, sums), r"its results are \d\S* off"),
        (lambda output, sums: (output, sums * torch.nan), "its results are nan off"),
        (lambda output, sums: (output, sums.nan_to_num()), "it gives a sum of .* for no keys"),
    ],
)
def test_a_kernel_that_is_off_is_not_used(
    package: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch, wrong: Callable[..., Any], said: str
) -> None:
    right = flash4.varlen
    monkeypatch.setattr(flash4, "varlen", lambda *given: wrong(*right(*given)))
    line = chosen_on(monkeypatch, [CPU])
    assert line.startswith("Whole questions are not attended by FlashAttention 4: ")
    assert re.search(said, line), line
    assert not flash4.serves(4096)


def chosen_on(monkeypatch: pytest.MonkeyPatch, devices: list[torch.device]) -> str:
    """What the log says when a rank whose layers are there chooses it."""
    lines: list[str] = []
    monkeypatch.setattr(load_rank.log, "info", lambda line, *given: lines.append(line % given))
    load_rank._choose_flash4([LayerShape(2, 64, 64, torch.float32, device) for device in devices])
    (line,) = lines
    return line


def test_it_is_chosen_where_its_results_are_right(
    package: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert chosen_on(monkeypatch, [CPU]) == "Whole questions are attended by FlashAttention 4"
    assert flash4.serves(triton_backend.MAX_TOKENS + 1)
    assert not flash4.serves(triton_backend.MAX_TOKENS), "CUDA graphs are captured without it"


def test_it_is_not_chosen_for_layers_on_several_gpus(
    package: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    line = chosen_on(monkeypatch, [CPU, torch.device("meta")])
    assert line.endswith("not attended by FlashAttention 4: the layers are on several GPUs")
    assert not package


@pytest.mark.parametrize(("count", "calls"), [(600, 1), (500, 0)])
def test_it_reads_the_prefixes_of_large_passes_alone(
    package: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch, count: int, calls: int
) -> None:
    kv_cache = KVCache([LayerShape(2, 16, 16, torch.float32, CPU)], 1200)
    random = torch.Generator().manual_seed(0)
    for tensor in (*kv_cache.keys, *kv_cache.values):
        tensor.normal_(generator=random)
    prefixes = [CachedPrefix(length, kv_cache.allocate(length)) for length in (300, 7)]
    halves = [count // 2, count - count // 2]
    starts = [kv_cache.allocate(half, from_top=True).start for half in halves]
    groups = [PrefixGroup(prefix, at, at + 1) for at, prefix in enumerate(prefixes)]
    metadata = ForwardBatch(kv_cache, [7] * count, starts, [0, 0], halves, groups).metadata(CPU)
    query, spec = torch.randn(1, 4, count, 16, generator=random), AttentionSpec(0.25)
    monkeypatch.setattr(flash_backend, "flash_varlen", entries)
    keys, values = kv_cache.keys[0], kv_cache.values[0]
    without = flash_backend.attend(metadata, query, keys, values, spec)
    flash4.chosen.append(True)
    output = flash_backend.attend(metadata, query, keys, values, spec)
    assert torch.equal(output, without)
    assert len(package) == calls


@pytest.mark.parametrize(
    ("device", "gpus", "capability", "installed", "quicker"),
    [
        ("cuda", 1, (9, 0), True, True),
        ("cuda:1", 2, (9, 0), True, True),
        ("cuda", 2, (9, 0), True, False),
        ("cuda", 1, (8, 0), True, False),
        ("cuda", 1, (10, 0), True, False),
        ("cuda", 1, (9, 0), False, False),
        ("cpu", 0, None, True, False),
    ],
)
def test_by_default_it_is_used_where_it_was_measured(
    monkeypatch: pytest.MonkeyPatch, device: str, gpus: int, capability: object, installed: bool, quicker: bool
) -> None:
    monkeypatch.setattr(flash4, "is_installed", lambda: installed)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: gpus)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: capability)
    assert flash4.is_quicker(device) == quicker


def test_a_compiler_that_fails_is_passed_over_with_its_reason(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, package: list[dict[str, Any]]
) -> None:
    class DSLError(Exception):
        pass

    def failing(*_: Any, **__: Any) -> None:
        raise DSLError("no ptxas for sm_90a\nsecond line")

    sys.modules["flash_attn.cute"].flash_attn_varlen_func = failing  # type: ignore[attr-defined]
    with pytest.raises(RuntimeError, match="no ptxas"):
        flash4.try_it("cpu", torch.bfloat16)
    monkeypatch.setattr(flash4, "is_quicker", lambda device: True)
    tried = try_attention
    monkeypatch.setattr(
        load_model,
        "try_attention",
        lambda name, *_: flash4.try_it("cpu", torch.bfloat16) if name == flash4.NAME else tried(name, "cpu", _[1]),
    )
    caplog.set_level("INFO", "dsx.engines.local")
    *_, attention = load(find(None), EngineSettings(), "cpu", torch.float32)
    assert attention == "sdpa"
    assert "Attention implementation flash_attention_4 passed over: no ptxas for sm_90a" in caplog.messages


def test_the_kernel_that_a_model_needs_is_compiled_before_its_weights_are_read(
    package: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    shapes = list[tuple[int, ...]]()

    def noted(*states: torch.Tensor, **named: Any) -> None:
        assert named["causal"]
        shapes.extend(tuple(state.shape[1:]) for state in states)

    sys.modules["flash_attn.cute"].flash_attn_varlen_func = noted  # type: ignore[attr-defined]
    zeros = torch.zeros
    monkeypatch.setattr(torch, "zeros", lambda *given, device, **named: zeros(*given, **named))
    tensor = torch.tensor
    monkeypatch.setattr(torch, "tensor", lambda given, device=None, **named: tensor(given, **named))
    try_attention(flash4.NAME, "cuda", torch.bfloat16, load_config(find(None)))
    assert shapes == [(9, 64), (3, 64), (3, 64)], "SmolLM2-135M's heads"


def test_a_package_that_raises_while_it_is_imported_is_passed_over(package: list[dict[str, Any]]) -> None:
    """As it does beside another version of its compiler, by an AttributeError or TypeError."""

    def unlike(name: str) -> None:
        raise TypeError("made for another cutlass")

    sys.modules["flash_attn.cute"].__getattr__ = unlike  # type: ignore[method-assign]
    with pytest.raises(RuntimeError, match="another cutlass"):
        flash4.try_it("cpu", torch.bfloat16)


def found(monkeypatch: pytest.MonkeyPatch, versions: dict[str, str], capability: tuple[int, int]) -> list[Finding]:
    """What `dsx doctor` says where these packages are installed and one GPU of that kind is there."""

    def version(name: str) -> str:
        if name not in versions:
            raise importlib.metadata.PackageNotFoundError(name)
        return versions[name]

    monkeypatch.setattr(importlib.metadata, "version", version)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda index: capability)
    return list(_flash_attention())


def test_doctor_says_what_would_be_quicker(monkeypatch: pytest.MonkeyPatch, package: list[dict[str, Any]]) -> None:
    two = Finding("flash-attn", None, "not installed: pip install 'dsx-extract[gpu]'")
    assert found(monkeypatch, {}, (8, 0)) == [two]
    four = Finding("flash-attn-4", None, "not installed: pip install 'dsx-extract[flash4]'")
    assert found(monkeypatch, {}, (9, 0)) == [two, four]
    both = {"flash-attn": "2.8.3", "flash-attn-4": "4.0.0"}
    assert found(monkeypatch, both, (9, 0)) == [Finding(name, True, both[name]) for name in both]
    monkeypatch.setitem(sys.modules, "flash_attn.cute", None)
    assert [each.ok for each in found(monkeypatch, both, (9, 0))] == [True, False]

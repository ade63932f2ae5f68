"""Quantized weights, read and drawn, by the real package on the processor."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from dsx.bench.command import bench
from dsx.bench.options import Options
from dsx.engines.local import load_model, quantized
from dsx.engines.local.model_files import find
from dsx.engines.local.shapes import write_shape
from dsx.errors import ModelError
from dsx.types import EngineSettings


@pytest.fixture(scope="module")
def shape(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The embedded model's shape with two layers."""
    folder = tmp_path_factory.mktemp("shape")
    write_shape("smollm2-135m", folder)
    config = json.loads((folder / "config.json").read_text("utf-8"))
    (folder / "config.json").write_text(json.dumps({**config, "num_hidden_layers": 2}), "utf-8")
    return folder


def logits(folder: Path, quantize: str, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    files = find(str(folder), None, weights=False)
    model, _, _ = load_model.load(files, EngineSettings(quantize=quantize), "cpu", dtype, random_weights=True)
    weight = model.get_submodule("model.layers.0.self_attn.q_proj").weight
    assert weight.dtype == {"none": dtype, "8bit": torch.int8, "4bit": torch.uint8}[quantize]
    with torch.inference_mode():
        out: torch.Tensor = model(torch.arange(1, 40).reshape(1, -1)).logits
    return out.float()


@pytest.mark.parametrize(("quantize", "most"), [("8bit", 0.05), ("4bit", 0.3)])
def test_drawn_weights_are_quantized_as_those_that_are_read(shape: Path, quantize: str, most: float) -> None:
    exact, rounded = logits(shape, "none"), logits(shape, quantize)
    difference = float((exact - rounded).norm() / exact.norm())
    assert 0 < difference < most


def test_a_machine_is_measured_with_quantized_weights(shape: Path, tmp_path: Path) -> None:
    options = Options(model=str(shape), random_weights=True, quantize="4bit", papers=1, tokens=600, keep=tmp_path)
    options = replace(options, engines=("transformers",))
    (report,) = bench(options)
    assert report["failed"] == 0
    assert report["questions"]


def test_quantizing_needs_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quantized.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ModelError, match=r"^--quantize 4bit needs bitsandbytes: pip install "):
        load_model.load(find(None), EngineSettings(quantize="4bit"), "cpu", torch.bfloat16)


def test_four_bits_are_a_normal_distributions_quantiles() -> None:
    config = quantized.config_of("4bit", torch.bfloat16)
    assert config.bnb_4bit_quant_type == "nf4"
    assert config.bnb_4bit_compute_dtype == torch.bfloat16

"""The shipped weights: a difference in two bits, of one trained model or of the mean of several."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from click.testing import CliRunner
from dsx_reader import delta
from dsx_reader.command import cli
from safetensors.torch import load_file, save_file

from dsx.plugin_api import UsageError


def test_the_difference_of_weights_comes_back_nearly_as_it_was() -> None:
    generator = torch.Generator().manual_seed(0)
    base = {"a": torch.randn(32, 128, generator=generator), "norm": torch.randn(32, generator=generator)}
    change = {name: torch.randn(value.shape, generator=generator) * 0.01 for name, value in base.items()}
    after = {name: base[name] + change[name] for name in base}
    merged = delta.expand(base, delta.compress(base, after))
    lost = (merged["a"] - after["a"]).pow(2).mean() / change["a"].pow(2).mean()
    assert lost < 0.14
    assert torch.allclose(merged["norm"], after["norm"], atol=1e-4)


def test_of_several_models_the_mean_is_stored(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("base", "one", "other")]
    for folder, norm in zip(folders, (0.0, 1.0, 2.0), strict=True):
        folder.mkdir()
        save_file({"norm": torch.full((8,), norm, dtype=torch.bfloat16)}, folder / "model.safetensors")
    base, one, other = map(str, folders)
    out = tmp_path / "stored.safetensors"
    arguments = ["compress", "--base", base, "--model", one, "--model", other, "--out", str(out)]
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == 0, result.output
    merged = delta.expand(delta.tensors(folders[0]), load_file(out))
    assert merged["norm"].tolist() == [1.5] * 8


def test_a_model_of_another_shape_than_its_base_is_refused(tmp_path: Path) -> None:
    for name, shape in (("base", 8), ("other", 4)):
        (tmp_path / name).mkdir()
        save_file({"norm": torch.zeros(shape)}, tmp_path / name / "model.safetensors")
    with pytest.raises(UsageError, match="other is no model of the shape of"):
        delta.save(tmp_path / "base", [tmp_path / "other"], tmp_path / "stored.safetensors")
    assert not (tmp_path / "stored.safetensors").exists()

"""The trained weights as what they differ in from the base, in two bits a weight.

A row's differences are stored as one of four levels times a scale of 64 weights. For normally distributed numbers these
levels lose least (Max 1960, doi 10.1109/TIT.1960.1057548): 12 % of the variance of a difference that is itself small.
Vectors (norms) are stored whole. 135 million weights take 36 MB.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dsx.plugin_api import UsageError

LEVELS = (-1.5104, -0.4528, 0.4528, 1.5104)
BLOCK = 64
"""Weights that share a scale."""


def compress(base: Mapping[str, Any], trained: Mapping[str, Any]) -> dict[str, Any]:
    """Tensors of the difference, for `safetensors`."""
    import torch

    stored: dict[str, Any] = {}
    for name, after in trained.items():
        difference = after.float() - base[name].float()
        if difference.dim() < 2 or difference.shape[-1] % BLOCK:
            stored[f"{name}.whole"] = difference.half()
            continue
        blocks = difference.reshape(-1, BLOCK)
        scales = blocks.pow(2).mean(1, keepdim=True).sqrt().half()
        levels = torch.tensor(LEVELS)
        bounds = (levels[1:] + levels[:-1]) / 2
        codes = torch.bucketize(blocks / scales.float().clamp(min=1e-9), bounds).to(torch.uint8).reshape(-1, 4)
        packed = codes[:, 0] | codes[:, 1] << 2 | codes[:, 2] << 4 | codes[:, 3] << 6
        stored[f"{name}.codes"] = packed.reshape(*difference.shape[:-1], difference.shape[-1] // 4)
        stored[f"{name}.scales"] = scales[:, 0].reshape(*difference.shape[:-1], difference.shape[-1] // BLOCK)
    return stored


def expand(base: dict[str, Any], stored: Mapping[str, Any]) -> dict[str, Any]:
    """The base's tensors with the difference added, float32."""
    import torch

    levels = torch.tensor(LEVELS)
    merged = dict(base)
    for key, value in stored.items():
        name, _, kind = key.rpartition(".")
        if kind == "whole":
            merged[name] = base[name].float() + value.float()
        elif kind == "codes":
            parts = torch.stack([value >> shift & 3 for shift in (0, 2, 4, 6)], -1)
            blocks = levels[parts.long()].reshape(-1, BLOCK)
            scales = stored[f"{name}.scales"].float().reshape(-1, 1)
            merged[name] = base[name].float() + (blocks * scales).reshape(base[name].shape)
    return merged


def save(base: Path, trained: Sequence[Path], file: Path) -> int:
    """Compresses what a trained model, or the mean of several, differs in from their base; the bytes of the file.

    Raises UsageError for a model of another shape.
    """
    from safetensors.torch import save_file

    before, models = tensors(base), [tensors(folder) for folder in trained]
    for folder, model in zip(trained, models, strict=True):
        if _shapes(model) != _shapes(before):
            raise UsageError(f"{folder} is no model of the shape of {base}; --model takes what was trained from --base")
    save_file(compress(before, mean(models)), file)
    return file.stat().st_size


def mean(models: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The mean of the weights of models of one shape, float32.

    Models trained from one base on different data, or one from the other, often read new papers better averaged than
    alone (Wortsman et al. 2022, arXiv:2203.05482).
    """
    return {name: sum(model[name].float() for model in models) / len(models) for name in models[0]}


def _shapes(weights: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    return {name: tuple(value.shape) for name, value in weights.items()}


def tensors(folder: Path) -> dict[str, Any]:
    """All weights of a model's folder, by name."""
    from safetensors.torch import load_file

    weights: dict[str, Any] = {}
    for file in sorted(folder.glob("*.safetensors")):
        weights |= load_file(file)
    return weights

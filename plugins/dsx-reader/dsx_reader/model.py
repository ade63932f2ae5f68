"""The reader's weights: SmolLM2-135M with what training changed, put together in the cache when it is first used."""

from __future__ import annotations

import hashlib
import logging
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from dsx.plugin_api import ModelError
from dsx.plugin_api.training import Calibration, embedded_folder, model_cache, read_curves

log = logging.getLogger("dsx.reader")
WEIGHTS = Path(__file__).parent / "weights" / "reader.safetensors"
CALIBRATION = WEIGHTS.with_name("calibration.json")


def folder() -> Path:
    """The folder of the model; made once for each version of the weights. Raises ModelError."""
    if not WEIGHTS.is_file():
        raise ModelError(f"the package dsx-reader has no weights ({WEIGHTS}); install it from a wheel or a full clone")
    with WEIGHTS.open("rb") as file:
        version = hashlib.file_digest(file, "sha256").hexdigest()[:12]
    target = model_cache() / f"dsx-reader-{version}"
    if not (target / "config.json").is_file():
        _merge(embedded_folder(), target)
    return target


def calibration() -> Mapping[str, tuple[float, float]]:
    """By kind of parameter, slope and intercept of the curve from a confidence to the chance of being right."""
    if not CALIBRATION.is_file():
        return {}
    return Calibration.of(read_curves(CALIBRATION)).curves


def _merge(base: Path, target: Path) -> None:
    """Another process that does the same at once does no harm."""
    import torch
    from safetensors.torch import load_file, save_file

    from dsx_reader.delta import expand, tensors

    log.info("Putting the reader's weights together in %s, once", target)
    target.parent.mkdir(parents=True, exist_ok=True)
    making = Path(tempfile.mkdtemp(dir=target.parent, prefix=f"{target.name}.making-"))
    try:
        merged = expand(tensors(base), load_file(WEIGHTS))
        weights = {name: value.to(torch.bfloat16).contiguous() for name, value in merged.items()}
        save_file(weights, making / "model.safetensors", metadata={"format": "pt"})
        for file in base.iterdir():
            if file.suffix in (".json", ".jinja"):
                shutil.copy(file, making / file.name)
        making.chmod(0o755)
        if not (target / "config.json").is_file():
            making.rename(target)
    finally:
        shutil.rmtree(making, ignore_errors=True)

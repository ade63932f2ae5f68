"""A model: where its weights are, and how it is best asked. What a recipe says itself goes before."""

from __future__ import annotations

from pathlib import Path

from dsx.plugin_api import ModelError, NamedModel, hookimpl

WEIGHTS = Path.home() / ".cache" / "dsx-example"
"""Holds config.json, the tokenizer and the safetensors, as `save_pretrained` leaves them."""


def folder() -> Path:
    """Called when a run needs the model; a package that brings its weights packed unpacks them here, once."""
    if not (WEIGHTS / "config.json").is_file():
        raise ModelError(f"no model in {WEIGHTS}; save one there: its config.json, tokenizer and safetensors")
    return WEIGHTS


@hookimpl
def register_models() -> dict[str, NamedModel]:
    short = NamedModel(folder, passage_tokens=2000, whole_papers=False, description="is shown 2,000 tokens at a time")
    return {"example": short}

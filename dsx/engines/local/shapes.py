"""Shapes of models that are known by name, so that a machine can be measured before any weights are there."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dsx.engines.local.model_files import embedded
from dsx.errors import UnknownName

CONTEXT_TOKENS = 40960


def _qwen3(hidden: int, intermediate: int, layers: int, heads: int, tied: bool) -> Mapping[str, Any]:
    return {
        "hidden_size": hidden,
        "intermediate_size": intermediate,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "num_key_value_heads": 8,
        "head_dim": 128,
        "vocab_size": 151_936,
        "tie_word_embeddings": tied,
    }


SHAPES: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "smollm2-135m": (
        "LlamaConfig",
        {
            "hidden_size": 576,
            "intermediate_size": 1536,
            "num_hidden_layers": 30,
            "num_attention_heads": 9,
            "num_key_value_heads": 3,
            "head_dim": 64,
            "vocab_size": 49_152,
            "tie_word_embeddings": True,
        },
    ),
    "qwen3-0.6b": ("Qwen3Config", _qwen3(1024, 3072, 28, 16, tied=True)),
    "qwen3-1.7b": ("Qwen3Config", _qwen3(2048, 6144, 28, 16, tied=True)),
    "qwen3-4b": ("Qwen3Config", _qwen3(2560, 9728, 36, 32, tied=True)),
    "qwen3-8b": ("Qwen3Config", _qwen3(4096, 12288, 36, 32, tied=False)),
    "qwen3-14b": ("Qwen3Config", _qwen3(5120, 17408, 40, 40, tied=False)),
    "qwen3-32b": ("Qwen3Config", _qwen3(5120, 25600, 64, 64, tied=False)),
    "qwen2.5-72b": (
        "Qwen2Config",
        {
            "hidden_size": 8192,
            "intermediate_size": 29568,
            "num_hidden_layers": 80,
            "num_attention_heads": 64,
            "num_key_value_heads": 8,
            "vocab_size": 152_064,
            "tie_word_embeddings": False,
        },
    ),
}
"""Name → the configuration class of transformers, and what its model says other than the class. From the config.json
files that the models come with. All get a context of CONTEXT_TOKENS, which changes no weight."""


def write_shape(name: str, folder: Path) -> None:
    """A model's folder without weights: its configuration, and the embedded model's tokenizer.

    The tokenizer is padded to the shape's vocabulary with tokens that no text is made of, so that token masks are as
    wide as the model's own. Raises UnknownName.
    """
    import transformers

    if name not in SHAPES:
        raise UnknownName("shape", name, SHAPES)
    kind, sizes = SHAPES[name]
    tokenizer = embedded().folder
    ids = {key: json.loads((tokenizer / "config.json").read_bytes())[key] for key in ("bos_token_id", "eos_token_id")}
    config = getattr(transformers, kind)(**sizes, **ids, max_position_embeddings=CONTEXT_TOKENS, dtype="bfloat16")
    config.architectures = [f"{kind.removesuffix('Config')}ForCausalLM"]
    folder.mkdir(parents=True, exist_ok=True)
    config.save_pretrained(folder)
    for file in ("tokenizer_config.json", "chat_template.jinja"):
        shutil.copyfile(tokenizer / file, folder / file)
    padded = _padded(json.loads((tokenizer / "tokenizer.json").read_bytes()), sizes["vocab_size"])
    (folder / "tokenizer.json").write_text(json.dumps(padded, ensure_ascii=False), "utf-8")


def _padded(tokenizer: dict[str, Any], vocab_size: int) -> dict[str, Any]:
    """A tokenizer of byte-level BPE with so many tokens. No merge makes the further ones."""
    vocabulary = tokenizer["model"]["vocab"]
    further = {f"q{token:06}x": token for token in range(len(vocabulary), vocab_size)}
    return {**tokenizer, "model": {**tokenizer["model"], "vocab": {**vocabulary, **further}}}

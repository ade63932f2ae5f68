"""`--dry-run` of a local model needs its tokenizer and its configuration alone."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from dsx.errors import DecodeError
from dsx.plugins import load_plugins
from dsx.recipe import Recipe
from dsx.run.job import make_engine

pytestmark = pytest.mark.slow


def test_tokens_are_counted_without_weights(random_folder: str, tmp_path: Path) -> None:
    from transformers import AutoTokenizer

    folder = Path(shutil.copytree(random_folder, tmp_path / "model"))
    empty = {"dtype": "F32", "shape": [64], "data_offsets": [0, 0]}  # tensors without their numbers
    header = json.dumps({"a": empty, "b": empty}).encode()
    for weights in folder.glob("*.safetensors"):
        weights.write_bytes(len(header).to_bytes(8, "little") + header)
    engine = make_engine(Recipe.read(schema_name="s", model=str(folder)), load_plugins(), answers=False)
    text = "Forty-two people reached to 8 targets; naïve <|im_end|> ones."
    plain = AutoTokenizer.from_pretrained(random_folder).encode(
        text, add_special_tokens=False, split_special_tokens=True
    )
    assert (engine.count_tokens(text), engine.context_tokens, engine.grammar) == (len(plain), 8192, "lark")
    with pytest.raises(DecodeError):
        engine.answer([])
    engine.close()

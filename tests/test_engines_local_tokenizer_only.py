"""`--dry-run` of a local model needs its tokenizer and its configuration alone."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from dsx.errors import DecodeError, ModelError, UsageError
from dsx.plugins import load_plugins
from dsx.recipe import Recipe
from dsx.run.job import make_engine

pytestmark = pytest.mark.slow


def test_tokens_are_counted_without_weights(random_folder: str, tmp_path: Path) -> None:
    from transformers import AutoTokenizer

    folder = Path(shutil.copytree(random_folder, tmp_path / "model"))
    for weights in folder.glob("*.safetensors"):
        weights.unlink()
    recipe, plugins = Recipe.read(schema_name="s", model=str(folder)), load_plugins()
    engine = make_engine(recipe, plugins, answers=False)
    text = "Forty-two people reached to 8 targets; naïve <|im_end|> ones."
    plain = AutoTokenizer.from_pretrained(random_folder).encode(
        text, add_special_tokens=False, split_special_tokens=True
    )
    assert (engine.count_tokens(text), engine.context_tokens, engine.grammar) == (len(plain), 8192, "lark")
    with pytest.raises(UsageError, match="engine transformers: --set rows takes a whole number"):
        make_engine(recipe.model_copy(update={"options": {"rows": "x"}}), plugins, answers=False)
    with pytest.raises(DecodeError):
        engine.answer([])
    engine.close()
    config = json.loads((folder / "config.json").read_bytes())
    (folder / "config.json").write_text(json.dumps({**config, "text_config": {"max_position_embeddings": 512}}))
    assert make_engine(recipe, plugins, answers=False).context_tokens == 512
    del config["max_position_embeddings"]
    (folder / "config.json").write_text(json.dumps(config))
    assert make_engine(recipe, plugins, answers=False).context_tokens == 2048, "as transformers has it"
    (folder / "tokenizer.json").write_text("{")
    with pytest.raises(ModelError, match=r"the tokenizer of .* cannot be loaded"):
        make_engine(recipe, plugins, answers=False)

"""A model that tests can train."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A random model of one layer, with letters for tokens."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokens = Tokenizer(models.BPE({letter: at for at, letter in enumerate([*letters, "<end>"])}, []))
    tokens.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokens.decoder = decoders.ByteLevel()
    PreTrainedTokenizerFast(tokenizer_object=tokens, eos_token="<end>").save_pretrained(tmp_path / "base")
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(letters) + 1,
        hidden_size=8,
        intermediate_size=8,
        num_hidden_layers=1,
        num_attention_heads=1,
        max_position_embeddings=4096,
        tie_word_embeddings=True,
    )
    LlamaForCausalLM(config).save_pretrained(tmp_path / "base")
    return tmp_path / "base"

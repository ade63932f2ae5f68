"""The engine `transformers` without its model, for a preview: it counts tokens and answers nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Literal

from dsx.engines.chat import backend_encoder, encoder
from dsx.engines.local.model_files import ModelFiles, locate
from dsx.errors import DecodeError, ModelError, one_line
from dsx.types import Completion, EngineSettings, Json, Question


class TokenizerOnly:
    """Raises ModelError where the model's folder or its tokenizer cannot be used. The weights need not be there."""

    grammar: Literal["lark", "json_schema", "none"] = "lark"

    def __init__(self, settings: EngineSettings) -> None:
        self.files = locate(settings.model, settings.folder)
        try:
            self._encode = _encoder(self.files)
            self.context_tokens = _context_tokens(self.files)
        except Exception as problem:  # the library tokenizers raises no narrower one
            raise ModelError(f"the tokenizer of {self.files.name} cannot be loaded: {one_line(problem)}") from None

    def count_tokens(self, text: str) -> int:
        """Tokens of `text`, without any that a template would add."""
        return len(self._encode(text, False))

    def answer(self, questions: Sequence[Question]) -> Iterator[Completion]:
        """Raises DecodeError: there is no model."""
        raise DecodeError("a preview answers nothing")

    def describe(self) -> dict[str, Json]:
        """The model whose tokenizer it is."""
        return {"engine": "transformers", "model": self.files.name}

    def close(self) -> None:
        """Holds nothing that must be given back."""


# Where tokenizer.json and config.json say all, transformers is not asked: it imports torch, which takes 7 of 10 s.


def _encoder(files: ModelFiles) -> Callable[[str, bool], list[int]]:
    file = files.folder / "tokenizer.json"
    if files.gguf is None and file.is_file():
        from tokenizers import Tokenizer

        return backend_encoder(Tokenizer.from_file(str(file)), control_tokens=False)
    from dsx.engines.local.load_model import load_tokenizer

    return encoder(load_tokenizer(files), control_tokens=False)


def _context_tokens(files: ModelFiles) -> int:
    """Longest prompt and answer together."""
    config = {} if files.gguf else json.loads((files.folder / "config.json").read_bytes())
    tokens = config.get("text_config", config).get("max_position_embeddings")
    if isinstance(tokens, int):
        return tokens
    from dsx.engines.local.load_model import context_tokens, load_config

    return context_tokens(load_config(files))

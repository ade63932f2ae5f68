"""The engine `transformers` without its model, for a preview: it counts tokens and answers nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from dsx.engines.chat import Renderer
from dsx.engines.local.load_model import context_tokens, load_config, load_tokenizer
from dsx.engines.local.model_files import find
from dsx.errors import DecodeError, ModelError, one_line
from dsx.types import Completion, EngineSettings, Json, Question


class TokenizerOnly:
    """Raises ModelError where the model's folder or its tokenizer cannot be used."""

    grammar: Literal["lark", "json_schema", "none"] = "lark"

    def __init__(self, settings: EngineSettings) -> None:
        self.files = find(settings.model, settings.folder, weights=settings.options.get("weights") != "random")
        try:
            self.renderer = Renderer(load_tokenizer(self.files))
            self.context_tokens = context_tokens(load_config(self.files))
        except (ImportError, ValueError, OSError, RuntimeError) as problem:
            raise ModelError(f"the tokenizer of {self.files.name} cannot be loaded: {one_line(problem)}") from None
        self.renderer.check()

    def count_tokens(self, text: str) -> int:
        """Tokens of `text`, without any that a template would add."""
        return self.renderer.count(text)

    def answer(self, questions: Sequence[Question]) -> Iterator[Completion]:
        """Raises DecodeError: there is no model."""
        raise DecodeError("a preview answers nothing")

    def describe(self) -> dict[str, Json]:
        """The model whose tokenizer it is."""
        return {"engine": "transformers", "model": self.files.name}

    def close(self) -> None:
        """Holds nothing that must be given back."""

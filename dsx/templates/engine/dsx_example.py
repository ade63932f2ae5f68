"""An engine without a model: a parameter's answer is a number, or a choice, beside one of the parameter's words."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Literal

from pydantic import Field

from dsx.plugin_api import (
    Completion,
    Engine,
    EngineFactory,
    EngineSettings,
    Json,
    Parameter,
    Question,
    hookimpl,
)
from dsx.plugin_api.engines import EngineOptions

SENTENCE = re.compile(r"[^.!?\n]+(?:\.\d[^.!?\n]*)*[.!?]?")


class Options(EngineOptions):
    """What `--set KEY=VALUE` may say; anything else is an error."""

    longest: int = Field(300, ge=20, description="characters of a quote")


class WordEngine:
    grammar: Literal["lark", "json_schema", "none"] = "none"  # its answers go through dsx's repairs and validation
    context_tokens = 1_000_000

    def __init__(self, settings: EngineSettings) -> None:
        self.options = Options.read("example", settings.options)

    def count_tokens(self, text: str) -> int:
        return len(text.split())

    def answer(self, questions: Sequence[Question]) -> Iterator[Completion]:
        for question in questions:
            if question.form == "records":
                found: Json = []
            else:
                found = {parameter.name: self.look(parameter, question.shown.text) for parameter in question.parameters}
            yield Completion(question.id, json.dumps(found, ensure_ascii=False), constrained=False)

    def look(self, parameter: Parameter, text: str) -> Json:
        words = [parameter.name.replace("_", " ").split(".")[-1], *parameter.synonyms]
        for match in SENTENCE.finditer(text):
            sentence = match.group().strip()[: self.options.longest]
            value = self.value(parameter, sentence)
            if value is not None and any(word.lower() in sentence.lower() for word in words):
                return {"value": value, "quote": sentence}
        return None

    def value(self, parameter: Parameter, sentence: str) -> Json:
        kind = parameter.schema.get("type")
        number = re.search(r"-?\d+(?:\.\d+)?" if kind == "number" else r"-?\d+", sentence)
        if kind in ("number", "integer"):
            return json.loads(number.group()) if number else None
        named = [choice.value for choice in parameter.choices if str(choice.value).lower() in sentence.lower()]
        return named[0] if named else None

    def describe(self) -> dict[str, Json]:
        return {"engine": "example", **self.options.model_dump()}

    def close(self) -> None:
        pass


@hookimpl
def register_engines() -> dict[str, EngineFactory]:
    def make(settings: EngineSettings) -> Engine:
        return WordEngine(settings)  # load the model here, not at import

    return {"example": make}

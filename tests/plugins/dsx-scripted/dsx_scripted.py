"""For tests: an engine without a model; its answers depend on the question alone and come at once, or after `delay`."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import time
from collections.abc import Iterator, Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from dsx.plugin_api import (
    Completion,
    Confidence,
    Engine,
    EngineFactory,
    EngineSettings,
    Json,
    Parameter,
    Places,
    Question,
    Usage,
    UsageError,
    hookimpl,
    longest_quote,
)

log = logging.getLogger("dsx.scripted")
LABEL = re.compile(r"\bExperiment \d+\b")
SENTENCE = re.compile(r"[^.\n]+\.")


class Options(BaseModel):
    """What `--set KEY=VALUE` may say."""

    model_config = ConfigDict(extra="forbid")

    delay: float = Field(0, ge=0, description="seconds before each answer; SCRIPTED_DELAY comes first")


class ScriptedEngine:
    """Finds records by "Experiment N"; fills in what a hash of the question chooses."""

    grammar: Literal["lark", "json_schema", "none"] = "lark"
    context_tokens = 100_000

    def __init__(self, settings: EngineSettings) -> None:
        try:
            options = Options.model_validate(dict(settings.options))
        except ValidationError as problem:
            raise UsageError(f"engine scripted: {problem.errors()[0]['msg']}") from None
        self.delay = float(os.environ.get("SCRIPTED_DELAY") or options.delay)
        log.info("Loading the scripted model")

    def count_tokens(self, text: str) -> int:
        """One token for four characters."""
        return len(text) // 4 + 1

    def answer(self, questions: Sequence[Question]) -> Iterator[Completion]:
        """One completion a question, in the order asked."""
        for question in questions:
            time.sleep(self.delay)
            labels = list(dict.fromkeys(LABEL.findall(question.shown.text)))[: question.max_records]
            if question.form == "labels":
                answer: Json = labels or None
            elif question.form == "records":
                answer = [{"label": label, "quote": label} for label in labels]
            elif question.places is not None:
                answer = _placed(question.places, question)
            else:
                found = {parameter.name: _filled(parameter, question) for parameter in question.parameters}
                answer = found if len(found) > 1 else next(iter(found.values()))
            text = json.dumps(answer, ensure_ascii=False, separators=(",", ":"))
            confidence = {parameter.name: Confidence(0.9, 0.75) for parameter in question.parameters}
            yield Completion(question.id, text, True, confidence=confidence, usage=Usage(tokens_sampled=len(text) // 4))

    def describe(self) -> dict[str, Json]:
        """With the GPUs that the job was given."""
        return {"engine": "scripted", "model": None, "gpus": os.environ.get("CUDA_VISIBLE_DEVICES")}

    def close(self) -> None:
        """Holds nothing."""


def _filled(parameter: Parameter, question: Question) -> Json:
    sentences, chosen = _sentences(question), _chosen(question)
    value = _value(parameter, chosen)
    if value is None or not sentences or chosen % 5 == 0:
        return None
    return {"value": value, "quote": sentences[chosen % len(sentences)]}


def _placed(places: Places, question: Question) -> Json:
    """One of the places."""
    chosen, sentences = _chosen(question), _sentences(question)
    if chosen % 5 == 0 or not (places.options or sentences):
        return None
    if places.kind in ("text", "texts"):
        words = sentences[chosen % len(sentences)].rstrip(".")[: places.max_characters]
        return {"value": words if places.kind == "text" else [words]}
    option = json.loads(places.options[chosen % len(places.options)])
    if places.kind == "answer":
        return option
    if places.kind == "numbers":
        return {"value": [option]}
    value = _value(question.parameters[0], chosen)
    return {"value": [value] if question.parameters[0].schema.get("type") == "array" else value, "quote": option}


def _sentences(question: Question) -> list[str]:
    return [match.group().strip()[: longest_quote(question)] for match in SENTENCE.finditer(question.shown.text)]


def _chosen(question: Question) -> int:
    return int.from_bytes(hashlib.sha256(f"{question.id} {question.shown.text}".encode()).digest()[:4])


def _value(parameter: Parameter, chosen: int) -> Json:
    schema = parameter.schema
    if parameter.choices:
        return parameter.choices[chosen % len(parameter.choices)].value
    if schema.get("type") == "string" and "pattern" not in schema:
        return f"word {chosen % 1000}"
    if schema.get("type") in ("integer", "number"):
        return min(max(chosen % 100, schema.get("minimum", 0)), schema.get("maximum", 100))
    return chosen % 2 == 0 if schema.get("type") == "boolean" else None


@hookimpl
def register_engines() -> dict[str, EngineFactory]:
    """scripted."""

    def make(settings: EngineSettings) -> Engine:
        return ScriptedEngine(settings)

    return {"scripted": make}

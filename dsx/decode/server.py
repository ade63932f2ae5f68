"""The engine "server": any OpenAI-compatible endpoint (vLLM, SGLang, llama.cpp, Ollama) on this machine or another.

How answers are held is found out by asking at the start, and said in the log and the manifest. A server that takes a
schema and does not keep to it is noticed answer by answer: such an answer counts as unconstrained, and goes through
the repairs.
"""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from dsx.decode.endpoint import Endpoint, Refused
from dsx.decode.grammar import json_schema, lark
from dsx.decode.logprobs import Token, confidences
from dsx.errors import DecodeError, ModelError, UsageError
from dsx.types import Completion, Confidence, Engine, EngineSettings, Json, Question, Usage

log = logging.getLogger("dsx.server")

Constraint = Literal["json_schema", "json_object", "vllm-lark", "llguidance", "none"]
PROBE = {
    "type": "object",
    "properties": {"answer": {"enum": ["forty-two"]}},
    "required": ["answer"],
    "additionalProperties": False,
}
DEFAULT_CONTEXT = 8192


class Options(BaseModel):
    """What `--set KEY=VALUE` may say to this engine."""

    model_config = ConfigDict(extra="forbid")

    base_url: str = "http://127.0.0.1:8000/v1"
    timeout: float = Field(120, gt=0, description="seconds for one whole reply")
    concurrency: int = Field(8, ge=1, le=256, description="requests under way at once")
    attempts: int = Field(4, ge=1, le=20, description="of one request")
    backoff: float = Field(0.5, ge=0, description="seconds before the second attempt; doubles after")
    constraint: Constraint | Literal["auto"] = "auto"
    logprobs: Literal["auto", "yes", "no"] = "auto"
    context_tokens: int | None = Field(None, ge=512, description="where the server does not say")
    extra_body: dict[str, Any] = Field({}, description="a JSON object, merged into each request")
    key_env: str = Field("DSX_API_KEY", description="the environment variable that holds the key")

    @field_validator("extra_body", mode="before")
    @classmethod
    def _parsed(cls, given: Any) -> Any:
        return json.loads(given) if isinstance(given, str) else given


def make(settings: EngineSettings) -> Engine:
    """Raises UsageError for an option that does not exist or does not apply, ModelError where no server answers."""
    try:
        options = Options.model_validate(dict(settings.options))
    except ValidationError as problem:
        first = problem.errors()[0]
        known = ", ".join(Options.model_fields)
        where = ".".join(map(str, first["loc"]))
        raise UsageError(f"engine server: {where}: {first['msg']}; options: {known}") from None
    given = {"quantize": settings.quantize != "none", "attention": settings.attention not in ("auto", "sdpa")}
    given |= {"samples": settings.samples > 1, "alternatives": settings.alternatives}
    for name, is_set in given.items():
        if is_set:
            raise UsageError(f"engine server: --{name} is the server's own to choose; leave it out")
    return ServerEngine(settings, options)


class ServerEngine:
    """One completion a question, `concurrency` at once."""

    grammar: Literal["lark", "json_schema", "none"]
    context_tokens: int

    def __init__(self, settings: EngineSettings, options: Options) -> None:
        self.settings, self.options = settings, options
        key = os.environ.get(options.key_env) or None
        self.endpoint = Endpoint(options.base_url, key, options.timeout, options.attempts, options.backoff)
        try:
            self.model, served = self._model()
            self.constraint, self.logprobs = self._probe()
        except BaseException:
            self.endpoint.close()
            raise
        self.context_tokens = options.context_tokens or _context(served) or DEFAULT_CONTEXT
        lark = self.constraint in ("vllm-lark", "llguidance")
        self.grammar = "lark" if lark else "none" if self.constraint == "none" else "json_schema"
        log.info("%s serves %s; answers are held by: %s", options.base_url, self.model, self.constraint)

    def count_tokens(self, text: str) -> int:
        """An estimate that is rather too high: three bytes a token."""
        return len(text.encode()) // 3 + 1

    def answer(self, questions: Sequence[Question]) -> Iterator[Completion]:
        """A question that the server fails on, after all attempts, has its `error` set; the others go on."""
        with ThreadPoolExecutor(self.options.concurrency, thread_name_prefix="dsx-server") as pool:
            under_way = [pool.submit(self._ask, question) for question in questions]
            try:
                for done in as_completed(under_way):
                    yield done.result()
            finally:
                for waiting in under_way:
                    waiting.cancel()

    def describe(self) -> dict[str, Json]:
        return {
            "engine": "server",
            "base_url": self.options.base_url,
            "model": self.model,
            "constraint": self.constraint,
            "logprobs": self.logprobs,
            "context_tokens": self.context_tokens,
            "tokens": "estimated",
        }

    def close(self) -> None:
        self.endpoint.close()

    # ---- at the start ----

    def _model(self) -> tuple[str, Mapping[str, Any]]:
        """The model's name and what the server says of it."""
        try:
            listed = self.endpoint.get("/models")
        except Refused as problem:
            raise ModelError(f"{problem}; base_url usually ends in /v1") from None
        entries = [each for each in _get(listed, "data", []) if isinstance(each, dict) and each.get("id")]
        names = [str(each["id"]) for each in entries]
        serves = f"{self.options.base_url} serves {', '.join(names) or 'nothing'}"
        if self.settings.model is None:
            if len(names) != 1:
                raise ModelError(f"{serves}; name one with --model")
            return names[0], entries[0]
        if names and self.settings.model not in names:
            raise ModelError(f"{serves}, not {self.settings.model}")
        return self.settings.model, next((each for each in entries if each["id"] == self.settings.model), {})

    def _probe(self) -> tuple[Constraint, bool]:
        """Which constraint the server keeps to, and whether it gives log-probabilities; a small request each."""
        chosen = self.options.constraint
        constraints: tuple[Constraint, ...] = ("json_schema", "json_object") if chosen == "auto" else (chosen,)
        for constraint in constraints:
            for logprobs in {"auto": (True, False), "yes": (True,), "no": (False,)}[self.options.logprobs]:
                if self._keeps(constraint, logprobs):
                    return constraint, logprobs
        if chosen != "auto":
            raise ModelError(f"{self.options.base_url} does not hold answers by {chosen}; try --set constraint=auto")
        log.warning("%s holds answers by no schema: they go through the repairs", self.options.base_url)
        return "none", False

    def _keeps(self, constraint: Constraint, logprobs: bool) -> bool:
        if constraint == "none":
            return not logprobs
        is_lark = constraint in ("vllm-lark", "llguidance")
        held: Json = '%llguidance {}\nstart: "{\\"answer\\":\\"forty-two\\"}"' if is_lark else PROBE
        messages = [{"role": "user", "content": "Say hello."}]
        try:
            reply = self.endpoint.post("/chat/completions", self._body(messages, constraint, held, logprobs, 64), 1)
            text, _ = _said(reply)
            return bool(json.loads(text) == {"answer": "forty-two"})
        except (DecodeError, ValueError):
            return False

    # ---- one question ----

    def _ask(self, question: Question) -> Completion:
        schema = json_schema(question)
        held: Json = schema
        if self.grammar == "lark":
            held = lark(question, order=self.settings.order, quote=question.quote_characters)
        messages = question.messages()
        body = self._body(messages, self.constraint, held, self.logprobs, self.settings.max_new_tokens)
        started = time.perf_counter()
        try:
            reply = self.endpoint.post("/chat/completions", body)
            text, finish = _said(reply)
        except (DecodeError, ModelError) as problem:
            return Completion(question.key, "", constrained=False, error=str(problem))
        usage = _usage(reply, 1e3 * (time.perf_counter() - started))
        truncated = finish == "length"
        constrained = self.grammar != "none" and (truncated or _fits(text, schema))
        if self.grammar != "none" and not constrained:
            log.warning("%s did not keep to the schema at %s", self.options.base_url, question.key)
        return Completion(question.key, text, constrained, truncated, self._confidence(question, text, reply), usage)

    def _body(
        self, messages: list[dict[str, str]], constraint: Constraint, held: Json, logprobs: bool, longest: int
    ) -> dict[str, Json]:
        body: dict[str, Json] = {"model": self.model, "messages": messages, "max_tokens": longest, "temperature": 0}
        body |= self.options.extra_body
        if constraint == "json_schema":
            body["response_format"] = {
                "type": "json_schema",
                "json_schema": {"name": "answer", "schema": held, "strict": True},
            }
        elif constraint == "json_object":
            body["response_format"] = {"type": "json_object", "schema": held}
        elif constraint == "vllm-lark":
            body["structured_outputs"] = {"grammar": held}
        elif constraint == "llguidance":
            body["grammar"] = held
        return body | ({"logprobs": True, "top_logprobs": 5} if logprobs else {})

    def _confidence(self, question: Question, text: str, reply: Json) -> Mapping[str, Confidence]:
        if not self.logprobs or question.form != "parameters":
            return {}
        entries = _get(_get(_choice(reply), "logprobs", {}), "content", []) or []
        try:
            tokens = [_token(each) for each in entries]
        except (KeyError, TypeError):
            return {}
        return confidences([parameter.name for parameter in question.parameters], text, tokens)


def _token(entry: Mapping[str, Any]) -> Token:
    top = tuple((each["token"], each["logprob"]) for each in entry["top_logprobs"])
    return Token(entry["token"], entry["logprob"], top)


def _choice(reply: Json) -> Json:
    choices = _get(reply, "choices", None)
    if not isinstance(choices, list) or not choices:
        raise DecodeError("the reply has no choices")
    return choices[0]


def _said(reply: Json) -> tuple[str, str]:
    """(text, finish reason)."""
    choice = _choice(reply)
    text = _get(_get(choice, "message", {}), "content", None)
    if not isinstance(text, str):
        raise DecodeError("the reply has no text")
    return text, str(_get(choice, "finish_reason", ""))


def _get(given: Json, key: str, otherwise: Any) -> Any:
    return given.get(key, otherwise) if isinstance(given, dict) else otherwise


def _fits(text: str, schema: Json) -> bool:
    import jsonschema

    try:
        return jsonschema.Draft202012Validator(schema).is_valid(json.loads(text))
    except (ValueError, RecursionError):
        return False


def _usage(reply: Json, ms: float) -> Usage:
    used = _get(reply, "usage", {})
    sampled = int(_get(used, "completion_tokens", 0) or 0)
    reused = int(_get(_get(used, "prompt_tokens_details", {}), "cached_tokens", 0) or 0)
    return Usage(int(_get(used, "prompt_tokens", 0) or 0), reused, sampled, 0, float(sampled), ms)


def _context(served: Mapping[str, Any]) -> int | None:
    """What vLLM and llama.cpp say of the model's context."""
    for found in (served.get("max_model_len"), _get(served.get("meta"), "n_ctx", None), served.get("context_length")):
        if isinstance(found, int) and found > 0:
            return found
    return None

"""The engine "server": any OpenAI-compatible endpoint (vLLM, SGLang, llama.cpp, Ollama) on this machine or another.

How answers are held is found out by asking at the start, and said in the log and the manifest. A server that takes a
schema and does not keep to it is noticed answer by answer: such an answer counts as unconstrained, and goes through
the repairs. Whatever else a server does to one question is that question's error, by name.
"""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import Any, Literal

from pydantic import Field, field_validator

from dsx.answers.grammar import lark
from dsx.answers.json_schema import json_schema
from dsx.engines.options import EngineOptions
from dsx.engines.server.endpoint import LONGEST_WAIT, Endpoint, GaveUp, Refused
from dsx.engines.server.logprobs import confidences
from dsx.engines.server.reply import context_tokens, member, text_and_finish, tokens, usage, whole_characters
from dsx.errors import DecodeError, DsxError, MachineError, ModelError, UsageError
from dsx.types import Completion, Confidence, Engine, EngineSettings, Json, Question

log = logging.getLogger("dsx.engines.server")

Constraint = Literal["json_schema", "json_object", "vllm-lark", "llguidance", "none"]
PROBE = {
    "type": "object",
    "properties": {"answer": {"enum": ["forty-two"]}},
    "required": ["answer"],
    "additionalProperties": False,
}
PROBE_ANSWER = {"answer": "forty-two"}
PROBE_LARK = '%llguidance {}\nstart: "{\\"answer\\":\\"forty-two\\"}"'
PROBE_MESSAGES = [{"role": "user", "content": "Say hello."}]
DEFAULT_CONTEXT = 8192
MAX_NAMES = 20
"""Models of a server that an error lists."""


class ServerOptions(EngineOptions):
    """What `--set KEY=VALUE` may say to this engine."""

    base_url: str = "http://127.0.0.1:8000/v1"
    timeout: float = Field(120, gt=0, le=86_400, description="seconds for one whole reply")
    concurrency: int = Field(8, ge=1, le=256, description="requests under way at once")
    attempts: int = Field(4, ge=1, le=20, description="of one request")
    backoff: float = Field(0.5, ge=0, le=LONGEST_WAIT, description="seconds before the second attempt; doubles after")
    constraint: Constraint | Literal["auto"] = "auto"
    logprobs: Literal["auto", "yes", "no"] = "auto"
    context_tokens: int | None = Field(None, ge=512, description="where the server does not say")
    extra_body: dict[str, Any] = Field({}, description="merged into each request")
    key_env: str = Field("DSX_API_KEY", pattern=r"^\w+$", description="the environment variable that holds the key")

    @field_validator("extra_body", mode="before")
    @classmethod
    def _parsed(cls, value: Any) -> Any:
        try:
            return json.loads(value, parse_constant=_no_constant) if isinstance(value, str) else value
        except RecursionError:
            raise ValueError("nested too deeply") from None


def make(settings: EngineSettings) -> Engine:
    """Raises UsageError for an option that does not exist or does not apply, ModelError where no server answers."""
    options = ServerOptions.read("server", settings.options)
    not_ours = {
        "quantize": settings.quantize != "none",
        "attention": settings.attention not in ("auto", "sdpa"),
        "samples": settings.samples > 1,
        "alternatives": settings.alternatives,
        "prior-weight": settings.prior_weight > 0,
        "null-bias": settings.null_bias != 0,
    }
    for name, is_set in not_ours.items():
        if is_set:
            raise UsageError(f"engine server: --{name} is the server's own to choose; leave it out")
    return ServerEngine(settings, options)


class ServerEngine:
    """One completion a question, `concurrency` at once."""

    grammar: Literal["lark", "json_schema", "none"]
    context_tokens: int

    def __init__(self, settings: EngineSettings, options: ServerOptions) -> None:
        self.settings, self.options = settings, options
        key = os.environ.get(options.key_env) or None
        self.endpoint = Endpoint(options.base_url, key, options.timeout, options.attempts, options.backoff)
        try:
            self.model, entry = self._find_model()
            self.constraint, self.logprobs = self._probe()
        except BaseException:
            self.endpoint.close()
            raise
        self.context_tokens = options.context_tokens or context_tokens(entry) or DEFAULT_CONTEXT
        lark = self.constraint in ("vllm-lark", "llguidance")
        self.grammar = "lark" if lark else "none" if self.constraint == "none" else "json_schema"
        log.info("%s serves %s; answers are held by: %s", options.base_url, self.model, self.constraint)

    def count_tokens(self, text: str) -> int:
        """An estimate that is rather too high: three bytes a token."""
        return len(text.encode("utf-8", "surrogatepass")) // 3 + 1

    def answer(self, questions: Sequence[Question]) -> Iterator[Completion]:
        """A question that the server fails on, after all attempts, has its `error` set; the others go on.

        Raises MachineError where the server is gone or overloaded, which is no question's fault.
        Where a caller stops early, what is under way is not waited for; `close` ends it.
        """
        pool = ThreadPoolExecutor(self.options.concurrency, thread_name_prefix="dsx-server")
        try:
            for future in as_completed([pool.submit(self._ask, question) for question in questions]):
                yield future.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

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

    def _find_model(self) -> tuple[str, Mapping[str, Any]]:
        """The model's name, and its entry in the server's list."""
        try:
            listed = self.endpoint.get("/models")
        except Refused as problem:
            raise ModelError(f"{problem}; base_url usually ends in /v1") from None
        data = member(listed, "data")
        entries = [entry for entry in data if member(entry, "id")] if isinstance(data, list) else []
        names = [self.endpoint.shown(whole_characters(str(entry["id"]))) for entry in entries]
        more = f" and {len(names) - MAX_NAMES} more" if len(names) > MAX_NAMES else ""
        serves = f"{self.options.base_url} serves {', '.join(names[:MAX_NAMES]) or 'nothing'}{more}"
        if self.settings.model is None:
            if len(names) != 1:
                raise ModelError(f"{serves}; name one with --model")
            return str(entries[0]["id"]), entries[0]
        if names and self.settings.model not in (str(entry["id"]) for entry in entries):
            raise ModelError(f"{serves}, not {self.settings.model}")
        return self.settings.model, next((entry for entry in entries if entry["id"] == self.settings.model), {})

    def _probe(self) -> tuple[Constraint, bool]:
        """Which constraint the server keeps to, and whether it gives log-probabilities; a small request each."""
        chosen = self.options.constraint
        constraints: tuple[Constraint, ...] = ("json_schema", "json_object") if chosen == "auto" else (chosen,)
        constraint = next((name for name in constraints if self._honours(name)), None)
        if constraint is None and chosen != "auto":
            raise ModelError(f"{self.options.base_url} does not hold answers by {chosen}; try --set constraint=auto")
        if constraint is None:
            self._probe_reply("none", logprobs=False)
            log.warning("%s holds answers by no schema: they go through the repairs", self.options.base_url)
        logprobs = self.options.logprobs != "no" and self._honours(constraint or "none", logprobs=True)
        if self.options.logprobs == "yes" and not logprobs:
            raise ModelError(f"{self.options.base_url} gives no log-probabilities; try --set logprobs=auto")
        return constraint or "none", logprobs

    def _honours(self, constraint: Constraint, logprobs: bool = False) -> bool:
        reply = self._probe_reply(constraint, logprobs)
        if reply is None:
            return False
        try:
            if logprobs and not tokens(reply):
                return False
            return constraint == "none" or bool(json.loads(text_and_finish(reply)[0]) == PROBE_ANSWER)
        except (DecodeError, ValueError, RecursionError):
            return False

    def _probe_reply(self, constraint: Constraint, logprobs: bool) -> Json:
        """The reply to a small request; None where the server refuses it. Raises ModelError where the server fails.

        llama-cpp-python says 500 to what it does not know: a refusal, if it answers the plain request.
        """
        shape: Json = PROBE_LARK if constraint in ("vllm-lark", "llguidance") else PROBE
        plain = constraint == "none" and not logprobs
        try:
            return self.endpoint.post("/chat/completions", self._body(PROBE_MESSAGES, constraint, shape, logprobs, 64))
        except (Refused, GaveUp) as problem:
            reason = problem
        if plain or (isinstance(reason, GaveUp) and reason.status != 500):
            raise ModelError(f"{reason}; nothing was asked yet")
        if isinstance(reason, GaveUp):
            self._probe_reply("none", logprobs=False)
        log.info("not with %s%s: %s", constraint, " and log-probabilities" if logprobs else "", reason)
        return None

    # ---- one question ----

    def _ask(self, question: Question) -> Completion:
        try:
            return self._completion(question)
        except GaveUp as problem:
            if problem.status in (429, 503) or self.endpoint.is_gone():
                raise MachineError(f"{problem}; see to the server and run the same command") from None
            reason = str(problem)
        except ModelError:  # the key is wrong by now, for every paper
            raise
        except DsxError as problem:
            reason = " ".join(str(problem).split())
        except Exception as problem:  # whatever a server makes of one question, the others go on
            reason = self.endpoint.shown(f"{type(problem).__name__}: {problem}")
        return Completion(question.id, "", constrained=False, error=reason)

    def _completion(self, question: Question) -> Completion:
        schema = json_schema(question)
        shape: Json = lark(question) if self.grammar == "lark" else schema
        body = self._body(question.messages(), self.constraint, shape, self.logprobs, self.settings.max_new_tokens)
        started = time.perf_counter()
        reply = self.endpoint.post("/chat/completions", body)
        text, finish = text_and_finish(reply)
        if finish == "content_filter" or (finish not in ("", "stop", "length") and not text.strip()):
            raise DecodeError(f"the server ended the answer: {self.endpoint.shown(finish)}")
        cost = usage(reply, 1e3 * (time.perf_counter() - started))
        truncated = finish == "length"
        constrained = self.grammar != "none" and (truncated or _fits(text, schema))
        if self.grammar != "none" and not constrained:
            log.warning("%s did not keep to the schema at %s", self.options.base_url, question.id)
        return Completion(question.id, text, constrained, truncated, self._confidence(question, text, reply), cost)

    def _body(
        self,
        messages: list[dict[str, str]],
        constraint: Constraint,
        shape: Json,
        logprobs: bool,
        max_tokens: int,
    ) -> dict[str, Json]:
        body: dict[str, Json] = {"model": self.model, "messages": messages, "max_tokens": max_tokens, "temperature": 0}
        body |= self.options.extra_body
        if constraint == "json_schema":
            body["response_format"] = {
                "type": "json_schema",
                "json_schema": {"name": "answer", "schema": shape, "strict": True},
            }
        elif constraint == "json_object":
            body["response_format"] = {"type": "json_object", "schema": shape}
        elif constraint == "vllm-lark":
            body["structured_outputs"] = {"grammar": shape}
        elif constraint == "llguidance":
            body["grammar"] = shape
        return body | ({"logprobs": True, "top_logprobs": 5} if logprobs else {})

    def _confidence(self, question: Question, text: str, reply: Json) -> Mapping[str, Confidence]:
        if not self.logprobs or question.form != "parameters":
            return {}
        return confidences([parameter.name for parameter in question.parameters], text, tokens(reply))


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _fits(text: str, schema: Json) -> bool:
    import jsonschema

    try:
        return jsonschema.Draft202012Validator(schema).is_valid(json.loads(text))
    except (ValueError, RecursionError):
        return False

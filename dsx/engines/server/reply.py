"""What a server's reply says: text, finish reason, token log-probabilities, cost. Nothing in it is trusted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dsx.engines.server.logprobs import Token
from dsx.errors import DecodeError
from dsx.types import Json, Usage

THOUGHTS = ("reasoning_content", "reasoning")
"""Where vLLM, SGLang and others put what a model thinks before it answers."""


def text_and_finish(reply: Json) -> tuple[str, str]:
    """The answer and the finish reason ("" where none is given). Raises DecodeError where there is no answer."""
    choice = _choice(reply)
    message, finish = member(choice, "message"), member(choice, "finish_reason")
    finish = finish if isinstance(finish, str) else ""
    text = _joined(member(message, "content"))
    thought = any(isinstance(member(message, key), str) and message[key].strip() for key in THOUGHTS)
    if thought and not (text and text.strip()):
        raise DecodeError(
            "the model only thought and gave no answer: switch thinking off at the server, or with --set "
            'extra_body=\'{"chat_template_kwargs": {"enable_thinking": false}}\', or raise --max-new-tokens'
        )
    if text is not None:
        return whole_characters(text), finish
    if isinstance(refusal := member(message, "refusal"), str):
        raise DecodeError(f"the model refuses: {' '.join(whole_characters(refusal).split())[:200]}")
    raise DecodeError(f"the reply has no text{f' ({finish[:40]})' if finish not in ('', 'stop') else ''}")


def _joined(content: Json) -> str | None:
    """An answer's text, which some servers give as a list of parts; None where there is none."""
    if isinstance(content, list):
        parts = [part if isinstance(part, str) else member(part, "text") for part in content]
        texts = [part for part in parts if isinstance(part, str)]
        return "".join(texts) if texts else None
    return content if isinstance(content, str) else None


def tokens(reply: Json) -> list[Token]:
    """The tokens with their log-probabilities; none where one of them is not what it should be."""
    entries = member(member(_choice(reply), "logprobs"), "content")
    try:
        return [_token(entry) for entry in entries] if isinstance(entries, list) else []
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        return []


def usage(reply: Json, ms: float) -> Usage:
    """What the answer cost; ms: how long it took."""
    counts = member(reply, "usage")
    sampled = _count(member(counts, "completion_tokens"))
    reused = _count(member(member(counts, "prompt_tokens_details"), "cached_tokens"))
    return Usage(_count(member(counts, "prompt_tokens")), reused, sampled, 0, float(sampled), ms)


def context_tokens(entry: Mapping[str, Any]) -> int | None:
    """What vLLM and llama.cpp say of the model's context, in the model's entry of their list."""
    lengths = (entry.get("max_model_len"), member(entry.get("meta"), "n_ctx"), entry.get("context_length"))
    return next((_count(length) for length in lengths if _count(length)), None)


def member(parsed: Json, key: str) -> Json:
    """The member of an object; None where it has none, or is no object."""
    return parsed.get(key) if isinstance(parsed, dict) else None


def whole_characters(text: str) -> str:
    r"""Halves of a character, which JSON can hold ("\ud83d"), joined or replaced: no file takes them."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _choice(reply: Json) -> Json:
    choices = member(reply, "choices")
    if not isinstance(choices, list) or not choices:
        raise DecodeError("the reply has no choices")
    return choices[0]


def _token(entry: Mapping[str, Any]) -> Token:
    top = tuple((_text(other["token"]), _logprob(other["logprob"])) for other in entry.get("top_logprobs") or ())
    raw = None if entry.get("bytes") is None else bytes(entry["bytes"])
    return Token(_text(entry["token"]), _logprob(entry["logprob"]), top, raw)


def _text(value: Json) -> str:
    if not isinstance(value, str):
        raise TypeError("no text")
    return value


def _logprob(value: Json) -> float:
    """Raises TypeError where it is the logarithm of no probability; roundings above 0 are let pass."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not value <= 1e-3:
        raise TypeError("no log-probability")
    return min(float(value), 0.0)


def _count(value: Json) -> int:
    """0 where it is no count: what a server says of its work is no reason to lose an answer."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return int(value) if is_number and 0 <= value < 2**53 else 0

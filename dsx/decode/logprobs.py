"""Confidence from a server's log-probabilities: the value's tokens, and null against an object where both may start."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from dsx.types import Confidence, Json

_decode = json.JSONDecoder().raw_decode
_BLANK = re.compile(r"\s*")


@dataclass(frozen=True, slots=True)
class Token:
    """One token of an answer: its text, the natural logarithm of its probability, and the likeliest ones' instead."""

    text: str
    logprob: float
    top: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Span:
    """Where one parameter's answer starts, and from where to where its value stands (equal for null)."""

    name: str
    start: int
    first: int
    last: int


def confidences(names: Sequence[str], text: str, tokens: Sequence[Token]) -> Mapping[str, Confidence]:
    """By parameter; empty where the text is no answer or its tokens do not make it up."""
    if "".join(token.text for token in tokens).strip() != text.strip():
        return {}
    offset = len(text) - len(text.lstrip())
    placed: list[tuple[int, int, Token]] = []
    at = offset - (len(tokens[0].text) - len(tokens[0].text.lstrip()) if tokens else 0)
    for token in tokens:
        placed.append((at, at + len(token.text), token))
        at += len(token.text)
    try:
        return {span.name: _confidence(span, placed) for span in spans(names, text)}
    except (ValueError, IndexError):
        return {}


def _confidence(span: Span, placed: Sequence[tuple[int, int, Token]]) -> Confidence:
    deciding = next((token for first, last, token in placed if first <= span.start < last), None)
    null = _null_share(deciding, is_null=span.first == span.last)
    if span.first == span.last:
        return Confidence(reported=1 - null, value=1.0)
    # Servers give probabilities before the grammar's mask: what the grammar forces (quotes, commas) must not count.
    inside = sum(
        token.logprob
        for first, last, token in placed
        if first < span.last and last > span.first and any(map(str.isalnum, token.text))
    )
    return Confidence(reported=1 - null, value=min(1.0, math.exp(inside)))


def _null_share(token: Token | None, is_null: bool) -> float:
    """p(null) among null and an object, of the token that decided; all or nothing where the server did not say."""
    if token is None or not token.top:
        return 1.0 if is_null else 0.0
    null = sum(math.exp(logprob) for text, logprob in token.top if text.strip().startswith("n"))
    there = sum(math.exp(logprob) for text, logprob in token.top if text.strip().startswith("{"))
    if null + there == 0:
        return 1.0 if is_null else 0.0
    return null / (null + there)


def spans(names: Sequence[str], text: str) -> Iterator[Span]:
    """Walks an answer with whatever blanks; raises ValueError or IndexError where it is none."""
    first = _skip(text, 0)
    if len(names) == 1:
        yield _span(names[0], text, first)
        return
    for key, at in _members(text, first):
        yield _span(key, text, at)


def _span(name: str, text: str, start: int) -> Span:
    value, _ = _decode(text, start)
    if value is None:
        return Span(name, start, start, start)
    for key, at in _members(text, start):
        if key == "value":
            return Span(name, start, at, _decode(text, at)[1])
    raise ValueError(f"{name} has no value")


def _members(text: str, at: int) -> Iterator[tuple[str, int]]:
    """(key, where its value starts) of the object at `at`."""
    if text[at] != "{":
        raise ValueError("no object")
    at = _skip(text, at + 1)
    while text[at] != "}":
        key: Json
        key, at = _decode(text, at)
        at = _skip(text, _skip(text, at) + 1)
        yield key, at
        at = _skip(text, _decode(text, at)[1])
        at = _skip(text, at + 1) if text[at] == "," else at


def _skip(text: str, at: int) -> int:
    found = _BLANK.match(text, at)
    return found.end() if found else at

"""Confidence from a server's log-probabilities: the value's tokens, and null against an object where both may start."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dsx.answers.reader import Unreadable, ValueSpan, value_spans
from dsx.types import Confidence

VALUE_START = re.compile(r"[{\[\"'“‘\d+−-]")
COUNTS = re.compile(r"[^\W_]|[-+−–]")


@dataclass(frozen=True, slots=True)
class Token:
    """One token of an answer: its text, the natural logarithm of its probability, and the likeliest ones' instead.

    raw: its bytes, where they are known: a character may be split over tokens.
    """

    text: str
    logprob: float
    top: tuple[tuple[str, float], ...] = ()
    raw: bytes | None = None


@dataclass(frozen=True, slots=True)
class _Placed:
    """A token, and from where to where the characters stand that it has a part in."""

    first: int
    last: int
    token: Token


def confidences(names: Sequence[str], text: str, tokens: Sequence[Token]) -> Mapping[str, Confidence]:
    """By parameter; empty where the text cannot be read in one way, or its tokens do not make it up."""
    try:
        placed = _placed(text, tokens)
        return {span.name: _confidence(span, text, placed) for span in value_spans(names, text)}
    except Unreadable:
        return {}


def _placed(text: str, tokens: Sequence[Token]) -> list[_Placed]:
    """Raises Unreadable where the tokens are not the text: but for blanks around it, and a last token that ended it."""
    pieces = [token.text.encode() if token.raw is None else token.raw for token in tokens]
    joined, answer = b"".join(pieces), text.strip()
    before = len(joined) - len(joined.lstrip())
    wanted, left = answer.encode(), joined[before:]
    if not tokens or not left.startswith(wanted) or left[len(wanted) :].strip() not in (b"", pieces[-1].strip()):
        raise Unreadable("other tokens")
    offset = len(text) - len(text.lstrip())
    characters = [at for at, character in enumerate(answer, offset) for _ in character.encode()]
    placed: list[_Placed] = []
    at = -before
    for token, piece in zip(tokens, pieces, strict=True):
        inside = characters[max(at, 0) : max(at + len(piece), 0)]
        if inside:
            placed.append(_Placed(inside[0], inside[-1] + 1, token))
        at += len(piece)
    return placed


def _confidence(span: ValueSpan, text: str, placed: Sequence[_Placed]) -> Confidence:
    is_null = span.first == span.last
    deciding = next((piece for piece in placed if piece.first <= span.start < piece.last), None)
    null = _null_share(deciding, span.start, is_null)
    if is_null:
        return Confidence(reported=1 - null, value=1.0)
    # Servers give probabilities before the grammar's mask: what the grammar forces (quotes, commas) must not count.
    log_probability = sum(
        piece.token.logprob
        for piece in placed
        if COUNTS.search(text[max(piece.first, span.first) : min(piece.last, span.last)])
    )
    return Confidence(reported=1 - null, value=min(1.0, math.exp(log_probability)))


def _null_share(deciding: _Placed | None, at: int, is_null: bool) -> float:
    """p(null) among null and a value, of the token that stands at `at`; all or nothing where the server did not say."""
    if deciding is None or not deciding.token.top:
        return 1.0 if is_null else 0.0
    token = deciding.token
    before = token.text[: at - deciding.first]
    null = value = 0.0
    for text, logprob in {token.text: token.logprob, **dict(token.top)}.items():
        instead = text.removeprefix(before).strip() if text.startswith(before) or not before.strip() else ""
        if text == token.text:
            null, value = (null + math.exp(logprob), value) if is_null else (null, value + math.exp(logprob))
        elif instead and any(word.startswith(instead) or instead.startswith(word) for word in ("null", "None")):
            null += math.exp(logprob)
        elif VALUE_START.match(instead):
            value += math.exp(logprob)
    if null + value == 0:
        return 1.0 if is_null else 0.0
    return null / (null + value)

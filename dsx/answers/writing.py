"""How an answer is written: as compact JSON, its keys in the order that the question asks for."""

from __future__ import annotations

import json

from dsx.types import Json, Order

_encoder = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def compact(value: Json) -> str:
    """JSON without blanks between its parts, characters as they are."""
    return _encoder.encode(value)


def answer_text(answer: Json, order: Order) -> str:
    """An answer as the grammar has it: compact, value and quote in this order."""
    if isinstance(answer, dict) and "quote" in answer and order == "quote-value":
        answer = {"quote": answer["quote"], **{key: value for key, value in answer.items() if key != "quote"}}
    return compact(answer)

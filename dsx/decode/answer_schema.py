"""The JSON Schema of a question's answer, for engines that take no finer grammar."""

from __future__ import annotations

from typing import Any

from dsx.types import Parameter, Question

LONGEST_QUOTE = 300
LONGEST_UNIT = 24
LONGEST_LABEL = 80


def answer_schema(question: Question, order: str) -> dict[str, Any]:
    """Of the whole answer; properties stand in the order in which they are to be written."""
    if question.form == "records":
        label = {"type": "string", "minLength": 1, "maxLength": LONGEST_LABEL}
        entry = _object({"label": label, "quote": _text(LONGEST_QUOTE)})
        return {"type": "array", "items": entry, "maxItems": max(question.max_records, 1)}
    if len(question.parameters) == 1:
        return _inner(question.parameters[0], order)
    return _object({parameter.name: _inner(parameter, order) for parameter in question.parameters})


def _inner(parameter: Parameter, order: str) -> dict[str, Any]:
    members: dict[str, Any] = {"value": plain_schema(parameter.schema)}
    if parameter.unit is not None:
        members["unit"] = {"anyOf": [_text(LONGEST_UNIT), {"type": "null"}]}
    members["quote"] = _text(LONGEST_QUOTE)
    if order == "quote-value":
        members = {"quote": members.pop("quote"), **members}
    return {"anyOf": [{"type": "null"}, _object(members)]}


def plain_schema(schema: Any) -> Any:
    """Without the `x-…` annotations, which servers refuse."""
    if isinstance(schema, dict):
        return {key: plain_schema(value) for key, value in schema.items() if not key.startswith("x-")}
    return [plain_schema(each) for each in schema] if isinstance(schema, list | tuple) else schema


def _object(members: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": members, "required": list(members), "additionalProperties": False}


def _text(longest: int) -> dict[str, Any]:
    return {"type": "string", "maxLength": longest}

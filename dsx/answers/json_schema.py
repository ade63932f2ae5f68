"""The answer to a question as JSON Schema, for servers that take no other grammar."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dsx.answers.limits import LONGEST_LABEL, longest_quote
from dsx.schema.grammatical import for_grammar
from dsx.schema.values import without_step
from dsx.types import Question
from dsx.units import aliases


def json_schema(question: Question) -> Mapping[str, Any]:
    """The same answer for servers that take a JSON Schema only: a quote is then any string, checked afterwards."""
    quote = {"type": "string", "minLength": 1, "maxLength": longest_quote(question)}
    if question.form == "records":
        properties: dict[str, Any] = {
            "label": {"type": "string", "minLength": 1, "maxLength": LONGEST_LABEL},
            "quote": quote,
        }
        return {"type": "array", "maxItems": question.max_records, "items": _object(properties)}
    answers = {}
    for parameter in question.parameters:
        properties = {"value": without_step(for_grammar(parameter.schema))}
        if parameter.unit:
            properties["unit"] = {"enum": list(aliases(parameter.unit))}
        answers[parameter.name] = {"anyOf": [{"type": "null"}, _object({**properties, "quote": quote})]}
    return answers[question.parameters[0].name] if len(answers) == 1 else _object(answers)


def _object(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }

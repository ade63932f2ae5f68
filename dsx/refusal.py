"""Why an option that was typed is refused: what it takes, in plain words, from its Pydantic field."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydantic import BaseModel, ValidationError

BOUNDS = {
    "minimum": "at least {}",
    "exclusiveMinimum": "more than {}",
    "maximum": "at most {}",
    "exclusiveMaximum": "less than {}",
}


def refusal(problem: ValidationError, options: type[BaseModel]) -> tuple[str, str]:
    """The name of the first option that is wrong, and the words that follow it: "takes a whole number of at least 1".

    The value is not among them, for it may be a key.
    """
    first = problem.errors()[0]
    name = str(first["loc"][0])
    if name not in options.model_fields:
        return name, f"is no option; there are: {', '.join(options.model_fields)}"
    schema = options.model_json_schema()["properties"][name]
    about = f" ({schema['description']})" if "description" in schema else ""
    cause = f": {first['ctx']['error']}" if first["type"] == "value_error" else ""
    return name, f"takes {_what(schema)}{about}{cause}"


def _what(schema: Mapping[str, Any]) -> str:
    if "anyOf" in schema:
        return " or ".join(_what(branch) for branch in schema["anyOf"] if branch.get("type") != "null")
    if "enum" in schema:
        return f"one of {', '.join(map(str, schema['enum']))}"
    if "const" in schema:
        return str(schema["const"])
    if "pattern" in schema:
        return f"text that matches {schema['pattern']}"
    if schema.get("type") in ("integer", "number"):
        return _number(schema)
    return {"boolean": "yes or no", "string": "text", "array": "a list"}.get(schema.get("type", ""), "a JSON object")


def _number(schema: Mapping[str, Any]) -> str:
    kind = "a whole number" if schema["type"] == "integer" else "a number"
    if "minimum" in schema and "maximum" in schema:
        return f"{kind} from {schema['minimum']} to {schema['maximum']}"
    bounds = [words.format(schema[key]) for key, words in BOUNDS.items() if key in schema]
    return f"{kind} of {' and '.join(bounds)}" if bounds else kind

"""A parameter set as a table that a researcher reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from dsx.parameters import plan
from dsx.types import ParameterSet, RecordType

if TYPE_CHECKING:
    from rich.table import Table


def tables(parameters: ParameterSet, per_question: int, cap: int) -> Iterator[Table]:
    """One table for the paper and one for each record type below it."""
    yield from _table(parameters.root, parameters.name, per_question, cap)


def _table(kind: RecordType, title: str, per_question: int, cap: int) -> Iterator[Table]:
    from rich.table import Table

    made = Table(title=title, title_justify="left", caption=kind.description or None, caption_justify="left")
    for column in ("parameter", "type", "unit", "choices", "looked for in", "tokens", "question"):
        made.add_column(column, justify="right" if column in ("tokens", "question") else "left")
    for number, group in enumerate(plan.groups(kind, per_question, cap), 1):
        for parameter in group:
            choices = ", ".join(str(choice.value) for choice in parameter.choices)
            needed = str(plan.answer_tokens(parameter))
            kind_of = describe(parameter.schema)
            made.add_row(parameter.name, kind_of, parameter.unit or "", choices, parameter.where, needed, str(number))
    if kind.parameters:
        yield made
    for child in kind.children:
        yield from _table(child, f"{title} / {child.name} (at most {child.max_records})", per_question, cap)


def describe(schema: Mapping[str, Any]) -> str:
    """A leaf's type and bounds in a few words, filled-in bounds included."""
    if "enum" in schema:
        return "choice"
    if "anyOf" in schema:
        return " or ".join(map(describe, schema["anyOf"]))
    kind: str = schema["type"]
    if kind == "array":
        items = describe(schema["items"]) if isinstance(schema["items"], Mapping) else "fixed"
        return f"list of {items}, at most {schema['maxItems']}"
    if kind == "string":
        bounds = [f"at most {schema['maxLength']} characters"] if "maxLength" in schema else []
        bounds += [f"like {schema['pattern']}"] if "pattern" in schema else []
        bounds += [schema["format"]] if "format" in schema else []
        return " ".join(["text", *bounds])
    if kind == "boolean":
        return "yes or no"
    low = (
        f"over {schema['exclusiveMinimum']}" if "exclusiveMinimum" in schema else _bound("from", schema.get("minimum"))
    )
    high = (
        f"under {schema['exclusiveMaximum']}" if "exclusiveMaximum" in schema else _bound("to", schema.get("maximum"))
    )
    return " ".join(part for part in (kind, low, high) if part)


def _bound(word: str, value: float | None) -> str:
    from dsx.parameters.leaves import LARGEST

    return "" if value is None else f"{word} {'15 digits' if abs(value) == LARGEST else value}"

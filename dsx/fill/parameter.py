"""How the value of one parameter is found, by its kind: which questions are asked, and what their answers make of it.

Each kind is a generator. It yields questions, is sent their completions in the same order, and returns the value.
`pipeline` asks the questions of all parameters of a round together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from dsx.answers.decide import NULL
from dsx.ask import questions
from dsx.fill import choices, numbers, words
from dsx.fill.choices import choice_texts, choices_of, habit_of
from dsx.fill.paper import PaperContext, RecordContext
from dsx.fill.value import OPENINGS, Failed, Steps
from dsx.types import Flag, Json, Parameter, Status, Value

_BY_KIND: dict[str, Callable[[PaperContext, RecordContext, Parameter], Steps]] = {
    "number": numbers.number,
    "numbers": numbers.numbers,
    "choice": choices.choice,
    "choices": choices.choices,
    "text": words.text,
    "texts": words.texts,
}


def kind_of(parameter: Parameter) -> str:
    """number, numbers, choice, choices, text or texts. free: none of these; it is written, not taken from the text."""
    schema = parameter.schema
    if parameter.free or "anyOf" in schema:
        return "free"
    if schema.get("type") != "array":
        return _scalar_kind(schema)
    items = schema.get("items")
    if "prefixItems" in schema or not isinstance(items, Mapping) or "anyOf" in items:
        return "free"
    return {"number": "numbers", "choice": "choices", "text": "texts"}.get(_scalar_kind(items), "free")


def _scalar_kind(schema: Mapping[str, Json]) -> str:
    if "enum" in schema or schema.get("type") == "boolean":
        return "choice"
    if schema.get("type") in ("number", "integer"):
        return "number"
    return "free" if {"pattern", "format"} & schema.keys() else "text"


def fill(paper: PaperContext, record: RecordContext, parameter: Parameter) -> Steps:
    """The value of a parameter that is taken from the text or chosen."""
    try:
        return (yield from _BY_KIND[kind_of(parameter)](paper, record, parameter))
    except Failed as problem:
        return Value(None, Status.FAILED, flags=(Flag("error", str(problem)),))


def habit_questions(parameter: Parameter) -> dict[str, tuple[str, tuple[str, ...]]]:
    """By name of a habit: a question that is asked without a paper, and its options.

    For most kinds they are null, or something; for a list of choices each choice has a question.
    """
    kind = kind_of(parameter)
    if kind == "free":
        return {}
    if kind == "choices":
        return {
            habit_of(parameter, choice): (questions.each(parameter, choice, None), ("yes", "no"))
            for choice in choices_of(parameter)
        }
    options = choice_texts(choices_of(parameter)) if kind == "choice" else OPENINGS.get(kind, tuple("123456789"))
    return {parameter.pointer: (questions.value(parameter, kind, None), (*options, NULL))}

"""Prompt: what the model is told and asked, rendered from the templates in `dsx/prompts/`.

`dsx extract --dry-run` shows them filled in. The system prompt and the paper are the same for all questions of a run,
so that they are prefilled once; all that differs stands in the question.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import jinja2

from dsx.types import Parameter, RecordType


@lru_cache(maxsize=1)
def _templates() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("dsx", "prompts"), undefined=jinja2.StrictUndefined, keep_trailing_newline=False
    )


def system(root: RecordType, strict: bool) -> str:
    """The rules, for the whole run. strict: for engines that no grammar holds."""
    records = root.children[0].name if root.children else "studies"
    text = _templates().get_template("system.jinja").render(records=_words(records))
    if strict:
        rules = _templates().get_template("strict.jinja").render()
        text = text.replace("\nThe paper:", f"\n{rules}\n\nThe paper:")
    return text


def parameters(asked: Sequence[Parameter], record: str | None, order: str) -> str:
    """The question for one or several parameters of one record (None: of the paper)."""
    unit = ',"unit":…' if any(parameter.unit for parameter in asked) else ""
    shape = '{"value":…' + unit + ',"quote":…}' if order == "value-quote" else '{"quote":…,"value":…' + unit + "}"
    return _templates().get_template("parameters.jinja").render(parameters=asked, record=record, shape=shape)


def records(kind: RecordType, record: str | None, after: str | None) -> str:
    """The question which records there are; record: the one they belong to; after: the last label known so far."""
    name = _words(kind.name)
    example = f"{name.removesuffix('s').capitalize()} 1"
    return (
        _templates()
        .get_template("records.jinja")
        .render(name=name, description=kind.description, record=record, after=after, example=example)
    )


def query(asked: Sequence[Parameter], record: str | None) -> str:
    """The words by which passages are looked for."""
    words = [record or ""]
    for parameter in asked:
        words += [_words(parameter.name), parameter.description, *parameter.synonyms, parameter.where]
        words += [f"{_words(str(choice.value))} {choice.description}" for choice in parameter.choices]
    return " ".join(words)


def records_query(kind: RecordType) -> str:
    """The words by which passages that name records are looked for."""
    name = _words(kind.name)
    single = name.removesuffix("s")
    return f"{name} {single} {single} 1 {single} 2 {single} 3 first second two three {kind.description}"


def _words(name: str) -> str:
    return name.replace("_", " ").replace(".", " ")

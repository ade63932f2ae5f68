"""A parameter set as a table that a researcher reads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from dsx.ask import plan
from dsx.fill import choices
from dsx.recipe import Recipe
from dsx.report.codebook import flat_choice
from dsx.schema import kind_of
from dsx.schema.describing import describe, describe_unit
from dsx.terminal import printable_line
from dsx.types import Parameter, ParameterSet, RecordType

if TYPE_CHECKING:
    from rich.table import Table

EACH = "Several questions: a list of choices is asked choice by choice (--choices together: at once)."


def tables(parameters: ParameterSet, recipe: Recipe) -> Iterator[Table]:
    """One table for the paper and one for each record type below it. recipe: decides which questions there are."""
    yield from _table(parameters.root, parameters.name, recipe)


def _table(kind: RecordType, title: str, recipe: Recipe) -> Iterator[Table]:
    from rich.table import Table
    from rich.text import Text

    table = Table(title=Text(printable_line(title)), title_justify="left", caption_justify="left")
    asked = {parameter.name: numbers for parameter, numbers in _questions(kind, recipe)}
    notes = [kind.description, EACH if any(len(numbers) > 1 for numbers in asked.values()) else ""]
    table.caption = Text("\n".join(map(printable_line, filter(None, notes)))) if any(notes) else None
    for column in ("parameter", "type", "unit", "choices", "looked for in", "tokens", "question"):
        table.add_column(column, justify="right" if column in ("tokens", "question") else "left")
    for parameter in kind.parameters:
        legal = ", ".join(flat_choice(choice.value) for choice in parameter.choices)
        cells = (parameter.name, describe(parameter.schema), describe_unit(parameter), legal, parameter.where)
        numbers = "–".join(map(str, dict.fromkeys((asked[parameter.name][0], asked[parameter.name][-1]))))
        table.add_row(*(Text(printable_line(cell)) for cell in cells), str(plan.answer_tokens(parameter)), numbers)
    if kind.parameters:
        yield table
    for child in kind.children:
        yield from _table(child, f"{title} / {child.name} (at most {child.max_records})", recipe)


def _questions(kind: RecordType, recipe: Recipe) -> Iterator[tuple[Parameter, range]]:
    """Each parameter with the numbers of its questions, as an engine that holds a grammar is asked."""
    alone = [each for each in kind.parameters if recipe.values == "placed" and kind_of(each) != "free"]
    together = replace(kind, parameters=tuple(each for each in kind.parameters if each not in alone))
    groups = [*((each,) for each in alone), *plan.groups(together, recipe.per_question, recipe.max_new_tokens)]
    number = 1
    for group in sorted(groups, key=lambda group: kind.parameters.index(group[0])):
        first = group[0]
        count = len(first.schema["items"]["enum"]) if first in alone and choices.is_asked_each(recipe, first) else 1
        yield from ((parameter, range(number, number + count)) for parameter in group)
        number += count

"""A parameter set as a table that a researcher reads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from dsx.ask import plan
from dsx.report.codebook import flat_choice
from dsx.schema.describing import describe, describe_unit
from dsx.terminal import printable_line
from dsx.types import ParameterSet, RecordType

if TYPE_CHECKING:
    from rich.table import Table


def tables(parameters: ParameterSet, per_question: int, cap: int) -> Iterator[Table]:
    """One table for the paper and one for each record type below it."""
    yield from _table(parameters.root, parameters.name, per_question, cap)


def _table(kind: RecordType, title: str, per_question: int, cap: int) -> Iterator[Table]:
    from rich.table import Table
    from rich.text import Text

    table = Table(title=Text(printable_line(title)), title_justify="left", caption_justify="left")
    table.caption = Text(printable_line(kind.description)) if kind.description else None
    for column in ("parameter", "type", "unit", "choices", "looked for in", "tokens", "question"):
        table.add_column(column, justify="right" if column in ("tokens", "question") else "left")
    for number, group in enumerate(plan.groups(kind, per_question, cap), 1):
        for parameter in group:
            choices = ", ".join(flat_choice(choice.value) for choice in parameter.choices)
            cells = (parameter.name, describe(parameter.schema), describe_unit(parameter), choices, parameter.where)
            table.add_row(
                *(Text(printable_line(cell)) for cell in cells), str(plan.answer_tokens(parameter)), str(number)
            )
    if kind.parameters:
        yield table
    for child in kind.children:
        yield from _table(child, f"{title} / {child.name} (at most {child.max_records})", per_question, cap)

"""Plan: which parameters go into one question, so that the longest legal answer fits the cap."""

from __future__ import annotations

import math
from collections.abc import Iterator

from dsx.answers.limits import BRIEF_QUOTE, LONGEST_LABEL, LONGEST_QUOTE
from dsx.schema.leaves import CHARACTERS_PER_TOKEN, longest
from dsx.types import Parameter, ParameterSet, RecordType
from dsx.units import aliases


def answer_tokens(parameter: Parameter) -> int:
    """What the longest legal answer of one parameter takes, its name included."""
    unit = max(map(len, aliases(parameter.unit))) + len(',"unit":""') if parameter.unit else 0
    frame = len(parameter.name) + len('"":{"value":,"quote":""},')
    return math.ceil((longest(parameter.schema) + unit + frame + LONGEST_QUOTE) / CHARACTERS_PER_TOKEN)


def groups(kind: RecordType, per_question: int, cap: int) -> Iterator[tuple[Parameter, ...]]:
    """The record type's parameters in order, at most `per_question` together and `cap` tokens an answer."""
    group: list[Parameter] = []
    for parameter in kind.parameters:
        full = len(group) == per_question or sum(map(answer_tokens, [*group, parameter])) > cap
        if group and full:
            yield tuple(group)
            group = []
        group.append(parameter)
    if group:
        yield tuple(group)


def records_per_question(cap: int) -> int:
    """How many records one question lists."""
    tokens_each = math.ceil((LONGEST_LABEL + BRIEF_QUOTE + len('{"label":"","quote":""},')) / CHARACTERS_PER_TOKEN)
    return max(1, cap // tokens_each)


def too_long(parameters: ParameterSet, cap: int) -> list[str]:
    """A line for each parameter whose longest answer alone passes the cap."""
    return [
        f"{parameter.pointer or parameter.name}: its longest answer needs {answer_tokens(parameter)} tokens "
        f"and the cap is {cap}; lower its maxLength or maxItems, or raise --max-new-tokens"
        for parameter in parameters.root.all_parameters()
        if answer_tokens(parameter) > cap
    ]

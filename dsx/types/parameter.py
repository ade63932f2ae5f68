"""The parameter set: what is asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from dsx.types.document import Json

ChoicesAsked = Literal["each", "together"]
"""Of lists of choices: each choice is a question of its own, true or false; or the list is one question."""
UnitSource = Literal["", "description", "title", "name"]
"""Which words of a parameter state its unit; "": the set's annotation does, or there is none."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One legal value of a parameter, and what it means in words a reader of the field would use."""

    value: Json
    description: str = ""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One value to be filled: a leaf of the parameter set.

    name: the path inside its record, dotted where objects nest ("dose.amount").
    schema: JSON Schema of a value that is there (never null), references resolved, bounds filled in.
    unit: the unit of the stored number; the answer may come in any unit of the same dimension.
    unit_source: the words that state it where no annotation does.
    normalisers: names of the chain that brings a raw value to its stored form, in order.
    free: text that need not stand in the paper. derive: may be computed from numbers of the paper.
    compare: how an evaluation compares its values, a name or an object of settings (`dsx.evaluation.compare`).
    pointer: JSON pointer of its place in the set's schema, references taken as if they stood there.
    """

    name: str
    schema: Mapping[str, Any]
    description: str = ""
    unit: str | None = None
    synonyms: tuple[str, ...] = ()
    where: str = ""
    choices: tuple[Choice, ...] = ()
    normalisers: tuple[str, ...] = ()
    pointer: str = ""
    free: bool = False
    derive: bool = False
    compare: str | Mapping[str, Json] = ""
    unit_source: UnitSource = ""


@dataclass(frozen=True, slots=True)
class RecordType:
    """Parameters that are filled together for each record of a list; the root of a set is the paper itself.

    name: the property of the parent that holds the list ("" for the root).
    min_records: 0 where a paper may be said to have none.
    """

    name: str
    description: str
    parameters: tuple[Parameter, ...]
    children: tuple[RecordType, ...] = ()
    max_records: int = 20
    min_records: int = 1

    def all_parameters(self) -> list[Parameter]:
        """Its own parameters and those of all record types below it."""
        return [*self.parameters, *(parameter for child in self.children for parameter in child.all_parameters())]


@dataclass(frozen=True, slots=True)
class ParameterSet:
    """A parameter set, as its JSON Schema (2020-12) says it."""

    name: str
    description: str
    schema: Mapping[str, Any]
    root: RecordType

"""A paper's values as an object of a Pydantic class: what its validators refuse is a failed value that says why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from dsx.errors import UsageError
from dsx.schema.values import to_object
from dsx.types import Flag, PaperResult, ParameterSet, Record, RecordPath, RecordType, Status

if TYPE_CHECKING:
    from pydantic import BaseModel

Model = TypeVar("Model", bound="BaseModel")
REFUSED = "refused"
"""Kind of the flag whose detail is the validator's message."""
_PREFIXES = ("Value error, ", "Assertion failed, ")


@dataclass(frozen=True, slots=True)
class _Place:
    """What an error is about: a parameter of a record, or (name: None) all of its values whose names begin so.

    below: the values of the records below it too.
    """

    record: RecordPath
    name: str | None = None
    prefix: str = ""
    below: bool = False


def validated(result: PaperResult, parameters: ParameterSet, model: type[Model]) -> tuple[PaperResult, Model]:
    """The result without the values that the class refuses, and an object of the class.

    A field's validator costs its value; a model's costs the values of its record, and those of other records only where
    it still refuses. Raises UsageError, with the file's name, where it refuses even a paper without values.
    """
    from pydantic import ValidationError

    while True:
        try:
            return result, model.model_validate(to_object(result, parameters))
        except ValidationError as problem:
            errors = problem.errors(include_url=False)
            refused = [(_place(each["loc"], result.records, parameters.root), _message(each["msg"])) for each in errors]
            before, result = result, _without(result, refused)
            if result == before:
                why = _message(errors[0]["msg"])
                raise UsageError(f"{result.file}: {model.__name__} refuses it even without values: {why}") from None


def _message(text: str) -> str:
    for prefix in _PREFIXES:
        text = text.removeprefix(prefix)
    return text


def _place(location: Sequence[str | int], records: Sequence[Record], kind: RecordType) -> _Place:
    """Where a Pydantic location points. What comes after the parameter (an item, a branch of a union) says nothing."""
    path: RecordPath = ()
    prefix, steps = "", iter(location)
    for step in steps:
        name = f"{prefix}{step}"
        below = next((child for child in kind.children if child.name == name), None)
        if any(parameter.name == name for parameter in kind.parameters):
            return _Place(path, name)
        if below is not None:
            index = next(steps, None)
            rows = [row.path for row in records if row.path and row.path[:-1] == path and row.path[-1].list == name]
            if not isinstance(index, int) or index >= len(rows):
                break
            path, kind, prefix = rows[index], below, ""
        elif isinstance(step, str) and _has(kind, f"{name}."):
            prefix = f"{name}."
    return _Place(path, None, prefix)


def _has(kind: RecordType, prefix: str) -> bool:
    names = [*(parameter.name for parameter in kind.parameters), *(child.name for child in kind.children)]
    return any(name.startswith(prefix) for name in names)


def _without(result: PaperResult, refused: Sequence[tuple[_Place, str]]) -> PaperResult:
    """Without the values of these places; where there are none, without their records and all below, and so on up."""
    for wider in range(max(len(place.record) for place, _ in refused) + 2):
        changed = result
        for place, message in refused:
            above = place.record[: max(len(place.record) - wider + 1, 0)]
            changed = _refuse(changed, _Place(above, below=True) if wider else place, message)
        if changed != result:
            return changed
    return result


def _refuse(result: PaperResult, place: _Place, message: str) -> PaperResult:
    records = []
    for record in result.records:
        values = dict(record.values)
        for name, value in record.values.items() if _is_in(record.path, place) else ():
            named = name.startswith(place.prefix) if place.name is None else name == place.name
            if named and value.value is not None:
                flags = (*value.flags, Flag(REFUSED, message))
                values[name] = replace(value, value=None, status=Status.FAILED, flags=flags)
        records.append(replace(record, values=values))
    return replace(result, records=tuple(records))


def _is_in(path: RecordPath, place: _Place) -> bool:
    return path == place.record or (place.below and path[: len(place.record)] == place.record)

"""Pydantic models → parameter sets, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dsx.parameters.reading import read
from dsx.types import ParameterSet, RecordType

if TYPE_CHECKING:
    from pydantic import BaseModel


def parameter_set(model: type[BaseModel], name: str) -> ParameterSet:
    """The parameter set of a Pydantic model; annotations stand in `Field(json_schema_extra={"x-unit": …})`."""
    return read(model.model_json_schema(), name)


def pydantic_model(parameters: ParameterSet) -> type[BaseModel]:
    """A Pydantic model of the whole set: every leaf optional, each value held to its JSON Schema."""
    return _model(parameters.root, parameters.name)


def _model(kind: RecordType, name: str) -> type[BaseModel]:
    from pydantic import ConfigDict, create_model

    tree: dict[str, Any] = {}
    for parameter in kind.parameters:
        _put(tree, parameter.name, (_leaf_type(parameter.schema) | None, None))
    for child in kind.children:
        _put(tree, child.name, (list[_model(child, f"{name}_{child.name}")], []))  # type: ignore[misc]
    fields = {key: _field(key, value, name) for key, value in tree.items()}
    return create_model(name, __config__=ConfigDict(extra="forbid"), **fields)


def _field(key: str, value: Any, name: str) -> Any:
    if not isinstance(value, dict):
        return value
    from pydantic import ConfigDict, create_model

    inner = {below: _field(below, part, f"{name}_{key}") for below, part in value.items()}
    made = create_model(f"{name}_{key}", __config__=ConfigDict(extra="forbid"), **inner)
    return (made | None, None)


def _leaf_type(schema: Any) -> Any:
    """A type whose validation is the JSON Schema's own, and whose JSON Schema is too, the default step left out."""
    from typing import Annotated

    from pydantic import AfterValidator, JsonValue, WithJsonSchema

    from dsx.parameters.values import validator, without_step

    held = without_step(schema)

    def fits(value: Any) -> Any:
        problem = next(iter(validator(held).iter_errors(value)), None)
        if problem is not None:
            raise ValueError(problem.message)
        return value

    return Annotated[JsonValue, AfterValidator(fits), WithJsonSchema(held)]


def _put(tree: dict[str, Any], name: str, value: Any) -> None:
    *parents, last = name.split(".")
    for parent in parents:
        tree = tree.setdefault(parent, {})
    tree[last] = value

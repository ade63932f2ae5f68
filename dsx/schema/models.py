"""Pydantic models → parameter sets, and back."""

from __future__ import annotations

from keyword import iskeyword
from typing import TYPE_CHECKING, Annotated, Any

from dsx.errors import SchemaError
from dsx.schema.reading import read
from dsx.schema.values import put, validator, without_step
from dsx.types import ParameterSet, RecordType

if TYPE_CHECKING:
    from pydantic import BaseModel


def parameter_set(model: type[BaseModel], name: str) -> ParameterSet:
    """The parameter set of a Pydantic model; annotations stand in `Field(json_schema_extra={"x-unit": …})`.

    Raises SchemaError for what is no Pydantic model, or has a field that no JSON can hold.
    """
    from pydantic import BaseModel, PydanticUserError
    from pydantic.json_schema import GenerateJsonSchema

    if not issubclass(model if isinstance(model, type) else type(model), BaseModel):
        raise SchemaError(name, [f"/: {name} is no Pydantic model; let the class inherit from pydantic.BaseModel"])

    class NumbersOnly(GenerateJsonSchema):
        """A Decimal is a number; Pydantic's own schema allows text too."""

        def decimal_schema(self, schema: Any) -> dict[str, Any]:
            return self.float_schema(schema)

    try:
        schema = model.model_json_schema(schema_generator=NumbersOnly)
    except PydanticUserError as problem:
        raise SchemaError(name, [f"/: a field that JSON cannot hold: {problem.message}"]) from None
    return read(schema, name)


def pydantic_model(parameters: ParameterSet) -> type[BaseModel]:
    """A Pydantic model of the whole set: every leaf optional, each value held to its JSON Schema.

    Fields have the parameters' names; one that no field of Python can have ("_n", "copy", "of °") is `field_0`, … and
    goes by its own name in JSON and in `model_dump`.
    """
    return _model(parameters.root, parameters.name)


def _model(kind: RecordType, name: str) -> type[BaseModel]:
    from annotated_types import Len

    tree: dict[str, Any] = {}
    for parameter in kind.parameters:
        put(tree, parameter.name, (_leaf_type(parameter.schema) | None, None))
    for child in kind.children:
        below = _model(child, f"{name}_{child.name}")
        put(tree, child.name, (Annotated[list[below], Len(0, child.max_records)], []))  # type: ignore[valid-type]
    return _create(tree, name)


def _create(tree: dict[str, Any], name: str) -> type[BaseModel]:
    from pydantic import BaseModel, ConfigDict, Field, create_model

    fields: dict[str, Any] = {}
    for index, (key, part) in enumerate(tree.items()):
        kind, default = (_create(part, f"{name}_{key}") | None, None) if isinstance(part, dict) else part
        plain = key.isidentifier() and not iskeyword(key) and not key.startswith(("_", "model_", "field_"))
        if plain and not hasattr(BaseModel, key):
            fields[key] = (kind, default)
        else:
            fields[f"field_{index}"] = (kind, Field(default, alias=key))
    return create_model(name, __config__=ConfigDict(extra="forbid", serialize_by_alias=True), **fields)


def _leaf_type(schema: Any) -> Any:
    """A type whose validation is the JSON Schema's own, and whose JSON Schema is too, the default step left out."""
    from pydantic import AfterValidator, JsonValue, WithJsonSchema

    rule = without_step(schema)

    def fits(value: Any) -> Any:
        problem = next(iter(validator(rule).iter_errors(value)), None)
        if problem is not None:
            raise ValueError(problem.message)
        return value

    return Annotated[JsonValue, AfterValidator(fits), WithJsonSchema(rule)]

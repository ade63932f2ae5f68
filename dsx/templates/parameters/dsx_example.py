"""A parameter set: what is asked of each paper."""

from __future__ import annotations

from dsx.hookspecs import hookimpl
from dsx.types import Choice, Parameter, ParameterSet, RecordType

DESIGNS = (
    Choice("between", "each participant saw one condition; between subjects, independent groups"),
    Choice("within", "each participant saw all conditions; within subjects, repeated measures"),
)
PARAMETERS = (
    Parameter("participants", {"type": "integer", "minimum": 1, "maximum": 100_000}, "How many people took part"),
    Parameter("design", {"enum": [choice.value for choice in DESIGNS]}, "How conditions were given", choices=DESIGNS),
)


@hookimpl
def register_parameter_sets() -> dict[str, ParameterSet]:
    properties = {parameter.name: dict(parameter.schema) for parameter in PARAMETERS}
    schema = {"type": "object", "properties": properties}
    return {"example": ParameterSet("example", "Who took part", schema, RecordType("", "The paper", PARAMETERS))}

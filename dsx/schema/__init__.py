"""Parameter sets: Pydantic models and JSON Schema, both ways. What can be asked, and whether a value fits.

reading   JSON Schema → ParameterSet: references resolved, nested objects flattened, lists of objects → records
leaves    one parameter's schema: its bounds filled in, what cannot be asked named with its JSON pointer
values    does a value fit, and a paper's values in the schema's own shape
models    Pydantic models in and out
validating  a user's own class: what its validators refuse is a failed value
fields    a set in one line, for a first try
kinds     what kind of value a parameter has
"""

from dsx.schema.fields import read_fields
from dsx.schema.kinds import Kind, kind_of, may_be_text
from dsx.schema.models import parameter_set, pydantic_model
from dsx.schema.reading import check, read, read_schema
from dsx.schema.validating import validated
from dsx.schema.values import nullable, rule, to_object, validates

__all__ = [
    "Kind",
    "check",
    "kind_of",
    "may_be_text",
    "nullable",
    "parameter_set",
    "pydantic_model",
    "read",
    "read_fields",
    "read_schema",
    "rule",
    "to_object",
    "validated",
    "validates",
]

"""A parameter set: what is asked of each paper, as a Pydantic model.

`dsx schema export example` writes it as JSON Schema. A list of models is a list of records; see CONTRIBUTING.md.
"""

from __future__ import annotations

from dsx import hookimpl, parameter_set
from dsx.plugin_api import ParameterSet


@hookimpl
def register_parameter_sets() -> dict[str, ParameterSet]:
    from typing import Literal

    from pydantic import BaseModel, Field
    from pydantic.config import JsonDict

    designs: JsonDict = {
        "between": "each participant saw one condition; between subjects, independent groups",
        "within": "each participant saw all conditions; within subjects, repeated measures",
    }

    class Study(BaseModel):
        participants: int | None = Field(None, ge=1, le=100_000, description="How many people took part")
        age: float | None = Field(
            None, ge=0, le=120, description="Mean age of the participants", json_schema_extra={"x-unit": "year"}
        )
        design: Literal["between", "within"] | None = Field(
            None, description="How conditions were given", json_schema_extra={"x-choices": designs}
        )

    return {"example": parameter_set(Study, "example")}

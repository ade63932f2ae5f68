"""What `--set KEY=VALUE` may say to an engine: one model of options each, read in one way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

from pydantic import BaseModel, ConfigDict, ValidationError

from dsx.errors import UsageError


class EngineOptions(BaseModel):
    """Base of an engine's options: its fields, with their limits and descriptions."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @classmethod
    def read(cls, engine: str, pairs: Mapping[str, object]) -> Self:
        """From text. Raises UsageError, which names the option that is wrong and all that there are."""
        try:
            return cls.model_validate(dict(pairs))
        except ValidationError as problem:
            first = problem.errors()[0]
            name, known = ".".join(map(str, first["loc"])), ", ".join(cls.model_fields)
            raise UsageError(f"engine {engine}: --set {name}: {first['msg']}; options: {known}") from None

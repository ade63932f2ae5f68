"""What `--set KEY=VALUE` may say to an engine: one model of options each, read in one way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

from pydantic import BaseModel, ConfigDict, ValidationError

from dsx.errors import UsageError
from dsx.refusal import refusal


class EngineOptions(BaseModel):
    """Base of an engine's options: its fields, with their limits and descriptions."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @classmethod
    def read(cls, engine: str, pairs: Mapping[str, object]) -> Self:
        """From text. Raises UsageError with the option that is wrong and what it takes, or all that there are."""
        try:
            return cls.model_validate(dict(pairs))
        except ValidationError as problem:
            name, reason = refusal(problem, cls)
            raise UsageError(f"engine {engine}: --set {name} {reason}") from None

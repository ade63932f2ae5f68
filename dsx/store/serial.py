"""Results as JSON and back; the same result gives the same bytes."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from dsx.types import PaperResult

if TYPE_CHECKING:
    from pydantic import TypeAdapter


@lru_cache(maxsize=1)
def _adapter() -> TypeAdapter[PaperResult]:
    from pydantic import TypeAdapter

    return TypeAdapter(PaperResult)


def to_json(result: PaperResult) -> bytes:
    """Indented JSON, keys in the order of the parameter set."""
    return _adapter().dump_json(result, indent=1) + b"\n"


def from_json(data: bytes) -> PaperResult:
    """The result that `to_json` wrote; ValueError where the bytes are no such thing."""
    return _adapter().validate_json(data)

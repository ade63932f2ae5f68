"""Results as JSON and back; the same result gives the same bytes."""

from __future__ import annotations

import json
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
    return (json.dumps(_adapter().dump_python(result, mode="json"), ensure_ascii=False, indent=1) + "\n").encode()


def from_json(data: bytes) -> PaperResult:
    """The result that `to_json` wrote; ValueError where the bytes are no such thing."""
    return _adapter().validate_json(data)

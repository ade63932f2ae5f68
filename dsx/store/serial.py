"""Results as JSON and back; the same result gives the same bytes.

Two values have a shorter form in a file: a record's path is a flat list, [list, label, list, label, …], and a flag is
one string, "truncated", "repair:quotes", "error: connection refused".
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from dsx.types import Flag, PaperResult, RecordStep

if TYPE_CHECKING:
    from pydantic import TypeAdapter

CLOSE = ("repair", "same-as")
"""Flags whose detail is a name, and stands close to the colon."""


@lru_cache(maxsize=1)
def _adapter() -> TypeAdapter[PaperResult]:
    from pydantic import TypeAdapter

    return TypeAdapter(PaperResult)


def to_json(result: PaperResult) -> bytes:
    """Indented JSON, keys in the order of the parameter set."""
    import pydantic_core

    content = _adapter().dump_python(result)
    for record, dumped in zip(result.records, content["records"], strict=True):
        dumped["path"] = [part for step in record.path for part in (step.list, step.label)]
        for name, value in record.values.items():
            dumped["values"][name]["flags"] = [flag_text(flag) for flag in value.flags]
    return pydantic_core.to_json(content, indent=1) + b"\n"


def from_json(data: bytes) -> PaperResult:
    """The result that `to_json` wrote, also that of earlier versions; ValueError where the bytes are no such thing."""
    import pydantic_core

    try:
        content = pydantic_core.from_json(data)
        for record in content["records"]:
            flat = record["path"]
            record["path"] = [RecordStep(*step) for step in zip(flat[::2], flat[1::2], strict=True)]
            for value in record["values"].values():
                value["flags"] = [read_flag(text) for text in value["flags"]]
    except (ValueError, TypeError, KeyError, AttributeError) as problem:
        raise ValueError(f"no stored result: {problem}") from None
    return _adapter().validate_python(content)


def flag_text(flag: Flag) -> str:
    """How files and exports write a flag."""
    if not flag.detail:
        return flag.kind
    return f"{flag.kind}{':' if flag.kind in CLOSE else ': '}{flag.detail}"


def read_flag(text: str) -> Flag:
    """The flag that `flag_text` wrote."""
    kind, _, detail = text.partition(":")
    return Flag(kind, detail.removeprefix(" "))

"""Results as JSON and back; the same result gives the same bytes.

Three values have a shorter form in a file: a record's path is a flat list, [list, label, list, label, …], a flag is
one string, "truncated", "repair:quotes", "error: connection refused", and a value without items has no such member.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import TYPE_CHECKING

from dsx.types import Flag, Json, PaperResult, RecordStep, Value

if TYPE_CHECKING:
    from pydantic import TypeAdapter

CLOSE = ("repair", "same-as")
"""Flags whose detail is a name, and stands close to the colon."""


SEAL = b',\n "sha256": "'
SCHEMA = "schema_sha256"
"""Of the parameter set that a stored result or failure answers to."""
MEMBERS = {"document", "file", "records", "notes", SCHEMA, "sha256"}
"""Of a stored result."""


@lru_cache(maxsize=1)
def _adapter() -> TypeAdapter[PaperResult]:
    from pydantic import TypeAdapter

    return TypeAdapter(PaperResult)


def to_json(result: PaperResult, schema: str = "") -> bytes:
    """Indented JSON, keys in the order of the parameter set, sealed. schema: SHA-256 of the set's schema."""
    import pydantic_core

    content = _adapter().dump_python(result)
    for record, dumped in zip(result.records, content["records"], strict=True):
        dumped["path"] = [part for step in record.path for part in (step.list, step.label)]
        for name, value in record.values.items():
            _shorten(dumped["values"][name], value)
    return seal(pydantic_core.to_json({**content, SCHEMA: schema}, indent=1))


def from_json(data: bytes) -> PaperResult:
    """The result that `to_json` wrote. ValueError where the bytes are no such thing, or not as they were written."""
    return with_schema(data)[0]


def with_schema(data: bytes) -> tuple[PaperResult, str]:
    """The result as `from_json` reads it, and the SHA-256 of its parameter set's schema."""
    import pydantic_core

    try:
        content = pydantic_core.from_json(unseal(data))
        if unknown := content.keys() - MEMBERS:
            raise ValueError(f"unknown members: {', '.join(sorted(unknown))}")
        for record in content["records"]:
            flat = record["path"]
            record["path"] = [RecordStep(*step) for step in zip(flat[::2], flat[1::2], strict=True)]
            for value in record["values"].values():
                _lengthen(value)
        return _adapter().validate_python(content), content[SCHEMA]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as problem:
        raise ValueError(f"no stored result: {' '.join(str(problem).split())[:200]}") from None


def _shorten(dumped: dict[str, Json], value: Value) -> None:
    """The short form of a value, in place. Only a list that has items of their own holds them."""
    dumped["flags"] = [flag_text(flag) for flag in value.flags]
    for dumped_item, item in zip(dumped["items"], value.items, strict=True):
        _shorten(dumped_item, item)
    if not value.items:
        del dumped["items"]


def _lengthen(stored: dict[str, Json]) -> None:
    """What `_shorten` made, undone in place."""
    stored["flags"] = [read_flag(text) for text in stored["flags"]]
    for item in stored.get("items", ()):
        _lengthen(item)


def head(data: bytes) -> tuple[str, str, str]:
    """The document, its file's name and the schema's SHA-256 as `with_schema` gives them, in a third of the time.

    Values are not validated, for the seal says that they are as they were written.
    """
    import pydantic_core

    content = pydantic_core.from_json(unseal(data))
    return content["document"], content["file"], content[SCHEMA]


def seal(content: bytes) -> bytes:
    """A JSON object with the SHA-256 of what comes before as its last member: whether it is what dsx wrote can be
    told."""
    body = content.rstrip().removesuffix(b"}").rstrip()
    return body + SEAL + hashlib.sha256(body).hexdigest().encode() + b'"\n}\n'


def unseal(data: bytes) -> bytes:
    """`data`, whose seal holds. Raises ValueError where it was changed, cut or is empty."""
    body, sealed, tail = data.rpartition(SEAL)
    if not sealed:
        raise ValueError("it has no checksum, so it was cut or is another program's")
    if tail != hashlib.sha256(body).hexdigest().encode() + b'"\n}\n':
        raise ValueError("it was changed after it was written")
    return data


def flag_text(flag: Flag) -> str:
    """How files and exports write a flag."""
    if not flag.detail:
        return flag.kind
    return f"{flag.kind}{':' if flag.kind in CLOSE else ': '}{flag.detail}"


def read_flag(text: str) -> Flag:
    """The flag that `flag_text` wrote."""
    kind, _, detail = text.partition(":")
    return Flag(kind, detail.removeprefix(" "))

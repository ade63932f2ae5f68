"""A Document on disk: how it comes back from the subprocess, and how the cache keeps it."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dsx.types import Document, HiddenText, Page, Section, Table, TableCell

if TYPE_CHECKING:
    import numpy

ARRAYS = ("char_pages", "char_boxes")
DIGEST_BYTES = 32
"""The file begins with the SHA-256 of the rest."""


def write_document(document: Document, path: Path) -> None:
    """Writes to a file beside `path` and then renames, so that no reader ever sees half a document. Raises OSError."""
    import numpy

    rest = {item.name: getattr(document, item.name) for item in dataclasses.fields(document) if item.name not in ARRAYS}
    rest["metadata"] = dict(document.metadata)
    meta = json.dumps(rest, default=dataclasses.asdict).encode("utf-8", "surrogatepass")
    packed = io.BytesIO()
    numpy.savez_compressed(
        packed,
        meta=numpy.frombuffer(meta, dtype=numpy.uint8),
        char_pages=document.char_pages,
        char_boxes=document.char_boxes,
    )
    content = packed.getvalue()
    handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(hashlib.sha256(content).digest() + content)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def read_document(path: Path) -> Document:
    """Raises OSError where there is no such file, and ValueError where it is not what `write_document` wrote."""
    import numpy

    content = path.read_bytes()
    if hashlib.sha256(content[DIGEST_BYTES:]).digest() != content[:DIGEST_BYTES]:
        raise ValueError("damaged")
    try:
        with numpy.load(io.BytesIO(content[DIGEST_BYTES:]), allow_pickle=False) as arrays:
            meta: dict[str, Any] = json.loads(arrays["meta"].tobytes().decode("utf-8", "surrogatepass"))
            return _document(meta, arrays["char_pages"], arrays["char_boxes"])
    except (KeyError, TypeError, OSError) as problem:  # whole, but of another version
        raise ValueError(f"of another version ({problem})") from None


def _document(meta: dict[str, Any], char_pages: numpy.ndarray, char_boxes: numpy.ndarray) -> Document:
    if not len(meta["text"]) == len(char_pages) == len(char_boxes):
        raise ValueError("the map and the text differ in length")
    return Document(
        id=meta["id"],
        file=meta["file"],
        loader=meta["loader"],
        text=meta["text"],
        pages=tuple(Page(**page) for page in meta["pages"]),
        sections=tuple(Section(**section) for section in meta["sections"]),
        tables=tuple(_table(table) for table in meta["tables"]),
        metadata=meta["metadata"],
        char_pages=char_pages,
        char_boxes=char_boxes,
        hidden=tuple(HiddenText(**{**piece, "box": piece["box"] and tuple(piece["box"])}) for piece in meta["hidden"]),
    )


def _table(kept: dict[str, Any]) -> Table:
    box = tuple(kept["box"]) if kept["box"] else None
    cells = tuple(
        TableCell(**{**cell, **{name: tuple(cell[name]) for name in ("column_heads", "row_groups")}})
        for cell in kept["cells"]
    )
    return Table(**{**kept, "rows": tuple(tuple(row) for row in kept["rows"]), "box": box, "cells": cells})

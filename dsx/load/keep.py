"""A Document on disk: how it comes back from the subprocess, and how the cache keeps it."""

from __future__ import annotations

import dataclasses
import json
import os
import tempfile
from pathlib import Path
from typing import Any

from dsx.types import Document, HiddenText, Page, Section, Table, TableCell

ARRAYS = ("char_pages", "char_boxes")


def write_document(document: Document, path: Path) -> None:
    """Writes to a file beside `path` and then renames, so that no reader ever sees half a document."""
    import numpy

    rest = {item.name: getattr(document, item.name) for item in dataclasses.fields(document) if item.name not in ARRAYS}
    rest["metadata"] = dict(document.metadata)
    meta = json.dumps(rest, default=dataclasses.asdict).encode("utf-8", "surrogatepass")
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as stream:
            numpy.savez_compressed(
                stream,
                meta=numpy.frombuffer(meta, dtype=numpy.uint8),
                char_pages=document.char_pages,
                char_boxes=document.char_boxes,
            )
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def read_document(path: Path) -> Document:
    """Raises ValueError, KeyError, OSError or zipfile.BadZipFile where the file is not a whole document."""
    import numpy

    with numpy.load(path, allow_pickle=False) as arrays:
        meta: dict[str, Any] = json.loads(arrays["meta"].tobytes().decode("utf-8", "surrogatepass"))
        char_pages, char_boxes = arrays["char_pages"], arrays["char_boxes"]
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
    cells = tuple(TableCell(**{**cell, "column_heads": tuple(cell["column_heads"])}) for cell in kept["cells"])
    return Table(**{**kept, "rows": tuple(tuple(row) for row in kept["rows"]), "box": box, "cells": cells})

"""A loader for plain text: one page, and no boxes, for a text file has no print."""

from __future__ import annotations

import hashlib
from pathlib import Path

from dsx.plugin_api import Document, Loader, LoadError, Page, hookimpl


def load(path: Path) -> Document:
    import numpy  # heavy imports go inside: dsx imports every plugin at each start

    content = path.read_bytes()
    try:
        text = content.decode("utf-8").strip()
    except UnicodeDecodeError as problem:
        raise LoadError(f"{path.name}: not UTF-8 text ({problem.reason} at byte {problem.start})") from None
    if not text or "\0" in text:
        raise LoadError(f"{path.name}: no text")
    return Document(
        id=hashlib.sha256(content).hexdigest(),
        file=path.name,
        loader="example",
        text=text,
        pages=(Page(1, 0, len(text), 0, 0),),
        sections=(),
        tables=(),
        metadata={},
        char_pages=numpy.ones(len(text), numpy.int32),
        char_boxes=numpy.full((len(text), 4), numpy.nan, numpy.float32),
    )


@hookimpl
def register_loaders() -> dict[str, Loader]:
    return {"example": Loader(load, version="1", description="plain text in UTF-8")}


@hookimpl
def find_loader(path: Path) -> str | None:
    return "example" if path.suffix == ".txt" else None

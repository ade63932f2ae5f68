"""Built-in loaders, and which file is whose."""

from __future__ import annotations

from pathlib import Path

from dsx.plugins.hookspecs import hookimpl
from dsx.types import Loader

HEAD_BYTES = 4096


@hookimpl
def register_loaders() -> dict[str, Loader]:
    from dsx.load.html import load_html
    from dsx.load.pdf import load_pdf
    from dsx.load.plain import load_plain

    return {
        "pymupdf": Loader(load_pdf, "7", "PDF, by PyMuPDF"),
        "html": Loader(load_html, "2", "HTML"),
        "text": Loader(load_plain, "2", "plain text and Markdown"),
    }


@hookimpl
def find_loader(path: Path) -> str | None:
    """By magic bytes; the suffix only says that a file with a damaged head was meant to be a PDF."""
    from dsx.load.html import is_html

    try:
        with path.open("rb") as stream:
            head = stream.read(HEAD_BYTES)
    except OSError:
        return None
    if b"%PDF-" in head or path.suffix.lower() == ".pdf":
        return "pymupdf"
    if is_html(head):
        return "html"
    if b"\0" in head:
        return None
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as problem:
        if problem.start < len(head) - 4:  # a character cut by the end of the head is no fault
            return None
    return "text"

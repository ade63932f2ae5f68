"""Built-in loaders, and which file is whose."""

from __future__ import annotations

import codecs
from pathlib import Path

from dsx.plugins.hookspecs import hookimpl
from dsx.types import Loader

HEAD_BYTES = 4096
ARCHIVE = b"PK\x03\x04"
"""How ZIP begins; a PDF in it that is not compressed is no reason to take the archive for one."""


@hookimpl
def register_loaders() -> dict[str, Loader]:
    from dsx.load.html import load_html
    from dsx.load.pdf import load_pdf
    from dsx.load.plain import load_plain

    return {
        "pymupdf": Loader(load_pdf, "21", "PDF, by PyMuPDF"),
        "html": Loader(load_html, "11", "HTML"),
        "text": Loader(load_plain, "8", "plain text and Markdown"),
    }


@hookimpl
def find_loader(path: Path) -> str | None:
    """By magic bytes; the suffix only says that a file with a damaged head was meant to be a PDF."""
    from dsx.load.encoding import byte_order
    from dsx.load.html import is_html

    try:
        with path.open("rb") as stream:
            head = stream.read(HEAD_BYTES)
    except OSError:
        return None
    if head.startswith(ARCHIVE):
        return None
    if b"%PDF-" in head or path.suffix.lower() == ".pdf":
        return "pymupdf"
    if is_html(head, path.suffix.lower()):
        return "html"
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or byte_order(head):
        return "text"
    controls = sum(byte < 32 and byte not in b"\t\n\v\f\r" for byte in head)
    return None if b"\0" in head or controls > len(head) / 100 else "text"

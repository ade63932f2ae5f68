"""A file becomes a Document: what a person would read, with a way back to the page."""

from __future__ import annotations

from dsx.load.identity import document_id
from dsx.load.isolate import load_document

__all__ = ["document_id", "load_document"]

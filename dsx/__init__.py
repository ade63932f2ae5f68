"""dsx fills parameter sets from scientific PDFs; see README.md."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dsx.api import load_document as load_document
    from dsx.plugins.hookspecs import hookimpl as hookimpl

__version__ = "0.1.0"
MODULES = {"load_document": "dsx.api", "hookimpl": "dsx.plugins.hookspecs"}
"""Where each public name is defined; it is imported when it is first used."""
__all__ = ["__version__", "hookimpl", "load_document"]


def __getattr__(name: str) -> Any:
    if name not in MODULES:
        raise AttributeError(f"module 'dsx' has no attribute {name!r}")
    return getattr(import_module(MODULES[name]), name)


def __dir__() -> list[str]:
    return __all__

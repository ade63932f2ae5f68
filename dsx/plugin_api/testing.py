"""For a plugin's own tests."""

from __future__ import annotations

from pathlib import Path

from dsx.conformance import check
from dsx.errors import UnknownName
from dsx.load import DocumentReader
from dsx.plugins import Plugins, load_plugins
from dsx.types import Document

__all__ = ["Plugins", "broken_promises", "load_plugins", "read_document"]


def broken_promises(plugins: Plugins, name: str) -> list[str]:
    """What `dsx plugins check NAME` finds fault with, a line each. name: of the plugin or of its distribution."""
    chosen = [report for report in plugins.reports if name in (report.name, report.distribution)]
    if not chosen:
        raise UnknownName("plugin", name, [report.name for report in plugins.reports])
    return [outcome.line() for report in chosen for outcome in check(plugins, report) if outcome.passed is False]


def read_document(path: Path, loader: str | None = None) -> Document:
    """As a run loads it: by this loader or the one that takes such files, in a subprocess; never from the cache."""
    plugins = load_plugins()
    return DocumentReader(plugins.loader_of, plugins.loaders).read(path, loader)

"""What a shell completes: names of runs, schemas, models, formats and other things that plugins give.

All plugins take 1.7 s to load, so their names are kept in the cache folder, as long as nothing is installed or removed.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

import click
from click.shell_completion import CompletionItem

from dsx import __version__
from dsx.errors import DsxError
from dsx.paths import cache_folder, private_folder
from dsx.settings import read_settings

KINDS = ("parameter_sets", "models", "exporters", "engines", "loaders", "prompt_sets")
"""Registries whose names are completed."""
Completer = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


def names_of(kind: str) -> Completer:
    """Completes a name of a registry."""
    return _completer(lambda: _names()[kind], files=False)


def _run_folders() -> Iterable[str]:
    return [str(manifest.parent) for manifest in read_settings().runs.glob("*/run.json")]


def _schemas() -> Iterable[str]:
    return [*_names()["parameter_sets"], *map(str, (*Path().glob("*.json"), *Path("schemas").glob("*.json")))]


def _models() -> Iterable[str]:
    """Those that plugins bring, and those in the Hugging Face cache."""
    home = os.environ.get("HF_HOME") or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "huggingface"
    hub = Path(os.environ.get("HF_HUB_CACHE") or Path(home) / "hub")
    fetched = [folder.name.removeprefix("models--").replace("--", "/") for folder in hub.glob("models--*")]
    return [*_names()["models"], *fetched]


def _completer(candidates: Callable[[], Iterable[str]], files: bool = True) -> Completer:
    """files: where no candidate fits, the shell completes the names of files."""

    def complete(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
        fitting: list[str] = []
        with suppress(DsxError, OSError, RuntimeError):  # a completion complains of nothing
            fitting = sorted(name for name in candidates() if name.startswith(incomplete) and name.isprintable())
        if not fitting and files:
            return [CompletionItem(incomplete, type="file")]
        return [CompletionItem(name) for name in fitting]

    return complete


run_folders = _completer(_run_folders)
schemas = _completer(_schemas)
models = _completer(_models)


def _names() -> dict[str, list[str]]:
    """Registry → names, from the cache where nothing was installed since."""
    file = cache_folder() / "names.json"
    key = _environment()
    with suppress(OSError, ValueError, KeyError, TypeError):
        stored = json.loads(file.read_text(encoding="utf-8"))
        if isinstance(stored, dict) and stored.get("environment") == key:
            return {kind: [str(name) for name in stored[kind]] for kind in KINDS}
    from dsx.plugins import load_plugins
    from dsx.store import atomic

    plugins = load_plugins()
    names = {kind: sorted(getattr(plugins, kind)) for kind in KINDS}
    if not os.environ.get("DSX_NO_CACHE"):
        with suppress(OSError):
            private_folder(file.parent)
            atomic.write(file, json.dumps({"environment": key, **names}).encode())
    return names


def _environment() -> list[str]:
    """Changes where a plugin is installed or removed, or others are chosen."""
    places = [path for path in map(Path, sys.path) if path.is_dir()]
    stamps = [f"{path} {path.stat().st_mtime_ns}" for path in places if path.name in ("site-packages", "dist-packages")]
    return [__version__, sys.version, os.environ.get("DSX_PLUGINS", ""), *stamps]

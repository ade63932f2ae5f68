"""What the documents say of the code is so."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_the_tree_is_that_of_the_files() -> None:
    done = subprocess.run([sys.executable, "docs/make_tree.py", "--check"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_files_that_documents_name_exist() -> None:
    for page in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"):
        text = (ROOT / page).read_text(encoding="utf-8")
        for name in re.findall(r"(?<![\w/])((?:dsx|docs|plugins|schemas|examples|benchmarks|slurm)/[\w/.-]*\w)", text):
            assert (ROOT / name).exists(), f"{page} names {name}"


def test_the_commands_that_the_readme_shows_exist() -> None:
    from dsx.cli import COMMANDS

    shown = set(re.findall(r"^ {4}dsx (\w+)", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE))
    assert shown
    assert shown <= set(COMMANDS)

"""How long files and functions may be, that docstrings say something, and what `make` leaves to Python."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "dsx"
MAX_FILE, MAX_FUNCTION = 400, 50


def test_files_and_functions_are_short() -> None:
    too_long = []
    for path in PACKAGE.rglob("*.py"):
        name, text = str(path.relative_to(PACKAGE)), path.read_text(encoding="utf-8")
        if text.count("\n") > MAX_FILE:
            too_long.append(name)
        for node in ast.walk(ast.parse(text)):
            if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                continue
            if (node.end_lineno or 0) - node.lineno >= MAX_FUNCTION:
                too_long.append(f"{name}:{node.lineno} {node.name}")
    assert too_long == []


def test_no_docstring_is_a_mere_stop() -> None:
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)):
                assert (ast.get_docstring(node) or "none") != ".", f"{path}: {getattr(node, 'name', 'module')}"


@pytest.mark.skipif(shutil.which("make") is None, reason="no make here")
def test_what_make_runs_may_write_byte_code() -> None:
    """Else each process of the tests, one a paper that is read, compiles PyMuPDF anew: two seconds of a processor."""
    shows = ["make", "--no-print-directory", "--eval", 'shown: ; @echo "[$$PYTHONDONTWRITEBYTECODE]"', "shown"]
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("MAKE", "MFLAGS"))}
    environment = {**kept, "PYTHONDONTWRITEBYTECODE": "1"}
    shown = subprocess.run(shows, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    assert shown.stdout == "[]\n"

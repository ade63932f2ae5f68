"""How long files and functions may be, and that docstrings say something."""

from __future__ import annotations

import ast
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "dsx"
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

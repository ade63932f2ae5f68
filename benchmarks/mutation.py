"""Mutation testing: how many small faults, put into a module one at a time, its tests notice.

    python benchmarks/mutation.py [--sample 25] [--seed 1] [--root .] [MODULE…]

A mutant is one changed comparison, operator, constant, condition or return. Each runs in a fork of its own against the
module's test files, stopped at the first failure; a mutant is killed when they fail, or do not end in a minute.
"""

from __future__ import annotations

import argparse
import ast
import copy
import importlib.abc
import importlib.util
import os
import random
import signal
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

TESTS = {
    "dsx.text": ["test_text"],
    "dsx.units.conversion": ["test_units", "test_support", "test_support_kinds"],
    "dsx.ground.locate": ["test_ground_locate"],
    "dsx.ground.normalise": ["test_normalise"],
    "dsx.ground.labels": ["test_ground_numbers", "test_support_kinds"],
    "dsx.ground.numerals": ["test_ground_numbers", "test_support_kinds"],
    "dsx.ground.numbers": ["test_ground_numbers", "test_support", "test_support_kinds"],
    "dsx.ground.phrases": ["test_support", "test_support_kinds"],
    "dsx.ground.support": ["test_support", "test_support_kinds"],
    "dsx.ask.select": ["test_select", "test_select_prompt"],
    "dsx.answers.grammar": ["test_grammar"],
    "dsx.plugins.builtin.normalisers": ["test_normalise"],
}
SECONDS = 60
COMPARISONS = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip
OPERATORS = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.FloorDiv, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult}


def changes(node: ast.AST) -> Iterator[ast.AST]:
    """Each mutant of one node."""
    if isinstance(node, ast.Compare) and type(node.ops[0]) in COMPARISONS:
        yield _with(node, ops=[COMPARISONS[type(node.ops[0])](), *node.ops[1:]])
    elif isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
        yield _with(node, op=OPERATORS[type(node.op)]())
    elif isinstance(node, ast.BoolOp):
        yield _with(node, op=ast.And() if isinstance(node.op, ast.Or) else ast.Or())
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield node.operand
    elif isinstance(node, ast.If | ast.IfExp | ast.While):
        yield _with(node, test=ast.UnaryOp(ast.Not(), node.test))
    elif isinstance(node, ast.Return) and ast.unparse(node) not in ("return", "return None", "return False"):
        yield _with(node, value=ast.Constant(None))
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool | int | float):
        yield ast.Constant(not node.value if isinstance(node.value, bool) else node.value + 1)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value:
        yield ast.Constant("")


def _with(node: ast.AST, **fields: object) -> ast.AST:
    changed = copy.copy(node)
    for name, value in fields.items():
        setattr(changed, name, value)
    return changed


def mutants(source: str) -> list[tuple[int, str, str]]:
    """(line, what was changed, the whole source) of every mutant; docstrings and annotations are left alone."""
    tree = ast.parse(source)
    sites: list[tuple[ast.AST, str, int | None, ast.AST]] = []
    skipped = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for parent in ast.walk(tree):
        if isinstance(parent, ast.JoinedStr):
            continue
        for name, value in ast.iter_fields(parent):
            if name in ("annotation", "returns", "decorator_list"):
                continue
            for index, child in enumerate(value) if isinstance(value, list) else [(None, value)]:
                if isinstance(child, ast.AST) and id(child) not in skipped:
                    sites += [(parent, name, index, change) for change in changes(child)]
    return [(_line(*site[:3]), *_applied(tree, *site)) for site in sites]


def _line(parent: ast.AST, name: str, index: int | None) -> int:
    child = getattr(parent, name) if index is None else getattr(parent, name)[index]
    return getattr(child, "lineno", 0)


def _applied(tree: ast.Module, parent: ast.AST, name: str, index: int | None, change: ast.AST) -> tuple[str, str]:
    holder = getattr(parent, name)
    original = holder if index is None else holder[index]
    _put(parent, name, index, change)
    text = ast.unparse(ast.fix_missing_locations(tree))
    _put(parent, name, index, original)
    return f"{_short(original)} → {_short(change)}", text


def _put(parent: ast.AST, name: str, index: int | None, node: ast.AST) -> None:
    if index is None:
        setattr(parent, name, node)
    else:
        getattr(parent, name)[index] = node


def _short(node: ast.AST) -> str:
    return ast.unparse(ast.fix_missing_locations(copy.deepcopy(node))).split("\n")[0][:60]


class Mutated(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Gives one module from a changed source."""

    def __init__(self, module: str, source: str) -> None:
        self.module, self.source = module, source

    def find_spec(self, name: str, path: object, target: object = None) -> object:
        return importlib.util.spec_from_loader(name, self) if name == self.module else None

    def exec_module(self, module: object) -> None:
        exec(compile(self.source, self.module, "exec"), vars(module))


def killed(module: str, source: str, tests: Sequence[str]) -> bool:
    """Whether the tests fail with the module's source so."""
    child = os.fork()
    if not child:
        signal.alarm(SECONDS)
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        sys.meta_path.insert(0, Mutated(module, source))
        import pytest

        options = ["-x", "-q", "--assert=plain", "-p", "no:cacheprovider", "-k", "not proportion and not quickly"]
        os._exit(int(pytest.main([*options, *tests])))
    _, status = os.waitpid(child, 0)
    return status != 0


def main() -> None:
    """Prints a line for each mutant that lived, and the share killed by module."""
    options = argparse.ArgumentParser()
    options.add_argument("modules", nargs="*", default=list(TESTS))
    options.add_argument("--sample", type=int, default=25, help="mutants a module")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--root", type=Path, default=Path())
    arguments = options.parse_args()
    import bm25s  # noqa: F401  (what the tests import, once for all forks)
    import llguidance  # noqa: F401
    import numpy  # noqa: F401
    import pint  # noqa: F401
    import pytest  # noqa: F401

    total = alive = 0
    for module in arguments.modules:
        path = arguments.root / (module.replace(".", "/") + ".py")
        tests = [str(file) for name in TESTS[module] if (file := arguments.root / "tests" / f"{name}.py").exists()]
        if not path.exists():
            continue
        every = mutants(path.read_text(encoding="utf-8"))
        sample = random.Random(arguments.seed).sample(every, min(arguments.sample, len(every)))
        if tests and killed(module, path.read_text(encoding="utf-8"), tests):
            raise SystemExit(f"{module}: its tests fail without a mutant")
        lived = [(line, change) for line, change, source in sample if not tests or not killed(module, source, tests)]
        total, alive = total + len(sample), alive + len(lived)
        print(f"{module}: {len(sample) - len(lived)} of {len(sample)} killed ({len(every)} there are)", flush=True)
        for line, change in sorted(lived):
            print(f"    line {line}: {change}", flush=True)
    print(f"all: {total - alive} of {total} killed, {100 * (total - alive) / max(total, 1):.0f} %")


if __name__ == "__main__":
    main()

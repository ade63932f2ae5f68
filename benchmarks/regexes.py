"""Every regular expression of dsx and its plugins against inputs that grow: none may be slower than linear.

    python benchmarks/regexes.py > benchmarks/regexes.txt

Patterns are taken from the sources: module constants, and literals in calls of `re`. For each, inputs are made from its
own letters: one repeated, pairs of two repeated, and a beginning that fits followed by many of one. Time is taken for
two lengths, the second four times the first: a quadratic pattern takes sixteen times as long. A pattern that is only
ever matched at a text's start is tried there; all others wherever they may begin.
"""

from __future__ import annotations

import ast
import itertools
import re
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

ROOT = Path(__file__).parents[1]
FOLDERS = ("dsx", "plugins")
CALLS = ("compile", "search", "match", "fullmatch", "sub", "subn", "findall", "finditer", "split")
ANCHORED = ("match", "fullmatch")
SHORT, LONG = 4_000, 16_000
LEAST_SECONDS = 0.05
"""Faster than this on the long input is linear enough, whatever the ratio says."""
MOST_RATIO = 4 * 2.5
"""The long input is four times the short one; a quadratic pattern takes sixteen times as long."""
SECONDS = 2
COMMON = [" ", "\n", "a", "A", "1", ".", "-", "<", "&", "\t", '"', "\\", ",", "(", "^"]


@dataclass(frozen=True)
class Pattern:
    """One pattern. where: file and line."""

    where: str
    source: str | bytes
    flags: int
    anchored: bool


def patterns() -> Iterator[Pattern]:
    """All literals that are given to `re`, with what flags can be read from the call."""
    paths = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))]
    sources = {path: path.read_text("utf-8") for path in paths if not {"tests", "templates"} & set(path.parts)}
    everything = "\n".join(sources.values())
    for path, text in sources.items():
        tree = ast.parse(text)
        names = {
            node.value: node.targets[0].id
            for node in ast.walk(tree)
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and _is_re(node.func) and node.args:
                source = _literal(node.args[0])
                if source is not None:
                    where = f"{path.relative_to(ROOT).as_posix()}:{node.lineno}"
                    name = names.get(node)
                    users = text if name and re.search(rf"\b{name}\.\w", text) else everything
                    yield Pattern(where, source, _flags(node), _is_anchored(node, name, users))


def _is_anchored(call: ast.Call, name: str | None, everything: str) -> bool:
    """Whether it is only ever matched where it is told to begin."""
    assert isinstance(call.func, ast.Attribute)
    if call.func.attr != "compile":
        return call.func.attr in ANCHORED
    used = set(re.findall(rf"\b{name}\.(\w+)", everything)) if name else set()
    return bool(used) and used <= {*ANCHORED, "pattern"}


def _is_re(function: ast.expr) -> bool:
    return (
        isinstance(function, ast.Attribute)
        and isinstance(function.value, ast.Name)
        and function.value.id == "re"
        and function.attr in CALLS
    )


def _literal(node: ast.expr) -> str | bytes | None:
    try:
        value = ast.literal_eval(node)
    except ValueError:
        return None
    return value if isinstance(value, str | bytes) else None


def _flags(node: ast.Call) -> int:
    flags = 0
    for part in ast.walk(node):
        if isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name) and part.value.id == "re":
            value = getattr(re, part.attr, 0)
            flags |= int(value) if isinstance(value, re.RegexFlag) else 0
    return flags


def attacks(source: str | bytes) -> Iterator[tuple[str, str]]:
    """(what repeats, what stands before): letters of the pattern and common ones, alone and in pairs."""
    text = source if isinstance(source, str) else source.decode("latin-1")
    words = re.findall(r"[A-Za-z]{2,12}", text)
    letters = list(dict.fromkeys([*COMMON, *(letter for letter in text if not letter.isalnum())]))[:26]
    prefixes = ["", *dict.fromkeys(re.findall(r"[<!\[({\"'*_$#|&\\-]+[A-Za-z!]*", text))][:6]
    for one in [*letters, *words[:4]]:
        for prefix in prefixes:
            yield one, prefix
    for one, other in itertools.permutations(letters[:12], 2):
        yield one + other, ""


def seconds(
    compiled: re.Pattern[str] | re.Pattern[bytes], anchored: bool, piece: str, prefix: str, length: int
) -> float:
    """Of the processor, for all matches in a text of this length, which does not end as the pattern would like."""
    text = (prefix + piece * (length // len(piece)) + "\x00")[: length + 20]
    given = text if isinstance(compiled.pattern, str) else text.encode("latin-1", "replace")
    started = time.process_time()
    if anchored:
        compiled.match(given)  # type: ignore[arg-type]
    else:
        for _ in compiled.finditer(given):  # type: ignore[arg-type]
            pass
    return time.process_time() - started


class TooSlow(Exception):
    """The time is over."""


def _alarm(number: int, frame: FrameType | None) -> None:
    raise TooSlow


def worst(pattern: Pattern) -> tuple[float, float, str]:
    """(seconds of the long input, its ratio to the short one, the input) of the slowest growth that was found."""
    compiled = re.compile(pattern.source, pattern.flags)
    slowest = (0.0, 0.0, "")
    for piece, prefix in attacks(pattern.source):
        signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
        try:
            long = seconds(compiled, pattern.anchored, piece, prefix, LONG)
            if long < LEAST_SECONDS:
                continue
            short = min(seconds(compiled, pattern.anchored, piece, prefix, SHORT) for _ in range(2))
            long = min(long, seconds(compiled, pattern.anchored, piece, prefix, LONG))
        except TooSlow:
            return float("inf"), float("inf"), repr(f"{prefix}{piece}…")
        finally:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        ratio = long / max(short, 1e-6)
        if long >= LEAST_SECONDS and ratio > slowest[1]:
            slowest = long, ratio, repr(f"{prefix}{piece}…")
    return slowest


def main() -> int:
    """Prints the patterns that are slower than linear; the exit code says whether there are any."""
    signal.signal(signal.SIGVTALRM, _alarm)
    found = list(patterns())
    slow = 0
    for pattern in found:
        long, ratio, text = worst(pattern)
        if ratio > MOST_RATIO:
            slow += 1
            print(f"{pattern.where}: {long:.3f} s of {LONG:,} characters, {ratio:.1f} times those of {SHORT:,}: {text}")
    print(f"{len(found)} patterns, {slow} slower than linear on {LONG:,} characters")
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())

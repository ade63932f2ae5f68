"""Every regular expression of dsx and its plugins against inputs that grow: none may be slower than linear.

    python benchmarks/regexes.py > benchmarks/regexes.txt

Patterns are taken from the sources: the first argument of each call of `re`, evaluated in its module, and compiled
patterns that a module holds. For each, texts are made from its own parse tree (regex_attacks.py). Time is the
processor's: a text of 1,500 characters that takes longer than linear patterns do is tried at 4,000 and 16,000, four
times the characters: a linear pattern takes four times as long, a quadratic one sixteen times.
A pattern that is only ever matched at a text's start is tried there, all others wherever they may begin.
"""

from __future__ import annotations

import ast
import importlib
import re
import signal
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(Path(__file__).parent), *map(str, (ROOT / "plugins").iterdir())]
from regex_attacks import Attack, attacks  # noqa: E402

CALLS = ("compile", "search", "match", "fullmatch", "sub", "subn", "findall", "finditer", "split")
ANCHORED = {"match", "fullmatch"}
FIRST, SHORT, LONG = 1_500, 4_000, 16_000
SUSPICIOUS = 0.5e-6
"""Seconds a character; with many small matches a linear pattern takes 0.3 µs."""
MAX_RATIO = 8.0
"""LONG is four times SHORT: a linear pattern takes 4 times as long, a quadratic one 16 times."""
CONFIRMED = 2
"""Of the suspicious texts of a pattern, so many of the slowest are timed at both lengths."""
ENOUGH = 0.04
"""Seconds: ten ticks of a processor's clock that goes by 4 ms."""
SECONDS = 1
"""A pattern that takes longer for one text is slow however it grows: backtracking may be exponential."""


@dataclass(frozen=True)
class Pattern:
    """One pattern. where: file and line, or module and name."""

    where: str
    source: str | bytes
    flags: int
    methods: frozenset[str]
    """How it is used, as far as its name shows; none: anyhow."""


@dataclass(frozen=True)
class Growth:
    """The slowest text of a pattern. seconds: of LONG characters. ratio: to those of SHORT ones."""

    attack: Attack
    seconds: float
    ratio: float


def sources() -> dict[Path, str]:
    """The text of all modules of dsx and its plugins, without templates and tests."""
    paths = [*(ROOT / "dsx").rglob("*.py"), *ROOT.glob("plugins/*/dsx_*.py"), *ROOT.glob("plugins/*/dsx_*/*.py")]
    return {path: path.read_text("utf-8") for path in sorted(paths) if "templates" not in path.parts}


def dotted(path: Path) -> str:
    """The name by which a file's module is imported."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[2:] if parts[0] == "plugins" else parts).removesuffix(".__init__")


def patterns() -> tuple[list[Pattern], list[str]]:
    """(the patterns, the places of calls whose pattern is known at run time only)."""
    texts = sources()
    seen_by: dict[str, list[str]] = defaultdict(list)  # module → the texts that may use its names
    for path, text in texts.items():
        for module in {dotted(path), *imported(text)}:
            seen_by[module].append(text)
    known: dict[tuple[str | bytes, int], Pattern] = {}
    unknown = []
    for path, text in texts.items():
        nodes = [*ast.walk(ast.parse(text))] if "import re\n" in text else []
        where, uses = path.relative_to(ROOT).as_posix(), "\n".join(seen_by[dotted(path)])
        names = {
            node.value: node.targets[0].id
            for node in nodes
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
        }
        compiled: list[tuple[str, re.Pattern[Any], set[str]]] = []
        for call in calls(nodes):
            methods = methods_of(names.get(call), uses) if call.func.attr == "compile" else {call.func.attr}
            try:
                compiled.append((f"{where}:{call.lineno}", evaluate(call, path), methods))
            except (NameError, SyntaxError):
                unknown.append(f"{where}:{call.lineno}")
                of_module = held(vars(module_of(path)).items())
                compiled += [(f"{where} {name}", each, methods_of(name, uses)) for name, each in of_module]
        for place, each, methods in compiled:
            pattern = Pattern(place, each.pattern, each.flags, frozenset(methods & set(CALLS)))
            known.setdefault((each.pattern, each.flags), pattern)
    return list(known.values()), unknown


def imported(text: str) -> Iterator[str]:
    """The modules that a module imports from."""
    for module, names in re.findall(r"from ([\w.]+) import (\([^)]*+|[^\n]*+)", text):
        yield module
        yield from (f"{module}.{name}" for name in re.findall(r"\w+", names))


def methods_of(name: str | None, uses: str) -> set[str]:
    """How a pattern of this name is used, itself or as what a loop over it goes through."""
    if not name:
        return set()
    loops = re.findall(rf"for ([\w, ()]+) in {name}\b", uses)
    names = "|".join([name, *re.findall(r"\w+", " ".join(loops))])
    return set(re.findall(rf"\b(?:{names})\.(\w+)", uses))


def calls(nodes: Iterable[ast.AST]) -> Iterator[ast.Call]:
    """Calls of `re` that take a pattern first."""
    for node in nodes:
        if isinstance(node, ast.Call) and node.args and isinstance(node.func, ast.Attribute):
            module = node.func.value
            if isinstance(module, ast.Name) and module.id == "re" and node.func.attr in CALLS:
                yield node


def module_of(path: Path) -> ModuleType:
    """The module of a file. Only those are imported whose patterns are put together: others would import torch."""
    return importlib.import_module(dotted(path))


def evaluate(call: ast.Call, path: Path) -> re.Pattern[Any]:
    """The pattern that a call of `re` is given, with its flags. NameError: it is made of a function's own names."""
    words = {keyword.arg: keyword.value for keyword in call.keywords}
    position = {"compile": 1, "sub": 4, "subn": 4, "split": 3}.get(call.func.attr, 2)
    flags = words.get("flags", call.args[position] if len(call.args) > position else ast.Constant(0))
    literal = isinstance(call.args[0], ast.Constant)
    names = {"re": re} if literal else vars(module_of(path))
    source, bits = (
        eval(compile(ast.fix_missing_locations(ast.Expression(each)), str(path), "eval"), {**names})
        for each in (call.args[0], flags)
    )
    return source if isinstance(source, re.Pattern) else re.compile(source, bits)


def held(items: Iterable[tuple[Any, Any]]) -> Iterator[tuple[str, re.Pattern[Any]]]:
    """Compiled patterns among a module's names, and in its tuples, lists and dicts."""
    for name, value in items:
        if isinstance(value, re.Pattern):
            yield str(name), value
        elif isinstance(value, dict):
            yield from ((str(name), pattern) for _, pattern in held(value.items()))
        elif isinstance(value, tuple | list | set | frozenset):
            yield from ((str(name), pattern) for _, pattern in held(enumerate(value)))


def run(compiled: re.Pattern[Any], methods: frozenset[str], text: Any) -> None:
    """All matches in a text, or the one match at its start where the pattern is used for nothing else."""
    if methods and methods <= ANCHORED:
        for method in methods:
            getattr(compiled, method)(text)
    else:
        for _ in compiled.finditer(text):
            pass


def glance(work: Callable[[], None]) -> float:
    """Seconds of the clock on the wall: exact where little time passes, and too long where the machine is busy."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def processor_seconds(work: Callable[[], None]) -> float:
    """Seconds of the processor, over as many calls as its coarse clock needs."""
    started, calls = time.process_time(), 0
    while (spent := time.process_time() - started) < ENOUGH:
        work()
        calls += 1
    return spent / calls


class TooSlow(Exception):
    """The time is over."""


def _alarm(number: int, frame: FrameType | None) -> None:
    raise TooSlow


def grown(attack: Attack, work: Callable[[int], Callable[[], None]]) -> Growth:
    """Timed at both lengths."""
    long = processor_seconds(work(LONG))
    return Growth(attack, long, long / processor_seconds(work(SHORT)))


def slowest(pattern: Pattern, suspicious: float = SUSPICIOUS) -> Growth | None:
    """The text that grows worst, of the few that take longest at a glance; None: none takes `suspicious` seconds a
    character."""
    compiled = re.compile(pattern.source, pattern.flags)

    def work(attack: Attack, length: int) -> Callable[[], None]:
        text = attack.text(length)
        return partial(run, compiled, pattern.methods, text if isinstance(pattern.source, str) else text.encode())

    before = signal.signal(signal.SIGVTALRM, _alarm)
    attack = Attack("", "")
    try:
        seconds = {}
        for attack in attacks(pattern.source, pattern.flags):
            signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
            seconds[attack] = glance(work(attack, FIRST))
            if seconds[attack] > suspicious * FIRST:
                seconds[attack] = min(seconds[attack], glance(work(attack, FIRST)))
        growths = []
        for attack in sorted(seconds, key=lambda each: -seconds[each])[:CONFIRMED]:
            if seconds[attack] > suspicious * FIRST:
                signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
                growths.append(grown(attack, partial(work, attack)))
                if growths[-1].ratio > MAX_RATIO:  # a busy machine may have slowed it down
                    growths[-1] = min(growths[-1], grown(attack, partial(work, attack)), key=lambda each: each.ratio)
    except TooSlow:
        return Growth(attack, float("inf"), float("inf"))
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
    return max(growths, key=lambda growth: growth.ratio, default=None)


def main() -> int:
    """Prints how each pattern grows, the worst first; the exit code says whether any is slower than linear."""
    known, unknown = patterns()
    growths = {pattern: slowest(pattern, 0) for pattern in known}
    slow = [growth for growth in growths.values() if growth and growth.ratio > MAX_RATIO]
    print(
        f"{len(known)} patterns, {len(slow)} slower than linear. Made at run time and not tried: {', '.join(unknown)}"
    )
    print(f"\n| pattern | ms of {LONG:,} characters | times those of {SHORT:,} | what repeats, after what |")
    print("|---|---|---|---|")
    for pattern, growth in sorted(growths.items(), key=lambda item: -(item[1].ratio if item[1] else 0)):
        if growth:
            text = f"{growth.attack.piece!r}, {growth.attack.prefix!r}".replace("|", "\\|")
            print(f"| {pattern.where} | {1e3 * growth.seconds:.2f} | {growth.ratio:.1f} | {text} |")
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())

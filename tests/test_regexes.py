"""No regular expression of dsx or its plugins takes more than linear time, whatever it is given."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def regexes() -> ModuleType:
    """benchmarks/regexes.py."""
    path = Path(__file__).parents[1] / "benchmarks" / "regexes.py"
    spec = importlib.util.spec_from_file_location("benchmark_regexes", path)
    assert spec
    assert spec.loader
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_pattern_is_linear(regexes: ModuleType) -> None:
    patterns, at_run_time = regexes.patterns()
    assert len(patterns) > 250
    # Words that are escaped, a pattern of the user's own schema, and what the module's names show.
    assert {place.split(":")[0] for place in at_run_time} <= {
        "dsx/answers/verbatim.py",
        "dsx/ask/query.py",
        "dsx/ground/locate.py",
        "dsx/ground/numerals.py",
        "dsx/ground/phrases.py",
        "dsx/load/headings.py",
        "dsx/recover/mend.py",
        "dsx/recover/raw.py",
        "dsx/run/slurm.py",
        "dsx/schema/leaves.py",
        "plugins/dsx-reader/dsx_reader/checking.py",
    }
    growths = {pattern.where: regexes.slowest(pattern) for pattern in patterns}
    assert {where: growth for where, growth in growths.items() if growth and growth.ratio > regexes.MAX_RATIO} == {}


@pytest.mark.parametrize(
    ("source", "method"),
    [
        (r"<!--.*?-->", "search"),  # each beginning searches the rest
        (r",(?![^\[]*\])", "split"),
        (r"\s+$", "sub"),
        (r"(\d+)*x", "match"),
        (r"\s*[~±]*\s*(\d+)\s*(.*?)\.?\s*(?:±.*)?", "fullmatch"),
    ],
)
def test_a_slow_pattern_is_found(regexes: ModuleType, source: str, method: str) -> None:
    growth = regexes.slowest(regexes.Pattern("here", source, 0, frozenset([method])))
    assert growth is not None
    assert growth.ratio > regexes.MAX_RATIO

"""The whole way with random schemas and hard texts: some of what benchmarks/placed_schemas.py does by the hundred."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import RandomEngine
from tests.hard_inputs import TEXTS

SCRIPT = Path(__file__).parents[1] / "benchmarks" / "placed_schemas.py"


@pytest.fixture(scope="module")
def benchmark() -> Any:
    """The script, as a module."""
    specification = importlib.util.spec_from_file_location("placed_schemas", SCRIPT)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules["placed_schemas"] = module
    specification.loader.exec_module(module)
    return module


def test_random_schemas_are_filled_from_places(benchmark: Any, words: Any) -> None:
    engine = RandomEngine(words, nulls=4)
    tally = benchmark.fill_schemas(engine, 20, 1, list(TEXTS))
    assert tally.breaches == []
    assert tally.filled.total() >= 20
    assert tally.statuses["number stated"] > 0
    assert tally.statuses["text stated"] > 0
    assert len(engine.asked) > 20

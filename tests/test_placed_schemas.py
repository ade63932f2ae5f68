"""The whole way with random schemas and hard texts: some of what benchmarks/placed_schemas.py does by the hundred."""

from __future__ import annotations

import importlib.util
import sys
from collections import Counter
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
    """What hypothesis draws depends on the modules that are loaded: a second draw, where the first has no text."""
    statuses = Counter[str]()
    for seed in range(1, 5):
        engine = RandomEngine(words, nulls=4)
        tally = benchmark.fill_schemas(engine, 20, seed, list(TEXTS))
        assert tally.breaches == []
        assert tally.filled.total() >= 20
        assert len(engine.asked) > 20
        statuses += tally.statuses
        if statuses["number stated"] and statuses["text stated"]:
            break
    assert statuses["number stated"] > 0
    assert statuses["text stated"] > 0

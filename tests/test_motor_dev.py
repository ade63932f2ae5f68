"""Five real papers with gold, from DSX_MOTOR_DEV (or ../shared/data/motor-dev): what the loader must find in them."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path
from types import ModuleType

import pytest

from dsx.load.pdf import load_pdf

ROOT = Path(__file__).parent.parent
FOLDER = Path(os.environ.get("DSX_MOTOR_DEV", ROOT.parent / "shared" / "data" / "motor-dev"))

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not FOLDER.is_dir(), reason="the papers are not here: set DSX_MOTOR_DEV to their folder"),
]


@pytest.fixture(scope="module")
def benchmark() -> ModuleType:
    specification = importlib.util.spec_from_file_location("benchmark_load", ROOT / "benchmarks" / "load.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules[specification.name] = module  # dataclasses look themselves up there
    specification.loader.exec_module(module)
    return module


def test_gold_quotes_pages_boxes_and_sections(benchmark: ModuleType) -> None:
    result, with_participants = benchmark.Found(), 0
    papers = list(benchmark.gold(FOLDER))
    for path, quotes in papers:
        document = load_pdf(path)
        benchmark.measure(document, path, quotes, result)
        kinds = {section.kind for section in document.sections}
        assert {"methods", "references"} <= kinds, path.name
        with_participants += "participants" in kinds
    misses = "\n".join(result.misses)
    assert len(papers) == 5
    assert result.quotes > 100
    assert result.on_page >= 0.99 * result.quotes, misses
    assert result.boxed >= 0.98 * result.found, misses
    assert with_participants >= 4

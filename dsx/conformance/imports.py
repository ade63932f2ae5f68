"""Whether a plugin's import is light: dsx imports every plugin at each start."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

from dsx.conformance.outcome import Outcome, attempt, demand
from dsx.plugins import DISTRIBUTION
from dsx.plugins.registry import PluginReport

HEAVY = (
    "accelerate", "datasets", "matplotlib", "numpy", "outlines", "pandas", "pint", "polars", "pyarrow", "pymupdf",
    "pypdfium2", "scipy", "sklearn", "spacy", "torch", "transformers", "vllm",
)  # fmt: skip
PROGRAM = f"""
import sys
from dsx.plugins import load_plugins
load_plugins()
print(*(name for name in {HEAVY!r} if name in sys.modules))
"""


def check_imports(report: PluginReport) -> Iterator[Outcome]:
    """Loads the plugin in a process of its own and looks for what must wait until it is used."""
    if report.distribution == "extra":
        return
    built_in = report.distribution == DISTRIBUTION

    def check() -> None:
        wanted = "none" if built_in else report.name.split(" ")[0]
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM],
            env={**os.environ, "DSX_PLUGINS": wanted},
            capture_output=True,
            text=True,
            timeout=120,
        )
        demand(done.returncode == 0, (done.stderr.strip().splitlines() or ["no message"])[-1])
        heavy = done.stdout.strip()
        demand(not heavy, f"importing it imports {heavy}; import inside the function that needs it")

    yield from attempt(f"plugin {report.name}", "imports nothing heavy", check)

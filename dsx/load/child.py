"""The subprocess of `isolate`: reads its job from stdin, sets its own limits, loads, writes the document."""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import resource
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

from dsx.errors import DsxError
from dsx.load.isolate import REFUSED
from dsx.load.keep import write_document
from dsx.types import Document


def main() -> None:
    """Exit status 0: the document is written; REFUSED: the last line of stdout says why not."""
    job = json.load(sys.stdin)
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print is no answer
    _limit(job["seconds"], job["megabytes"])
    try:
        load = _find(job["loader"], job["reference"])
        document = load(Path(job["path"]))
        write_document(document, Path(job["result"]))
    except DsxError as problem:
        _refuse(answers, str(problem).removeprefix(f"{Path(job['path']).name}: "))
    except MemoryError:
        _refuse(answers, f"needs more than {job['megabytes']} MB; raise the limit (load_megabytes)")
    except RecursionError:
        _refuse(answers, "nested too deeply; save it again with another program")


def _refuse(answers: TextIO, reason: str) -> None:
    print(" ".join(reason.split()), file=answers, flush=True)
    sys.exit(REFUSED)


def _limit(seconds: float, megabytes: int) -> None:
    cpu = max(int(seconds) + 1, 1)
    resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu + 1))
    resource.setrlimit(resource.RLIMIT_AS, (megabytes << 20, megabytes << 20))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.setitimer(signal.ITIMER_REAL, seconds)


def _find(name: str, reference: dict[str, str] | None) -> Callable[[Path], Document]:
    if reference is None:
        from dsx.plugins import load_plugins

        return load_plugins().loaders[name].load
    try:
        found: Any = importlib.import_module(reference["module"])
    except ImportError:
        specification = importlib.util.spec_from_file_location(reference["module"], reference["file"])
        if specification is None or specification.loader is None:
            raise
        found = importlib.util.module_from_spec(specification)
        sys.modules[reference["module"]] = found
        specification.loader.exec_module(found)
    for part in reference["name"].split("."):
        found = getattr(found, part)
    load: Callable[[Path], Document] = found
    return load


if __name__ == "__main__":
    main()

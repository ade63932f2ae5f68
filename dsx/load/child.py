"""The subprocess of `isolate`: reads its job from stdin, sets its own limits, loads, writes the document."""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
from pathlib import Path
from typing import TextIO

from dsx.errors import DsxError
from dsx.load.isolate import REFUSED, function_of
from dsx.load.keep import write_document


def main() -> None:
    """Exit status 0: the document is written; REFUSED: the last line of stdout says why not."""
    job = json.load(sys.stdin)
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print is no answer
    _limit(job["seconds"], job["megabytes"])
    try:
        load = function_of(job["function"])
        write_document(load(Path(job["path"])), Path(job["result"]))
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


if __name__ == "__main__":
    main()

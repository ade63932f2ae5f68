"""The subprocess of `isolate`: reads its job from stdin, sets its own limits, loads, writes the document."""

from __future__ import annotations

import ctypes
import json
import logging
import os
import resource
import signal
import sys
from pathlib import Path
from typing import TextIO

from dsx.errors import DsxError, LoadError, MachineError, machine_error
from dsx.load.clean import cleaned
from dsx.load.isolate import MACHINE, NOTE, REFUSED, function_of
from dsx.load.keep import write_document
from dsx.types import Document

PR_SET_PDEATHSIG = 1
"""Of linux/prctl.h: the signal that a process gets when its parent dies, of whatever."""


class _Notes(logging.Handler):
    """Warnings of dsx and of plugins, passed on to the parent."""

    def __init__(self, answers: TextIO) -> None:
        super().__init__(logging.WARNING)
        self.answers = answers

    def emit(self, record: logging.LogRecord) -> None:
        print(NOTE + " ".join(record.getMessage().split()), file=self.answers, flush=True)


def main() -> None:
    """Exit status 0: the document is written; REFUSED, MACHINE: the last line of stdout says why not."""
    _die_with_parent()
    job = json.load(sys.stdin)
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8", errors="replace")
    os.dup2(2, 1)  # what libraries print is no answer
    logging.getLogger("dsx").addHandler(_Notes(answers))
    _limit(job["seconds"], job["megabytes"])
    path = Path(job["path"])
    try:
        document = function_of(job["function"])(path)
        _check(document, job["characters"])
        document = cleaned(document)
    except MachineError as problem:
        _end(MACHINE, answers, str(problem))
    except DsxError as problem:
        _end(REFUSED, answers, str(problem).removeprefix(f"{path.name}: "))
    except MemoryError:
        _end(REFUSED, answers, f"needs more than {job['megabytes']} MB; raise the limit (--load-megabytes)")
    except RecursionError:
        _end(REFUSED, answers, "nested too deeply; save it again with another program")
    try:
        write_document(document, Path(job["result"]))
    except OSError as problem:
        trouble = machine_error(problem, f"the temporary folder {Path(job['result']).parent}")
        _end(MACHINE, answers, str(trouble or problem))


def _check(document: Document, characters: int) -> None:
    if not isinstance(document, Document):
        raise LoadError(f"the loader gives {type(document).__name__}, no Document; try another one with --loader")
    if len(document.text) > characters:
        raise LoadError(
            f"{len(document.text):,} characters of text, more than {characters:,}; split it, or raise the limit "
            "(--load-characters)"
        )


def _die_with_parent() -> None:
    parent = os.getppid()
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before
        os._exit(1)


def _end(status: int, answers: TextIO, reason: str) -> None:
    print(" ".join(reason.split()), file=answers, flush=True)
    sys.exit(status)


def _limit(seconds: float, megabytes: int) -> None:
    """As the job says, or less where this process may not have so much."""
    cpu = max(int(seconds) + 1, 1)
    _lower(resource.RLIMIT_CPU, cpu, cpu + 1)
    _lower(resource.RLIMIT_AS, megabytes << 20, megabytes << 20)
    _lower(resource.RLIMIT_CORE, 0, 0)
    signal.setitimer(signal.ITIMER_REAL, seconds)


def _lower(what: int, soft: int, hard: int) -> None:
    _, allowed = resource.getrlimit(what)
    if allowed != resource.RLIM_INFINITY:
        soft, hard = min(soft, allowed), min(hard, allowed)
    resource.setrlimit(what, (soft, hard))


if __name__ == "__main__":
    main()

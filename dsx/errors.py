"""Every error that dsx raises on purpose, and what each one costs.

DsxError                  one line for the person, with a way out
├── UsageError            of the command: nothing was run; exit code 2
│   ├── UnknownName       a name that nobody registered (lists those that exist)
│   ├── SchemaError       a parameter set that cannot be asked; carries every problem found
│   ├── PluginError       a plugin that is needed and broken
│   ├── ModelError        a model or its device that is not to be had
│   └── RunError          a run folder that is damaged or no run's
│       └── AnotherRun    a run folder that belongs to another recipe, model or version
├── MachineError          of the environment: nothing is stored; exit code 75 where it may pass, else 2
├── PaperError            of the paper: stored as its failure, the others go on; exit code 1 at the end
│   └── LoadError         the file could not be read as a document
└── DecodeError           of a question: its values have failed, the paper goes on; exit code 1 at the end

Whatever else is raised is an error of the program: its traceback goes to the log, nothing is stored as the paper's, and
the exit code is 1.
"""

from __future__ import annotations

import errno
import reprlib
from collections.abc import Iterable

MAY_PASS = 75
"""EX_TEMPFAIL of sysexits.h: not all is done, nothing is half written, and the same command goes on."""


class DsxError(Exception):
    """Base of all; the message is one line that says what is wrong and what to do."""

    exit_code = 2


class UsageError(DsxError):
    """The command cannot be run as it was typed."""


class ClosedPipe(UsageError):
    """Who read the pipe that is written has enough: to the command line no failure."""


class UnknownName(UsageError):
    """No such name in a registry. broken: what keeps plugins, which might give it, from being used."""

    def __init__(self, kind: str, name: str, known: Iterable[str], broken: Iterable[str] = ()) -> None:
        there_are = ", ".join(sorted(known)) or "none"
        not_used = "".join(f"; {reason}" for reason in broken)
        super().__init__(f"no {kind} {name!r}; there are: {there_are}{not_used}")


SHOWN_PROBLEMS = 4
"""Of a parameter set, in the message."""


class SchemaError(UsageError):
    """A parameter set with problems; `problems` has one line each, led by its JSON pointer."""

    def __init__(self, where: str, problems: Iterable[str]) -> None:
        self.where = where
        self.problems = tuple(problems)
        hidden = len(self.problems) - SHOWN_PROBLEMS
        more = f" (and {hidden} more: dsx schema check)" if hidden > 0 else ""
        super().__init__(f"{where}: {'; '.join(self.problems[:SHOWN_PROBLEMS])}{more}")


class PluginError(UsageError):
    """A plugin that something needs could not be loaded."""


class ModelError(UsageError):
    """The model was not found, does not fit, or its device is missing."""


class RunError(UsageError):
    """The run folder cannot be used."""


class AnotherRun(RunError):
    """The run folder is that of a run with other answers; the message names what differs."""


class MachineError(DsxError):
    """The machine's trouble: a disk that is full or read-only, no memory, a server that is gone.

    passes: whether the same command may go on later without anything being changed but the machine.
    """

    def __init__(self, message: str, passes: bool = True) -> None:
        super().__init__(message)
        self.exit_code = MAY_PASS if passes else UsageError.exit_code


class PaperError(DsxError):
    """One paper failed; recorded in the run folder with this message as its reason."""

    exit_code = 1


class LoadError(PaperError):
    """The file is empty, encrypted, damaged, not a document, or went over a limit."""


class DecodeError(DsxError):
    """A question has no answer."""

    exit_code = 1


FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
DENIED = (errno.EROFS, errno.EACCES, errno.EPERM)
PASSING = (errno.ENOMEM, errno.EMFILE, errno.ENFILE, errno.EAGAIN, errno.EIO, errno.ESTALE, errno.ETIMEDOUT, *FULL)
GPU_FAILED = ("OutOfMemoryError", "AcceleratorError")
"""What torch raises where a GPU has no memory left or has failed; torch is not imported for it."""


def machine_error(problem: BaseException, where: object = None) -> MachineError | None:
    """The machine's trouble behind an exception; None where it is another's. where: the path that was being used."""
    if isinstance(problem, MachineError):
        return problem
    if isinstance(problem, MemoryError) or _lacks_memory(problem):
        return MachineError("out of memory; give the process more (ulimit -v, sbatch --mem) and run the same command")
    if type(problem).__name__ in GPU_FAILED or "CUDA error" in str(problem)[:LONGEST_MESSAGE]:
        return MachineError(f"the GPU: {one_line(problem)}; see dsx doctor, and run the same command")
    if not isinstance(problem, OSError) or problem.errno not in (*PASSING, *DENIED):
        return None
    path = where or problem.filename or "a file"
    if problem.errno in DENIED:
        return MachineError(f"{path} cannot be written ({problem.strerror}); choose another place", passes=False)
    what = "make room" if problem.errno in FULL else "see to the machine"
    return MachineError(f"{path}: {problem.strerror}; {what} and run the same command")


def _lacks_memory(problem: BaseException) -> bool:
    """Whether it says so: torch where it allocates, the system's loader where a library has no room."""
    if isinstance(problem, ImportError):
        text = str(problem)[-LONGEST_IMPORT_MESSAGE:].lower()
        return "failed to map segment" in text or "cannot allocate memory" in text
    return "can't allocate memory" in str(problem)[:LONGEST_MESSAGE]


LONGEST_IMPORT_MESSAGE = 5_000
"""Characters that are looked through; numpy puts a page of advice before the reason."""
LONGEST_MESSAGE = 500
"""Most characters of a stranger's message that are passed on."""


def one_line(problem: BaseException) -> str:
    """The kind of an error and its message, on one line, whatever the message is made of."""
    try:
        text = " ".join(str(problem).split()) or "no message"
    except (Exception, SystemExit):  # a stranger's __str__
        text = "its message cannot be read"
    return f"{type(problem).__name__}: {text if len(text) <= LONGEST_MESSAGE else text[:LONGEST_MESSAGE] + ' …'}"


def short(thing: object) -> str:
    """What someone gave that is of a wrong kind, as Python writes it, on one short line."""
    return " ".join(reprlib.repr(thing).split())

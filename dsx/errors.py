"""Every error that dsx raises on purpose, and what each one costs.

DsxError                  one line for the person, with a way out
├── UsageError            nothing was run; exit code 2
│   ├── UnknownName       a name that nobody registered (lists those that exist)
│   ├── SchemaError       a parameter set that cannot be asked; carries every problem found
│   ├── PluginError       a plugin that is needed and broken
│   ├── ModelError        a model or its device that is not to be had
│   └── RunError          a run folder that cannot be written or is damaged
│       └── AnotherRun    a run folder that belongs to another recipe, model or version
└── PaperError            this paper failed, the others go on; exit code 1 at the end
    ├── LoadError         the file could not be read as a document
    └── DecodeError       the engine gave no answer to a question
"""

from __future__ import annotations

from collections.abc import Iterable


class DsxError(Exception):
    """Base of all; the message is one line that says what is wrong and what to do."""

    exit_code = 2


class UsageError(DsxError):
    """The command cannot be run as it was typed."""


class UnknownName(UsageError):
    """No such name in a registry. broken: what keeps plugins, which might give it, from being used."""

    def __init__(self, kind: str, name: str, known: Iterable[str], broken: Iterable[str] = ()) -> None:
        there_are = ", ".join(sorted(known)) or "none"
        not_used = "".join(f"; {reason}" for reason in broken)
        super().__init__(f"no {kind} {name!r}; there are: {there_are}{not_used}")


class SchemaError(UsageError):
    """A parameter set with problems; `problems` has one line each, led by its JSON pointer."""

    def __init__(self, where: str, problems: Iterable[str]) -> None:
        self.where = where
        self.problems = tuple(problems)
        more = f" (and {len(self.problems) - 1} more)" if len(self.problems) > 1 else ""
        super().__init__(f"{where}: {self.problems[0]}{more}")


class PluginError(UsageError):
    """A plugin that something needs could not be loaded."""


class ModelError(UsageError):
    """The model was not found, does not fit, or its device is missing."""


class RunError(UsageError):
    """The run folder cannot be used."""


class AnotherRun(RunError):
    """The run folder is that of a run with other answers; the message names what differs."""


class PaperError(DsxError):
    """One paper failed; recorded in the run folder with this message as its reason."""

    exit_code = 1


class LoadError(PaperError):
    """The file is empty, encrypted, damaged, not a document, or went over a limit."""


class DecodeError(PaperError):
    """The engine failed on a question."""


LONGEST_MESSAGE = 500
"""Most characters of a stranger's message that are passed on."""


def one_line(problem: BaseException) -> str:
    """The kind of an error and its message, on one line, whatever the message is made of."""
    try:
        text = " ".join(str(problem).split()) or "no message"
    except (Exception, SystemExit):  # a stranger's __str__
        text = "its message cannot be read"
    return f"{type(problem).__name__}: {text if len(text) <= LONGEST_MESSAGE else text[:LONGEST_MESSAGE] + ' …'}"

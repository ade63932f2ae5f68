"""What a person sees: text of papers, names, values and servers without what would steer a terminal."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TextIO

from dsx.types import Record

if TYPE_CHECKING:
    from rich.console import Console

STANDARD_OUTPUT = "standard output"
REPLACEMENT = "\ufffd"
_controls = {*range(32), *range(0x7F, 0xA0)} - {ord("\t"), ord("\n")}
_breaks_and_bidi = {0x2028, 0x2029, *range(0x202A, 0x202F), *range(0x2066, 0x206A)}
_halves = range(0xD800, 0xE000)
_BREAKS = dict.fromkeys(map(ord, "\t\n\v\f\r\x1c\x1d\x1e\x85\u2028\u2029"), " ")
_UNPRINTABLE = dict.fromkeys([*_controls, *_breaks_and_bidi, *_halves], REPLACEMENT)


def printable(text: str) -> str:
    """`text`, each control character, override of the writing direction and half of a character replaced by U+FFFD."""
    return text.translate(_UNPRINTABLE)


def printable_line(text: str) -> str:
    """`printable`, on one line: a line break or tab becomes a space, so that no name or value passes for a line."""
    return printable(text.translate(_BREAKS))


def counted(count: int, one: str, several: str = "") -> str:
    """A count and what it counts: 1 paper, 2 papers. several: the plural, where it is not `one` with an s."""
    return f"{count} {one if count == 1 else several or one + 's'}"


def say(*cells: object, err: bool = False) -> None:
    """Prints one line for a person, its cells separated by tabs."""
    print("\t".join(printable_line(str(cell)) for cell in cells), file=sys.stderr if err else sys.stdout, flush=True)


class LineFormatter(logging.Formatter):
    """A message is one printable line; a traceback stands below it."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        """As a formatter's."""
        return printable_line(super().formatMessage(record))


def printable_values(value: Any) -> Any:
    """`printable` in all strings of a JSON value."""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, list | tuple):
        return type(value)(map(printable_values, value))
    if isinstance(value, dict):
        return {printable_values(key): printable_values(each) for key, each in value.items()}
    return value


def printable_record(record: Record) -> Record:
    """The record, its label and its values' strings printable: an answer in JSON can spell any character."""
    values = {
        name: replace(value, value=printable_values(value.value), raw=printable_values(value.raw))
        for name, value in record.values.items()
    }
    path = tuple(replace(step, label=step.label and printable(step.label)) for step in record.path)
    return replace(record, label=record.label and printable(record.label), values=values, path=path)


class NoReader(BaseException):
    """Nobody reads standard output any more: no Exception, for the command may end and nothing has failed.

    Of the command line alone: Output raises it, which stands for no one else's standard output.
    """


class Output:
    """Standard output. What keeps it from being written is said of it; NoReader where its reader has enough.

    is_lost: closed by who started dsx; what is written here is lost.
    """

    def __init__(self, stream: TextIO, is_lost: bool = False) -> None:
        self.stream, self.is_lost = stream, is_lost

    def write(self, text: str) -> int:
        """As a text stream's."""
        with _named():
            return self.stream.write(text)

    def flush(self) -> None:
        """As a text stream's."""
        with _named():
            self.stream.flush()

    def isatty(self) -> bool:
        """As a text stream's."""
        return self.stream.isatty()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


def is_lost(stream: object) -> bool:
    """Whether what is written there is lost: a standard output that who started dsx has closed."""
    return isinstance(stream, Output) and stream.is_lost


@contextmanager
def _named() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise NoReader from None
    except OSError as problem:
        problem.filename = STANDARD_OUTPUT
        raise


class CleanStream:
    """A text stream that takes printable text only. terminal: the stream itself, for what draws on a terminal.

    lossy: that nobody reads it any more is no failure, as for progress and logs.
    """

    def __init__(self, terminal: TextIO, lossy: bool = False) -> None:
        self.terminal, self.lossy = terminal, lossy

    def write(self, text: str) -> int:
        """As a text stream's."""
        if self.lossy:
            with suppress(OSError, ValueError):
                self.terminal.write(printable(text))
        else:
            self.terminal.write(printable(text))
        return len(text)

    def flush(self) -> None:
        """As a text stream's."""
        if self.lossy:
            with suppress(OSError, ValueError):
                self.terminal.flush()
        else:
            self.terminal.flush()

    def __getattr__(self, name: str) -> Any:
        if name == "buffer":  # which click takes where the encoding is ASCII, past what is cleaned here
            raise AttributeError(name)
        return getattr(self.terminal, name)


def console(stream: Any, width: int | None = None) -> Console:
    """Rich's console, which draws with commands of its own on the terminal below a CleanStream.

    What it prints must be printable already. width: in characters, where the stream is no terminal.
    """
    from rich.console import Console

    file = stream.terminal if isinstance(stream, CleanStream) else stream
    return Console(file=file, width=None if file.isatty() else width, markup=False, highlight=False)

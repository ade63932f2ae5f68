"""What a person sees: text of papers, names, values and servers without what would steer a terminal."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any, TextIO

from dsx.types import Record

REPLACEMENT = "\ufffd"
_controls = {*range(32), *range(0x7F, 0xA0)} - {ord("\t"), ord("\n")}
_breaks_and_bidi = {0x2028, 0x2029, *range(0x202A, 0x202F), *range(0x2066, 0x206A)}
_halves = range(0xD800, 0xE000)
_UNPRINTABLE = dict.fromkeys([*_controls, *_breaks_and_bidi, *_halves], REPLACEMENT)


def printable(text: str) -> str:
    """`text`, each control character, override of the writing direction and half of a character replaced by U+FFFD."""
    return text.translate(_UNPRINTABLE)


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
        return getattr(self.terminal, name)


def terminal_of(stream: Any) -> Any:
    """The stream below a CleanStream; any other stream itself."""
    return stream.terminal if isinstance(stream, CleanStream) else stream

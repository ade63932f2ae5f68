"""Flags of values that rest on text that a reader does not see as it is: hidden, or read from a picture."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from dsx.load.unseen import HIDDEN_SECTION
from dsx.types import Document, Flag, Record, Value

HIDDEN, OCR = Flag("hidden-text"), Flag("ocr")


def flagged(record: Record, document: Document) -> Record:
    """The record, each of its values with the flags of the text that it rests on."""
    hidden = next((part.start for part in document.sections if part.kind == HIDDEN_SECTION), len(document.text))
    scans = {page.number for page in document.pages if page.ocr}

    def flags(value: Value) -> Iterator[Flag]:
        """A value without a quote may come from anywhere in the text; a list rests on the quotes of all its items."""
        unquoted = value.value is not None and value.evidence is None
        shown = [*value.quotes, *([] if record.evidence is None else [record.evidence])]
        if hidden < len(document.text) and (unquoted or any(evidence.end > hidden for evidence in shown)):
            yield HIDDEN
        for quoted in value.quotes if scans else ():
            if scans.intersection(document.char_pages[quoted.start : quoted.end].tolist()):
                yield OCR
        if scans and unquoted and scans.issuperset(document.char_pages.tolist()):
            yield OCR

    def with_flags(value: Value) -> Value:
        every = tuple(dict.fromkeys((*value.flags, *flags(value))))
        return replace(value, flags=every, items=tuple(map(with_flags, value.items)))

    return replace(record, values={name: with_flags(value) for name, value in record.values.items()})

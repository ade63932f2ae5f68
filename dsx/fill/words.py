"""Words that are taken from the text: one place, or a list of places."""

from __future__ import annotations

import json
from collections.abc import Sequence

from dsx.answers.decide import NULL
from dsx.fill.paper import PaperContext, RecordContext, Span
from dsx.fill.value import Steps, checked, fullest_quote, not_reported, null_or_written
from dsx.types import Parameter


def text(paper: PaperContext, record: RecordContext, parameter: Parameter) -> Steps:
    """Words of the text."""
    shown = paper.show(parameter, record)
    most = parameter.schema["maxLength"]
    decision, written, chance = yield from null_or_written(paper, record, parameter, "text", shown, max_characters=most)
    if decision.option == NULL:
        return not_reported(decision)
    words = json.loads(written)
    quote = _best_place(paper, record, paper.places_of(words, shown))
    return checked(paper, parameter, words, words, None, quote, decision, chance, ())


def texts(paper: PaperContext, record: RecordContext, parameter: Parameter) -> Steps:
    """A list of words of the text."""
    shown, schema = paper.show(parameter, record), parameter.schema
    decision, written, chance = yield from null_or_written(
        paper,
        record,
        parameter,
        "texts",
        shown,
        max_characters=schema["items"]["maxLength"],
        max_items=schema["maxItems"],
    )
    if decision.option == NULL:
        return not_reported(decision)
    words = list(dict.fromkeys(json.loads(written)))
    spans = [span for item in words for span in paper.places_of(item, shown)]
    quote = fullest_quote(paper, record, spans)
    return checked(paper, parameter, words, words, None, quote, decision, chance, ())


def _best_place(paper: PaperContext, record: RecordContext, spans: Sequence[Span]) -> Span | None:
    ordered = sorted(spans, key=lambda span: (-record.fits(span[0]), span[0]))
    return paper.quote_around(*ordered[0]) if ordered else None

"""Words that are taken from the text: one place, a list of places, or what the first page's layout says."""

from __future__ import annotations

import json
from collections.abc import Generator, Sequence

from dsx.answers import decide
from dsx.answers.decide import NULL, Decision
from dsx.answers.limits import LONGEST_QUOTE
from dsx.ask import questions
from dsx.fill.paper import PaperContext, RecordContext, Span
from dsx.fill.value import Steps, checked, fullest_quote, not_reported, null_or_written, scores_of
from dsx.types import Completion, Json, Parameter, Question, Value

DENIED = 0.05
"""What stands on the first page where a title does is none only if the second look is surer than this."""


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


def front(
    paper: PaperContext, record: RecordContext, parameter: Parameter, spans: Sequence[Span]
) -> Generator[list[Question], list[Completion], Value | None]:
    """What the first page's layout says, if it is legal and a second look does not deny it."""
    words = [paper.document.text[slice(*span)] for span in spans]
    value: Json = words if parameter.schema.get("type") == "array" else words[0]
    try:
        if not paper.is_valid(parameter, paper.normalise(value, None, parameter)):
            return None
    except ValueError:
        return None
    quote = paper.quote_around(spans[0][0], min(spans[-1][1], spans[0][0] + LONGEST_QUOTE))
    text = questions.look(parameter, ", ".join(words), paper.document.text[slice(*quote)], record.label)
    shown = paper.show(parameter, record)
    (completion,) = yield [
        paper.question(record, [parameter.name, "front"], shown, text, "options", options=("yes", "no"))
    ]
    yes = decide.yes_probability(scores_of(completion))
    if yes < DENIED:
        return None
    decision = Decision(json.dumps(value), max(yes, 0.5), 1 - max(yes, 0.5), ())
    return checked(paper, parameter, value, value, None, quote, decision, 1.0, ())


def _best_place(paper: PaperContext, record: RecordContext, spans: Sequence[Span]) -> Span | None:
    ordered = sorted(spans, key=lambda span: (-record.fits(span[0]), span[0]))
    return paper.quote_around(*ordered[0]) if ordered else None

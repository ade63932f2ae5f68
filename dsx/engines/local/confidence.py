"""Confidence from the logits: (1 − p(null)) and the probability of the value's tokens, both under the grammar.

The grammar's order of keys is fixed and its JSON compact, so the place of each value in the answer is found by
walking it once; a sampled token belongs to a value where its characters touch the value's or end it.

The value's probability is that of the tokens that were written: the same value in other tokens (its closing quote
alone, or with the comma) is not added, so it is rather too low, by more for strings than for numbers. Among several
parameters null or not may be decided by a token that holds the colon too; then what would have been decided after a
colon alone is left out.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence

from dsx.engines.local.sequence import Sampled
from dsx.types import Confidence

_decode = json.JSONDecoder().raw_decode


def confidences(
    names: Sequence[str], text: str, ends: Sequence[int], sampled: Sequence[Sampled]
) -> Mapping[str, Confidence]:
    """Confidence by parameter name.

    ends: for each token of the answer, how many characters of `text` stand up to its end.
    """
    found = {}
    for name, start, (first, last) in value_spans(names, text):
        deciding = next((step for step in sampled if ends[step.at] > start), None)
        null = deciding.null if deciding is not None else (1.0 if text.startswith("null", start) else 0.0)
        if first == last:
            found[name] = Confidence(reported=1 - null, value=1.0)
            continue
        inside = 0.0
        for step in sampled:
            begin = ends[step.at - 1] if step.at else 0
            if begin < last + 1 and ends[step.at] > first and step is not deciding:
                inside += step.log_probability
        if deciding is not None and ends[deciding.at] > first:  # one token decided both: leave null's share out
            inside += min(0.0, deciding.log_probability - math.log(max(1 - deciding.null, 1e-9)))
        found[name] = Confidence(reported=1 - null, value=math.exp(inside))
    return found


def value_spans(names: Sequence[str], text: str) -> Iterator[tuple[str, int, tuple[int, int]]]:
    """(name, where its answer starts, (start, end) of its value's JSON; both equal for null)."""
    at = 0
    for index, name in enumerate(names):
        if len(names) > 1:
            at += len(("," if index else "{") + json.dumps(name, ensure_ascii=False) + ":")
        start = at
        if text.startswith("null", at):
            at += 4
            yield name, start, (at, at)
            continue
        value = (at, at)
        while text[at] in "{,":
            key, at = _decode(text, at + 1)
            first = at + 1
            _, at = _decode(text, first)
            if key == "value":
                value = (first, at)
        at += 1
        yield name, start, value

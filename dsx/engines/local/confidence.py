"""Confidence from the logits: (1 − p(null)) and the probability of the value's tokens, both under the grammar.

The grammar's order of keys is fixed and its JSON compact, so one walk over the answer finds each value. A sampled token
belongs to a value where its characters touch the value's or end it.

The value's probability is that of the tokens that were written. The same value in other tokens (its closing quote
alone, or with the comma) is not added. So it is rather too low, by more for strings than for numbers. Among several
parameters a token that holds the colon too may decide between null and a value. Then what would have been decided after
a colon alone is left out.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence

from dsx.engines.local.sequence import SampledToken
from dsx.types import Confidence

_decode = json.JSONDecoder().raw_decode


def confidences(
    names: Sequence[str], text: str, ends: Sequence[int], sampled: Sequence[SampledToken]
) -> dict[str, Confidence]:
    """Confidence by parameter name.

    ends: for each token of the answer, how many characters of `text` stand up to its end.
    """
    confidence = {}
    for name, start, (first, last) in value_spans(names, text):
        deciding = next((token for token in sampled if ends[token.index] > start), None)
        p_null = deciding.p_null if deciding is not None else (1.0 if text.startswith("null", start) else 0.0)
        if first == last:
            confidence[name] = Confidence(reported=1 - p_null, value=1.0)
            continue
        log_probability = 0.0
        for token in sampled:
            begin = ends[token.index - 1] if token.index else 0
            if begin < last + 1 and ends[token.index] > first and token is not deciding:
                log_probability += token.log_probability
        if deciding is not None and ends[deciding.index] > first:  # one token decided both: leave null's share out
            log_probability += min(0.0, deciding.log_probability - math.log(max(1 - deciding.p_null, 1e-9)))
        confidence[name] = Confidence(reported=1 - p_null, value=math.exp(log_probability))
    return confidence


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

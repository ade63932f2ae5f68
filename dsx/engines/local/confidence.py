"""Confidence from the logits: (1 − p(null)) and the probability of the value's tokens, both under the grammar.

A sampled token belongs to a value where its characters touch the value's or end it.

The value's probability is that of the tokens that were written. The same value in other tokens (its closing quote
alone, or with the comma) is not added. So it is rather too low, by more for strings than for numbers. Among several
parameters a token that holds the colon too may decide between null and a value. Then what would have been decided after
a colon alone is left out.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from dsx.answers.reader import Unreadable, value_spans
from dsx.engines.local.sequence import SampledToken
from dsx.types import Confidence


def confidences(
    names: Sequence[str], text: str, ends: Sequence[int], sampled: Sequence[SampledToken]
) -> dict[str, Confidence]:
    """Confidence by parameter name; empty where the answer cannot be read.

    ends: for each token of the answer, how many characters of `text` stand up to its end.
    """
    confidence = {}
    try:
        spans = value_spans(names, text)
    except Unreadable:  # a number that is no float: recovery refuses the answer too
        return {}
    for span in spans:
        deciding = next((token for token in sampled if ends[token.index] > span.start), None)
        p_null = deciding.p_null if deciding is not None else (1.0 if text.startswith("null", span.start) else 0.0)
        if span.first == span.last:
            confidence[span.name] = Confidence(reported=1 - p_null, value=1.0)
            continue
        log_probability = 0.0
        for token in sampled:
            begin = ends[token.index - 1] if token.index else 0
            if begin < span.last + 1 and ends[token.index] > span.first and token is not deciding:
                log_probability += token.log_probability
        if deciding is not None and ends[deciding.index] > span.first:  # one token decided both: leave null's share out
            log_probability += min(0.0, deciding.log_probability - math.log(max(1 - deciding.p_null, 1e-9)))
        confidence[span.name] = Confidence(reported=1 - p_null, value=math.exp(log_probability))
    return confidence

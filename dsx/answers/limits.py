"""How long the parts of an answer may be, in characters; how sure a value must be for a table."""

from __future__ import annotations

from dsx.types import Question

LONGEST_QUOTE = 240
BRIEF_QUOTE = 80
"""The longest quote of a record, and of an answer that was cut and is asked for again."""
SHORTEST_QUOTE = 8
"""Where a text has nothing that long to quote, its longest quote will do."""
LONGEST_LABEL = 60
MIN_CONFIDENCE = 0.2
"""Below it exports leave a value blank by default: of such values one in ten is right (docs/decisions/0051)."""


def longest_quote(question: Question) -> int:
    """The limit of the quotes in this question's answer."""
    return BRIEF_QUOTE if question.brief or question.form == "records" else LONGEST_QUOTE

"""Words that a hyphen breaks at a line's end: whole again, unless the document writes them with it elsewhere."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable

_compounds = "non self half cross well quasi all ex twenty thirty forty fifty sixty seventy eighty ninety"
COMPOUNDS = frozenset(_compounds.split())
"""First parts of words that are written with a hyphen; single letters are others: t-test, p-value."""
BETWEEN = frozenset(("and", "by", "of", "the", "to"))
"""What stands between two hyphens of one word, as in trial-by-trial, and is no syllable."""
_unspaced = re.compile("[\u3000-\u9fff\uff00-\uffef]")
"""Chinese and Japanese, which are written without spaces."""
_url = re.compile(r"(?:https?://|www\.|doi:|10\.\d{4,}/)\S*$")
_number_goes_on = (
    (re.compile(r"(?:^|[\s(\[])[-−–+]$"), re.compile(r"\d")),
    (re.compile(r"(?:^|\D)\d{1,3},$"), re.compile(r"\d{3}(?!\d)")),
    (
        re.compile(r"(?:^|\s)\d+\.$"),
        re.compile(r"\d{1,30}\s?(?:%|°|(?:ms|s|min|h|cm|mm|m|mg|kg|ml|Hz)\b|deg|hours|years)"),
    ),
    (re.compile(r"\d[-–/]$"), re.compile(r"[\da-z]")),
    (re.compile(r"[^\W\d_]-$"), re.compile(r"\d")),
    (re.compile(r"\d[eE][-−]$"), re.compile(r"\d")),
)
"""What ends a line within a number, or before one that a hyphen joins, and what the next line then begins with."""
_second = re.compile(r"(?:and|or)\b")
"""Begins what shares its end with the word before: pre- and post-test."""


def join_lines(before: str, after: str, known: Counter[str]) -> int | None:
    """How two lines of one paragraph are one text: characters of `before` to keep, with nothing between; None: a space.

    known: of `count_hyphenated`.
    """
    if _unspaced.match(before[-1:]) and _unspaced.match(after):
        return len(before)
    if any(end.search(before) and start.match(after) for end, start in _number_goes_on):
        return len(before)
    if len(before) < 2 or before[-1] not in "-‐‑" or not before[-2].isalnum() or not after[:1].isalpha():
        return None
    if after[0].isupper():
        return len(before) if before[-2].isalpha() else None
    if _suspends(before[:-1], after, known):
        return None
    keeps = before[-1] == "‑" or _url.search(before) or keeps_hyphen(before, after, known)
    return len(before) if keeps else len(before) - 1


def _suspends(before: str, after: str, known: Counter[str]) -> bool:
    """Whether a hyphen stands for what two words share: pre- and post-test."""
    first, second = re.search(r"[^\W\d_]{1,60}$", before), _second.match(after)
    return first is not None and second is not None and not known[f"{first[0]}{second[0]}".lower()]


def keeps_hyphen(before: str, after: str, known: Counter[str]) -> bool:
    """Whether a word has its hyphen where no line ends: the document writes it so more often, or its kind does."""
    start = re.search(r"[^\W\d_]{1,60}[-‐]$", before)
    end = re.match(r"[^\W\d_]+", after)
    if start is None or end is None:
        return start is None
    first = start.group()[:-1].lower()
    if first in BETWEEN and re.search(r"[^\W\d_][-‐‑]$", before[: start.start()]):
        return True
    with_hyphen, without = known[f"{first}-{end.group()}".lower()], known[f"{first}{end.group()}".lower()]
    return with_hyphen > without or (not without and (first in COMPOUNDS or len(first) == 1))


def count_hyphenated(lines: Iterable[str]) -> Counter[str]:
    """How often each word stands inside a line: compounds with their hyphen, and whole words."""
    count: Callable[[str], list[str]] = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)?").findall
    return Counter(word for line in lines for word in count(line.lower()))

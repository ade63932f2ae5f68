"""Which of two opposites a number counts: nine girls are no men, and healthy volunteers no patients."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import Literal

from dsx.ground.things import THINGS

_MALE = frozenset(["male", "males", "man", "men", "boy", "boys"])
_FEMALE = frozenset(["female", "females", "woman", "women", "girl", "girls"])
_PAIRS = ((_MALE, _FEMALE), (frozenset(["left"]), frozenset(["right"])))
_ILL, _WELL = frozenset(["patient", "patients"]), frozenset(["healthy", "control", "controls"])
_ANYBODY = frozenset(["participant", "participants", "subject", "subjects", "volunteer", "volunteers"])
"""Who names patients and these asks for all that took part."""
_NEGATIONS = ("non", "un")
"""What makes a word its opposite: "nonsmokers", "unexposed"."""
MOST_WORDS = 6
"""Between a number and the noun that it counts, the noun too."""
LONGEST_WORD = 24
_gap = re.compile(
    r"(?:[^\S\n]?\(\d{1,3}(?:\.\d{1,3})?[^\S\n]?%\)|%)?[^\S\n]"
    r"(?:of (?:them|whom|these|which) )?(?:(?:were|was|are|is) )?"
)
"""Before the words after a number: "13 (65%) of them were male"."""
_word = re.compile(
    rf"(?P<word>[^\W\d_][^\W_]{{0,{LONGEST_WORD}}}(?:[-‐‑][^\W_]{{1,{LONGEST_WORD}}}){{0,2}}+)(?P<gap>,?[^\S\n])?"
)
_ends = re.compile(
    r"(?:of|in|at|on|to|for|from|by|with|without|as|than|per|or|but|nor|versus|vs|who|whom|which|that|were|was|is|are|had|has"
    r"|have|did|does|the|a|an|not|no|aged?|years?|months?|weeks?|days?)",
    re.IGNORECASE,
)
_letters = rf"[^\W\d_]{{2,{LONGEST_WORD}}}"
_before = re.compile(
    rf"\b(?:(?P<group>(?:{_letters}[-‐‑ ])?{_letters})[^\S\n]?[(\[][nN][^\S\n]?="
    rf"|(?P<one>{_letters})[^\S\n]?[:=])[^\S\n]?$"
)
"""Before a number: "healthy controls (n = ", "women: "."""


def described_by(text: str, start: int, end: int) -> frozenset[str]:
    """Words that say what the number at text[start:end] counts, in small letters: "girls" of "nine girls"."""
    words = list[str]()
    if gap := _gap.match(text, end):
        at = gap.end()
        while len(words) < MOST_WORDS and (match := _word.match(text, at)) and not _ends.fullmatch(match["word"]):
            words.append(match["word"])
            at = match.end()
            if match["gap"] is None or (_is_counted(match["word"]) and not text.startswith("and ", at)):
                break  # "14 men and women" are of both
    if not words and (before := _before.search(text, max(0, start - 3 * LONGEST_WORD), start)):
        words = (before["group"] or before["one"]).split(" ")
    return frozenset(_parts(words))


def side(described: Collection[str], names: Iterable[str], description: str) -> Literal["own", "opposite", ""]:
    """Whether a number counts what a parameter asks for, or its opposite; "" where its words say neither.

    Not the opposite where either is of both: "ten healthy patients", or a number of patients and controls. Patients may
    be the controls of other patients: only who asks for the healthy asks for none.
    """
    asked = frozenset(_parts(_words(" ".join(names))))
    opposites = [*_PAIRS, *_negated(asked | frozenset(described))]
    opposites += [(other, one) for one, other in opposites]
    opposites += [(frozenset(["healthy"]), _ILL)]
    if _ANYBODY.isdisjoint(asked | frozenset(_words(description.lower()))):
        opposites += [(_ILL, _WELL)]
    told = [(own, other) for own, other in opposites if not own.isdisjoint(asked) and other.isdisjoint(asked)]
    if any(not own.isdisjoint(described) for own, _ in told):
        return "own"
    return "opposite" if any(not other.isdisjoint(described) for _, other in told) else ""


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+(?:[-‐‑][^\W_]+)*", text)


def _is_counted(word: str) -> bool:
    """Whether it is the noun after which no more is said of it: a plural."""
    small = word.lower()
    return small in THINGS or (small.endswith("s") and not small.endswith(("ss", "us", "is", "ous")))


def _parts(words: Iterable[str]) -> Iterable[str]:
    """In small letters, parted at hyphens; "non-smokers" is one word."""
    for word in words:
        whole = re.sub(r"^(non|un)[-‐‑]", r"\1", word.lower())
        yield from re.split("[-‐‑]", whole)


def _negated(words: frozenset[str]) -> list[tuple[frozenset[str], frozenset[str]]]:
    """Words and their negations among these."""
    return [
        (frozenset([word]), frozenset([negation + word]))
        for word in words
        for negation in _NEGATIONS
        if len(word) > 3 and negation + word in words
    ]

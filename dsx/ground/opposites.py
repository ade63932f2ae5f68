"""Which of two opposites a number counts: nine girls are no men, and healthy volunteers no patients."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Literal

from dsx.ground.things import THINGS

_MALE = frozenset(["male", "males", "man", "men", "boy", "boys"])
_FEMALE = frozenset(["female", "females", "woman", "women", "girl", "girls"])
_PAIRS = ((_MALE, _FEMALE), (frozenset(["left"]), frozenset(["right"])))
_ILL, _HEALTHY = frozenset(["patient", "patients"]), frozenset(["healthy"])
_CONTROLS = frozenset(["control", "controls"])
_ANYBODY = frozenset(["participant", "participants", "subject", "subjects", "volunteer", "volunteers"])
"""Who names patients and these asks for all that took part."""
_people = re.compile(r"(?:number of|how many) (?:people|persons|individuals)\b", re.IGNORECASE)
"""Likewise; not "patients (people with a condition)"."""
_ARMS = frozenset(["arm", "arms", "group", "groups"])
_ALLOCATED = frozenset(["arm", "arms", "randomised", "randomized", "allocated", "assigned"])
"""Of a trial's patients, the controls are patients too."""
_SIDED = _ILL.union(_HEALTHY, _CONTROLS, *(words for pair in _PAIRS for words in pair))
_NEGATIONS = ("non", "un")
"""What makes a word its opposite: "nonsmokers", "unexposed"."""
_RESERVES = frozenset(["not", "no", "never", "without", "ex", "former", "past", "previous"])
"""Beside these a word may stand for its opposite, or for neither: "never smokers"."""
MOST_WORDS = 6
"""Between a number and the noun that it counts, the noun too."""
LONGEST_WORD = 24
_gap = re.compile(
    r"(?:[^\S\n]?\(\d{1,3}(?:\.\d{1,3})?[^\S\n]?%\)|[^\S\n]?%)?[^\S\n]"
    rf"(?:(?:out )?of (?:[^\W_]{{1,{LONGEST_WORD}}} ){{1,4}}(?:were|was|are) |of (?:them|whom|these|which) )?"
    r"(?:(?:were|was|are|is) )?"
)
"""Before the words after a number: "13 (65%) of them were male", "13 of the 20 pupils were male"."""
_word = re.compile(rf"[^\W\d_][^\W_]{{0,{LONGEST_WORD}}}(?:[-‐‑][^\W_]{{1,{LONGEST_WORD}}}){{0,2}}+")
_joins = r"(?:[-‐‑]?\s?[/&+–—]\s?|[-‐‑]?,?\s\(?(?:and/or|and|or|plus|to|vs\.?|versus)\s)"
_and = re.compile(rf"{_joins}|,\s(?=[^\W\d_]{{1,{LONGEST_WORD}}},?\s(?:and|or)\s)")
"""Between words of which the number is of both: "men and women", "men/women", "men, women and children"."""
_space = re.compile(r",?[^\S\n]")
_heads = re.compile(r"\s?[:=]\s?\d|,?\s?[(\[]?[nN][)\]]?(?!\w)|\s?\(%\)|\s(?:[-–—]\s)?\d")
"""After words that say what the next number counts: "men: 12 women: 8"."""
_ends = re.compile(
    r"(?:of|in|at|on|to|for|from|by|with|without|as|than|per|and|or|but|nor|plus|versus|vs|who|whom|which|that|were|was|is"
    r"|are|had|has|have|did|does|the|a|an|not|no|aged?|years?|months?|weeks?|days?)",
    re.IGNORECASE,
)
_letters = rf"[^\W\d_]{{2,{LONGEST_WORD}}}"
_one = rf"(?:(?:[nN]on|[uU]n)[-‐‑])?{_letters}"
_before = re.compile(
    rf"(?P<others>\b(?:{_letters},\s)?{_letters}(?:{_joins}|\s?:\s?)(?:[^\W\d_][\w‐‑-]{{0,{LONGEST_WORD}}}\s){{0,3}})?"
    rf"\b(?:(?P<group>(?:{_letters}[-‐‑ ])?{_letters})(?:[,:]?[^\S\n]?[(\[]?|[,:]?[^\S\n])\b[nN][^\S\n]?="
    rf"|(?P<one>{_one})[^\S\n]?[:=])[^\S\n]?$"
)
"""Before a number: "healthy controls (n = ", "women: ", and "men/women: ", which is of both."""
_verb = re.compile(r"were|was|are|is|had|has|have|did|does|who|which|that|than|with|from", re.IGNORECASE)
"""Between words that a number is not of together: "men and their wives were controls (n = "."""


def described_by(text: str, start: int, end: int) -> frozenset[str]:
    """Words that say what the number at text[start:end] counts, in small letters: "girls" of "nine girls"."""
    words, is_told = _words_after(text, end), text[max(0, start - 2) : start].rstrip().endswith((":", "="))
    if not words and is_told and (before := _before.search(text, max(0, start - 4 * LONGEST_WORD), start)):
        others = _words(before["others"] or "")
        words = [] if any(map(_verb.fullmatch, others)) else others
        words += (before["group"] or before["one"]).split(" ")
    return frozenset(_parts(words))


def _words_after(text: str, end: int) -> list[str]:
    """Up to the noun that is counted, or to the last that is joined to it; none where they belong to something else."""
    words, counted = list[str](), 0
    gap = _gap.match(text, end)
    while gap is not None and (match := _word.match(text, gap.end())) and not _ends.fullmatch(match[0]):
        if match[0] in ("n", "N"):
            break  # "8 men and n = 12 women"
        words.append(match[0])
        end = match.end()
        gap = _and.match(text, end) if len(words) < 2 * MOST_WORDS else None
        if gap is None and len(words) < MOST_WORDS and not _is_counted(match[0]):
            gap = _space.match(text, end)
        elif not counted and _is_counted(match[0]):
            counted = len(words)
    if text[end : end + 1] in ("'", "’") or _heads.match(text, end):
        return []
    is_kept = not counted or _are_opposites(words[:counted], words[counted:])
    return words if is_kept else words[:counted]


def _are_opposites(counted: Sequence[str], joined: Sequence[str]) -> bool:
    """Whether what is joined may be the opposite: "men and women", but not "participants and healthy siblings"."""
    told = frozenset(_parts(counted))
    return not told.isdisjoint(_SIDED) or bool(_negated(told | frozenset(_parts(joined))))


def side(described: Collection[str], names: Iterable[str], description: str) -> Literal["own", "opposite", ""]:
    """Whether a number counts what a parameter asks for, or its opposite; "" where its words say neither.

    Not the opposite where either is of both: "ten healthy patients", or a number of patients and controls. Patients may
    be the controls of other patients: only who asks for the healthy asks for none.
    """
    asked = frozenset(part for name in names for part in _parts(_words(name)))
    opposites = [*_PAIRS, *_negated(asked | frozenset(described))]
    opposites += [(other, one) for one, other in opposites]
    opposites += [(_HEALTHY, _ILL if _CONTROLS.isdisjoint(described) else frozenset[str]())]
    context = asked | frozenset(_words(description.lower()))
    if _ANYBODY.isdisjoint(context) and not _people.search(description):
        is_of_an_arm = not (_ALLOCATED.isdisjoint(context) and _ARMS.isdisjoint(asked))
        opposites += [(_ILL, _HEALTHY if is_of_an_arm else _well(described))]
    told = [(own, other) for own, other in opposites if not own.isdisjoint(asked) and other.isdisjoint(asked)]
    if any(not own.isdisjoint(described) for own, _ in told):
        return "own"
    return "opposite" if any(not other.isdisjoint(described) for _, other in told) else ""


def _well(described: Collection[str]) -> frozenset[str]:
    """Who is no patient. "Control" alone, and the control group, may be of patients; "control subjects" are not."""
    is_of_beings = _ARMS.isdisjoint(described) and not THINGS.isdisjoint(described)
    return _HEALTHY | (_CONTROLS if is_of_beings else {"controls"})


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+(?:[-‐‑][^\W_]+)*", text)


def _is_counted(word: str) -> bool:
    """Whether it is the noun after which no more is said of it: a plural."""
    small = word.lower()
    return small in THINGS or (small.endswith("s") and not small.endswith(("ss", "us", "is", "ous")))


def _parts(words: Iterable[str]) -> Iterator[str]:
    """In small letters, parted at hyphens; "non-smokers" and "non smokers" are one word."""
    negation = ""
    for part in (part for word in words for part in re.split("[-‐‑]", word.lower())):
        if negation or part not in _NEGATIONS:
            yield negation + part
        negation = part if part in _NEGATIONS and not negation else ""


def _negated(words: frozenset[str]) -> list[tuple[frozenset[str], frozenset[str]]]:
    """Words and their negations among these, in the singular and in the plural."""
    if not words.isdisjoint(_RESERVES):
        return []
    stems = {word.removesuffix("s") for word in words}
    return [
        (frozenset([stem, f"{stem}s"]), frozenset([negation + stem, f"{negation}{stem}s"]))
        for stem in sorted(stems)
        for negation in _NEGATIONS
        if len(stem) > 3 and negation + stem in stems
    ]

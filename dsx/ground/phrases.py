"""Whether words stand in a quote, and whether they are negated there."""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterator, Sequence

from dsx.ground.amounts import PLACES
from dsx.ground.numbers import numbers_in
from dsx.text import UNSPACED, folded_words

_token = re.compile(r"[-±]?\d+(?:\.\d+)*+(?![^\W\d])|[^\W\d_][^\W_]*[+#]{1,2}|[^\W_]+|[^\s\w.,;:'\"()\[\]]")
_leading_zeros = re.compile(r"\b0+(?=\d)")
_inner_hyphen = re.compile(r"(?<=[^\W\d_])-(?=\w)|(?<=\w)-(?=[^\W\d_])")
_unspaced = re.compile(f"[{UNSPACED}]")
_negation = re.compile(r"\b(?:no|not|never|without|neither|nor|non|lacks?|lacked|lacking|absence|cannot)\b|n't\b")
_absent = re.compile(
    r"\b(?:withheld|absent|removed|omitted|unavailable|withdrawn|prevented|denied|eliminated|precluded|blocked|occluded|"
    r"disabled|missing|lacking|lacked|excluded|abolished|suppressed|switched\s+off|turned\s+off|impossible|refused)\b"
)
_not_after = re.compile(
    r"(?:\b(?:was|were|is|are|be|been|did|do|does|could|can|had|has|have|will|would)\s+(?:not|never)\b|n't\b)"
    r"(?P<verb>\s+(?:(?:be|been|being|get|any|ever|visually|explicitly)\s+)*+(?P<word>\w+))?"
)
_GIVEN = """
given provided present available used shown presented displayed delivered applied performed done included made
collected measured recorded reported conducted administered allowed permitted possible employed received offered
visible seen observed found required needed introduced implemented obtained taken carried monitored assessed tested
registered controlled accessible"""
_PRESENCE = frozenset(_GIVEN.split())
"""What is denied of a thing that is not there; "feedback was not delayed" denies another thing."""
_EFFECT = """
effect effects difference differences influence impact role interaction relation correlation improvement benefit
evidence change changes in on for between"""
_EFFECTS = frozenset(_EFFECT.split())
_VERB = "was were is are had has have got received did showed"
_VERBS = frozenset(_VERB.split())
_none_after = re.compile(r"(?: ?[:=] ?| )(?:no|none|nil|absent)(?= ?(?:$|[.,;)]))| free\b(?! to| from)")
_prefixed = re.compile(r"^(pre|post|re|co|multi|semi|anti|sub|inter|intra|over|under|non)(?:\\s)?")
_clause_end = re.compile(r"[.;:,!?]|\b(?:who|whom|that|which|when|while|if|because|but|although|until|and|or)\b")
KNOWN_TEXTS = 4096
"""Whose words are kept: a choice and a sentence are compared for each question that they belong to."""
GAP = 2
"""Words that may stand between two words of a text, as in "visual and auditory feedback"."""
SCOPE = 4
"""Words between a negation and what it negates."""


def tokens(text: str) -> list[str]:
    """Words, signs and numbers of a text, folded; "forty-two" and "42" are one, as are "1,024" and "1024"."""
    return list(_tokens(text))


@functools.lru_cache(KNOWN_TEXTS)
def _tokens(text: str) -> tuple[str, ...]:
    pieces, at = [], 0
    text = unicodedata.normalize("NFC", text).replace("+/-", "±").replace("+/−", "±")
    for mention in numbers_in(text):
        if mention.kind != "value" or mention.start < at:
            continue
        if mention.parts > 1 or mention.noun in PLACES:  # one word: "7 h 30 min" does not say "30 min"
            pieces += [text[at : mention.start], _leading_zeros.sub("", "".join(mention.text.split()))]
            at = mention.end
        else:
            sign = "±" if mention.comparator == "±" else ""
            pieces += [text[at : mention.start], f" {sign}{mention.value.normalize():f} "]
            at = mention.end + bool(re.match("[-‐‑][^\\W\\d_]", text[mention.end : mention.end + 2]))  # "10-mg"
    written = folded_words("".join([*pieces, text[at:]]).replace(">=", "≥").replace("<=", "≤"))
    return tuple(_token.findall(_inner_hyphen.sub(" ", written.replace("_", " "))))


def occurrences(words: Sequence[str], quote: Sequence[str], plural: bool = False) -> Iterator[int]:
    """Indices in the quote's tokens at which the words follow each other."""
    for start in range(len(quote) - len(words) + 1):
        here = quote[start : start + len(words)]
        if all(_equal(word, other, plural) for word, other in zip(words, here, strict=True)):
            yield start


def _equal(word: str, other: str, plural: bool) -> bool:
    return word == other or (plural and word.isalpha() and other in (f"{word}s", f"{word}es"))


def stands(phrase: str, quote: str) -> bool:
    """As whole words, whatever the case, the hyphens or the plural; in scripts without blanks as characters."""
    words = tokens(phrase)
    if not words:
        return f" {phrase.strip()} " in f" {quote} " and bool(phrase.strip())
    if _unspaced.search(phrase):
        return folded_words(phrase).replace(" ", "") in folded_words(quote).replace(" ", "")
    if next(occurrences(words, tokens(quote), plural=True), None) is None:
        return False
    return any(map(str.isalnum, "".join(words))) or f" {phrase.strip()} " in f" {quote} "


def stands_in_order(value: str, quote: str) -> bool:
    """All words of a text, in its order, few others between; with numbers or signs none between."""
    words, quoted = tokens(value), tokens(quote)
    if not words or _unspaced.search(value) or len(words) == 1:
        return stands(value, quote)
    if next(occurrences(words, quoted), None) is not None:
        return True
    if not all(word.isalpha() for word in words):
        return False
    return any(_follows(words, quoted, start) for start in occurrences(words[:1], quoted))


def _follows(words: Sequence[str], quoted: Sequence[str], start: int) -> bool:
    at = start
    for word in words[1:]:
        window = quoted[at + 1 : at + 2 + GAP]
        if word not in window or any(_negation.fullmatch(between) for between in window[: window.index(word)]):
            return False
        at += 1 + window.index(word)
    return True


def polarity(phrase: str, quote: str) -> bool | None:
    """True where the phrase stands affirmed, False where it stands denied ("no feedback", "feedback was withheld").

    None where it does not stand, or where what is said of it is denied twice.
    """
    text = " ".join(folded_words(quote).replace("_", " ").replace("-", " ").split())
    words = re.findall(r"\w+", folded_words(phrase.replace("_", " ")).replace("-", " "))
    found = set()
    negated = "(?P<un>un|non)?" if len("".join(words)) > 3 else "(?P<un>$.)?"
    pattern = rf"\b{negated}" + _prefixed.sub(r"\1\\s?", r"\s".join(map(re.escape, words))) + r"(?:e?s)?\b"
    for match in re.finditer(pattern, text) if words else ():
        denials = _denials(text, match.start(), match.end()) + (match["un"] is not None)
        found.add(None if denials > 1 else denials == 0)
    return found.pop() if len(found) == 1 else None


def _denials(text: str, start: int, end: int) -> int:
    """How many negations bear on text[start:end] in its clause: some words before it, or its verb after it.

    Two where it cannot be told: "with and without feedback", "no effect of feedback", "feedback was not delayed".
    """
    before = re.split(r"[.;:!?]|\b(?:but|who|which|that)\b", text[:start])[-1]
    near = re.split(r"[,\s]+", before.strip())[-SCOPE:]
    after = text[end:]
    denials = int(_none_after.match(after) is not None)
    if clause := _clause_end.search(after):
        after = after[: clause.start()]
    for at, word in enumerate(near):
        if not _negation.search(word) or (word == "neither" and "nor" in near) or near[at + 1 : at + 2] == ["only"]:
            continue
        another = _EFFECTS | _VERBS if word == "without" else _EFFECTS
        denials += 2 if another.intersection(near[at:]) or (word == "without" and near[at - 1] in ("and", "or")) else 1
    for match in _not_after.finditer(after):
        denials += 1 if match["word"] is None or match["word"] in _PRESENCE else 2
    return denials + len(_absent.findall(after))

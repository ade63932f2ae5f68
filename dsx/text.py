"""Text as every stage reads it: how two texts compare, and where a sentence ends."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

_EQUIVALENT = str.maketrans(
    dict.fromkeys("‐‑‒–—―−﹣", "-")
    | dict.fromkeys("‘’‚‛′ʹ´", "'")
    | dict.fromkeys("“”„‟″«»", '"')
    | dict.fromkeys("º˚∘", "°")
    | dict.fromkeys("∙⋅", "·")
    | dict.fromkeys("\u00ad\u200b\ufeff", "")
    | {"µ": "μ", "×": "x"}
)


HALF_WIDTH = {full: full - 0xFEE0 for full in range(0xFF01, 0xFF5F)} | str.maketrans("٪﹪", "%%")
"""Full-width letters, digits and signs → ASCII, one for one; percent signs of other scripts too."""


def fold(letter: str) -> str:
    """What is left of a character once white space, case and encoding do not count ("" for white space)."""
    if letter.isascii():
        return "" if letter.isspace() or letter == "^" else letter.lower()
    folded = unicodedata.normalize("NFKC", letter.translate(_EQUIVALENT)).translate(_EQUIVALENT).casefold()
    return "".join(folded.split())


def folded_text(text: str) -> tuple[str, list[int]]:
    """`text` folded, and for each folded character the offset of the one that it came from."""
    letters: list[str] = []
    offsets: list[int] = []
    for offset, letter in enumerate(text):
        for part in fold(letter):
            letters.append(part)
            offsets.append(offset)
    return "".join(letters), offsets


def folded_words(text: str) -> str:
    """`text` folded, with one blank between words."""
    return " ".join(word for part in text.split() if (word := "".join(map(fold, part))))


UNSPACED = r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff"
"""Of a character class: scripts that put no blanks between words, or join particles to them."""


# ---- sentences ----

_GOES_ON = (
    "e.g i.e eg ie cf vs viz resp ca approx Dr Prof Mr Mrs Ms St Fig Figs fig figs FIG Eq Eqs eq eqs Sec Sect Tab Exp "
    "Exps Ref Refs Vol Suppl incl excl esp"
)
"""Abbreviations after which a sentence goes on, whatever follows."""
_MAY_END = "al etc p pp no No Nos nos Ch ch Inc Ltd Co Jr Sr a.m p.m U.S U.K Ph.D M.D"
"""Abbreviations that may end a sentence: it goes on where no capital letter follows."""
_before_anything, _before_lower = frozenset(_GOES_ON.split()), frozenset(_MAY_END.split())
_candidate = re.compile(
    r"(?<![.!?؟۔।])[.!?؟۔।]++[\"'”’»)\]]*+(?P<blank>[^\S\n]++)(?=(?P<opening>[\"'“‘«(\[]?)(?P<next>\S))"
    r"|[。！？｡]++[\"'”’」』）》]*+|(?P<line>\n+)"
)
_word_before = re.compile(r"[^\s(\[\"'“‘]*$")
_initial = re.compile(r"(?:[^\W\d_]\.-?)*[^\W\d_]$")
LONGEST_WORD = 40
"""Characters before a full stop in which its abbreviation is looked for."""


def sentences(text: str, start: int = 0, end: int | None = None) -> Iterator[tuple[int, int]]:
    """(start, end) of each sentence of `text[start:end]`, without the white space between. A line break ends one.

    The full stop of "Fig. 2", "et al. (2010)", "J. Smith" or of a list's "1." ends none. Scripts without blanks
    end theirs with 。！？.
    """
    end = len(text) if end is None else end
    begin = start
    for match in _candidate.finditer(text, start, end):
        stop = match.start("line") if match["line"] else match.end() - len(match["blank"] or "")
        if match["blank"] and not _ends(text, begin, match):
            continue
        yield from _trimmed(text, begin, stop)
        begin = match.end()
    yield from _trimmed(text, begin, end)


def _ends(text: str, begin: int, match: re.Match[str]) -> bool:
    """Whether the stop ends a sentence: what follows is no lower-case letter, what precedes no abbreviation."""
    following = match["next"]
    if following.islower() or not (following.isalnum() or match["opening"]):
        return False
    if match.group()[0] != "." or match.group().startswith(".."):
        return True
    low = max(begin, match.start() - LONGEST_WORD)
    before = _word_before.search(text, low, match.start())
    word = before.group() if before else ""
    if word in _before_anything:
        return False
    capital = following.isupper() and not match["opening"]
    if word in _before_lower:
        return capital
    if _initial.fullmatch(word) and word[-1].isupper():
        return not capital
    return not (word.isdigit() and text[begin : match.start()].strip() == word)


def _trimmed(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if start < end:
        yield start, end

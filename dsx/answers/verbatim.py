"""Grammar rules for what stands in the text that is shown, to the letter: quotes, and values that are words of it.

SUB is any run of the text's words, and QUOTE one inside a line, between quotation marks. A line break of the text is
written as "\\n", which no answer may hold.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from functools import lru_cache

from dsx.answers.limits import SHORTEST_QUOTE
from dsx.schema.leaves import UNWRITABLE

_ESCAPE = r"\\u[0-9a-f]{4}|\\[^nu]"
_SOLID = rf"(?:[^\\\x00-\x20\x7f]|{_ESCAPE})"
"""One character of JSON text inside a quote that is no blank; "\\n" would be a line break of the text."""
_ANY = rf"(?:[^\\\x00-\x1f\x7f]|{_ESCAPE})"
_VALUE_START, _VALUE_END = r"[\w±<>≥≤~$€£+−-]", r"[^\\\x00-\x20\x7f,;:(\[]"
_value_start, _value_end = re.compile(_VALUE_START), re.compile(_VALUE_END)
_character = re.compile(rf"{_ESCAPE}|[^\\]")
_quotable = re.compile(f"{_ANY}+")
_solid = re.compile(_SOLID)


@lru_cache(maxsize=8)
def quote_rules(text: str, longest: int) -> list[str]:
    """SUB and QUOTE; none where the text has no line that can be quoted."""
    limit = max(longest - SHORTEST_QUOTE, 1)  # of a word, so that some words of each line make a quote
    chunks = _chunks(text, limit)
    shortest = _longest_run(chunks, longest, SHORTEST_QUOTE, _solid, _solid)
    if shortest == 0:
        return []
    span = f"{_SOLID}{_ANY}{{{max(shortest - 2, 0)},{longest - 2}}}{_SOLID}" if shortest > 1 else _SOLID
    return [_substrings(chunks), rf'QUOTE: "\"" (SUB & /{span}/) "\""']


@lru_cache(maxsize=8)
def value_rules(text: str, longest: int, shortest: int = 1) -> list[str]:
    """SUB and QUOTE for a value: it begins with a letter, digit or sign, and ends with no comma or opening bracket.

    None where the text has no value of `shortest` to `longest` characters.
    """
    chunks = _chunks(text, longest) if longest else ()
    if _longest_run(chunks, longest, shortest, _value_start, _value_end) < shortest:
        return []
    longer = f"{_ANY}{{{max(shortest - 2, 0)},{longest - 2}}}{_VALUE_END}" if longest > 1 else ""
    span = _VALUE_START + (longer if shortest > 1 else f"(?:{longer})?")
    return [_substrings(chunks), rf'QUOTE: "\"" (SUB & /{span}/) "\""']


@lru_cache(maxsize=8)
def _substrings(chunks: tuple[str, ...]) -> str:
    return "SUB: %regex " + json.dumps({"substring_chunks": chunks}, ensure_ascii=False)


def _chunks(text: str, limit: int) -> tuple[str, ...]:
    """Words of at most `limit` characters, blanks, line breaks, other characters, as JSON writes them.

    Those of most limits are the same ones: no word is longer.
    """
    return _cut(text, min(limit, _longest_word(text)))


@lru_cache(maxsize=8)
def _longest_word(text: str) -> int:
    return max(map(len, re.findall(r"\w+", text)), default=1)


@lru_cache(maxsize=8)
def _cut(text: str, limit: int) -> tuple[str, ...]:
    chunks = re.findall(rf"\w{{1,{limit}}}|[^\S\n]+|\n+|[^\w\s]", UNWRITABLE.sub("\n", text))
    written = {chunk: json.dumps(chunk, ensure_ascii=False)[1:-1] for chunk in set(chunks)}
    return tuple(written[chunk] for chunk in chunks)


def _longest_run(
    chunks: Sequence[str], longest: int, enough: int, starts: re.Pattern[str], ends: re.Pattern[str]
) -> int:
    """The length of the longest run of chunks inside a line, but `enough` where that will do; 0 for none.

    starts, ends: what its first and its last character are.
    """
    best = 0
    for start, first in enumerate(chunks):
        if not starts.match(first):
            continue
        length = 0
        for at in range(start, len(chunks)):
            characters = _character.findall(chunks[at])
            length += len(characters)
            if length > longest or not _quotable.fullmatch(chunks[at]):
                break
            if ends.fullmatch(characters[-1]):
                best = max(best, length)
        if best >= enough:
            return enough
    return best

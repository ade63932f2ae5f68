"""Which objects stand in a text, and where one that was cut off can be ended."""

from __future__ import annotations

from collections.abc import Sequence

from dsx.answers.patterns import WHOLE_WORDS
from dsx.answers.scan import MAX_WORK, Lexeme, Scan, scan
from dsx.answers.strings import brackets_balance

MAX_CANDIDATES = 12


def objects(text: str, start: int = 0) -> list[Scan]:
    """The objects (or lists of objects) of a text, prose and code fences between them left out.

    One that was cut off comes only where it is alone. Empty where it may be another answer than those before it, and
    where there is too much to scan.
    """
    scans: list[Scan] = []
    at, work = start, 0
    for _ in range(MAX_CANDIDATES):
        scanned = scan(text, at)
        if not scanned:
            break
        work += scanned.work
        if work > 2 * MAX_WORK:
            return []
        if scanned.closed:
            scans.append(scanned)
            at = scanned.end
        elif any(lexeme.kind == "colon" for lexeme in scanned.lexemes):  # not ended: do not look inside
            cut = text[scanned.start :].split("```")[0]
            if not scans:
                alone = scan(text[: scanned.start + len(cut)], scanned.start)
                return [alone] if alone else []
            repeated = any(_begins(cut, text[earlier.start : earlier.end]) for earlier in scans)
            return scans if repeated else []  # what was cut might have been the answer
        else:
            at = scanned.start + 1
    return scans


def _begins(cut: str, earlier: str) -> bool:
    """`cut` says again what `earlier` says, up to where it was cut."""
    return " ".join(earlier.split()).startswith(" ".join(cut.split()))


def whole_end(text: str, scanned: Scan) -> int | None:
    """Where the last whole member (or item of a list) of a cut object ends; None where that is in doubt.

    An object of one answer (it has the key "value") ends only where its quote came last and is whole, for its unit
    might have been cut off.
    """
    if scanned.closed or scanned.ambiguous or any(_has_brace(text, lexeme) for lexeme in scanned.lexemes):
        return None
    lexemes = [lexeme for lexeme in scanned.lexemes if lexeme.kind != "comment"]
    if text[lexemes[0].start] == "[":
        return max((lexeme.end for lexeme in lexemes if lexeme.kind == "close" and lexeme.depth == 1), default=None)
    names = [text[slice(*lexeme.inner)] for lexeme in lexemes if lexeme.role == "key" and lexeme.depth == 1]
    if lexemes[0].doubled or (scanned.truncated and "value" in names):
        return None
    return _end_of_one_answer(text, lexemes, names) if "value" in names else _last_whole_member(text, lexemes)


def _has_brace(text: str, lexeme: Lexeme) -> bool:
    """A string that ends in a brace which balances none inside: the brace that is missing may be this one."""
    inner = text[slice(*lexeme.inner)]
    return lexeme.kind == "string" and inner.endswith("}") and not brackets_balance(inner)


def _end_of_one_answer(text: str, lexemes: Sequence[Lexeme], names: Sequence[str]) -> int | None:
    """Its quote came last and is whole; after a comma more was to come, which must not have been its unit."""
    last = lexemes[-1]
    if last.kind == "comma" and "unit" in names:
        last = lexemes[-2]
    return last.end if names[-1] == "quote" and last.depth == 1 and _is_whole(text, last) else None


def _last_whole_member(text: str, lexemes: Sequence[Lexeme]) -> int | None:
    """End of the last member of the answer that is surely whole: closed, or followed by a comma."""
    end = None
    for lexeme, following in zip(lexemes, [*lexemes[1:], None], strict=False):
        if lexeme.depth == 1 and (lexeme.kind == "close" or lexeme.role == "value"):
            is_whole = lexeme.kind == "close" or _is_whole(text, lexeme)
            end = lexeme.end if is_whole or (following and following.kind == "comma") else end
    return end


def _is_whole(text: str, lexeme: Lexeme) -> bool:
    """A string with its closing quote (after a blank it may open one inside), or a word that cannot go on."""
    if lexeme.kind == "string":
        return lexeme.role == "value" and lexeme.closer != "" and not text[: lexeme.inner[1]].endswith(" ")
    return lexeme.role == "value" and text[lexeme.start : lexeme.end] in WHOLE_WORDS

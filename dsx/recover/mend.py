"""The named repairs: each rewrites one kind of token and leaves every other character as it was."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any

from dsx.recover.inside import balanced
from dsx.recover.patterns import ROOT, WHOLE_WORDS
from dsx.recover.read import LONGEST_NUMBER, Unreadable, parse
from dsx.recover.scan import MOST_WORK, Token, scan

LONGEST = 16_384
"""Characters; 4096 tokens of JSON and prose are about as many."""
MOST_CANDIDATES = 12
THOUGHT_ENDS = re.compile(r".*</(?:think|thinking|thought|reasoning)>", re.DOTALL)
LITERALS = {
    "None": "null", "NULL": "null", "Null": "null", "nil": "null", "undefined": "null",
    "True": "true", "TRUE": "true", "False": "false", "FALSE": "false",
}  # fmt: skip
NO_NUMBERS = ("nan", "inf", "infinity")
NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?")
LOOSE_NUMBER = re.compile(
    r"(?P<sign>[-+−–]?)\s?(?P<whole>\d{1,3}(?:,\d{3})+|\d*)(?P<part>\.\d*)?(?P<power>[eE][+-]?\d+)?"
)
ESCAPED = re.compile(r"[{\[](?:[{\[\s]|\\[nrt])*\\[\"'nrt]")
WHITE = {"n": "\n", "r": "\r", "t": "\t"}


def find_json(text: str) -> str | Sequence[str]:
    """Every object (or list of objects) that stands in the text; prose and code fences around them go."""
    thought = THOUGHT_ENDS.match(text)
    after_thought = _unescape_all(text[thought.end() :] if thought else text)
    found: list[str] = []
    at = work = 0
    for _ in range(MOST_CANDIDATES):
        root = ROOT.search(after_thought, at)
        if not root:
            break
        scanned = scan(after_thought, root.start())
        assert scanned is not None
        work += scanned.work
        if work > 2 * MOST_WORK:
            return text
        if scanned.closed:
            found.append(after_thought[scanned.start : scanned.end])
            at = scanned.end
        elif any(token.kind == "colon" for token in scanned.tokens):  # an answer that was not ended: do not look inside
            cut = after_thought[scanned.start :].split("```")[0]
            if found and not any(_begins(cut, whole) for whole in found):
                return text  # what was cut might have been the answer
            found += [] if found else [cut]
            break
        else:
            at = root.start() + 1
    if not found or [text.strip()] == found:
        return text
    unlike = list(dict.fromkeys(found))
    return unlike[0] if len(unlike) == 1 else unlike


def _begins(cut: str, whole: str) -> bool:
    """`cut` says again what `whole` says, up to where it was cut."""
    return " ".join(whole.split()).startswith(" ".join(cut.split()))


def comments(text: str) -> str:
    """Takes out // … and # … to the end of the line, and /* … */."""
    return _rewrite(text, lambda token, _: "" if token.kind == "comment" else None)


def trailing_commas(text: str) -> str:
    """Takes out a comma before a closing bracket, and one of two commas before a key or an item."""

    scanned = scan(text) if len(text) <= LONGEST else None
    if not scanned or scanned.torn:
        return text
    tokens = [token for token in scanned.tokens if token.kind != "comment"]
    dropped = set()
    for comma, after, later in zip_longest(tokens, tokens[1:], tokens[2:]):
        if comma.kind == "comma" and after:
            twice = after.kind == "comma" and later is not None and later.role != "none"
            if after.kind == "close" or twice:
                dropped.add(comma.start)
    return _rewrite(text, lambda token, _: "" if token.start in dropped else None)


def python_literals(text: str) -> str:
    """None, True, False and their like, where they stand as values."""
    return _rewrite(text, lambda token, raw: LITERALS.get(raw) if _is_bare_value(token) else None)


def numbers(text: str) -> str:
    """U+2212 and en dash as minus, a leading plus, a bare decimal point, commas between thousands."""
    return _rewrite(text, lambda token, raw: _number(raw) if _is_bare_value(token) else None)


def doubled_braces(text: str) -> str:
    """{{ and }} as template engines leave them."""
    return _rewrite(text, lambda token, raw: raw[:1] if token.wide else None)


def quotes(text: str) -> str:
    """Single, curly, escaped and missing quotes, unescaped quotes inside a string, escapes that JSON does not know."""
    flat = _unescape_all(text)
    return _rewrite(flat, lambda token, raw: _requote(token, flat, raw))


def line_breaks(text: str) -> str:
    """A line break inside a string becomes a space; other control characters are escaped."""

    def join(token: Token, raw: str) -> str | None:
        if token.kind != "string" or not re.search(r"[\x00-\x1f]", raw):
            return None
        left, right = token.inner[0] - token.start, token.inner[1] - token.start
        joined = raw[:left] + re.sub(r"\s++", _space, raw[left:right].strip("\r\n\t")) + raw[right:]
        return re.sub(r"[\x00-\x1f]", lambda match: f"\\u{ord(match.group()):04x}", joined)

    return _rewrite(text, join)


def _space(blanks: re.Match[str]) -> str:
    return " " if re.search(r"[\r\n\t]", blanks.group()) else blanks.group()


def unfinished(text: str) -> str:
    """Closes an answer that was cut off, after its last whole member; the member that was cut is dropped.

    Of a list, the whole objects stay. An object of one answer (it has the key "value") is closed only where its quote
    came last and is whole, for its unit might have been cut off.
    """
    scanned = scan(text)
    if not scanned or scanned.closed or scanned.torn or any(_has_brace(text, token) for token in scanned.tokens):
        return text
    tokens = [token for token in scanned.tokens if token.kind != "comment"]
    if text[tokens[0].start] == "[":
        ends = [token.end for token in tokens if token.kind == "close" and token.depth == 1]
        return text[: ends[-1]] + "]" if ends else text
    if tokens[0].wide:
        return text
    names = [text[slice(*token.inner)] for token in tokens if token.role == "key" and token.depth == 1]
    end = _end_of_one_answer(text, tokens, names) if "value" in names else _last_whole_member(text, tokens)
    return text if end is None or (scanned.clipped and "value" in names) else text[:end] + "}"


def _has_brace(text: str, token: Token) -> bool:
    """A string that ends in a brace which balances none inside: the brace that is missing may be this one."""
    inner = text[slice(*token.inner)]
    return token.kind == "string" and inner.endswith("}") and not balanced(inner)


def _end_of_one_answer(text: str, tokens: Sequence[Token], names: Sequence[str]) -> int | None:
    """Its quote came last and is whole; after a comma more was to come, which must not have been its unit."""
    last = tokens[-1]
    if last.kind == "comma" and "unit" in names:
        last = tokens[-2]
    return last.end if names[-1] == "quote" and last.depth == 1 and _is_whole(text, last) else None


def _last_whole_member(text: str, tokens: Sequence[Token]) -> int | None:
    """End of the last member of the answer that is surely whole: closed, or followed by a comma."""
    end = None
    for token, following in zip(tokens, [*tokens[1:], None], strict=False):
        if token.depth == 1 and (token.kind == "close" or token.role == "value"):
            whole = token.kind == "close" or _is_whole(text, token)
            end = token.end if whole or (following and following.kind == "comma") else end
    return end


def _is_whole(text: str, token: Token) -> bool:
    """A string with its closing quote (after a blank it may open one inside), or a word that cannot go on."""
    if token.kind == "string":
        return token.role == "value" and token.closer != "" and not text[: token.inner[1]].endswith(" ")
    return token.role == "value" and text[token.start : token.end] in WHOLE_WORDS


def json_repair(text: str) -> str:
    """The library json_repair, and only what it does to punctuation: it may not change, drop or add a value or key.

    It is shown the tokens alone, a short name for each string: its time grows with the square of the text.
    """
    scanned = scan(text)
    if not scanned or scanned.clipped or scanned.torn or not scanned.closed or scanned.work > MOST_WORK // 4:
        return text
    if text[: scanned.start].strip() or text[scanned.end :].strip():
        return text  # which of its objects is the answer is not for a repair of punctuation to say
    shown: list[str] = []
    leaves: list[Any] = []
    names: dict[str, str] = {}
    for token in scanned.tokens:
        raw = text[token.start : token.end]
        if token.kind == "string" and token.opener == token.closer == '"':
            leaves.append(names.setdefault(raw, f"s{len(names)}"))
            raw = f'"{leaves[-1]}"'
        elif token.kind in ("bare", "string"):
            if raw not in ("null", "true", "false") and (len(raw) > LONGEST_NUMBER or not NUMBER.fullmatch(raw)):
                return text
            try:
                leaves.append(parse(raw))
            except Unreadable:
                return text
        shown.append(raw)
    import json_repair as library

    try:
        mended = library.loads(" ".join(shown), skip_json_loads=True)
        same = isinstance(mended, dict | list) and json.dumps(list(_leaves(mended))) == json.dumps(leaves)
    except Exception:  # it raises whatever a text that it was not written for leads to
        return text
    return _named(mended, {name: raw for raw, name in names.items()}) if same else text


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from _leaves(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner)
    else:
        yield value


def _named(value: Any, strings: Mapping[str, str]) -> str:
    """`value` as JSON, with each string as it was written."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{strings[key]}: {_named(inner, strings)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_named(inner, strings) for inner in value) + "]"
    return strings[value] if isinstance(value, str) else json.dumps(value)


def _is_bare_value(token: Token) -> bool:
    return token.kind == "bare" and token.role == "value"


def _number(raw: str) -> str | None:
    match = LOOSE_NUMBER.fullmatch(raw)
    if not match or not any(character.isdigit() for character in (match["whole"] + (match["part"] or ""))):
        return None
    sign = "-" if match["sign"] in ("-", "−", "–") else ""
    whole = match["whole"].replace(",", "") or "0"
    part = match["part"] if match["part"] and len(match["part"]) > 1 else ""
    if len(whole) > 1 and whole[0] == "0":
        return None
    return sign + whole + part + (match["power"] or "")


def _requote(token: Token, text: str, raw: str) -> str | None:
    if token.kind == "bare":
        if token.role == "none" or raw in LITERALS or raw in ("null", "true", "false") or NUMBER.fullmatch(raw):
            return None
        if token.role == "value" and (
            raw.lower().lstrip("+-") in NO_NUMBERS
            or _number(raw) is not None
            or not re.search(r"\w", raw)
            or "\\" in raw
        ):
            return None
        return json.dumps(raw, ensure_ascii=False)
    if token.kind != "string":
        return None
    content = text[slice(*token.inner)]
    if token.opener.startswith("\\"):
        content = re.sub(r'\\(["\\\'/bfnrtu])', lambda match: _unescape(match.group(1)), content)
    content = re.sub(r"\\.|[\"\\]", _escape, content, flags=re.DOTALL)
    return f'"{content}"'


def _unescape_all(text: str) -> str:
    """One level of escapes off a text that was put into a string as a whole: \\n or \\" follows its first bracket."""
    root = ROOT.search(text)
    if not root or not ESCAPED.match(text, root.start()):
        return text
    return re.sub(r"\\(.)", lambda match: WHITE.get(match[1], match[1] if match[1] in "\"\\'/" else match[0]), text)


def _unescape(character: str) -> str:
    return character if character in "\"'\\" else "\\" + character


def _escape(match: re.Match[str]) -> str:
    found = match.group()
    if found == '"':
        return '\\"'
    if found == "\\":
        return "\\\\"
    if found == "\\'":
        return "'"
    if found[1] in "\r\n":
        return found[1]
    return found if found[1] in '"\\/bfnrtu' else "\\" + found


def _rewrite(text: str, change: Callable[[Token, str], str | None]) -> str:
    """`change` gives a token's new text, or None to leave it; a token that the text's end cut is always left."""
    scanned = scan(text) if len(text) <= LONGEST else None
    if not scanned or scanned.torn:
        return text
    pieces: list[str] = []
    at = 0
    for token in scanned.tokens[: -1 if scanned.clipped else None]:
        new = change(token, text[token.start : token.end])
        if new is not None:
            pieces += (text[at : token.start], new)
            at = token.end
    return "".join((*pieces, text[at:]))

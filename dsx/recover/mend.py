"""The named repairs: each rewrites one kind of lexeme and leaves every other character as it was."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any

from dsx.answers.objects import objects, whole_end
from dsx.answers.patterns import LITERALS, ROOT, THOUGHT_ENDS
from dsx.answers.reader import LONGEST_NUMBER, Unreadable, parse
from dsx.answers.scan import MAX_WORK, Lexeme, scan

LONGEST = 16_384
"""Characters; 4096 tokens of JSON and prose are about as many."""
NO_NUMBERS = ("nan", "inf", "infinity")
NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?")
LOOSE_NUMBER = re.compile(
    r"(?P<sign>[-+−–]?)\s?(?P<whole>\d{1,3}(?:,\d{3})+|\d*)(?P<part>\.\d*)?(?P<power>[eE][+-]?\d+)?"
)
ESCAPED = re.compile(r"[{\[](?:[{\[\s]|\\[nrt])*\\[\"'nrt]")
ELLIPSIS = r"(?:\.{3,6}+|…)(?:\s*+[,;])?+"
SEPARATOR = rf"(?:\s*+;(?:\s*+{ELLIPSIS})?+|\s*+,\s*+{ELLIPSIS}|\s++{ELLIPSIS})"
FIRST_KEY = re.compile(rf"\{{\s*+(?:{ELLIPSIS}\s*+)?+([\"'\w])")


def _separators(quote: str) -> re.Pattern[str]:
    """What is no comma before a key or the end of an object; strings come first, for nothing is changed in them."""
    string = rf"{quote}(?:[^{quote}\\]|\\.)*+(?:{quote}|\Z)"
    end = rf"(?=\s*+(?:\}}|{quote}(?:[^{quote}\\\n]|\\.){{1,80}}+{quote}\s*+:))"
    return re.compile(rf"({string})|(?<=[\w\]}}{quote}]){SEPARATOR}{end}|(?<=\{{)\s*+{ELLIPSIS}{end}", re.S)


SEPARATORS = {quote: _separators(quote) for quote in "\"'"}
"""By the quotes of the keys. An ellipsis in a list stays, and is refused: items are missing there."""
BARE_SEPARATORS = re.compile(
    rf'("(?:[^"\\]|\\.)*+(?:"|\Z))|(?<=[\d\]}}el]){SEPARATOR}(?=\s*+(?:\}}|[A-Za-z_][\w.-]{{0,60}}+\s*+:))', re.S
)
VALUE_BEFORE = re.compile(r"(?:[:,{]\s*+(?:[-+−]?\d[\d.]{0,30}+|null|true|false|None|True|False)|[\]}])\Z")
WHITE = {"n": "\n", "r": "\r", "t": "\t"}


def find_json(text: str) -> str | Sequence[str]:
    """Every object (or list of objects) that stands in the text; prose and code fences around them go."""
    thought = THOUGHT_ENDS.match(text)
    answer = text[thought.end() :] if thought else text
    if answer.strip("` \n.").removeprefix("json").strip().casefold() == "null":
        return "null"
    flat = html.unescape(answer) if "&quot;" in answer and '"' not in answer else _unescape_all(answer)
    candidates = list(dict.fromkeys(flat[scanned.start : scanned.end] for scanned in objects(flat)))
    if candidates in ([], [text.strip()]):
        return text
    return candidates[0] if len(candidates) == 1 else candidates


def comments(text: str) -> str:
    """Takes out // … and # … to the end of the line, and /* … */."""
    return _rewrite(text, lambda lexeme, _: "" if lexeme.kind == "comment" else None)


def separators(text: str) -> str:
    """A semicolon between members becomes a comma; "..." and "…" between members, which stand for others, go."""
    first = FIRST_KEY.search(text)
    pattern = SEPARATORS.get(first[1], BARE_SEPARATORS) if first else None

    def comma(match: re.Match[str]) -> str:
        start, end = match.span()
        if match[1] or (pattern is BARE_SEPARATORS and not VALUE_BEFORE.search(text, max(0, start - 40), start)):
            return match[0]
        return "" if text.endswith("{", 0, start) or text[end : end + 80].lstrip().startswith("}") else ","

    return pattern.sub(comma, text) if pattern else text


def trailing_commas(text: str) -> str:
    """Takes out a comma before a closing bracket, and one of two commas before a key or an item."""

    scanned = scan(text) if len(text) <= LONGEST else None
    if not scanned or scanned.ambiguous:
        return text
    lexemes = [lexeme for lexeme in scanned.lexemes if lexeme.kind != "comment"]
    dropped = set()
    for comma, after, later in zip_longest(lexemes, lexemes[1:], lexemes[2:]):
        if comma.kind == "comma" and after:
            twice = after.kind == "comma" and later is not None and later.role != "none"
            if after.kind == "close" or twice:
                dropped.add(comma.start)
    return _rewrite(text, lambda lexeme, _: "" if lexeme.start in dropped else None)


def python_literals(text: str) -> str:
    """None, True, False and their like, where they stand as values."""
    return _rewrite(text, lambda lexeme, raw: LITERALS.get(raw) if _is_bare_value(lexeme) else None)


def numbers(text: str) -> str:
    """U+2212 and en dash as minus, a leading plus, a bare decimal point, commas between thousands."""
    return _rewrite(text, lambda lexeme, raw: _number(raw) if _is_bare_value(lexeme) else None)


def doubled_braces(text: str) -> str:
    """{{ and }} as template engines leave them."""
    return _rewrite(text, lambda lexeme, raw: raw[:1] if lexeme.doubled else None)


def quotes(text: str) -> str:
    """Single, curly, escaped and missing quotes, unescaped quotes inside a string, escapes that JSON does not know."""
    flat = _unescape_all(text)
    return _rewrite(flat, lambda lexeme, raw: _requote(lexeme, flat, raw))


def line_breaks(text: str) -> str:
    """A line break inside a string becomes a space; other control characters are escaped."""

    def join(lexeme: Lexeme, raw: str) -> str | None:
        if lexeme.kind != "string" or not re.search(r"[\x00-\x1f]", raw):
            return None
        left, right = lexeme.inner[0] - lexeme.start, lexeme.inner[1] - lexeme.start
        joined = raw[:left] + re.sub(r"\s++", _space, raw[left:right].strip("\r\n\t")) + raw[right:]
        return re.sub(r"[\x00-\x1f]", lambda match: f"\\u{ord(match.group()):04x}", joined)

    return _rewrite(text, join)


def _space(blanks: re.Match[str]) -> str:
    return " " if re.search(r"[\r\n\t]", blanks.group()) else blanks.group()


def unfinished(text: str) -> str:
    """Closes an answer that was cut off, after its last whole member; the member that was cut is dropped."""
    scanned = scan(text)
    end = whole_end(text, scanned) if scanned else None
    return text if end is None or scanned is None else text[:end] + ("]" if text[scanned.start] == "[" else "}")


def json_repair(text: str) -> str:
    """The library json_repair, and only what it does to punctuation: it may not change, drop or add a value or key.

    It is shown the lexemes alone, a short name for each string: its time grows with the square of the text.
    """
    scanned = scan(text)
    if not scanned or scanned.truncated or scanned.ambiguous or not scanned.closed or scanned.work > MAX_WORK // 4:
        return text
    if text[: scanned.start].strip() or text[scanned.end :].strip():
        return text  # which of its objects is the answer is not for a repair of punctuation to say
    shown: list[str] = []
    leaves: list[Any] = []
    names: dict[str, str] = {}
    for lexeme in scanned.lexemes:
        raw = text[lexeme.start : lexeme.end]
        if lexeme.kind == "string" and lexeme.opener == lexeme.closer == '"':
            leaves.append(names.setdefault(raw, f"s{len(names)}"))
            raw = f'"{leaves[-1]}"'
        elif lexeme.kind in ("bare", "string"):
            if raw not in ("null", "true", "false") and (len(raw) > LONGEST_NUMBER or not NUMBER.fullmatch(raw)):
                return text
            try:
                leaves.append(parse(raw).value)
            except Unreadable:
                return text
        shown.append(raw)
    import json_repair as library

    try:
        mended = library.loads(" ".join(shown), skip_json_loads=True)
        equal = isinstance(mended, dict | list) and json.dumps(list(_leaves(mended))) == json.dumps(leaves)
    except Exception:  # it raises whatever a text that it was not written for leads to
        return text
    return _named(mended, {name: raw for raw, name in names.items()}) if equal else text


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


def _is_bare_value(lexeme: Lexeme) -> bool:
    return lexeme.kind == "bare" and lexeme.role == "value"


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


def _requote(lexeme: Lexeme, text: str, raw: str) -> str | None:
    if lexeme.kind == "bare":
        if lexeme.role == "none" or raw in LITERALS or raw in ("null", "true", "false") or NUMBER.fullmatch(raw):
            return None
        if lexeme.role == "value" and (
            raw.lower().lstrip("+-") in NO_NUMBERS
            or _number(raw) is not None
            or not re.search(r"\w", raw)
            or "\\" in raw
        ):
            return None
        return json.dumps(raw, ensure_ascii=False)
    if lexeme.kind != "string":
        return None
    content = text[slice(*lexeme.inner)]
    if lexeme.opener.startswith("\\"):
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
    escape = match.group()
    if escape == '"':
        return '\\"'
    if escape == "\\":
        return "\\\\"
    if escape == "\\'":
        return "'"
    if escape[1] in "\r\n":
        return escape[1]
    return escape if escape[1] in '"\\/bfnrtu' else "\\" + escape


def _rewrite(text: str, change: Callable[[Lexeme, str], str | None]) -> str:
    """`change` gives a lexeme's new text, or None to leave it; a lexeme that the text's end cut is always left."""
    scanned = scan(text) if len(text) <= LONGEST else None
    if not scanned or scanned.ambiguous:
        return text
    pieces: list[str] = []
    at = 0
    for lexeme in scanned.lexemes[: -1 if scanned.truncated else None]:
        new = change(lexeme, text[lexeme.start : lexeme.end])
        if new is not None:
            pieces += (text[at : lexeme.start], new)
            at = lexeme.end
    return "".join((*pieces, text[at:]))

"""Where each parameter's value stands in a raw answer, also in one that no schema held.

Such an answer is read where there is one way to read it: prose and fences around the object, any quotes, trailing
commas, comments, the words of Python. Where in doubt there are no spans, and so no confidence; what the answer says is
for `dsx.recover` to find.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

QUOTE = r"""\\?["'“”„‘’]"""
NAME = r"""[^"'“”‘’:,{}\[\]\n\\]{1,80}"""
QUOTED_KEY = rf"{QUOTE}{NAME}{QUOTE}\s*:"
KEY = rf"(?:{QUOTED_KEY}|[A-Za-z_][\w.-]{{0,60}}\s*:)"
COMMENT = r"(?://|/\*|\#)"
SPACE = r"(?:\s|\\[nrt])*"  # a text that was put into a string as a whole has \n for a line break
BLANK = re.compile(r"(?:\s+|\\[nrt]|//[^\n]*|/\*.*?\*/|\#[^\n]*)*", re.DOTALL)
OPENER = re.compile(QUOTE)
CLOSERS = {"“": "”", "„": "“”", "‘": "’"}
"""Where it is not the same quote again."""
LOOSE_KEY = re.compile(rf"(?:{QUOTE})?({NAME}?)(?:{QUOTE})?\s*:")
STRICT = re.compile(r'"(?:[^"\\]|\\.)*"')
THOUSANDS = re.compile(r"[-+−–]?\d{1,3}(?:,\d{3})+(?:\.\d+)?(?=\s*[,}\n])")
BARE = re.compile(r"""[^\s,:{}\[\]"“”\\](?:[^,:{}\[\]"“”\n/\#\\]|/(?![/*])|(?<!\s)\#)*""")
GOES_ON = rf"\}}|{COMMENT}|$|{QUOTED_KEY}|(?:,{SPACE})+(?:{KEY}|\}}|{COMMENT}|$)"
AFTER_MEMBER = re.compile(rf"{SPACE}(?:{GOES_ON})|\s*\n\s*{KEY}")
SWALLOWED = re.compile(rf"{QUOTED_KEY}|{QUOTE}\s*,?\s*[A-Za-z_][\w.-]*\s*:\s*{QUOTE}")
"""A further member inside a string: the string's end was passed over."""
AFTER_ITEM = re.compile(rf"{SPACE}(?:[,\]]|{COMMENT}|$)")
ROOT = re.compile(r"\{|\[\s*(?=\{)")
NULLS = ("null", "None", "NULL", "Null", "nil", "undefined")
INNER = frozenset(("value", "unit", "quote"))
DEEPEST = 24


@dataclass(frozen=True, slots=True)
class Span:
    """Where one parameter's answer starts, and from where to where its value stands (equal for null)."""

    name: str
    start: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class _Node:
    """`text[start:end]`, an object, list or single value. cut: the text ends before it surely does."""

    start: int
    end: int
    members: Mapping[str, _Node] | None = None
    items: tuple[_Node, ...] | None = None
    is_null: bool = False
    cut: bool = False


def spans(names: Sequence[str], text: str) -> Iterator[Span]:
    """Of those names that the answer has. Raises ValueError or IndexError where it cannot be read in one way."""
    root = _root(text)
    if root.items is not None and len(root.items) == 1:
        root = root.items[0]
    if len(names) == 1 and root.is_null:
        yield _span(names[0], root)
        return
    members = root.members or {}
    if len(names) == 1 and "value" in members and names[0] not in members.keys() - INNER:
        yield _span(names[0], root)
        return
    found = [(name, node) for name in names if (node := _member(members, name))]
    if not found and len(members) == 1:  # {"answer": {…}}
        inside = next(iter(members.values())).members or {}
        found = [(name, node) for name in names if (node := _member(inside, name))]
    if not found:
        raise ValueError("no parameter that was asked for")
    for name, node in found:
        yield _span(name, node)


def _span(name: str, node: _Node) -> Span:
    value = (node.members or {}).get("value", node)
    if value.is_null:
        return Span(name, value.start, value.start, value.start)
    return Span(name, node.start, value.start, value.end)


def _member(members: Mapping[str, _Node], name: str) -> _Node | None:
    """By its dotted name, or along the dots through objects."""
    if name in members:
        return members[name]
    inner: Mapping[str, _Node] | None = members
    node: _Node | None = None
    for part in name.split("."):
        node = (inner or {}).get(part)
        inner = node.members if node else None
    return node


def _root(text: str) -> _Node:
    """The answer: the whole text if it is JSON, else the one object or list of objects in it."""
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        pass
    else:
        return _Walk(text, strict=True).value(_skip(text, 0), AFTER_ITEM, 0)
    walk = _Walk(text, strict=False)
    found: dict[str, _Node] = {}
    at = text.rfind("</think>") + 1
    while root := ROOT.search(text, at):
        at = root.start() + 1
        if text[at - 1] == "{" and text[at : at + 1] != "{" and not LOOSE_KEY.match(text, _skip(text, at)):
            continue  # braces in prose
        node = walk.value(at - 1, AFTER_MEMBER, 0)
        found.setdefault(text[node.start : node.end], node)
        at = node.end
    if len(found) != 1:
        raise ValueError(f"{len(found)} answers")
    return next(iter(found.values()))


@dataclass(frozen=True, slots=True)
class _Walk:
    """strict: `text` is JSON. Otherwise a string ends at the first quote after which the object or list can go on."""

    text: str
    strict: bool

    def value(self, at: int, after: re.Pattern[str], depth: int) -> _Node:
        """The value at `at`. after: what follows a string here."""
        if depth > DEEPEST:
            raise ValueError("nested too deeply")
        if self.text[at] == "{":
            return self.object(at, depth)
        if self.text[at] == "[":
            return self.list(at, depth)
        if self.strict and (string := STRICT.match(self.text, at)):
            return _Node(at, string.end())
        if not self.strict and (opener := OPENER.match(self.text, at)):
            return _Node(at, self.string_end(opener, after))
        thousands = THOUSANDS.match(self.text, at) if after is AFTER_MEMBER and not self.strict else None
        bare = thousands or BARE.match(self.text, at)
        if not bare:
            raise ValueError("no value")
        said = bare.group().rstrip()
        end = at + len(said)
        return _Node(at, end, is_null=said in NULLS, cut=not self.text[end:].strip() and depth > 0)

    def object(self, start: int, depth: int) -> _Node:
        text, members = self.text, dict[str, _Node]()
        wide = not self.strict and text.startswith("{{", start)
        at = _skip(text, start + 1 + wide)
        while at < len(text) and text[at] != "}":
            name, at = self.key(at)
            if at >= len(text):
                break
            node = self.value(at, AFTER_MEMBER, depth + 1)
            if name in members:
                raise ValueError(f"{name} stands twice")
            if node.cut and not node.members:
                at = len(text)
                break
            members[name] = node
            at = _skip(text, node.end)
            while text.startswith(",", at):
                at = _skip(text, at + 1)
        if at >= len(text):
            return _Node(start, len(text), members, cut=True)
        return _Node(start, at + 1 + (wide and text.startswith("}}", at)), members)

    def list(self, start: int, depth: int) -> _Node:
        text, items = self.text, list[_Node]()
        at = _skip(text, start + 1)
        while text[at] != "]":
            items.append(self.value(at, AFTER_ITEM, depth + 1))
            at = _skip(text, items[-1].end)
            if text[at] not in ",]":
                raise ValueError("no comma")
            while text[at] == ",":
                at = _skip(text, at + 1)
        return _Node(start, at + 1, items=tuple(items))

    def key(self, at: int) -> tuple[str, int]:
        """A member's name, and where its value starts."""
        if self.strict:
            string = STRICT.match(self.text, at)
            assert string
            colon = _skip(self.text, string.end())
            return json.loads(string.group()), _skip(self.text, colon + 1)
        loose = LOOSE_KEY.match(self.text, at)
        if not loose:
            raise ValueError("no key")
        return loose.group(1).strip(), _skip(self.text, loose.end())

    def string_end(self, opener: re.Match[str], after: re.Pattern[str]) -> int:
        escape, quote = opener.group()[:-1], opener.group()[-1]
        closer = re.escape(escape) + f"[{CLOSERS.get(quote, quote)}]"
        closing = re.compile(closer if escape else rf"{closer}|\\.", re.DOTALL)
        for found in closing.finditer(self.text, opener.end()):
            if (escape or found.group()[0] != "\\") and after.match(self.text, found.end()):
                if SWALLOWED.search(self.text, opener.end(), found.start()):
                    break
                return found.end()
        raise ValueError("a string without its end")


def _skip(text: str, at: int) -> int:
    found = BLANK.match(text, at)
    return found.end() if found else at

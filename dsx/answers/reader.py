"""An answer's text → its values, each with the place where it stands.

`parse` takes JSON and nothing else. `read` also takes text that is not quite JSON, where there is one way to read it.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from dsx.answers.objects import objects, whole_end
from dsx.answers.patterns import LITERALS, THOUGHT_BEGINS, THOUGHT_ENDS
from dsx.answers.scan import Lexeme
from dsx.types import Json

ANSWER_KEYS = frozenset(("value", "unit", "quote"))
WRAPPERS = frozenset(("answer", "result", "response", "output", "json"))
"""Keys that an answer without its parameter's name may stand under; another key may be another parameter's name."""
LONGEST_NUMBER = 300
"""Digits; more are no float, and past 4300 Python does not read them."""
SURROGATE = re.compile(r"\\u[dD][89a-fA-F]|[\ud800-\udfff]")
JSON_LEXEME = re.compile(r'"(?:[^"\\]++|\\.)*+(?:"|\Z)|[{}\[\]]|[^\s{}\[\]:,"]++')
"""In text that is JSON: a string, a bracket, or a number or word."""


class Unreadable(ValueError):
    """Not JSON, or JSON that must not be trusted; the message says why."""


@dataclass(frozen=True, slots=True)
class Node:
    """A value and its place: `text[start:end]`. An object has members, a list has items.

    value: as Python has it. Of text that is not JSON: None for null, else the characters of a number, word or string.
    """

    start: int
    end: int
    value: Json = None
    members: Mapping[str, Node] | None = None
    items: tuple[Node, ...] | None = None


@dataclass(frozen=True, slots=True)
class ValueSpan:
    """Where the answer to one parameter starts, and where its value stands: `text[first:last]`, empty for null."""

    name: str
    start: int
    first: int
    last: int


def parse(text: str) -> Node:
    """Raises Unreadable unless it is JSON: no duplicate keys, NaN, infinite or endless numbers, half characters."""
    try:
        value = json.loads(
            text, object_pairs_hook=_unique, parse_constant=_no_constant, parse_float=_finite, parse_int=_whole
        )
        if SURROGATE.search(text):
            json.dumps(value, ensure_ascii=False).encode("utf-8")
        return _node(value, JSON_LEXEME.finditer(text))
    except Unreadable:
        raise
    except UnicodeEncodeError:
        raise Unreadable("half a character (a lone surrogate) stands in a text") from None
    except RecursionError:
        raise Unreadable("nested too deeply") from None
    except ValueError as problem:
        if not re.search(r"[{\[]", text):
            raise Unreadable("there is no JSON in the text" if text.strip() else "the text is empty") from None
        raise Unreadable(f"not JSON: {problem}") from None


def read(text: str) -> Node:
    """JSON, or the one object (or list of objects) that stands in a text. Raises Unreadable where that is in doubt."""
    with suppress(Unreadable):
        return parse(text)
    scans = {text[scanned.start : scanned.end]: scanned for scanned in objects(text, answer_start(text))}
    if len(scans) != 1:
        raise Unreadable(f"{len(scans)} answers")
    [scanned] = scans.values()
    end = scanned.end if scanned.closed else whole_end(text, scanned)
    if end is None or scanned.ambiguous or (text[scanned.start] == "[" and not scanned.closed):
        raise Unreadable("it can be read in several ways")
    kinds = ("open", "close", "string", "bare")
    lexemes = iter([lexeme for lexeme in scanned.lexemes if lexeme.end <= end and lexeme.kind in kinds])
    return _loose_node(text, next(lexemes), lexemes)


def answer_start(text: str) -> int:
    """Where the thoughts before the answer end, if there are any. Raises Unreadable where the text ends in them."""
    thought = THOUGHT_ENDS.match(text)
    start = thought.end() if thought else 0
    if THOUGHT_BEGINS.search(re.split(r"[{\[]", text[start:], maxsplit=1)[0]):
        raise Unreadable("the text ends before the thought does")
    return start


def answers(root: Node, names: Sequence[str]) -> list[dict[str, Node]]:
    """The answers to the parameters that were asked for, by name; those that are missing are left out.

    Two ways to read it where one parameter is itself called value, unit or quote, the likelier first. Raises
    Unreadable where there is no answer to any.
    """
    if root.items is not None and len(root.items) > 1:
        raise Unreadable(f"{len(root.items)} objects where one was asked for")
    root = root.items[0] if root.items else root
    if len(names) == 1 and root.members is None and root.items is None and root.value is None:
        return [{names[0]: root}]
    if root.members is None:
        raise Unreadable("no object")
    [wrapper, inner] = next(iter(root.members.items())) if len(root.members) == 1 else ("", root)  # {"answer": {…}}
    ways = [{names[0]: root}] if _is_bare(root, names) else []
    named = _named(root.members, names) or ({} if ways else _named(inner.members or {}, names))
    if not named and not ways and wrapper.lower() in WRAPPERS and _is_bare(inner, names):
        ways = [{names[0]: inner}]
    if not named and not ways:
        raise Unreadable("an object without any of the parameters asked for")
    return [*ways, named] if named else ways


def value_spans(names: Sequence[str], text: str) -> list[ValueSpan]:
    """Of those names that the answer has. Raises Unreadable where it cannot be read in one way."""
    spans = []
    for name, node in answers(read(text), names)[0].items():
        value = (node.members or {}).get("value", node)
        is_null = value.value is None
        spans.append(ValueSpan(name, *((value.start,) * 3 if is_null else (node.start, value.start, value.end))))
    return spans


def _is_bare(node: Node, names: Sequence[str]) -> bool:
    """Whether it is the answer to the only parameter, without its name."""
    members = node.members or {}
    return len(names) == 1 and "value" in members and names[0] not in members.keys() - ANSWER_KEYS


def _named(members: Mapping[str, Node], names: Sequence[str]) -> dict[str, Node]:
    return {name: node for name in names if (node := _member(members, name))}


def _member(members: Mapping[str, Node], name: str) -> Node | None:
    """By its dotted name, or along the dots through objects."""
    if name in members:
        return members[name]
    node = None
    for part in name.split("."):
        node = members.get(part)
        members = (node.members if node else None) or {}
    return node


# ---- text that is JSON ----


def _node(value: Json, lexemes: Iterator[re.Match[str]]) -> Node:
    """The node of `value`, whose lexemes come next."""
    first = next(lexemes)
    if isinstance(value, dict):
        members = {key: _node(inner, lexemes) for key, inner in value.items() if next(lexemes)}  # a key comes first
        return Node(first.start(), next(lexemes).end(), value, members=members)
    if isinstance(value, list):
        items = tuple(_node(inner, lexemes) for inner in value)
        return Node(first.start(), next(lexemes).end(), value, items=items)
    return Node(*first.span(), value)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members: dict[str, Any] = {}
    for key, value in pairs:
        if key in members:
            raise Unreadable(f"the key {key!r} stands twice in one object")
        members[key] = value
    return members


def _no_constant(name: str) -> Any:
    raise Unreadable(f"{name} is no number")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise Unreadable(f"{digits[:20]} is too large")
    if number == 0 and re.search(r"[1-9]", digits.lower().partition("e")[0]):
        raise Unreadable(f"{digits[:20]} is too small")
    return number


def _whole(digits: str) -> int:
    if len(digits) > LONGEST_NUMBER:
        raise Unreadable(f"{digits[:20]}… is too large")
    return int(digits)


# ---- text that is not quite JSON ----


def _loose_node(text: str, first: Lexeme, lexemes: Iterator[Lexeme]) -> Node:
    """The node that starts with the lexeme `first`; where the lexemes end, it ends too."""
    if first.kind != "open":
        characters = text[slice(*first.inner)]
        is_null = first.kind == "bare" and LITERALS.get(characters, characters) == "null"
        return Node(first.start, first.end, None if is_null else characters)
    members: dict[str, Node] = {}
    items: list[Node] = []
    end = first.end
    for lexeme in lexemes:
        end = lexeme.end
        if lexeme.kind == "close":
            break
        if text[first.start] == "[":
            items.append(_loose_node(text, lexeme, lexemes))
            continue
        key, value = text[slice(*lexeme.inner)].strip(), next(lexemes, None)
        if lexeme.role != "key" or value is None or value.role == "key" or value.kind == "close" or key in members:
            raise Unreadable("an object whose members do not pair")
        members[key] = _loose_node(text, value, lexemes)
    if text[first.start] == "[":
        return Node(first.start, end, [item.value for item in items], items=tuple(items))
    return Node(first.start, end, {key: node.value for key, node in members.items()}, members=members)

"""Texts that may be slow for a pattern, made from its own parse tree, each of one piece that repeats."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from re import _constants as op
from re import _parser as parser  # the parse tree of a pattern stands nowhere else; the same from Python 3.11 to 3.14
from typing import Any

COMMON = " \n\t1a.A-<,(_"
MANY = 32
"""A repeat that ends at fewer times is a constant factor."""
PAIRED = 3
"""Kinds of characters of which all pairs are repeated too."""
REPEATS = {op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT}
CLASSES = {op.LITERAL, op.NOT_LITERAL, op.ANY, op.IN}
CATEGORIES: dict[Any, Callable[[str], bool]] = {
    op.CATEGORY_DIGIT: str.isdigit,
    op.CATEGORY_NOT_DIGIT: lambda character: not character.isdigit(),
    op.CATEGORY_SPACE: str.isspace,
    op.CATEGORY_NOT_SPACE: lambda character: not character.isspace(),
    op.CATEGORY_WORD: lambda character: character.isalnum() or character == "_",
    op.CATEGORY_NOT_WORD: lambda character: not (character.isalnum() or character == "_"),
}
Node = tuple[Any, Any]


@dataclass(frozen=True)
class Attack:
    """`prefix`, then `piece` again and again, then a character that few patterns expect."""

    prefix: str
    piece: str

    def text(self, length: int) -> str:
        """Of about this many characters."""
        return self.prefix + self.piece * max(1, length // len(self.piece)) + "\x00"


def attacks(source: str | bytes, flags: int) -> list[Attack]:
    """One character of each kind that the pattern tells apart, some pairs of them; and for each of the pattern's
    repeats: what leads to it and then what it repeats, and both again and again."""
    tree = parser.parse(source, flags)
    classes = list(_classes(tree))
    characters = _kinds(classes)
    texts = [Attack("", character) for character in characters]
    texts += [Attack("", first + second) for first, second in itertools.permutations(characters[:PAIRED], 2)]
    for prefix, body in _repeats(tree, "", characters):
        within = list(_classes(body))
        pieces = [character for character in characters if any(_matches(node, character) for node in within)]
        for piece in [*pieces, _example(body, characters)]:
            if piece:
                texts += [Attack(prefix, piece), Attack("", prefix + piece)]
    return list(dict.fromkeys(texts))


def _children(node: Node) -> Iterator[Sequence[Node]]:
    """The sequences of nodes inside one."""
    kind, value = node
    if kind in REPEATS:
        yield value[2]
    elif kind is op.SUBPATTERN:
        yield value[3]
    elif kind is op.BRANCH:
        yield from value[1]
    elif kind is op.ATOMIC_GROUP:
        yield value
    elif kind in {op.ASSERT, op.ASSERT_NOT}:
        yield value[1]
    elif kind is op.GROUPREF_EXISTS:
        yield from (branch for branch in value[1:] if branch)


def _classes(nodes: Sequence[Node]) -> Iterator[Node]:
    """All nodes that match one character."""
    for node in nodes:
        if node[0] in CLASSES:
            yield node
        for inner in _children(node):
            yield from _classes(inner)


def _repeats(nodes: Sequence[Node], prefix: str, characters: list[str]) -> Iterator[tuple[str, Sequence[Node]]]:
    """(a text that leads to it, what it repeats) of each repeat that may be long."""
    for node in nodes:
        if node[0] in REPEATS and node[1][1] >= MANY:
            yield prefix, node[1][2]
        for inner in _children(node):
            yield from _repeats(inner, prefix, characters)
        prefix += _example([node], characters)


def _example(nodes: Sequence[Node], characters: list[str]) -> str:
    """A short text that the nodes match, if they look at nothing around it."""
    text = ""
    for kind, value in nodes:
        if kind in CLASSES:
            text += next((each for each in characters if _matches((kind, value), each)), "")
        elif kind in REPEATS:
            text += _example(value[2], characters) * value[0]
        elif kind not in {op.ASSERT, op.ASSERT_NOT}:
            text += next((_example(inner, characters) for inner in _children((kind, value))), "")
    return text


def _kinds(classes: list[Node]) -> list[str]:
    """One character of each kind that the classes tell apart; those of the pattern itself before common ones."""
    classes = list({repr(node): node for node in classes}.values())
    stated = [chr(value) for node in classes for value in _stated(node)]
    kinds: dict[tuple[bool, ...], str] = {}
    for character in [*stated, *COMMON, "\x00"]:
        kinds.setdefault(tuple(_matches(node, character) for node in classes), character)
    return list(kinds.values())


def _stated(node: Node) -> Iterator[int]:
    kind, value = node
    if kind in {op.LITERAL, op.NOT_LITERAL}:
        yield value
    elif kind is op.IN:
        for inner, each in value:
            if inner is op.LITERAL:
                yield each
            elif inner is op.RANGE:
                yield from each


def _matches(node: Node, character: str) -> bool:
    """Whether a node that matches one character matches this one; letters of the other case count as the same."""
    kind, value = node
    if kind is op.ANY:
        return character != "\n"
    if kind is op.IN:
        negated = value[0][0] is op.NEGATE
        return any(_holds(item, character) for item in value[negated:]) != negated
    return (character.lower() == chr(value).lower()) == (kind is op.LITERAL)


def _holds(item: Node, character: str) -> bool:
    kind, value = item
    if kind is op.CATEGORY:
        return CATEGORIES[value](character)
    low, high = value if kind is op.RANGE else (value, value)
    return any(low <= ord(each) <= high for each in {character, character.lower(), character.upper()[:1]})

"""Made-up passages of papers with questions and true answers: how they are written down, and read.

    === nursing-01
    kind: methods
    TEXT
    …
    RECORDS trial | What a record is. | Experiment 1 @ words that name it | …
    ASK
    ["n_total","integer","How many took part.",48,"Forty-eight nurses"]
    ["n_total","integer","How many took part.",{"Experiment 1":[24,"24 adults"],"Experiment 2":[null,"tempting words"]}]

A question is [name, type, description, value, words of the text that hold or show it, {choice: description}]. Types:
integer, number:UNIT, text, choice:a/b/c, boolean, and the lists integers, numbers:UNIT, texts, choices:a/b/c. A value
"16*3" is computed from numbers of the text; "23 cm" has another unit than is asked for; of null the words only tempt.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TYPES = ("choice", "choices", "boolean", "integer", "number", "integers", "numbers", "text", "texts")
_block = re.compile(
    r"(?P<id>[^\n]*)\nkind: (?P<kind>\w+)\nTEXT\n(?P<text>.*?)\n(?:RECORDS (?P<records>[^\n]*)\n)?ASK\n(?P<asks>.*)\Z",
    re.S,
)
_amount = re.compile(r"(-?\d+(?:\.\d+)?(?:e-?\d+)?) (\S.*)")


class PassageError(ValueError):
    """A file of passages is not written as it should be; the message says where."""


@dataclass(frozen=True, slots=True)
class GoldAnswer:
    """A value as the text gives it, and the words that hold or show it (of null: that tempt)."""

    value: Any
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ask:
    """A question about a passage. answers: by label of a record, "" for the passage as a whole. choices: described."""

    name: str
    type: str
    argument: str
    description: str
    answers: dict[str, GoldAnswer]
    choices: dict[str, str]

    @property
    def options(self) -> list[str]:
        """Its legal values, if it has some."""
        return self.argument.split("/") if self.type in ("choice", "choices") else []

    @property
    def is_list(self) -> bool:
        """Whether its answer is a list."""
        return self.type.endswith("s")

    @property
    def item_type(self) -> str:
        """The type of its answer, or of the items of a list."""
        return self.type.rstrip("s")

    @property
    def is_number(self) -> bool:
        """Whether its answer is a number, or a list of them."""
        return self.item_type in ("integer", "number")


@dataclass(frozen=True, slots=True)
class Passage:
    """Some paragraphs of a paper. field: of research, the name of its file.

    list, list_description, labels: of the records that it tells of, if it does; one without a name has no label.
    aside: what an introduction or a discussion says near it, and answers nothing.
    """

    id: str
    field: str
    kind: str
    text: str
    list: str
    list_description: str
    labels: tuple[str, ...]
    asks: tuple[Ask, ...]
    aside: str = ""


def read_passages(file: Path) -> Iterator[Passage]:
    """The passages of a file. Raises PassageError."""
    for block in re.split(r"^=== ", file.read_text("utf-8"), flags=re.M)[1:]:
        match = _block.match(block)
        name = block.split("\n", 1)[0]
        if match is None:
            raise PassageError(f"{file} {name}: no passage with kind, TEXT and ASK")
        field = re.sub(r"-\d+$", "", file.stem)
        try:
            asks = tuple(_ask(json.loads(line)) for line in match["asks"].splitlines() if line.strip())
        except (ValueError, KeyError, IndexError, TypeError) as problem:
            raise PassageError(f"{file} {name}: {problem}") from None
        records = [part.strip() for part in (match["records"] or "").split(" | ")]
        labels = tuple(part.split(" @ ")[0] for part in records[2:])
        description = records[1] if len(records) > 1 else ""
        yield Passage(match["id"].strip(), field, match["kind"], match["text"], records[0], description, labels, asks)


def _ask(row: list[Any]) -> Ask:
    name, kind, description, value, *rest = row
    per_record = isinstance(value, dict)
    choices = rest[-1] if rest and isinstance(rest[-1], dict) else {}
    answers = value if per_record else {"": [value, rest[0]]}
    base, _, argument = kind.partition(":")
    return Ask(name, base, argument, description, {label: _answer(*pair) for label, pair in answers.items()}, choices)


def _answer(value: Any, words: str | list[str]) -> GoldAnswer:
    return GoldAnswer(value, (words,) if isinstance(words, str) else tuple(words))


def amount(value: Any) -> tuple[Any, str | None]:
    """A number and the unit that stands beside it, where it is not the one asked for."""
    match = _amount.fullmatch(value) if isinstance(value, str) else None
    return (float(match[1]), match[2]) if match else (value, None)


def plural(noun: str) -> str:
    """Of a regular noun."""
    return noun if noun.endswith("s") else noun[:-1] + "ies" if noun.endswith("y") else noun + "s"

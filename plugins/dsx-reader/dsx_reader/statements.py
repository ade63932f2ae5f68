"""Sheets of questions with statements for each of their answers, of which passages are composed.

    RECORDS trial | One field trial of the paper.
    ? tillage : choice : How the soil was worked before sowing.
    + conventional = ploughed with inversion
    + none
    - conventional | [Plots were ploughed to 25 cm] in October.
    - none | Seed was [drilled straight into the stubble].
    - null | Soil was sampled [to plough depth].
    ? n_plots : integer : Number of plots.
    - n | The trial had {b:3..6} blocks and [{n:12..96} plots].

A statement is VALUE | text: an option (several by commas), true, false, the name of a drawn number, "words", or null.
Brackets hold the words that show the value (of null: that tempt).
"""

from __future__ import annotations

import itertools
import random
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dsx_reader.passages import TYPES

_drawn = re.compile(r"\{(?P<name>\w+):(?P<low>\d+(?:\.\d+)?)\.\.(?P<high>\d+(?:\.\d+)?)\}")
_shown = re.compile(r"\[([^\[\]]+)\]")
DRAWS = 20
"""Attempts at a number that the statement does not have yet."""
BOOLEANS = {"true": True, "false": False}


class SheetError(ValueError):
    """A sheet is not written as it should be; the message says where."""


@dataclass(frozen=True, slots=True)
class Statement:
    """value: as written, None for null. text: with brackets and numbers to draw."""

    value: str | None
    text: str

    @property
    def parts(self) -> tuple[str, ...]:
        """The options or placeholders that it names."""
        return tuple(part.strip() for part in (self.value or "").split(","))

    @property
    def shown(self) -> list[str]:
        """The words that show the value, with numbers that are not drawn."""
        return _shown.findall(self.text)

    def draw(self, rng: random.Random) -> tuple[str, list[tuple[int, int]], dict[str, int | float]]:
        """The text, the spans of the words that show the value, and the numbers that were drawn."""
        numbers: dict[str, int | float] = {}

        def number(match: re.Match[str]) -> str:
            low, high = match["low"], match["high"]
            decimals = len(low.partition(".")[2])
            for _ in range(DRAWS):
                drawn = round(rng.uniform(float(low), float(high)), decimals)
                if drawn not in numbers.values():
                    break
            numbers[match["name"]] = drawn if decimals else int(drawn)
            return f"{drawn:.{decimals}f}"

        text = _drawn.sub(number, self.text)
        spans = [
            (match.start() - 2 * before, match.end() - 2 * before - 2)
            for before, match in enumerate(_shown.finditer(text))
        ]
        return text.replace("[", "").replace("]", ""), spans, numbers


@dataclass(frozen=True, slots=True)
class Sheet:
    """A field's questions about records of one kind."""

    name: str
    record: str
    record_description: str
    asks: tuple[SheetAsk, ...]

    @property
    def field(self) -> str:
        """Of research."""
        return re.sub(r"-\d+$", "", self.name)

    def statements(self) -> Iterator[Statement]:
        """Of all questions."""
        return itertools.chain.from_iterable(ask.statements for ask in self.asks)

    def faults(self) -> Iterator[str]:
        """One line for each: a value that its statement does not give, a question without enough statements."""
        for ask in self.asks:
            for fault in _question_faults(ask):
                yield f"{ask.name}: {fault}"
        for statement, times in Counter(self.statements()).items():
            if times > 1:
                yield f"stands {times} times: {statement.text}"


@dataclass(frozen=True, slots=True)
class SheetAsk:
    """A question with its statements."""

    name: str
    type: str
    unit: str
    description: str
    options: dict[str, str]
    statements: tuple[Statement, ...]

    def value(self, statement: Statement, numbers: dict[str, int | float]) -> Any:
        """What the statement, with its drawn numbers, says."""
        written = statement.value
        if written is None:
            return None
        parts = list(statement.parts)
        if self.type in ("integer", "number"):
            return numbers[written]
        if self.type in ("integers", "numbers"):
            return [numbers[part] for part in parts]
        if self.type == "boolean":
            return BOOLEANS[written]
        if self.type in ("text", "texts"):
            words = re.findall(r'"([^"]+)"', written)
            return words if self.type == "texts" else words[0]
        return parts if self.type == "choices" else written


def is_sheet(file: Path) -> bool:
    """Whether it is written as a sheet, not as passages."""
    with file.open(encoding="utf-8") as lines:
        return lines.readline().startswith("RECORDS ")


def read_sheet(file: Path) -> Sheet:
    """A sheet, which may have faults. Raises SheetError where it cannot be read."""
    head, *blocks = re.split(r"^\? ", file.read_text("utf-8"), flags=re.M)
    record, _, description = head.strip().removeprefix("RECORDS").strip().partition("|")
    if not head.startswith("RECORDS ") or not description:
        raise SheetError(f"{file}: begins with RECORDS what | description")
    asks = tuple(_ask(file, block) for block in blocks)
    return Sheet(file.stem, record.strip(), description.strip(), asks)


def _ask(file: Path, block: str) -> SheetAsk:
    head, *lines = [line for line in block.splitlines() if line.strip()]
    parts = [part.strip() for part in head.split(" : ", 2)]
    if len(parts) < 3:
        raise SheetError(f"{file} ? {head}: name : type : description")
    name, (kind, _, unit), description = parts[0], parts[1].partition(":"), parts[2]
    options, statements = dict[str, str](), list[Statement]()
    for line in lines:
        if line.startswith("+ "):
            option, _, words = line[2:].partition(" = ")
            options[option.strip()] = words.strip()
        elif line.startswith("- ") and " | " in line:
            value, _, text = line[2:].partition(" | ")
            statements.append(Statement(None if value.strip() == "null" else value.strip(), text.strip()))
        else:
            raise SheetError(f"{file} {name}: neither + option nor - value | statement: {line}")
    return SheetAsk(name, kind, unit, description, options, tuple(statements))


def _question_faults(ask: SheetAsk) -> Iterator[str]:
    if ask.type not in TYPES:
        yield f"{ask.type} is none of {', '.join(TYPES)}"
        return
    if ask.type in ("choice", "choices") and len(ask.options) < 2:
        yield "a choice needs options, one a line: + option"
    if any("/" in option or "," in option for option in ask.options):
        yield "options without / and ,"
    values = [statement.value for statement in ask.statements]
    if None not in values:
        yield "no null statement"
    for option in list(ask.options) if ask.type == "choice" else list(BOOLEANS) if ask.type == "boolean" else []:
        if values.count(option) < 2:
            yield f"fewer than two statements for {option}"
    for statement in ask.statements:
        for fault in _statement_faults(ask, statement):
            yield f"{fault}: {statement.text}"


def _statement_faults(ask: SheetAsk, statement: Statement) -> Iterator[str]:
    try:
        text, spans, numbers = statement.draw(random.Random(0))
        value = ask.value(statement, numbers)
    except (KeyError, IndexError):
        yield f"{statement.value} is no value that the statement gives"
        return
    words = " … ".join(text[slice(*span)] for span in spans)
    if not words:
        yield "no [words] that show the value"
    left = _drawn.sub("", statement.text)
    if "{" in left or "}" in left or statement.text.count("[") != statement.text.count("]"):
        yield "braces {name:low..high} or brackets are not right"
    if value is None:
        return
    values = value if isinstance(value, list) else [value]
    if ask.type in ("choice", "choices") and any(each not in ask.options for each in values):
        yield f"{statement.value} is no option"
    if ask.type in ("text", "texts") and any(each not in words for each in values):
        yield f"{statement.value} does not stand inside the brackets"
    if ask.type.rstrip("s") in ("integer", "number"):
        inside = " ".join(_shown.findall(statement.text))
        if any(f"{{{part}:" not in inside for part in statement.parts):
            yield "the number stands outside the brackets"

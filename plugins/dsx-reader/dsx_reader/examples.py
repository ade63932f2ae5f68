"""Training examples: the questions that dsx asks about passages inside long documents, with their right answers."""

from __future__ import annotations

import gzip
import json
import random
import re
import tempfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dsx import parameter_set
from dsx.plugin_api import Document, DsxError, Parameter, ParameterSet, Question, UsageError
from dsx.plugin_api.training import Examiner, Known, convert, read_unit
from dsx_reader import prompts
from dsx_reader.composition import composed
from dsx_reader.documents import Block, block, document
from dsx_reader.passages import Ask, GoldAnswer, Passage, amount, plural
from dsx_reader.statements import Sheet
from dsx_reader.variation import renumbered, retyped, reworded, without_evidence

SHOWN = (400, 400, 700, 1000)
"""Tokens of the paper that are shown for the questions about a document: half of the time as many as in use."""
AROUND = (0, 1500, 4000, 9000)
"""Tokens of other text around a passage."""
LISTS = (
    ("experiments", "One experiment of the paper with participants of its own."),
    ("studies", "A study of the paper."),
)
"""Lists of records that are asked for where a passage tells of one unnamed study."""
JSON_TYPES = {"integer": "integer", "number": "number", "text": "string", "choice": "string", "boolean": "boolean"}


@dataclass(frozen=True, slots=True)
class Example:
    """A question and its right answer. source: where it comes from, and its kind."""

    question: Question
    answer: str
    source: str


OTHERS = 0.3
"""Share of passages near which others' studies of the same field are told of."""
THINNED, THINNED_ANNOTATIONS = 0.4, 0.15
"""Shares of passages and of annotations of which evidence is taken away."""


class Builder:
    """Makes examples of passages, sheets and annotations.

    count_tokens: of a text. fillers: other texts, for what stands around. varied: whether code varies the passages.
    around, shown: one of each is drawn for a document. other_work: by field, what papers say of others' studies.
    """

    def __init__(
        self,
        count_tokens: Callable[[str], int],
        fillers: Sequence[str],
        varied: bool = True,
        around: Sequence[int] = AROUND,
        shown: Sequence[int] = SHOWN,
        other_work: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        self._count, self._fillers, self._varied = count_tokens, fillers, varied
        self._around, self._shown, self._other_work = around, shown, other_work or {}

    def of_passage(self, passage: Passage, rng: random.Random) -> Iterator[Example]:
        """The questions about one passage, in one document."""
        if self._varied and rng.random() < THINNED:
            passage = without_evidence(passage, rng)
        if self._varied and rng.random() < 0.6:
            passage = renumbered(passage, rng)
        others = self._other_work.get(passage.field, ())
        if others and passage.kind != "other_work" and rng.random() < OTHERS:
            passage = replace(passage, aside=rng.choice(others))
        yield from self._asked(passage, f"{passage.field}:{passage.kind}", rng)

    def of_sheet(self, sheet: Sheet, rng: random.Random) -> Iterator[Example]:
        """The questions about a passage that is composed of a sheet's statements."""
        yield from self._asked(composed(sheet, rng), f"{sheet.field}:statements", rng)

    def _asked(self, passage: Passage, source: str, rng: random.Random) -> Iterator[Example]:
        if self._varied:
            passage = retyped(passage, rng)
            asks = [reworded(ask, rng) for ask in passage.asks]
            names = [ask.name for ask in asks]
            asks = [ask for ask in asks if names.count(ask.name) == 1]
            rng.shuffle(asks)
            passage = replace(passage, asks=tuple(asks))
        has_list = bool(passage.list)
        name, description = (_plural(passage.list), passage.list_description) if has_list else rng.choice(LISTS)
        passage = replace(passage, asks=tuple(ask for ask in passage.asks if ask.name != name))
        with tempfile.TemporaryDirectory() as folder:
            paper = document(self._surrounded(passage, rng), Path(folder))
        parameters = self._schema(passage, name, description, rng)
        if parameters is None:
            return
        examiner = Examiner(parameters, prompts.READER, self._count, rng.choice(self._shown))
        start = paper.text.find(next(line for line in passage.text.split("\n") if line.strip()))
        known = list(_known(passage, parameters, paper, start))
        records = {name: passage.labels} if has_list or passage.kind in ("methods", "experiments") else {}
        for question, answer in examiner.questions(paper, records, known):
            yield Example(question, answer, source)

    def of_annotation(self, row: dict[str, Any], rng: random.Random) -> Iterator[Example]:
        """The question of one annotation of a real text; see `annotations`."""
        ask = _ask_of(row)
        if ask is None:
            return
        passage = Passage(row["doc"], row["source"], "other_work", row["text"], "", "", (), (ask,))
        if self._varied and ask.type in ("integer", "number", "text") and rng.random() < THINNED_ANNOTATIONS:
            passage = without_evidence(passage, rng)
        parameters = self._schema(passage, "studies", "", rng)
        if parameters is None:
            return
        with tempfile.TemporaryDirectory() as folder:
            paper = document([Block("", tuple(passage.text.split("\n")))], Path(folder))
        examiner = Examiner(parameters, prompts.READER, self._count, rng.choice(self._shown))
        for question, answer in examiner.questions(paper, {}, list(_known(passage, parameters, paper, 0))):
            yield Example(question, answer, row["source"])

    def listing(self, passage: Passage, rng: random.Random) -> Iterator[Question]:
        """Which records a passage among other texts tells of: one question, if it has a list of them."""
        if passage.list and (asked := self._examined(passage, rng)):
            yield from asked[0].listings(asked[1])

    def unanswered(self, passage: Passage, labels: Sequence[str], rng: random.Random) -> Iterator[Question]:
        """The questions about a passage among other texts, whatever its answers are.

        labels: of its records, as the answer to `listing` has them; none: of the one unnamed record.
        """
        if asked := self._examined(passage, rng):
            records = {_plural(passage.list): labels} if passage.list else {}
            yield from asked[0].unanswered(asked[1], records)

    def _examined(self, passage: Passage, rng: random.Random) -> tuple[Examiner, Document] | None:
        """Who asks about a passage, and the document that it stands in; the same for generators of the same seed."""
        passage = retyped(passage, rng)
        with tempfile.TemporaryDirectory() as folder:
            paper = document(self._surrounded(passage, rng), Path(folder))
        name, description = (_plural(passage.list), passage.list_description) if passage.list else ("studies", "")
        passage = replace(passage, asks=tuple(ask for ask in passage.asks if ask.name != name))
        parameters = self._schema(passage, name, description, rng)
        if parameters is None:
            return None
        return Examiner(parameters, prompts.READER, self._count, rng.choice(self._shown)), paper

    def _surrounded(self, passage: Passage, rng: random.Random) -> list[Block]:
        """The passage among other texts; a first page comes first."""
        own, left = block(passage.kind, passage.text, rng), rng.choice(self._around)
        before, after = list[str](), list[str]()
        while left > 0 and self._fillers:
            text = rng.choice(self._fillers)
            (after if passage.kind == "front" or rng.random() < 0.5 else before).append(text)
            left -= self._count(text)
        if passage.aside:
            beside = after if passage.kind == "front" or rng.random() < 0.5 else before
            beside.insert(rng.randint(0, len(beside)), passage.aside)
        blocks = [Block("Introduction", _lines(before))] if before else []
        return [*blocks, own, *([Block("Discussion", _lines(after))] if after else [])]

    def _schema(self, passage: Passage, name: str, description: str, rng: random.Random) -> ParameterSet | None:
        own = {ask.name: _schema_of(ask, rng) for ask in passage.asks if "" in ask.answers}
        each = {ask.name: _schema_of(ask, rng) for ask in passage.asks if "" not in ask.answers}
        fallback = {"note": {"type": "string", "maxLength": 20}}
        items = {"type": "object", "description": description, "properties": each or fallback}
        properties = {**own, name: {"type": "array", "items": items}}
        schema = {"title": "Paper", "type": "object", "properties": properties}
        try:
            return parameter_set(schema)
        except DsxError:
            return None


def _lines(texts: Sequence[str]) -> tuple[str, ...]:
    return tuple(line for text in texts for line in text.split("\n") if line.strip())


def _plural(name: str) -> str:
    return plural(re.sub(r"\W+", "_", name.strip().lower()) or "record")


def _schema_of(ask: Ask, rng: random.Random) -> dict[str, Any]:
    inner: dict[str, Any] = {"type": JSON_TYPES[ask.item_type]}
    if ask.item_type == "choice":
        inner["enum"] = ask.options
        if ask.choices:
            inner["x-choices"] = ask.choices
    if ask.item_type == "text":
        inner["maxLength"] = rng.choice([80, 120, 200, 300])
    if ask.is_number and rng.random() < 0.4:
        inner["minimum"] = 0
    if ask.is_number and ask.argument and read_unit(ask.argument) is not None:
        inner["x-unit"] = ask.argument
    schema = {"type": "array", "items": inner, "maxItems": rng.choice([12, 20, 30])} if ask.is_list else inner
    schema["description"] = ask.description
    if rng.random() < 0.2:
        schema["x-synonyms"] = [ask.name.replace("_", " ")]
    return schema


def _known(passage: Passage, parameters: ParameterSet, paper: Document, start: int) -> Iterator[Known]:
    by_name: dict[str, Parameter] = {each.name: each for each in parameters.root.all_parameters()}
    for ask in passage.asks:
        parameter = by_name[ask.name]
        for label, answer in ask.answers.items():
            spans = []
            for words in answer.words:
                at = paper.text.find(words, max(start, 0))
                if at >= 0:
                    spans.append((at, at + len(words)))
            if answer.value is not None and len(spans) < len(answer.words):
                continue
            try:
                value = _in_unit(answer.value, ask, parameter)
            except ValueError:
                continue
            yield Known(label or None, parameter, value, tuple(spans))


def _in_unit(value: Any, ask: Ask, parameter: Parameter) -> Any:
    """In the parameter's unit. Raises ValueError."""
    if isinstance(value, list) and ask.is_number:
        return [_in_unit(item, ask, parameter) for item in value]
    if not ask.is_number:
        return value
    number, unit = amount(value)
    if unit is None:
        return number
    if parameter.unit is None:
        raise ValueError("no unit is asked for")
    return convert(number, unit, parameter.unit)


# ---- people's annotations of real texts ----


def read_annotations(file: Path) -> list[dict[str, Any]]:
    """Rows of text, name, description, type, choices, value and quote, as JSON lines in gzip. Raises UsageError."""
    try:
        with gzip.open(file, "rt", encoding="utf-8") as lines:
            rows = [json.loads(line) for line in lines]
        if all(isinstance(row, dict) and {"text", "source"} <= row.keys() for row in rows):
            return rows
        problem = "text or source is missing"
    except (OSError, EOFError, zlib.error, ValueError) as wrong:
        problem = str(wrong)
    raise UsageError(f"{file} holds no annotations, whole JSON lines in gzip with text and source: {problem}")


def _ask_of(row: dict[str, Any]) -> Ask | None:
    value, kind, argument = row["value"], row["type"], ""
    if value is not None and row.get("null"):
        value = None
    if kind == "quantity":
        kind = "text"
    if kind == "enum":
        kind, argument = "choice", "/".join(row["choices"])
        if any("/" in choice for choice in row["choices"]):
            return None
    words = (row["quote"],) if row.get("quote") else ()
    if value is not None:
        if kind == "text":
            value = str(value)
            if value not in row["text"]:
                return None
            words = (value,)
        if kind in ("integer", "number"):
            value = int(value) if float(value) == int(value) else float(value)
    return Ask(row["name"], kind, argument, row["description"], {"": GoldAnswer(value, words)}, {})

"""Select and prompt: what is shown and asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from dsx.types.parameter import Parameter


@dataclass(frozen=True, slots=True)
class Passage:
    """`Document.text[start:end]`."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Shown:
    """What the model sees of a document: its passages in reading order, a blank line between two that do not touch.

    text: as shown; a quote is a substring of it that crosses no line break.
    passages: where the text came from; offsets of `text` go back through `to_document`.
    whole: the passages are the whole paper.
    """

    text: str
    passages: tuple[Passage, ...]
    whole: bool

    def to_document(self, offset: int) -> int:
        """The offset in `Document.text` of the character at `offset` of `text`."""
        at = 0
        for passage in self.passages:
            length = passage.end - passage.start
            if offset < at + length:
                return passage.start + offset - at
            at += length + len(PASSAGE_BREAK)
        raise IndexError(offset)


PASSAGE_BREAK = "\n\n"

Order = Literal["value-quote", "quote-value"]
"""Of the keys in an answer: whether the model writes the value first, or the quote that carries it."""


@dataclass(frozen=True, slots=True)
class RecordStep:
    """One step from a record to a record that it holds. list: the list's name; label: "" for the one unnamed record."""

    list: str
    label: str


RecordPath = tuple[RecordStep, ...]
"""Where a record stands below the paper, whose own path is (). No two records of a list have one label."""


@dataclass(frozen=True, slots=True)
class QuestionId:
    """Which question this is, among all that are asked of all papers.

    record: the record that is filled. names: the parameters asked, or the list whose records are.
    attempt: 1 where an answer was cut and is asked again; from 1 on where it is asked of further passages.
    after: for a list, how many of its records are known.
    choice: of a list of choices that is asked choice by choice, the one that is asked about, as JSON.
    """

    document: str
    record: RecordPath = ()
    names: tuple[str, ...] = ()
    attempt: int = 0
    after: int | None = None
    choice: str | None = None

    def __str__(self) -> str:
        """For people and logs: the way within the paper, the same in every paper."""
        steps = [part for step in self.record for part in (step.list, step.label)]
        more = [
            *([] if self.after is None else [f"after {self.after}"]),
            *([] if self.choice is None else [self.choice]),
        ]
        return "/".join([*steps, "+".join(self.names), *more])


AnswerForm = Literal["parameters", "records", "labels"]


@dataclass(frozen=True, slots=True)
class Places:
    """What the answer about one parameter may take from the text; null is always legal.

    kind: what an answer looks like.
        answer           one of `options`, each a whole JSON answer: a number with its unit and a quote that holds it
        chosen           {"value":…,"quote":…}: what the schema allows, and one of `options`
        numbers          {"value":[…]}: some of `options`
        text, texts      {"value":…}: words of the shown text, or a list of such; one text is of `options`, if any
    options: texts as they stand in the answer.
    min_items, max_items: of a list of numbers or texts. min_characters, max_characters: of words of the text.
    meaning_null: those of `options` that say that nothing is reported: numbers of what is not asked for.
    """

    kind: Literal["answer", "chosen", "numbers", "text", "texts"]
    options: tuple[str, ...] = ()
    min_items: int = 1
    max_items: int = 1
    min_characters: int = 1
    max_characters: int = 0
    meaning_null: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Question:
    """One thing to ask about a text. Questions with equal `system`, `examples` and `shown` share a prefix.

    examples: turns that come before the text: what was asked, and the right answer.
    form: what an answer looks like.
        parameters   an object of name → null or {value, unit?, quote} (the bare inner value of one parameter)
        records      a list of {label, quote}
        labels       a list of words of the text, or null
    parameters: what the answer holds, in the answer's order.
    record: label of the record that is being filled.
    order: of the keys in an answer.
    brief: quotes are short (see `dsx.answers.limits`), for the answer was cut before.
    places: what the answer may take from the text; for engines that hold a grammar.
    may_be_empty: a list of records may be []. may_be_null: "not reported" is an answer.
    prior_prompt: the same question of no record, asked without a text to learn what the model answers anyway; None:
        that is not taken out of the answer.
    """

    id: QuestionId
    system: str
    shown: Shown
    prompt: str
    form: AnswerForm
    parameters: tuple[Parameter, ...] = ()
    record: str | None = None
    max_records: int = 0
    examples: tuple[tuple[str, str], ...] = ()
    order: Order = "value-quote"
    brief: bool = False
    places: Places | None = None
    may_be_empty: bool = False
    may_be_null: bool = True
    prior_prompt: str | None = None

    def messages(self) -> list[dict[str, str]]:
        """The conversation, as chat endpoints take it; the last message is the text and the question about it."""
        turns = [("system", self.system)]
        for asked, answered in self.examples:
            turns += [("user", asked), ("assistant", answered)]
        turns.append(("user", f"{self.shown.text}\n\n{self.prompt}"))
        return [{"role": role, "content": content} for role, content in turns]

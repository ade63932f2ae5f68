"""The values that flow, in the order in which they come to be. All are frozen.

Offsets count characters of `Document.text`; pages count from 1; boxes are (x0, y0, x1, y1) in PDF points (1/72 inch),
the origin at the page's top left, after the page's own rotation.
"""

from __future__ import annotations

import bisect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    import numpy

Json = Any
"""Anything that `json.dumps` takes."""

Box = tuple[float, float, float, float]


# ---- load: what a person would read, with a way back to the page ----


@dataclass(frozen=True, slots=True)
class Page:
    """One page; its text is `Document.text[start:end]`. Pages follow each other without gaps."""

    number: int
    start: int
    end: int
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and all up to the next heading of its level or above, sub-sections included.

    title: "" where a section has no heading of its own, but its first paragraph says what it is.
    kind: abstract, introduction, methods, participants, apparatus, procedure, experiment, analysis, results,
    discussion, references, acknowledgements, supplement or other.
    """

    title: str
    kind: str
    level: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class TableCell:
    """One filled cell of a table, with what names it: `Document.text[start:end]` is its text.

    row, column: its place in `Table.rows`. row_head: the label of its row, "" for a label and for a column's head.
    column_heads: the heads above it, the outermost first.
    """

    row: int
    column: int
    text: str
    row_head: str
    column_heads: tuple[str, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells. In the text the table is one line a row after its caption, cells parted by three spaces.

    An empty cell is "" in `rows`, and "–" in the text where a filled one follows it.
    cells: the filled cells, row by row. head_rows: how many of the rows hold the columns' heads.
    """

    caption: str
    rows: tuple[tuple[str, ...], ...]
    page: int
    box: Box | None
    start: int
    end: int
    cells: tuple[TableCell, ...] = ()
    head_rows: int = 0


@dataclass(frozen=True, slots=True)
class Document:
    """A paper in reading order. A line break in `text` ends a paragraph, heading, caption or table row.

    id: SHA-256 of the file's content, 64 hexadecimal digits.
    char_pages: int32 [len(text)], the page number of each character (0: it stands on no page).
    char_boxes: float32 [len(text), 4], the box of each character (NaN: it was put there by the loader).
    Loaders that know no pages give one page and no boxes (all NaN).
    """

    id: str
    file: str
    loader: str
    text: str
    pages: tuple[Page, ...]
    sections: tuple[Section, ...]
    tables: tuple[Table, ...]
    metadata: Mapping[str, str]
    char_pages: numpy.ndarray
    char_boxes: numpy.ndarray

    def page_at(self, offset: int) -> int:
        """The number of the page on which the character at `offset` stands."""
        at = bisect.bisect_right([page.start for page in self.pages], offset) - 1
        return self.pages[max(at, 0)].number


@dataclass(frozen=True, slots=True)
class LoadLimits:
    """What loading one file may cost. seconds: of wall clock and of CPU time. megabytes: of address space."""

    seconds: float = 120
    megabytes: int = 2048


# ---- the parameter set: what is asked ----


@dataclass(frozen=True, slots=True)
class Choice:
    """One legal value of a parameter, and what it means in words a reader of the field would use."""

    value: Json
    description: str = ""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One value to be filled: a leaf of the parameter set.

    name: the path inside its record, dotted where objects nest ("dose.amount").
    schema: JSON Schema of a value that is there (never null), references resolved, bounds filled in.
    unit: the unit of the stored number; the answer may come in any unit of the same dimension.
    normalisers: names of the chain that brings a raw value to its stored form, in order.
    free: text that need not stand in the paper. derive: may be computed from numbers of the paper.
    pointer: JSON pointer of its place in the set's schema, references taken as if they stood there.
    """

    name: str
    schema: Mapping[str, Any]
    description: str = ""
    unit: str | None = None
    synonyms: tuple[str, ...] = ()
    where: str = ""
    choices: tuple[Choice, ...] = ()
    normalisers: tuple[str, ...] = ()
    pointer: str = ""
    free: bool = False
    derive: bool = False


@dataclass(frozen=True, slots=True)
class RecordType:
    """Parameters that are filled together for each record of a list; the root of a set is the paper itself.

    name: the property of the parent that holds the list ("" for the root).
    min_records: 0 where a paper may be said to have none.
    """

    name: str
    description: str
    parameters: tuple[Parameter, ...]
    children: tuple[RecordType, ...] = ()
    max_records: int = 20
    min_records: int = 1

    def all_parameters(self) -> list[Parameter]:
        """Its own parameters and those of all record types below it."""
        return [*self.parameters, *(parameter for child in self.children for parameter in child.all_parameters())]


@dataclass(frozen=True, slots=True)
class ParameterSet:
    """A parameter set, as its JSON Schema (2020-12) says it."""

    name: str
    description: str
    schema: Mapping[str, Any]
    root: RecordType


# ---- select, prompt: what is shown and asked ----


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
    attempt: 1 where an answer was cut and is asked again. after: for a list, how many of its records are known.
    """

    document: str
    record: RecordPath = ()
    names: tuple[str, ...] = ()
    attempt: int = 0
    after: int | None = None

    def __str__(self) -> str:
        """For people and logs: the way within the paper, the same in every paper."""
        steps = [part for step in self.record for part in (step.list, step.label)]
        return "/".join([*steps, "+".join(self.names), *([] if self.after is None else [f"after {self.after}"])])


AnswerForm = Literal["parameters", "records", "options", "one", "numbers", "text", "texts", "labels"]


@dataclass(frozen=True, slots=True)
class Question:
    """One thing to ask about a text. Questions with equal `system`, `examples` and `shown` share a prefix.

    examples: turns that come before the text: what was asked, and the right answer.
    form: what an answer looks like. The first two are for all engines, the others for those that score options.
        parameters   an object of name → null or {value, unit?, quote} (the bare inner value of one parameter)
        records      a list of {label, quote}
        options      one of `options`; the completion has the log-likelihood of each
        one          one of `options`, written
        numbers      a list of some of `options`
        text, texts  words of the shown text as a JSON string, or a list of such
        labels       as texts, or null
    parameters: what the answer holds, in the answer's order.
    record: label of the record that is being filled.
    order: of the keys in an answer.
    brief: quotes are short (see `dsx.answers.limits`), for the answer was cut before.
    options: the legal answers, or items of them. max_items, max_characters: of a list, and of words of the text.
    may_be_empty: a list of labels may be [].
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
    options: tuple[str, ...] = ()
    max_items: int = 0
    max_characters: int = 0
    may_be_empty: bool = False

    def messages(self) -> list[dict[str, str]]:
        """The conversation, as chat endpoints take it; the last message is the text and the question about it."""
        turns = [("system", self.system)]
        for asked, answered in self.examples:
            turns += [("user", asked), ("assistant", answered)]
        turns.append(("user", f"{self.shown.text}\n\n{self.prompt}"))
        return [{"role": role, "content": content} for role, content in turns]


# ---- decode: what the model wrote ----


@dataclass(frozen=True, slots=True)
class Confidence:
    """How sure the model was, from its logits under the grammar; each in 0…1.

    reported: 1 − p(null), where null and a value were both legal.
    value: probability of the chosen value's tokens, null set aside.
    alternatives: (value, probability) of the whole set of choices, where it was asked for.
    agreement: share of the drawn answers that say the same value, where some were drawn.
    """

    reported: float
    value: float
    alternatives: tuple[tuple[Json, float], ...] = ()
    agreement: float | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """What a question cost. A batch's forward pass is shared out over its rows, so passes are fractions.

    ms_model: the prefill that this question was the first to need, ms_prefill, included.
    """

    tokens_prompt: int = 0
    tokens_reused: int = 0
    tokens_sampled: int = 0
    tokens_forced: int = 0
    forward_passes: float = 0.0
    ms_model: float = 0.0
    ms_grammar: float = 0.0
    ms_prefill: float = 0.0


@dataclass(frozen=True, slots=True)
class Completion:
    """What an engine wrote in answer to a question.

    constrained: a grammar held every token, so the text needs no recovery.
    truncated: the cap came first; the text is then the grammar's shortest answer and says nothing.
    scores: log-likelihood of each option that is not much less likely than the best, for form "options".
    error: why there is no text.
    """

    question_id: QuestionId
    text: str
    constrained: bool
    truncated: bool = False
    confidence: Mapping[str, Confidence] = field(default_factory=dict)
    usage: Usage = Usage()
    error: str | None = None
    scores: Mapping[str, float] = field(default_factory=dict)


# ---- recover: what was answered ----


@dataclass(frozen=True, slots=True)
class Answer:
    """One parameter's answer, parsed and valid: `value` is None (not reported) or fits the parameter's schema.

    repairs: names of the repairs that fired on the text, in order.
    error: why there is no answer; then `value` is None and says nothing.
    """

    parameter: str
    value: Json
    unit: str | None = None
    quote: str | None = None
    confidence: Confidence | None = None
    repairs: tuple[str, ...] = ()
    truncated: bool = False
    error: str | None = None


# ---- ground, normalise: what is kept ----


class Status(StrEnum):
    """What the quote says of the value."""

    STATED = "stated"  # it stands there
    DERIVED = "derived"  # computed from quoted numbers
    INFERRED = "inferred"  # a choice whose word or synonym is not in the quote
    UNSUPPORTED = "unsupported"  # a number or text that the quote does not carry
    NOT_REPORTED = "not_reported"  # no value
    FAILED = "failed"  # no answer; `flags` say why


@dataclass(frozen=True, slots=True)
class Evidence:
    """Where a quote stands. start, end: of `Document.text`; boxes: one a line of print, all on `page`."""

    quote: str
    page: int
    start: int
    end: int
    boxes: tuple[Box, ...]
    occurrences: int


@dataclass(frozen=True, slots=True)
class Flag:
    """A named event on a value's way: repair, error, truncated, quote-not-found, not-normalised, unit-assumed, …"""

    kind: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Value:
    """One cell of the table.

    confidence: (1 − p(null)) × the value's probability (of null: p(null)), lowered for each repair; not calibrated.
    sure: what it is made of, as the engine gave it. raw: the value as it was written, before units and spellings.
    """

    value: Json
    status: Status
    confidence: float | None = None
    evidence: Evidence | None = None
    raw: Json = None
    unit: str | None = None
    flags: tuple[Flag, ...] = ()
    sure: Confidence | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """One record of a paper; the paper's own has path ()."""

    label: str | None
    type: str
    values: Mapping[str, Value]
    evidence: Evidence | None = None
    path: RecordPath = ()


@dataclass(frozen=True, slots=True)
class PaperResult:
    """All that is kept of one paper. The first record is the paper's own, its label None."""

    document: str
    file: str
    records: tuple[Record, ...]
    notes: tuple[str, ...] = ()


# ---- what plugins give: named things ----


@dataclass(frozen=True, slots=True)
class Loader:
    """Turns a file into a Document, in a subprocess.

    load: raises LoadError where the file is not readable as this kind.
    version: part of the cache's key; raise it when the text changes.
    """

    load: Callable[[Path], Document]
    version: str
    description: str = ""


class Engine(Protocol):
    """Answers questions. One engine lives for a whole run.

    grammar: "lark", every answer is held by a grammar with verbatim quotes; "json_schema", held by a JSON Schema;
        "none", free text, which goes through the repairs.
    context_tokens: longest prompt and answer together.
    scores_options: True where it answers questions of all forms and gives the likelihoods of options. May be absent:
        then it is asked questions of the forms "parameters" and "records" only.
    """

    grammar: Literal["lark", "json_schema", "none"]
    context_tokens: int

    def count_tokens(self, text: str) -> int:
        """How many tokens `text` takes."""
        ...

    def answer(self, questions: Sequence[Question]) -> Iterator[Completion]:
        """One completion for each question, as they end, in any order. A question that fails has its `error` set."""
        ...

    def describe(self) -> dict[str, Json]:
        """What a run's manifest should hold: model, revision or hash, attention, device, versions."""
        ...

    def close(self) -> None:
        """Gives back memory and connections."""
        ...


EngineFactory = Callable[["EngineSettings"], Engine]


@dataclass(frozen=True, slots=True)
class LocalEngine:
    """An engine factory whose model must be on this machine, and on its GPUs where a job asks for some."""

    make: EngineFactory

    def __call__(self, settings: EngineSettings) -> Engine:
        return self.make(settings)


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """What an engine is made from. options: the `--set engine.KEY=VALUE` pairs; an unknown key is a UsageError."""

    model: str | None = None
    max_new_tokens: int = 512
    attention: str = "auto"
    quantize: str = "none"
    samples: int = 1
    alternatives: bool = False
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class WorkedExample:
    """A question about a made-up paper and the right answer. asked: a parameter, or a list whose records are asked for.

    answer: {"value", "unit"?, "quote"}; None: not reported; for records a list of {"label", "quote"}.
    """

    asked: Parameter | RecordType
    answer: Json
    record: str | None = None


@dataclass(frozen=True, slots=True)
class PromptSet:
    """What the model is told and asked: Jinja templates, and worked examples that show the form of an answer.

    system: the rules, told once; gets `records`, what a paper has several of.
    strict: rules of writing, put after `system` for engines that no grammar holds.
    parameters: a question; gets `parameters`, `record` (its label, or None: of the paper) and `shape` (of the answer).
    records: the question which records there are; gets `name` and `description` of the list, `record` (the one that
        they belong to, or None), `after` (the last label that is known, or None) and `example` (a label).
    example_paper: what the examples are about.
    """

    system: str
    strict: str
    parameters: str
    records: str
    example_paper: str = ""
    examples: tuple[WorkedExample, ...] = ()
    description: str = ""


@dataclass(frozen=True, slots=True)
class Repair:
    """Mends one kind of malformed text.

    mend: returns the text mended, or unchanged where it has nothing to mend; or, where it may be read in several ways,
        all of them (readings that lead to different answers are refused).
    """

    mend: Callable[[str], str | Sequence[str]]
    description: str = ""


@dataclass(frozen=True, slots=True)
class Normaliser:
    """Brings a raw value to its stored form. normalise(value, unit, parameter) → value; ValueError where it cannot."""

    normalise: Callable[[Json, str | None, Parameter], Json]
    description: str = ""


@dataclass(frozen=True, slots=True)
class Exporter:
    """Writes results. binary: the output is bytes and needs a file."""

    export: Callable[[Sequence[PaperResult], ParameterSet, Any], None]
    description: str = ""
    binary: bool = False

"""What plugins give: named things."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from dsx.types.answer import Completion
from dsx.types.decision import Slot
from dsx.types.document import Document, Json
from dsx.types.parameter import ChoicesAsked, Parameter, ParameterSet, RecordType
from dsx.types.question import Question
from dsx.types.result import Failure, PaperResult, Value


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
    """

    grammar: Literal["lark", "json_schema", "none"]
    context_tokens: int

    def count_tokens(self, text: str) -> int:
        """How many tokens `text` takes."""
        ...

    def answer(self, questions: Sequence[Question]) -> Iterator[Completion]:
        """One completion for each question, as they end, in any order. A question that fails has its `error` set.

        questions: of papers in flight; a paper is loaded when its questions are come to, all are where len() is asked.
        """
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
    """An engine factory whose model must be on this machine, and on its GPUs where a job asks for some.

    without_model: for `--dry-run`, makes an engine that counts tokens as the model does and answers nothing.
        None: `make` makes that too.
    takes_biases: it heeds a prior weight and a null bias. Where an engine does not, a model's own are left out.
    check: raises UsageError for settings that `make` refuses without looking at a model; called where options were
        typed, before what takes long. None: nothing is checked before `make`.
    """

    make: EngineFactory
    without_model: EngineFactory | None = None
    takes_biases: bool = False
    check: Callable[[EngineSettings], object] | None = None

    def __call__(self, settings: EngineSettings) -> Engine:
        return self.make(settings)


@dataclass(frozen=True, slots=True)
class NamedModel:
    """A local model that a plugin brings, and how it is best asked.

    folder: gives the folder of its weights and tokenizer, and makes it where it is not there yet. Raises ModelError.
    prompt_set, passage_tokens, whole_papers, choices, readings: of the recipe, where it says nothing else.
    prior_weight, null_bias: so too, for an engine that heeds them (`LocalEngine`).
    calibration: by kind of parameter ("" is for all others) slope and intercept of a logistic curve: from the log-odds
        of a confidence to those of the value being right. Empty: not fitted.
    is_default: taken where no model is named.
    """

    folder: Callable[[], Path]
    prompt_set: str = "default"
    passage_tokens: int = 1000
    whole_papers: bool = True
    prior_weight: float = 0.0
    null_bias: float = 0.0
    choices: ChoicesAsked = "each"
    readings: int = 1
    calibration: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    is_default: bool = False
    description: str = ""


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """What an engine is made from. options: the `--set KEY=VALUE` pairs; an unknown key is a UsageError.

    model: its name. folder: where it is, if a plugin brings it.
    memory_budget: of each device, as `--memory-budget` is typed. None: the engine's own.
    """

    model: str | None = None
    folder: Path | None = None
    max_new_tokens: int = 512
    attention: str = "auto"
    quantize: str = "none"
    samples: int = 1
    alternatives: bool = False
    prior_weight: float = 0.0
    null_bias: float = 0.0
    options: Mapping[str, str] = field(default_factory=dict)
    memory_budget: str | None = None


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
        they belong to, or None), `after` (the last label that is known, or None), `example` (a label), `quoted` (the
        answer is a list of {"label", "quote"}, else of labels, or null) and `may_be_empty` ([] is an answer).
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
    """Brings a raw value to its stored form. normalise(value, unit, parameter) → value; ValueError where it cannot.

    takes: `range`: of texts only ranges of two numbers ("18–34", "19 and 30"), so that such a text is one of those that
        stand in the paper.
    """

    normalise: Callable[[Json, str | None, Parameter], Json]
    description: str = ""
    takes: Literal["any", "range"] = "any"


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """What the person who exports has chosen, and what a run has beside its results.

    evidence: the parts of each value beside it. long: one row a value. excel: as spreadsheets open it right.
    failures: the papers that have no result. machine: what the run stored for the values that reviewers decided on.
    papers: the folder of the papers, for links to their pages, as a link from the file that is written.
    """

    evidence: bool = False
    long: bool = False
    excel: bool = False
    failures: tuple[Failure, ...] = ()
    machine: Mapping[Slot, Value] = field(default_factory=dict)
    papers: str = ""


NO_OPTIONS = ExportOptions()


@dataclass(frozen=True, slots=True)
class Exporter:
    """Writes results, which are read from the run as they are iterated over.

    export: gets (results, parameters, out), and the ExportOptions as a fourth where `options` is not empty.
    binary: the output is bytes and needs a file. suffixes: of files that are written in this format, with the dot.
    options: names of the ExportOptions that it heeds. A person who chooses another is told that it does not.
    is_own: whether a file is an export of this kind, which may be overwritten.
    """

    export: Callable[..., None]
    description: str = ""
    binary: bool = False
    suffixes: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    is_own: Callable[[Path], bool] | None = None

    def write(self, results: Sequence[PaperResult], parameters: ParameterSet, out: Any, options: ExportOptions) -> None:
        """Calls `export` with what it takes."""
        if self.options:
            self.export(results, parameters, out, options)
        else:
            self.export(results, parameters, out)

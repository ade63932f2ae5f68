"""The promises of each kind of thing."""

from __future__ import annotations

import io
import json
import pickle
import random
import re
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from dsx.answers.calibration import NULL
from dsx.conformance.outcome import Outcome, Unchecked, attempt, demand
from dsx.errors import LoadError, ModelError, UsageError
from dsx.load.isolate import reference
from dsx.plugins import Plugins
from dsx.plugins.registry import PluginReport
from dsx.recipe import Recipe
from dsx.schema import Kind
from dsx.types import (
    NO_OPTIONS,
    Completion,
    Engine,
    EngineFactory,
    EngineSettings,
    Exporter,
    Flag,
    Loader,
    NamedModel,
    Normaliser,
    Order,
    PaperResult,
    Parameter,
    ParameterSet,
    Places,
    PromptSet,
    Question,
    QuestionId,
    Record,
    RecordType,
    Repair,
    Shown,
    Status,
    Value,
)  # fmt: skip

if TYPE_CHECKING:
    import click

CAP = 512
"""Tokens of one answer, as a recipe has it by default."""
NAME = re.compile(r"[a-z0-9][a-z0-9_.-]*")
NUMBER = Parameter("n_total", {"type": "integer", "minimum": 0, "maximum": 100_000}, "the number of participants")
TEXT = Parameter("posture", {"type": "string", "maxLength": 80}, "how the participants sat or stood")
VALID = (
    '{"value": 16, "quote": "said \\"go\\", then // left"}',
    '{"a": {"value": [1, -2.5e3, null], "quote": "it\'s {so}, [or] \\\\ not"}, "b": true}',
)


def name(given: str) -> None:
    """Names are typed on the command line and stand in files' names."""
    demand(bool(NAME.fullmatch(given)), f"{given!r}: lower-case letters, digits, '-', '_' and '.' only")


# ---- parameter sets ----


def parameter_set(about: str, given: ParameterSet, plugins: Plugins) -> Iterator[Outcome]:
    """Its schemas are schemas, its choices fit them, its normalisers exist."""
    yield from attempt(about, "its schema is a JSON Schema", lambda: _schema(given.schema))
    yield from attempt(about, "its parameters can be asked", lambda: _parameters(given.root, plugins))
    yield from attempt(about, f"its answers fit {CAP} tokens", lambda: _fits(given))
    yield from attempt(about, "pickles", lambda: pickle.loads(pickle.dumps(given)))


def _fits(given: ParameterSet) -> None:
    from dsx.ask.plan import too_long

    for problem in too_long(given, CAP):
        demand(False, problem)


def _schema(schema: Any) -> None:
    import jsonschema

    jsonschema.Draft202012Validator.check_schema(schema)


def _parameters(kind: RecordType, plugins: Plugins) -> None:
    import jsonschema

    names = [parameter.name for parameter in kind.parameters]
    twice = {each for each in names if names.count(each) > 1}
    demand(not twice, f"{', '.join(sorted(twice))} twice in {kind.name or 'the paper'}")
    demand(bool(names or kind.children), f"{kind.name or 'the paper'} has no parameters")
    for parameter in kind.parameters:
        _schema(parameter.schema)
        validator = jsonschema.Draft202012Validator(parameter.schema)
        items = parameter.schema.get("items")
        one = jsonschema.Draft202012Validator(items) if isinstance(items, dict) else validator
        for choice in parameter.choices:
            fits = validator.is_valid(choice.value) or one.is_valid(choice.value)
            demand(fits, f"{parameter.name}: the choice {choice.value!r} does not fit the schema")
        demand(
            not validator.is_valid(None), f"{parameter.name}: null is 'not reported', so the schema must not allow it"
        )
        demand(bool(parameter.description), f"{parameter.name} has no description, and the model is told nothing else")
        for each in parameter.normalisers:
            demand(each in plugins.normalisers, f"{parameter.name}: no normaliser {each!r}")
    for child in kind.children:
        _parameters(child, plugins)


# ---- loaders ----


def loader(about: str, given: Loader) -> Iterator[Outcome]:
    """It runs in a process of its own, and a bad file is a LoadError, nothing else."""
    yield from attempt(about, "has a version", lambda: demand(bool(given.version), "raise it when the text changes"))
    yield from attempt(about, "can be sent to a process of its own", lambda: reference(given))
    for what, content in {"an empty file": b"", "random bytes": random.Random(1).randbytes(4000)}.items():
        yield from attempt(about, f"refuses {what} with a LoadError", lambda content=content: _refuses(given, content))  # type: ignore[misc]


def _refuses(given: Loader, content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bad"
        path.write_bytes(content)
        try:
            given.load(path)
        except LoadError as problem:
            demand(len(str(problem).splitlines()) == 1, "its message is not one line")
        else:
            demand(False, "it made a document of it")


FILES = {
    "empty.bin": b"",
    "random.bin": random.Random(3).randbytes(4000),
    "paper.pdf": b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n"
    b"trailer<</Root 1 0 R>>\n%%EOF\n",
    "notes.txt": b"Sixteen people took part.\n",
}
"""What find_loader is asked about."""


def finder(plugins: Plugins, report: PluginReport) -> None:
    """It answers for any file, with None or the name of a loader that somebody registers."""
    with tempfile.TemporaryDirectory() as folder:
        for each, content in FILES.items():
            path = Path(folder) / each
            path.write_bytes(content)
            plugins.find_loader(path, plugin=report.name)
    wrong = [problem for problem in report.problems if problem.startswith("find_loader(")]
    demand(not wrong, "; ".join(wrong))


# ---- engines ----


def engine(about: str, given: EngineFactory) -> Iterator[Outcome]:
    """Unknown options are errors; N questions give N completions, each with its question's key."""
    yield from attempt(about, "refuses an unknown option with a UsageError", lambda: _refuses_option(given))
    yield from attempt(about, "answers N questions with N completions", lambda: _answers(given))


def _refuses_option(given: EngineFactory) -> None:
    try:
        made = given(EngineSettings(options={"no-such-option": "1"}))
    except ModelError as problem:
        raise Unchecked(str(problem)) from None
    except UsageError:
        return
    made.close()
    demand(False, "--set no-such-option=1 passed without a word")


def _answers(given: EngineFactory) -> None:
    try:
        made = given(EngineSettings(max_new_tokens=64))
    except UsageError as problem:
        raise Unchecked(str(problem)) from None
    try:
        demand(made.grammar in ("lark", "json_schema", "none"), f"grammar is {made.grammar!r}")
        demand(made.context_tokens > 0, "context_tokens is not positive")
        demand(made.count_tokens("one two three") > 0, "count_tokens counts nothing")
        json.dumps(made.describe())
        _questions(made)
    finally:
        made.close()


def _questions(made: Engine) -> None:
    shown = Shown("Sixteen participants (n = 16) took part. They were seated.", (), True)
    asked = [
        Question(
            QuestionId(paper, names=(each.name,)), "Answer with JSON.", shown, f"{each.name}?", "parameters", (each,)
        )
        for paper, each in (("first", NUMBER), ("second", TEXT), ("third", NUMBER))
    ]
    completions = list(made.answer(asked))
    answered = Counter(completion.question_id for completion in completions)
    wanted = Counter(question.id for question in asked)
    demand(answered == wanted, f"3 questions gave completions for {list(map(str, answered))}")
    for completion in completions:
        demand(
            completion.error is not None or bool(completion.text), f"{completion.question_id}: neither text nor error"
        )
        if made.grammar != "none" and completion.constrained and not completion.truncated and completion.error is None:
            _valid(completion, next(question for question in asked if question.id == completion.question_id))
    demand(list(made.answer([])) == [], "no questions gave a completion")
    if made.grammar == "lark":
        _takes_a_place(made, asked[0])


def _takes_a_place(made: Engine, question: Question) -> None:
    """An answer that may only be one of those that stand in the text is one of them, or null."""
    options = tuple(f'{{"value":{value},"quote":"Sixteen participants (n = 16) took part."}}' for value in (16, 17))
    (completion,) = made.answer([replace(question, places=Places("answer", options))])
    legal = [None, *map(json.loads, options)]
    failed = completion.error is not None or completion.truncated
    demand(failed or json.loads(completion.text) in legal, f"{completion.text[:200]!r} is none of its places")


def _valid(completion: Completion, question: Question) -> None:
    """What an engine says a grammar held must validate as it is, for no repair is counted on it."""
    from dsx.recover import recover
    from dsx.schema import validates

    for answer in recover(completion, question, (), validates):
        demand(answer.error is None, f"{answer.parameter}: {answer.error}; the answer was {completion.text[:200]}")


# ---- prompt sets ----


def prompt_set(about: str, given: PromptSet) -> Iterator[Outcome]:
    """Its templates render, a question names what it asks for, and its examples quote their paper."""
    yield from attempt(about, "names what it asks for", lambda: _asks(given))
    yield from attempt(about, "has examples that quote their paper", lambda: _examples(given))


def _asks(given: PromptSet) -> None:
    from dsx.ask.prompt import Prompts

    kind = RecordType("studies", "A study has people of its own.", (NUMBER,))
    for order in get_args(Order):
        prompts = Prompts(given, order, places=False)
        demand(bool(prompts.system(kind, strict=True).strip()), "its system prompt is empty")
        question = prompts.parameters([NUMBER, TEXT], "Study 2")
        for needed in (NUMBER.name, TEXT.name, NUMBER.description, "Study 2"):
            demand(needed in question, f"a question about {NUMBER.name} and {TEXT.name} of Study 2 lacks {needed!r}")
        listing = prompts.records(kind, None, "Study 7")
        for needed in ("studies", kind.description, "Study 7"):
            demand(needed in listing, f"the question for the studies after Study 7 lacks {needed!r}")


def _examples(given: PromptSet) -> None:
    for example in given.examples:
        parts = example.answer if isinstance(example.answer, list) else [example.answer]
        for quote in (part["quote"] for part in parts if part is not None):
            demand(quote in given.example_paper, f"the quote {quote!r} does not stand in example_paper")


# ---- models ----


def model(about: str, given: NamedModel, plugins: Plugins) -> Iterator[Outcome]:
    """What it is asked with exists, and its folder holds a model."""
    yield from attempt(about, "is asked in ways that there are", lambda: _ways(given, plugins))
    yield from attempt(about, "has a folder that holds a model", lambda: _folder(given))


def _ways(given: NamedModel, plugins: Plugins) -> None:
    demand(given.prompt_set in plugins.prompt_sets, f"no prompt set {given.prompt_set!r}")
    ways = ("passage_tokens", "prior_weight", "null_bias", "choices", "readings")
    Recipe.read(schema_name="check", **{way: getattr(given, way) for way in ways})
    for kind, curve in given.calibration.items():
        demand(kind in ("", NULL, *get_args(Kind)), f"calibration: no kind of parameter {kind!r}")
        demand(len(curve) == 2, f"calibration of {kind!r}: {curve!r} is no slope and intercept")


def _folder(given: NamedModel) -> None:
    try:
        folder = given.folder()
    except ModelError as problem:
        raise Unchecked(str(problem)) from None
    demand((folder / "config.json").is_file() or bool(list(folder.glob("*.gguf"))), f"{folder} holds no model")


# ---- repairs ----


def repair(about: str, given: Repair) -> Iterator[Outcome]:
    """Valid JSON stays what it is; any text gives text, soon."""
    yield from attempt(about, "leaves valid JSON as it is", lambda: _leaves_valid(given))
    yield from attempt(about, "takes any text, in 50 ms", lambda: _takes_any(given))


def _leaves_valid(given: Repair) -> None:
    for text in VALID:
        mended = given.mend(text)
        demand(isinstance(mended, str) and json.loads(mended) == json.loads(text), f"{text} became {mended!r}")


def _takes_any(given: Repair) -> None:
    draw = random.Random(2)
    for _ in range(200):
        text = "".join(draw.choices("{}[]\"':,\\\n ab1−“”/#", k=draw.randint(0, 300)))
        start = time.process_time()
        mended = given.mend(text)
        seconds = time.process_time() - start
        texts = [mended] if isinstance(mended, str) else list(mended)
        demand(all(isinstance(each, str) for each in texts), f"{text!r} gave {type(mended).__name__}")
        demand(seconds < 0.05, f"{1000 * seconds:.0f} ms for {text!r}")


# ---- normalisers, exporters, commands ----


def normaliser(about: str, given: Normaliser) -> Iterator[Outcome]:
    """A value, or ValueError; nothing else."""

    def check() -> None:
        for value, unit, parameter in (
            (16, None, NUMBER),
            ("Seated", None, TEXT),
            (8.5, "cm", NUMBER),
            ([1], "x", TEXT),
        ):
            try:
                json.dumps(given.normalise(value, unit, parameter))
            except ValueError as problem:
                demand(bool(str(problem)), f"a ValueError for {value!r} without a reason")

    def check_range() -> None:
        made = given.normalise("18–34", None, TEXT)
        demand(isinstance(made, str), f"it makes {made!r} of '18–34', which is no text")

    yield from attempt(about, "gives a value or a ValueError", check)
    known = given.takes in ("any", "range")
    yield from attempt(
        about, "says what it takes", lambda: demand(known, f"{given.takes!r} is neither 'any' nor 'range'")
    )
    if given.takes == "range":
        yield from attempt(about, "takes a range of numbers", check_range)


def exporter(about: str, given: Exporter) -> Iterator[Outcome]:
    """It writes no results, and some, each kind of status among them."""
    kind = RecordType("", "", (NUMBER, TEXT))
    parameters = ParameterSet("check", "", {}, kind)
    values = {"n_total": Value(16, Status.STATED, 0.9), "posture": Value(None, Status.NOT_REPORTED)}
    failed = {**values, "posture": Value(None, Status.FAILED, flags=(Flag("timed out"),))}
    papers = {"a.pdf": values, "b.pdf": failed}
    results = [PaperResult(f"{name[0] * 64}", name, (Record(None, "", each),)) for name, each in papers.items()]

    def check(given_results: list[PaperResult]) -> None:
        with tempfile.TemporaryFile() as binary:
            out: Any = binary if given.binary else io.StringIO()
            given.write(given_results, parameters, out, NO_OPTIONS)
            demand(
                not given_results or (binary.tell() if given.binary else len(out.getvalue())) > 0, "it wrote nothing"
            )

    yield from attempt(about, "writes no results", lambda: check([]))
    yield from attempt(about, "writes results", lambda: check(results))


def command(about: str, given: click.Command) -> Iterator[Outcome]:
    """It has a help text, which is shown without running it."""
    from click import Context

    def check() -> None:
        demand(bool(given.get_short_help_str()), "write one: `dsx NAME --help` shows it")
        given.get_help(Context(given, info_name="dsx"))

    yield from attempt(about, "has a help text", check)

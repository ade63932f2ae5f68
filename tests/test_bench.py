"""`dsx bench`: the real pipeline with a small model that has no weights."""

from __future__ import annotations

import json
import re
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import Mock

import pytest
from click.testing import CliRunner

from dsx.answers.grammar import lark
from dsx.bench import measure
from dsx.bench.floor import Speeds, Weights, weights_of
from dsx.bench.measure import Answers, Counts, Measurement
from dsx.bench.options import Options
from dsx.bench.report import duration, prediction
from dsx.bench.work import paper_text, parameter_set, record_counts
from dsx.cli.bench import command
from dsx.engines.local.shapes import SHAPES, write_shape
from dsx.errors import UnknownName, UsageError
from dsx.plugins import load_plugins
from dsx.recipe import Recipe
from dsx.schema import read
from dsx.types import Completion, Json, Parameter, Passage, Question, QuestionGroups, QuestionId, Shown


@pytest.fixture
def weightless(random_folder: str, tmp_path: Path) -> Path:
    """The small random model's configuration and tokenizer."""
    folder = tmp_path / "weightless"
    shutil.copytree(random_folder, folder, ignore=shutil.ignore_patterns("*.safetensors"))
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("work", ["placed", "written"])
def test_the_pipeline_is_timed_without_weights(weightless: Path, tmp_path: Path, work: str) -> None:
    papers = 1 if work == "written" else 2
    told = ["--model", str(weightless), "--random-weights", "--papers", papers, "--tokens", 400, "--records", 1.5]
    told += ["--work", work, "--engine", "transformers", "--keep", tmp_path / "kept", "--json"]
    done = CliRunner().invoke(command, [str(word) for word in told], standalone_mode=False)
    assert done.exception is None, done.output
    report = json.loads(done.stdout.splitlines()[-1])
    assert report["failed"] == 0
    assert report["questions"] == (3 if work == "written" else 2 * (4 + 1) + 3 * (19 + 5))
    assert report["seconds"] >= report["prefill_seconds"] + report["decode_seconds"] > 0
    assert report["ratio"] > 1
    start = report["start_seconds"]
    assert 0 < start < report["seconds"]
    expected = report["load_seconds"] + start + 100 * (report["seconds"] - start) / papers
    assert (report["predicted"]["papers"], report["predicted"]["seconds"]) == (100, pytest.approx(expected))
    assert report["predicted"]["processor_seconds"] > 100 * report["processor_seconds"] / papers > 0
    if work == "written":
        assert report["sampled"] + report["forced"] == 384
    else:
        assert 0.2 < report["null_share"] < 0.6
    assert len(list((tmp_path / "kept" / "papers").iterdir())) == papers


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (["--shape=smollm2-135m", "--engine=nope"], "no engine 'nope'"),
        (["--model=/nope"], "no model folder /nope"),
        ([], r"name the model to time: --shape .*smollm2-135m.*dsx bench --shape"),
        (["--shape=a", "--model=b"], "not both"),
    ],
)
def test_nothing_is_timed_until_one_model_and_engine_are_named(typed: list[str], said: str) -> None:
    done = CliRunner().invoke(command, typed, standalone_mode=False)
    assert isinstance(done.exception, UsageError)
    assert re.search(said, str(done.exception))


def test_an_option_is_refused_before_the_machine_is_measured(weightless: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", "/nothing/is/measured")
    typed = ["--model", str(weightless), "--random-weights", "--engine", "transformers", "--set", "rows=x"]
    done = CliRunner().invoke(command, typed, standalone_mode=False)
    assert isinstance(done.exception, UsageError)
    assert str(done.exception).startswith("engine transformers: --set rows takes a whole number")


def test_the_parameter_set_and_the_papers() -> None:
    parameters = read(parameter_set(), "bench").root
    assert len(parameters.all_parameters()) == 24
    counts = record_counts(18, 2.4)
    assert len(counts) == 18
    assert sum(counts) == round(18 * 2.4)
    text = paper_text(3, 2000, 3, lambda text: len(text) // 4)
    assert text == paper_text(3, 2000, 3, lambda text: len(text) // 4)
    assert 1900 < len(text) // 4 < 2400
    assert [f"## Experiment {number}" in text for number in (1, 2, 3, 4)] == [True, True, True, False]


@pytest.mark.parametrize(("name", "billions"), [("qwen3-0.6b", 0.596), ("qwen3-32b", 32.76), ("qwen2.5-72b", 72.7)])
def test_shapes_have_the_parameters_of_their_models(
    embedded_folder: str, tmp_path: Path, name: str, billions: float
) -> None:
    write_shape(name, tmp_path)
    weights = weights_of(tmp_path, 2)
    head = SHAPES[name][1]["vocab_size"] * SHAPES[name][1]["hidden_size"]
    tables = head if SHAPES[name][1]["tie_word_embeddings"] else 2 * head
    assert (weights.layer_parameters + tables) / 1e9 == pytest.approx(billions, rel=0.003)
    assert weights.step_bytes == 2 * (weights.layer_parameters + head)


def test_a_padded_tokenizer_reads_as_the_embedded_one(embedded_folder: str, tmp_path: Path) -> None:
    from transformers import AutoTokenizer

    write_shape("qwen3-0.6b", tmp_path)
    padded, plain = AutoTokenizer.from_pretrained(tmp_path), AutoTokenizer.from_pretrained(embedded_folder)
    text = "In Experiment 1, 24 people (q049152x) took part."
    assert len(padded) == 151_936
    assert padded(text)["input_ids"] == plain(text)["input_ids"]
    with pytest.raises(UnknownName, match=r"no shape 'qwen4'; there are: qwen2\.5-72b"):
        write_shape("qwen4", tmp_path)


def test_the_floor_is_reading_or_computing() -> None:
    weights, speeds = Weights(1000, 4000), Speeds(bandwidth=1000, flops=1000)
    assert weights.prefill_seconds(10, speeds) == 20
    assert weights.decode_seconds(10, 4, speeds) == 40
    assert weights.decode_seconds(1, 4, speeds) == 8
    assert weights.decode_seconds(10, 4, speeds, devices=2) == 20


def test_a_question_that_reads_many_tokens_has_prefilled_a_text() -> None:
    counts, event = Counts(), {"event": "question", "document": "d", "forward_passes": 0.5, "ms_model": 2.0}
    event |= {"ms_prefill": 1.0, "ms_grammar": 0.5, "tokens_sampled": 2, "tokens_forced": 3, "tokens_prompt": 1050}
    for reused in (1000, 100, 1000):
        counts.add({**event, "tokens_reused": reused})
    counts.add({"event": "paper"})
    assert (counts.questions, counts.prefilled, counts.computed) == (3, 950, 50 + 50 + 3 * 5)


def test_what_is_done_once_a_run_is_predicted_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A made-up engine: 40 s to load, 13 s to compile with the first papers, of which the first is read in 2 s; each
    takes 2.5 s, and 1.5 s of prefill."""
    asked: list[tuple[int, int]] = []

    def timed(papers: Sequence[Path], folder: object, work: str, in_flight: int) -> Measurement:
        counts = Counts(prefill_seconds=sum(1.5 for path in papers if path.parent.name == "papers"))
        counts.reads = [10_000 if path.parent.name == "papers" else 10 for path in papers] + [10]
        seconds = 2.0 + 2.5 * len(papers) + counts.prefill_seconds + (0.0 if asked else 13.0)
        asked.append((len(papers), in_flight))
        return Measurement({}, 40.0, seconds, 50.0, 2 * seconds, len(papers), counts, {}, (), 2.0)

    @contextmanager
    def loaded(*_: object) -> Iterator[SimpleNamespace]:
        names = [*(f"first/{n}" for n in range(6)), *(f"papers/{n}" for n in range(6))]
        yield SimpleNamespace(open_run=lambda run: run, papers=dict.fromkeys(map(Path, names), 2), time=timed)

    monkeypatch.setattr(measure, "loaded", loaded)
    options = Options(papers=6, papers_in_flight=18)
    measured = measure.measure(Recipe(schema_name="none"), load_plugins(), lambda count: {}, tmp_path, options)
    assert asked == [(6, 18), (6, 18)], "batches are as large as they will be"
    seconds, processor = measured.predicted(18)
    assert seconds == pytest.approx(40 + 13 + 2 + 18 * (2.5 + 1.5), rel=0.01)
    assert processor == pytest.approx(50 + 2 * (13 + 18 * (2 / 6 + 2.5 + 1.5)), rel=0.01)


def test_the_first_question_is_that_of_the_first_paper_that_is_read() -> None:
    shown = Shown("Two cups.", (Passage(0, 9),), True)
    question = Question(QuestionId("d"), "s", shown, "?", "parameters", (Parameter("n", {"type": "integer"}),))
    read: list[float] = []

    def groups() -> Iterator[Sequence[Question]]:
        yield []  # of papers that are read already: none
        time.sleep(0.05)
        read.append(time.perf_counter())
        yield [question]

    engine = Mock(answer=lambda questions: [Completion(each.id, "2", True) for each in questions])
    counts = Counts()
    assert [done.text for done in Answers(engine, None, counts)(QuestionGroups(groups()))] == ["2"]
    assert counts.first_asked is not None
    assert counts.first_asked >= read[0]


def test_a_question_that_null_does_not_answer() -> None:
    shown, parameter = Shown("Two cups.", (Passage(0, 9),), True), Parameter("n", {"type": "integer"})
    question = Question(QuestionId("d"), "s", shown, "?", "parameters", (parameter,), may_be_null=False)
    assert '"null"' not in lark(question)


def test_what_a_run_takes_is_said_in_words() -> None:
    def report(engine: str, seconds: float) -> dict[str, Json]:
        return {"engine": {"engine": engine}, "predicted": {"papers": 100, "seconds": seconds}}

    assert prediction([report("a", 4200)]) == "A run of 100 such papers takes about 1 h 10 min on this machine."
    both = prediction([report("a", 4200), report("b", 61)])
    assert both == "A run of 100 such papers takes about 1 h 10 min with a, 1 min 1 s with b on this machine."


def test_a_duration() -> None:
    assert [duration(seconds) for seconds in (61, 3700)] == ["1 min 1 s", "1 h 1 min"]

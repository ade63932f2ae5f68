"""One engine at the work: the pipeline of `dsx extract` over made-up papers, timed."""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from dsx.bench.machine import Machine, processor_seconds
from dsx.bench.options import Options
from dsx.bench.work import labels_answer
from dsx.bench.written import written_rounds
from dsx.errors import RunError
from dsx.load import document_id
from dsx.pipeline import Pipeline
from dsx.plugins import Plugins
from dsx.recipe import Recipe
from dsx.run.job import at_work, make_engine
from dsx.run.loop import run_papers
from dsx.run.plan import check_recipe, manifest_of
from dsx.run.progress import show_progress
from dsx.store import RunFolder, open_run
from dsx.types import Completion, Engine, Json, Question, QuestionGroups, QuestionId, groups_of

SUFFIX_SPREAD = 256
"""Tokens by which questions differ in length. One that reads so many more than the shortest has prefilled a text."""


@dataclass(slots=True)
class Counts:
    """Sums over the questions' log. reads: tokens of each prompt that were in no cache. first_asked: when; seconds of
    `time.perf_counter`."""

    questions: int = 0
    failed: int = 0
    nulls: int = 0
    sampled: int = 0
    forced: int = 0
    reads: list[int] = field(default_factory=list)
    passes: float = 0.0
    model_seconds: float = 0.0
    prefill_seconds: float = 0.0
    grammar_seconds: float = 0.0
    first_asked: float | None = None

    @property
    def prefilled(self) -> int:
        """Tokens of the texts that were prefilled."""
        least = min(self.reads, default=0) + SUFFIX_SPREAD
        return sum(read for read in self.reads if read > least)

    @property
    def computed(self) -> int:
        """All other tokens that the model read."""
        return sum(self.reads) - self.prefilled + self.sampled + self.forced

    def add(self, event: Mapping[str, Json]) -> None:
        """A question's event; others are passed over."""
        if event.get("event") != "question":
            return
        usage = {key: float(value) for key, value in event.items() if isinstance(value, int | float)}
        self.questions += 1
        self.failed += "error" in event
        self.sampled += int(usage["tokens_sampled"])
        self.forced += int(usage["tokens_forced"])
        self.passes += usage["forward_passes"]
        self.model_seconds += usage["ms_model"] / 1e3
        self.prefill_seconds += usage["ms_prefill"] / 1e3
        self.grammar_seconds += usage["ms_grammar"] / 1e3
        self.reads.append(int(usage["tokens_prompt"] - usage["tokens_reused"]))


@dataclass(frozen=True, slots=True)
class Measurement:
    """What one engine took. load_seconds: loading, and what else is done once a run. memory: by device, bytes in use
    at the end. plan: what the engine planned to use. start_seconds: of `seconds`, before the first question."""

    engine: Mapping[str, Json]
    load_seconds: float
    seconds: float
    load_processor_seconds: float
    processor_seconds: float
    papers: int
    counts: Counts
    memory: Mapping[str, int]
    plan: Sequence[str]
    start_seconds: float = 0.0

    def with_once(self, short: Measurement) -> Measurement:
        """The same after short papers that were the first of the process, whose excess is added to what is done once.

        Compiling, capturing graphs, first use and questions without a text are in it. Short papers have as many
        questions as these and less text: but for that excess they take what these took, less the prefill of the rest.
        """
        prefill, prefilled = self.counts.prefill_seconds, max(self.counts.prefilled, 1)
        reading = prefill * min(short.counts.prefilled / prefilled, 1.0)
        usual = (self.seconds - prefill) * short.papers / self.papers + reading
        working = self.processor_seconds * usual / self.seconds
        return replace(
            self,
            load_seconds=self.load_seconds + max(short.seconds - usual, 0.0),
            load_processor_seconds=self.load_processor_seconds + max(short.processor_seconds - working, 0.0),
        )

    def predicted(self, papers: int) -> tuple[float, float]:
        """Seconds, and processor seconds, of a run of so many such papers."""
        share = papers / self.papers
        processor = self.load_processor_seconds + share * self.processor_seconds
        return self.load_seconds + self.working_seconds(papers), processor

    def working_seconds(self, papers: int) -> float:
        """Of so many such papers, without loading. The first is read while the model waits, the others meanwhile."""
        return self.start_seconds + papers / self.papers * (self.seconds - self.start_seconds)


@dataclass(frozen=True, slots=True)
class Answers:
    """The engine's answers.

    records: by document. Where they are given, the lists of records say so many, and half of the other questions may
    not be answered by null: drawn among all that is legal, two of three answers would be null. None: as the model says.
    """

    engine: Engine
    records: Mapping[str, int] | None
    counts: Counts

    def __call__(self, questions: Sequence[Question]) -> Iterator[Completion]:
        """As `Engine.answer`."""
        by_id: dict[QuestionId, Question] = {}

        def asked() -> Iterator[Sequence[Question]]:
            for group in groups_of(questions):
                by_id.update((question.id, question) for question in group)
                if group and self.counts.first_asked is None:  # the first group may be empty: nothing is read yet
                    self.counts.first_asked = time.perf_counter()
                yield group if self.records is None else [_with_value(question) for question in group]

        for completion in self.engine.answer(QuestionGroups(asked())):
            question = by_id[completion.question_id]
            self.counts.nulls += completion.text == "null"
            if self.records is not None and question.form == "labels" and completion.error is None:
                completion = replace(completion, text=labels_answer(self.records[question.id.document]))
            yield completion


def _with_value(question: Question) -> Question:
    """The question; if its id says so, one that null does not answer."""
    return replace(question, may_be_null=zlib.crc32(repr(question.id).encode()) % 2 == 0 and question.may_be_null)


@dataclass(slots=True)
class Loaded:
    """An engine, and the papers that it is to do. records: of each document, where the weights are random.

    load_seconds: of loading alone.
    """

    recipe: Recipe
    plugins: Plugins
    engine: Engine
    papers: Mapping[Path, int]
    records: Mapping[str, int] | None
    machine: Machine
    load_seconds: float = 0.0
    load_processor_seconds: float = 0.0

    def open_run(self, run: Path) -> RunFolder:
        """An empty run folder."""
        parameters = check_recipe(self.recipe, self.plugins)
        return open_run(run, {**manifest_of(self.recipe, parameters, self.plugins), "engine": self.engine.describe()})

    def time(self, papers: Sequence[Path], folder: RunFolder, work: str, in_flight: int) -> Measurement:
        """Has them done. Raises RunError where a paper fails."""
        counts, processor = Counts(), processor_seconds()
        pipeline = Pipeline(self.recipe, check_recipe(self.recipe, self.plugins), self.plugins, self.engine, counts.add)
        fill = pipeline.fill_file if work == "placed" else partial(written_rounds, pipeline)
        answer, before = Answers(self.engine, self.records, counts), time.perf_counter()
        with closing(pipeline), show_progress(len(papers)) as progress:
            ahead = pipeline.read_ahead
            summary = run_papers(papers, fill, answer, folder, progress, in_flight=in_flight, read_ahead=ahead)
        if summary.trouble is not None:
            raise summary.trouble
        if summary.done < len(papers):
            raise RunError(f"{len(papers) - summary.done} papers were not done: {'; '.join(summary.lines())}")
        seconds, working = time.perf_counter() - before, processor_seconds() - processor
        loading, plan = self.load_processor_seconds, [str(device) for device in getattr(self.engine, "memory", ())]
        return Measurement(
            self.engine.describe(), self.load_seconds, seconds, loading, working, len(papers), counts,
            self.machine.memory(), plan, (counts.first_asked or before) - before,
        )  # fmt: skip


@contextmanager
def loaded(
    recipe: Recipe,
    plugins: Plugins,
    write: Callable[[Callable[[str], int]], Mapping[Path, int]],
    options: Options,
) -> Iterator[Loaded]:
    """The engine, and the papers that `write` makes, given how tokens are counted."""
    machine = Machine()
    check_recipe(recipe, plugins)
    started = time.perf_counter()
    with at_work(make_engine(recipe, plugins, memory_budget=options.memory_budget)) as engine:
        load_seconds = time.perf_counter() - started
        papers = write(engine.count_tokens)
        records = {document_id(path): count for path, count in papers.items()} if options.is_random else None
        yield Loaded(recipe, plugins, engine, papers, records, machine, load_seconds)


def measure(
    recipe: Recipe,
    plugins: Plugins,
    write: Callable[[Callable[[str], int]], Mapping[Path, int]],
    run: Path,
    options: Options,
) -> Measurement:
    """Loads the engine, has the first of the papers that `write` makes done, which are short, then the others.

    Raises RunError where a paper fails.
    """
    processor, flight = processor_seconds(), options.papers_in_flight
    with loaded(recipe, plugins, write, options) as bench:
        bench.load_processor_seconds = processor_seconds() - processor
        folder, papers, short = bench.open_run(run), list(bench.papers), options.warm_up_papers
        first = bench.time(papers[:short], folder, options.work, flight)
        return bench.time(papers[short:], folder, options.work, flight).with_once(first)

"""A larger model answers questions about texts that nobody annotated, for a smaller one to learn from.

Of some texts at a time it is asked first which records they tell of, then what is said of these and of the whole. Other
processes make the questions while the model answers those before them. What is answered is written text by text.
"""

from __future__ import annotations

import itertools
import json
import logging
import multiprocessing
import random
import time
from collections import deque
from collections.abc import Collection, Generator, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

from dsx.plugin_api import Completion, Confidence, Engine, EngineSettings, Question, QuestionId, UsageError
from dsx.plugin_api.training import QuestionGroups, Renderer, local_engine
from dsx_reader.asking import Questions, lists_of_records, open_questions
from dsx_reader.dataset import tokenizer_in
from dsx_reader.epochs import cores, serve
from dsx_reader.examples import Builder
from dsx_reader.labels import Label, going_on, written
from dsx_reader.passages import Passage
from dsx_reader.sources import Sources, files_digest, material_of
from dsx_reader.variation import reworded

log = logging.getLogger("dsx.reader")
QUESTIONS = 12
"""Of a text, by default."""
SHOWN = (400, 400, 400, 700, 1000)
"""Tokens that are shown, one of these for each text: mostly as many as in use."""
AROUND = (0, 500, 1500)
"""Tokens of other texts around one."""
CHUNK, GROUP = 8, 64
"""Texts whose questions a process makes at once, and texts whose questions an engine gets at once."""
AHEAD = 512
"""Texts whose questions are made before they are wanted."""
AT_A_TIME = 768
"""Texts of whose records all is asked before the rest is."""
MOST_RECORDS = 6
"""Of a text that is asked about."""
WRITTEN_EACH, TOLD_EACH = 5.0, 15.0
"""Seconds."""


@dataclass(frozen=True, slots=True)
class Labelling:
    """model: a folder. sources: texts are those of its annotations, questions those of its passages and sheets.

    shard: (1, 2) is every other text, (2, 2) are those between. minutes: it ends then. limit: texts at most.
    shown: tokens, of which each text draws one. options: of the engine. null_bias: as of `dsx extract`.
    """

    model: Path
    sources: Sources
    out: Path
    questions: int = QUESTIONS
    shown: tuple[int, ...] = SHOWN
    shard: tuple[int, int] = (1, 1)
    minutes: float | None = None
    limit: int | None = None
    processes: int | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    null_bias: float = 0.0


@dataclass(frozen=True, slots=True)
class Job:
    """What is asked about a text: which records it tells of, or, where their labels are known, all else."""

    number: int
    labels: tuple[str, ...] | None = None


@dataclass(slots=True)
class Asked:
    """The questions about a text, of which answers are awaited, and what was answered. waiting: number of questions."""

    number: int
    source: str
    questions: dict[QuestionId, Question]
    labels: list[Label] = field(default_factory=list)
    waiting: int = 0


class Maker:
    """Makes the questions about texts; one for each process."""

    def __init__(self, setting: Labelling, tokenizer: Any) -> None:
        material = material_of(setting.sources)
        texts = {row["text"]: row["source"] for row in reversed(material.annotations)}
        self.texts = list(reversed(texts.items()))
        self._setting = setting
        self._questions = Questions(open_questions(material.passages, material.sheets))
        self._lists = Questions(lists_of_records(material.passages))
        if not self.texts or not len(self._questions):
            raise UsageError("there is nothing to ask: --annotations gives texts, --passages questions")
        self._builder = Builder(Renderer(tokenizer).count, material.fillers(), around=AROUND, shown=setting.shown)

    def numbers(self) -> list[int]:
        """Of the texts of this shard, in an order in which all sources come early."""
        order = list(range(len(self.texts)))
        random.Random(self._setting.sources.seed).shuffle(order)
        part, of = self._setting.shard
        return order[part - 1 :: of][: self._setting.limit]

    def asked(self, job: Job) -> Asked:
        """The questions of a job, told apart by the text's number."""
        text, source = self.texts[job.number]
        rng = random.Random(f"{self._setting.sources.seed}:{job.number}")
        asks = [reworded(ask, rng) for ask in self._questions.about(text, self._setting.questions, rng)]
        unlike = tuple({ask.name: ask for ask in asks}.values())
        listed = next(iter(self._lists.about(text, 1, rng)), None)
        name, description = (listed.name, listed.description) if listed else ("", "")
        passage = Passage(str(job.number), source, "other_work", text, name, description, (), unlike)
        if job.labels is None:
            made = self._builder.listing(passage, rng)
        else:
            made = self._builder.unanswered(passage, job.labels, rng)
        questions = {}
        for question in made:
            identity = replace(question.id, document=str(job.number))
            questions[identity] = replace(question, id=identity)
        return Asked(job.number, source, questions, waiting=len(questions))


def label(setting: Labelling) -> int:
    """How many answers were written; the same again goes on. Raises UsageError, ModelError."""
    with going_on(setting.out, deciding(setting)) as done:
        return _label_others(setting, done)


def deciding(setting: Labelling) -> dict[str, Any]:
    """All that decides what is asked about a text and answered, by what a person calls it."""
    return {
        "model": str(setting.model.resolve()),
        "texts, passages or sheets": files_digest(setting.sources),
        "number of questions": setting.questions,
        "passage tokens": list(setting.shown),
        "null bias": setting.null_bias,
        "seed": setting.sources.seed,
    }


def _label_others(setting: Labelling, done: Collection[int]) -> int:
    started = time.monotonic()
    maker = Maker(setting, tokenizer_in(setting.model))
    left = [number for number in maker.numbers() if number not in done]
    log.info("%d texts are labelled, %d are left", len(done), len(left))
    if not left:
        return 0
    processes = setting.processes or cores()
    with ProcessPoolExecutor(processes, multiprocessing.get_context("fork"), _start, (maker,)) as pool:
        first = _made(pool, [Job(number) for number in left[:AT_A_TIME]])  # processes are forks: before a GPU is used
        engine = local_engine(
            EngineSettings(model=str(setting.model), options=setting.options, null_bias=setting.null_bias)
        )
        try:
            writer = Writer(setting.out, started)
            with closing(_labelled(engine, pool, left, first)) as texts:
                for text in texts:
                    writer.add(text)
                    if setting.minutes is not None and time.monotonic() - started > setting.minutes * 60:
                        log.info("The time is over")
                        break
            writer.close()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
            engine.close()
    return writer.count


def _labelled(
    engine: Engine, pool: Executor, numbers: Sequence[int], first: Iterator[list[Asked]]
) -> Generator[Asked, None, None]:
    """Texts with all their labels. first: the questions which records the first of them tell of."""
    for at in range(0, len(numbers), AT_A_TIME):
        some = numbers[at : at + AT_A_TIME]
        listings = _made(pool, [Job(number) for number in some]) if at else first
        listed = {text.number: text for text in _answered(engine, listings)}
        jobs = [Job(number, _names(listed[number].labels if number in listed else ())) for number in some]
        for text in _answered(engine, _made(pool, jobs)):
            if (first_asked := listed.get(text.number)) is not None:
                text.labels[:0] = first_asked.labels
                text.questions.update(first_asked.questions)
            yield text


def _names(listings: Sequence[Label]) -> tuple[str, ...]:
    """The labels of records that an answer lists."""
    listed = itertools.chain.from_iterable(json.loads(each.answer) or () for each in listings)
    return tuple(dict.fromkeys(listed))[:MOST_RECORDS]


def _made(pool: Executor, jobs: Sequence[Job]) -> Iterator[list[Asked]]:
    """The questions about groups of texts, made ahead from now on."""
    chunks = iter([jobs[at : at + CHUNK] for at in range(0, len(jobs), CHUNK)])
    waiting: deque[Future[list[Asked]]] = deque(pool.submit(_asked, chunk) for chunk in islice(chunks, AHEAD // CHUNK))

    def groups() -> Iterator[list[Asked]]:
        while waiting:
            group = list[Asked]()
            while waiting and len(group) < GROUP:
                group += waiting.popleft().result()
                waiting.extend(pool.submit(_asked, chunk) for chunk in islice(chunks, 1))
            yield group

    return groups()


def _answered(engine: Engine, groups: Iterator[list[Asked]]) -> Generator[Asked, None, None]:
    """Texts whose questions are all answered. On a GPU the answers of a group are written while the next are read."""
    import torch

    texts: dict[str, Asked] = {}

    def questions() -> Iterator[list[Question]]:
        for group in groups:
            texts.update((str(text.number), text) for text in group if text.questions)
            yield [question for text in group for question in text.questions.values()]

    later = questions()
    batches = iter([QuestionGroups(later)]) if torch.cuda.is_available() else later
    for batch in batches:
        for completion in engine.answer(batch):
            text = texts[completion.question_id.document]
            if (made := _label(text, completion)) is not None:
                text.labels.append(made)
            text.waiting -= 1
            if not text.waiting:
                yield texts.pop(completion.question_id.document)


def _label(text: Asked, completion: Completion) -> Label | None:
    """None of an answer that failed, or whose probability is not known. A list of records is taken to be sure.

    A number that a run would read as null is null.
    """
    question = text.questions[completion.question_id]
    if completion.error is not None or completion.truncated:
        return None
    if question.form == "labels":
        sure: Confidence | None = Confidence(float(completion.text != "null"), 1.0)
    else:
        sure = completion.confidence.get(question.parameters[0].name)
    if sure is None:
        return None
    answer = completion.text
    if question.places is not None and answer in question.places.meaning_null:
        answer, sure = "null", sure.of_null()
    asked = (question.system, question.shown.text, question.prompt)
    return Label(text.number, text.source, *asked, answer, round(sure.reported, 4), round(sure.value, 4))


class Writer:
    """Adds labels to a file every few seconds, whole texts at a time, and tells how fast they come."""

    def __init__(self, file: Path, started: float) -> None:
        self._file, self._started, self._first = file, started, time.monotonic()
        self._unwritten, self._last_written, self._last_told = list[Label](), self._first, self._first
        self.texts, self.asked, self.count, self._nulls = 0, 0, 0, 0

    def add(self, text: Asked) -> None:
        """All of a text."""
        self.texts, self.asked = self.texts + 1, self.asked + len(text.questions)
        self.count += len(text.labels)
        self._nulls += sum(label.is_null for label in text.labels)
        self._unwritten += text.labels
        now = time.monotonic()
        if now - self._last_written > WRITTEN_EACH:
            self._write()
            self._last_written = now
        if now - self._last_told > TOLD_EACH:
            self._tell()
            self._last_told = now

    def close(self) -> None:
        """Writes what is left."""
        self._write()
        self._tell()

    def _write(self) -> None:
        if self._unwritten:
            with self._file.open("ab") as file:
                file.write(written(self._unwritten))
            self._unwritten = []

    def _tell(self) -> None:
        seconds = max(time.monotonic() - self._first, 1e-9)
        log.info(
            "%.0f s: %d texts, %d questions, %d answers (%d null); %.1f texts/s, %.0f questions/s",
            time.monotonic() - self._started, self.texts, self.asked, self.count, self._nulls,
            self.texts / seconds, self.asked / seconds,
        )  # fmt: skip


# ---- in the other processes ----

_maker: Maker | None = None


def _start(maker: Maker) -> None:
    global _maker
    serve()
    _maker = maker


def _asked(jobs: Sequence[Job]) -> list[Asked]:
    assert _maker is not None
    return [_maker.asked(job) for job in jobs]

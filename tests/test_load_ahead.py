"""Papers are read while others are answered; results, failures and what is said are as without it."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from dsx.errors import LoadError
from dsx.load import ReadAhead, document_id
from dsx.load.compose import Paragraph, compose, unplaced
from dsx.load.isolate import Reading
from dsx.pipeline import Filling
from dsx.recipe import Recipe
from dsx.run import job
from dsx.run.job import make_engine
from dsx.run.loop import run_papers
from dsx.run.plan import Call, plan_run
from dsx.run.progress import Lines
from dsx.run.signals import Stop
from dsx.store import Claims, RunFolder, open_run
from dsx.types import Completion, Document, Engine, PaperResult, Question, QuestionId, Record, Shown, Status, Value
from tests.conftest import Scripted

MANIFEST = {"dsx": "1", "schema": {}, "schema_name": "s", "recipe": {}}
SECONDS = 0.1
"""That a paper is read, and that it is answered."""


def written(folder: Path, *names: str) -> list[Path]:
    """Papers whose text is their name."""
    folder.mkdir(exist_ok=True)
    for name in names:
        (folder / name).write_text(f"This is {name}.")
    return [folder / name for name in names]


def composed(path: Path) -> Document:
    """The document of a text."""
    return compose(path, "text", [Paragraph([unplaced(path.read_text())])], [(1.0, 1.0)])


class SlowReader:
    """Takes SECONDS a paper, warns of each, and cannot read "bad". begun: names in the order of reading.

    most: papers that were read at one time.
    """

    def __init__(self) -> None:
        self.begun, self.now, self.most, self.lock = list[str](), 0, 0, threading.Lock()

    def __call__(self, path: Path, reading: Reading) -> Document:
        with self.lock:
            self.begun.append(path.name)
            self.now += 1
            self.most = max(self.most, self.now)
        time.sleep(SECONDS)
        with self.lock:
            self.now -= 1
        reading.warn(f"{path.name}: odd")
        if path.name == "bad":
            raise LoadError("bad: it is encrypted")
        return composed(path)


def filling(document: Document) -> Filling:
    """One question; the text is the value."""
    yield [Question(QuestionId(document.id), "", Shown("", (), True), "", "parameters")]
    return PaperResult(document.id, document.file, (Record(None, "", {"text": Value(document.text, Status.STATED)}),))


def slow_answer(questions: Sequence[Question]) -> Iterator[Completion]:
    """What an engine would do in SECONDS."""
    time.sleep(SECONDS)
    for question in questions:
        yield Completion(question.id, "", True)


def stored(folder: RunFolder) -> dict[str, bytes]:
    """The content of each file that stands in the run folder for a paper."""
    return {str(path.relative_to(folder.path)): path.read_bytes() for path in sorted(folder.path.glob("*s/*.json"))}


@pytest.mark.parametrize("in_flight", [1, 3])
def test_papers_are_read_while_others_are_answered_and_all_else_is_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture, in_flight: int
) -> None:
    files = written(tmp_path / "papers", *"abcdef", "bad", "g")
    stored_files, lines, warnings, seconds = [], [], [], []
    for ahead in (False, True):
        reader = SlowReader()
        documents = ReadAhead(reader)
        folder, started = open_run(tmp_path / f"run {ahead}", MANIFEST), time.perf_counter()
        summary = run_papers(
            files,
            lambda path, documents=documents: filling(documents.read(path)),
            slow_answer,
            folder,
            Lines(len(files)),
            in_flight=in_flight,
            read_ahead=documents.expect if ahead else lambda paths: None,
        )
        seconds.append(time.perf_counter() - started)
        documents.close()
        assert (summary.done, summary.failed) == (7, {"bad": "it is encrypted"})
        stored_files.append(stored(folder))
        lines.append([line.rpartition(",")[0] for line in capsys.readouterr().err.splitlines()])
        warnings.append([record.getMessage() for record in caplog.records])
        caplog.clear()
        assert reader.most <= in_flight
        assert sorted(set(reader.begun)) == sorted(file.name for file in files)
    assert stored_files[0] == stored_files[1]
    assert lines[0] == lines[1]
    assert warnings[0] == warnings[1] == [f"{file.name}: odd" for file in files]
    if in_flight == 1:  # with more, on two cores, there is one reader, which is the slower of the two
        assert seconds[1] < seconds[0] - 3 * SECONDS


def test_a_paper_that_changes_after_it_was_read_ahead_is_read_again(tmp_path: Path) -> None:
    [paper] = written(tmp_path, "paper")
    reader = SlowReader()
    documents = ReadAhead(reader)
    documents.expect([paper])
    while reader.now or not reader.begun:
        time.sleep(0.01)
    paper.write_text("Another text.")
    assert documents.read(paper).text == "Another text.\n"
    documents.close()


def test_a_thread_that_hangs_does_not_keep_a_run_from_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As one does that waits for the lock of an import, in the middle of which a signal ended the run."""
    monkeypatch.setattr("dsx.load.ahead.CLOSE_SECONDS", 0.2)
    begun, never = threading.Event(), threading.Event()

    def hangs(path: Path, reading: Reading) -> Document:
        begun.set()
        never.wait(60)
        return composed(path)

    reader = ReadAhead(hangs)
    reader.expect(written(tmp_path, "a.md"))
    assert begun.wait(10)
    before = time.monotonic()
    reader.close()
    assert 0.1 < time.monotonic() - before < 5
    never.set()


def told(folder: RunFolder, files: Sequence[Path], **options: object) -> list[list[str]]:
    """What a run says comes next, after each paper that it begins."""
    names = list[list[str]]()

    def read_ahead(paths: Sequence[Path]) -> None:
        names.append([path.name for path in paths])

    def fill(path: Path) -> Filling:
        return filling(composed(path))

    def answer(questions: Sequence[Question]) -> Iterator[Completion]:
        for question in questions:
            yield Completion(question.id, "", True)

    run_papers(files, fill, answer, folder, Lines(len(files)), read_ahead=read_ahead, **options)  # type: ignore[arg-type]
    return names


def test_only_papers_that_will_be_begun_are_read_ahead(tmp_path: Path) -> None:
    """Not what is stored, has failed, is there twice, cannot be read or is another process's."""
    files = written(tmp_path / "papers", *"abcdefg")
    files[2].write_text(files[0].read_text())
    files[4] = tmp_path / "nothere"
    folder = open_run(tmp_path / "run", MANIFEST)
    folder.save(PaperResult(document_id(files[1]), "b", ()))
    folder.fail(document_id(files[5]), "f", "encrypted")
    assert told(folder, files) == [["d"], ["g"], []]
    again = open_run(tmp_path / "again", MANIFEST)
    with Claims(again.path) as claims, Claims(again.path) as other:
        assert other.take(document_id(files[3]))
        assert told(again, files, claims=claims, in_flight=2) == [
            ["a", "b"],
            ["b", "f"],
            ["f", "g"],
            ["f", "g"],
            ["g"],
            [],
        ]


def test_after_a_signal_nothing_is_read_ahead(tmp_path: Path) -> None:
    files = written(tmp_path / "papers", *"abc")
    with Stop(60) as stop:

        def fill(path: Path) -> Filling:
            signal.raise_signal(signal.SIGTERM)
            return filling(composed(path))

        expected = list[Sequence[Path]]()
        folder = open_run(tmp_path / "run", MANIFEST)
        summary = run_papers(files, fill, slow_answer, folder, Lines(3), stop=stop, read_ahead=expected.append)
    assert (summary.done, summary.left, expected) == (1, 2, [[], ()])


@pytest.mark.slow
def test_the_first_papers_are_read_while_the_model_is_loaded(
    scripted: Scripted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scripted.install(monkeypatch)
    monkeypatch.setenv("DSX_CACHE", str(tmp_path / "cache"))
    recipe = Recipe.read(schema_name=str(scripted.schema()), engine="scripted")
    papers = [scripted.papers(tmp_path / "papers", 3)]
    planned, read = plan_run(papers, recipe, tmp_path / "run", Call(papers_in_flight=2)), list[int]()

    def load(*arguments: Any, **options: Any) -> Engine:
        until = time.monotonic() + 60
        while (count := cached(tmp_path / "cache")) < 2 and time.monotonic() < until:
            time.sleep(0.05)
        read.append(count)
        return make_engine(*arguments, **options)

    monkeypatch.setattr(job, "make_engine", load)
    assert job.extract(planned) == 0
    assert (read, cached(tmp_path / "cache")) == ([2], 3)


def cached(folder: Path) -> int:
    """Documents in a cache folder."""
    return sum(path.is_file() and not path.name.startswith(".") for path in folder.glob("documents/**/*"))

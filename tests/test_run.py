"""From paper to paper: each stored at once, a bad one costs itself only, the same content is done once."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from dsx.errors import LoadError, MachineError, UsageError
from dsx.load import document_id
from dsx.pipeline import Filling
from dsx.run.history import replaced
from dsx.run.job import at_work
from dsx.run.loop import run_papers
from dsx.run.papers import Collection, collect
from dsx.run.progress import Lines, tally
from dsx.run.summary import RunSummary
from dsx.store import open_run
from dsx.types import Completion, Engine, Flag, PaperResult, Question, QuestionId, Record, Shown, Status, Value

MANIFEST = {"dsx": "1", "schema": {}, "schema_name": "s", "recipe": {}}


def papers(folder: Path) -> list[Path]:
    """Three papers, one of them twice, and two bad ones."""
    folder.mkdir()
    contents = {"a.pdf": "a", "b.pdf": "b", "copy of a.pdf": "a", "bad.pdf": "bad", "odd.pdf": "odd", "c.PDF": "c"}
    for name, text in contents.items():
        (folder / name).write_text(text)
    (folder / "notes.txt").write_text("no paper")
    return collect([folder])


def fill(path: Path) -> Filling:
    """What a pipeline would do: two rounds of a question each."""
    if path.name == "bad.pdf":
        raise LoadError("bad.pdf: it is encrypted; save it without a password")
    if path.name == "odd.pdf":
        raise ZeroDivisionError("odd")
    for attempt in range(2):
        completion = yield [question(document_id(path), attempt)]
        assert completion.question_id == QuestionId(document_id(path), attempt=attempt)
    return PaperResult(document_id(path), path.name, ())


def question(document: str, attempt: int = 0) -> Question:
    """One that needs no text."""
    return Question(QuestionId(document, attempt=attempt), "", Shown("", (), True), "", "parameters")


def answer(questions: Sequence[Question]) -> Iterator[Completion]:
    """What an engine would do, the last first."""
    for each in reversed(questions):
        yield Completion(each.id, "", True)


def ended(result: PaperResult) -> Filling:
    """A paper about which nothing is asked."""
    yield from ()
    return result


def run(files: list[Path], folder: Path, in_flight: int = 1) -> RunSummary:
    """One call."""
    return run_papers(files, fill, answer, open_run(folder, MANIFEST), Lines(len(files)), in_flight=in_flight)


@pytest.mark.parametrize("in_flight", [1, 2, 9])
def test_every_paper_ends_as_a_result_a_failure_or_a_duplicate(
    in_flight: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = papers(tmp_path / "papers")
    summary = run(files, tmp_path / "run", in_flight)
    assert (summary.done, summary.exit_code) == (3, 1)
    assert summary.duplicates == {"copy of a.pdf": "a.pdf"}
    assert (set(summary.failed), set(summary.crashed)) == ({"bad.pdf"}, {"odd.pdf"})
    assert summary.failed["bad.pdf"] == "it is encrypted; save it without a password"
    folder = open_run(tmp_path / "run", MANIFEST)
    assert [result.file for result in folder.results()] == ["a.pdf", "b.pdf", "c.PDF"]
    assert [failure["file"] for failure in folder.failures()] == ["bad.pdf"]
    assert any("ZeroDivisionError" in str(event.get("traceback")) for event in folder.logs())
    shown = capsys.readouterr().err
    assert "Traceback" not in shown
    assert "[6/6]" in shown
    assert "] bad.pdf: failed: it is encrypted; save" in shown, "its name stands there once"


def test_the_same_call_again_does_nothing_twice(tmp_path: Path) -> None:
    files = papers(tmp_path / "papers")
    run(files, tmp_path / "run")
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "run" / "records").iterdir()}
    again = run(files, tmp_path / "run")
    assert (again.done, again.resumed, again.exit_code) == (0, 3, 1)
    assert before == {path: path.stat().st_mtime_ns for path in (tmp_path / "run" / "records").iterdir()}
    earlier = document_id(tmp_path / "papers" / "b.pdf")
    (tmp_path / "papers" / "b.pdf").write_text("b, corrected")
    changed = run(files, tmp_path / "run")
    assert (changed.done, changed.resumed) == (1, 2)
    stored = tmp_path / "run" / "records" / f"{earlier}.json"
    assert replaced(open_run(tmp_path / "run", MANIFEST), changed.documents) == {"b.pdf": stored}
    stored.unlink()
    assert replaced(open_run(tmp_path / "run", MANIFEST), changed.documents) == {}


def test_papers_in_flight_are_answered_in_one_batch_and_one_that_cannot_be_costs_itself_only(tmp_path: Path) -> None:
    files = [tmp_path / f"{number}.pdf" for number in range(3)]
    for file in files:
        file.write_text(file.name)
    poison, batches = document_id(files[1]), list[int]()

    def fragile(questions: Sequence[Question]) -> Iterator[Completion]:
        batches.append(len(questions))
        for each in questions:
            if each.id.document == poison:
                raise ZeroDivisionError("the engine fell over")
            yield Completion(each.id, "", True)

    folder = open_run(tmp_path / "run", MANIFEST)
    summary = run_papers(files, fill, fragile, folder, Lines(3), in_flight=3)
    reason = "ZeroDivisionError: the engine fell over (the traceback is in the run folder's log)"
    assert (summary.done, summary.failed, summary.crashed) == (2, {}, {"1.pdf": reason})
    assert folder.failures() == []
    assert batches == [3, 1, 1, 2]


def test_a_paper_is_loaded_while_an_engine_is_at_those_before_it(tmp_path: Path) -> None:
    files, steps = papers(tmp_path / "papers"), list[str]()

    def noted_fill(path: Path) -> Filling:
        steps.append(path.name)
        return fill(path)

    def noted_answer(questions: Sequence[Question]) -> Iterator[Completion]:
        for each in questions:
            steps.append("answer")
            yield Completion(each.id, "", True)

    folder = open_run(tmp_path / "run", MANIFEST)
    summary = run_papers(files, noted_fill, noted_answer, folder, Lines(6), in_flight=9)
    assert (summary.done, len(summary.failed), len(summary.crashed)) == (3, 1, 1)
    first, *others = [path.name for path in files if path.name != "copy of a.pdf"]
    assert steps[:3] == [first, "answer", others[0]]
    assert [step for step in steps if step != "answer"] == [first, *others]


def test_papers_that_an_engine_does_not_come_to_end_too(tmp_path: Path) -> None:
    def first_only(questions: Sequence[Question]) -> Iterator[Completion]:
        for each in questions:
            yield Completion(each.id, "", True)
            return

    folder = open_run(tmp_path / "run", MANIFEST)
    summary = run_papers(papers(tmp_path / "papers"), fill, first_only, folder, Lines(6), in_flight=9)
    assert (summary.done, len(summary.failed), len(summary.crashed)) == (3, 1, 1)


def test_the_summary_says_what_was_found() -> None:
    values = {
        "a": Value(1, Status.STATED),
        "b": Value(None, Status.NOT_REPORTED),
        "c": Value(None, Status.NOT_REPORTED),
        "d": Value(None, Status.FAILED, flags=(Flag("truncated"),)),
    }
    summary = RunSummary(failed={"bad.pdf": "encrypted"}, left=1, stopped="SIGUSR1")
    summary.count(PaperResult("d", "a.pdf", (Record(None, "", values),)), 3.0)
    assert summary.lines() == [
        "1 done, 1 failed, 1 left; stopped by SIGUSR1, the same command goes on",
        "50% of 4 values not reported, 1 truncated, 3.0 s a paper",
        "1 value failed",
        "failed: bad.pdf: encrypted",
    ]
    assert summary.exit_code == 75


def test_what_there_is_one_of_is_counted_in_the_singular() -> None:
    one = Record(None, "", {"a": Value(1, Status.STATED)})
    assert tally(PaperResult("d", "a.pdf", (one, Record("Arm 1", "arms", {})))) == "1 record, 1 value, 0 not reported"
    summary = RunSummary()
    summary.count(PaperResult("d", "a.pdf", (one,)), 1.0)
    assert summary.lines()[1].startswith("0% of 1 value not reported")
    assert "1 file that is no PDF (1 .txt)" in next(Collection(others=Counter({".txt": 1})).lines())


def test_a_paper_without_one_answer_has_failed_and_can_be_tried_again(tmp_path: Path) -> None:
    file = tmp_path / "a.pdf"
    file.write_text("a")
    folder = open_run(tmp_path / "run", MANIFEST)
    gone = Value(None, Status.FAILED, flags=(Flag("error", "connection refused"),))

    def call(*values: Value) -> RunSummary:
        record = Record(None, "", {str(number): value for number, value in enumerate(values)})
        result = PaperResult(document_id(file), "a.pdf", (record,))
        return run_papers([file], lambda _: ended(result), answer, folder, Lines(1))

    assert call(gone, gone).failed == {"a.pdf": "no question was answered (connection refused)"}
    assert list(folder.results()) == []
    folder.forget(document_id(file))
    assert call(gone, Value(1, Status.STATED)).done == 1


def test_a_disk_that_is_full_ends_the_run_and_is_no_paper_s_fault(tmp_path: Path) -> None:
    folder = open_run(tmp_path / "run", MANIFEST)

    def full(path: Path) -> Filling:
        raise MachineError("run folder: no space left")

    file = tmp_path / "a.pdf"
    file.write_text("a")
    summary = run_papers([file], full, answer, folder, Lines(1))
    assert (str(summary.trouble), summary.exit_code, summary.left) == ("run folder: no space left", 75, 1)
    assert folder.failures() == []


def test_what_is_no_paper_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no PDFs in .*; name HTML, Markdown, text and JATS files themselves"):
        collect([tmp_path])
    with pytest.raises(UsageError, match="no such file"):
        collect([tmp_path / "nothere"])
    (tmp_path / "a.txt").write_text("named itself")
    assert collect([tmp_path / "a.txt", tmp_path / "a.txt"]) == [tmp_path / "a.txt"]


def test_what_is_loaded_is_not_looked_at_for_garbage_until_the_engine_is_closed() -> None:
    before, closed = gc.get_freeze_count(), list[int]()
    engine = cast(Engine, SimpleNamespace(close=lambda: closed.append(gc.get_freeze_count())))
    with at_work(engine):
        assert gc.get_freeze_count() > before
    assert closed == [0], "it is looked at again before the engine lets go of the model"

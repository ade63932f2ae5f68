"""Faults of machines and odd files: each is named in one line, costs itself only, and the same command goes on.

docs/faults.md lists them, with these tests' names.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import re
import shutil
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pymupdf
import pytest

from dsx.errors import LoadError, MachineError, UsageError
from dsx.load import DocumentCache, DocumentReader, document_id
from dsx.plugins import load_plugins
from dsx.run.loop import run_papers
from dsx.run.papers import collect
from dsx.run.progress import Lines
from dsx.run.threads import given_cpus
from dsx.store import open_run, read_run
from dsx.terminal import printable
from dsx.types import Completion, Document, Flag, Loader, LoadLimits, PaperResult, Question, Record, Status, Value
from tests.test_run import MANIFEST, answer, ended, fill

pytestmark = pytest.mark.slow


def pdf(path: Path | bytes, text: str) -> None:
    """A PDF of one line."""
    with pymupdf.open() as document:
        document.new_page().insert_text((72, 72), text)
        data = document.tobytes()
    with open(path, "wb") as file:
        file.write(data)


# ---- which files are papers ----


def test_folders_are_searched_and_what_is_passed_over_is_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    for name in ("a.pdf", "storage/AB12/b.pdf", "._a.pdf", ".git/annex/c.pdf", "notes.txt", "x.zip"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    (tmp_path / "annexed.pdf").symlink_to("nowhere")
    (tmp_path / "loop.pdf").symlink_to("loop.pdf")
    (tmp_path / "linked").symlink_to(tmp_path / "storage")
    os.mkfifo(tmp_path / "pipe.pdf")
    names = [path.relative_to(tmp_path).as_posix() for path in collect([tmp_path])]
    assert names == ["a.pdf", "storage/AB12/b.pdf"]
    for named in ("._a.pdf (macOS", "annexed.pdf (a link that leads nowhere)", ".git (a hidden folder)", "loop.pdf"):
        assert named in caplog.text
    for named in ("pipe.pdf (a pipe", "linked (a link to a folder)", "2 files that are no PDFs (1 .txt, 1 .zip)"):
        assert named in caplog.text
    assert [path.name for path in collect([tmp_path], recursive=False)] == ["a.pdf"]
    assert "storage (a subfolder, --no-recursive)" in caplog.text


@pytest.mark.parametrize("name", ["list.txt", "list.md", "list"])
def test_a_file_that_lists_papers_is_no_paper(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for paper in ("a b.pdf", "ä.pdf", "b.pdf"):
        (tmp_path / paper).touch()
    for lines in ("a b.pdf\nä.pdf\n\nb.pdf", f"{tmp_path}/b.pdf\r\n", "  ./b.pdf"):
        Path(name).write_text(lines)
        with pytest.raises(UsageError) as refused:
            collect([Path(name)])
        assert str(refused.value).startswith(f"{name} lists files and is no paper; name the files: $(cat {name}) in")
        assert f"xargs -d '\\n' -a {name} dsx extract" in str(refused.value)
    for text in ("", "\n \n", "b.pdf\nand more", "b.pdf b.pdf", ".", "x" * 5000, "b.pdf\0", "A title\n\nb.pdf\n"):
        Path(name).write_text(text)
        assert collect([Path(name)]) == [Path(name)]


def test_files_that_are_none_are_refused_by_name(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.pdf")
    (tmp_path / "gone.pdf").symlink_to("nowhere")
    with pytest.raises(UsageError, match=r"pipe\.pdf is no file"):
        collect([tmp_path / "pipe.pdf"])
    with pytest.raises(UsageError, match="a link that leads nowhere"):
        collect([tmp_path / "gone.pdf"])
    with pytest.raises(LoadError, match="no file, but a pipe"):
        document_id(tmp_path / "pipe.pdf")


ODD_NAMES = [
    b"new\nline.pdf",
    b"esc\x1b[2J\x1b]0;owned\x07.pdf",
    b"-dash.pdf",
    b"a" * 251 + b".pdf",
    b"inv\xff\xfe.pdf",
    b"[red]x[bold].pdf",
    b"q'uo\"te;$(touch pwned).pdf",
    b"tab\t.pdf",
    b"\xe2\x80\xae.fdp.pdf",
    b"=cmd|' !A0.pdf",
]


def test_odd_names_are_papers_like_others(scripted: Any, tmp_path: Path) -> None:
    folder = tmp_path / "papers"
    folder.mkdir()
    for number, name in enumerate(ODD_NAMES):
        pdf(os.path.join(os.fsencode(folder), name), f"Paper {number}. In Experiment 1, {number} people took part.")
    done = scripted.run("--run", tmp_path / "run", folder)
    assert done.returncode == 0, done.stderr
    assert f"{len(ODD_NAMES)} done" in done.stderr
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", done.stderr)
    files = {result.file for result in read_run(tmp_path / "run").results()}
    assert len(files) == len(ODD_NAMES)
    assert all(name == printable(name) and "\n" not in name for name in files)


def test_two_files_with_one_name_are_two(tmp_path: Path) -> None:
    paths = [tmp_path / folder / "bad.pdf" for folder in "ab"]
    for path in paths:
        path.parent.mkdir()
        path.write_text(path.parent.name)
    folder = open_run(tmp_path / "run", MANIFEST)
    summary = run_papers(paths, fill, answer, folder, Lines(2))
    assert list(summary.failed) == [str(path) for path in paths]
    assert len(folder.failures()) == 2


def test_a_paper_that_vanishes_or_changes_costs_itself(tmp_path: Path) -> None:
    files = [tmp_path / f"{number}.pdf" for number in range(3)]
    for file in files:
        file.write_text(file.name)

    def remove(path: Path) -> Iterator[list[Question]]:
        files[1].unlink(missing_ok=True)
        return fill(path)

    summary = run_papers(files, remove, answer, open_run(tmp_path / "run", MANIFEST), Lines(3))
    assert (summary.done, list(summary.failed), summary.exit_code) == (2, ["1.pdf"], 1)


def changes(path: Path) -> Document:
    """A loader during which the file changes."""
    from dsx.load.compose import Paragraph, compose, unplaced

    path.write_text("another paper")
    return compose(path, "changes", [Paragraph([unplaced("another paper")])], [(1.0, 1.0)])


def test_what_is_kept_is_what_was_read(tmp_path: Path) -> None:
    note, cache = tmp_path / "note.txt", DocumentCache(tmp_path / "cache")
    note.write_text("one paper")
    reader = DocumentReader(lambda path: ("changes", Loader(changes, "1")), {}, cache=cache)
    with pytest.raises(LoadError, match="changed while it was read"):
        reader.read(note)
    assert not list((tmp_path / "cache").glob("*.npz"))


# ---- what a file may cost ----


def test_no_file_is_judged_in_the_parent(tmp_path: Path) -> None:
    slow = tmp_path / "root.xml"
    slow.write_text("<!DOCTYPE article" + " " * 3000 + "\n<!-" * 1000)
    plugins = load_plugins()
    name, loader = plugins.loader_of(slow)
    assert (name, loader.load.__name__) == ("by-content", "load_by_content")
    started = time.monotonic()
    reader = DocumentReader(plugins.loader_of, plugins.loaders, LoadLimits(seconds=5))
    with contextlib.suppress(LoadError):
        reader.read(slow)
    assert time.monotonic() - started < 20


def test_more_text_than_the_parent_should_search_is_a_named_failure(tmp_path: Path) -> None:
    note = tmp_path / "note.txt"
    note.write_text("Some words. " * 1000)
    plugins = load_plugins()
    reader = DocumentReader(plugins.loader_of, plugins.loaders, LoadLimits(characters=5000))
    with pytest.raises(LoadError, match=r"12,000 characters of text, more than 5,000; .*--load-characters"):
        reader.read(note)


def test_a_pdf_inside_a_zip_is_no_paper(tmp_path: Path) -> None:
    import zipfile

    with zipfile.ZipFile(tmp_path / "x.pdf", "w") as archive:
        archive.writestr("a.pdf", b"%PDF-1.7 and more")
    assert load_plugins().find_loader(tmp_path / "x.pdf") is None


def test_control_characters_of_a_paper_reach_nobody(tmp_path: Path) -> None:
    note = tmp_path / "note.txt"
    note.write_text("# Title \x1b[2J\x9b31m\u202e\n\nTwelve people.\x07\n\n" + "More words. " * 100, encoding="utf-8")
    plugins = load_plugins()
    document = DocumentReader(plugins.loader_of, plugins.loaders).read(note)
    assert document.text == printable(document.text)
    assert [section.title for section in document.sections] == ["Title \ufffd[2J\ufffd31m\ufffd"]
    assert len(document.text) == len(document.char_pages)


# ---- the machine ----


def test_no_room_for_temporary_files_is_the_machine_s_trouble(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    note = tmp_path / "note.txt"
    note.write_text("Twelve people.")
    plugins = load_plugins()
    reader = DocumentReader(plugins.loader_of, plugins.loaders)
    monkeypatch.setattr("tempfile.tempdir", "/proc/nothere")
    with pytest.raises(MachineError, match="/proc"):
        reader.read(note)


@pytest.mark.parametrize("obstacle", ["file", "readonly"])
def test_a_cache_that_cannot_be_used_costs_one_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, obstacle: str
) -> None:
    folder = tmp_path / "cache"
    folder.write_text("a file")
    cache = DocumentCache(Path("/proc/cache") if obstacle == "readonly" else folder / "documents")
    plugins = load_plugins()
    reader = DocumentReader(plugins.loader_of, plugins.loaders, cache=cache)
    for number in range(2):
        note = tmp_path / f"{number}.txt"
        note.write_text(f"{number} people.")
        assert reader.read(note).text == f"{number} people.\n"
    assert caplog.text.count("going on without the cache") == 1


def test_caches_are_the_user_s_alone(tmp_path: Path) -> None:
    from dsx.paths import private_folder

    folder = private_folder(tmp_path / "cache" / "documents")
    assert folder.stat().st_mode & 0o777 == 0o700
    folder.chmod(0o777)
    assert private_folder(folder).stat().st_mode & 0o777 == 0o700
    if os.getuid() == 0:
        os.chown(folder, 1, 1)
        with pytest.raises(PermissionError, match="belongs to user 1"):
            private_folder(folder)


def test_bad_cache_entries_are_noticed_and_replaced(tmp_path: Path) -> None:
    note, cache = tmp_path / "note.txt", DocumentCache(tmp_path / "cache")
    note.write_text("Twelve people took part in it, of whom six were left-handed.")
    plugins = load_plugins()
    good = DocumentReader(plugins.loader_of, plugins.loaders, cache=cache).read(note)
    (entry,) = (tmp_path / "cache").iterdir()
    content, draw = entry.read_bytes(), random.Random(1)
    for trial in range(300):
        damaged = bytearray(content)
        if trial % 5:
            damaged[draw.randrange(len(content))] ^= 1 << draw.randrange(8)
        else:
            del damaged[draw.randrange(len(content)) :]
        entry.write_bytes(damaged)
        assert cache.get(entry.stem, good.id) is None
        assert not entry.exists()
    entry.write_bytes(content)
    assert cache.get(entry.stem, "0" * 64) is None  # another document's under this name


@pytest.mark.parametrize(
    ("problem", "code"),
    [
        (MachineError("the server is gone"), 75),
        (MachineError("read-only", passes=False), 2),
        (OSError(28, "No space left on device", "/scratch"), 75),
        (OSError(30, "Read-only file system", "/scratch"), 2),
        (OSError(24, "Too many open files"), 75),
        (MemoryError(), 75),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"), 75),
        (RuntimeError("CUDA error: unspecified launch failure"), 75),
        (UsageError("the chat template is broken"), 2),
    ],
)
def test_the_machine_s_trouble_ends_the_run_and_is_stored_nowhere(
    tmp_path: Path, problem: Exception, code: int
) -> None:
    files = [tmp_path / f"{number}.pdf" for number in range(3)]
    for file in files:
        file.write_text(file.name)
    asked = 0

    def failing(questions: Sequence[Question]) -> Iterator[Completion]:
        nonlocal asked
        asked += 1
        if asked > 2:
            raise problem
        yield from answer(questions)

    folder = open_run(tmp_path / "run", MANIFEST)
    summary = run_papers(files, fill, failing, folder, Lines(3))
    assert (summary.done, summary.left, summary.exit_code) == (1, 2, code)
    assert (folder.failures(), summary.failed, summary.crashed) == ([], {}, {})
    assert "1 done, 2 left" in summary.lines()[0]
    assert run_papers(files, fill, answer, folder, Lines(3)).lines()[0] == "2 done, 1 done earlier"


def test_an_interrupt_says_how_far_it_came(tmp_path: Path) -> None:
    files = [tmp_path / f"{number}.pdf" for number in range(2)]
    for file in files:
        file.write_text(file.name)

    def interrupted(questions: Sequence[Question]) -> Iterator[Completion]:
        if questions[0].id.document == document_id(files[1]):
            raise KeyboardInterrupt
        yield from answer(questions)

    summary = run_papers(files, fill, interrupted, open_run(tmp_path / "run", MANIFEST), Lines(2))
    assert (summary.exit_code, summary.lines()[0]) == (
        130,
        "1 done, 1 left; stopped by SIGINT, the same command goes on",
    )


def test_values_that_the_engine_failed_on_show_in_the_exit_code_and_how_to_do_them_again(tmp_path: Path) -> None:
    from dsx.run.history import state

    file = tmp_path / "a.pdf"
    file.write_text("a")
    values = {"a": Value(1, Status.STATED), "b": Value(None, Status.FAILED, flags=(Flag("error", "timed out"),))}
    result = PaperResult(document_id(file), "a.pdf", (Record(None, "", values),))
    folder = open_run(tmp_path / "run", MANIFEST)
    for _ in range(2):  # in the run, and when it is looked at again
        summary = run_papers([file], lambda _: ended(result), answer, folder, Lines(1))
        assert summary.exit_code == 1
        assert any("retry --values" in line for line in summary.lines())
    assert "1 value failed; dsx runs retry --values" in "\n".join(state(folder).lines())


# ---- what stands on disk ----


def result(number: int) -> PaperResult:
    return PaperResult(f"{number:064x}", f"{number}.pdf", (Record(None, "", {"n": Value(number, Status.STATED)}),))


def test_no_change_of_a_run_folder_s_files_gives_a_traceback_or_a_wrong_record(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    from dsx.run.history import retry, state

    caplog.set_level("CRITICAL")
    whole, draw = tmp_path / "whole", random.Random(2)
    folder = open_run(whole, MANIFEST)
    folder.log({"event": "start", "papers": 3, "mine": 3})
    for number in range(2):
        folder.save(result(number))
        folder.log({"event": "paper", "document": f"{number:064x}", "file": "x", "seconds": 1.0})
    folder.fail(f"{2:064x}", "2.pdf", "encrypted")
    files = [path for path in whole.rglob("*") if path.is_file()]
    for trial in range(300):
        damaged = shutil.copytree(whole, tmp_path / "damaged", dirs_exist_ok=True)
        path = damaged / draw.choice(files).relative_to(whole)
        content = bytearray(path.read_bytes())
        at = draw.randrange(len(content))
        if trial % 3 == 0:
            content[at] ^= 1 << draw.randrange(8)
        elif trial % 3 == 1:
            del content[at:]
        else:
            content[at : at + draw.randrange(1, 9)] = draw.randbytes(4)
        path.write_bytes(content)
        try:
            run = read_run(damaged)
        except UsageError:
            continue
        for found in run.results():
            assert found == result(int(found.document, 16))
        state(run)
        for document in (f"{number:064x}" for number in range(3)):
            run.done(document)
            run.failed(document)
        retry(run, values=True)


@pytest.mark.parametrize("content", [b"", b"{", b"null", b"[1]", b'{"document": "x"}', b"\xff\xfe", b"[" * 100_000])
@pytest.mark.parametrize("part", ["records", "failures"])
def test_a_damaged_record_or_failure_is_named_and_its_paper_done_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, part: str, content: bytes
) -> None:
    file = tmp_path / "a.pdf"
    file.write_text("a")
    path = tmp_path / "run" / part / f"{document_id(file)}.json"
    open_run(tmp_path / "run", MANIFEST)
    path.write_bytes(content)
    folder = open_run(tmp_path / "run", MANIFEST)
    summary = run_papers([file], fill, answer, folder, Lines(1))
    assert (summary.done, summary.resumed, summary.exit_code) == (1, 0, 0)
    assert caplog.text.count(f"{path} is damaged") == 1
    assert [stored.file for stored in read_run(tmp_path / "run").results()] == ["a.pdf"]


def test_claims_that_say_nothing_are_free_and_foreign_files_are_passed_over(tmp_path: Path) -> None:
    from dsx.store import Claims

    document = "a" * 64
    claims = Claims(tmp_path, expiry=60)
    for content in (b"", b"null", b"[]", b'{"place": 1, "process": "x"}', b"\xff"):
        claim = claims.folder / f"{document}.0.json"
        claim.write_bytes(content)
        if content.startswith(b"{"):
            assert not claims.take(document)
            os.utime(claim, (0, 0))
        assert claims.take(document)
        claims.release(document)
        claim.unlink(missing_ok=True)
    (claims.folder / f"{document}.x.json").write_text("")
    assert claims.take(document)


# ---- several processes ----


def test_processes_at_one_run_know_of_each_other(tmp_path: Path) -> None:
    from dsx.store import Claims

    with Claims(tmp_path) as one:
        assert (one.others(), one.others(here=True)) == (0, 0)
        with Claims(tmp_path):
            assert (one.others(), one.others(here=True)) == (1, 1)
        assert one.others() == 0
        far = one.folder / "process-far.0.json"
        far.write_text(json.dumps({"place": "another kernel", "process": 1, "started": 0}))
        assert (one.others(), one.others(here=True)) == (1, 0)


def test_the_processors_given_are_the_least_of_all_limits(tmp_path: Path) -> None:
    cpus = len(os.sched_getaffinity(0))
    assert given_cpus({}, tmp_path) == cpus
    assert given_cpus({"OMP_NUM_THREADS": "1"}, tmp_path) == 1
    assert given_cpus({"SLURM_CPUS_PER_TASK": "1"}, tmp_path) == cpus  # left from an earlier job's shell
    assert given_cpus({"SLURM_JOB_ID": "7", "SLURM_CPUS_PER_TASK": "1"}, tmp_path) == 1
    assert given_cpus({"OMP_NUM_THREADS": "many", "SLURM_JOB_ID": "7"}, tmp_path) == cpus
    (tmp_path / "cpu.max").write_text("50000 100000\n")
    assert given_cpus({}, tmp_path) == 1
    (tmp_path / "cpu.max").write_text("nonsense")
    assert given_cpus({}, tmp_path) == cpus

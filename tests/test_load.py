"""Loading in a subprocess: documents, limits, failures, cache. Loaders here are plain functions of this file."""

from __future__ import annotations

import os
import signal
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy
import pytest

from dsx.errors import LoadError
from dsx.load import DocumentCache, DocumentReader, document_id
from dsx.load.compose import Paragraph, compose, unplaced
from dsx.plugins import load_plugins
from dsx.types import Document, Loader, LoadLimits

SAMPLE = Path(__file__).parent.parent / "examples" / "papers" / "sample.pdf"


def sleeps(path: Path) -> Document:
    time.sleep(60)
    raise AssertionError


def spins(path: Path) -> Document:
    while True:
        pass


def eats_memory(path: Path) -> Document:
    hoard = bytearray(1 << 33)
    raise AssertionError(len(hoard))


def crashes(path: Path) -> Document:
    os.kill(os.getpid(), signal.SIGSEGV)
    raise AssertionError


def raises(path: Path) -> Document:
    raise ZeroDivisionError("by zero")


def counts(path: Path) -> Document:
    """Leaves a trace of each call beside the file."""
    trace = path.with_suffix(".calls")
    trace.write_text(trace.read_text() + "x" if trace.exists() else "x")
    return compose(path, "counts", [Paragraph([unplaced(path.read_text())])], [(1.0, 1.0)])


def load(path: Path, name: str = "text", loader: Loader | None = None, **limits: Any) -> Document:
    found = loader or load_plugins().loaders[name]
    return DocumentReader(lambda path: (name, found), {name: found}, LoadLimits(**limits)).read(path, name)


@pytest.fixture
def note(tmp_path: Path) -> Path:
    path = tmp_path / "note.txt"
    path.write_text("# Methods\n\nForty-one people\ntook part.\n\n# References\n\nNobody, 1999.\n")
    return path


def test_plain_text_is_paragraphs_and_sections(note: Path) -> None:
    document = load(note)
    assert document.text == "Methods\nForty-one people took part.\nReferences\nNobody, 1999.\n"
    assert [(section.kind, section.title) for section in document.sections] == [
        ("methods", "Methods"),
        ("references", "References"),
    ]
    assert document.sections[0].end == document.sections[1].start
    assert document.id == document_id(note)
    assert numpy.isnan(document.char_boxes).all()


def test_sample_pdf_has_a_box_for_every_printed_character() -> None:
    document = load(SAMPLE, "pymupdf")
    assert "Twenty-four participants took part in Experiment 1" in document.text
    assert "in one fast movement and not to stop there" in document.text  # broken at a line's end by a soft hyphen
    assert len(document.pages) == 4
    assert document.pages[0].start == 0
    assert document.pages[-1].end == len(document.text)
    assert all(one.end == other.start for one, other in zip(document.pages, document.pages[1:], strict=False))
    printed = numpy.array([not letter.isspace() for letter in document.text])
    assert not numpy.isnan(document.char_boxes[printed]).any()
    assert "references" in {section.kind for section in document.sections}


def says(path: Path, words: str) -> Document:
    return compose(path, "says", [Paragraph([unplaced(words)])], [(1.0, 1.0)])


class Sayer:
    words = "of a method"

    def load(self, path: Path) -> Document:
        return says(path, self.words)


def test_a_loader_may_be_any_callable_that_can_be_sent_to_a_subprocess(note: Path, tmp_path: Path) -> None:
    words = "of a closure"
    for function, text in {
        partial(says, words="of a partial"): "of a partial\n",
        (lambda path: says(path, words)): "of a closure\n",
        Sayer().load: "of a method\n",
    }.items():
        assert load(note, "any", Loader(function, "1")).text == text
    with (tmp_path / "open").open("w") as stream, pytest.raises(LoadError, match="cannot be sent to a subprocess"):
        load(note, "any", Loader(lambda path: says(path, stream.name), "1"))


@pytest.mark.parametrize(
    ("function", "seconds", "reason"),
    [
        (sleeps, 1, "not read after 1 s"),
        (spins, 1, "not read after 1 s"),
        (eats_memory, 30, "more than 2048 MB"),
        (crashes, 30, "crashed (SIGSEGV)"),
        (raises, 30, "ZeroDivisionError: by zero"),
    ],
)
def test_a_bad_load_is_a_load_error_of_one_line(note: Path, function: object, seconds: float, reason: str) -> None:
    started = time.monotonic()
    with pytest.raises(LoadError) as caught:
        load(note, "bad", Loader(function, "1"), seconds=seconds)  # type: ignore[arg-type]
    assert reason in str(caught.value)
    assert str(caught.value).startswith("note.txt: ")
    assert "\n" not in str(caught.value)
    assert time.monotonic() - started < seconds + 20


def test_the_cache_saves_the_second_load_and_a_new_version_does_not_use_it(tmp_path: Path, note: Path) -> None:
    cache, calls = tmp_path / "cache", note.with_suffix(".calls")

    def reader(loader: Loader) -> DocumentReader:
        return DocumentReader(lambda path: ("counts", loader), {}, cache=DocumentCache(cache))

    for version, expected in (("1", "x"), ("1", "x"), ("2", "xx")):
        document = reader(Loader(counts, version)).read(note)
        assert document.text == note.read_text() + "\n"
        assert calls.read_text() == expected
    for kept in cache.iterdir():
        kept.write_bytes(b"half")
    reader(Loader(counts, "2")).read(note)
    assert calls.read_text() == "xxx"


@pytest.mark.parametrize(("content", "reason"), [(b"", "empty"), (b"%PDF-1.7\nnothing", "PDF")])
def test_files_that_are_no_documents(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "bad.pdf"
    path.write_bytes(content)
    with pytest.raises(LoadError, match=reason):
        load(path, "pymupdf")


def test_a_pdf_that_breaks_off_is_damaged(tmp_path: Path) -> None:
    import pymupdf

    with pymupdf.open() as pdf:
        pdf.new_page().insert_text((72, 72), "Twelve chambers stood on the soil.")
        whole = pdf.tobytes()
        pdf.new_page()
        pdf.delete_page(0)
        (tmp_path / "blank.pdf").write_bytes(pdf.tobytes())
    (tmp_path / "cut.pdf").write_bytes(whole[: whole.index(b"stream")])
    with pytest.raises(
        LoadError, match=r"^cut\.pdf: no .*; the file is damaged, for its end is missing: fetch it again$"
    ):
        load(tmp_path / "cut.pdf", "pymupdf")
    with pytest.raises(LoadError, match="no text on its pages; if other programs show some"):
        load(tmp_path / "blank.pdf", "pymupdf")


def test_a_cut_pdf_that_still_has_text_is_said_to_be_cut_in_every_run(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    import pymupdf

    with pymupdf.open() as pdf:
        for page in range(3):
            pdf.new_page().insert_text((72, 72), f"Twelve chambers stood on plot {page}.")
        whole = pdf.tobytes()
    (tmp_path / "whole.pdf").write_bytes(whole)
    (tmp_path / "cut.pdf").write_bytes(whole[: whole.index(b"xref")])
    loader = load_plugins().loaders["pymupdf"]
    reader = DocumentReader(lambda path: ("pymupdf", loader), {}, cache=DocumentCache(tmp_path / "cache"))
    assert "damaged" not in reader.read(tmp_path / "whole.pdf").metadata
    assert caplog.messages == []
    said = "its end is missing, so that pages or text may be lost: fetch it again"
    for _ in range(2):  # the second comes from the cache
        caplog.clear()
        document = reader.read(tmp_path / "cut.pdf")
        assert "Twelve chambers stood on plot 0." in document.text
        assert document.metadata["damaged"] == said
        assert caplog.messages == [f"cut.pdf: {said}"]


def test_what_cannot_be_opened_is_named_once_and_without_its_path(tmp_path: Path) -> None:
    (tmp_path / "bad.pdf").write_bytes(b"garbage")
    with pytest.raises(LoadError, match=r"^bad\.pdf: not a readable PDF \(it cannot be opened\); fetch it again$"):
        load(tmp_path / "bad.pdf", "pymupdf")


def test_a_missing_file_is_a_load_error(tmp_path: Path) -> None:
    with pytest.raises(LoadError, match="No such file"):
        load(tmp_path / "none.txt")


def test_find_loader_looks_at_the_content(tmp_path: Path, note: Path) -> None:
    plugins = load_plugins()
    disguised, binary = tmp_path / "paper.txt", tmp_path / "data.bin"
    disguised.write_bytes(SAMPLE.read_bytes())
    binary.write_bytes(b"\x00\x01\x02")
    assert plugins.find_loader(disguised) == "pymupdf"
    assert plugins.find_loader(note) == "text"
    assert plugins.find_loader(binary) is None

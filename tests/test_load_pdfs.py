"""The PDF loader on synthetic PDFs with known truth, on bombs, and on mutations of the sample paper."""

from __future__ import annotations

import gc
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dsx.errors import LoadError
from dsx.load import DocumentReader
from dsx.load.keep import read_document
from dsx.load.pdf import load_pdf
from dsx.plugins import load_plugins
from dsx.types import Document, LoadLimits
from tests.pdfs import make

pytestmark = pytest.mark.slow

SAMPLE = Path(__file__).parent.parent / "examples" / "papers" / "sample.pdf"
MUTATIONS = 60
MEMORY_MB = 500


def load(path: Path, seconds: float = 60) -> Document:
    plugins = load_plugins()
    return DocumentReader(plugins.loader_of, plugins.loaders, LoadLimits(seconds)).read(path, "pymupdf")


def assert_holds(document: Document, truth: make.Truth) -> None:
    """What was read is what the maker wrote."""
    assert len(document.pages) == truth.pages
    for piece in truth.has:
        assert piece in document.text
    for piece in truth.lacks:
        assert piece not in document.text
    for piece in truth.later_lack:
        assert piece not in document.text[document.pages[0].end :]
    kinds = iter(section.kind for section in document.sections)
    assert all(kind in kinds for kind in truth.kinds), [section.kind for section in document.sections]
    if truth.rows:
        assert document.tables[0].rows == truth.rows
        assert "   ".join(truth.rows[1]) in document.text
    assert (document.char_pages[1:] >= document.char_pages[:-1]).all()


@pytest.mark.parametrize("name", sorted({*make.MAKERS} - {"three-hundred-pages"}))
def test_known_truth_is_read(name: str, tmp_path: Path) -> None:
    if name == "scanned" and shutil.which("tesseract") is None:
        pytest.skip("tesseract is not installed: apt-get install tesseract-ocr")
    path = tmp_path / f"{name}.pdf"
    truth = make.MAKERS[name](path)
    assert_holds(load_pdf(path), truth)


def test_references_are_split_off(tmp_path: Path) -> None:
    make.line_numbers(tmp_path / "paper.pdf")
    document = load_pdf(tmp_path / "paper.pdf")
    references = next(section for section in document.sections if section.kind == "references")
    assert "Nobody, A. (1999)" in document.text[references.start : references.end]
    assert "Nobody, A. (1999)" not in document.text[: references.start]


def test_a_scan_without_tesseract_names_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make.scanned(tmp_path / "scan.pdf")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(LoadError, match="install tesseract-ocr"):
        load_pdf(tmp_path / "scan.pdf")


@pytest.mark.parametrize("maker", [make.bomb, make.nested])
def test_a_bomb_costs_its_limit_and_no_more(maker: make.Maker, tmp_path: Path) -> None:
    maker(tmp_path / "bomb.pdf")
    started = time.monotonic()
    with pytest.raises(LoadError) as caught:
        load(tmp_path / "bomb.pdf", seconds=3)
    assert str(caught.value).startswith("bomb.pdf: ")
    assert time.monotonic() - started < 3 + 12


def test_three_hundred_pages_are_read_and_stay_under_500_mb(tmp_path: Path) -> None:
    path, stored = tmp_path / "thesis.pdf", tmp_path / "thesis.npz"
    truth = make.three_hundred_pages(path)
    program = (
        "import sys; from pathlib import Path;"
        "from dsx.load.keep import write_document; from dsx.load.pdf import load_pdf;"
        "document = load_pdf(Path(sys.argv[1]));"
        "print(Path('/proc/self/status').read_text().split('VmHWM:')[1].split()[0]);"  # not ru_maxrss: the parent's
        "write_document(document, Path(sys.argv[2]))"
    )
    command = [sys.executable, "-c", program, path, stored]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    assert int(ran.stdout) / 1024 < MEMORY_MB
    assert_holds(read_document(stored), truth)


def test_every_mutation_ends_as_a_document_or_a_named_failure(tmp_path: Path) -> None:
    """All in one subprocess, which would crash or hang with the first that does."""
    original, dice = SAMPLE.read_bytes(), random.Random(1)
    for index in range(MUTATIONS):
        (tmp_path / f"{index:03}.pdf").write_bytes(mutated(original, dice))
    worker = Path(__file__).parent / "pdfs" / "load_all.py"
    ran = subprocess.run(
        [sys.executable, str(worker), *sorted(map(str, tmp_path.iterdir()))],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        encoding="utf-8",
        timeout=300,
        check=True,
    )
    outcomes = ran.stdout.splitlines()
    assert len(outcomes) == MUTATIONS
    assert all(line.startswith(("document ", "failure ")) for line in outcomes)
    assert {line.split()[0] for line in outcomes} == {"document", "failure"}


def test_the_collector_of_cycles_runs_again_after_a_paper(tmp_path: Path) -> None:
    load_pdf(SAMPLE)
    assert gc.isenabled()
    broken = tmp_path / "broken.pdf"
    broken.write_bytes(b"%PDF-1.7")
    with pytest.raises(LoadError):
        load_pdf(broken)
    assert gc.isenabled()


def mutated(original: bytes, dice: random.Random) -> bytes:
    """Bytes flipped, or the end cut off, or a piece put elsewhere."""
    data = bytearray(original)
    match dice.randrange(3):
        case 0:
            for _ in range(dice.choice((1, 10, 100, 1000))):
                data[dice.randrange(len(data))] = dice.randrange(256)
        case 1:
            del data[dice.randrange(len(data)) :]
        case _:
            start = dice.randrange(len(data))
            piece = data[start : start + dice.randrange(1, 5000)]
            at = dice.randrange(len(data))
            data[at : at + dice.choice((0, len(piece)))] = piece
    return bytes(data)

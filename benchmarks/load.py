"""How well and how fast papers are read: dsx's loaders, and its PDF loader beside the plain text of other libraries.

python benchmarks/load.py FOLDER… [--loader NAME] [--times]

A FOLDER holds gold/*.json, as `dsx eval --gold` takes it, and the papers in pdf/ or papers/. --loader: of the PDFs.

For every gold quote: is it found after the normalisation of `dsx.ground.locate`, is its page right, and does the text
inside its boxes, read anew from the PDF, equal it (white space, hyphens and our "^" aside)? Formats without pages have
no boxes. Times are of one process; each PDF is read three times by each way in turn, and the median counts.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pymupdf

from dsx.ground.locate import locate
from dsx.load.pdf import load_pdf
from dsx.plugins import load_plugins
from dsx.text import fold
from dsx.types import Document, Evidence

REPEATS = 3


@dataclass
class Found:
    """What became of the gold quotes of some papers. placed: stand on a PDF's page, so that they have boxes."""

    quotes: int = 0
    found: int = 0
    on_page: int = 0
    placed: int = 0
    boxed: int = 0
    misses: list[str] = field(default_factory=list)


def gold(folder: Path) -> Iterator[tuple[Path, list[tuple[str, int]]]]:
    """Each paper with its distinct (quote, page)."""
    for path in sorted((folder / "gold").glob("*.json")):
        paper = json.loads(path.read_text(encoding="utf-8"))
        cells = [cell for one in paper["experiments"] for cell in one["parameters"].values()]
        quotes = dict.fromkeys((cell["quote"], cell["page"]) for cell in cells if cell.get("quote"))
        yield folder / ("pdf" if (folder / "pdf").is_dir() else "papers") / paper["pdf"], list(quotes)


def measure(document: Document, path: Path, quotes: list[tuple[str, int]], into: Found) -> None:
    """Counts the quotes of one paper into `into`."""
    for quote, page in quotes:
        into.quotes += 1
        evidence = locate(quote, document)
        if evidence is None:
            into.misses.append(f"{path.name} p. {page}: not found: {quote}")
            continue
        into.found += 1
        pages = set(document.char_pages[evidence.start : evidence.end].tolist())
        if page in pages or evidence.occurrences > 1:
            into.on_page += 1
        else:
            into.misses.append(f"{path.name} p. {page}: found on {evidence.page}: {quote}")
        if path.suffix == ".pdf":
            into.placed += 1
            with pymupdf.open(path) as pdf:
                again, meant = inside(pdf[evidence.page - 1], evidence), on_its_page(document, evidence)
            if again == meant:
                into.boxed += 1
            else:
                into.misses.append(f"{path.name} p. {page}: boxes hold {again!r}, quote is {meant!r}")


def on_its_page(document: Document, evidence: Evidence) -> str:
    """The quote's characters that stand on the page of its boxes, made plain."""
    span = range(evidence.start, evidence.end)
    return plain("".join(document.text[at] for at in span if document.char_pages[at] == evidence.page))


def inside(page: pymupdf.Page, evidence: Evidence) -> str:
    """The printed characters whose middle lies in a box, in the order of the page, made plain."""
    letters = []
    for block in page.get_text("rawdict", flags=0)["blocks"]:
        for line in block["lines"]:
            for character in (one for span in line["spans"] for one in span["chars"]):
                x0, y0, x1, y1 = character["bbox"]
                x, y = (x0 + x1) / 2, (y0 + y1) / 2
                if any(box[0] <= x <= box[2] and box[1] <= y <= box[3] for box in evidence.boxes):
                    letters.append(character["c"])
    return plain("".join(letters))


def plain(text: str) -> str:
    """Without white space, hyphens (a line's end may have one) and "^"; ligatures and dashes folded."""
    folded = "".join(fold(letter) for letter in text)
    return re.sub(r"[-\u00ad\ufffd]|[^\x20-\uffff]", "", "".join(one for one in folded if one.isprintable()))


def ways() -> dict[str, Callable[[Path], str]]:
    """Name → the whole text of a PDF; libraries that are not installed are left out."""
    found: dict[str, Callable[[Path], str]] = {"dsx (text, boxes, sections)": lambda path: load_pdf(path).text}

    def simple(path: Path) -> str:
        with pymupdf.open(path) as pdf:
            return "\n".join(page.get_text() for page in pdf)

    found["pymupdf page.get_text()"] = simple
    try:
        import pypdfium2

        def pdfium(path: Path) -> str:
            with pypdfium2.PdfDocument(path) as pdf:
                return "\n".join(page.get_textpage().get_text_range() for page in pdf)

        found["pypdfium2 get_text_range()"] = pdfium
    except ImportError:
        pass
    try:
        import pymupdf4llm

        found["pymupdf4llm to_markdown()"] = lambda path: str(pymupdf4llm.to_markdown(str(path), show_progress=False))
    except ImportError:
        pass
    return found


def share(text: str, quotes: list[tuple[str, int]]) -> int:
    """How many quotes stand in the text, after the same folding."""
    whole = "".join(fold(letter) for letter in text)
    return sum("".join(fold(letter) for letter in quote) in whole for quote, _ in quotes)


def read_all(papers: list[tuple[Path, list[tuple[str, int]]]], pdf_loader: str) -> Found:
    """The quotes of these papers, each read by the loader of its format."""
    plugins, result = load_plugins(), Found()
    for path, quotes in papers:
        name = pdf_loader if path.suffix == ".pdf" else plugins.find_loader(path)
        measure(plugins.loaders[name or "text"].load(path), path, quotes, result)
    return result


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--loader", default="pymupdf")
    parser.add_argument("--times", action="store_true")
    arguments = parser.parse_args()
    for folder in arguments.folders:
        papers = list(gold(folder))
        result = read_all(papers, arguments.loader)
        boxes = f", boxes equal {result.boxed} of {result.placed}" if result.placed else ""
        print(f"{folder.name}: {result.quotes} quotes, found {result.found}, on the right page {result.on_page}{boxes}")
        print(*result.misses, sep="\n")
        if arguments.times:
            print_times([(path, quotes) for path, quotes in papers if path.suffix == ".pdf"])


def print_times(papers: list[tuple[Path, list[tuple[str, int]]]]) -> None:
    total = sum(len(quotes) for _, quotes in papers)
    print("\n| way | ms a page (median of papers) | quotes found literally |\n|---|---|---|")
    for name, read in ways().items():
        times, hits = [], 0
        for path, quotes in papers:
            with pymupdf.open(path) as pdf:
                pages = len(pdf)
            runs, text = [], ""
            for _ in range(REPEATS):
                started = time.perf_counter()
                text = read(path)
                runs.append((time.perf_counter() - started) / pages * 1e3)
            times.append(statistics.median(runs))
            hits += share(text, quotes)
        print(f"| {name} | {statistics.median(times):.1f} | {hits} of {total} |", flush=True)


if __name__ == "__main__":
    main()

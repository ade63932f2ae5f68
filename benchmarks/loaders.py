"""The two PDF loaders, pymupdf and pdfium, side by side on the same files.

python benchmarks/loaders.py FOLDER      FOLDER holds gold/*.json and pdf/*.pdf, gold as `dsx eval --gold` takes it

Glued words: of a loader's words, those that the other one reads as two or more words in a row and that stand nowhere
in its text. Hidden: pages whose hidden sentence is kept apart, of those below, and whose plain one is read. Tables:
every seventh of benchmarks/tables.py.
"""

from __future__ import annotations

import re
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pymupdf

sys.path.insert(0, str(Path(__file__).parent))

from load import Found, gold, measure
from tables import dsx_rows
from tables_typeset import make_all

from dsx.plugins import load_plugins
from dsx.types import Document

LOADERS = ("pymupdf", "pdfium")
EVERY = 7
SECRET = "There were 901 of them."
Draw = Callable[[Any], Any]


def _covered(page: Any) -> None:
    page.insert_text((72, 120), SECRET)
    page.draw_rect((60, 100, 400, 130), color=None, fill=(1, 1, 1))


def _on_black(page: Any) -> None:
    page.draw_rect((60, 100, 400, 130), color=None, fill=(0, 0, 0))
    page.insert_text((72, 120), SECRET)


HIDING: dict[str, Draw] = {
    "white": lambda page: page.insert_text((72, 120), SECRET, color=(1, 1, 1)),
    "tiny": lambda page: page.insert_text((72, 120), SECRET, fontsize=0.5),
    "render mode 3": lambda page: page.insert_text((72, 120), SECRET, render_mode=3),
    "transparent": lambda page: page.insert_text((72, 120), SECRET, fill_opacity=0.02),
    "covered": _covered,
    "black on black": _on_black,
    "off the page": lambda page: page.insert_text((72, 2000), SECRET),
    "layer that is off": lambda page: page.insert_text((72, 120), SECRET, oc=page.parent.add_ocg("x", on=False)),
}


def glued(text: str, other: str) -> list[str]:
    """Words of a text that are two words in a row in the other, and no word of it."""
    words = re.findall(r"[^\W\d_]+", other)
    pairs = {first + second for first, second in pairwise(words)} - set(words)
    return [word for word in re.findall(r"[^\W\d_]+", text) if word in pairs]


def hidden_apart(load: Callable[[Path], Document], folder: Path) -> int:
    """How many of the ways of hiding a sentence are seen through."""
    apart = 0
    for draw in HIDING.values():
        path = folder / "hiding.pdf"
        with pymupdf.open() as pdf:
            page = pdf.new_page()
            page.insert_text((72, 72), "In all, 12 people came.")
            draw(page)
            pdf.save(path)
        document = load(path)
        apart += document.text == "In all, 12 people came.\n" and [piece.text for piece in document.hidden] == [SECRET]
    return apart


def rows(folder: Path) -> Iterator[tuple[str, str]]:
    """Each measure with what it is for both loaders, as a row of the table."""
    plugins = load_plugins()
    loads = [plugins.loaders[name].load for name in LOADERS]
    papers, found, texts, speed = list(gold(folder)), [], [], []
    for load in loads:
        result, read, times = Found(), [], []
        for path, quotes in papers:
            started = time.perf_counter()
            document = load(path)
            times.append((time.perf_counter() - started) / len(document.pages) * 1e3)
            measure(document, path, quotes, result)
            read.append(document.text)
        found.append(result)
        texts.append(read)
        speed.append(statistics.median(times))
    yield "gold quotes found", " | ".join(f"{one.found} of {one.quotes}" for one in found)
    yield "… on the right page", " | ".join(str(one.on_page) for one in found)
    yield "… boxes equal", " | ".join(str(one.boxed) for one in found)
    words = [sum(len(text.split()) for text in read) for read in texts]
    yield "words", " | ".join(map(str, words))
    counts = [
        sum(len(glued(one, other)) for one, other in zip(texts[at], texts[1 - at], strict=True)) for at in range(2)
    ]
    yield "glued words", " | ".join(map(str, counts))
    with tempfile.TemporaryDirectory() as name:
        apart = [hidden_apart(load, Path(name)) for load in loads]
        yield "hidden text kept apart", " | ".join(f"{count} of {len(HIDING)}" for count in apart)
        tables = list(make_all(Path(name), every=EVERY))
        results = [[dsx_rows(path, known, load) for path, known in tables] for load in loads]
    shares = [f"{sum(one[0] for one in each)} of {sum(one[1] for one in each)}" for each in results]
    yield f"rows whole, {len(tables)} tables", " | ".join(shares)
    wrong = [sum("WRONG HEAD" in line for one in each for line in one[2]) for each in results]
    yield "… rows under a wrong head", " | ".join(map(str, wrong))
    yield "ms a page (median of papers)", " | ".join(f"{ms:.0f}" for ms in speed)


def main() -> None:
    print(f"| | {' | '.join(LOADERS)} |\n|---|---|---|")
    for name, values in rows(Path(sys.argv[1])):
        print(f"| {name} | {values} |", flush=True)


if __name__ == "__main__":
    main()

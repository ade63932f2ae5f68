"""How large the review page of a run is, how long it takes to make, and how long Chromium takes to show it.

    python benchmarks/review.py [--papers 20] PDF ...

Makes a run of copies of the PDFs, each value quoted from another place, so that nearly every page is cited. Exits 1
where the file has 30 MB or more, or the first value does not show within 2 s.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

import pymupdf

from dsx.api import load_document
from dsx.ground.locate import evidence_at
from dsx.recipe import Recipe
from dsx.review import open_review, review_page, write_page
from dsx.schema import read_schema
from dsx.store import RunFolder, open_run
from dsx.types import Confidence, PaperResult, Record, RecordStep, RecordType, Status, Value

SCHEMA = Path(__file__).parents[1] / "schemas" / "motor.json"
RECORDS = 3
MAX_MEGABYTES, MAX_SECONDS = 30, 2.0


def copies(papers: list[Path], count: int, folder: Path) -> list[Path]:
    """PDFs of different content, as many as asked for."""
    for number in range(count):
        with pymupdf.open(papers[number % len(papers)]) as document:
            document.set_metadata({"title": f"copy {number}"})
            document.save(folder / f"paper {number:03}.pdf")
    return sorted(folder.iterdir())


def store(run: RunFolder, path: Path, root: RecordType) -> None:
    """A result whose quotes are spread over the paper's text."""
    document = load_document(path)
    listed = root.children[0]
    places = [(root, ())] + [(listed, (RecordStep(listed.name, f"Experiment {at + 1}"),)) for at in range(RECORDS)]
    total = sum(len(kind.parameters) for kind, _ in places)
    records, at = [], 0
    for kind, step in places:
        values = {}
        for parameter in kind.parameters:
            start = document.text.find(" ", len(document.text) * at // total) + 1
            end = document.text.find(" ", start + 60)
            evidence = evidence_at(document, start, end if end > 0 else len(document.text), 1)
            sure = Confidence(0.9, 0.5, tuple((choice.value, 0.2) for choice in parameter.choices))
            values[parameter.name] = Value(evidence.quote, Status.STATED, at / total, evidence, sure=sure)
            at += 1
        records.append(Record(step[-1].label if step else None, kind.name, values, None, step))
    run.save(PaperResult(document.id, path.name, tuple(records)))


def seconds_to_show(page: Path) -> tuple[float, float]:
    """From the address to the first value beside its page's picture, and to the end of the file; medians of five."""
    from playwright.sync_api import sync_playwright

    executable = os.environ.get("CHROMIUM") or shutil.which("chromium")
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        shown, loaded = list[float](), list[float]()
        for _ in range(5):
            tab = browser.new_page(viewport={"width": 1280, "height": 800})
            began = time.perf_counter()
            tab.goto(page.as_uri(), wait_until="commit")
            tab.wait_for_selector("#page-pane img")
            tab.evaluate("() => document.querySelector('#page-pane img').decode()")
            shown.append(time.perf_counter() - began)
            tab.wait_for_load_state("load")
            loaded.append(time.perf_counter() - began)
            tab.close()
        browser.close()
    return sorted(shown)[2], sorted(loaded)[2]


def main() -> int:
    """See the module's docstring."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("pdfs", nargs="+", type=Path)
    arguments.add_argument("--papers", type=int, default=20)
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as name:
        papers = Path(name) / "papers"
        papers.mkdir()
        parameters = read_schema(SCHEMA)
        recipe = Recipe.read(schema_name=str(SCHEMA)).model_dump(mode="json")
        manifest = {"dsx": "1", "schema": dict(parameters.schema), "schema_name": parameters.name, "recipe": recipe}
        run = open_run(Path(name) / "run", manifest)
        for path in copies(given.pdfs, given.papers, papers):
            store(run, path, parameters.root)
        began = time.perf_counter()
        contents = open_review(run.path, [papers])
        page = review_page(contents)
        made = time.perf_counter() - began
        write_page(Path(name) / "review.html", page)
        megabytes = len(page.encode()) / 1e6
        pages = page.count('<script type="application/json" id="page-')
        shown, loaded = seconds_to_show(Path(name) / "review.html")
    print(f"{given.papers} papers, {pages} pages: {megabytes:.1f} MB, made in {made:.1f} s")
    print(f"in Chromium: first value and page shown after {shown:.2f} s, whole file loaded after {loaded:.2f} s")
    return int(megabytes >= MAX_MEGABYTES or shown >= MAX_SECONDS)


if __name__ == "__main__":
    sys.exit(main())

"""The review page in Chromium: walked by keyboard, decided on, saved; nothing that a paper says does anything."""

from __future__ import annotations

import json
import os
import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from dsx.cli.export import command as export
from dsx.ground.locate import locate
from dsx.load import document_id
from dsx.review import ReviewServer, open_review, review_page, write_page
from dsx.review.words import GAP, Word, packed
from dsx.schema import read, validates
from dsx.store import RunFolder, apply_decisions, open_run, parse_decisions, read_decisions, review_path, settle
from dsx.types import Evidence, Flag, PaperResult, Record, RecordStep, Status, Value
from tests.gold_run import PAPERS, gold_run

playwright = pytest.importorskip("playwright.sync_api")
pytestmark = pytest.mark.slow
DESKTOP, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
Open = Callable[..., Any]


def chromium() -> str:
    """A Chromium of this machine, or a skip."""
    names = ("chromium", "chromium-browser", "google-chrome", "chrome")
    path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    if path is None:
        pytest.skip("no Chromium: apt-get install chromium, or name one in CHROMIUM")
    return path


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    path = chromium()
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return gold_run(tmp_path_factory.mktemp("review") / "sample run")


@pytest.fixture(scope="module")
def page_file(run: RunFolder) -> Path:
    path = run.path.parent / "review.html"
    write_page(path, review_page(open_review(run.path), "ana"))
    return path


CLOSED: set[str] = set()
"""Addresses of servers that are closed: pages that a browser still asks them for are refused."""


def is_problem(message: Any) -> bool:
    """Whether a message of the console is an error that the page has made."""
    refused = "net::ERR_CONNECTION_" in message.text and message.location["url"].startswith(tuple(CLOSED))
    return message.type == "error" and not refused


@pytest.fixture
def visit(browser: Any) -> Iterator[Open]:
    """Opens an address; whatever the page complains of or asks from elsewhere fails the test."""
    problems, contexts = list[str](), list[Any]()

    def open_page(url: str, **how: Any) -> Any:
        context = (
            browser.new_context(viewport=DESKTOP, accept_downloads=True) if not how else browser.new_context(**how)
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: problems.append(message.text) if is_problem(message) else None)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("dialog", lambda dialog: problems.append(f"dialog {dialog.message}"))
        own = url.rsplit("/", 1)[0]
        page.on("request", lambda r: None if r.url.startswith((own, "data:", "blob:")) else problems.append(r.url))
        page.goto(url)
        page.wait_for_selector("body.ready")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert problems == []


def go_to(page: Any, record: str, parameter: str) -> None:
    """Walks down the list by keyboard until this value is shown."""
    for _ in range(300):
        if page.inner_text(".crumb").endswith(record) and page.inner_text("h1") == parameter:
            page.wait_for_selector("#page-pane img, #page-pane .flow, #page-pane .empty")
            return
        page.keyboard.press("j")
    raise AssertionError(f"{parameter} of {record} is not in the list")


def saved(page: Any) -> bytes:
    """The file that the page saves."""
    with page.expect_download() as download:
        page.keyboard.press("s")
    return Path(download.value.path()).read_bytes()


def test_a_value_is_accepted_corrected_rejected_and_quoted_anew(
    visit: Open, page_file: Path, run: RunFolder, tmp_path: Path
) -> None:
    page = visit(page_file.as_uri())
    go_to(page, "Experiment 1", "age_mean")
    page.keyboard.press("c")
    page.keyboard.type("a lot")
    assert page.inner_text("#problem") == "must be a number"
    assert page.is_disabled("text=Keep")
    page.fill("#typed", "121")
    assert page.inner_text("#problem") == "must be 120 or less"
    page.fill("#typed", "22.5")
    assert page.inner_text("#unquoted").startswith("It is kept without a quote, for the machine's does not hold")
    page.keyboard.press("Enter")
    page.select_option("#order", "paper")
    go_to(page, "Experiment 1", "handedness")
    page.keyboard.press("n")
    go_to(page, "Experiment 2", "n_total")
    page.click(".word:text-is('')[aria-label='Thirty-six'] >> nth=0")
    page.click("[aria-selected=true] ~ [aria-label='Experiment'] >> nth=0")
    assert "chosen by you" in page.inner_text("figcaption")
    words = page.inner_text("#quote")
    assert words.startswith("Thirty-six participants were recruited for Experiment")
    page.keyboard.press("m")
    page.keyboard.type("the number of those recruited")
    page.keyboard.press("Escape")
    page.keyboard.press("a")

    path = tmp_path / "saved.json"
    path.write_bytes(saved(page))
    file = read_decisions(path)
    assert (file.run, file.reviewer, len(file.decisions)) == ("sample run", "ana", 3)
    assert all(each.asked is not None for each in file.decisions)
    result = run.results()[0]
    reviewed = apply_decisions(result, settle([file]), open_review(run.path).parameters)
    assert reviewed.unmatched == ()
    first, second = (record.values for record in reviewed.result.records[1:3])
    age = first["age_mean"]
    assert result.records[1].values["age_mean"].evidence is not None
    assert (age.value, age.evidence, age.status) == (22.5, None, "unsupported"), "the machine's quote says another age"
    assert (first["handedness"].value, first["handedness"].status) == (None, "not_reported")
    out = tmp_path / "out.jsonl"
    done = CliRunner().invoke(export, [str(run.path), "--decisions", str(path), "-o", str(out)])
    assert done.exit_code == 0, done.output
    exported = [json.loads(line)["parameters"] for line in out.read_text().splitlines()]
    assert [cells["age_mean"]["value"] for cells in exported[:2]] == [22.5, result.records[2].values["age_mean"].value]
    assert exported[0]["age_mean"]["flags"][-1] == "reviewed: correct"
    assert exported[1]["n_total"]["quote"] == words
    evidence = second["n_total"].evidence
    assert evidence is not None
    assert (second["n_total"].value, evidence.quote, evidence.page) == (36, words, 1)
    assert len(evidence.boxes) == 1
    assert {decision.parameter: decision.note for decision in file.decisions}["n_total"].startswith("the number")


def corrected(page: Any, value: str) -> dict[str, Any]:
    """The first decision that is saved once a value is typed."""
    page.keyboard.press("c")
    page.fill("#typed", value)
    page.keyboard.press("Enter")
    return dict(json.loads(saved(page))["decisions"][0])


def test_a_correction_takes_a_quote_that_holds_it_or_the_reviewers(visit: Open, page_file: Path) -> None:
    page = visit(page_file.as_uri())
    page.select_option("#order", "paper")
    go_to(page, "Experiment 1", "age_sd")
    machine = page.inner_text("#quote")
    assert "2.7" in machine
    assert "22.4" in machine
    decision = corrected(page, "22.4")
    assert (decision["action"], decision["quote"]["text"]) == ("correct", machine), "it holds this number too"
    assert page.inner_text("h1") != "age_sd"
    page.keyboard.press("k")
    page.keyboard.press("c")
    page.fill("#typed", "9")
    page.keyboard.press("Enter")
    assert "without a quote" in page.inner_text("#status")
    assert json.loads(saved(page))["decisions"][0]["quote"] is None
    page.keyboard.press("k")
    assert page.locator("#quote").count() == 0
    page.click(".word[aria-label='Twenty-four'] >> nth=0")
    page.click("[aria-selected=true] + .word")
    page.keyboard.press("c")
    assert page.inner_text("#unquoted") == ""
    page.keyboard.press("Enter")
    page.keyboard.press("k")
    page.keyboard.press("c")
    page.click(".word[aria-label='participants'] >> nth=1")
    page.click("[aria-selected=true] + .word")
    page.press("#typed", "Enter")
    chosen = json.loads(saved(page))["decisions"][0]
    assert (chosen["value"], len(chosen["quote"]["text"].split())) == (9, 2)
    page.keyboard.press("k")
    assert corrected(page, "8")["quote"] == chosen["quote"], "marked words stay"
    page.keyboard.press("k")
    page.keyboard.press("u")
    page.keyboard.press("u")
    page.keyboard.press("u")
    page.keyboard.press("a")
    assert json.loads(saved(page))["decisions"][0]["quote"]["text"] == machine, "to accept is to accept its quote"


def test_decisions_stay_in_the_browser_and_are_undone(visit: Open, page_file: Path) -> None:
    page = visit(page_file.as_uri())
    first = page.inner_text("h1")
    page.keyboard.press("a")
    assert page.inner_text("h1") != first
    page.keyboard.press("n")
    page.reload()
    page.wait_for_selector("body.ready")
    assert page.inner_text("#progress").startswith("2 of ")
    page.keyboard.press("n")
    page.keyboard.press("u")
    assert page.inner_text("#progress").startswith("2 of ")
    assert [each["action"] for each in json.loads(saved(page))["decisions"]] == ["accept", "not_reported"]


def test_what_was_decided_without_a_name_becomes_the_reviewer_s(visit: Open, run: RunFolder, tmp_path: Path) -> None:
    path = tmp_path / "review.html"
    write_page(path, review_page(open_review(run.path)))
    page = visit(path.as_uri())
    assert page.input_value("#reviewer") == ""
    page.keyboard.press("a")
    page.keyboard.press("a")
    assert json.loads(saved(page))["reviewer"] == "reviewer"
    assert "2 decisions saved as sample run-reviewer.json; type your name" in page.inner_text("#status")
    page.fill("#reviewer", "ana")
    page.press("#reviewer", "Enter")
    assert page.inner_text("#progress").startswith("2 of ")
    page.locator("#list .row").first.focus()
    file = json.loads(saved(page))
    assert (file["reviewer"], len(file["decisions"])) == ("ana", 2)
    page.fill("#reviewer", "ben")
    page.press("#reviewer", "Enter")
    assert page.inner_text("#progress").startswith("0 of "), "another person's are another person's"
    page.reload()
    page.wait_for_selector("body.ready")
    page.fill("#reviewer", "ana")
    page.press("#reviewer", "Enter")
    assert page.inner_text("#progress").startswith("2 of ")


def test_the_page_says_what_its_words_mean_and_that_it_holds_cited_pages(visit: Open, page_file: Path) -> None:
    page = visit(page_file.as_uri())
    page.wait_for_selector(".page-head:has-text('of 4 (cited pages only)')")
    page.keyboard.press("?")
    assert page.evaluate("byId('help').scrollTop") == 0, "the keys come first"
    assert "computed from numbers of the quote" in page.inner_text("#help")
    assert "dsx export RUN -o table.xlsx --decisions sample run-NAME.json" in page.inner_text("#help")


def test_a_candidate_is_taken_by_its_number(visit: Open, page_file: Path) -> None:
    page = visit(page_file.as_uri())
    go_to(page, "Experiment 1", "effector")
    second = page.inner_text(".candidates li:nth-child(2) .what")
    page.keyboard.press("2")
    (decision,) = json.loads(saved(page))["decisions"]
    assert (decision["action"], decision["value"]) == ("correct", second)


def test_a_quote_is_chosen_by_keyboard_alone(visit: Open, page_file: Path) -> None:
    page = visit(page_file.as_uri())
    go_to(page, "Experiment 1", "number_of_targets")
    quote = page.inner_text("#quote")
    page.keyboard.press("w")
    first = page.evaluate("document.activeElement.ariaLabel")
    assert quote.startswith(first.split("(")[0])
    page.keyboard.press("Space")
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    assert len(page.inner_text("#quote").split()) == 4
    page.keyboard.press("Escape")
    page.keyboard.press("a")
    assert len(json.loads(saved(page))["decisions"][0]["quote"]["text"].split()) == 4


def test_filters_and_search(visit: Open, page_file: Path) -> None:
    page = visit(page_file.as_uri())
    page.select_option("#filter", "reason:unsupported")
    assert page.locator("#list .row").count() == page.locator("#list .row:has-text('unsupported')").count() > 0
    page.select_option("#filter", "all")
    page.fill("#search", "experiment 2 targets")
    assert page.locator("#list .row .name").all_text_contents() == ["number_of_targets"]  # drawn yet or not


def test_of_a_record_it_is_said_that_there_is_none(
    visit: Open, page_file: Path, run: RunFolder, tmp_path: Path
) -> None:
    page = visit(page_file.as_uri())
    page.select_option("#order", "paper")
    assert page.locator(".actions .no_record").count() == 0, "the paper is there"
    page.keyboard.press("x")
    go_to(page, "Experiment 2", "n_total")
    page.keyboard.press("a")
    go_to(page, "Experiment 2", "age_mean")
    page.keyboard.press("x")
    values = len(run.results()[0].records[2].values)
    assert page.inner_text("#progress").startswith(f"{values} of ")
    assert page.locator("#list .row.no_record").count() == values
    page.keyboard.press("u")
    assert page.inner_text("#progress").startswith("1 of ")
    assert page.locator("#list .row.accept").count() == 1, "as it was before"
    page.click(".actions .no_record")
    path = tmp_path / "ana.json"
    path.write_bytes(saved(page))
    assert {each.action for each in read_decisions(path).decisions} == {"no_record"}
    done = CliRunner().invoke(export, [str(run.path), "--decisions", str(path)])
    assert [json.loads(line)["record"] for line in done.stdout.splitlines()] == ["Experiment 1"]
    page.locator("#list .row").first.click()
    go_to(page, "Experiment 2", "n_total")
    assert page.inner_text("#your-value") == "no such record"
    page.keyboard.press("a")
    assert [each["action"] for each in json.loads(saved(page))["decisions"]] == ["accept"], (
        "a record with a value is one"
    )


def filled_in(page: Any, value: str) -> None:
    """Fills a value in and goes on."""
    page.keyboard.press("c")
    page.fill("#typed", value)
    page.keyboard.press("Enter")


def to_first_page(page: Any) -> None:
    """Of the two pages that the file holds."""
    page.wait_for_selector(".word")
    if page.is_enabled("[aria-label='Previous page']"):
        page.click("[aria-label='Previous page']")
    page.wait_for_selector(".page-head:has-text('p. 1 of 4')")


def test_a_record_that_the_machine_missed_is_added_by_keyboard(
    visit: Open, page_file: Path, run: RunFolder, tmp_path: Path
) -> None:
    page = visit(page_file.as_uri())
    asked = len(run.results()[0].records[1].values)
    before = int(page.inner_text("#progress").split()[2])
    page.keyboard.press("r")
    assert page.inner_text("h1") == "Add a record"
    assert page.is_disabled("#add-record")
    page.keyboard.type("EXPERIMENT 2")
    assert page.inner_text("#record-problem") == "there is a record of this label"
    page.fill("#record-label", "  Experiment / 3 ")
    page.keyboard.press("Enter")
    assert page.inner_text(".crumb").endswith("Experiment / 3")
    assert page.inner_text("#machine-value") == "to be filled in"
    assert page.locator(".actions .accept").count() == 0
    assert page.locator("#list .row:has-text('added record')").count() == asked
    assert page.inner_text("#progress").startswith(f"0 of {before + asked} ")
    go_to(page, "Experiment / 3", "n_total")
    to_first_page(page)
    page.click(".word[aria-label='Thirty-six'] >> nth=0")
    page.click("[aria-selected=true] + .word")
    filled_in(page, "36")
    assert page.inner_text(".crumb").endswith("Experiment / 3"), "on to its next value"
    page.keyboard.press("n")
    path = tmp_path / "ana.json"
    path.write_bytes(saved(page))
    first, *rest = read_decisions(path).decisions
    assert (first.action, first.record, first.parameter) == ("add_record", "experiments/Experiment ~1 3", "")
    assert first.label == "Experiment / 3"
    assert [each.action for each in rest] == ["correct", "not_reported"]
    done = CliRunner().invoke(export, [str(run.path), "--decisions", str(path)])
    lines = list(map(json.loads, done.stdout.splitlines()))
    assert [line["record"] for line in lines] == ["Experiment 1", "Experiment 2", "Experiment / 3"]
    cell = lines[-1]["parameters"]["n_total"]
    assert (cell["value"], cell["status"], cell["quote"]) == (36, "stated", "Thirty-six participants")

    page.reload()
    page.wait_for_selector("body.ready")
    assert page.inner_text("#progress").startswith(f"2 of {before + asked} "), "it stays in the browser"
    go_to(page, "Experiment / 3", "age_sd")
    assert page.inner_text(".actions .no_record span") == "Remove record"
    page.keyboard.press("x")
    assert page.inner_text("#progress").startswith(f"0 of {before} ")
    assert page.evaluate("reviews.own.size") == 0
    assert page.locator("#list .row:has-text('added record')").count() == 0
    page.keyboard.press("u")
    assert page.inner_text("#progress").startswith(f"2 of {before + asked} "), "as it was before"
    assert page.inner_text(".crumb").endswith("Experiment / 3")


def test_the_words_of_a_record_s_name_are_its_label_and_quote(visit: Open, page_file: Path) -> None:
    page = visit(page_file.as_uri())
    page.select_option("#order", "paper")
    page.select_option("#filter", "reason:low confidence")
    page.click(".adder")
    to_first_page(page)
    page.click(".word[aria-label='Thirty-six'] >> nth=0")
    page.click("[aria-selected=true] + .word")
    assert page.input_value("#record-label") == "Thirty-six participants"
    page.fill("#record-label", "The main study")
    page.click(".word[aria-label='Thirty-six'] >> nth=0")
    assert page.input_value("#record-label") == "The main study", "what was typed stays"
    assert page.inner_text("#record-quote").startswith("Quote: “Thirty-six”, p. 1")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    assert page.locator("#record-label").count() == 0, "left"
    assert page.evaluate("reviews.own.size") == 0
    page.keyboard.press("r")
    to_first_page(page)
    page.click(".word[aria-label='Thirty-six'] >> nth=0")
    page.keyboard.press("Escape")
    page.press("#record-label", "Enter")
    assert page.input_value("#filter") == "all", "its values are no answers of low confidence"
    [decision] = json.loads(saved(page))["decisions"]
    assert (decision["label"], decision["quote"]["text"], decision["quote"]["page"]) == ("Thirty-six", "Thirty-six", 1)
    assert len(decision["quote"]["boxes"]) == 1
    page.keyboard.press("u")
    assert "is gone again" in page.inner_text("#status")
    assert page.inner_text("h1") != ""


def nested_run(folder: Path) -> RunFolder:
    """A run with a list in a list, of a paper in which nothing was found and of one with an arm."""
    number = {"type": "integer", "minimum": 1}
    visits = {"type": "array", "items": {"type": "object", "properties": {"week": number}}}
    arms = {"type": "array", "items": {"type": "object", "properties": {"n": number, "visits": visits}}}
    schema = {"type": "object", "properties": {"arms": arms}}
    run = open_run(folder, {"dsx": "1", "schema": schema, "schema_name": "s", "recipe": {"schema_name": "s"}})
    run.save(PaperResult("a" * 64, "empty.pdf", (Record(None, "", {}),)))
    arm = Record("A", "arms", {"n": Value(4, Status.STATED, 0.9)}, None, (RecordStep("arms", "A"),))
    run.save(PaperResult("b" * 64, "full.pdf", (Record(None, "", {}), arm)))
    return run


def test_records_are_added_below_records_and_to_papers_without_any(visit: Open, tmp_path: Path) -> None:
    run, path = nested_run(tmp_path / "run"), tmp_path / "review.html"
    write_page(path, review_page(open_review(run.path), "ana"))
    page = visit(path.as_uri())
    assert "The machine found no record in it." in page.inner_text("#list")
    page.click(".paper:has-text('empty.pdf') .adder")
    assert page.inner_text(".crumb") == "empty.pdf"
    page.fill("#record-label", "X")
    page.keyboard.press("Enter")
    filled_in(page, "3")
    page.locator("#list .row").first.click()
    go_to(page, "X", "n")
    page.keyboard.press("r")
    assert page.locator("#record-place option").all_inner_texts() == ["arms", "X › visits"]
    page.select_option("#record-place", "1")
    page.fill("#record-label", "Week 2")
    page.press("#record-label", "Enter")
    assert page.inner_text(".crumb") == "empty.pdf › X / Week 2"
    filled_in(page, "2")
    file = parse_decisions(saved(page), "saved")
    reviewed = [apply_decisions(each, settle([file]), open_review(run.path).parameters) for each in run.results()]
    assert all(each.unmatched == () for each in reviewed)
    found = {record.label: dict(record.values) for each in reviewed for record in each.result.records if record.path}
    assert {label: [value.value for value in values.values()] for label, values in found.items()} == {
        "X": [3], "Week 2": [2], "A": [4],
    }  # fmt: skip
    page.locator("#list .row").first.click()
    go_to(page, "X", "n")
    page.keyboard.press("x")
    assert json.loads(saved(page))["decisions"] == [], "with what is below it"


def test_reviewers_fill_in_an_added_record_each_or_deny_it(visit: Open, run: RunFolder) -> None:
    with served(run, "hal") as server:
        page = visit(server.url)
        page.keyboard.press("r")
        page.fill("#record-label", "Experiment 3")
        page.keyboard.press("Enter")
        filled_in(page, "20")
        page.wait_for_selector("body[data-unsent='0']")
    with served(run, "ida") as server:
        page = visit(server.url)
        go_to(page, "Experiment 3", "n_total")
        assert "20" not in page.inner_text("#values, .values"), "nobody sees what others decided before deciding"
        filled_in(page, "21")
        page.wait_for_selector("body[data-unsent='0']")
        own = read_decisions(review_path(run.path, "ida")).decisions
        assert [(each.action, each.parameter) for each in own] == [("correct", "n_total"), ("add_record", "")], (
            "her file says by itself that there is such a record"
        )
        assert "reviewers agree on 0 of 1" in page.inner_text("#progress")
        page.keyboard.press("x")
        page.wait_for_selector("body[data-unsent='0']")
        own = read_decisions(review_path(run.path, "ida")).decisions
        assert {each.action for each in own} == {"no_record"}
        assert "" in {each.parameter for each in own}
        [hal] = [read_decisions(review_path(run.path, "hal"))]
        files = [hal, read_decisions(review_path(run.path, "ida"))]
        result, parameters = run.results()[0], open_review(run.path).parameters
        assert apply_decisions(result, settle(files[:1]), parameters).result.records[-1].label == "Experiment 3"
        assert apply_decisions(result, settle(files), parameters).result.records[-1].label == "Experiment 2"
        page.locator("#list .row").first.click()
        go_to(page, "Experiment 3", "n_total")
        filled_in(page, "20")
        page.wait_for_selector("body[data-unsent='0']")
        own = read_decisions(review_path(run.path, "ida")).decisions
        assert {each.action for each in own} == {"correct", "add_record"}, "a record with a value is one"
        assert "reviewers agree on 1 of 1" in page.inner_text("#progress")
    for name in ("hal", "ida"):
        review_path(run.path, name).unlink()


@contextmanager
def served(run: RunFolder, reviewer: str) -> Iterator[ReviewServer]:
    """A server in a thread of its own, which ends with it: one whose socket is closed under it would spin for ever."""
    with ReviewServer(open_review(run.path), reviewer) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            CLOSED.add(server.url)
            server.shutdown()
            thread.join()


def test_a_decision_of_before_that_does_not_fit_keeps_no_later_one_back(visit: Open, run: RunFolder) -> None:
    with served(run, "eva") as server:
        page = visit(server.url)
        page.evaluate("""() => {
            const item = items.find((each) => each.parameter.name === "age_sd"), { paper, record } = item;
            const before = { paper: paper.file, document: paper.document, record: record.key, label: record.label,
                parameter: "age_sd", action: "correct", value: 3, quote: null, note: "", at: "2026-11-01T10:00:00Z",
                asked: { unit: "mm", values: "x" } };
            remember(reviews.key(), JSON.stringify({ ...reviews.file(), unsent: [[item.slot, before]] }));
        }""")
        page.reload()
        page.wait_for_selector("body.ready")
        go_to(page, "Experiment 1", "n_total")
        page.keyboard.press("a")
        page.wait_for_selector("body[data-unsent='0']")
        assert [each.parameter for each in read_decisions(review_path(run.path, "eva")).decisions] == ["n_total"]
        assert page.evaluate("reviews.own.size") == 1, "the page shows what is written"
        assert "age_sd" in page.inner_text("#alert")


def test_not_reported_and_no_such_record_differ(visit: Open, run: RunFolder) -> None:
    for reviewer, key in (("fay", "n"), ("gus", "x")):
        with served(run, reviewer) as server:
            page = visit(server.url)
            page.select_option("#order", "paper")
            go_to(page, "Experiment 2", "n_total")
            page.keyboard.press(key)
            page.wait_for_selector("body[data-unsent='0']")
            if reviewer == "gus":
                page.select_option("#filter", "differ")
                differs = page.wait_for_selector(".decided .differs")
                assert differs is not None
                assert "fay: not reported" in differs.inner_text()


def test_two_reviewers_decide_at_one_server(visit: Open, run: RunFolder) -> None:
    with served(run, "ben") as server:
        page = visit(server.url)
        go_to(page, "Experiment 1", "age_sd")
        page.keyboard.press("a")
        page.select_option("#order", "paper")
        go_to(page, "Experiment 1", "n_total")
        page.keyboard.press("a")
        page.wait_for_selector("body[data-unsent='0']")
        assert [each.parameter for each in read_decisions(review_path(run.path, "ben")).decisions] == [
            "age_sd",
            "n_total",
        ]

        other = visit(server.url, viewport=DESKTOP)
        other.fill("#reviewer", "Zoë K.")
        other.press("#reviewer", "Enter")
        other.keyboard.press("Tab")
        other.select_option("#order", "paper")
        go_to(other, "Experiment 1", "n_total")
        assert "ben" not in other.inner_text("#value-pane")  # nobody sees what others decided before deciding
        other.keyboard.press("c")
        other.fill("#typed", "25")
        other.keyboard.press("Enter")
        go_to(other, "Experiment 1", "age_sd")
        other.keyboard.press("a")
        other.wait_for_selector("body[data-unsent='0']")
        assert "reviewers agree on 1 of 2" in other.inner_text("#progress")
        other.select_option("#filter", "differ")
        other.wait_for_selector("text=ben: accepted, 24")
        values = {each.parameter: each.value for each in read_decisions(review_path(run.path, "Zoë K.")).decisions}
        assert values == {"n_total": 25, "age_sd": 2.7}
        other.keyboard.press("u")
        other.wait_for_selector("body[data-unsent='0']")
        assert len(read_decisions(review_path(run.path, "Zoë K.")).decisions) == 1
        other.keyboard.press("]")  # any page, not only those that are cited
        other.wait_for_selector("text=p. 2 of 4")
        other.keyboard.press("]")
        other.wait_for_selector("text=p. 3 of 4")


@pytest.mark.parametrize(("size", "scheme"), [(DESKTOP, "light"), (PHONE, "dark")], ids=["desktop-light", "phone-dark"])
def test_nothing_serious_for_axe(visit: Open, page_file: Path, scheme: str, size: dict[str, int]) -> None:
    axe = (resources.files(pytest.importorskip("axe_playwright_python")) / "axe.min.js").read_text(encoding="utf-8")
    page = visit(page_file.as_uri(), viewport=size, color_scheme=scheme)
    page.evaluate(axe)

    def problems() -> list[str]:
        found = page.evaluate("axe.run({resultTypes: ['violations']})")["violations"]
        return [
            f"{each['id']}: {each['nodes'][0]['html'][:200]}"
            for each in found
            if each["impact"] in ("serious", "critical")
        ]

    assert problems() == []
    page.keyboard.press("a")
    page.keyboard.press("k")
    assert problems() == []
    page.keyboard.press("c")
    assert problems() == []
    page.keyboard.press("Escape")
    page.keyboard.press("r")
    assert problems() == []
    page.fill("#record-label", "Experiment 3")
    page.keyboard.press("Enter")
    assert problems() == []
    page.click("#show-list") if size is PHONE else page.keyboard.press("?")
    assert problems() == []


HOSTILE = [
    "<script>window.pwned = 1</script>",
    "</script><script>window.pwned = 1</script>",
    "<img src=x onerror='window.pwned = 1'>",
    "javascript:window.pwned=1",
    "\x1b[2J\x1b]0;pwned\x07",
    '=HYPERLINK("http://evil.example/","x")',
    "' onmouseover='window.pwned=1",
    "\u2028window.pwned = 1\u2028",
    "<!-- <script>",
]


def hostile_run(folder: Path) -> RunFolder:
    """A run whose every text is an attack, one of them 2 MB long; the paper is a text file."""
    text = {"type": "string", "maxLength": 3_000_000}
    properties = {f"p{at}": {**text, "description": attack} for at, attack in enumerate(HOSTILE)}
    items = {"type": "array", "items": {"type": "object", "properties": properties}}
    schema = {"type": "object", "properties": {"x": items}}
    manifest = {"dsx": "1", "schema": schema, "schema_name": HOSTILE[1], "recipe": {"schema_name": "x"}}
    run = open_run(folder, manifest)
    paper = folder.parent / "paper <img src=x onerror=alert(1)>.txt"
    paper.write_text("\n".join([*HOSTILE, "word " * 400_000]))
    document = open_review(run.path).reader.read(paper)
    assert HOSTILE[0] in document.text
    quotes = [Evidence(attack, 1, 0, len(attack), (), 1) for attack in HOSTILE]
    quotes[3] = Evidence(document.text, 1, 0, len(document.text), (), 1)
    values = {
        f"p{at}": Value(HOSTILE[at], Status.UNSUPPORTED, 0.5, quote, flags=(Flag("error", HOSTILE[at]),))
        for at, quote in enumerate(quotes)
    }
    record = Record(HOSTILE[2], "x", values, None, (RecordStep("x", HOSTILE[2]),))
    run.save(PaperResult(document.id, paper.name, (Record(None, "", {}), record), (HOSTILE[0],)))
    run.fail("0" * 64, HOSTILE[0], HOSTILE[2])
    run.log({"event": "paper", "document": document.id, "file": paper.name, "path": str(paper)})
    return run


def test_a_hostile_paper_does_nothing(visit: Open, tmp_path: Path) -> None:
    run = hostile_run(tmp_path / "run")
    path = tmp_path / "review.html"
    write_page(path, review_page(open_review(run.path)))
    page = visit(path.as_uri())
    for at in range(len(HOSTILE)):
        page.wait_for_selector("#page-pane .flow .word >> nth=0")
        text = page.inner_text(".description")
        assert text.strip() in {each.strip() for each in HOSTILE}, at
        page.keyboard.press("a")
    page.click(".word >> nth=3")
    page.keyboard.press("a")
    assert page.locator("#list script, #list img, #value-pane script, #value-pane img, #page-pane img").count() == 0
    assert page.evaluate("window.pwned") is None
    decisions = parse_decisions(saved(page), "saved").decisions
    assert {decision.value for decision in decisions} >= set(HOSTILE[:3])


def test_without_the_paper_its_text_is_shown_around_the_quote(visit: Open, run: RunFolder, tmp_path: Path) -> None:
    contents = open_review(run.path)
    for paper in contents.papers.values():
        contents.reader.read(paper)  # leaves it in the cache of documents
    path = tmp_path / "review.html"
    write_page(path, review_page(replace(contents, papers={})))
    page = visit(path.as_uri())
    go_to(page, "Experiment 1", "n_total")
    assert page.locator(".quoted").all_inner_texts()[:2] == ["Twenty-four", "participants"]
    assert page.locator("#page-pane img").count() == 0
    page.click(".quoted >> nth=0")
    page.click("[aria-selected=true] + .word")
    assert page.inner_text("#quote") == "Twenty-four participants"


def run_with_items(folder: Path) -> RunFolder:
    """A run of the sample paper with one list, whose items are quoted from pages 1, 1 and 2."""
    choices = ["adults", "ages", "targets"]
    ways = {"type": "array", "items": {"enum": choices}}
    schema = {"type": "object", "properties": {"told": ways}}
    run = open_run(folder, {"schema": schema, "schema_name": "told", "recipe": {"schema_name": "told"}})
    paper = PAPERS / "sample.pdf"
    run.log({"event": "paper", "document": document_id(paper), "path": str(paper)})
    document = open_review(run.path).reader.read(paper)
    quotes = [locate(words, document) for words in ("Twenty-four participants", "mean age", "Targets appeared")]
    assert [quote and quote.page for quote in quotes] == [1, 1, 2]
    status = (Status.STATED, Status.STATED, Status.INFERRED)
    items = tuple(Value(*item) for item in zip(choices, status, (0.9, 0.8, 0.7), quotes, strict=True))
    told = Value(choices, Status.INFERRED, 0.5, quotes[0], items=items)
    run.save(PaperResult(document.id, paper.name, (Record(None, "", {"told": told}),)))
    return run


def test_each_item_s_quote_is_shown_on_its_page(visit: Open, tmp_path: Path) -> None:
    contents = open_review(run_with_items(tmp_path / "run").path)
    path = tmp_path / "review.html"
    write_page(path, review_page(contents))
    page = visit(path.as_uri())
    page.wait_for_selector("#marks i")
    assert page.locator("#marks i").count() == 2, "those of this page"
    rows = page.locator(".items button")
    assert [row.split("\n")[0] for row in rows.all_inner_texts()] == ["adults", "ages", "targets"]
    rows.nth(2).click()
    page.wait_for_selector("text=sample.pdf, p. 2")
    assert page.locator("#marks i").count() == 1
    rows.nth(1).click()
    page.wait_for_selector("text=sample.pdf, p. 1")
    assert page.inner_text("#quote") == "Twenty-four participants", "to look is not to choose"
    page.keyboard.press("a")
    file = parse_decisions(saved(page), "saved")
    assert [decision.action for decision in file.decisions] == ["accept"]
    [result] = contents.results.values()
    [reviewed] = apply_decisions(result, settle([file]), contents.parameters).result.records
    assert reviewed.values["told"].items == result.records[0].values["told"].items
    page.click(".word >> nth=3")
    page.click(".word >> nth=5")
    assert page.locator("#marks.chosen i").count() == 1, "of another quote alone"


def test_each_item_s_quote_is_marked_in_text_without_pages(visit: Open, tmp_path: Path) -> None:
    contents = open_review(run_with_items(tmp_path / "run").path)
    path = tmp_path / "review.html"
    write_page(path, review_page(replace(contents, papers={})))
    page = visit(path.as_uri())
    page.wait_for_selector(".quoted")
    assert page.locator(".quoted").all_inner_texts() == ["Twenty-four", "participants", "mean", "age"]


def test_words_come_out_as_they_were_packed(visit: Open, page_file: Path) -> None:
    placed = [
        Word("ﬁrst", ((72.04, 100.06, 90.0, 110.5),)),
        Word("hyphen-ated", ((300, 100, 320.26, 110.5), (72, 112, 80, 123)), ends_line=True),
        Word("up", ((10, 90, 12, 95),)),
    ]
    flowing = [Word("a"), Word("b", ends_line=True), Word(GAP), Word("c")]
    page = visit(page_file.as_uri())
    tenths = [[[round(edge, 1) for edge in box] for box in word.boxes] for word in placed]
    expected = [[word.text, boxes, word.ends_line] for word, boxes in zip(placed, tenths, strict=True)]
    assert page.evaluate("unpacked", packed(placed)) == expected
    assert page.evaluate("unpacked", packed(flowing)) == [["a", [], False], ["b", [], True], None, ["c", [], False]]


CASES: Sequence[tuple[dict[str, Any], Sequence[Any]]] = [
    ({"type": "integer", "minimum": 1, "maximum": 9}, [0, 1, 9, 10, 1.5, 2.0, "1", None, True, []]),
    ({"type": "number", "exclusiveMinimum": 0, "multipleOf": 0.1}, [0, 0.3, 0.35, -1, 1e300]),
    ({"type": "string", "minLength": 2, "maxLength": 3}, ["a", "ab", "abc", "abcd", "👩👩", "👩👩👩👩", 3]),
    ({"type": "string", "pattern": "^(NCT[0-9]{8})$"}, ["NCT00000001", "NCT1", ""]),
    ({"type": "string", "format": "date"}, ["2024-02-29", "2023-02-29", "2024-1-1", "soon"]),
    ({"type": "boolean"}, [True, False, 0, "true", None]),
    ({"enum": ["a", 1, True]}, ["a", 1, True, "b", 2, False]),
    ({"type": "array", "items": {"type": "number", "maximum": 5}, "maxItems": 2}, [[], [1], [1, 6], [1] * 3]),
    ({"type": "array", "items": {"enum": ["x", "y"]}, "uniqueItems": True}, [["x"], ["x", "x"], ["z"]]),
    ({"anyOf": [{"type": "integer"}, {"type": "string", "maxLength": 1}]}, [1, "a", "ab", 1.5]),
]  # fmt: skip


@pytest.mark.parametrize(("schema", "values"), CASES)
def test_the_page_holds_valid_what_the_parameter_set_does(
    visit: Open, page_file: Path, schema: dict[str, Any], values: Sequence[Any]
) -> None:
    (parameter,) = read({"type": "object", "properties": {"p": schema}}, "s").root.parameters
    page = visit(page_file.as_uri())
    for value in values:
        problem = page.evaluate("([schema, value]) => problemWith(schema, value)", [dict(parameter.schema), value])
        assert (problem == "") == validates(parameter, value), (value, problem)

"""Making and serving the review page, without a browser: what is in it, who may talk to the server, what is refused."""

from __future__ import annotations

import http.client
import json
import socket
import struct
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from dsx.cli.review import command
from dsx.errors import RunError, UsageError
from dsx.review import ReviewServer, check_page, open_review, review_page, write_page
from dsx.review.attention import reasons
from dsx.review.held import held_values
from dsx.review.words import placed_words
from dsx.schema import read
from dsx.store import (
    DecisionFile,
    RunFolder,
    asked_of,
    newest_run,
    open_run,
    parse_decisions,
    read_decisions,
    read_reviews,
    write_decisions,
)
from dsx.types import Asked, Confidence, Flag, Status, Value
from tests.gold_run import PAPERS, gold_run

pymupdf = pytest.importorskip("pymupdf")
DEV = Path(__file__).parents[2] / "shared" / "data" / "motor-dev" / "pdf"
SLACK = 1.5
"""Points by which text may stand out of the box around it; a line is some 12 high."""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return gold_run(tmp_path_factory.mktemp("review") / "sample")


def squeezed(text: str) -> str:
    """Letters and digits, for text that a PDF library and dsx read in different ways."""
    return "".join(filter(str.isalnum, text))


def characters(page: Any) -> list[tuple[str, float, float]]:
    """What PyMuPDF reads on a page: each character with the middle of its box."""
    flags = pymupdf.TEXTFLAGS_RAWDICT & ~pymupdf.TEXT_PRESERVE_LIGATURES
    blocks = page.get_text("rawdict", flags=flags)["blocks"]
    spans = [span for block in blocks for line in block.get("lines", ()) for span in line["spans"]]
    boxes = [(each["c"], *each["bbox"]) for span in spans for each in span["chars"]]
    return [(character, (left + right) / 2, (top + bottom) / 2) for character, left, top, right, bottom in boxes]


def inside(placed: list[tuple[str, float, float]], boxes: Any) -> str:
    """The characters in boxes."""
    parts = []
    for x0, y0, x1, y1 in boxes:
        parts += [each for each, x, y in placed if x0 - SLACK <= x <= x1 + SLACK and y0 <= y <= y1]
    return squeezed("".join(parts))


@pytest.mark.parametrize("paper", sorted([*PAPERS.glob("*.pdf"), *DEV.glob("*.pdf")]), ids=lambda path: path.stem)
def test_each_words_box_covers_it(paper: Path, run: RunFolder) -> None:
    document = open_review(run.path).reader.read(paper)
    words, missed = 0, []
    with pymupdf.open(paper) as pdf:
        for number in range(1, len(pdf) + 1):
            placed = characters(pdf[number - 1])
            for word in placed_words(document, number):
                words += 1
                if squeezed(word.text) not in inside(placed, word.boxes):
                    missed.append((number, word.text))
    assert words > 1000
    assert len(missed) <= words * 0.005, missed[:20]


def test_each_quotes_boxes_cover_it(run: RunFolder) -> None:
    contents = open_review(run.path)
    quotes = 0
    for document, result in contents.results.items():
        with pymupdf.open(contents.papers[document]) as pdf:
            for value in (value for record in result.records for value in record.values.values()):
                if value.evidence is not None:
                    quotes += 1
                    placed = characters(pdf[value.evidence.page - 1])
                    assert squeezed(value.evidence.quote) in inside(placed, value.evidence.boxes)
    assert quotes >= 40


@pytest.mark.parametrize(
    ("schema", "quote", "held"),
    [
        ({"type": "integer"}, "Twenty-four participants, 12 of them women", [24, 12]),
        ({"type": "number", "x-unit": "s"}, "for 36 min, then for 5 s", [2160, 5]),
        ({"type": "number", "x-unit": "mm"}, "for 36 min", []),
        ({"enum": ["oral", "nasal"]}, "given by oral gavage", ["oral"]),
        ({"type": "array", "items": {"enum": ["oral", "nasal"]}}, "oral and nasal", ["oral", "nasal"]),
        ({"type": "boolean"}, "It was given", []),
        ({"type": "string"}, "24 people", []),
        ({"type": "integer"}, "24 " * 1000, []),
    ],
)
def test_which_values_a_quote_holds(schema: Any, quote: str, held: list[Any]) -> None:
    (parameter,) = read({"type": "object", "properties": {"p": schema}}, "s").root.parameters
    assert held_values(quote, parameter) == held


def test_the_page_needs_nothing_else(run: RunFolder) -> None:
    page = review_page(open_review(run.path))
    assert page.startswith("<!doctype html>\n<!-- dsx review -->")
    assert "default-src 'none'; script-src 'sha256-" in page
    assert "connect-src 'none'" in page
    assert " src=" not in page.split("<script", 1)[0]
    assert "unsafe" not in page.split("</head>")[0]


def test_only_review_pages_are_overwritten(tmp_path: Path) -> None:
    (tmp_path / "thesis.html").write_text("<!doctype html>mine")
    (tmp_path / "folder").mkdir()
    for name in ("thesis.html", "folder"):
        with pytest.raises(UsageError, match="is no review page"):
            write_page(tmp_path / name, "<!doctype html>\n<!-- dsx review -->")
    write_page(tmp_path / "new.html", "<!doctype html>\n<!-- dsx review -->1")
    write_page(tmp_path / "new.html", "<!doctype html>\n<!-- dsx review -->2")
    assert (tmp_path / "new.html").read_text().endswith("2")
    for put in (check_page, lambda path: write_page(path, "")):
        with pytest.raises(UsageError, match="No such file"):
            put(tmp_path / "absent" / "new.html")


def test_what_needs_eyes_comes_with_its_reasons() -> None:
    def kinds(value: Value) -> list[str]:
        return [reason.kind for reason in reasons(value)]

    assert kinds(Value(1, Status.STATED, 0.95)) == []
    assert kinds(Value(None, Status.FAILED, flags=(Flag("truncated"), Flag("error", "gone")))) == [
        "failed",
        "truncated",
    ]
    sure = Confidence(0.9, 0.3, agreement=0.4)
    value = Value(3, Status.DERIVED, 0.3, flags=(Flag("unit-assumed", "s"),), sure=sure)
    assert kinds(value) == ["disagreement", "low confidence", "unit assumed", "derived"]
    assert kinds(Value(None, Status.NOT_REPORTED, 0.5)) == ["low confidence"]
    [reason] = reasons(Value(None, Status.NOT_REPORTED, 0.9, flags=(Flag("of-the-opposite", "8"),)))
    assert reason.text == "The model named a number of the opposite of what is asked for (8)."


@pytest.mark.parametrize(("confidence", "is_left_out"), [(0.19, True), (0.2, False)])
def test_a_value_that_a_table_leaves_blank_is_said_to_be(confidence: float, is_left_out: bool) -> None:
    [reason] = reasons(Value(24, Status.STATED, confidence))
    assert ("A table has it only once it is decided on." in reason.text) == is_left_out


def test_the_command_writes_the_newest_runs_page(
    run: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RunError, match="no run in runs/"):
        newest_run()
    open_run(tmp_path / "runs" / "empty", run.manifest)
    assert newest_run() == Path("runs/empty")
    done = CliRunner().invoke(command, [])
    assert done.exit_code == 0, done.output
    assert done.stdout == "runs/empty/review.html\n"
    assert Path("runs/empty/review.html").is_file()


def test_a_paper_that_moved_is_found_where_it_is_said_to_be(run: RunFolder, tmp_path: Path) -> None:
    for path in PAPERS.glob("*.pdf"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    papers = open_review(run.path, [tmp_path]).papers
    assert {path.parent for path in papers.values()} == {tmp_path}
    (tmp_path / "sample.pdf").write_bytes(b"%PDF another")
    document = next(each for each, result in open_review(run.path).results.items() if result.file == "sample.pdf")
    assert open_review(run.path, [tmp_path]).papers[document].parent == PAPERS


@pytest.fixture
def server(run: RunFolder) -> Iterator[ReviewServer]:
    with ReviewServer(open_review(run.path), "ana") as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def ask(server: ReviewServer, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
    """Status and JSON of a reply; as the page would ask, but for what is given."""
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
    usual = {"Origin": f"http://127.0.0.1:{server.server_port}", "Content-Type": "application/json"}
    sent = {**usual, **{name.replace("_", "-"): value for name, value in headers.items()}}
    connection.request(method, path, body if isinstance(body, (bytes, str)) else json.dumps(body), sent)
    reply = connection.getresponse()
    content = reply.read()
    connection.close()
    return reply.status, json.loads(content) if "json" in reply.headers["Content-Type"] else content


def decided(server: ReviewServer, value: Any, **more: Any) -> dict[str, Any]:
    """A file with one decision about the first paper's first record."""
    result = next(iter(server.contents.results.values()))
    place = {"paper": result.file, "document": result.document, "record": "experiments/Experiment 1"}
    decision = {**place, "label": "Experiment 1", "parameter": "n_total", "action": "correct", "value": value}
    decision |= {"quote": None, "note": "", "at": "2026-11-28T10:00:00Z", **more}
    return {"format": "dsx-decisions/1", "run": "sample", "reviewer": "ana", "decisions": [decision]}


def test_a_browser_that_goes_away_in_the_middle_leaves_no_traceback(
    server: ReviewServer, capfd: pytest.CaptureFixture[str]
) -> None:
    for _ in range(3):
        with socket.create_connection(("127.0.0.1", server.server_port)) as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.sendall(f"GET /{server.token}/ HTTP/1.1\r\nHost: {server.hosts[0]}\r\n\r\n".encode())
            assert connection.recv(100)
    assert ask(server, "GET", f"/{server.token}/")[0] == 200
    assert "Traceback" not in capfd.readouterr().err


def test_the_server_is_for_its_own_page_only(server: ReviewServer) -> None:
    path = f"/{server.token}/decisions"
    file = decided(server, 30)
    refused = [
        ask(server, "GET", "/"),
        ask(server, "GET", "/wrong/reviews"),
        ask(server, "GET", f"/{server.token}"),
        ask(server, "GET", f"/{server.token}/../run.json"),
        ask(server, "GET", f"/{server.token}/pages/../../1"),
        ask(server, "GET", "x"),
        ask(server, "POST", "x", file),
        ask(server, "GET", f"/{server.token}/reviews", Host="evil.example"),
        ask(server, "POST", path, file, Host="evil.example"),
        ask(server, "POST", path, file, Origin="http://evil.example"),
        ask(server, "POST", path, file, Origin="null"),
        ask(server, "POST", path, file, Content_Type="text/plain"),
        ask(server, "POST", path, b"", Content_Length="99999999999"),
        ask(server, "POST", path, b"", Content_Length="9" * 5000),
    ]
    assert [status for status, _ in refused] == [404] * 5 + [400] * 2 + [403, 403, 403, 403, 404, 413, 413]
    assert all(set(reply) == {"reason"} for _, reply in refused)
    assert read_reviews(server.contents.run.path) == []
    assert server.server_address[0] == "127.0.0.1"
    status, page = ask(server, "GET", f"/{server.token}/")
    assert (status, page[:15]) == (200, b"<!doctype html>")


def test_decisions_are_written_at_once_or_refused_in_a_line(server: ReviewServer) -> None:
    path = f"/{server.token}/decisions"
    assert ask(server, "POST", path, decided(server, 30))[0] == 200
    file = server.contents.run.path / "reviews" / "ana.json"
    assert [each.value for each in read_decisions(file).decisions] == [30]
    for body, reason in [
        ({**decided(server, 1), "reviewer": "../run"}, "letters, digits"),
        (b"{", "the browser sent no decisions"),
        (b"[1]", "the browser sent no decisions"),
        (b"[" * 100_000, "the browser sent no decisions"),
        (decided(server, float("nan")), "nan is no number of JSON"),
        ({**decided(server, 1), "format": "x"}, "holds no decisions: format"),
    ]:
        status, reply = ask(server, "POST", path, body)
        assert (status, reason in reply["reason"]) == (422, True), reply
    assert [each.value for each in read_decisions(file).decisions] == [30]
    slot = read_decisions(file).decisions[0].slot
    assert ask(server, "POST", path, {**decided(server, 1), "decisions": [], "undone": [slot]})[0] == 200
    assert read_decisions(file).decisions == ()
    file.unlink()


def test_a_decision_that_cannot_be_taken_keeps_no_other_back(server: ReviewServer) -> None:
    misfits = [
        (decided(server, "thirty", parameter="age_mean"), "does not fit the parameter set"),
        (decided(server, 1, document="f" * 64), "is not in this run"),
        (decided(server, 30, parameter="age_sd", asked={"unit": "mm", "values": "x"}), "are other ones now"),
        (decided(server, 77, parameter="nobody_asked", action="accept"), None),
        (decided(server, -77, parameter="age_sd", action="accept"), "the run does not say what was accepted"),
    ]
    for body, reason in misfits:
        body["decisions"].append(decided(server, 31)["decisions"][0])
        status, reply = ask(server, "POST", f"/{server.token}/decisions", body)
        first = body["decisions"][0]
        slots = [[first[key] for key in ("document", "record", "parameter")]] if reason else []
        assert (status, reply["left_out"]) == (200, slots)
        assert all(reason in said for said in reply["reasons"])
        file = server.contents.run.path / "reviews" / "ana.json"
        assert {each.parameter for each in read_decisions(file).decisions} == {
            "n_total",
            *([] if reason else ["nobody_asked"]),
        }
        assert 31 in [each["value"] for each in reply["reviews"][0]["decisions"]]
        file.unlink()


def test_the_server_gives_decisions_in_terms_of_the_parameter_set(server: ReviewServer) -> None:
    asked = asked_of(server.contents.parameters.root.children[0].parameters[0])
    for said, of_page in [(asked, 1), (Asked("mm", asked.values), 0)]:
        [one] = parse_decisions(json.dumps(decided(server, 30)).encode(), "it").decisions
        one = replace(one, parameter=server.contents.parameters.root.children[0].parameters[0].name, asked=said)
        write_decisions(server.contents.run.path / "reviews" / "ana.json", DecisionFile("r", "ana", (one,)))
        [file] = ask(server, "GET", f"/{server.token}/reviews")[1]
        assert len(file["decisions"]) == of_page
    assert len(read_reviews(server.contents.run.path)[0].decisions) == 1, "what is left out stays in the file"
    (server.contents.run.path / "reviews" / "ana.json").unlink()


def test_the_server_takes_that_there_is_no_such_record(server: ReviewServer) -> None:
    none = decided(server, None, action="no_record", asked={"unit": "mm", "values": "of before"})
    status, reply = ask(server, "POST", f"/{server.token}/decisions", none)
    assert (status, reply["left_out"]) == (200, [])
    (file,) = read_reviews(server.contents.run.path)
    assert [each.action for each in file.decisions] == ["no_record"]


def test_the_server_takes_records_that_the_run_does_not_have(server: ReviewServer) -> None:
    here = {"record": "experiments/Experiment 3", "label": "Experiment 3"}
    added = decided(server, None, action="add_record", parameter="", **here)
    [elsewhere] = decided(server, None, **{**here, "action": "add_record", "parameter": "", "record": "sites/Rome"})[
        "decisions"
    ]
    wrong = [decided(server, 30, parameter="age_mean", **here), decided(server, "x", parameter="age_sd", **here)]
    added["decisions"] += [elsewhere, *(each["decisions"][0] for each in wrong)]
    status, reply = ask(server, "POST", f"/{server.token}/decisions", added)
    assert (status, [slot[1:] for slot in reply["left_out"]]) == (200, [["sites/Rome", ""], [here["record"], "age_sd"]])
    assert reply["reasons"][0] == "Experiment 3: the parameter set has no such list of records"
    assert "does not fit the parameter set" in reply["reasons"][1]
    path = server.contents.run.path / "reviews" / "ana.json"
    assert [(each.action, each.parameter) for each in read_decisions(path).decisions][-2:] == [
        ("add_record", ""),
        ("correct", "age_mean"),
    ]
    path.unlink()


def test_a_page_of_a_paper_is_given_on_request(server: ReviewServer) -> None:
    document = next(iter(server.contents.results))
    status, page = ask(server, "GET", f"/{server.token}/pages/{document}/3")
    assert (status, page["number"], page["of"]) == (200, 3, 4)
    assert ask(server, "GET", f"/{server.token}/pages/{document}/99") == (200, None)
    for number in ("9" * 5000, "x", "-1"):
        assert ask(server, "GET", f"/{server.token}/pages/{document}/{number}")[0] == 404


def test_a_port_that_is_taken_is_one_line(server: ReviewServer) -> None:
    with pytest.raises(UsageError, match=r"--port .* in use"):
        ReviewServer(server.contents, port=server.server_port)

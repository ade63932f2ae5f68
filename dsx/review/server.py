"""The review page from this machine alone: decisions are written into the run folder at once.

Every address begins with a random token. A request whose Host is another's, or whose Origin is not this server's, is
refused, so that no other page in the browser can read papers or write decisions.
"""

from __future__ import annotations

import dataclasses
import hmac
import json
import secrets
import sys
import threading
from collections.abc import Iterator
from functools import lru_cache
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from dsx.errors import DsxError, UsageError
from dsx.review.contents import ReviewContents
from dsx.review.html import review_page
from dsx.store import (
    DecisionFile,
    add_decisions,
    apply_decisions,
    parse_decisions,
    read_reviews,
    restate,
    review_path,
    settle,
    stale_note,
    to_plain,
)
from dsx.types import Decision, Json, Slot, record_key, record_path

LARGEST_BODY = 4 * 1024 * 1024
"""Bytes of a request; a decision with a quote of a whole page takes a thousandth."""
MOST_DIGITS = 9
"""Of a number in a request."""
PAGES_KEPT = 100
"""Pages in memory, some 200 KB each."""
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


class ReviewServer(ThreadingHTTPServer):
    """Serves one run on the loopback address. port: 0 for any that is free. UsageError where it is taken."""

    daemon_threads = True

    def __init__(self, contents: ReviewContents, reviewer: str = "", port: int = 0) -> None:
        if reviewer:
            review_path(contents.run.path, reviewer)
        self.contents, self.reviewer = contents, reviewer
        self.token = secrets.token_urlsafe(24)
        self.reading = threading.Lock()
        self.page = lru_cache(maxsize=PAGES_KEPT)(self._page)
        try:
            super().__init__(("127.0.0.1", port), _Request)
        except (OSError, OverflowError) as problem:
            raise UsageError(f"--port {port}: {problem}; leave it out for any that is free") from None

    @property
    def hosts(self) -> tuple[str, str]:
        """What a browser may call this server."""
        return f"127.0.0.1:{self.server_port}", f"localhost:{self.server_port}"

    @property
    def url(self) -> str:
        """Where the page is."""
        return f"http://{self.hosts[0]}/{self.token}/"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Says nothing of a browser that went on to something else in the middle of an answer."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)

    def reviews(self) -> list[dict[str, Json]]:
        """All reviewers' decisions, in terms of the run's parameter set."""
        contents = self.contents
        files, _ = restate(read_reviews(contents.run.path), contents.parameters, contents.results.get)
        return list(map(to_plain, files))

    def _page(self, document: str, number: int) -> dict[str, Json] | None:
        with self.reading:  # PyMuPDF is for one thread at a time
            return next(self.contents.pages(document, [number]), None)

    def decide(self, file: DecisionFile, undone: list[Slot]) -> dict[Slot, str]:
        """Adds decisions to a reviewer's file and takes the undone slots out; which it leaves out, and why."""
        [current], stale = restate([file], self.contents.parameters, self.contents.results.get)
        left_out = {decision.slot: stale_note([decision]) for decision in stale}
        left_out |= {decision.slot: why for decision in current.decisions if (why := self._misfit(current, decision))}
        taken = tuple(decision for decision in current.decisions if decision.slot not in left_out)
        run = self.contents.run.path
        add_decisions(run, dataclasses.replace(current, run=run.resolve().name, decisions=taken), undone)
        return left_out

    def _misfit(self, file: DecisionFile, decision: Decision) -> str:
        """Why a decision cannot be applied to the run; "" where it can."""
        result = self.contents.results.get(decision.document)
        if result is None:
            return f"document {decision.document[:16]} is not in this run"
        try:
            alone = settle([dataclasses.replace(file, decisions=(*_adding(decision), decision))])
            unmatched = apply_decisions(result, alone, self.contents.parameters).unmatched
        except UsageError as problem:
            return str(problem)
        misplaced = decision.action == "add_record" and decision in unmatched
        return f"{decision.label}: the parameter set has no such list of records" if misplaced else ""


class _Request(BaseHTTPRequestHandler):
    server: ReviewServer
    server_version, sys_version = "dsx", ""
    protocol_version = "HTTP/1.1"
    timeout = 60

    def do_GET(self) -> None:
        parts = self._parts()
        if parts == [""]:
            self._send(review_page(self.server.contents, self.server.reviewer, served=True).encode(), "text/html")
        elif parts == ["reviews"]:
            self._answer(self.server.reviews)
        elif parts is not None and len(parts) == 3 and parts[0] == "pages" and parts[1] in self.server.contents.results:
            document, number = parts[1], _whole(parts[2])
            if number is None:
                self._refuse(HTTPStatus.NOT_FOUND, "there is no such page")
            else:
                self._answer(lambda: self.server.page(document, number))
        elif parts is not None:
            self._refuse(HTTPStatus.NOT_FOUND, "there is no such page")

    def do_POST(self) -> None:
        parts = self._parts()
        if parts is None:
            return
        length = _whole(self.headers.get("Content-Length", ""))
        origin = self.headers.get("Origin", "")
        if origin not in [f"http://{host}" for host in self.server.hosts]:
            self._refuse(HTTPStatus.FORBIDDEN, "decisions are taken from the review page only")
        elif parts != ["decisions"] or self.headers.get_content_type() != "application/json":
            self._refuse(HTTPStatus.NOT_FOUND, "decisions are JSON and go to …/decisions")
        elif length is None or length > LARGEST_BODY:
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too much at once")
        else:
            body = self.rfile.read(length)
            self._answer(lambda: self._decide(body))

    def _decide(self, body: bytes) -> Json:
        try:
            undone = [_slot(*slot) for slot in json.loads(body).get("undone", [])]
        except (ValueError, AttributeError, TypeError, RecursionError):
            raise UsageError("the browser sent no decisions; load the page again") from None
        left_out = self.server.decide(parse_decisions(body, "what the browser sent"), undone)
        return {"reviews": self.server.reviews(), "left_out": list(left_out), "reasons": list(left_out.values())}

    def _parts(self) -> list[str] | None:
        """The path below the token; None where the request is refused."""
        parts = self.path.split("?")[0].split("/")[1:]
        if not parts:
            self._refuse(HTTPStatus.BAD_REQUEST, "an address begins with /")
        elif self.headers.get("Host", "") not in self.server.hosts:
            self._refuse(HTTPStatus.FORBIDDEN, "this server is for this machine's browser only")
        elif not hmac.compare_digest(parts[0].encode(), self.server.token.encode()) or len(parts) < 2:
            self._refuse(HTTPStatus.NOT_FOUND, "the address is not the one that dsx review printed")
        else:
            return parts[1:]
        return None

    def _answer(self, work: Any) -> None:
        try:
            content = json.dumps(work(), ensure_ascii=False).encode("utf-8", "replace")
        except DsxError as problem:
            self._refuse(HTTPStatus.UNPROCESSABLE_ENTITY, str(problem))
            return
        self._send(content, "application/json")

    def _refuse(self, status: HTTPStatus, reason: str) -> None:
        self.close_connection = True  # what is left of the request is not read
        self._send(json.dumps({"reason": reason}).encode(), "application/json", status)

    def _send(self, content: bytes, kind: str, status: HTTPStatus = HTTPStatus.OK) -> None:
        self.send_response(status)
        for name, value in {**HEADERS, "Content-Type": f"{kind}; charset=utf-8"}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing: the address holds the token."""


def _whole(text: str) -> int | None:
    """A number of a request, which may have any length."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= MOST_DIGITS else None


def _adding(decision: Decision) -> Iterator[Decision]:
    """What adds the record that a decision is about, and those above it, where they are not in the run."""
    path = record_path(decision.record)
    for depth in range(1, len(path) + 1):
        record = record_key(path[:depth])
        yield dataclasses.replace(decision, record=record, parameter="", action="add_record", value=None, quote=None)


def _slot(document: str, record: str, parameter: str) -> Slot:
    return str(document), str(record), str(parameter)

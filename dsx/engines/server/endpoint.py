"""An OpenAI-compatible HTTP endpoint: time limits, retries with backoff, and a key that nobody gets to see."""

from __future__ import annotations

import asyncio
import email.utils
import ipaddress
import json
import logging
import math
import re
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import CancelledError
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from dsx.errors import DecodeError, DsxError, ModelError, UsageError
from dsx.terminal import counted, printable_line
from dsx.types import Json

log = logging.getLogger("dsx.engines.server")
logging.getLogger("stamina").setLevel(logging.ERROR)  # it says that, not why
for _library in ("httpx2", "httpcore2"):  # they print the headers of replies, and a server may echo what it was sent
    logging.getLogger(_library).setLevel(logging.WARNING)

LARGEST_REPLY = 16 * 2**20
LONGEST_WAIT = 30.0
LONGEST_MESSAGE = 200
READ_OF_A_MESSAGE = 20_000
PIECE = 8
"""Characters of a key that give it away: as many in a row are hidden."""
GONE = (429, 502, 503, 504)
"""Statuses of a server that is overloaded, or of a gateway without the server behind it."""
AGAIN = (408, 409, 425, 429, 500, 502, 503, 504)
KEY = re.compile(r"[\x21-\x7e]+")


class Refused(DecodeError):
    """The server answered, and would answer the same again. status: of HTTP."""

    def __init__(self, status: int, message: str) -> None:
        self.status = status
        super().__init__(message)


class GaveUp(DecodeError):
    """No attempt got a reply. status: of HTTP, None where the last attempt got none."""

    def __init__(self, status: int | None, message: str) -> None:
        self.status = status
        super().__init__(message)


class _Again(Exception):
    """Worth another try. wait: seconds the server asked for."""

    def __init__(self, message: str, status: int | None = None, wait: float | None = None) -> None:
        super().__init__(message)
        self.status, self.wait = status, wait


@dataclass(frozen=True, slots=True)
class _Reply:
    status: int
    headers: Mapping[str, str]
    content: bytes


class Endpoint:
    """base_url: up to and with /v1. timeout: seconds for one whole reply, connecting included.

    key: sent as a bearer token; it is in no attribute that prints and in no message. Requests run in one event loop,
    on a thread of its own, since only there a request can be ended wherever it hangs (names, headers, body).
    """

    def __init__(self, base_url: str, key: str | None, timeout: float, attempts: int, backoff: float) -> None:
        local = is_loopback(base_url)
        key = _checked(key)
        self.base_url = base_url.rstrip("/")
        self.timeout, self.attempts, self.backoff = timeout, attempts, backoff
        self._hide, self._scrub = _hiding(key), _scrubbing(key)
        self._client = _client(key, trust_env=not local)
        self._loop, self._closing, self._is_closed = asyncio.new_event_loop(), threading.Lock(), False
        self._thread = threading.Thread(target=self._loop.run_forever, name="dsx-endpoint", daemon=True)
        self._thread.start()

    def __repr__(self) -> str:
        return f"Endpoint({self.base_url!r})"

    def get(self, path: str) -> Json:
        """The reply's JSON; raises ModelError where there is no server."""
        try:
            return self._with_retries("GET", path, None)
        except GaveUp as problem:
            message = f"{problem}; is the server up? (--set base_url=…)"
        raise ModelError(message)

    def post(self, path: str, body: Json) -> Json:
        """The reply's JSON. Raises Refused, GaveUp once all attempts have failed, ModelError where the key is wrong."""
        return self._with_retries("POST", path, body)

    def is_gone(self) -> bool:
        """Whether no server answers any more, asked once; no, where the connection was closed on purpose."""
        return not self._is_closed and not self._is_up()

    def _is_up(self) -> bool:
        try:
            self._once("GET", "/models", None)
        except _Again as problem:
            return problem.status not in (None, *GONE)
        except GaveUp:
            return False
        except DsxError:  # it answers, if only to say no
            return True
        return True

    def close(self) -> None:
        """Ends what is under way; requests after it raise GaveUp."""
        with self._closing:  # a request is begun before, and ended here, or not at all
            if self._is_closed:
                return
            self._is_closed = True
        with suppress(TimeoutError, CancelledError):
            asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        if not self._thread.is_alive():
            self._loop.close()

    def shown(self, text: str) -> str:
        """`text` on one line, short, without the key."""
        line = printable_line(" ".join(text[:READ_OF_A_MESSAGE].split()))
        return self._hide(line)[:LONGEST_MESSAGE]

    # ---- one request ----

    def _with_retries(self, method: str, path: str, body: Json) -> Json:
        import stamina

        sent = None if body is None else json.dumps(body).encode()

        def again(problem: Exception) -> bool | float:
            if not isinstance(problem, _Again):
                return False
            log.info("%s: %s", self.base_url, problem)
            return True if problem.wait is None else problem.wait

        tried = stamina.retry_context(
            on=again, attempts=self.attempts, timeout=None, wait_initial=self.backoff, wait_max=LONGEST_WAIT,
            wait_jitter=self.backoff,
        )  # fmt: skip
        try:
            for attempt in tried:
                with attempt:
                    return self._once(method, path, sent)
        except _Again as problem:
            gave_up = GaveUp(problem.status, f"{self.base_url}: {problem} ({counted(self.attempts, 'attempt')})")
        raise gave_up  # out here, so that it drags no other exception along

    def _once(self, method: str, path: str, sent: bytes | None) -> Json:
        reply = self._reply(method, path, sent)
        says = f"HTTP {reply.status}: {self.shown(_message(reply.content))}"
        if reply.status in AGAIN:
            raise _Again(says, reply.status, _retry_after(reply.headers))
        if reply.status in (401, 403):
            raise ModelError(f"{self.base_url}: HTTP {reply.status}, the server wants a key, or another one")
        if 300 <= reply.status < 400:
            where = self.shown(reply.headers.get("location", "") or "nowhere")
            says = f"HTTP {reply.status}, it is now at {where}; give that as base_url"
            raise Refused(reply.status, f"{self.base_url}: {says}")
        if not 200 <= reply.status < 300:
            raise Refused(reply.status, f"{self.base_url}: {says}")
        parsed = no_json = object()
        with suppress(ValueError, RecursionError):
            parsed = json.loads(self._scrub(reply.content))
        if parsed is no_json:
            raise _Again("the reply is no JSON", reply.status)
        if isinstance(parsed, dict) and parsed.get("error") and not parsed.get("choices"):
            status = _status_of(parsed["error"])  # some gateways say 200 to all
            says = f"an error under status {reply.status}: {self.shown(_message(reply.content))}"
            if status in AGAIN:
                raise _Again(says, status)
            raise Refused(status or reply.status, f"{self.base_url}: {says}")
        return parsed

    def _reply(self, method: str, path: str, sent: bytes | None) -> _Reply:
        """Raises _Again or GaveUp for whatever goes wrong on the way, its text without the key."""
        import httpx2 as httpx

        with self._closing:
            if self._is_closed:
                raise GaveUp(None, f"{self.base_url}: the connection was closed")
            fetched = asyncio.run_coroutine_threadsafe(self._fetch(method, path, sent), self._loop)
        try:
            return fetched.result()
        except _Again as problem:
            failed: Exception = problem
        except CancelledError:
            failed = GaveUp(None, f"{self.base_url}: the connection was closed")
        except Exception as problem:  # libraries raise more than they say, and their texts may hold what was sent
            text = self.shown(f"{type(problem).__name__}: {problem}")
            again = isinstance(problem, httpx.HTTPError | OSError)
            failed = _Again(text) if again else GaveUp(None, f"{self.base_url}: {text}")
        raise failed

    async def _fetch(self, method: str, path: str, sent: bytes | None) -> _Reply:
        content: bytearray | None = None
        try:
            async with asyncio.timeout(self.timeout):
                headers = {"Content-Type": "application/json"} if sent is not None else {}
                url = self.base_url + path
                async with self._client.stream(method, url, content=sent, headers=headers) as reply:
                    content = bytearray()
                    async for piece in reply.aiter_bytes():
                        content += piece
                        if len(content) > LARGEST_REPLY:
                            raise _Again(f"a reply of more than {LARGEST_REPLY} bytes")
                    return _Reply(reply.status_code, reply.headers, bytes(content))
        except TimeoutError:
            late = "no reply within" if content is None else "the reply was not whole after"
        raise _Again(f"{late} {self.timeout:g} s")

    async def _end(self) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await self._client.aclose()


def _client(key: str | None, trust_env: bool) -> Any:
    import httpx2 as httpx

    try:
        return httpx.AsyncClient(
            headers={"Authorization": f"Bearer {key}"} if key else {},
            timeout=None,  # the whole request has one
            trust_env=trust_env,
            limits=httpx.Limits(max_connections=256),
        )
    except (ValueError, OSError, ImportError, httpx.InvalidURL):
        pass
    raise UsageError("the proxy or certificates that the environment names (HTTPS_PROXY, SSL_CERT_FILE …) do not work")


def is_loopback(base_url: str) -> bool:
    """Whether it is this machine, which no proxy may stand before.

    Raises a UsageError, without what may be a password, where it is no URL of HTTP.
    """
    import httpx2 as httpx

    shown = repr(base_url) if not re.search(r"[@?]", base_url) else "(it holds @ or ?)"
    try:
        url = httpx.URL(base_url)
        labels = url.raw_host.decode("ascii").rstrip(".").split(".")
    except (httpx.InvalidURL, TypeError, ValueError):
        url = None
    if url is None or (url.port or 1) > 65535 or (url.host and not all(0 < len(label) < 64 for label in labels)):
        raise UsageError(f"base_url {shown} is no URL")
    if url.userinfo or url.query:
        raise UsageError("base_url holds a user, password or query; put a key into the environment instead")
    if url.scheme not in ("http", "https") or not url.host:
        raise UsageError(f"base_url {shown}: write it like http://127.0.0.1:8000/v1")
    host = url.host.rstrip(".").lower()
    if host == "localhost" or host.endswith(".localhost"):
        return True
    with suppress(ValueError):
        address = ipaddress.ip_address(host.strip("[]"))
        mapped = getattr(address, "ipv4_mapped", None)
        return (mapped or address).is_loopback
    return False


def _checked(key: str | None) -> str | None:
    """Without the blanks and line breaks around it, which files and shells leave."""
    key = (key or "").strip()
    if key and not KEY.fullmatch(key):
        raise UsageError(
            "the key in the environment holds a blank, a control character or one that is not ASCII, "
            "which no header takes; set it again"
        )
    return key or None


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that the server asks to wait, which it says as a number or as a date."""
    said = headers.get("retry-after", "")
    try:
        seconds = float(said)
    except ValueError:
        try:
            seconds = email.utils.parsedate_to_datetime(said).timestamp() - time.time()
        except (ValueError, TypeError, OverflowError):
            return None
    return min(max(seconds, 0.0), LONGEST_WAIT) if math.isfinite(seconds) else None


def _status_of(error: Json) -> int | None:
    """The status of HTTP that an error's body names, where it names one."""
    code = error.get("code", error.get("status")) if isinstance(error, dict) else None
    return int(code) if isinstance(code, int | str) and re.fullmatch(r"[45]\d\d", str(code)) else None


def _hiding(key: str | None) -> Callable[[str], str]:
    """Takes a key out of a text, as it is, as Python, JSON, HTML or URLs write it, and in long pieces."""
    if not key:
        return lambda text: text
    html = key.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    angled = json.dumps(key)[1:-1].replace("&", r"\u0026").replace("<", r"\u003c").replace(">", r"\u003e")
    forms = {key, repr(key)[1:-1], json.dumps(key)[1:-1], angled, html, quote(key), quote(key, safe="")}
    forms |= {re.sub(r"(['\"\\])", r"\\\1", form) for form in (key, repr(key)[1:-1])}
    length = min(PIECE, max(len(key) // 2, min(len(key), 4)))
    pieces = {form[at : at + length] for form in forms for at in range(len(form) - length + 1)}

    def hide(text: str) -> str:
        shown: list[str] = []
        hidden_to = 0
        for at in range(len(text)):
            if text[at : at + length] in pieces:
                if at >= hidden_to:
                    shown.append("…")
                hidden_to = at + length
            elif at >= hidden_to:
                shown.append(text[at])
        return "".join(shown)

    return hide


def _scrubbing(key: str | None) -> Callable[[bytes], bytes]:
    """Takes a key out of a whole reply, so that no name or answer brings it back; one too short may be a mere word."""
    if not key or len(key) < PIECE:
        return lambda content: content
    return lambda content: content.replace(key.encode(), "…".encode())


def _message(content: bytes) -> str:
    """What an error's body says; never what was sent."""
    try:
        parsed = json.loads(content)
        error = parsed.get("error", parsed) if isinstance(parsed, dict) else parsed
        text = str(error.get("message", error)) if isinstance(error, dict) else str(error)
    except (ValueError, RecursionError):
        text = content.decode("utf-8", "replace")
    return text if text.strip() else "no message"

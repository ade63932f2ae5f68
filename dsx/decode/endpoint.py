"""An OpenAI-compatible HTTP endpoint: time limits, retries with backoff, and a key that nobody gets to see."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable
from typing import Any

from dsx.errors import DecodeError, ModelError, UsageError
from dsx.types import Json

log = logging.getLogger("dsx.server")
logging.getLogger("stamina").setLevel(logging.ERROR)  # it says that, not why

LARGEST_REPLY = 16 * 2**20
LONGEST_WAIT = 30.0
AGAIN = (408, 409, 425, 429, 500, 502, 503, 504)


class Refused(DecodeError):
    """The server answered, and would answer the same again. status: of HTTP."""

    def __init__(self, status: int, message: str) -> None:
        self.status = status
        super().__init__(message)


class _Again(Exception):
    """Worth another try. wait: seconds the server asked for."""

    def __init__(self, message: str, wait: float | None = None) -> None:
        super().__init__(message)
        self.wait = wait


class Endpoint:
    """base_url: up to and with /v1. timeout: seconds for one whole reply, connecting included.

    key: sent as a bearer token; it is in no attribute that prints and in no message.
    """

    def __init__(self, base_url: str, key: str | None, timeout: float, attempts: int, backoff: float) -> None:
        import httpx2 as httpx

        try:
            url = httpx.URL(base_url)
        except (httpx.InvalidURL, TypeError):
            raise UsageError(f"base_url {base_url!r} is no URL") from None
        if url.scheme not in ("http", "https") or not url.host:
            raise UsageError(f"base_url {base_url!r}: write it like http://127.0.0.1:8000/v1")
        if url.userinfo or url.query:
            raise UsageError("base_url holds a user, password or query; put a key into the environment instead")
        self.base_url = base_url.rstrip("/")
        self.timeout, self.attempts, self.backoff = timeout, attempts, backoff
        self._hide = _hiding(key)
        local = url.host in ("127.0.0.1", "localhost", "::1")
        self._client = httpx.Client(
            headers={"Authorization": f"Bearer {key}"} if key else {},
            timeout=httpx.Timeout(timeout),
            trust_env=not local,
            limits=httpx.Limits(max_connections=256),
        )

    def __repr__(self) -> str:
        return f"Endpoint({self.base_url!r})"

    def get(self, path: str) -> Json:
        """The reply's JSON; raises ModelError where there is no server."""
        try:
            return self._with_retries("GET", path, None, self.attempts)
        except Refused:
            raise
        except DecodeError as problem:
            raise ModelError(f"{problem}; is the server up? (--set base_url=…)") from None

    def post(self, path: str, body: Json, attempts: int | None = None) -> Json:
        """The reply's JSON. Raises Refused, or DecodeError once all attempts have failed."""
        return self._with_retries("POST", path, body, attempts or self.attempts)

    def close(self) -> None:
        self._client.close()

    def _with_retries(self, method: str, path: str, body: Json, attempts: int) -> Json:
        import stamina

        def again(problem: Exception) -> bool | float:
            if not isinstance(problem, _Again):
                return False
            log.info("%s: %s", self.base_url, problem)
            return True if problem.wait is None else problem.wait

        tried = stamina.retry_context(
            on=again, attempts=attempts, timeout=None, wait_initial=self.backoff, wait_max=LONGEST_WAIT,
            wait_jitter=self.backoff,
        )  # fmt: skip
        try:
            for attempt in tried:
                with attempt:
                    return self._once(method, path, body)
        except _Again as problem:
            raise DecodeError(f"{self.base_url}: {problem} ({attempts} attempts)") from None
        raise AssertionError("unreachable")

    def _once(self, method: str, path: str, body: Json) -> Json:
        import httpx2 as httpx

        deadline = time.monotonic() + self.timeout
        try:
            with self._client.stream(method, self.base_url + path, json=body) as reply:
                content = self._read(reply, deadline)
        except httpx.TimeoutException:
            raise _Again(f"no reply within {self.timeout:g} s") from None
        except httpx.HTTPError as problem:
            raise _Again(self._hide(f"{type(problem).__name__}: {problem}")) from None
        if reply.status_code in AGAIN:
            raise _Again(f"HTTP {reply.status_code}: {self._hide(_message(content))}", _retry_after(reply.headers))
        if reply.status_code in (401, 403):
            raise ModelError(f"{self.base_url}: HTTP {reply.status_code}, the server wants a key, or another one")
        if not reply.is_success:
            raise Refused(
                reply.status_code, f"{self.base_url}: HTTP {reply.status_code}: {self._hide(_message(content))}"
            )
        try:
            return json.loads(content)
        except (ValueError, RecursionError):
            raise _Again("the reply is no JSON") from None

    def _read(self, reply: Any, deadline: float) -> bytes:
        content = b""
        for piece in reply.iter_bytes():
            content += piece
            if len(content) > LARGEST_REPLY:
                raise _Again(f"a reply of more than {LARGEST_REPLY} bytes")
            if time.monotonic() > deadline:
                raise _Again(f"the reply was not whole after {self.timeout:g} s")
        return content


def _retry_after(headers: Any) -> float | None:
    try:
        return min(max(float(headers["retry-after"]), 0.0), LONGEST_WAIT)
    except (KeyError, ValueError):
        return None


def _hiding(key: str | None) -> Callable[[str], str]:
    """Takes the key out of a text: a server may echo what it was sent."""
    return lambda text: text.replace(key, "…") if key else text


def _message(content: bytes) -> str:
    """What an error's body says, on one line; never what was sent."""
    try:
        parsed = json.loads(content)
        error = parsed.get("error", parsed) if isinstance(parsed, dict) else parsed
        text = str(error.get("message", error)) if isinstance(error, dict) else str(error)
    except (ValueError, RecursionError):
        text = content.decode("utf-8", "replace")
    return " ".join(text.split())[:200] or "no message"

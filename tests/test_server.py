"""engines/server/ against a server on loopback that misbehaves on purpose."""

from __future__ import annotations

import datetime
import email.utils
import html
import json
import logging
import os
import re
import socket
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner

from dsx.cli.extract import command
from dsx.engines.server.endpoint import is_loopback
from dsx.engines.server.engine import ServerEngine, ServerOptions, make
from dsx.errors import MachineError, ModelError, UsageError
from dsx.plugins.builtin.repairs import register_repairs
from dsx.recipe import DEFAULT_REPAIRS, Recipe
from dsx.recover import recover
from dsx.run.job import extract
from dsx.run.plan import Call, plan_run
from dsx.types import Answer, Completion, EngineSettings, Parameter, Question, Shown

pytestmark = pytest.mark.slow

KEY = "sk-very-secret-4711"
COUNT = Parameter("n_total", {"type": "integer", "minimum": 0, "maximum": 1000}, "number of participants")
TEXT = "Sixteen participants (n = 16) took part. They were seated."
GOOD = '{"value": 16, "quote": "Sixteen participants"}'

Reply = Callable[["Handler", dict[str, Any]], None]


class Handler(BaseHTTPRequestHandler):
    """Says what `server.replies` say, one after the other; the last one again and again."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        server: Any = self.server
        self.say(200, server.models)

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        server: Any = self.server
        with server.lock:
            server.seen.append((body, self.headers.get("Authorization")))
            probing = body["messages"][-1]["content"] == "Say hello."
            replies = server.probes if probing else server.replies
            reply = replies.pop(0) if len(replies) > 1 else replies[0]
        reply(self, body)

    def say(self, status: int, body: Any, **headers: str) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        pass


def text(said: str, finish: str = "stop", **choice: Any) -> Reply:
    message = {"message": {"content": said}, "finish_reason": finish, **choice}
    return lambda handler, _: handler.say(200, {"choices": [message], "usage": {"completion_tokens": 9}})


def status(code: int, message: str = "no", **headers: str) -> Reply:
    return lambda handler, _: handler.say(code, {"error": {"message": message}}, **headers)


def hang(handler: Handler, _: Any) -> None:
    time.sleep(3)


def drip(handler: Handler, _: Any) -> None:
    """A byte now and then, so that no single read times out."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    try:
        for _ in range(30):
            handler.wfile.write(b" ")
            handler.wfile.flush()
            time.sleep(0.1)
    except OSError:
        pass


def half_a_body(handler: Handler, _: Any) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"choices": [{"mess')
    handler.close_connection = True


def no_json(handler: Handler, _: Any) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "6")
    handler.end_headers()
    handler.wfile.write(b"<html>")


def dripped_headers(handler: Handler, _: Any) -> None:
    """A header now and then, so that no single read times out."""
    try:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
        for number in range(30):
            handler.wfile.write(b"X-%d: y\r\n" % number)
            time.sleep(0.1)
    except OSError:
        pass


def entry(token: Any, logprob: Any, *top: tuple[Any, Any], **more: Any) -> dict[str, Any]:
    return {"token": token, "logprob": logprob, "top_logprobs": [{"token": t, "logprob": p} for t, p in top], **more}


def logprobs(*entries: Any) -> dict[str, Any]:
    return {"logprobs": {"content": list(entries)}}


PROBED = text('{"answer": "forty-two"}')
PROBED_LOGPROBS = text('{"answer": "forty-two"}', **logprobs(entry("x", -0.1)))


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    made: Any = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.daemon_threads = True
    made.lock, made.seen, made.probes, made.replies = threading.Lock(), [], [PROBED], [text(GOOD)]
    made.models = {"data": [{"id": "tiny", "max_model_len": 4096}]}
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield made
    made.shutdown()
    made.server_close()


def engine(server: Any, **options: Any) -> ServerEngine:
    given = {"base_url": f"http://127.0.0.1:{server.server_address[1]}/v1", "backoff": "0.01", "timeout": "0.5"}
    made = make(EngineSettings(options={**given, **{key: str(value) for key, value in options.items()}}))
    assert isinstance(made, ServerEngine)
    return made


@pytest.mark.parametrize(
    ("option", "is_refused"),
    [("--readings 2", True), ("--choices each", True), ("--choices together", False), ("--readings 1", False)],
)
@pytest.mark.parametrize("dry", [(), ("--dry-run",)], ids=["asked", "dry"])
def test_what_is_typed_and_does_nothing_without_a_grammar_is_refused(
    server: Any, tmp_path: Path, option: str, is_refused: bool, dry: tuple[str, ...]
) -> None:
    (tmp_path / "paper.txt").write_text(TEXT)
    run = tmp_path / "run"
    url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    call = ["--fields", "n_total: int", "--engine", "server", "--base-url", url, "--run", str(run), *dry]
    done = CliRunner().invoke(command, [*call, *option.split(), str(tmp_path / "paper.txt")])
    if is_refused:
        assert isinstance(done.exception, UsageError)
        name = option.split()[0]
        said = f"engine server: {name} is for --values placed, and it holds no grammar for that; leave it out"
        assert str(done.exception) == said
        assert not run.exists()
    else:
        assert done.exit_code == 0, done.output


def test_how_a_model_is_asked_is_not_refused_without_a_grammar(server: Any, tmp_path: Path) -> None:
    (tmp_path / "paper.txt").write_text(TEXT)
    options = {"base_url": f"http://127.0.0.1:{server.server_address[1]}/v1"}
    recipe = Recipe.read(schema_name="fields:n_total: int", engine="server", model="tiny", options=options)
    planned = plan_run([tmp_path / "paper.txt"], recipe, tmp_path / "run", Call())
    assert planned.recipe.choices == "each", "as any model"
    assert extract(replace(planned, recipe=planned.recipe.model_copy(update={"readings": 2}))) == 0


def question(key: str = "q", *parameters: Parameter) -> Question:
    return Question(key, "Answer with JSON.", Shown(TEXT, (), True), "n_total?", "parameters", parameters or (COUNT,))


def ask(made: ServerEngine, *questions: Question) -> list[Completion]:
    try:
        return list(made.answer(questions or (question(),)))
    finally:
        made.close()


def answers(completion: Completion) -> list[Answer]:
    repairs = register_repairs()
    chain = [(name, repairs[name]) for name in DEFAULT_REPAIRS]

    def validates(parameter: Parameter, value: Any) -> bool:
        return jsonschema.Draft202012Validator(parameter.schema).is_valid(value)

    return recover(completion, question(), chain, validates)


# ---- the way it should be ----


def test_a_schema_is_sent_and_the_answer_counts_as_held(server: Any) -> None:
    made = engine(server)
    assert (made.grammar, made.constraint, made.context_tokens, made.model) == (
        "json_schema",
        "json_schema",
        4096,
        "tiny",
    )
    [completion] = ask(made)
    assert (completion.text, completion.constrained, completion.error) == (GOOD, True, None)
    assert completion.usage.tokens_sampled == 9
    body = server.seen[-1][0]
    assert body["response_format"]["json_schema"]["schema"]["anyOf"][0] == {"type": "null"}
    assert body["messages"][0] == {"role": "system", "content": "Answer with JSON."}
    assert body["messages"][1]["content"] == f"{TEXT}\n\nn_total?"
    assert body["temperature"] == 0


def test_every_question_has_one_completion_and_they_run_at_once(server: Any) -> None:
    def slow(handler: Handler, body: Any) -> None:
        time.sleep(0.3)
        text(GOOD)(handler, body)

    server.replies = [slow]
    made = engine(server, concurrency=8, timeout=5)
    started = time.monotonic()
    completions = ask(made, *(question(f"q{number}") for number in range(8)))
    assert sorted(completion.question_id for completion in completions) == [f"q{number}" for number in range(8)]
    assert time.monotonic() - started < 2.3, "one after the other they take 2.4 s"


SURE = [
    entry("{", -0.2, ("{", -0.2), ("null", -1.8)),
    entry('"value": ', 0.0),
    entry("16", -0.5, ("16", -0.5)),
    entry(', "quote": "Sixteen participants"}', -3.0),
]


def test_log_probabilities_become_confidence(server: Any) -> None:
    server.probes, server.replies = [PROBED_LOGPROBS], [text(GOOD, **logprobs(*SURE))]
    made = engine(server)
    assert made.describe()["logprobs"] is True
    confidence = ask(made)[0].confidence["n_total"]
    assert confidence.reported == pytest.approx(0.832, abs=0.001)
    assert confidence.value == pytest.approx(0.607, abs=0.001)


def test_a_mended_answer_has_its_confidence(server: Any) -> None:
    server.probes = [text("Hello!", **logprobs(entry("Hello!", -1)))]
    fenced = [entry("Sure:\n```json\n", -2), *SURE[:3], entry(",}\n```", -0.1)]
    server.replies = [text("".join(each["token"] for each in fenced), **logprobs(*fenced))]
    made = engine(server)
    assert (made.constraint, made.logprobs) == ("none", True)
    [completion] = ask(made)
    [answer] = answers(completion)
    assert (answer.value, answer.repairs) == (16, ("find-json", "trailing-commas"))
    assert answer.confidence is not None
    assert answer.confidence.value == pytest.approx(0.607, abs=0.001)


@pytest.mark.parametrize(
    "odd",
    [
        entry("16", None), entry("16", 5000), entry("16", float("nan")), entry("16", "-1"), entry("16", True),
        entry("16", -(10**400)), entry(None, -1), entry(7, -1), entry("16", -1, (None, -1)),
        entry("16", -1, ("16", 5000)), entry("16", -1, bytes=[400]), None, [], {"token": "16"},
        {"token": "16", "logprob": -1, "top_logprobs": 3},
    ],
)  # fmt: skip
def test_odd_log_probabilities_cost_the_confidence_only(server: Any, odd: Any) -> None:
    server.probes, server.replies = [PROBED_LOGPROBS], [text(GOOD, **logprobs(SURE[0], SURE[1], odd, SURE[3]))]
    [completion] = ask(engine(server))
    assert (completion.text, completion.error, completion.confidence) == (GOOD, None, {})


@pytest.mark.parametrize("given", [3, [], {"content": 3}, {"content": None}, {"content": {}}])
def test_no_log_probabilities_at_all(server: Any, given: Any) -> None:
    server.probes = [text('{"answer": "forty-two"}', logprobs=given)]
    made = engine(server)
    assert made.logprobs is False
    made.close()
    with pytest.raises(ModelError, match="gives no log-probabilities"):
        engine(server, logprobs="yes")


@pytest.mark.parametrize(
    "usage",
    [{"completion_tokens": odd} for odd in (float("inf"), float("nan"), "many", -3, None, [1], True, 10**400)]
    + [None, 3, "x", {"prompt_tokens_details": 3}, {"prompt_tokens_details": {"cached_tokens": "all"}}],
)
def test_odd_usage_costs_nothing(server: Any, usage: Any) -> None:
    message = {"message": {"content": GOOD}, "finish_reason": "stop"}
    server.replies = [lambda handler, _: handler.say(200, {"choices": [message], "usage": usage})]
    [completion] = ask(engine(server))
    assert (completion.text, completion.error, completion.usage.tokens_sampled) == (GOOD, None, 0)


def test_vllm_takes_the_verbatim_grammar(server: Any) -> None:
    made = engine(server, constraint="vllm-lark")
    assert made.grammar == "lark"
    ask(made)
    assert "substring_chunks" in server.seen[-1][0]["structured_outputs"]["grammar"]


def test_extra_body(server: Any) -> None:
    ask(engine(server, extra_body='{"chat_template_kwargs": {"enable_thinking": false}}'))
    assert server.seen[-1][0]["chat_template_kwargs"] == {"enable_thinking": False}


def refusal(handler: Handler, _: Any) -> None:
    handler.say(200, {"choices": [{"message": {"content": None, "refusal": "I can\nnot"}}]})


# ---- each misbehaviour ends as a recovery or a named failure ----


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (hang, "no reply within 0.5 s (2 attempts)"),
        (drip, "the reply was not whole after 0.5 s (2 attempts)"),
        (dripped_headers, "no reply within 0.5 s (2 attempts)"),
        (status(500, "wait", Retry_After="nan"), "HTTP 500: wait (2 attempts)"),
        (status(500, "wait", Retry_After="soon"), "HTTP 500: wait (2 attempts)"),
        (status(500, "wait", Retry_After="-1e999"), "HTTP 500: wait (2 attempts)"),
        (status(400, "two\nlines \x1b[31mred"), "HTTP 400: two lines \ufffd[31mred"),
        (status(409, "slow down", Retry_After="0"), "HTTP 409: slow down (2 attempts)"),
        (status(500, "oops"), "HTTP 500: oops (2 attempts)"),
        (half_a_body, "RemoteProtocolError"),
        (no_json, "the reply is no JSON (2 attempts)"),
        (status(400, "context too long"), "HTTP 400: context too long"),
        (lambda handler, _: handler.say(200, {"choices": []}), "the reply has no choices"),
        (lambda handler, _: handler.say(200, [1]), "the reply has no choices"),
        (lambda handler, _: handler.say(200, {"choices": [None]}), "the reply has no text"),
        (lambda handler, _: handler.say(200, {"choices": [{"message": [], "finish_reason": {}}]}), "has no text"),
        (lambda handler, _: handler.say(200, {"choices": {"0": 1}}), "the reply has no choices"),
        (text(None), "the reply has no text"),  # type: ignore[arg-type]
        (text(None, "content_filter"), "the reply has no text (content_filter)"),  # type: ignore[arg-type]
        (text("", "content_filter"), "the server ended the answer: content_filter"),
        (text(GOOD, "content_filter"), "the server ended the answer: content_filter"),
        (text("", "tool_calls"), "the server ended the answer: tool_calls"),
        (refusal, "the model refuses: I can not"),
    ],
)
def test_a_named_failure(server: Any, reply: Reply, reason: str) -> None:
    server.replies = [reply]
    [completion] = ask(engine(server, attempts=2))
    assert completion.error is not None
    assert reason in completion.error
    assert len(completion.error.splitlines()) == 1
    assert answers(completion)[0].error == completion.error


def says(message: dict[str, Any]) -> Reply:
    return lambda handler, _: handler.say(200, {"choices": [{"message": message, "finish_reason": "stop"}]})


def error_under_200(code: object) -> Reply:
    return lambda handler, _: handler.say(200, {"error": {"message": "context too long", "code": code}})


def test_a_list_of_parts_is_one_text(server: Any) -> None:
    parts = [{"type": "text", "text": GOOD[:9]}, {"type": "image"}, {"type": "text", "text": GOOD[9:]}]
    server.replies = [says({"content": parts})]
    assert [completion.text for completion in ask(engine(server))] == [GOOD]


def test_thoughts_beside_an_answer_are_passed_over_and_alone_are_an_error_with_a_way_out(server: Any) -> None:
    server.replies = [says({"content": GOOD, "reasoning_content": "Let me see."})]
    assert ask(engine(server))[0].text == GOOD
    for empty in (None, "", " "):
        server.replies = [says({"content": empty, "reasoning_content": "Let me see."})]
        (completion,) = ask(engine(server))
        assert "enable_thinking" in str(completion.error)


@pytest.mark.parametrize("code", [None, 400, "invalid_request"])
def test_an_error_under_status_200_is_one_question_s(server: Any, code: object) -> None:
    server.replies = [error_under_200(code)]
    (completion,) = ask(engine(server))
    assert "an error under status 200: context too long" in str(completion.error)
    assert len(server.seen) == 3  # two probes and one question, which was not asked again


def test_a_server_that_moved_is_named(server: Any) -> None:
    server.replies = [status(307, Location="https://elsewhere.example/v1")]
    (completion,) = ask(engine(server))
    assert "it is now at https://elsewhere.example/v1; give that as base_url" in str(completion.error)


def test_a_date_says_how_long_to_wait(server: Any) -> None:
    soon = email.utils.format_datetime(datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=2), usegmt=True)
    server.replies = [status(429, Retry_After=soon), text(GOOD)]
    started = time.monotonic()
    assert ask(engine(server, backoff="0"))[0].text == GOOD
    assert 0.5 < time.monotonic() - started < 10


@pytest.mark.parametrize("reply", [status(503, "overloaded"), status(429, "too many")])
def test_an_overloaded_server_is_no_question_s_fault(server: Any, reply: Reply) -> None:
    server.replies = [reply]
    with pytest.raises(MachineError, match="see to the server and run the same command") as caught:
        ask(engine(server))
    assert caught.value.exit_code == 75


def test_a_server_that_is_gone_is_no_question_s_fault(server: Any) -> None:
    made = engine(server)
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        made.endpoint.base_url = f"http://127.0.0.1:{nobody.getsockname()[1]}/v1"
    with pytest.raises(MachineError, match="see to the server"):
        ask(made)


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        *((host, True) for host in ("127.0.0.1", "127.8.9.1", "localhost", "LOCALHOST.", "a.localhost", "[::1]")),
        ("[::ffff:127.0.0.1]", True),
        *((host, False) for host in ("10.0.0.1", "localhost.example.com", "[fe80::1]", "node1")),
    ],
)
def test_a_proxy_never_sees_a_request_to_this_machine(host: str, loopback: bool) -> None:
    assert is_loopback(f"http://{host}:8000/v1") is loopback


@pytest.mark.parametrize("first", [hang, half_a_body, status(429, Retry_After="0"), status(503), no_json])
def test_what_passes_is_tried_again(server: Any, first: Reply) -> None:
    server.replies = [first, text(GOOD)]
    [completion] = ask(engine(server))
    assert (completion.text, completion.error) == (GOOD, None)


def test_the_time_limit_holds_for_headers_and_body(server: Any) -> None:
    server.replies = [dripped_headers, drip]
    made = engine(server, attempts=1, concurrency=1)
    started = time.monotonic()
    first, second = ask(made, question("a"), question("b"))
    assert (first.error or "").endswith("no reply within 0.5 s (1 attempt)")
    assert (second.error or "").endswith("not whole after 0.5 s (1 attempt)")
    assert time.monotonic() - started < 4, "without a limit they take 6 s"


def test_what_is_under_way_ends_when_the_engine_closes(server: Any) -> None:
    server.replies = [text(GOOD), hang]
    made = engine(server, timeout=60, concurrency=1)
    started = time.monotonic()
    under_way = made.answer([question("a"), question("b")])
    assert next(under_way).question_id == "a"
    under_way.close()  # type: ignore[attr-defined]
    made.close()
    made.close()
    assert time.monotonic() - started < 20
    assert "the connection was closed" in (ask(made)[0].error or "")


def test_a_bug_of_ours_is_the_error_of_one_question(server: Any) -> None:
    broken = Question("b", "", Shown(TEXT, (), True), "", "parameters", ("no parameter",))  # type: ignore[arg-type]
    completions = {completion.question_id: completion for completion in ask(engine(server), question("a"), broken)}
    assert completions["a"].text == GOOD
    assert "AttributeError: " in (completions["b"].error or "")


def test_half_a_character_is_replaced(server: Any) -> None:
    server.replies = [text('{"value": 16, "quote": "Sixteen \ud83d"}')]
    assert ask(engine(server))[0].text == '{"value": 16, "quote": "Sixteen \ufffd"}'


def test_one_failure_leaves_the_others(server: Any) -> None:
    server.replies = [status(400), text(GOOD)]
    errors = [completion.error for completion in ask(engine(server, concurrency=1), question("a"), question("b"))]
    assert [error is None for error in errors] == [False, True]


def test_prose_around_json_is_recovered(server: Any, caplog: pytest.LogCaptureFixture) -> None:
    server.replies = [text(f"Sure! Here it is:\n```json\n{GOOD}\n```")]
    [completion] = ask(engine(server))
    assert not completion.constrained
    assert "did not keep to the schema at q" in caplog.text
    [answer] = answers(completion)
    assert (answer.value, answer.repairs) == (16, ("find-json",))


def test_a_server_that_ignores_the_schema(server: Any, caplog: pytest.LogCaptureFixture) -> None:
    server.probes = [text("Hello!")]
    server.replies = [text("{'value': 'sixteen', 'quote': None}"), text("{'value': 16, 'quote': 'Sixteen'}")]
    made = engine(server, concurrency=1)
    assert (made.grammar, made.constraint) == ("none", "none")
    assert "they go through the repairs" in caplog.text
    first, second = sorted(ask(made, question("a"), question("b")), key=lambda each: str(each.question_id))
    assert answers(first)[0].error == '"sixteen" does not fit the parameter\'s schema'
    assert (answers(second)[0].value, answers(second)[0].repairs) == (16, ("quotes",))
    assert "response_format" not in server.seen[-1][0]


def test_a_server_that_takes_json_object_only(server: Any) -> None:
    server.probes = [status(422), PROBED]
    made = engine(server)
    assert made.constraint == "json_object"
    ask(made)
    assert server.seen[-1][0]["response_format"]["type"] == "json_object"
    assert "schema" in server.seen[-1][0]["response_format"]


def test_a_constraint_asked_for_and_not_kept_is_an_error(server: Any) -> None:
    server.probes = [text("Hello!")]
    with pytest.raises(ModelError, match="does not hold answers by json_schema"):
        engine(server, constraint="json_schema")


# ---- what is found out at the start ----


@pytest.mark.parametrize("first", [status(503), status(429, Retry_After="0"), status(500), half_a_body, hang])
def test_what_passes_at_the_start_degrades_nothing(server: Any, first: Reply) -> None:
    server.probes = [first, first, PROBED, first, first, PROBED_LOGPROBS]
    made = engine(server, timeout=0.3)
    assert (made.constraint, made.logprobs) == ("json_schema", True)
    made.close()


@pytest.mark.parametrize(
    ("failing", "reason"),
    [
        (status(503, "loading"), "HTTP 503: loading (2 attempts); nothing was asked yet"),
        (status(500, "broken"), "HTTP 500: broken (2 attempts); nothing was asked yet"),
        (hang, "no reply within 0.2 s (2 attempts)"),
        (status(404, "no such way"), "HTTP 404: no such way; nothing was asked yet"),
    ],
)
def test_a_server_that_fails_at_the_start_is_an_error(server: Any, failing: Reply, reason: str) -> None:
    server.probes = [failing]
    with pytest.raises(ModelError, match=re.escape(reason)):
        engine(server, attempts=2, timeout=0.2)


def test_a_500_that_is_a_refusal(server: Any, caplog: pytest.LogCaptureFixture) -> None:
    """As llama-cpp-python says it."""
    caplog.set_level(logging.INFO, "dsx.engines.server")

    def llama_cpp(handler: Handler, body: Any) -> None:
        known = body.get("response_format", {}).get("type") in (None, "json_object") and "logprobs" not in body
        (PROBED if known else status(500, "1 validation error"))(handler, body)

    server.probes = [llama_cpp]
    made = engine(server, attempts=2)
    assert (made.constraint, made.logprobs) == ("json_object", False)
    assert "not with json_schema: " in caplog.text
    assert "not with json_object and log-probabilities: " in caplog.text
    made.close()


@pytest.mark.parametrize(
    ("models", "message"),
    [
        ({"data": None}, "serves nothing; name one"),
        ({"data": {"id": "x"}}, "serves nothing"),
        ([], "serves nothing"),
        (None, "serves nothing"),
        ({"data": [None, 3, {"id": None}]}, "serves nothing"),
        ({"data": [{"id": f"m{number}"} for number in range(30)]}, r"serves m0, m1, .*, m19 and 10 more; name one"),
    ],
)
def test_odd_lists_of_models(server: Any, models: Any, message: str) -> None:
    server.models = models
    with pytest.raises(ModelError, match=message):
        engine(server)


@pytest.mark.parametrize("length", [True, "4096", -1, float("inf"), None, []])
def test_an_odd_context_is_the_default(server: Any, length: Any) -> None:
    server.models = {"data": [{"id": "tiny", "max_model_len": length, "meta": 3}]}
    made = engine(server)
    assert made.context_tokens == 8192
    made.close()


def test_a_cut_answer_is_truncated(server: Any) -> None:
    server.replies = [text('{"value": 1', finish="length")]
    [completion] = ask(engine(server))
    assert completion.truncated
    assert answers(completion)[0].value is None


# ---- options and the key ----


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"colour": "red"}, "colour is no option; there are: base_url, timeout"),
        ({"timeout": "-1"}, r"timeout takes a number of more than 0 and at most 86400 \(seconds for one whole reply"),
        ({"timeout": "inf"}, "timeout takes a number"),
        ({"timeout": "nan"}, "timeout takes a number"),
        ({"backoff": "inf"}, "backoff takes a number from 0 to "),
        ({"constraint": "xml"}, "constraint takes one of .* or auto"),
        ({"extra_body": '{"x": NaN}'}, "extra_body takes a JSON object .*: NaN is no JSON"),
        ({"extra_body": "[" * 100_000}, "extra_body takes a JSON object"),
        ({"key_env": KEY}, r"key_env takes text that matches \^"),
        ({"api_key": KEY}, "api_key is no option; there are: base_url"),
        ({"base_url": "http://" + "a" * 64 + ".org/v1"}, "is no URL"),
        ({"base_url": "http://a..b/v1"}, "is no URL"),
        ({"base_url": "http://host:99999/v1"}, "is no URL"),
        ({"base_url": "http://[::1/v1"}, "is no URL"),
        ({"base_url": f"http://user:{KEY}@host:99999999/v1"}, "is no URL"),
        ({"base_url": f"ftp://user:{KEY}@host/v1"}, "put a key into the environment"),
        ({"base_url": f"http://host/v1?key={KEY}"}, "put a key into the environment"),
        ({"extra_body": "["}, "extra_body"),
        ({"base_url": "ftp://host/v1"}, "write it like"),
        ({"base_url": f"http://user:{KEY}@host/v1"}, "put a key into the environment"),
    ],
)
def test_wrong_options(options: dict[str, str], message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        make(EngineSettings(options=options))
    assert KEY not in str(caught.value)


def test_settings_that_do_not_apply() -> None:
    with pytest.raises(UsageError, match="--quantize"):
        make(EngineSettings(quantize="8bit"))


def test_no_server() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    options = {"base_url": f"http://127.0.0.1:{port}/v1", "attempts": "2", "backoff": "0"}
    with pytest.raises(ModelError, match=r"ConnectError.*is the server up\?"):
        make(EngineSettings(options=options))


def test_another_model_is_served(server: Any) -> None:
    options = {"base_url": f"http://127.0.0.1:{server.server_address[1]}/v1"}
    with pytest.raises(ModelError, match="serves tiny, not large"):
        make(EngineSettings(model="large", options=options))


KEYS = [KEY, f"  {KEY}\n", "short7", "a\\b'c\"d<e>&f/g+h=i", "é" * 3 + "sk-long-secret-key", "sk-with blank-secret"]
KEYS += ["sk-very-\nsecret-4711", "sk-tab\tsecret-4711", "sk-\x00null-secret", "sk-very-secret-\udce9-4711"]


def said_of(problem: BaseException) -> str:
    """The traceback, and the texts of all exceptions that it drags along, printed or not."""
    said = "".join(traceback.format_exception(problem))
    left: list[BaseException | None] = [problem]
    while left:
        each = left.pop()
        if each is not None:
            said += repr(each) + str(each)
            left += [each.__cause__, each.__context__]
    return said


def forms(key: str) -> set[str]:
    """The key as it may be printed, and every piece of it of eight characters."""
    whole = {key, key.strip(), repr(key)[1:-1], ascii(key)[1:-1], json.dumps(key)[1:-1], html.escape(key)}
    stripped = key.strip()
    return whole | {stripped[at : at + 8] for at in range(len(stripped) - 7)}


@pytest.mark.parametrize("key", KEYS)
def test_the_key_is_in_no_log_manifest_or_traceback(
    server: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, key: str
) -> None:
    caplog.set_level(logging.DEBUG)
    if "\0" in key:
        monkeypatch.setattr("os.environ", {**os.environ, "DSX_API_KEY": key})
    else:
        monkeypatch.setenv("DSX_API_KEY", key)
    said: list[str] = []
    server.models = {"data": [{"id": "tiny"}, {"id": key.strip()}]}
    with pytest.raises(UsageError) as caught:
        make(EngineSettings(options={"base_url": f"http://127.0.0.1:{server.server_address[1]}/v1"}))
    said.append(said_of(caught.value))
    if re.fullmatch(r"[\x21-\x7e]+", key.strip()):
        said += said_by_a_server_that_echoes(server, key.strip())
    else:
        assert "the key in the environment holds a blank" in str(caught.value)
        assert server.seen == []
    for each in (*said, caplog.text):
        found = [form for form in forms(key) if form in each]
        assert not found, each


def said_by_a_server_that_echoes(server: Any, key: str) -> list[str]:
    padding = "the request was not taken: " + "x" * (150 - len(key) // 2)

    def echo(handler: Handler, _: Any) -> None:
        handler.say(400, {"error": {"message": f"bad header {handler.headers['Authorization']}"}})

    def echo_in_a_header(handler: Handler, _: Any) -> None:
        handler.wfile.write(f"HTTP/1.1 200 OK\r\nBad Header {key}: {key}\r\n\r\n".encode())
        handler.close_connection = True

    echoes = [echo, status(500, f"key {key}"), status(400, padding + key), status(400, repr({"sent": key.encode()}))]
    echoes += [status(400, json.dumps({"sent": key})), status(400, html.escape(key)), echo_in_a_header]
    echoes += [text('{"value": 16, "quote": "' + json.dumps(key)[1:-1] + '"}', "content_filter")]
    server.models = {"data": [{"id": "tiny"}]}
    server.replies = echoes
    made = engine(server, attempts=1, concurrency=1)
    said = [json.dumps(made.describe()) + repr(made.__dict__) + repr(vars(made.endpoint))]
    errors = [completion.error or "" for completion in ask(made, *(question(str(each)) for each in range(len(echoes))))]
    assert server.seen[-1][1] == f"Bearer {key}"
    assert "bad header Bearer …" in errors[0]
    assert all(errors)
    for probe in (status(401, key), status(503, key), status(400, f"'{key}'"), echo_in_a_header):
        server.probes = [probe]
        with pytest.raises(ModelError) as caught:
            engine(server, constraint="json_schema", attempts=1)
        said.append(said_of(caught.value))
    return [*said, *errors]


def test_blanks_around_the_key_are_taken_off(server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DSX_API_KEY", f"\t{KEY}\r\n")
    ask(engine(server))
    assert server.seen[-1][1] == f"Bearer {KEY}"


def test_options_are_documented() -> None:
    assert all(field.description for name, field in ServerOptions.model_fields.items() if name not in UNDOCUMENTED)


UNDOCUMENTED = {"base_url", "constraint", "logprobs"}

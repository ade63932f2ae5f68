"""The decode loop on real GPUs: kernel, graphs, layers spread over all cards. Skipped where there is no CUDA."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM

from dsx.engines.local.attention import flash_backend
from dsx.engines.local.attention.kv_cache import KVCache
from dsx.engines.local.attention.model_runner import ModelRunner
from dsx.engines.local.attention.packing import PrefixGroup
from dsx.engines.local.engine import TransformersEngine
from dsx.engines.local.prefix_cache import layer_shapes, prefill
from dsx.types import EngineSettings, Parameter, Passage, Question, QuestionId, Shown

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA GPU here"),
]
TEXT = 'Forty people took part; half of them ("the old") were 60 to 75 years old. They sat 80 mm from the screen.'
SHAPE = {"hidden_size": 512, "intermediate_size": 1024, "num_attention_heads": 16, "num_key_value_heads": 2}


def grown(layers: int = 4, vocabulary: int = 300) -> Any:
    """A Qwen3 with random weights, large enough that attention is not even; bf16."""
    torch.manual_seed(3)
    config = Qwen3Config(
        **SHAPE, num_hidden_layers=layers, head_dim=128, vocab_size=vocabulary, max_position_embeddings=4096
    )
    model = Qwen3ForCausalLM(config).eval()
    with torch.no_grad():
        for weights in model.parameters():
            if weights.dim() > 1:
                weights.normal_(0, 0.06)
    return model.bfloat16()


@pytest.fixture(scope="module")
def model() -> Any:
    return grown().cuda()


def test_the_kernel_does_what_is_asked_of_it() -> None:
    for dtype in (torch.bfloat16, torch.float16):
        assert flash_backend.unavailable_reason(torch.device("cuda:0"), dtype) is None


def test_graphs_and_kernel_give_the_logits_of_plain_operations(model: Any) -> None:
    """Sixty passes of random sizes: there are few sizes of graphs, so most passes are replays."""
    said: list[str] = []
    kv_cache = KVCache(layer_shapes(model), 20_000)
    quick, plain = ModelRunner(model, kv_cache, said.append), ModelRunner(model, kv_cache, use_graphs=False)
    plain.use_flash = False
    draw = random.Random(1)
    prefixes = [prefill(model, kv_cache, [draw.randrange(300) for _ in range(size)]) for size in (900, 33, 1500)]
    for _ in range(60):
        sequences = sorted((draw.randrange(3), draw.choice((0, 5, 90)), draw.choice((1, 1, 2, 7))) for _ in range(7))
        tokens = [[draw.randrange(300) for _ in range(count)] for _, _, count in sequences]
        allocated = [kv_cache.allocate(seen + count, from_top=True) for _, seen, count in sequences]
        starts, seen = [slots.start for slots in allocated], [before for _, before, _ in sequences]
        for slots in allocated:
            for kept in (*kv_cache.keys, *kv_cache.values):
                kept[slots.first(slots.length)] = torch.randn_like(kept[slots.first(slots.length)])
        groups = []
        for which, prefix in enumerate(prefixes):
            members = [at for at, sequence in enumerate(sequences) if sequence[0] == which]
            if members:
                groups.append(PrefixGroup(prefix, members[0], members[-1] + 1))
        with quick:
            logits = quick.forward(tokens, starts, seen, groups).float().clone()
        with plain:
            expected = plain.forward(tokens, starts, seen, groups).float()
        assert (logits - expected).norm() < 0.03 * expected.norm()
        for slots in allocated:
            kv_cache.free(slots)
    assert said == []
    assert len(quick.captured_graphs) >= 3


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A saved model with random weights, its tokens the bytes."""
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {letter: at for at, letter in enumerate(letters)} | {"<|end|>": 256}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    path = tmp_path_factory.mktemp("model")
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<|end|>").save_pretrained(path)
    grown(layers=8, vocabulary=257).save_pretrained(path)
    return path


def questions() -> list[Question]:
    """Eighteen about one text."""
    shown = Shown(TEXT, (Passage(0, len(TEXT)),), True)
    schemas = {"n": {"type": "integer", "minimum": 1, "maximum": 999}, "old": {"type": "boolean"}}
    leaves = {name: Parameter(name, schema) for name, schema in schemas.items()}
    return [
        Question(
            QuestionId("text", names=(f"{name} {at}",)), "Read.", shown, f"{name}{'?' * at}", "parameters", (leaf,)
        )
        for name, leaf in leaves.items()
        for at in range(9)
    ]


@pytest.mark.parametrize("device", ["auto", "cuda:0", "cuda:1"])
def test_an_engine_answers_under_the_grammar(folder: Path, device: str) -> None:
    """On all cards, and on one that need not be the first."""
    if device == "cuda:1" and torch.cuda.device_count() == 1:
        pytest.skip("one GPU only")
    engine = TransformersEngine(EngineSettings(model=str(folder), max_new_tokens=400, options={"device": device}))
    devices = {str(kept.device) for kept in engine.kv_cache.keys}
    assert len(devices) == (torch.cuda.device_count() if device == "auto" else 1)
    answers = {completion.question_id: completion for completion in engine.answer(questions())}
    assert set(answers) == {question.id for question in questions()}
    for completion in answers.values():
        assert completion.error is None
        said = json.loads(completion.text)
        assert said is None or said["quote"] in TEXT
    assert sum(json.loads(completion.text) is not None for completion in answers.values()) > 0
    assert engine.loop.runner.captured_graphs, "most passes are replays, on several cards too"
    engine.close()

"""The memory plan, small budgets, and memory that runs out in the middle of a run: no paper is lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
import torch
from transformers import GPT2Config, Qwen3Config

from dsx.engines.budget import MemoryBudget
from dsx.engines.local.attention.kv_cache import KVCache
from dsx.engines.local.engine import TransformersEngine
from dsx.engines.local.memory import (
    LONG_CHUNK,
    MANY_KV_TOKENS,
    MIN_KV_TOKENS,
    MemoryPlan,
    Passes,
    allocate_kv_cache,
    inner_features,
    kv_token_bytes,
    passes_on,
    plan,
    plan_loaded,
    plan_unloaded,
    with_plans,
)
from dsx.engines.local.prefix_cache import layer_shapes
from dsx.engines.local.sequence import Sequence
from dsx.errors import ModelError, UsageError
from dsx.types import Completion, EngineSettings, Parameter, Passage, Question, QuestionId, Shown

GB = 10**9
QWEN3_32B = Qwen3Config(
    hidden_size=5120, intermediate_size=25600, num_hidden_layers=64, num_attention_heads=64, num_key_value_heads=8,
    head_dim=128,
)  # fmt: skip


def test_budgets_are_shares_or_amounts() -> None:
    assert MemoryBudget.read("60%").of(1000) == 600
    assert MemoryBudget.read("40GB").of(80 * GB) == 40 * GB
    assert MemoryBudget.read("1.5 GiB").of(80 * GB) == 3 << 29
    assert MemoryBudget.read("40GB").of(30 * GB) == 30 * GB
    for text in ("", "0%", "110%", "40", "-1GB", "lots"):
        with pytest.raises(UsageError, match="--memory-budget"):
            MemoryBudget.read(text)


def test_a_model_that_does_not_say_its_inner_size_has_one() -> None:
    assert inner_features(GPT2Config(n_embd=64)) == 256
    assert inner_features(QWEN3_32B) == 25600


def test_a_plan_adds_up_to_its_budget() -> None:
    passes = Passes(captured=True)
    token_bytes = kv_token_bytes(QWEN3_32B)
    assert token_bytes == 262_144
    planned = plan("cuda:0", 140 * GB, None, 65 * GB, token_bytes, QWEN3_32B, 2, passes)
    assert planned.budget == int(0.9 * 140 * GB)
    parts = planned.weights + planned.activations + planned.graphs + planned.kv_cache
    assert parts == planned.budget
    assert planned.kv_tokens == planned.kv_cache // token_bytes > 18 * 10_000
    eager = plan("cuda:0", 140 * GB, None, 65 * GB, token_bytes, QWEN3_32B, 2, replace(passes, attention="eager"))
    assert eager.activations > planned.activations
    short = plan("cuda:0", 80 * GB, MemoryBudget.read("60%"), 65 * GB, token_bytes, QWEN3_32B, 2, passes)
    assert short.kv_tokens < MIN_KV_TOKENS
    assert "keys and values 0.00 (0 tokens)" in str(short)


@pytest.mark.parametrize(
    ("gigabytes", "cards", "is_roomy"), [(140, 1, True), (80, 2, True), (80, 1, False), (140, 2, True)]
)
def test_a_text_is_read_in_long_chunks_where_many_papers_have_room_beside_them(
    gigabytes: int, cards: int, is_roomy: bool
) -> None:
    free, usual = {f"cuda:{card}": gigabytes * GB for card in range(cards)}, passes_on("cuda:0", "sdpa", 0)

    def plan_for(passes: Passes) -> list[MemoryPlan]:
        return plan_unloaded(QWEN3_32B, 65 * GB, free, None, passes, cards=cards)

    passes, plans = with_plans(usual, plan_for)
    assert passes == (replace(usual, chunk_tokens=LONG_CHUNK) if is_roomy else usual)
    assert plans == plan_for(passes)
    assert with_plans(usual, plan_for, lambda agreed: False) == (usual, plan_for(usual)), "another rank has less room"
    uneven = [replace(plans[0], kv_tokens=MANY_KV_TOKENS), replace(plans[0], kv_tokens=MANY_KV_TOKENS - 1)]
    assert with_plans(usual, lambda passes: uneven) == (usual, uneven)


def test_there_are_no_long_chunks_on_the_cpu_or_where_all_scores_are_written_out() -> None:
    plans = plan_unloaded(QWEN3_32B, 0, {"cuda:0": 140 * GB}, None, Passes(captured=True))
    said = list[bool]()
    for passes in (passes_on("cpu", "sdpa", 0), passes_on("cuda:0", "eager", 0)):
        assert with_plans(passes, lambda _: plans, lambda agreed: said.append(agreed) or agreed) == (passes, plans)
    assert said == [False, False], "a rank that says nothing has the others wait"


def test_layers_that_are_split_need_less_for_activations_than_layers_that_are_shared_out() -> None:
    free = {"cuda:0": 140 * GB, "cuda:1": 140 * GB}
    shared, _ = plan_unloaded(QWEN3_32B, 65 * GB, free, None, Passes(captured=True))
    split, other = plan_unloaded(QWEN3_32B, 65 * GB, free, None, Passes(captured=True), cards=2)
    assert (other.device, other.weights) == ("cuda:1", split.weights) == ("cuda:1", shared.weights)
    assert split.activations < 0.9 * shared.activations
    assert split == plan("cuda:0", 140 * GB, None, 65 * GB // 2, 131_072, QWEN3_32B, 2, Passes(captured=True), 2)


TEXTS = {
    f"paper {number}": f"In Experiment 1, {number + 20} people reached for 8 targets. "
    + "They sat in a dark room. " * 60
    for number in range(3)
}
PARAMETERS = (
    Parameter("people", {"type": "integer", "minimum": 1, "maximum": 99}),
    Parameter("posture", {"enum": ["seated", "standing"]}),
    Parameter("room", {"type": "string", "maxLength": 30}),
)


def questions() -> list[Question]:
    """Three about each of three texts."""
    return [
        Question(
            QuestionId(name, (), (parameter.name,)), "Fill in.", Shown(text, (Passage(0, len(text)),), True),
            f"{parameter.name}?", "parameters", (parameter,), brief=True,
        )
        for name, text in TEXTS.items()
        for parameter in PARAMETERS
    ]  # fmt: skip


def texts(completions: Iterator[Completion]) -> dict[QuestionId, str]:
    """All are answered."""
    by_id = {}
    for completion in completions:
        assert completion.error is None
        by_id[completion.question_id] = completion.text
    assert len(by_id) == len(TEXTS) * len(PARAMETERS)
    return by_id


@pytest.fixture(scope="module")
def engine(random_folder: str) -> TransformersEngine:
    """A small model with a budget of memory."""
    return TransformersEngine(EngineSettings(random_folder, max_new_tokens=64, memory_budget="400MB"))


@pytest.fixture(scope="module")
def expected(engine: TransformersEngine) -> dict[QuestionId, str]:
    """The answers."""
    return texts(engine.answer(questions()))


def test_papers_in_one_batch_are_answered_as_each_alone(
    engine: TransformersEngine, expected: dict[QuestionId, str]
) -> None:
    """As on a GPU, where all papers in flight are one batch. The CPU makes a batch of each paper."""
    sequences = [engine.sequence(question) for question in questions()]
    together = engine.loop.run(seq for seq in sequences if isinstance(seq, Sequence))
    assert {seq.key: engine.decode(seq.output_tokens)[0] for seq in together} == expected


@pytest.mark.parametrize("num_slots", [4000, 1100, 600])
def test_small_caches_give_the_same_answers(
    engine: TransformersEngine, expected: dict[QuestionId, str], num_slots: int
) -> None:
    """The largest holds all texts and questions. The smallest holds one text and some of its questions."""
    roomy = engine.kv_cache
    engine.use_kv_cache(KVCache(layer_shapes(engine.model), num_slots))
    assert texts(engine.answer(questions())) == expected
    assert (len(engine.prefixes) == 1 + len(TEXTS)) == (num_slots == 4000)
    engine.use_kv_cache(roomy)


def test_a_budget_decides_how_large_the_cache_is(engine: TransformersEngine) -> None:
    (device,) = engine.memory
    assert device.budget == 400_000_000
    assert engine.kv_cache.num_slots == device.kv_tokens > MIN_KV_TOKENS
    layers, passes = layer_shapes(engine.model), Passes(32, 2048)
    sizes = [
        plan_loaded(engine.model, layers, {"cpu": 500_000_000}, MemoryBudget.read(share), passes)[0].kv_tokens
        for share in ("90%", "60%", "40%", "2%")
    ]
    assert sizes == sorted(sizes, reverse=True)
    short = plan_loaded(engine.model, layers, {"cpu": 500_000_000}, MemoryBudget.read("2%"), passes)
    with pytest.raises(ModelError, match=r"no room for keys and values .*larger --memory-budget"):
        allocate_kv_cache(layers, short, 0)


class Failing:
    """Calls through, but for the calls that run out of memory."""

    def __init__(self, function: Callable[..., Any], failing: range) -> None:
        self.function, self.failing, self.calls = function, failing, 0

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        self.calls += 1
        if self.calls - 1 in self.failing:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return self.function(*arguments, **named)


@pytest.mark.parametrize("failing", [range(1), range(2, 3), range(4, 6)])
def test_memory_that_runs_out_in_a_pass_costs_no_answer(
    engine: TransformersEngine, expected: dict[QuestionId, str], failing: range
) -> None:
    forward = engine.loop.runner.forward
    engine.loop.runner.forward = Failing(forward, failing)  # type: ignore[method-assign]
    try:
        assert texts(engine.answer(questions())) == expected
        assert engine.loop.runner.forward.calls > failing.stop
    finally:
        engine.loop.runner.forward = forward  # type: ignore[method-assign]


@pytest.mark.parametrize("failing", [range(1), range(1, 3)])
def test_memory_that_runs_out_while_a_text_is_read_costs_no_answer(
    engine: TransformersEngine, expected: dict[QuestionId, str], failing: range
) -> None:
    forward, chunk = engine.model.forward, engine.chunk_tokens
    engine.prefixes.clear()
    engine.model.forward = Failing(forward, failing)
    try:
        assert texts(engine.answer(questions())) == expected
        assert engine.chunk_tokens == chunk >> len(failing)
    finally:
        engine.model.forward, engine.chunk_tokens = forward, chunk

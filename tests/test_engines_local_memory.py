"""The memory plan, small budgets, and memory that runs out in the middle of a run: no paper is lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
import torch
from transformers import Qwen3Config

from dsx.engines.budget import MemoryBudget
from dsx.engines.local.engine import TransformersEngine
from dsx.engines.local.memory import LEAST_KV_TOKENS, Passes, kv_token_bytes, plan
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
    assert short.kv_tokens < LEAST_KV_TOKENS
    assert "keys and values 0.00 (0 tokens)" in str(short)


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


def loaded(folder: str, **settings: Any) -> TransformersEngine:
    return TransformersEngine(EngineSettings(folder, max_new_tokens=64, **settings))


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
    """With as much memory as there is."""
    return loaded(random_folder)


@pytest.fixture(scope="module")
def expected(engine: TransformersEngine) -> dict[QuestionId, str]:
    """The answers."""
    return texts(engine.answer(questions()))


@pytest.mark.parametrize("megabytes", [1.6, 1.0, 0.7])
def test_small_caches_give_the_same_answers(
    random_folder: str, expected: dict[QuestionId, str], megabytes: float
) -> None:
    """A token takes 256 B: the largest holds all texts, the smallest one and two of its questions."""
    small = loaded(random_folder, options={"cache_gigabytes": str(megabytes / 1e3)})
    assert texts(small.answer(questions())) == expected
    assert small.loop.max_running == 32


def test_a_budget_decides_how_large_the_cache_is(random_folder: str, expected: dict[QuestionId, str]) -> None:
    plans = [loaded(random_folder, memory_budget=size) for size in ("400MB", "300MB")]
    assert plans[0].kv_cache.num_slots > plans[1].kv_cache.num_slots > LEAST_KV_TOKENS
    for each in plans:
        (device,) = each.memory
        assert each.kv_cache.num_slots == device.kv_tokens
        assert texts(each.answer(questions())) == expected
    with pytest.raises(ModelError, match=r"no room for keys and values .*larger --memory-budget"):
        loaded(random_folder, memory_budget="10MB")


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
    random_folder: str, expected: dict[QuestionId, str], failing: range
) -> None:
    short = loaded(random_folder)
    chunk = short.chunk_tokens
    short.model.forward = Failing(short.model.forward, failing)
    assert texts(short.answer(questions())) == expected
    assert short.chunk_tokens == chunk >> len(failing)

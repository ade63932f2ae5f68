"""What is fused is what it replaces, and only what is the same is replaced. Compiling itself needs a GPU."""

from __future__ import annotations

import pytest
import torch
from transformers import GemmaConfig, GemmaForCausalLM, LlamaConfig, LlamaForCausalLM, Qwen3Config, Qwen3ForCausalLM

from dsx.engines.local.fused import Fusable, fuse, fuse_module

SIZES = {
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 16,
    "vocab_size": 300,
}


@pytest.mark.parametrize(
    ("kind", "config", "parts"),
    [(LlamaForCausalLM, LlamaConfig(**SIZES), 2 * 3 + 1), (Qwen3ForCausalLM, Qwen3Config(**SIZES), 2 * 5 + 1)],
)
def test_norms_and_gates_are_replaced_by_the_same(kind: type, config: object, parts: int) -> None:
    torch.manual_seed(3)
    model = kind(config).to(torch.bfloat16).eval()
    for name, weight in model.named_parameters():
        if "norm" in name:
            torch.nn.init.normal_(weight, 1.0, 0.3)
    ids = torch.arange(20)[None]
    with torch.inference_mode():
        before = model(ids).logits
        replaced = sum(fuse_module(module) for module in model.modules())
        after = model(ids).logits
    assert replaced == parts
    assert float((after - before).norm() / before.norm()) < 0.02


def test_a_norm_that_is_another_stays() -> None:
    torch.manual_seed(3)
    model = GemmaForCausalLM(GemmaConfig(**SIZES)).to(torch.bfloat16).eval()
    norm = model.model.norm
    torch.nn.init.normal_(norm.weight, 1.0, 0.3)
    with torch.inference_mode():
        assert not fuse_module(norm)
    assert "forward" not in vars(norm)


def test_a_hook_of_accelerate_stays_around_what_is_replaced() -> None:
    from accelerate.hooks import ModelHook, add_hook_to_module

    calls = []

    class Counting(ModelHook):  # type: ignore[misc]
        def pre_forward(self, module: torch.nn.Module, *args: object, **kwargs: object) -> tuple[object, object]:
            calls.append(module)
            return args, kwargs

    norm = LlamaForCausalLM(LlamaConfig(**SIZES)).to(torch.bfloat16).model.norm
    add_hook_to_module(norm, Counting())
    with torch.inference_mode():
        assert fuse_module(norm)
        calls.clear()
        norm(torch.randn(1, 3, 64).bfloat16())
    assert calls == [norm]


def test_without_a_gpu_nothing_is_fused() -> None:
    model, doubled = LlamaForCausalLM(LlamaConfig(**SIZES)), Fusable(lambda number: 2 * number)
    assert fuse(model, doubled) == "no GPU"
    assert float(doubled(torch.tensor(3.0))) == 6.0

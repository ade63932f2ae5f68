"""Logits in float32 from 16-bit models: against a product in float64, and nothing else about the model changes."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import transformers

from dsx.engines.local.attention.kv_cache import KVCache
from dsx.engines.local.attention.model_runner import ModelRunner
from dsx.engines.local.attention.output_head import float32_output, float32_product, head_of_16_bits
from dsx.engines.local.attention.packing import PrefixGroup
from dsx.engines.local.prefix_cache import layer_shapes, prefill
from dsx.engines.local.sampler import Sampler
from dsx.engines.local.sequence import Sequence

SMALL: dict[str, Any] = {
    "vocab_size": 300,
    "hidden_size": 48,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 16,
    "pad_token_id": 0,
}
TEXT = [token * 7 % 290 + 3 for token in range(20)]


def make_model(name: str, dtype: torch.dtype, **more: Any) -> Any:
    torch.manual_seed(5)
    config = getattr(transformers, f"{name}Config")(**SMALL, **more)
    model = getattr(transformers, f"{name}ForCausalLM")(config).eval()
    with torch.no_grad():
        for weights in model.parameters():
            if weights.dim() > 1:
                weights.normal_(0, 0.3)
    return model.to(dtype)


def run(model: Any) -> tuple[torch.Tensor, torch.Tensor]:
    """(the runner's logits for two tails on a prefix, [2, V]; the hidden states that the head read, [2, D])."""
    kv_cache, read = KVCache(layer_shapes(model), 100), list[torch.Tensor]()
    prefix = prefill(model, kv_cache, TEXT)
    hook = model.get_output_embeddings().register_forward_pre_hook(lambda head, inputs: read.append(inputs[0]))
    starts = [kv_cache.allocate(8).start for _ in range(2)]
    runner = ModelRunner(model, kv_cache)
    with runner:
        logits = runner.forward([TEXT[:5], TEXT[3:6]], starts, [0, 0], [PrefixGroup(prefix, 0, 2)])
    hook.remove()
    return logits, read[-1][0]


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_logits_are_the_float64_product_of_the_hidden_states(dtype: torch.dtype) -> None:
    model = make_model("Llama", dtype)
    logits, hidden = run(model)
    expected = hidden.double() @ model.lm_head.weight.double().t()
    assert logits.dtype == torch.float32
    assert (logits - expected).abs().max() < 1e-5 * expected.abs().max()
    assert (expected.to(dtype) - expected).abs().max() > 1e-4 * expected.abs().max()


def test_probabilities_are_on_no_grid() -> None:
    """The model's own logits beyond 1 are multiples of 2⁻⁷. Of these hardly any is."""
    model = make_model("Llama", torch.bfloat16)
    logits, _ = run(model)
    with torch.inference_mode():
        own = model(torch.tensor([TEXT + TEXT[:5]])).logits[0, -1]
    assert own.dtype == torch.bfloat16
    large = own.float().abs() > 1
    assert (logits[0][large] * 128 % 1 == 0).double().mean() < 0.05
    assert (own.float()[large] * 128 % 1 == 0).all()
    assert (logits[0] - own.float()).abs().max() < 0.05 * own.float().abs().max()


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("Gemma2", {"final_logit_softcapping": 3.0}),
        ("Granite", {"logits_scaling": 7.0}),
        ("Cohere2", {"logit_scale": 0.3}),
    ],
)
def test_what_a_model_does_to_its_logits_is_done_in_float32(name: str, more: dict[str, Any]) -> None:
    model = make_model(name, torch.bfloat16, **more)
    logits, hidden = run(model)
    expected = hidden.double() @ model.get_output_embeddings().weight.double().t()
    if name == "Gemma2":
        expected = 3.0 * (expected / 3.0).tanh()
    else:
        expected = expected / 7.0 if name == "Granite" else expected * 0.3
    assert logits.dtype == torch.float32
    assert (logits - expected).abs().max() < 1e-5 * expected.abs().max()


def test_float32_models_and_other_heads_keep_their_own() -> None:
    model = make_model("Llama", torch.float32)
    assert head_of_16_bits(model) is None
    model = model.bfloat16()
    assert head_of_16_bits(model) is model.lm_head
    with float32_output(model.lm_head), torch.inference_mode():
        assert model(torch.tensor([TEXT])).logits.dtype == torch.float32
    with torch.inference_mode():
        assert model(torch.tensor([TEXT])).logits.dtype == torch.bfloat16
    model.lm_head = torch.nn.Sequential(model.lm_head)
    assert head_of_16_bits(model) is None


def test_chunks_of_the_vocabulary_are_one_product() -> None:
    """A head of more than one chunk, and a last chunk that is not full."""
    draw = torch.Generator().manual_seed(1)
    hidden, weight = (torch.randn(size, 700, generator=draw).bfloat16() for size in (3, 4001))
    expected = hidden.double() @ weight.double().t()
    assert (float32_product(hidden[None], weight)[0] - expected).abs().max() < 1e-5 * expected.abs().max()


def test_of_equal_logits_the_lowest_token_is_taken(words: Any) -> None:
    from dsx.answers.grammar import matcher

    seq = Sequence("k", [1], [1], matcher(words, 'start: /[a-z]+/ "."'), 9)
    seq.matcher = seq.grammar.deep_copy()
    assert seq.matcher is not None
    bits = seq.matcher.compute_bitmask()
    legal = [token for token in range(8 * len(bits)) if bits[token // 8] >> token % 8 & 1]
    Sampler(words.vocab_size, [])([seq], torch.zeros(1, words.vocab_size))
    assert seq.output_tokens[0] == legal[0]

"""Kinds of models: the loop gives each one's own logits, past its windows too, or refuses it by name."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
import torch
import transformers

from dsx.engines.local import parity
from dsx.engines.local.attention.kv_cache import KVCache
from dsx.engines.local.attention.model_runner import ModelRunner
from dsx.engines.local.attention.packing import PrefixGroup
from dsx.engines.local.load_model import try_attention
from dsx.engines.local.parity import check_parity
from dsx.engines.local.prefix_cache import layer_shapes, prefill
from dsx.errors import ModelError

pytestmark = pytest.mark.slow

SMALL: dict[str, Any] = {
    "vocab_size": 300,
    "hidden_size": 48,
    "intermediate_size": 64,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 16,
    "max_position_embeddings": 512,
    "pad_token_id": 0,
}
WINDOW = 13
SPARSE = {"num_local_experts": 4, "num_experts_per_tok": 2}
GROWN = {
    "Llama": {},
    "Qwen2": {"use_sliding_window": True, "sliding_window": WINDOW, "max_window_layers": 2},
    "Qwen3": {},
    "Qwen3Moe": {"num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 32},
    "Mistral": {"sliding_window": WINDOW},
    "Mixtral": {"sliding_window": WINDOW, **SPARSE},
    "Phi3": {"sliding_window": WINDOW},
    "Gemma2": {"sliding_window": WINDOW, "attn_logit_softcapping": 0.5, "query_pre_attn_scalar": 16},
    "Gemma3": {"sliding_window": WINDOW, "query_pre_attn_scalar": 16},
    "GptOss": {"sliding_window": WINDOW, **SPARSE},
    "Olmo2": {},
    "Cohere2": {"sliding_window": WINDOW},
    "Granite": {},
}
REFUSED = {
    "DeepseekV3": {
        "num_key_value_heads": 4,
        "head_dim": 8,
        "qk_rope_head_dim": 8,
        "qk_nope_head_dim": 16,
        "v_head_dim": 12,
        "kv_lora_rank": 16,
        "q_lora_rank": 16,
        "n_routed_experts": 4,
        "num_experts_per_tok": 2,
        "n_group": 2,
        "topk_group": 1,
        "moe_intermediate_size": 32,
    },
    "Mamba": {"state_size": 4},
    "Qwen3Next": {"num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 32},
}


def grown(name: str, more: dict[str, Any]) -> Any:
    """A small model of this kind with random weights, large enough that attention is not even; float32."""
    kind = {"Gemma3": "Gemma3TextConfig"}.get(name, f"{name}Config")
    torch.manual_seed(5)
    config = getattr(transformers, kind)(**{**SMALL, **more})
    model = getattr(transformers, f"{name}ForCausalLM")._from_config(config, attn_implementation="eager").eval()
    with torch.no_grad():
        for weights_name, weights in model.named_parameters():
            if weights.dim() > 1:
                weights.normal_(0, 0.2)
            elif "sinks" in weights_name:
                weights.normal_(0, 1)
    return model


@pytest.mark.parametrize("name", GROWN)
def test_rows_on_a_prefix_have_the_models_own_logits(name: str) -> None:
    model = grown(name, GROWN[name])
    draw = torch.Generator().manual_seed(3)
    text = torch.randint(3, 300, (40,), generator=draw).tolist()
    tails = [torch.randint(3, 300, (count,), generator=draw).tolist() for count in (5, 30, 1)]
    kv_cache = KVCache(layer_shapes(model), 200)
    prefix = prefill(model, kv_cache, text, prefill(model, kv_cache, text[:22], chunk_tokens=8))
    starts, seen, runner = [kv_cache.allocate(30).start for _ in tails], [0, 0, 0], ModelRunner(model, kv_cache)
    with runner:
        for ends in ([2, 15, 1], [5, 30, 1]):  # the tails come in two passes
            sequences = [sequence for sequence in range(3) if ends[sequence] > seen[sequence]]
            new = [tails[sequence][seen[sequence] : ends[sequence]] for sequence in sequences]
            before = [seen[sequence] for sequence in sequences]
            got = runner.forward(
                new, [starts[sequence] for sequence in sequences], before, [PrefixGroup(prefix, 0, len(sequences))]
            )
            seen = ends
    for logits, sequence in zip(got, sequences, strict=True):
        with torch.inference_mode():
            wanted = model(torch.tensor([text + tails[sequence]]), use_cache=False).logits[0, -1]
        assert (logits - wanted).abs().max() < 1e-3 * wanted.abs().max()
    check_parity(model, name)


@pytest.mark.parametrize("name", REFUSED)
def test_a_model_that_cannot_share_a_prefix_is_refused_by_name(name: str) -> None:
    model = grown(name, REFUSED[name])
    with pytest.raises(ModelError, match=rf"^{name}: .*--engine server"):
        check_parity(model, name)


def test_random_weights_are_measured_by_what_rounding_makes_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parity, "MAX_DIFFERENCE", 0.0)
    monkeypatch.setattr(parity, "MAX_ROUNDING", 0.0)
    monkeypatch.setattr(parity, "_in_two_parts", lambda model, tokens: torch.full((300,), 9.0))
    model = grown("Llama", GROWN["Llama"])
    with pytest.raises(ModelError, match=r"by rounding alone"):
        check_parity(model, "Llama")
    check_parity(model, "Llama", random_weights=True)


@pytest.mark.parametrize(
    ("texts_off", "by", "is_taken"), [(1, 0.3, True), (2, 0.3, True), (3, 0.3, False), (3, float("nan"), False)]
)
def test_a_text_of_which_rounding_makes_much_does_not_decide(
    monkeypatch: pytest.MonkeyPatch, texts_off: int, by: float, is_taken: bool
) -> None:
    model, read = grown("Llama", GROWN["Llama"]), parity._logits
    begins = [text * 31 % 211 + 3 for text in range(texts_off)]
    monkeypatch.setattr(
        parity, "_logits", lambda model, tokens: read(model, tokens) * (1 + by if tokens[0] in begins else 1)
    )
    with contextlib.nullcontext() if is_taken else pytest.raises(ModelError, match=r"% off, by rounding alone 0%"):
        check_parity(model, "Llama")


def test_float32_passes_flash_attention_over_without_a_gpu_being_asked() -> None:
    with pytest.raises(ValueError, match="computes in 16 bits, not in float32"):
        try_attention("flash_attention_2", "cuda", torch.float32)

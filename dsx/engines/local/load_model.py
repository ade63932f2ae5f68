"""A model from its files: device, type, attention (FlashAttention 4 or 2, then SDPA, then eager).

Each attention that is passed over is logged with the reason.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import torch
from transformers import (
    MODEL_FOR_CAUSAL_LM_MAPPING,
    AutoConfig,
    AutoModelForCausalLM,
    AutoTokenizer,
    PreTrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from dsx.engines.local import quantized
from dsx.engines.local.attention import flash4
from dsx.engines.local.memory import free_memory, heads_of
from dsx.engines.local.model_files import ModelFiles
from dsx.errors import ModelError
from dsx.types import EngineSettings

log = logging.getLogger("dsx.engines.local")
OWN_CODE_ONLY: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
"""A model's folder is data: none of its Python is run, and nobody is asked whether it may be."""
ATTENTION = ("flash_attention_2", "sdpa", "eager")
"""By default, in this order; where FlashAttention 4 is installed and quicker, that first."""


def device_of(wanted: str) -> str:
    """cpu, cuda or cuda:N. ModelError where there is no such GPU."""
    if wanted == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if wanted.startswith("cuda") and not torch.cuda.is_available():
        raise ModelError(f"--set device={wanted}: torch sees no CUDA GPU here; see 'dsx doctor'")
    return wanted


def dtype_of(wanted: str, device: str) -> torch.dtype:
    """bf16 on a GPU; on the CPU bf16 where it has instructions for it (prefill 1.3 to 2.4 times as fast), else fp32."""
    if wanted != "auto":
        chosen: torch.dtype = getattr(torch, wanted)
        return chosen
    if device != "cpu":
        return torch.bfloat16
    has = torch.cpu.get_capabilities()
    return torch.bfloat16 if has.get("avx512_bf16") or has.get("amx_bf16") or has.get("arm_bf16") else torch.float32


def load(
    files: ModelFiles,
    settings: EngineSettings,
    device: str,
    dtype: torch.dtype,
    random_weights: bool = False,
    cards: int = 1,
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase, str]:
    """(model, tokenizer, attention): with the first attention that works. Raises ModelError.

    random_weights: none are read. They are drawn, always alike, where the model's own would be.
    cards: GPUs that each layer is split over. This process loads its part.
    """
    quantized.check(settings.quantize)
    if device == "cpu" and settings.quantize == "none":
        _check_memory(files, dtype, cards)
    wanted: tuple[str, ...] = (settings.attention,)
    if settings.attention == "auto":
        wanted = (flash4.NAME, *ATTENTION) if flash4.is_quicker(device) else ATTENTION
    problem = ""
    for attention in wanted:
        try:
            try_attention(attention, device, dtype, load_config(files))
            more = _loading(settings, device, dtype, attention, cards)
            tokenizer = load_tokenizer(files)
            model = _draw(files, more) if random_weights else _read(files, more)
        except (ImportError, ValueError, OSError, RuntimeError) as reason:
            if isinstance(reason, torch.OutOfMemoryError):
                raise ModelError(f"{files.name} does not fit into memory: {_first_line(reason)}") from None
            problem = _first_line(reason)
            if attention == wanted[-1]:
                break
            log.info("Attention implementation %s passed over: %s", attention, problem)
            continue
        log.info("Using attention implementation: %s", attention)
        return model.eval(), tokenizer, attention
    raise ModelError(f"could not load {files.name} with attention {wanted[-1]}: {problem}")


def _check_memory(files: ModelFiles, dtype: torch.dtype, cards: int) -> None:
    """Raises ModelError where the weights alone are more than the memory that is free.

    A GPU says so itself; on the CPU this process would be killed, and maybe another one.
    """
    needed, free = _weight_bytes(files, dtype) / cards, free_memory("cpu")["cpu"]
    if needed > free:
        raise ModelError(
            f"{files.name}: its weights take {needed / 1e9:.1f} GB, and {free / 1e9:.1f} GB of this machine's memory "
            "are free; use a smaller model, or a machine with a GPU"
        )


def _weight_bytes(files: ModelFiles, dtype: torch.dtype) -> int:
    """At least so many. 0 where it is not known: of weights that are stored quantized, or a model that is none."""
    if files.gguf:  # which is fewer bits each
        return (files.folder / files.gguf).stat().st_size
    try:
        config = load_config(files)
        if getattr(config, "quantization_config", None) is not None:
            return 0
        with torch.device("meta"):
            model = MODEL_FOR_CAUSAL_LM_MAPPING[type(config)](config)
    except (ImportError, KeyError, ValueError, OSError, RuntimeError):  # loading says why
        return 0
    count: int = sum(weight.numel() for weight in model.parameters())
    return count * dtype.itemsize


def try_attention(attention: str, device: str, dtype: torch.dtype, config: PreTrainedConfig | None = None) -> None:
    """Raises what stands in the way; a kernel built for another torch shows only when it is imported and run.

    config: of the model, for whose heads FlashAttention 4 compiles its kernel.
    """
    if not attention.startswith("flash_attention"):
        return
    if not device.startswith("cuda"):
        raise ValueError("it needs a CUDA GPU")
    if dtype not in (torch.bfloat16, torch.float16):
        raise ValueError(f"it computes in 16 bits, not in {str(dtype).removeprefix('torch.')}")
    if attention == flash4.NAME:
        text = None if config is None else config.get_text_config()
        flash4.try_it(device, dtype, *(heads_of(text) if hasattr(text, "num_attention_heads") else ()))
        return
    from flash_attn import flash_attn_func

    sample = torch.zeros(1, 8, 1, 64, dtype=torch.bfloat16, device=device)
    flash_attn_func(sample, sample, sample, causal=True)


def _loading(settings: EngineSettings, device: str, dtype: torch.dtype, attention: str, cards: int) -> dict[str, Any]:
    """How a model is put on its device."""
    where: Any = "auto" if device == "cuda" else {"": device}
    more: dict[str, Any] = {"attn_implementation": attention, "dtype": dtype}
    if cards > 1:
        from transformers.distributed import DistributedConfig

        more["distributed_config"] = DistributedConfig(tp_plan="auto", tp_size=cards)
    elif device != "cpu":
        more["device_map"] = where
    if settings.quantize != "none":
        more["quantization_config"] = quantized.config_of(settings.quantize, dtype)
    return more


def _read(files: ModelFiles, more: Mapping[str, Any]) -> PreTrainedModel:
    model: PreTrainedModel = AutoModelForCausalLM.from_pretrained(
        files.folder, use_safetensors=True, **more, **OWN_CODE_ONLY, **_gguf(files)
    )
    return model


def _draw(files: ModelFiles, more: Mapping[str, Any]) -> PreTrainedModel:
    """Each weight is drawn on its device, as the library draws those that a checkpoint lacks."""
    config = load_config(files)
    torch.manual_seed(0)
    model: PreTrainedModel = MODEL_FOR_CAUSAL_LM_MAPPING[type(config)].from_pretrained(
        None, config=config, state_dict={}, **more
    )
    if "quantization_config" in more:
        quantized.quantize_drawn(model, more["quantization_config"])
    return model


def load_tokenizer(files: ModelFiles) -> PreTrainedTokenizerBase:
    """The model's tokenizer alone."""
    tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(files.folder, **OWN_CODE_ONLY, **_gguf(files))
    return tokenizer


def load_config(files: ModelFiles) -> PreTrainedConfig:
    """What the model's folder says of its shape."""
    config: PreTrainedConfig = AutoConfig.from_pretrained(files.folder, **OWN_CODE_ONLY, **_gguf(files))
    return config


def context_tokens(config: PreTrainedConfig) -> int:
    """Longest prompt and answer together."""
    return int(getattr(config.get_text_config(), "max_position_embeddings", 4096))


def _gguf(files: ModelFiles) -> dict[str, Any]:
    return {"gguf_file": files.gguf} if files.gguf else {}


def _first_line(problem: BaseException) -> str:
    return (str(problem).strip().splitlines() or [type(problem).__name__])[0]

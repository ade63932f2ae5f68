"""Small operations of a model, each fused into one kernel by torch.compile, where there are a GPU and a compiler.

Norms, rotary embeddings, gated activations and the merge of attention are each several kernels that read and write all
of their operands. Fused they take an eighth off a prefill and a seventh off a decode step (docs/decisions/0039). Each
is tried beside what it replaces before it is used.
"""

from __future__ import annotations

import functools
import logging
import os
import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

import torch
from transformers import PreTrainedModel

from dsx.paths import cache_folder

log = logging.getLogger("dsx.engines.local")
MAX_DIFFERENCE = 0.02
"""Most relative difference to what is replaced. Rounding in bf16 makes some 0.003."""
MAX_VARIANTS = 64
"""Kernels of one operation: by rank, width, device, and whether there is one token or more."""


class Fusable:
    """A function of tensors, as it is until `compile` is called."""

    def __init__(self, plain: Callable[..., torch.Tensor]) -> None:
        self.plain = self._call = plain

    def __call__(self, *tensors: Any) -> torch.Tensor:
        """The function's result."""
        return self._call(*tensors)

    def compile(self) -> None:
        """From now on it is one kernel, for tensors of any length."""
        self._call = torch.compile(self.plain, dynamic=True)

    def undo(self) -> None:
        """It is as it was."""
        self._call = self.plain


def _rms_norm(hidden: torch.Tensor, weight: torch.Tensor, epsilon: float) -> torch.Tensor:
    exact = hidden.float()
    exact = exact * torch.rsqrt(exact.pow(2).mean(-1, keepdim=True) + epsilon)
    return weight * exact.to(hidden.dtype)


def _gated(gate: torch.Tensor, up: torch.Tensor) -> torch.Tensor:
    return torch.nn.functional.silu(gate) * up


rms_norm, gated = Fusable(_rms_norm), Fusable(_gated)


def fuse(model: PreTrainedModel, *others: Fusable) -> str | None:
    """Fuses what the model has of these operations, and the others. Gives the reason where nothing can be fused.

    Kernels are kept in the cache folder: compiling takes some 20 s once, here and in the first passes.
    """
    if model.device.type != "cuda":
        return "no GPU"
    os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str(cache_folder() / "kernels"))
    started = time.perf_counter()
    try:
        import torch._dynamo.config

        warnings.filterwarnings("ignore", r"\s*Online softmax is disabled", UserWarning)
        logging.getLogger("torch.utils._sympy").setLevel(logging.ERROR)
        torch._dynamo.config.recompile_limit = MAX_VARIANTS
        torch._dynamo.config.suppress_errors = True  # a shape that cannot be compiled is computed unfused
        for each in (rms_norm, gated, *others):
            each.compile()
        with torch.inference_mode():
            parts = sum(fuse_module(module) for module in model.modules())
            parts += _fuse_rotary(model)
    except Exception as problem:  # whatever a compiler raises, the operations are as good unfused
        for each in (rms_norm, gated, *others):
            each.undo()
        return (str(problem).strip().splitlines() or [type(problem).__name__])[0]
    log.info("Fused %d small operations in %.0f s", parts, time.perf_counter() - started)
    return None


def fuse_module(module: torch.nn.Module) -> bool:
    """Whether the module's forward could be replaced. accelerate's hooks stay around it."""
    forward = _replacement(module)
    if forward is None:
        return False
    name = "_old_forward" if hasattr(module, "_old_forward") else "forward"
    weight = next(module.parameters())
    sample = torch.randn(3, 5, weight.shape[-1], device=weight.device, dtype=torch.float32).to(_dtype(module))
    expected = getattr(module, name)(sample).float()
    if not float((forward(sample).float() - expected).norm() / expected.norm()) < MAX_DIFFERENCE:
        return False
    setattr(module, name, forward)
    return True


def _dtype(module: torch.nn.Module) -> torch.dtype:
    dtype = next(module.parameters()).dtype
    return dtype if dtype.is_floating_point else torch.bfloat16


def _replacement(module: torch.nn.Module) -> Callable[[torch.Tensor], torch.Tensor] | None:
    if type(module).__name__.endswith("RMSNorm"):
        epsilon = getattr(module, "variance_epsilon", getattr(module, "eps", None))
        weight = getattr(module, "weight", None)
        if epsilon is None or weight is None or weight.dtype not in (torch.bfloat16, torch.float16):
            return None
        return lambda hidden: rms_norm(hidden, module.weight, epsilon)
    is_silu = type(getattr(module, "act_fn", None)).__name__ in ("SiLUActivation", "SiLU")
    if is_silu and all(hasattr(module, name) for name in ("gate_proj", "up_proj", "down_proj")):
        parts: Any = module
        return lambda hidden: parts.down_proj(gated(parts.gate_proj(hidden), parts.up_proj(hidden)))
    return None


def _fuse_rotary(model: PreTrainedModel) -> int:
    """The function of the model's own source that rotates queries and keys: it is compiled as it stands."""
    source: Any = sys.modules[type(model).__module__]
    rotate = getattr(source, "apply_rotary_pos_emb", None)
    if rotate is None or isinstance(rotate, functools.partial):
        return 0
    compiled: Any = torch.compile(rotate, dynamic=True)
    device, dtype = model.device, model.dtype
    heads = [torch.randn(1, count, 5, 64, device=device).to(dtype) for count in (4, 2)]
    angles = [torch.randn(1, 5, 64, device=device).to(dtype) for _ in range(2)]
    for new, old in zip(compiled(*heads, *angles), rotate(*heads, *angles), strict=True):
        if not float((new.float() - old.float()).norm() / old.float().norm()) < MAX_DIFFERENCE:
            return 0
    source.apply_rotary_pos_emb = functools.partial(compiled)  # by which a further model sees that it is done
    return 1
